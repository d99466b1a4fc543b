"""winmail.dat: its files come out under their long names; no envelope breaks the reader (Source: MS-OXTNEF; SPEC 4)."""

import logging
import struct
import time

import pytest
from tnefparse import TNEF

from gateway.inbound.smtp.limits import MessageLimits
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import BASE64, HTML, PDF, PLAIN, attachment, base64_lines, multipart, part, read

LONG, SHORT = "8301102_SENannual report café 日本20261122.pdf", "830110~1.PDF"
WINMAIL = "Content-Type: application/ms-tnef; name=winmail.dat"


def winmail(envelope, limits=None):
    return read(multipart(part(b"Dear all\r\n", PLAIN), part(base64_lines(envelope), WINMAIL, BASE64)), limits)


def of(*attachments, codepage=1252):
    """A letter with a sound envelope that holds these."""
    return winmail(tnef.envelope(tnef.opening(codepage=codepage), *attachments))


def test_a_file_comes_out_and_the_envelope_is_listed():
    found = of(tnef.file(PDF, tnef.name_of(LONG), title=SHORT.encode() + b"\0"))
    assert found.kinds == ["text-body", "opened-tnef", "file"]
    assert (found.name, found.file) == (LONG, PDF)
    assert (found.parts[2].container, found.parts[2].disposition) == (2, "attachment")
    assert found.message.cause == ""


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Type: application/ms-tnef",),
        ("Content-Type: application/vnd.ms-tnef",),
        ("Content-Type: application/octet-stream; name=WinMail.DAT",),
        ("Content-Type: application/octet-stream", "Content-Disposition: attachment; filename=winmail.dat"),
    ],
)
def test_an_envelope_is_known_by_type_or_name(headers):
    envelope = tnef.envelope(tnef.file(PDF, tnef.name_of(LONG)))
    assert read(part(base64_lines(envelope), *headers, BASE64)).file == PDF


NAMES = {
    "the long name": ([tnef.name_of(LONG), tnef.text8(tnef.SHORT_NAME, SHORT)], LONG),
    "the long name, wherever it stands": ([tnef.text8(tnef.SHORT_NAME, SHORT), tnef.name_of(LONG)], LONG),
    "the long name in 8 bits": ([tnef.text8(tnef.LONG_NAME, "café.pdf")], "café.pdf"),
    "the short name": ([tnef.text8(tnef.SHORT_NAME, SHORT), tnef.text8(tnef.DISPLAY_NAME, "shown")], SHORT),
    "the title": ([tnef.text8(tnef.DISPLAY_NAME, "shown")], "TITLE.PDF"),
    "composed": ([tnef.name_of("cafe\u0301.pdf")], "café.pdf"),
    "an empty long name is none": ([tnef.name_of("")], "TITLE.PDF"),
    "half a character stays": ([tnef.name_of("\ud800.pdf")], "\ud800.pdf"),
    "a path stays": ([tnef.name_of("..\\..\\x")], "..\\..\\x"),
    "words are not read": ([tnef.name_of("=?utf-8?q?x?=")], "=?utf-8?q?x?="),
    "the first of two": ([tnef.name_of("1.pdf"), tnef.name_of("2.pdf")], "1.pdf"),
}


@pytest.mark.parametrize("rule", NAMES)
def test_the_name_is_the_longest_there_is(rule):
    properties, expected = NAMES[rule]
    assert of(tnef.file(PDF, *properties, title=b"TITLE.PDF\0")).name == expected


def test_the_name_that_is_shown_counts_where_there_is_no_other():
    assert of(tnef.file(PDF, tnef.text8(tnef.DISPLAY_NAME, "shown.pdf"))).name == "shown.pdf"
    assert of(tnef.file(PDF)).name is None


CODEPAGES = {1252: "cp1252", 1251: "cp1251", 932: "cp932", 65001: "utf-8", 28591: "cp1252", 0: "cp1252"}


@pytest.mark.parametrize("codepage", CODEPAGES)
def test_eight_bits_are_read_by_the_codepage_of_the_envelope(codepage):
    name = {1251: "отчёт.doc", 932: "報告.doc"}.get(codepage, "café.doc")
    properties = tnef.text8(tnef.LONG_NAME, name, encoding=CODEPAGES[codepage])
    assert of(tnef.file(PDF, properties), codepage=codepage).name == name


def test_an_unknown_codepage_is_guessed_at():
    assert of(tnef.file(PDF, title="café.doc\0".encode()), codepage=99999).name == "café.doc"


