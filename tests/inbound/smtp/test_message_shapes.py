"""Multiparts and letters within letters: every leaf once, and exactly its bytes (Source: RFC 2046 5.1; SPEC 4)."""

import email
import email.policy
import hashlib
import importlib.util
import io
from pathlib import Path

import pytest

from tests.inbound.smtp.letters import (
    BASE64,
    HTML,
    PDF,
    PLAIN,
    Dribble,
    attachment,
    base64_lines,
    multipart,
    oracle,
    part,
    read,
)


def kinds(raw):
    return read(raw).kinds


def test_one_part_is_the_whole_letter():
    found = read(part(PDF, "Content-Type: application/pdf; name=a.pdf"))
    assert (found.kinds, found.name, found.file) == (["file"], "a.pdf", PDF)
    assert found.parts[0].container is None


def test_a_letter_of_nothing_is_an_empty_text():
    assert kinds(b"") == ["text-body"]


def test_the_order_is_that_of_the_letter():
    found = read(multipart(attachment(b"1", "1"), part(b"x", PLAIN), attachment(b"2", "2"), attachment(b"3", "3")))
    assert found.kinds == ["file", "text-body", "file", "file"]
    assert (found.names, found.files) == (["1", "2", "3"], [b"1", b"2", b"3"])


class InTwo(io.BytesIO):
    """A stream that gives so many bytes first, and then the rest."""

    def __init__(self, raw, first):
        super().__init__(raw)
        self._first = first

    def read(self, size=-1):
        return super().read(self._first if not self.tell() else size)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_where_a_letter_is_cut_in_two_does_not_matter(line_end):
    text = b"-\r\n--\r\n--x\r\n-- \r\n\r\n--xy-\r\nA - B\r\r\n\r\n--\r"
    inner = multipart(part(text, PLAIN), attachment(PDF, "1"), boundary=b"xy")
    raw = multipart(inner, part(b"a,b\r\n-,-\r\n", "Content-Type: text/csv; name=2"), boundary=b"xyz")
    raw = raw.replace(b"\r\n", line_end)
    whole = read(raw)
    assert (whole.kinds, whole.names) == (["text-body", "file", "file"], ["1", "2"])
    for first in range(1, len(raw)):
        found = read(raw, stream=InTwo(raw, first))
        assert (found.message, found.files) == (whole.message, whole.files)


def test_two_files_of_one_name_are_two_files():
    assert read(multipart(attachment(b"1"), attachment(b"2"))).files == [b"1", b"2"]


def test_multiparts_within_one_another():
    inner = multipart(part(b"plain", PLAIN), part(b"<p>", HTML), subtype="alternative", boundary=b"inner")
    related = multipart(inner, attachment(b"1", "1"), subtype="related", boundary=b"middle")
    found = read(multipart(related, attachment(b"2", "2"), boundary=b"outer"))
    assert found.kinds == ["text-body", "text-body", "file", "file"]
    assert found.names == ["1", "2"]


BODIES = {  # what stands between two boundaries, and the bytes of the part
    "the last line end belongs to the boundary": (b"x\r\n", b"x\r\n"),
    "no line end": (b"x", b"x"),
    "empty": (b"", b""),
    "line ends alone": (b"\r\n\r\n", b"\r\n\r\n"),
    "a boundary that is longer": (b"x\r\n--bb\r\ny", b"x\r\n--bb\r\ny"),
    "a boundary within a line": (b"x --b\r\ny", b"x --b\r\ny"),
    "a boundary after a CR alone": (b"x\r--b\r\ny", b"x\r--b\r\ny"),
    "a boundary with something behind it": (b"x\r\n--b y\r\nz", b"x\r\n--b y\r\nz"),
    "a boundary with too many blanks behind it": (
        b"x\r\n--b" + b" " * 300 + b"\r\nz",
        b"x\r\n--b" + b" " * 300 + b"\r\nz",
    ),
    "hyphens": (b"--\r\n-- \r\n---b\r\n", b"--\r\n-- \r\n---b\r\n"),
}


@pytest.mark.parametrize("rule", BODIES)
def test_only_a_boundary_on_a_line_of_its_own_ends_a_part(rule):
    body, expected = BODIES[rule]
    found = read(multipart(part(body, "Content-Type: a/b"), attachment(b"next", "n"), boundary=b"b"))
    assert found.files == [expected, b"next"]


