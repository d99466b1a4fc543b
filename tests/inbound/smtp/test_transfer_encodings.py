"""The bytes that were attached come out, or none do (Source: RFC 2045 6; SPEC 4)."""

import base64
import random
import tracemalloc

import pytest

from gateway.inbound.smtp.decode import UNPADDED, decoded, make_decoder
from gateway.inbound.smtp.message import read_message
from tests.inbound.smtp.letters import BASE64, PLAIN, QP, Dribble, Nowhere, base64_lines, multipart, part, read
from tests.inbound.smtp.sound_letters import uuencoded

DATA = bytes(range(256)) * 4 + b"the end"
B64 = base64_lines(DATA)
FOOTER = b"\r\n-- \r\nThis message was scanned, and no threat was found.\r\n"


def leaf(body, *headers):
    """The one part of a letter of which this is the body."""
    letter = read(multipart(part(body, "Content-Type: application/pdf; name=x.pdf", *headers)))
    (only,) = letter.parts
    return only, (letter.file if only.kind == "file" else None)


def _each(size):
    """Base64 of pieces that were encoded one by one."""
    return b"".join(base64.b64encode(DATA[at : at + size]) + b"\r\n" for at in range(0, len(DATA), size))


BASE64_FORMS = {
    "lines of 76": B64,
    "lines of 60": base64_lines(DATA, width=60),
    "lines of 4": base64_lines(DATA, width=4),
    "lines that are no multiple of four": base64_lines(DATA, width=75),
    "one line": base64.b64encode(DATA),
    "LF": base64_lines(DATA, end=b"\n"),
    "blanks at the end of every line": base64_lines(DATA, end=b"  \r\n"),
    "an empty line between lines": base64_lines(DATA, end=b"\r\n\r\n"),
    "a line of blanks between lines": base64_lines(DATA, end=b"\r\n \t\r\n"),
    "two kinds of line ends": base64_lines(DATA[:570]) + base64_lines(DATA[570:], end=b"\n"),
    "lines of two lengths": base64_lines(DATA[:570]) + base64_lines(DATA[570:], width=60),
    "empty lines first": b"\r\n\r\n" + B64,
    "empty lines last": B64 + b"\r\n\r\n",
    "no line end at the end": B64.rstrip(),
    "no padding": B64.rstrip(b"=\r\n"),
    "too much padding": B64.rstrip(b"=\r\n") + b"======\r\n",
    "padding on a line of its own": B64.rstrip(b"=\r\n") + b"\r\n=\r\n=\r\n",
    "padding on a line of its own, and another piece": (
        base64.b64encode(DATA[:100]).rstrip(b"=") + b"\r\n==\r\n" + base64_lines(DATA[100:])
    ),
    "padding again": B64 + b"==\r\n",
    "junk between the characters": B64.replace(b"A", b"A!*"),
    "a stray byte on a line": B64.replace(b"Q", b"\xffQ", 1),
    "pieces that were encoded one by one": _each(57 * 3 + 1),
    "a piece a line": _each(56),
    "pieces with an empty line between them": _each(100).replace(b"\r\n", b"\r\n\r\n"),
    "one character a line": b"\r\n".join(bytes([char]) for char in base64.b64encode(DATA)),
}


@pytest.mark.parametrize("rule", BASE64_FORMS)
def test_base64_is_read_as_it_really_arrives(rule):
    only, data = leaf(BASE64_FORMS[rule], BASE64)
    assert data == DATA
    assert only.flaws == ()


@pytest.mark.parametrize("rule", BASE64_FORMS)
def test_base64_is_the_same_a_line_at_a_time(rule):
    decoder = make_decoder("base64")
    lines = BASE64_FORMS[rule].splitlines(keepends=True)
    assert b"".join(decoded(decoder, iter(lines))) == DATA
    assert decoder.flaw == ("" if BASE64_FORMS[rule].rstrip().endswith(b"=") else UNPADDED)


FOOTERS = {
    "behind padding": B64.rstrip(b"\r\n") + b"\r\n" + FOOTER,
    "behind padding, without an empty line": base64_lines(DATA[:100]) + b"*** scanned ***\r\nAAAA\r\n",
    "behind an empty line": base64_lines(DATA[:99]) + FOOTER,
    "behind an empty line, in a letter of LF": (base64_lines(DATA[:99]) + FOOTER).replace(b"\r\n", b"\n"),
    "of words without a mark": base64_lines(DATA[:99]) + b"\r\nScanned by the council\r\n",
    "of words without a mark, behind padding": base64_lines(DATA[:100]) + b"Scanned by the council\r\n",
    "behind a line of a tab": base64_lines(DATA[:99]) + b"\t\r\n<html>scanned</html>\r\n",
    "behind a line of blanks": base64_lines(DATA[:99]) + b" \t\r\n<html>scanned</html>\r\n",
}


