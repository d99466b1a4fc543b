"""What the engine hands on, what it answers by itself, and what it refuses to read."""

import struct

import pytest

from gateway.inbound.sftp.packets import Attributes, OpenFlags
from gateway.inbound.sftp.protocol import Limits, ProtocolError
from tests.inbound.sftp import wire
from tests.inbound.sftp.memory import Session

SET = struct.pack(">IQIIIII", 0x0F, 7, 1000, 830, 0o100640, 11, 12)
WHOLE_SET = Attributes(size=7, uid=1000, gid=830, permissions=0o100640, atime=11, mtime=12)


def test_the_greeting_tells_version_3_and_the_four_extensions():
    session = Session(greeted=False)
    (answer,) = session.ask(wire.INIT)
    assert (answer.kind, answer.id) == (wire.VERSION, 3)
    fields, rest = [], answer.body
    while rest:
        field, rest = wire.take_string(rest)
        fields.append(field)
    assert dict(zip(fields[::2], fields[1::2], strict=True)) == {
        b"posix-rename@openssh.com": b"1",
        b"limits@openssh.com": b"1",
        b"fsync@openssh.com": b"1",
        b"statvfs@openssh.com": b"2",
    }


@pytest.mark.parametrize("version", [3, 4, 6, 0xFFFFFFFF])
def test_a_client_of_a_later_version_is_answered_with_ours(version):
    session = Session(greeted=False)
    (answer,) = session.ask(struct.pack(">IBI", 5, 1, version))
    assert answer.id == 3


def test_what_a_client_adds_to_its_greeting_is_passed_over():
    session = Session(greeted=False)
    extra = wire.string(b"newline@vandyke.com") + wire.string(b"\r\n")
    (answer,) = session.ask(wire.u32(5 + len(extra)) + b"\x01" + wire.u32(3) + extra)
    assert answer.kind == wire.VERSION


HANDED_ON = [
    (wire.on_path(wire.STAT, 9, "/a"), ("stat", "/a")),
    (wire.on_path(wire.LSTAT, 9, "/a"), ("lstat", "/a")),
    (wire.on_path(wire.SETSTAT, 9, "/a", SET), ("setstat", "/a", WHOLE_SET)),
    (
        wire.on_path(wire.SETSTAT, 9, "/a", struct.pack(">III", 0x08, 11, 12)),
        ("setstat", "/a", Attributes(atime=11, mtime=12)),
    ),
    (wire.on_path(wire.OPENDIR, 9, "/"), ("opendir", "/")),
    (wire.on_path(wire.REMOVE, 9, "/a"), ("remove", "/a")),
    (wire.on_path(wire.MKDIR, 9, "/d", wire.NO_ATTRIBUTES), ("mkdir", "/d", Attributes())),
    (wire.on_path(wire.RMDIR, 9, "/d"), ("rmdir", "/d")),
    (wire.on_path(wire.REALPATH, 9, "."), ("realpath", ".")),
    (wire.on_path(wire.RENAME, 9, "/a", wire.string("/b")), ("rename", "/a", "/b")),
    (wire.on_path(wire.READLINK, 9, "/a"), ("readlink", "/a")),
    (wire.on_path(wire.SYMLINK, 9, "/to", wire.string("/from")), ("symlink", "/to", "/from")),
    (
        wire.extended(9, "posix-rename@openssh.com", wire.string("/a"), wire.string("/b")),
        ("posix_rename", "/a", "/b"),
    ),
    (wire.extended(9, "statvfs@openssh.com", wire.string("/")), ("statvfs", "/")),
    (
        wire.packet(wire.OPEN, 9, wire.string("/a"), wire.u32(0x1A), SET),
        ("open", "/a", OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE, WHOLE_SET),
    ),
]


