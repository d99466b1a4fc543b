"""The course of a session: its limits, what makes it wait, and what its end means for the files that are open."""

import pytest

from gateway.inbound.sftp.handles import Handles
from gateway.inbound.sftp.protocol import Limits, ProtocolError
from tests.inbound.sftp import wire
from tests.inbound.sftp.memory import Session


def held_back(session):
    """Have the portal keep its replies; return where."""
    replies = []
    session.portal.give = replies.append
    return replies


def realpaths(count, first=100):
    return b"".join(wire.on_path(wire.REALPATH, first + number, f"/{number}") for number in range(count))


def test_one_handle_more_than_the_limit_is_refused_with_a_sentence():
    session = Session(Limits(max_handles=2))
    session.open("/a"), session.open("/b")
    for sent in (wire.open_file(3, "/c"), wire.on_path(wire.OPENDIR, 3, "/")):
        (answer,) = session.ask(sent)
        assert answer.code == wire.FAILURE
        assert answer.sentence.startswith("2 files are open")
    assert session.portal.files.keys() == {"/a", "/b"}


def test_opens_under_way_count_as_handles():
    session = Session(Limits(max_handles=2))
    replies = held_back(session)
    (answer,) = session.ask(*(wire.open_file(number, f"/{number}") for number in range(3)))
    assert (answer.id, answer.code, len(replies)) == (2, wire.FAILURE, 2)


@pytest.mark.parametrize("flags", [wire.PUT, wire.GET], ids=["closed", "refused"])
def test_a_place_comes_free_again(flags):
    session = Session(Limits(max_handles=1))
    for number in range(5):
        (answer,) = session.ask(wire.open_file(number, f"/{number}", flags))
        if answer.kind == wire.HANDLE:
            session.ask(wire.on_handle(wire.CLOSE, 99, answer.handle))
        else:
            assert answer.code == wire.NO_SUCH_FILE


def test_a_handle_is_never_given_out_while_it_is_open():
    handles = Handles(most=2, abandon=print, numbers=3)
    kept = handles.add("kept")
    given = []
    for name in "abcdef":
        given.append(handles.add(name))
        assert handles.file(given[-1]) == name
        handles.close(given[-1])
    assert kept not in given
    assert handles.file(kept) == "kept"


def test_a_packet_of_the_largest_size_is_read_and_one_byte_more_is_not():
    session = Session()
    longest = "/" + "n" * (256 * 1024 - 10)
    (answer,) = session.ask(wire.on_path(wire.REMOVE, 2, longest))
    assert answer.code == wire.NO_SUCH_FILE
    with pytest.raises(ProtocolError):
        session.ask(wire.on_path(wire.REMOVE, 3, longest + "n"))


def test_a_read_longer_than_the_limit_is_answered_with_less():
    session = Session(Limits(max_read=10))
    handle = session.open()
    session.ask(wire.write(2, handle, 0, bytes(100)))
    (answer,) = session.ask(wire.read(3, handle, 0, 0xFFFFFFFF))
    assert answer.data == bytes(10)


def test_a_write_longer_than_the_limit_is_refused_and_nothing_of_it_is_written():
    session = Session(Limits(max_write=10))
    handle = session.open()
    refused, taken = session.ask(wire.write(2, handle, 0, b"a" * 11), wire.write(3, handle, 0, b"b" * 10))
    assert refused.code == wire.FAILURE
    assert "10 bytes at most; this one carried 11" in refused.sentence
    assert taken.code == wire.OK
    assert session.portal.files["/report.pdf"] == b"b" * 10


def test_the_last_byte_that_a_file_can_have_may_be_written():
    session = Session()
    (answer,) = session.ask(wire.write(2, session.open(), 2**63 - 2, b"a"))
    assert answer.code == wire.OK


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
def test_no_offset_beyond_what_a_system_call_takes_reaches_the_portal(offset):
    session = Session()
    handle = session.open()
    refused, ended = session.ask(wire.write(2, handle, offset, b"a"), wire.read(3, handle, offset, 100))
    assert (refused.code, ended.code) == (wire.FAILURE, wire.EOF)
    assert len(session.portal.asked) == 1


@pytest.mark.parametrize(
    "limits",
    [{"max_write": 100, "max_packet": 124}, {"max_handles": 0}, {"max_outstanding": 0}, {"max_read": 0}],
    ids=str,
)
def test_limits_under_which_no_session_could_work_are_refused(limits):
    with pytest.raises(ValueError, match="must"):
        Limits(**limits)


def test_no_more_requests_are_outstanding_than_the_limit_however_many_come_at_once():
    session = Session(Limits(max_outstanding=4))
    replies = held_back(session)
    session.ask(realpaths(11))
    assert len(replies) == 4
    assert session.channel.is_paused
    assert session.wakes == 0


def test_the_engine_is_woken_once_when_half_are_answered_and_takes_up_where_it_stopped():
    session = Session(Limits(max_outstanding=4))
    replies = held_back(session)
    session.ask(realpaths(11))
    replies.pop(0)()
    assert session.wakes == 0
    replies.pop(0)()
    replies.pop(0)()
    assert session.wakes == 1
    session.engine.go_on()
    assert len(replies) == 4
    while replies:
        replies.pop(0)()
        session.engine.go_on()
    assert [answer.id for answer in session.came_back()] == list(range(100, 111))
    assert not session.channel.is_paused