@pytest.mark.parametrize("rule", FOOTERS)
def test_a_footer_that_a_relay_added_is_no_data(rule):
    body = FOOTERS[rule]
    only, data = leaf(body, BASE64)
    assert data in (DATA, DATA[:100], DATA[:99])
    assert DATA.startswith(data)
    assert len(data) >= 99
    assert only.flaws == ("base64-footer",)


def test_words_behind_an_empty_line_that_could_be_base64_are_taken_for_it():
    only, data = leaf(base64_lines(DATA[:99]) + b"\r\nYours\r\n", BASE64)
    assert data != DATA[:99]
    assert only.flaws == () or only.kind == "cut"


LINE = base64.b64encode(DATA[:57])
ALMOST_REGULAR = {  # each line as long as the first, and as many characters in all as if each were like the first
    "an empty line of blanks, and a footer behind it": (
        LINE + b"\r\n" + (LINE + b"A\n") * 76 + b"\r" * 77 + b"\n" + b"words of a footer".ljust(76) + b"\r\n"
    ),
    "a character in place of a CR, and a blank in place of a character": (
        LINE + b"\r\n" + LINE + b"A\n" + LINE[:-1] + b" \r\n"
    ),
    "an LF in place of a CR, which is an empty line": LINE
    + b"\r\n"
    + LINE
    + b"\n\n"
    + b"two words".ljust(76)
    + b"\r\n",
    "an LF in place of every CR but one": (LINE + b"\r\n" + (LINE + b"\n\n") * 3 + b"two words".ljust(76) + b"\r\n"),
    "an LF within a line": LINE + b"\r\n" + LINE[:40] + b"\n" + LINE[40:] + b"\n" + LINE + b"\r\n",
    "padding at the end of a whole line": LINE + b"\r\n" + LINE[:-1] + b"=\r\n" + LINE + b"\r\n",
    "padding within a line": LINE + b"\r\n" + LINE[:43] + b"=" + LINE[44:] + b"\r\n" + LINE + b"\r\n",
    "characters of another alphabet": LINE + b"\r\n" + LINE[:-8] + b"-_-_-_-_\r\n" + LINE + b"\r\n",
}


@pytest.mark.parametrize("rule", ALMOST_REGULAR)
def test_lines_that_are_almost_like_the_first_are_read_as_they_are_one_at_a_time(rule):
    body = ALMOST_REGULAR[rule]
    lines, last = body.splitlines(keepends=True), body.rindex(b"\n", 0, -1) + 1
    first = len(lines[0])
    cut = ([body], [body[:last], body[last:]], [body[:first], body[first:last], body[last:]])
    found = [_found(pieces) for pieces in (lines, *cut)]
    assert found.count(found[0]) == 4
    of_another = {b"words": "base64-footer", b"-_": "base64-incomplete"}
    assert found[0][1] == next((flaw for mark, flaw in of_another.items() if mark in body), UNPADDED)


def _found(pieces):
    decoder = make_decoder("base64")
    return b"".join(decoded(decoder, iter(pieces))), decoder.flaw


