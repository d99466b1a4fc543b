"""Where a message ends and what its lines are, wherever the network cuts it (RFC 5321 4.5.2; FIELD-NOTES B.2)."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import DiskFull, Transient
from gateway.inbound.smtp.data import DotReader, HeaderBlock, Reception, Spoilt
from gateway.inbound.smtp.newlines import BareNewlines, has_bare_newline, is_text
from gateway.inbound.smtp.piece import Piece
from tests.fakes import ManualClock
from tests.inbound.smtp.house import MemorySpool

# What was sent after 354, the message that it is, what follows it; each row is a way in which dots and line ends meet.
WHOLE = {
    "an ordinary message": (b"Hello\r\n.\r\n", b"Hello\r\n", b""),
    "an empty message": (b".\r\n", b"", b""),
    "one empty line": (b"\r\n.\r\n", b"\r\n", b""),
    "a dot at the start of a line is doubled": (b"..\r\n.\r\n", b".\r\n", b""),
    "of a doubled dot one goes": (b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n", b""),
    "a single dot before text goes too": (b"a\r\n.b\r\n.\r\n", b"a\r\nb\r\n", b""),
    "three dots are two": (b"...\r\n.\r\n", b"..\r\n", b""),
    "a dot within a line stays": (b"a.b\r\na.\r\n.\r\n", b"a.b\r\na.\r\n", b""),
    "commands behind the end are not the message's": (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
    "a second end behind the first": (b"a\r\n.\r\n.\r\n", b"a\r\n", b".\r\n"),
    "lines of dots only": (b"..\r\n..\r\n.\r\n", b".\r\n.\r\n", b""),
}

# Ends that other servers took for the end, and that are content here (SMTP smuggling).
SMUGGLED = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r.\r",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\n\n.\r\r\n",
]


def read(pieces):
    """Return the message of these pieces, and what follows it; None when it hasn't ended."""
    taken, reader = [], DotReader(lambda data: taken.append(bytes(data)))
    for number, piece in enumerate(pieces):
        rest = reader.feed(Piece.of(piece))
        if rest is not None:
            return b"".join(taken), rest + b"".join(pieces[number + 1 :])
    return b"".join(taken), None


@pytest.mark.parametrize("name", WHOLE)
def test_a_message_ends_at_crlf_dot_crlf_wherever_it_is_cut(name):
    sent, message, rest = WHOLE[name]
    assert read([sent]) == (message, rest)
    assert read([sent[i : i + 1] for i in range(len(sent))]) == (message, rest)
    for first in range(len(sent) + 1):
        for second in range(first, len(sent) + 1):
            assert read([sent[:first], sent[first:second], sent[second:]]) == (message, rest)


@pytest.mark.parametrize("end", SMUGGLED)
def test_no_other_sequence_ends_a_message(end):
    sent = b"a" + end + b"MAIL FROM:<x@y.z>\r\n.\r\n"
    for cut in range(len(sent)):
        message, rest = read([sent[:cut], sent[cut:]])
        assert rest == b""
        assert b"MAIL FROM:<x@y.z>" in message
    assert read([b"a" + end])[1] is None


def reference(sent):
    """Read as RFC 5321 says, line by line."""
    message, at = b"", 0
    while (end := sent.find(b"\r\n", at)) >= 0:
        line, at = sent[at : end + 2], end + 2
        if line == b".\r\n":
            return message, sent[at:]
        message += line[1:] if line.startswith(b".") else line
    return None


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"x", b"\0"])), st.lists(st.integers(0, 40)))
def test_any_cut_of_any_bytes_reads_as_line_by_line(parts, cuts):
    sent = b"".join(parts) + b"\r\n.\r\nrest"
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    assert read([sent[a:b] for a, b in itertools.pairwise(places)]) == reference(sent)


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"x"])), st.lists(st.integers(0, 40)))
def test_pieces_never_part_a_cr_from_its_lf(parts, cuts):
    sent = b"".join(parts) + b"\r\n.\r\n"
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    taken = []
    reader = DotReader(lambda data: taken.append(bytes(data)))
    for a, b in itertools.pairwise(places):
        if reader.feed(Piece.of(sent[a:b])) is not None:
            break
    whole = b"".join(taken)
    assert any(has_bare_newline(Piece.of(each)) for each in taken) == (
        re.search(rb"\r(?!\n)|(?<!\r)\n", whole) is not None
    )


LINES = st.lists(st.sampled_from([b"ab\r\n", b"ab\r\n", b"a\r\r\n", b"a\n\r\n", b"\r\n", b"abc\n", b"a\rb\n", b"ab"]))


@given(st.binary() | LINES.map(b"".join))
@example(b"ab\r\n" * 9 + b"\rb\r\n")
@example(b"ab\r\n" * 9 + b"a\rb\n")
@example(b"\nb\r\n" + b"ab\r\n" * 9)
@example(b"ab\r\n" * 9 + b"\n")
@example(b"ab\r\n" * 9 + b"a")
@example(b"ab\r\n" * 9 + b"ab\r")
@example(b"\r\n\r\n\r")
def test_a_bare_newline_is_one_without_its_partner(data):
    assert has_bare_newline(Piece.of(data)) == (re.search(rb"\r(?!\n)|(?<!\r)\n", data) is not None)