PROPERTIES = {
    "numbers of every size": [
        tnef.number(0x6000, 1, kind)
        for kind in (tnef.SHORT, tnef.LONG, tnef.ERROR, tnef.BOOLEAN, tnef.DOUBLE, tnef.TIME, tnef.LONG_LONG, tnef.GUID)
    ],
    "many numbers": [tnef.numbers(0x6000, [1, 2, 3]), tnef.numbers(0x6000, [])],
    "many texts": [tnef.variable(tnef.STRING8 | tnef.MANY, 0x6000, b"a\0", b"bcd\0", b"")],
    "many bytes of odd lengths": [tnef.variable(tnef.BINARY | tnef.MANY, 0x6000, b"a", b"bc", b"def")],
    "named by a number": [tnef.number(0x8001, 7, named=tnef.named_by_number(5))],
    "named by a text": [tnef.number(0x8001, 7, named=tnef.named_by_text("odd"))],
    "a named text": [tnef.text8(0x8001, "x", named=tnef.named_by_text("even"))],
    "an object": [tnef.variable(tnef.OBJECT, tnef.RENDERING, tnef.STORAGE_ID + b"picture")],
    "a text as large as it likes": [tnef.text8(0x6000, "x" * 100_000)],
}


@pytest.mark.parametrize("rule", PROPERTIES)
def test_other_properties_are_passed_over_to_the_byte(rule):
    found = of(tnef.file(PDF, *PROPERTIES[rule], tnef.name_of(LONG)), tnef.file(b"2", tnef.name_of("2")))
    assert (found.names, found.files) == ([LONG, "2"], [PDF, b"2"])


def test_content_may_stand_in_a_property_and_keeps_its_zeros():
    data = b"ends in zeros\0\0\0"
    found = of(tnef.file(None, tnef.variable(tnef.BINARY, tnef.CONTENT, data), tnef.name_of(LONG)))
    assert (found.name, found.file) == (LONG, data)


def test_an_empty_file_is_a_file():
    assert of(tnef.file(b"", tnef.name_of("a.pdf"))).file == b""


def test_an_attachment_without_content_is_listed_as_an_empty_file():
    assert of(tnef.file(None, tnef.name_of("a.pdf"))).file == b""


def test_a_drawn_object_is_no_file():
    drawn = tnef.variable(tnef.OBJECT, tnef.CONTENT, tnef.STORAGE_ID + b"storage")
    assert of(tnef.file(None, drawn, tnef.name_of("Picture"))).kinds == ["text-body", "opened-tnef", "ole-object"]


def test_files_in_an_attached_letter_come_out_in_its_place():
    inside = [tnef.file(b"1", tnef.name_of("1.pdf")), tnef.file(b"2", tnef.name_of("2.pdf"))]
    found = of(tnef.file(None, tnef.message(tnef.opening(), *inside), tnef.name_of("A letter")), tnef.file(b"3"))
    assert (found.names, found.files) == (["1.pdf", "2.pdf", None], [b"1", b"2", b"3"])


def test_an_attached_letter_too_deep_is_cut():
    envelope = tnef.file(PDF, tnef.name_of("deep.pdf"))
    for level in range(4):
        envelope = tnef.file(None, tnef.message(tnef.opening(), envelope), tnef.name_of(f"letter {level}"))
    envelope = tnef.envelope(tnef.opening(), envelope)
    found = winmail(envelope, MessageLimits(depth=5))
    assert found.name == "deep.pdf"
    found = winmail(envelope, MessageLimits(depth=4))
    assert found.kinds == ["text-body", "opened-tnef", "too-deep"]
    assert found.parts[2].name == "letter 0"
    assert found.message.faults == ("too-deep",)


def test_an_envelope_below_the_depth_is_cut():
    found = winmail(tnef.envelope(tnef.file(PDF)), MessageLimits(depth=1))
    assert found.kinds == ["text-body", "too-deep"]


SHOWN = {
    "hidden": (tnef.number(tnef.HIDDEN, 1, tnef.BOOLEAN), "inline"),
    "not hidden": (tnef.number(tnef.HIDDEN, 0, tnef.BOOLEAN), "attachment"),
    "shown in the text": (tnef.number(tnef.FLAGS, 4), "inline"),
    "other flags": (tnef.number(tnef.FLAGS, 3), "attachment"),
}


@pytest.mark.parametrize("rule", SHOWN)
def test_a_picture_that_the_text_shows_is_inline(rule):
    told, expected = SHOWN[rule]
    found = of(tnef.file(b"png", told, tnef.name_of("image001.png")), tnef.file(PDF, tnef.name_of(LONG)))
    assert found.parts[2].disposition == expected
    assert found.parts[2].why == ("signature-picture" if expected == "inline" else "")


def test_a_type_is_taken_from_the_envelope_if_it_is_one():
    kind = tnef.text8(tnef.MIME_TYPE, "Application/PDF")
    assert of(tnef.file(PDF, kind)).parts[2].content_type == "application/pdf"
    assert (
        of(tnef.file(PDF, tnef.text8(tnef.MIME_TYPE, "no\r\nway"))).parts[2].content_type == "application/octet-stream"
    )