ENDS = {
    "as it should be": b"--b--\r\n",
    "blanks behind it": b"--b-- \t\r\n",
    "no line end": b"--b--",
    "an epilogue": b"--b--\r\nThis is no part.\r\n--b\r\nnor is this\r\n",
    "a boundary of LF": b"--b--\n",
    "a stray CR": b"--b--\r\r\n",
}


@pytest.mark.parametrize("rule", ENDS)
def test_a_multipart_ends_at_its_closing_boundary(rule):
    raw = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + attachment() + b"\r\n" + ENDS[rule]
    found = read(raw)
    assert (found.kinds, found.file) == (["file"], PDF)
    assert found.message.faults == ()


def test_what_stands_behind_the_end_of_an_inner_multipart_is_no_part_of_it():
    inner = multipart(attachment(b"1", "1"), boundary=b"inner") + b"\r\nAn epilogue\r\n--inner\r\nand more\r\n"
    assert read(multipart(inner, attachment(b"2", "2"), boundary=b"outer")).names == ["1", "2"]


def test_a_preamble_is_no_part():
    raw = multipart(attachment()).replace(b"\r\n\r\n", b"\r\n\r\nThis is a message in MIME format.\r\n", 1)
    assert kinds(raw) == ["file"]


def test_a_letter_of_lf_is_read_as_well():
    found = read(multipart(part(b"Hello\n", PLAIN), attachment()).replace(b"\r\n", b"\n"))
    assert (found.kinds, found.file) == (["text-body", "file"], PDF)
    assert found.parts[0].size == len("Hello\n")


def test_a_multipart_without_a_boundary_is_listed():
    assert kinds(part(b"--x\r\n\r\n--x--", "Content-Type: multipart/mixed")) == ["empty-multipart"]
    assert kinds(part(b"x", 'Content-Type: multipart/mixed; boundary=""')) == ["empty-multipart"]
    assert kinds(part(b"x", f"Content-Type: multipart/mixed; boundary={'b' * 513}")) == ["empty-multipart"]


def test_a_boundary_may_be_as_long_as_anybody_writes_it():
    boundary = b"b" * 512
    assert kinds(multipart(attachment(), boundary=boundary)) == ["file"]


def test_a_multipart_in_which_no_part_is_found_is_listed():
    found = read(part(b"There is no boundary here.", "Content-Type: multipart/mixed; boundary=b"))
    assert (found.kinds, found.parts[0].size) == (["empty-multipart"], len("There is no boundary here."))


def test_an_empty_multipart_beside_a_file():
    assert kinds(multipart(multipart(boundary=b"x"), attachment())) == ["empty-multipart", "file"]


UNCLOSED = {
    "the end is missing": lambda raw: raw[: raw.rindex(b"\r\n--b--")],
    "half of the end is missing": lambda raw: raw[: raw.rindex(b"--b--") + 1],
    "the line end behind the last part is there": lambda raw: raw[: raw.rindex(b"--b--")],
}


@pytest.mark.parametrize("rule", UNCLOSED)
def test_a_letter_without_its_end_keeps_its_files_and_says_so(rule):
    whole = multipart(attachment(b"1", "1"), attachment(b"last one", "2"), boundary=b"b")
    found = read(UNCLOSED[rule](whole))
    assert (found.names, found.files) == (["1", "2"], [b"1", b"last one"])
    assert found.parts[0].flaws == ()
    assert "unclosed" in found.parts[1].flaws
    assert found.message.faults == ("unclosed",)


def test_a_boundary_that_opens_a_part_at_the_very_end_says_so_too():
    found = read(multipart(attachment(), end=b"")[:-2])
    assert found.kinds == ["file", "text-body"]
    assert found.message.faults == ("unclosed",)


def test_an_attached_letter_without_its_end_says_so():
    inner = multipart(attachment(), boundary=b"inner")[: -len("--inner--\r\n")]
    found = read(multipart(part(inner, "Content-Type: message/rfc822"), attachment(b"2", "2"), boundary=b"outer"))
    assert found.kinds == ["opened-message", "file", "file"]
    assert [each.flaws for each in found.parts] == [(), ("unclosed",), ()]


def test_an_inner_multipart_that_is_not_closed_ends_with_the_outer_one():
    inner = multipart(attachment(b"1", "1"), boundary=b"inner", end=b"XX")
    raw = multipart(inner[: inner.rindex(b"--innerXX")], attachment(b"2", "2"), boundary=b"outer")
    found = read(raw)
    assert (found.names, found.files) == (["1", "2"], [b"1", b"2"])
    assert found.message.faults == ()