BEGINNINGS = st.sampled_from(
    [b"", b"Header: text\r\n" * 200, b"line\r\n" * 400 + b"\r\n", b"line\r\n" * 400 + b"one\n"]
)


EVEN = st.sampled_from([b"", b"ab\r\n" * 900])


@given(st.tuples(BEGINNINGS, EVEN, LINES.map(b"".join), EVEN))
@example((b"Header: text\r\n" * 200, b"ab\r\n" * 900, b"a\rb\n", b"ab\r\n" * 900))
@example((b"line\r\n" * 400 + b"one\n", b"ab\r\n" * 900, b"", b""))
def test_a_bare_newline_is_seen_before_and_behind_even_lines(parts):
    data = b"".join(parts)
    assert has_bare_newline(Piece.of(data)) == (re.search(rb"\r(?!\n)|(?<!\r)\n", data) is not None)


@pytest.mark.parametrize(
    ("message", "header", "body"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody\r\n", b"A: 1\r\nB: 2\r\n", b"body\r\n"),
        (b"\r\nbody\r\n", b"", b"body\r\n"),
        (b"A: 1\r\n", b"A: 1\r\n", b""),
        (b"", b"", b""),
        (b"A: 1\r\n\r\n\r\nbody", b"A: 1\r\n", b"\r\nbody"),
    ],
)
def test_the_header_block_ends_at_the_empty_line_wherever_it_is_cut(message, header, body):
    for first in range(len(message) + 1):
        for second in range(first, len(message) + 1):
            block = HeaderBlock(1000)
            parts = (message[:first], message[first:second], message[second:])
            rest = [block.feed(memoryview(part)) for part in parts]
            assert (bytes(block), b"".join(rest)) == (header, body)
            assert not block.is_too_long


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_header_block_over_its_limit_is_known_and_not_kept(size):
    block = HeaderBlock(100)
    for _ in range(0, 10_000, size):
        block.feed(memoryview(b"x" * size))
    assert block.is_too_long
    assert len(bytes(block)) <= 2 * 104


def reception(**options):
    intake = MemorySpool(ManualClock()).begin()
    defaults = {"max_bytes": 1000, "max_header_bytes": 500, "newlines": BareNewlines.REJECT}
    return Reception(intake=intake, **{**defaults, **options}), intake


def test_a_bare_newline_spoils_a_message_from_a_stranger():
    got, intake = reception()
    assert got.feed(Piece.of(b"A: 1\r\n\r\na\nb\r\n.\r\n")) == b""
    assert got.spoilt is Spoilt.BARE_NEWLINE
    assert b"a\nb" not in intake.data


def test_bare_newlines_of_a_device_become_crlf():
    got, intake = reception(newlines=BareNewlines.NORMALISE)
    for piece in (b"A: 1\n\na\r", b"\nb\rc\r", b"\r\nd\n.\ne\r\n.\r\n"):
        rest = got.feed(Piece.of(piece))
    assert rest == b""
    assert intake.data == b"A: 1\r\n\r\na\r\nb\r\nc\r\n\r\nd\r\n.\r\ne\r\n"
    assert (got.spoilt, got.header) == (None, b"A: 1\r\n")


@pytest.mark.parametrize("file", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"PK\x03\x04\n\0", b"%PDF-1.4\n\x01\x02"])
def test_the_line_ends_of_a_file_that_was_not_encoded_are_not_put_right(file):
    got, intake = reception(newlines=BareNewlines.NORMALISE)
    got.feed(Piece.of(b"A: 1\r\n\r\n"))
    assert got.feed(Piece.of(file + b"\r\n.\r\n")) == b""
    assert got.spoilt is Spoilt.BARE_NEWLINE
    assert file not in intake.data


def test_text_in_any_charset_of_bytes_is_text():
    assert is_text("Gruß, ŵ\t\f\v\r\n".encode())
    assert is_text("Gruß".encode("latin-1") + "日本".encode("iso-2022-jp"))
    assert not is_text("Gruß".encode("utf-16"))


def test_bytes_over_the_limit_are_heard_and_not_kept():
    got, intake = reception(max_bytes=100)
    assert got.feed(Piece.of(b"\r\n" + b"x" * 98)) is None
    assert got.spoilt is None
    for _ in range(8):
        assert got.feed(Piece.of(b"x" * 100)) is None
    assert got.spoilt is Spoilt.TOO_LARGE
    assert not got.is_hopeless
    assert got.feed(Piece.of(b"x" * 200)) is None
    assert got.is_hopeless
    assert got.feed(Piece.of(b"\r\n.\r\n")) == b""
    assert len(intake.data) <= 100


TROUBLES = ((Transient("The disk reports a fault."), Spoilt.DISK_TROUBLE), (DiskFull("Full."), Spoilt.DISK_FULL))


@pytest.mark.parametrize(("trouble", "spoilt"), TROUBLES)
async def test_a_disk_that_fails_spoils_the_message_and_not_the_session(trouble, spoilt):
    got, intake = reception()
    intake.spool.is_failing, intake.spool.trouble = True, trouble
    await got.wait_for_disk()
    assert got.spoilt is spoilt
    assert not got.is_congested
    assert got.feed(Piece.of(b"a\r\n.\r\n")) == b""
    assert intake.data == b""