def test_what_mail_systems_add_is_left_out_here_too():
    assert of(tnef.file(PDF, tnef.name_of("smime.p7s"))).kinds == ["text-body", "opened-tnef", "signature"]


NO_FILE = {
    "a letter in rich text": (tnef.envelope(tnef.opening()), "no-file-in-tnef"),
    "an attached letter without a file": (
        tnef.envelope(tnef.file(None, tnef.message(tnef.opening()))),
        "no-file-in-tnef",
    ),
    "nothing": (b"", "unreadable-tnef"),
    "another format": (b"PK\x03\x04 and so on, as long as it likes", "unreadable-tnef"),
    "half a signature": (tnef.SIGNATURE[:3], "unreadable-tnef"),
    "a level that is none": (tnef.envelope(tnef.attribute(9, tnef.DATA, b"x")), "unreadable-tnef"),
}


@pytest.mark.parametrize("rule", NO_FILE)
def test_no_file_inside_is_a_cause_and_no_crash(rule):
    envelope, why = NO_FILE[rule]
    found = winmail(envelope)
    assert found.kinds == ["text-body", why]
    assert found.message.cause == "no-file-in-tnef"


def of_class(name):
    return tnef.envelope(tnef.attribute(tnef.MESSAGE, tnef.CLASS, name.encode() + b"\0"))


@pytest.mark.parametrize(
    "name", ["IPM.Microsoft Mail.Read Receipt", "IPM.Microsoft Mail.Non-Delivery", "REPORT.IPM.Note.IPNRN"]
)
def test_a_report_in_an_envelope_is_a_report(name):
    found = winmail(of_class(name))
    assert found.kinds == ["text-body", "delivery-report"]
    assert found.message.is_report


def test_a_report_that_a_person_forwards_is_no_report_of_theirs():
    inner = multipart(part(base64_lines(of_class("REPORT.IPM.Note.NDR")), WINMAIL, BASE64), boundary=b"inner")
    found = read(multipart(part(b"See this", PLAIN), part(b"Subject: x\r\n" + inner, "Content-Type: message/rfc822")))
    assert "delivery-report" in found.kinds
    assert not found.message.is_report


def test_a_recall_of_outlook_is_a_cause_of_its_own():
    found = winmail(of_class("IPM.Outlook.Recall"))
    assert found.kinds == ["text-body", "recall-request"]
    assert found.message.cause == "recall-request"
    assert not found.message.is_report


RECALL = b"Subject: Recall: Return for 2026\r\n\r\n"


@pytest.mark.parametrize(
    ("letter", "cause"),
    [
        (RECALL + b'Ashdown, Ruth would like to recall the message, "Return for 2026".\r\n', "recall-request"),
        (RECALL + b"Please find the recall of products attached.\r\n", "nothing-attached"),
        (b"Subject: Files\r\n\r\nI would like to recall the message of Monday.\r\n", "nothing-attached"),
    ],
)
def test_a_recall_to_another_mail_system_is_known_by_its_words(letter, cause):
    assert read(letter).message.cause == cause


def test_beside_a_file_an_empty_envelope_is_no_cause():
    found = read(multipart(part(base64_lines(tnef.envelope()), WINMAIL, BASE64), attachment()))
    assert found.kinds == ["no-file-in-tnef", "file"]
    assert found.message.cause == ""


def test_a_page_beside_it_is_still_a_text():
    found = read(multipart(part(b"<p>Hello", HTML), part(base64_lines(tnef.envelope()), WINMAIL, BASE64)))
    assert found.message.comment == "Hello"


CONTENTS = {
    "content twice": [tnef.attribute(2, tnef.DATA, b"1"), tnef.attribute(2, tnef.DATA, b"22")],
    "content, and content in a property": [
        tnef.attribute(2, tnef.DATA, b"1"),
        tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.variable(tnef.BINARY, tnef.CONTENT, b"22"))),
    ],
    "content twice in one property": [
        tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.variable(tnef.BINARY, tnef.CONTENT, b"1", b"22"))),
    ],
    "properties twice": [
        tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.variable(tnef.BINARY, tnef.CONTENT, b"1"))),
        tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.variable(tnef.BINARY, tnef.CONTENT, b"22"))),
    ],
}


@pytest.mark.parametrize("rule", CONTENTS)
def test_of_two_contents_the_first_counts(rule):
    name = tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.name_of("a.pdf")))
    found = of(tnef.file(None), *CONTENTS[rule], name, tnef.file(b"next", tnef.name_of("b.pdf")))
    assert (found.names, found.files) == (["a.pdf", "b.pdf"], [b"1", b"next"])