def test_of_two_boundaries_on_one_line_the_inner_one_counts():
    """Outlook Express for the Macintosh used one boundary for a multipart and for the one within it."""
    inner = multipart(attachment(b"1", "1"), attachment(b"2", "2"), boundary=b"same")
    raw = multipart(inner, attachment(b"3", "3"), boundary=b"same")
    assert read(raw).names == ["1", "2", "3"]


def test_a_boundary_that_begins_like_another_is_another():
    inner = multipart(attachment(b"1", "1"), attachment(b"2", "2"), boundary=b"b-inner")
    raw = multipart(inner, attachment(b"3", "3"), boundary=b"b")
    assert read(raw).names == ["1", "2", "3"]
    inner = multipart(attachment(b"1", "1"), boundary=b"b")
    raw = multipart(inner, attachment(b"2", "2"), boundary=b"b--")
    assert read(raw).names[0] == "1"


def test_a_digest_holds_letters():
    inner = multipart(attachment(), boundary=b"inner", headers=("Subject: theirs",))
    found = read(multipart(part(inner), part(part(b"x", PLAIN)), subtype="digest"))
    assert found.kinds == ["opened-message", "file", "opened-message", "text-body"]


# Letters within letters.


def letter_in(raw, *headers):
    return part(raw, "Content-Type: message/rfc822", *headers)


def test_an_attached_letter_is_opened_and_listed():
    inner = multipart(part(b"theirs", PLAIN), attachment(), headers=("Subject: theirs",), boundary=b"inner")
    found = read(multipart(part(b"ours", PLAIN), letter_in(inner), headers=("Subject: ours",)))
    assert found.kinds == ["text-body", "opened-message", "text-body", "file"]
    assert [each.container for each in found.parts] == [None, None, 2, 2]
    assert found.file == PDF
    assert found.message.heading.subject == "ours"
    assert found.message.comment == "ours"


def test_an_attached_letter_in_base64_is_opened_too():
    found = read(letter_in(base64_lines(multipart(attachment())), BASE64))
    assert (found.kinds, found.file) == (["opened-message", "file"], PDF)


NAMED = 'Content-Disposition: attachment; filename="8301102_SAFEconcern20261122.eml"'
CONCERN = multipart(part(b"a concern", PLAIN), part(b"<p>a concern", HTML), boundary=b"inner", subtype="alternative")


def test_an_attached_letter_that_was_named_for_the_gateway_is_the_file_when_it_holds_none():
    for headers, body in (((), CONCERN), ((BASE64,), base64_lines(CONCERN))):
        found = read(multipart(part(b"ours", PLAIN), letter_in(body, NAMED, *headers)))
        assert found.kinds == ["text-body", "file", "text-body", "text-body"]
        assert (found.file, found.message.cause) == (CONCERN, "")


def test_a_logo_in_a_named_letter_does_not_stand_for_it():
    logo = part(base64_lines(b"png"), "Content-Type: image/png", "Content-Disposition: inline", BASE64)
    found = read(letter_in(multipart(part(b"a concern", PLAIN), logo, boundary=b"inner"), NAMED))
    assert found.kinds == ["file", "text-body", "signature-picture"]


def test_the_files_in_a_named_letter_stand_for_it_however_deep_they_lie():
    inner = letter_in(multipart(attachment(), boundary=b"inner"))
    found = read(letter_in(multipart(inner, boundary=b"outer"), NAMED))
    assert (found.kinds, found.file) == (["opened-message", "opened-message", "file"], PDF)
    both = read(letter_in(multipart(letter_in(CONCERN, NAMED), boundary=b"outer"), NAMED))
    assert (both.kinds, both.file) == (["opened-message", "file", "text-body", "text-body"], CONCERN)


def test_a_named_letter_that_was_cut_is_never_taken_for_whole():
    found = read(letter_in(base64_lines(CONCERN[:99]) + b"A", NAMED, BASE64))
    assert found.parts[0].kind == "cut"


def test_letters_within_letters_within_letters():
    raw = attachment()
    for level in range(5):
        raw = letter_in(multipart(raw, boundary=b"b%d" % level))
    found = read(raw)
    assert found.kinds == ["opened-message"] * 5 + ["file"]
    assert [each.container for each in found.parts] == [None, 1, 2, 3, 4, 5]
    assert found.file == PDF


def test_the_boundary_of_a_letter_is_of_no_meaning_within_an_attached_one():
    inner = multipart(attachment(b"1", "1"), boundary=b"same")
    found = read(multipart(letter_in(inner), attachment(b"2", "2"), boundary=b"same"))
    assert found.kinds == ["opened-message", "empty-multipart", "file"]