def test_with_one_outstanding_request_at_a_time_everything_still_gets_its_answer():
    session = Session(Limits(max_outstanding=1))
    handle = session.open()
    replies = held_back(session)
    session.engine.feed(wire.write(5, handle, 0, b"abc") + wire.write(6, handle, 3, b"def") + realpaths(2))
    for _ in range(4):
        assert len(replies) == 1
        replies.pop()()
        session.engine.go_on()
    assert [answer.id for answer in session.came_back()] == [5, 6, 100, 101]
    assert session.portal.files["/report.pdf"] == b"abcdef"


def test_what_comes_while_the_engine_waits_keeps_its_place():
    session = Session(Limits(max_outstanding=2))
    replies = held_back(session)
    session.ask(realpaths(3))
    session.engine.feed(realpaths(2, first=200))
    while replies:
        replies.pop(0)()
        session.engine.go_on()
    assert [answer.id for answer in session.came_back()] == [100, 101, 102, 200, 201]


def test_a_full_channel_stops_the_requests_even_between_the_pieces_of_a_write():
    session = Session()
    handle = session.open()
    session.engine.feed(wire.write(2, handle, 0, b"abcdef")[:-3])
    session.engine.pause("channel")
    session.engine.feed(b"def")
    assert session.channel.is_paused
    assert session.portal.files["/report.pdf"] == b"abc"
    session.engine.resume("channel")
    assert session.wakes == 1
    session.engine.go_on()
    assert session.portal.files["/report.pdf"] == b"abcdef"
    assert not session.channel.is_paused


def test_nobody_is_woken_when_nothing_waits():
    session = Session()
    session.engine.pause("channel")
    session.ask(realpaths(1))
    session.engine.resume("channel")
    session.engine.go_on()
    session.engine.pause("channel")
    session.engine.resume("channel")
    session.engine.resume("channel")
    assert session.wakes == 1


def test_every_reason_to_wait_must_be_taken_back():
    session = Session()
    session.engine.pause("channel")
    session.engine.pause("disk")
    session.ask(realpaths(1))
    session.engine.resume("channel")
    session.engine.go_on()
    assert session.came_back() == []
    session.engine.resume("disk")
    session.engine.go_on()
    assert len(session.came_back()) == 1


def test_what_is_held_is_a_copy_when_the_buffer_belongs_to_somebody_else():
    session = Session()
    session.engine.pause("channel")
    buffer = bytearray(realpaths(1))
    session.engine.feed(memoryview(buffer))
    buffer[:] = bytes(len(buffer))
    session.engine.resume("channel")
    session.engine.go_on()
    assert session.portal.asked == [("realpath", "/0")]


def test_a_session_is_idle_when_nothing_is_owed_and_nothing_is_held():
    session = Session(Limits(max_outstanding=1))
    assert session.engine.is_idle
    replies = held_back(session)
    session.ask(realpaths(2))
    assert not session.engine.is_idle
    replies.pop()()
    assert not session.engine.is_idle
    session.engine.go_on()
    assert not session.engine.is_idle
    replies.pop()()
    assert session.engine.is_idle


def test_a_dropped_session_abandons_what_the_client_did_not_close():
    session = Session()
    first, second = session.open("/a"), session.open("/b")
    session.ask(wire.on_path(wire.OPENDIR, 5, "/"), wire.on_handle(wire.CLOSE, 6, first))
    session.engine.feed(wire.write(7, second, 0, b"abcdef")[:-1])
    session.engine.end()
    session.engine.end()
    assert [(file.path, file.ends) for file in session.portal.opened] == [("/a", ["closed"]), ("/b", ["abandoned"])]
    assert session.portal.asked[-1] == ("abandon", "/b")


def test_a_close_that_has_not_come_whole_is_no_close():
    session = Session()
    handle = session.open()
    session.engine.feed(wire.on_handle(wire.CLOSE, 2, handle)[:-1])
    session.engine.end()
    assert session.portal.opened[0].ends == ["abandoned"]


def test_a_close_that_waits_for_room_when_the_session_ends_is_no_close():
    session = Session()
    handle = session.open()
    session.engine.pause("channel")
    session.ask(wire.on_handle(wire.CLOSE, 2, handle))
    session.engine.end()
    session.engine.resume("channel")
    session.engine.go_on()
    assert session.portal.opened[0].ends == ["abandoned"]


def test_a_close_that_was_handed_on_counts_though_its_answer_comes_too_late():
    session = Session()
    handle = session.open()
    replies = held_back(session)
    session.ask(wire.on_handle(wire.CLOSE, 2, handle))
    session.engine.end()
    replies.pop()()
    assert session.portal.opened[0].ends == ["closed"]
    assert session.came_back() == []


def test_a_file_that_is_opened_after_the_end_is_abandoned_at_once():
    session = Session()
    replies = held_back(session)
    session.ask(wire.open_file(1, "/late"))
    session.engine.end()
    replies.pop()()
    assert session.portal.opened[0].ends == ["abandoned"]
    assert session.came_back() == []


def test_nothing_is_handed_on_after_the_end_not_even_from_what_came_before_it():
    session = Session()
    end_it = session.engine.end

    def end_at_once(reply):
        end_it()
        reply()

    session.portal.give = end_at_once
    assert session.ask(realpaths(5)) == []
    session.engine.go_on()
    assert session.portal.asked == [("realpath", "/0")]
    assert not session.channel.is_paused