LETTER = tnef.message(tnef.opening(), tnef.file(b"in", tnef.name_of("in.pdf")))
LETTERS = {
    "content, then a letter": ([tnef.DATA, LETTER], ["a.pdf", "in.pdf"], [b"1", b"in"]),
    "a letter, then content": ([LETTER, tnef.DATA], ["in.pdf", "a.pdf"], [b"in", b"1"]),
    "a letter twice": ([LETTER, LETTER], ["in.pdf", "in.pdf"], [b"in", b"in"]),
    "content on both sides": ([tnef.DATA, LETTER, tnef.DATA], ["a.pdf", "in.pdf", "a.pdf"], [b"1", b"in", b"1"]),
}


@pytest.mark.parametrize("rule", LETTERS)
def test_a_letter_and_content_in_one_attachment_are_both_listed(rule):
    order, names, files = LETTERS[rule]
    made = [
        tnef.attribute(2, tnef.DATA, b"1")
        if each is tnef.DATA
        else tnef.attribute(2, tnef.PROPERTIES, tnef.properties(each))
        for each in order
    ]
    name = tnef.attribute(2, tnef.PROPERTIES, tnef.properties(tnef.name_of("a.pdf")))
    found = of(tnef.file(None), name, *made, tnef.file(b"next", tnef.name_of("b.pdf")))
    assert (found.names, found.files) == ([*names, "b.pdf"], [*files, b"next"])


def test_content_before_any_attachment_belongs_to_nothing():
    assert of(tnef.attribute(2, tnef.DATA, b"x"), tnef.attribute(2, tnef.TITLE, b"x\0")).kinds[1:] == [
        "no-file-in-tnef"
    ]


def test_an_envelope_that_ends_anywhere_gives_whole_files_or_cut_ones():
    whole = tnef.envelope(
        tnef.opening(),
        tnef.file(PDF, tnef.name_of("1.pdf")),
        tnef.file(None, tnef.variable(tnef.BINARY, tnef.CONTENT, PDF), tnef.name_of("2.pdf")),
        tnef.file(None, tnef.message(tnef.opening(), tnef.file(PDF, tnef.name_of("3.pdf")))),
    )
    seen = set()
    for end in range(len(whole)):
        found = winmail(whole[:end])
        assert all(data in (PDF, b"") for data in found.files)
        seen.update(found.kinds)
    assert seen == {"text-body", "opened-tnef", "unreadable-tnef", "no-file-in-tnef", "file", "truncated"}


LYING = {
    "2^32 properties": tnef.attribute(2, tnef.PROPERTIES, struct.pack("<I", 0xFFFFFFFF)),
    "2^32 values": tnef.attribute(
        2, tnef.PROPERTIES, struct.pack("<I", 1) + tnef.key(tnef.BINARY, tnef.CONTENT) + struct.pack("<I", 0xFFFFFFFF)
    ),
    "2^32 numbers": tnef.attribute(
        2, tnef.PROPERTIES, struct.pack("<I", 1) + tnef.key(tnef.GUID | tnef.MANY, 1) + struct.pack("<I", 0xFFFFFFFF)
    ),
    "a name of 2^32 bytes": tnef.attribute(
        2, tnef.PROPERTIES, struct.pack("<I", 1) + tnef.key(tnef.UNICODE, 0x3707) + struct.pack("<II", 1, 0xFFFFFFFF)
    ),
    "a named property with a name of 2^32 bytes": tnef.attribute(
        2,
        tnef.PROPERTIES,
        struct.pack("<I", 1) + tnef.key(tnef.LONG, 0x8001) + bytes(16) + struct.pack("<II", 1, 0xFFFFFFFF),
    ),
    "a property of a type that is none": tnef.attribute(
        2, tnef.PROPERTIES, tnef.properties(tnef.key(0x77, 1) + b"x" * 9)
    ),
    "an attribute of 2^32 bytes": struct.pack("<BII", 2, tnef.DATA, 0xFFFFFFFF) + b"x",
}


@pytest.mark.parametrize("rule", LYING)
def test_no_number_that_an_envelope_names_costs_time(rule):
    began = time.thread_time()
    found = of(tnef.file(b"first", tnef.name_of("1.pdf")), tnef.file(None), LYING[rule])
    assert time.thread_time() - began < 0.1
    assert found.files[0] == b"first"
    assert found.kinds[3] in ("file", "truncated")


def test_a_second_opinion_of_sound_envelopes():
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
    files = [("a.pdf", PDF), (LONG, bytes(range(1, 256)) * 9), ("naïve.docx", b"x")]
    envelope = tnef.envelope(
        tnef.opening(),
        *(
            tnef.file(data, tnef.number(tnef.SIZE, len(data)), tnef.name_of(name), title=b"SHORT.DOC\0")
            for name, data in files
        ),
    )
    theirs = [(each.long_filename().rstrip("\0"), each.data) for each in TNEF(envelope).attachments]
    ours = winmail(envelope)
    assert theirs == list(zip(ours.names, ours.files, strict=True)) == files