def test_an_attached_letter_that_is_none_is_a_text():
    assert kinds(letter_in(b"")) == ["opened-message", "text-body"]
    assert kinds(letter_in(b"\xff\xfe no letter")) == ["opened-message", "text-body"]


def test_what_came_back_with_a_bounce_is_not_opened():
    back = letter_in(multipart(attachment(), boundary=b"inner"))
    status = part(b"Action: failed\r\n", "Content-Type: message/delivery-status")
    found = read(multipart(part(b"It failed.", PLAIN), status, back, subtype="report"))
    assert found.kinds == ["text-body", "delivery-report", "delivery-report"]
    assert found.message.heading.automation.is_report


def test_a_digest_of_every_part_is_kept_also_of_what_is_no_file():
    (text,) = read(part(b"Hello\r\n", PLAIN)).parts
    assert (text.size, text.sha256) == (7, hashlib.sha256(b"Hello\r\n").hexdigest())


# The second opinion.

_found = importlib.util.find_spec("test.test_email")
CORPUS = Path(_found.origin).parent / "data" if _found and _found.origin else Path("absent")
LETTERS = sorted(each.name for each in CORPUS.glob("msg_*.txt")) if CORPUS.is_dir() else []
OUR_OWN_READING = {  # where we differ from the standard library, why, and how
    "msg_05.txt": ("what came back with a bounce is not opened", ["text-body", "text-body", "delivery-report"]),
    "msg_15.txt": ("of two equal boundaries the inner one counts", ["text-body", "text-body", "base64-incomplete"]),
    "msg_16.txt": ("what came back with a bounce is not opened", ["text-body", "delivery-report", "delivery-report"]),
    "msg_17.txt": ("what no boundary opens is no part", ["empty-multipart"]),
    "msg_31.txt": ("what no boundary opens is no part", ["empty-multipart"]),
    "msg_36.txt": ("what is elsewhere is not opened", ["text-body", "elsewhere", "elsewhere"]),
    "msg_37.txt": ("nothing between two boundaries is a part", ["text-body"] * 7),
    "msg_39.txt": ("of two equal boundaries the inner one counts", ["file"] * 6 + ["text-body"]),
    "msg_42.txt": ("a multipart without parts is no text", ["text-body", "opened-message", "empty-multipart"]),
    "msg_43.txt": ("a delivery report is one part", ["text-body", "delivery-report", "delivery-report"]),
}


@pytest.mark.skipif(
    not LETTERS, reason="the standard library's corpus of messages, test/test_email/data, is not installed"
)
def test_the_corpus_is_whole():
    assert len(LETTERS) >= 45


@pytest.mark.parametrize("name", LETTERS)
def test_the_corpus_of_the_standard_library_gives_the_same_bytes(name):
    raw = (CORPUS / name).read_bytes()
    found = read(raw)
    ours = [each.sha256 for each in found.parts if each.why != "opened-message"]
    theirs = [hashlib.sha256(data).hexdigest() for data in oracle(raw)]
    assert (ours != theirs) == (name in OUR_OWN_READING)
    assert name not in OUR_OWN_READING or found.kinds == OUR_OWN_READING[name][1]
    in_pieces = read(raw, stream=Dribble(raw, 1))
    assert (in_pieces.message, in_pieces.files) == (found.message, found.files)


def test_what_the_newest_mailer_of_python_writes_is_read():
    letter = email.message.EmailMessage()
    letter["From"] = "Hannah Ashdown <h.ashdown@leys.example>"
    letter["Subject"] = "Café #menu"
    letter.set_content("Grüße\n")
    letter.add_alternative("<p>Grüße</p>", subtype="html")
    letter.add_attachment(PDF, maintype="application", subtype="pdf", filename="8301102_SENcafé – 日本20261122.pdf")
    letter.add_attachment("name;mark\n", subtype="csv", filename="8301102_INFO.csv")
    for policy in (email.policy.SMTP, email.policy.SMTPUTF8, email.policy.default):
        found = read(letter.as_bytes(policy=policy))
        assert found.kinds == ["text-body", "text-body", "file", "file"]
        assert found.names == ["8301102_SENcafé – 日本20261122.pdf", "8301102_INFO.csv"]
        assert found.files[0] == PDF
        assert found.message.comment == "Grüße"
        assert found.message.tags == ("menu",)
