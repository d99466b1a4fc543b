"""What holds for every input: no bytes break the engine, and how they are cut up never matters."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.sftp.packets import ProtocolError
from tests.inbound.sftp import wire
from tests.inbound.sftp.fuzz_protocol import fuzz
from tests.inbound.sftp.memory import Session

ids = st.integers(0, 2**32 - 1)
handles = st.sampled_from([0, 0, 0, 1, 2**32 - 1])
offsets = st.sampled_from([0, 1, 10, 2**63 - 1, 2**64 - 1])
paths = st.sampled_from([b"/a", b"/b", b"/"]) | st.binary(max_size=20)
attributes = st.sampled_from([wire.NO_ATTRIBUTES, wire.u32(1) + wire.u64(7)]) | st.binary(min_size=32, max_size=40)
on_path = st.sampled_from([wire.LSTAT, wire.OPENDIR, wire.REMOVE, wire.RMDIR, wire.REALPATH, wire.STAT, wire.READLINK])
on_handle = st.sampled_from([wire.CLOSE, wire.FSTAT, wire.READDIR])

packets = st.one_of(
    st.builds(wire.open_file, ids, paths, st.sampled_from([wire.PUT, wire.GET])),
    st.builds(wire.write, ids, handles, offsets, st.binary(max_size=60), tail=st.binary(max_size=10)),
    st.builds(wire.read, ids, handles, offsets, ids),
    st.builds(wire.on_path, on_path, ids, paths),
    st.builds(wire.on_path, st.sampled_from([wire.SETSTAT, wire.MKDIR]), ids, paths, attributes),
    st.builds(wire.on_path, st.just(wire.RENAME), ids, paths, paths.map(wire.string)),
    st.builds(wire.on_handle, on_handle, ids, handles),
    st.builds(wire.extended, ids, st.sampled_from(["limits@openssh.com", "?"]), st.binary(max_size=10)),
    st.builds(wire.packet, st.integers(21, 199), ids, st.binary(max_size=20)),
)
streams = st.lists(packets, max_size=8).map(b"".join)


def cut(stream, places):
    """The stream in pieces, cut at these places."""
    marks = sorted({min(place, len(stream)) for place in places})
    return [stream[a:b] for a, b in zip([0, *marks], [*marks, len(stream)], strict=True)]


def outcome(pieces, *, greeted=True):
    """What a session makes of these pieces: whether it refused them, what it answered, what it asked the portal."""
    session = Session(greeted=greeted)
    refused = False
    try:
        for piece in pieces:
            session.engine.feed(piece)
    except ProtocolError as error:
        refused = bool(str(error))
        assert refused, "a refusal says why"
    session.engine.end()
    assert all(len(file.ends) == 1 for file in session.portal.opened)
    return refused, session.came_back(), session.portal.asked, session.portal.files


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5), st.booleans())
def test_no_bytes_break_the_engine(junk, places, greeted):
    assert outcome(cut(junk, places), greeted=greeted) == outcome([junk], greeted=greeted)


@given(streams, st.integers(0, 400), st.binary(min_size=1, max_size=6), st.lists(st.integers(0, 600), max_size=8))
def test_no_damage_to_sound_packets_breaks_the_engine(stream, at, damage, places):
    damaged = stream[:at] + damage + stream[at + len(damage) :]
    assert outcome(cut(damaged, places)) == outcome([damaged])


@given(streams, st.lists(st.integers(0, 600), max_size=20))
def test_how_the_bytes_are_cut_up_never_changes_what_comes_out(stream, places):
    whole = outcome([stream])
    assert whole == outcome(cut(stream, places))
    assert whole == outcome([stream[at : at + 1] for at in range(len(stream))])


@given(st.lists(packets, max_size=8))
def test_every_sound_request_gets_its_one_answer_in_turn(requests):
    refused, answers, *_ = outcome([b"".join(requests)])
    assert not refused
    assert [answer.id for answer in answers] == [int.from_bytes(request[5:9], "big") for request in requests]


@given(st.binary(max_size=500), st.binary(max_size=40), st.lists(st.integers(0, 700), max_size=10))
def test_the_pieces_of_a_write_joined_are_its_data(data, tail, places):
    stream = wire.open_file(1, "/a") + wire.write(2, 0, 3, data, tail=tail) + wire.on_handle(wire.CLOSE, 3, 0)
    _, answers, asked, files = outcome(cut(stream, places))
    assert [answer.id for answer in answers] == [1, 2, 3]
    assert files["/a"] == (bytes(3) + data if data else b"")
    assert asked[1:] == ([("write", "/a", 3, data)] if data else []) + [("written", "/a"), ("close", "/a")]


@given(st.binary(max_size=60))
@settings(max_examples=50)
def test_every_path_comes_back_as_it_was_sent(path):
    session = Session()
    (answer,) = session.ask(wire.on_path(wire.REALPATH, 1, path))
    assert answer.names[0][0] == (b"/" if path == b"." else path)


def test_a_short_run_of_the_fuzzer_finds_nothing():
    ends = fuzz(300, seed=20_261_122)
    assert min(ends["answered"], ends["refused"]) > 50