BROKEN = {
    "three characters are missing": base64.b64encode(DATA[:99])[:-3],
    "a character is missing in the middle of pieces": b"QUJDR\r\n=\r\nQUJD\r\n",
    "one character": b"Q",
    "one character and padding": b"Q===",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_six_bits_make_no_byte_so_the_file_is_cut(rule):
    only, _ = leaf(BROKEN[rule], BASE64)
    assert (only.kind, only.why) == ("cut", "base64-incomplete")


OF_ANOTHER_ALPHABET = {
    "that of web addresses": base64.urlsafe_b64encode(b"\xfb\xff\xfe" * 30) + b"\r\n",
    "dashes right behind the data": base64_lines(DATA[:99]) + b"-- Scanned --\r\n",
    "a boundary that nobody named": base64_lines(DATA[:99]) + b"--=_Next_Part_1\r\n",
}


@pytest.mark.parametrize("rule", OF_ANOTHER_ALPHABET)
def test_what_could_be_read_in_two_ways_is_cut_and_not_guessed_at(rule):
    only, _ = leaf(OF_ANOTHER_ALPHABET[rule], BASE64)
    assert (only.kind, only.why) == ("cut", "base64-incomplete")


@pytest.mark.parametrize("missing", range(1, 9))
def test_a_file_in_which_its_message_broke_off_is_cut(missing):
    """A relay that stops within the base64 leaves no end of the message: half a list of pupils is not the list."""
    whole = multipart(part(b"Hello", PLAIN), part(base64_lines(DATA[:99]), "Content-Type: application/pdf", BASE64))
    body = whole[: whole.rindex(b"\r\n--")].rstrip(b"\r\n")
    found = read(body[:-missing] + b"\r\n").parts[1]
    assert found.flaws == ("unclosed",)
    assert (found.kind, found.why) == ("cut", "base64-incomplete")


@pytest.mark.parametrize("lines", range(4))
def test_a_file_that_broke_off_at_the_end_of_a_line_is_cut_unless_its_padding_says_that_it_is_whole(lines):
    """Lines are of whole groups of four, so that nothing is missing but the rest."""
    data = DATA[:200]
    whole = multipart(
        part(b"Hello", PLAIN), part(base64_lines(data, width=60), "Content-Type: text/csv; name=x", BASE64)
    )
    body = whole[: whole.rindex(b"\r\n--")].rstrip(b"\r\n")
    found = read(b"\r\n".join(body.split(b"\r\n")[: -lines or None]) + b"\r\n").parts[1]
    assert (found.kind, found.why) == (("cut", "base64-incomplete") if lines else ("file", ""))
    assert found.flaws == ("unclosed",)


NO_MARKS = {"7bit": "7bit", "8bit": "8bit", "binary": "binary", "quoted-printable": "quoted-printable", "none": ""}


@pytest.mark.parametrize("rule", NO_MARKS)
def test_what_has_no_mark_of_its_end_is_not_ended_where_the_message_broke_off(rule):
    """Some honest programs never close a message: the file is taken, and nobody can say whether it is whole."""
    encoding = [f"Content-Transfer-Encoding: {NO_MARKS[rule]}"] if NO_MARKS[rule] else []
    parts = [part(b"a,b\r\n", f"Content-Type: text/csv; name={name}", *encoding) for name in ("1", "2")]
    whole = multipart(*parts)
    assert [each.is_ended for each in read(whole).parts] == [True, True]
    broken = read(whole[: whole.rindex(b"b\r\n\r\n--")])
    assert [(each.kind, each.is_ended) for each in broken.parts] == [("file", True), ("file", False)]


def test_padding_and_an_end_of_its_own_say_that_a_file_is_whole_wherever_its_message_ends():
    padded = part(base64_lines(b"1234"), "Content-Type: text/csv; name=1", BASE64)
    uu = part(uuencoded(b"1234", "1"), "Content-Type: text/csv; name=2", "Content-Transfer-Encoding: x-uuencode")
    for last in (padded, uu):
        whole = multipart(part(b"Hello", PLAIN), last)
        found = read(whole[: whole.rindex(b"\r\n--")]).parts[1]
        assert (found.kind, found.flaws, found.is_ended) == ("file", ("unclosed",), True)


@pytest.mark.parametrize("is_inner_closed", [True, False])
def test_of_an_attached_message_the_file_that_stood_last_counts(is_inner_closed):
    inner = multipart(part(b"a,b", "Content-Type: text/csv; name=1"), boundary=b"inner")
    if not is_inner_closed:
        inner = inner[: inner.rindex(b"\r\n--inner--")]
    whole = multipart(part(inner, "Content-Type: message/rfc822"), boundary=b"outer")
    found = read(whole[: whole.rindex(b"\r\n--outer--")]).parts[1]
    assert (found.name, found.kind, found.is_ended) == ("1", "file", is_inner_closed)


def test_padding_that_is_missing_where_the_message_goes_on_is_a_matter_of_style():
    sloppy = part(base64.b64encode(DATA[:100]).rstrip(b"="), "Content-Type: application/pdf", BASE64)
    found = read(multipart(sloppy, part(b"Bye", PLAIN)))
    assert (found.kinds, found.file) == (["file", "text-body"], DATA[:100])


def test_nothing_in_base64_is_an_empty_file():
    for body in (b"", b"\r\n", b"====", b"\r\n \r\n"):
        assert leaf(body, BASE64)[1] == b""


QUOTED = {
    "plain text": (b"name,mark\r\nA,1\r\n", b"name,mark\r\nA,1\r\n"),
    "escapes": (b"caf=C3=A9=3D", "café=".encode()),
    "escapes in lower case": (b"caf=c3=a9", "café".encode()),
    "a line broken softly": (b"one =\r\ntwo", b"one two"),
    "a line broken softly in a letter of LF": (b"one =\ntwo", b"one two"),
    "a soft break that a relay padded": (b"one =  \t\r\ntwo", b"one two"),
    "a soft break at the very end": (b"one=", b"one"),
    "an escape that is none is kept": (b"100=ZZ and =", b"100=ZZ and "),
    "bytes that should have been escaped": ("café".encode(), "café".encode()),
    "line ends that were escaped": (b"a=0D=0Ab=0A", b"a\r\nb\n"),
    "a null": (b"a=00b", b"a\0b"),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize("rule", QUOTED)
def test_quoted_printable_is_read(rule):
    body, expected = QUOTED[rule]
    only, data = leaf(body, QP)
    assert data == expected
    assert only.flaws == ()


AS_THEY_ARE = ["7bit", "8bit", "binary", "7-bit", "8BIT", ""]


@pytest.mark.parametrize("encoding", AS_THEY_ARE)
def test_what_is_on_the_wire_is_what_was_attached(encoding):
    data = b"\r\n\0\xff\r\n-- \r\n--almost\r\nbegin 644 x\r\nFrom me\r\n\n\r=3D"
    assert leaf(data, f"Content-Transfer-Encoding: {encoding}")[1] == data


@pytest.mark.parametrize("encoding", ["x-yenc", "mac-binhex40", "uuencode64", "base65", "\xe9"])
def test_an_unknown_encoding_cuts_the_file(encoding):
    only, _ = leaf(b"x", f"Content-Transfer-Encoding: {encoding}")
    assert (only.kind, only.why) == ("cut", "unknown-encoding")


@pytest.mark.parametrize("encoding", ["x-uuencode", "x-uue", "uuencode", "uue"])
def test_uuencode_is_a_transfer_encoding_too(encoding):
    header = f"Content-Transfer-Encoding: {encoding}"
    only, data = leaf(b"a word before\r\n" + uuencoded(DATA) + b"a word behind\r\n", header)
    assert data == DATA
    assert only.flaws == ()


def test_the_name_in_uuencode_counts_where_there_is_no_other():
    header = "Content-Transfer-Encoding: x-uuencode"
    letter = read(part(uuencoded(DATA, "8301102_SENa.pdf"), header, "Content-Type: application/octet-stream"))
    assert letter.name == "8301102_SENa.pdf"
    assert leaf(uuencoded(DATA, "8301102_SENa.pdf"), header)[0].name == "x.pdf"
    assert read(part(uuencoded(DATA, "smime.p7s"), header)).kinds == ["signature"]


UU_BROKEN = {
    "no begin": b"#0V%T\r\n`\r\nend\r\n",
    "no end": b"begin 644 x\r\n#0V%T\r\n",
    "a line that is none": b"begin 644 x\r\n#0V%T\r\nwhat is this\r\n`\r\nend\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("rule", UU_BROKEN)
def test_uuencode_that_does_not_end_cuts_the_file(rule):
    only, _ = leaf(UU_BROKEN[rule], "Content-Transfer-Encoding: x-uuencode")
    assert (only.kind, only.why) == ("cut", "uuencode-incomplete")


LARGE = random.Random(1).randbytes(700_001)
LARGE_FORMS = {
    "base64": base64_lines(LARGE),
    "base64 in LF": base64_lines(LARGE, end=b"\n"),
    "base64 in one line": base64.b64encode(LARGE),
    "base64 in odd lines": base64_lines(LARGE, width=1001),
    "quoted-printable": "".join(f"={byte:02X}" for byte in LARGE[:200_000]).encode(),
    "quoted-printable in lines": b"=\r\n".join(b"=%02X" % byte * 20 for byte in LARGE[:30_000]),
    "binary": LARGE.replace(b"\n--", b""),
    "x-uuencode": uuencoded(LARGE),
}


@pytest.mark.parametrize("rule", LARGE_FORMS)
def test_how_the_bytes_come_in_does_not_matter(rule):
    encoding, body = rule.split()[0], LARGE_FORMS[rule]
    raw = multipart(part(body, f"Content-Transfer-Encoding: {encoding}", "Content-Type: a/b"))
    expected = {"quoted-printable": None, "binary": body}.get(encoding, LARGE)
    at_once = b"".join(decoded(make_decoder(encoding), iter([body])))
    assert at_once == (at_once if expected is None else expected)
    assert len(at_once) >= 200_000
    assert read(raw).file == at_once
    assert read(raw, stream=Dribble(raw, 1, most=5000)).file == at_once


@pytest.mark.parametrize("rule", ["base64", "base64 in one line", "quoted-printable", "binary", "x-uuencode"])
def test_memory_does_not_grow_with_the_message(rule):
    encoding, body = rule.split()[0], LARGE_FORMS[rule]
    head = part(b"", f"Content-Transfer-Encoding: {encoding}", "Content-Type: a/b")
    stream = _Endless(head, body, 12_000_000)
    tracemalloc.start()
    try:
        read_message(stream, stream.size, Nowhere())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


class _Endless:
    """A head, and a body again and again until there is enough of it."""

    def __init__(self, head, body, size):
        self.size = size
        self._head = head
        self._body = body
        self._at = 0

    def read(self, size):
        size = min(size, self.size - self._at)
        piece = (self._head if self._at == 0 else self._body)[:size]
        self._at += len(piece)
        return piece