@pytest.mark.parametrize(("sent", "asked"), HANDED_ON, ids=[row[1][0] for row in HANDED_ON])
def test_a_request_on_a_path_is_handed_on_with_its_fields_and_answered_once(sent, asked):
    session = Session()
    (answer,) = session.ask(sent)
    assert session.portal.asked == [asked]
    assert answer.id == 9


ON_FILES = [
    (wire.on_handle(wire.FSTAT, 9, 0), ("fstat", "/report.pdf")),
    (wire.on_handle(wire.FSETSTAT, 9, 0, SET), ("fsetstat", "/report.pdf", WHOLE_SET)),
    (wire.extended(9, "fsync@openssh.com", wire.string(wire.u32(0))), ("fsync", "/report.pdf")),
    (wire.read(9, 0, 5, 100), ("read", "/report.pdf", 5, 100)),
    (wire.on_handle(wire.CLOSE, 9, 0), ("close", "/report.pdf")),
]


@pytest.mark.parametrize(("sent", "asked"), ON_FILES, ids=[row[1][0] for row in ON_FILES])
def test_a_request_on_a_handle_brings_the_portals_own_file(sent, asked):
    session = Session()
    assert session.open() == 0
    (answer,) = session.ask(sent)
    assert session.portal.asked[1:] == [asked]
    assert answer.id == 9


@pytest.mark.parametrize("sent", [row[0] for row in ON_FILES], ids=[row[1][0] for row in ON_FILES])
def test_a_handle_that_is_not_open_fails_with_a_sentence_and_asks_nobody(sent):
    session = Session()
    (answer,) = session.ask(sent)
    assert (answer.id, answer.code) == (9, wire.FAILURE)
    assert "not open" in answer.sentence
    assert session.portal.asked == []


def test_a_write_to_a_handle_that_is_not_open_is_dropped_and_fails():
    session = Session()
    handle = session.open()
    session.ask(wire.on_handle(wire.CLOSE, 2, handle))
    late, next_one = session.ask(wire.write(3, handle, 0, b"late"), wire.on_path(wire.REALPATH, 4, "."))
    assert (late.id, late.code) == (3, wire.FAILURE)
    assert next_one.id == 4
    assert session.portal.files == {"/report.pdf": bytearray()}


def test_a_handle_is_not_given_out_again_right_after_its_close():
    session = Session()
    first = session.open()
    session.ask(wire.on_handle(wire.CLOSE, 2, first))
    assert session.open() != first


def test_what_is_written_is_read_back():
    session = Session()
    handle = session.open()
    first, second, read = session.ask(
        wire.write(2, handle, 0, b"abc"), wire.write(3, handle, 3, b"defg"), wire.read(4, handle, 1, 99)
    )
    assert (first.id, second.id, read.id) == (2, 3, 4)
    assert read.data == b"bcdefg"


@pytest.mark.parametrize("length", [100, 101], ids=["into the room of the reply", "given as bytes"])
def test_reading_at_the_end_of_a_file_says_so(length):
    session = Session()
    (answer,) = session.ask(wire.read(2, session.open(), 0, length))
    assert answer.code == wire.EOF


def test_a_write_of_nothing_is_a_write():
    session = Session()
    handle = session.open()
    (answer,) = session.ask(wire.write(2, handle, 0, b""))
    assert answer.code == wire.OK
    assert session.portal.asked[-1] == ("written", "/report.pdf")


def test_stale_bytes_after_the_data_of_a_write_are_passed_over():
    session = Session()
    handle = session.open()
    padded = wire.write(2, handle, 0, b"x" * 3392, tail=b"\x05" * 29376)  # as rclone 1.60 sends its last one
    written, read = session.ask(padded, wire.read(3, handle, 0, 65536))
    assert written.code == wire.OK
    assert read.data == b"x" * 3392


def test_bytes_after_the_fields_of_any_request_are_passed_over():
    session = Session()
    (answer,) = session.ask(wire.on_path(wire.STAT, 2, "/", b"more than version 3 says"))
    assert answer.kind == wire.ATTRS
    assert session.portal.asked == [("stat", "/")]


