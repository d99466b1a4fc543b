"""Any message, cut anywhere, comes out as a reader of lines would have it, although it is read where it lies.

The reference knows nothing of pieces; the memory that the pieces share is spoilt after each, as the next sender does.
"""

import itertools
import re

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.inbound.smtp.data import Reception, Spoilt
from gateway.inbound.smtp.newlines import BareNewlines
from gateway.inbound.smtp.piece import ROOM, Piece
from gateway.inbound.smtp.transfer import new_buffer
from tests.fakes import ManualClock
from tests.inbound.smtp.house import MemorySpool

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
EVEN = b"QmFzZTY0IGlzIGFsbCBvZiBvbmUgbGVuZ3Ro\r\n"
LONG = st.sampled_from([EVEN * 60, EVEN * 300, b"Header: text\r\n" * 200, b"x" * 5000 + b"\r\n"])
SHORT = st.sampled_from(
    [b"\r\n", b".", b"..", b"\r\n.", b"\r\n\r\n", b"A: 1\r\n", b"text", EVEN, b"\r\n.\r\n", b".\r\n", b"a.b\r\n"]
)
BARES = st.sampled_from([b"\r", b"\n", b"a\rb\r\n", b"\n.\n", b"\r.\r", b"\r\n.\n", b"\n.\r\n"])
LAWFUL = st.lists(LONG | SHORT, max_size=12).map(b"".join)
ANY = st.lists(LONG | SHORT | BARES, max_size=12).map(b"".join)
CUTS = st.lists(st.integers(0, 40) | st.integers(0, 20_000) | st.integers(-8, -1), max_size=12)


class Heard:
    """Reads a body."""

    def __init__(self):
        self.body = b""

    def feed(self, piece):
        assert isinstance(piece, bytes), "who reads a body may keep what they get"
        self.body += piece


def expected(sent):
    """Return the message and what follows it, line by line (RFC 5321 4.5.2)."""
    message, at = [], 0
    while True:
        end = sent.index(b"\r\n", at)
        line, at = sent[at : end + 2], end + 2
        if line == b".\r\n":
            return b"".join(message), sent[at:]
        message.append(line[1:] if line.startswith(b".") else line)


def halves(message):
    """Return the header block and the body; no body without the empty line."""
    if message.startswith(b"\r\n"):
        return b"", message[2:]
    header, is_there, body = message.partition(b"\r\n\r\n")
    return (header + b"\r\n", body) if is_there else (message, None)


def receive(sent, cuts, newlines):
    """Send it in pieces through one buffer, as sockets do; return what was made of it, and what followed."""
    intake = MemorySpool(ManualClock()).begin()
    reader, buffer = Heard(), new_buffer()
    got = Reception(
        intake=intake, max_bytes=1 << 20, max_header_bytes=1 << 18, newlines=newlines, reader_for=lambda _: reader
    )
    places = sorted({0, len(sent), *(cut % (len(sent) + 1) for cut in cuts)})
    for start, stop in itertools.pairwise(places):
        buffer[ROOM : ROOM + stop - start] = sent[start:stop]
        rest = got.feed(Piece(buffer, ROOM, ROOM + stop - start))
        buffer[:] = b"\xff" * len(buffer)
        if rest is not None:
            return got, bytes(intake.data), reader.body, rest + sent[stop:]
    raise AssertionError("the message did not end")


@given(LAWFUL, CUTS)
@example(b"\r\n\r\n" + EVEN * 300, [3])
@example(EVEN * 300, [-5])
@example(EVEN * 300, [-4, -3, -2, -1])
@example(b"Header: text\r\n" * 200 + b"\r\n" + EVEN * 300 + b".", [2801, 2802, 9000])
def test_a_lawful_message_comes_out_as_it_was_sent(content, cuts):
    sent = content + b"\r\n.\r\nRSET\r\n"
    message, rest = expected(sent)
    header, body = halves(message)
    got, kept, heard, left = receive(sent, cuts, BareNewlines.REJECT)
    assert (got.spoilt, kept, left) == (None, message, rest)
    assert (got.header, heard) == (header, body or b"")
    assert (got.reader is None) == (body is None)


@given(ANY, CUTS)
@example(EVEN * 300 + b"a\rb\r\n" + EVEN * 300, [])
@example(EVEN * 300 + EVEN[:-3] + b"\r\r\n" + EVEN * 300, [])
@example(b"Header: text\r\n" * 200 + b"\n" + EVEN * 300, [])
@example(b"Header: text\r\n" * 200 + EVEN * 300 + b"\n", [])
def test_a_stranger_is_refused_a_bare_newline_and_nothing_else(content, cuts):
    sent = content + b"\r\n.\r\nRSET\r\n"
    message, rest = expected(sent)
    got, kept, _, left = receive(sent, cuts, BareNewlines.REJECT)
    assert left == rest
    if BARE.search(message):
        assert got.spoilt is Spoilt.BARE_NEWLINE
        assert message.startswith(kept)
        assert not BARE.search(kept)
    else:
        assert (got.spoilt, kept) == (None, message)


@given(ANY, CUTS)
def test_the_line_ends_of_a_device_are_put_right_wherever_its_message_is_cut(content, cuts):
    sent = content + b"\r\n.\r\nRSET\r\n"
    message, rest = expected(sent)
    right = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    header, body = halves(right)
    got, kept, heard, left = receive(sent, cuts, BareNewlines.NORMALISE)
    assert (got.spoilt, kept, left) == (None, right, rest)
    assert (got.header, heard) == (header, body or b"")


@given(st.integers(8000, 8400), st.lists(st.integers(0, 8600), max_size=3))
def test_a_header_is_as_long_as_its_limit_and_no_longer_wherever_it_is_cut(size, cuts):
    header = b"X: " + b"x" * (size - 5) + b"\r\n"
    sent = header + b"\r\nbody\r\n.\r\n"
    intake = MemorySpool(ManualClock()).begin()
    got = Reception(intake=intake, max_bytes=1 << 20, max_header_bytes=8200, newlines=BareNewlines.REJECT)
    places = sorted({0, len(sent), *(min(cut, len(sent)) for cut in cuts)})
    for start, stop in itertools.pairwise(places):
        got.feed(Piece.of(sent[start:stop]))
    assert got.spoilt is (Spoilt.HEADER_TOO_LONG if size > 8200 else None)
    if size <= 8200:
        assert (got.header, bytes(intake.data)) == (header, header + b"\r\nbody\r\n")
