"""Files that old software wrote into the text of a letter (Source: POSIX uuencode; SPEC 4)."""

import binascii

import pytest

from tests.inbound.smtp.letters import HTML, PLAIN, Dribble, part, read
from tests.inbound.smtp.sound_letters import uuencoded

DATA = bytes(range(256)) + b"the end"
UU = uuencoded(DATA, "8301102_SENa.pdf")


def letter(text, *headers):
    return read(part(text, *(headers or (PLAIN,))))


def test_a_file_in_a_text_is_a_part_beside_it():
    found = letter(b"Dear all\r\n\r\n" + UU + b"Yours\r\n")
    assert found.kinds == ["text-body", "file"]
    assert (found.name, found.file) == ("8301102_SENa.pdf", DATA)
    assert found.parts[1].container == 1
    assert found.message.comment == "Dear all\n\nYours"


def test_every_file_in_a_text_is_a_part():
    found = letter(uuencoded(b"one", "1.pdf") + b"and\r\n" + uuencoded(b"", "2.pdf") + uuencoded(DATA, "3.pdf"))
    assert found.kinds == ["text-body", "file", "file", "file"]
    assert (found.names, found.files) == (["1.pdf", "2.pdf", "3.pdf"], [b"one", b"", DATA])
    assert found.message.comment == "and"


FORMS = {
    "CRLF": UU,
    "LF": UU.replace(b"\r\n", b"\n"),
    "blanks in place of backticks": UU.replace(b"`", b" "),
    "blanks at the ends of lines were taken away": UU.replace(b"`", b" ").replace(b" \r\n", b"\r\n"),
    "no line end at the end": UU.rstrip(),
    "a checksum at the end of every line": b"".join(
        line + (b"x" if line.startswith(b"M") else b"") + b"\r\n" for line in UU.splitlines()
    ),
    "a mode of four digits": UU.replace(b"begin 644", b"begin 0644"),
}


@pytest.mark.parametrize("rule", FORMS)
def test_uuencode_is_read_as_it_really_arrives(rule):
    assert letter(b"See\r\n" + FORMS[rule]).file == DATA


NAMES = {
    b"a b (1).pdf": "a b (1).pdf",
    "café.pdf".encode(): "café.pdf",
    "café.pdf".encode("cp1252"): "café.pdf",
    "cafe\u0301.pdf".encode(): "café.pdf",
    b"..\\x": "..\\x",
    b"=?utf-8?q?x?=": "=?utf-8?q?x?=",  # nothing says that this is to be decoded
}


@pytest.mark.parametrize("written", NAMES)
def test_the_name_is_the_rest_of_the_line(written):
    assert letter(b"begin 644 " + written + b"\r\n#0V%T\r\n`\r\nend\r\n").name == NAMES[written]


PROSE = {
    "the word": b"Dear all\r\nbegin 644 tomorrow, please\r\nYours\r\n",
    "a line that could be one": b"begin 644 x\r\n\r\n",
    "the end": b"begin 644 x",
    "the end of its line": b"begin 644 x\r\n",
    "no mode": b"begin report.pdf\r\n#0V%T\r\n`\r\nend\r\n",
    "no name": b"begin 644 \r\n#0V%T\r\n`\r\nend\r\n",
    "quoted": b"> begin 644 x\r\n> #0V%T\r\n> `\r\n> end\r\n",
    "within a line": b"to begin 644 x\r\n#0V%T\r\n`\r\nend\r\n",
    "an endless name": b"begin 644 " + b"x" * 2000 + b"\r\n#0V%T\r\n`\r\nend\r\n",
}


@pytest.mark.parametrize("rule", PROSE)
def test_prose_stays_prose(rule):
    found = letter(PROSE[rule])
    assert found.kinds == ["text-body"]
    assert found.parts[0].size == len(PROSE[rule])


TRUNCATED = {
    "the text ends": b"begin 644 x.pdf\r\n#0V%T\r\n",
    "a line is none": b"begin 644 x.pdf\r\n#0V%T\r\nthis is prose, long as it is\r\n`\r\nend\r\n",
    "a line is too short for its length and not blank": b"begin 644 x.pdf\r\n#0V%T\r\nM0V\x7f\r\n`\r\nend\r\n",
}


@pytest.mark.parametrize("rule", TRUNCATED)
def test_a_file_that_does_not_end_is_cut(rule):
    found = letter(b"See\r\n" + TRUNCATED[rule])
    assert found.kinds == ["text-body", "truncated"]
    assert found.parts[1].name == "x.pdf"


def test_text_behind_a_file_that_broke_off_is_text_again():
    found = letter(b"begin 644 x.pdf\r\n#0V%T\r\nthis is prose, long as it is\r\n" + UU)
    assert found.kinds == ["text-body", "truncated", "file"]
    assert found.file == DATA
    assert found.message.comment == "this is prose, long as it is"


def test_what_mail_systems_add_is_left_out_here_too():
    found = letter(uuencoded(b"x", "smime.p7s") + uuencoded(b"y", "ATT00001.txt") + UU)
    assert found.kinds == ["text-body", "signature", "exchange-split", "file"]


def test_a_page_is_not_searched():
    assert letter(UU, HTML).kinds == ["text-body"]


def test_how_the_text_comes_in_does_not_matter():
    raw = part(b"begin 644 prose\r\nbegin 644\r\n" + UU + b"begin\r\n\r\nbegin " + UU * 3 + b"bye", PLAIN)
    once = read(raw)
    assert len(once.files) == 3
    for seed in range(30):
        pieces = read(raw, stream=Dribble(raw, seed, most=9))
        assert (pieces.message, pieces.files) == (once.message, once.files)


def test_the_standard_library_reads_the_same_bytes():
    lines = UU.splitlines()[1:-2]
    assert b"".join(binascii.a2b_uu(line) for line in lines) == letter(UU).file