def test_a_path_that_is_not_utf8_reaches_the_portal_whole_and_goes_back_unchanged():
    session = Session()
    (answer,) = session.ask(wire.on_path(wire.REALPATH, 2, b"/caf\xe9/\xff\x00"))
    assert session.portal.asked == [("realpath", "/caf\udce9/\udcff\x00")]
    assert answer.names == [(b"/caf\xe9/\xff\x00", b"/caf\xe9/\xff\x00", wire.NO_ATTRIBUTES)]


def test_attributes_that_version_3_does_not_know_are_passed_over():
    session = Session()
    extended = struct.pack(">IQI", 0x8000_0001, 7, 1) + wire.string("acl@invented.example") + wire.string("…")
    (answer,) = session.ask(wire.on_path(wire.SETSTAT, 2, "/a", extended))
    assert answer.code == wire.OK
    assert session.portal.asked == [("setstat", "/a", Attributes(size=7))]


def test_the_attributes_of_a_file_are_told():
    session = Session()
    handle = session.open()
    session.ask(wire.write(2, handle, 0, b"abc"))
    (answer,) = session.ask(wire.on_path(wire.STAT, 3, "/report.pdf"))
    assert answer.body == struct.pack(">IQIII", 0x0D, 3, 0o100640, 1_795_000_000, 1_795_000_000)


def test_the_one_of_a_pair_that_is_not_given_follows_the_other():
    encoded = Attributes(uid=1000, mtime=12).encode()
    assert encoded == struct.pack(">IIIII", 0x0A, 1000, 1000, 12, 12)


def test_the_room_on_the_disk_is_told_in_blocks():
    session = Session()
    (answer,) = session.ask(wire.extended(2, "statvfs@openssh.com", wire.string("/")))
    size, fragment, total, free, available, *_, longest_name = struct.unpack(">11Q", answer.body)
    assert (size * total, fragment * free, free, longest_name) == (1 << 40, 1 << 39, available, 255)


def test_the_limits_are_told_as_they_are_kept():
    limits = Limits(max_packet=40_000, max_read=30_000, max_write=20_000, max_handles=7, max_outstanding=3)
    (answer,) = Session(limits).ask(wire.extended(2, "limits@openssh.com"))
    assert struct.unpack(">4Q", answer.body) == (40_000, 30_000, 20_000, 7)


@pytest.mark.parametrize(
    "sent",
    [
        wire.extended(9, "hardlink@openssh.com", wire.string("/a"), wire.string("/b")),
        wire.extended(9, b"\xff\xfe"),
        wire.packet(21, 9, wire.string("/a")),
        wire.packet(0, 9),
        wire.packet(wire.STATUS, 9, wire.u32(0)),
        wire.packet(wire.VERSION, 9),
        wire.packet(255, 9, b"anything"),
    ],
    ids=["hardlink", "no UTF-8", "LINK of version 6", "type 0", "an answer", "VERSION", "type 255"],
)
def test_what_is_unknown_is_answered_so_and_the_session_goes_on(sent):
    session = Session()
    unknown, known = session.ask(sent, wire.on_path(wire.REALPATH, 10, "."))
    assert (unknown.id, unknown.code) == (9, wire.OP_UNSUPPORTED)
    assert unknown.sentence
    assert known.kind == wire.NAME


A_HANDLE = wire.string(bytes(4))
UNREADABLE = [
    ("length 0", b"\0\0\0\0"),
    ("too short for an id", wire.u32(4) + b"\x11\0\0\0"),
    ("one byte over the limit", wire.u32(256 * 1024 + 1)),
    ("a length of four gigabytes", b"\xff\xff\xff\xff"),
    ("a string past the packet", wire.packet(wire.STAT, 1, wire.u32(5), b"/abc")),
    ("a string of four gigabytes", wire.packet(wire.STAT, 1, b"\xff\xff\xff\xff", b"/abc")),
    ("no string at all", wire.packet(wire.STAT, 1)),
    ("half a number", wire.packet(wire.OPEN, 1, wire.string("/a"), b"\0\0")),
    ("attributes past the packet", wire.packet(wire.SETSTAT, 1, wire.string("/a"), wire.u32(1))),
    ("a handle of 3 bytes", wire.packet(wire.CLOSE, 1, wire.string(b"\0\0\0"))),
    ("a handle of no bytes", wire.packet(wire.READDIR, 1, wire.string(b""))),
    ("a write with a handle of 8 bytes", wire.packet(wire.WRITE, 1, wire.string(bytes(8)), bytes(12))),
    ("a write's data past its packet", wire.packet(wire.WRITE, 1, A_HANDLE, bytes(8), wire.u32(9), b"12345678")),
    ("a write too short for its fields", wire.packet(wire.WRITE, 1, A_HANDLE) + bytes(16)),
    ("a second INIT", wire.INIT),
    ("an extended request without a name", wire.packet(wire.EXTENDED, 1)),
]


@pytest.mark.parametrize("sent", [row[1] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_read_ends_the_session(sent):
    session = Session()
    with pytest.raises(ProtocolError) as refused:
        session.ask(sent)
    assert str(refused.value)
    session.engine.feed(wire.on_path(wire.REALPATH, 2, "."))
    assert session.came_back() == []
    assert session.portal.asked == []


@pytest.mark.parametrize(
    "sent",
    [
        wire.on_path(wire.REALPATH, 1, "."),
        wire.write(1, 0, 0, b"abc"),
        wire.packet(99, 1),
        struct.pack(">IBI", 5, 1, 2),
    ],
    ids=["a path", "a write", "what is unknown", "version 2"],
)
def test_a_session_that_does_not_begin_with_a_greeting_of_version_3_ends(sent):
    session = Session(greeted=False)
    with pytest.raises(ProtocolError):
        session.ask(sent)
    assert session.came_back() == []


def test_what_came_before_the_unreadable_is_handed_on():
    session = Session()
    with pytest.raises(ProtocolError):
        session.ask(wire.on_path(wire.REALPATH, 1, "/a"), b"\0\0\0\0")
    assert session.portal.asked == [("realpath", "/a")]


def test_a_fault_of_the_portal_ends_the_session_too():
    session = Session()

    def break_down(reply):
        raise ZeroDivisionError

    session.portal.give = break_down
    with pytest.raises(ZeroDivisionError):
        session.ask(wire.on_path(wire.REALPATH, 1, "/a"))
    assert session.ask(wire.on_path(wire.REALPATH, 2, "/b")) == []


def test_a_reply_is_given_only_once():
    session = Session()
    replies = []
    session.portal.give = replies.append
    session.ask(wire.open_file(1, "/a"), wire.on_path(wire.REALPATH, 2, "/a"))
    for reply in replies:
        reply()
        with pytest.raises(RuntimeError, match="answered before"):
            reply()
    assert [answer.id for answer in session.came_back()] == [1, 2]
    session.engine.end()
    assert session.portal.opened[0].ends == ["abandoned"]


def test_replies_may_be_given_later_and_in_any_order():
    session = Session()
    replies = []
    session.portal.give = replies.append
    assert session.ask(*(wire.on_path(wire.REALPATH, number, "/a") for number in range(3))) == []
    for reply in reversed(replies):
        reply()
    assert [answer.id for answer in session.came_back()] == [2, 1, 0]


def test_a_sentence_with_a_name_that_is_not_utf8_is_sent_as_utf8():
    session = Session()
    replies = []
    session.portal.readlink = lambda reply, path: replies.append(reply)
    session.ask(wire.on_path(wire.READLINK, 1, "/a"))
    replies[0].fail("„caf\udce9“ is no name.")
    (answer,) = session.came_back()
    assert answer.sentence == "„caf?“ is no name."
