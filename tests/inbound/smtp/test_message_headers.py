"""Header blocks, and what the header of a message says of its sender (Source: RFC 5322, RFC 3834; SPEC 4)."""

import time
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.inbound.smtp.addresses import LIST_CHARS, read_addresses
from gateway.inbound.smtp.headers import read_headers, take_headers
from gateway.inbound.smtp.heading import read_authorship, read_heading
from gateway.inbound.smtp.limits import Allowance, MessageLimits
from gateway.inbound.smtp.source import Source
from tests.inbound.smtp.letters import BASE64, PLAIN, B, Dribble, multipart, part, read

BLOCKS = {
    "CRLF": (b"A: 1\r\nB: 2\r\n\r\nbody", [("a", "1"), ("b", "2")]),
    "LF": (b"A: 1\nB: 2\n\nbody", [("a", "1"), ("b", "2")]),
    "no empty line": (b"A: 1\r\nB: 2", [("a", "1"), ("b", "2")]),
    "folded with a tab, and with blanks": (b"A: 1\r\n\t2\r\n   3\r\n", [("a", "1 2   3")]),
    "folded, in LF": (b"A: 1\n\t2\n 3\nB: 2\n", [("a", "1 2 3"), ("b", "2")]),
    "a fold of blanks alone": (b"A: 1\r\n \r\nB: 2\r\n", [("a", "1"), ("b", "2")]),
    "a blank before the colon": (b"A : 1\r\n", [("a", "1")]),
    "no blank behind it": (b"A:1\r\n", [("a", "1")]),
    "no value": (b"A:\r\nB: 2\r\n", [("a", ""), ("b", "2")]),
    "a mailbox file's line before the first": (b"From h@x Mon Nov 23\r\nA: 1\r\n", [("a", "1")]),
    "twice: both, in order": (b"A: 1\r\na: 2\r\n", [("a", "1"), ("a", "2")]),
    "8-bit bytes": ("A: café\r\n".encode(), [("a", "café")]),
    "8-bit bytes of Windows": ("A: café\r\n".encode("cp1252"), [("a", "café")]),
    "behind a name that is none the body has begun": (b"A: 1\r\n\xff\xfe: 2\r\nB: 3\r\n", [("a", "1")]),
    "behind a line without a colon too": (b"A: 1\r\nnonsense\r\nB: 3\r\n", [("a", "1")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("rule", BLOCKS)
def test_a_block_is_read_into_its_fields(rule):
    raw, expected = BLOCKS[rule]
    block = raw.partition(b"body")[0]
    headers = read_headers(block)
    assert [(name, text) for name in dict(expected) for text in headers.all(name)] == expected
    assert {name for name, _ in headers.fields} == set(dict(expected))
    assert headers.faults == ()


ENDS = {
    "an empty line": (b"Subject: s\r\n\r\nbody", b"body"),
    "an empty line with a stray CR": (b"Subject: s\r\n\r\r\nbody", b"body"),
    "a line that can't be a field: some forget the empty one": (b"Subject: s\r\nDear all\r\n", b"Dear all\r\n"),
    "no header at all": (b"Dear all\r\nbody", b"Dear all\r\nbody"),
    "an empty line first": (b"\r\nSubject: s", b"Subject: s"),
    "a first line that is folded belongs to nothing": (b" folded\r\nx", b" folded\r\nx"),
    "the end": (b"Subject: s", b""),
}


@pytest.mark.parametrize("rule", ENDS)
def test_a_block_ends_where_the_body_begins(rule):
    raw, body = ENDS[rule]
    letter = read(part(raw, "Content-Type: message/rfc822"))
    assert letter.kinds == ["opened-message", "text-body"]
    assert letter.parts[1].size == len(body)


def test_a_delimiter_that_could_be_a_field_ends_a_block():
    raw = multipart(b"Content-Type: a/b\r\n--x:y\r\nContent-Type: c/d\r\n\r\nbody", boundary=b"x:y")
    found = [(each.content_type, each.size) for each in read(raw).parts]
    assert found == [("a/b", 0), ("c/d", 4)]


def test_a_block_of_many_short_fields_takes_little_memory():
    raw = b"a:\n" * 87_000
    tracemalloc.start()
    try:
        read(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12_000_000


ODD_BLOCKS = {  # read at once by a pattern as far as it goes, and line by line where no line is in memory yet
    **{rule: raw for rule, (raw, _) in (BLOCKS | ENDS).items()},
    "a name that begins as a delimiter does": b"--a: 1\r\nSubject: s\r\n--: 2\r\nTo: a@b.example\r\n\r\nbody",
    "a delimiter in place of the empty line": b"Subject: s\r\n--%b\r\nTo: a@b.example\r\n\r\nbody" % B,
    "a delimiter that is a field too": b"Subject: s\r\n--%b: 1\r\n--%b--\r\nTo: a@b.example\r\n" % (B, B),
    "a delimiter at once": b"--%b\r\nSubject: s\r\n" % B,
    "a name too long": b"Subject: s\r\n%b: 1\r\nTo: a@b.example\r\n" % (b"A" * 1001),
    "a name just not too long": b"Subject: s\r\n%b: 1\r\nTo: a@b.example\r\n" % (b"A" * 1000),
    "no name": b"Subject: s\r\n: 1\r\nTo: a@b.example\r\n",
    "a colon on the next line": b"Subject: s\r\nTo\r\n : a@b.example\r\n\r\nbody",
    "a fold of one CR": b"Subject: s\r\n \r\r\nTo: a@b.example\r\n\r\nbody",
    "many folds": b"Subject: s\r\n" + b" t\r\n" * 1_500 + b"To: a@b.example\r\n\r\nbody",
    "many fields": b"X: 1\r\n" * 1_500 + b"To: a@b.example\r\n\r\nbody",
}


@pytest.mark.parametrize("rule", ODD_BLOCKS)
def test_a_block_is_the_same_at_once_and_byte_by_byte(rule):
    raw = ODD_BLOCKS[rule]
    for letter in (raw, multipart(raw, part(b"x", PLAIN))):
        at_once, by_byte = read(letter), read(letter, stream=Dribble(letter, 1, most=1))
        assert (at_once.message, at_once.files) == (by_byte.message, by_byte.files)


@pytest.mark.parametrize("size", range(8, 80))
def test_a_block_that_is_too_large_is_the_same_at_once_and_byte_by_byte(size):
    raw, limits = b"Subject: s\r\n t\r\nTo: a@b.example\r\nX: 1\r\n 2\r\n\r\nbody", MessageLimits(header_bytes=size)
    at_once = read(raw, limits)
    assert at_once.message == read(raw, limits, stream=Dribble(raw, 1, most=1)).message
    assert (at_once.message.faults == ("header-too-large",)) == (size < raw.index(b"\r\n\r\n") + 2)


def test_a_block_ends_at_a_boundary():
    raw = multipart(b"Content-Type: application/pdf; name=x", part(b"y", PLAIN))
    letter = read(raw)
    assert letter.kinds == ["file", "text-body"]
    assert letter.file == b""


def test_the_encoding_is_one_word():
    for written in ("base64", " BASE64 ", '"base64"', "base64 (so they say)", "base64; x=y"):
        assert read(part(b"eA==", f"Content-Transfer-Encoding: {written}", "Content-Type: a/b")).file == b"x"


def test_a_header_that_is_too_large_is_a_fault_and_its_part_is_cut():
    limits = MessageLimits(header_bytes=200)
    fits = part(b"eA==", "Content-Type: a/b; name=x", BASE64)
    large = part(b"eA==", "Content-Type: a/b; name=y", BASE64, "X-Long: " + "z" * 200)
    letter = read(multipart(large, fits), limits)
    assert letter.kinds == ["header-too-large", "file"]
    assert letter.name == "x"
    assert letter.message.faults == ("header-too-large",)


def test_a_header_of_just_the_size_fits():
    block = b"Content-Type: a/b; name=x\r\n\r\n"
    assert read(block, MessageLimits(header_bytes=len(block) - 2)).kinds == ["file"]
    assert read(block, MessageLimits(header_bytes=len(block) - 3)).kinds == ["header-too-large"]


def test_a_header_of_too_many_fields_is_a_fault_and_its_part_is_cut():
    raw = part(b"x", "Content-Type: a/b; name=x", "A: 1", "B: 1\r\n folded")
    assert read(raw, MessageLimits(header_lines=3)).kinds == ["file"]
    letter = read(raw, MessageLimits(header_lines=2))
    assert letter.kinds == ["too-many-headers"]
    assert letter.message.faults == ("too-many-headers",)


def test_both_limits_are_told():
    headers = read_headers(b"A: 1\r\n" * 10, MessageLimits(header_bytes=30, header_lines=2))
    assert headers.faults == ("header-too-large", "too-many-headers")


@pytest.mark.parametrize("size", range(6, 25))
def test_a_field_in_which_the_limit_lies_is_left_out(size):
    """Half a name of a file is another name."""
    block, limits = b"A: 1\r\nB: x\r\n fold\r\nC: 2\r\n", MessageLimits(header_bytes=size)
    source = Source(iter([block + b"\r\n"]), Allowance(limits))
    for headers in (take_headers(source, (), limits), read_headers(block, limits)):
        assert headers.faults == ("header-too-large",)
        assert headers.fields in ((), (("a", b" 1"),), (("a", b" 1"), ("b", b" x\r\n fold")))


FIELDS = st.lists(
    st.sampled_from(
        [
            b"A: 1",
            b"a:",
            b"B : 2",
            b"Authentication-Results: mx.leys.example; dmarc=pass",
            b"Authentication-Results : forged",  # as nobody writes it but who forges it
            b" fold",
            b"\t",
            b"C: \xe9",
            b"no field",
            b"--b",
            b"From somebody Mon Nov 23",
            b":",
        ]
    ),
    max_size=12,
)


@given(FIELDS, st.sampled_from([b"\r\n", b"\n"]), st.integers(1, 60), st.integers(1, 5), st.integers(60, 300))
@example([b"From somebody", b"A: 1", b"A: 1", b"A: 1", b" fold"], b"\n", 1, 3, 30)  # the limit lies within the fold
def test_a_block_is_read_alike_at_the_door_and_in_the_message(lines, line_end, piece, most, size):
    """The message takes whole lines in one go; what is forged must be nobody's there, too."""
    block = b"".join(line + line_end for line in lines)
    limits = MessageLimits(header_lines=most, header_bytes=size)
    sent = block + line_end
    source = Source(iter([sent[at : at + piece] for at in range(0, len(sent), piece)]), Allowance(limits))
    taken, whole = take_headers(source, (), limits), read_headers(block, limits)
    known = min(len(taken.fields), len(whole.fields))  # behind a limit, one of them may know less
    assert taken.fields[:known] == whole.fields[:known]
    if "header-too-large" not in taken.faults + whole.faults:
        assert taken == whole
    assert not any(b"forged" in value for _, value in (*taken.fields, *whole.fields))


def heading(*lines):
    return read_heading(read_headers("\r\n".join(lines).encode()))


def authorship(*lines):
    return read_authorship(read_headers("\r\n".join(lines).encode()))


ADDRESSES = {
    "plain": ("a@b.example", [("", "a@b.example")]),
    "in brackets": ("<a@b.example>", [("", "a@b.example")]),
    "with a name": ("Hannah Ashdown <a@b.example>", [("Hannah Ashdown", "a@b.example")]),
    "with a name in quotes": ('"Ashdown, Hannah" <a@b.example>', [("Ashdown, Hannah", "a@b.example")]),
    "with an escaped quote": (r'"A \"H\" B" <a@b.example>', [('A "H" B', "a@b.example")]),
    "with an encoded name": ("=?utf-8?q?Caf=C3=A9?= <a@b.example>", [("Café", "a@b.example")]),
    "two": ("a@b.example, c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
    "two, as Outlook separates": ("a@b.example; c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
    "a comment is the name": ("a@b.example (Hannah)", [("Hannah", "a@b.example")]),
    "comments nest": ("a@b.example (H (the) A)", [("H (the) A", "a@b.example")]),
    "a comma in a comment": ("a@b.example (x, c@d.example)", [("x, c@d.example", "a@b.example")]),
    "a group": ("Staff: a@b.example, c@d.example;", [("", "a@b.example"), ("", "c@d.example")]),
    "a group of nobody": ("undisclosed-recipients:;", []),
    "nothing": ("", []),
    "commas alone": (",,,", []),
    "an address as a name is only a name": (
        '"head@leys.example" <x@evil.example>',
        [("head@leys.example", "x@evil.example")],
    ),
    "an address before brackets is only a name": (
        "head@leys.example <x@evil.example>",
        [("head@leys.example", "x@evil.example")],
    ),
    "two in brackets are two": ("H <a@b.example> <c@d.example>", [("H", "a@b.example"), ("H", "c@d.example")]),
    "two words are no address": ("a@b.example c@d.example", [("", "a@b.example c@d.example")]),
    "a bracket that is never closed": ("H <a@b.example", [("H", "a@b.example")]),
    "a quote that is never closed": ('"H <a@b.example>', [("", '"H <a@b.example>')]),
    "an address literal": ("a@[1.2.3", [("", "a@[1.2.3")]),
    "a lone bracket": ("<", [("", "")]),
    "a route is kept, and equals nobody": ("<@x.example:a@b.example>", [("", "@x.example:a@b.example")]),
    "a colon behind an at-sign opens no group": ("a@b.example:c@d.example", [("", "a@b.example:c@d.example")]),
}


@pytest.mark.parametrize("rule", ADDRESSES)
def test_mailboxes_come_out_as_they_are_written(rule):
    text, expected = ADDRESSES[rule]
    assert [tuple(box) for box in read_addresses(text)] == expected


def test_a_list_too_long_to_be_read_matches_nobody():
    assert [box.address for box in read_addresses("a@b.example," + " " * LIST_CHARS)] == [""]
    assert len(read_addresses("a@b.example," * 1200)) <= 1001


def test_every_from_field_counts():
    found = authorship("From: a@b.example", "From: c@d.example, e@f.example", "Sender: s@b.example", "Cc: t@b.example")
    assert found.from_fields == 2
    assert [box.address for box in found.from_addresses] == ["a@b.example", "c@d.example", "e@f.example"]


def test_the_way_of_a_message_is_read_from_the_top():
    found = authorship(
        "Received: one",
        "Received: two",
        "Authentication-Results: ours; dmarc=pass",
        "Authentication-Results: theirs; dmarc=pass",
    )
    assert found.hops == 2
    assert found.authentication_results == ("ours; dmarc=pass", "theirs; dmarc=pass")


def test_a_heading_holds_what_a_record_needs():
    found = heading("Subject: =?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?q?_menu?= #a", "Message-ID: <[anu10]x@y>")
    assert found.subject == "Café menu #a"
    assert found.message_id == "<[anu10]x@y>"  # the standard library raises on this one


@pytest.mark.parametrize(
    ("fields", "resent"),
    [
        ((), ""),
        (("Resent-Date: Mon", "Resent-Message-ID: <2@y>", "Resent-Message-ID: <1@y>"), "<2@y>"),  # the last one on top
        (("Resent-From: a@b", "Resent-Date: Mon"), "Mon"),
    ],
)
def test_a_heading_says_whether_a_person_sent_it_on(fields, resent):
    assert heading(*fields, "Message-ID: <1@x>").resent == resent


def test_what_is_kept_of_a_heading_is_bounded():
    found = heading("Subject: " + "s" * 3000, "Message-ID: <" + "m" * 3000, "Resent-Date: " + "d" * 3000)
    assert len(found.subject) == len(found.message_id) == len(found.resent) == 1000


BY_A_MACHINE = {
    "Auto-Submitted: auto-replied": "auto-submitted",
    "Auto-Submitted: auto-generated; owner-email=x": "auto-submitted",
    "Auto-Submitted: Auto-Replied (vacation)": "auto-submitted",
    "Precedence: bulk": "precedence",
    "Precedence: JUNK": "precedence",
    "Precedence: list": "precedence",
    "Precedence: auto_reply": "precedence",
    "List-Id: Heads <heads.la.example>": "list",
    "List-Unsubscribe: <https://x.example>": "list",
    "X-Auto-Response-Suppress: All": "x-auto-response-suppress",
    "X-Auto-Response-Suppress: DR, OOF, AutoReply": "x-auto-response-suppress",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=x": "multipart/report",
    "X-Autoreply: yes": "x-autoreply",
    "X-Autorespond: yes": "x-autoreply",
    "X-Autoresponder: yes": "x-autoreply",
}
BY_A_PERSON = [
    "Auto-Submitted: no",
    "Auto-Submitted:",
    "Precedence: first-class",
    "X-Auto-Response-Suppress: DR, NDR, RN, NRN, OOF",
    "Subject: Automatic reply",
    "X-List: no",
    "Content-Type: multipart/mixed; boundary=x",
]


@pytest.mark.parametrize("line", BY_A_MACHINE)
def test_a_mark_says_why_no_answer_may_go_out(line):
    assert heading(line).automation.marks == (BY_A_MACHINE[line],)


@pytest.mark.parametrize("line", BY_A_PERSON)
def test_what_a_person_wrote_has_no_mark(line):
    assert heading(line).automation.marks == ()


ODD = [
    "Message-ID: <[anu10]@x>",
    "To: a@[1.2.3",
    "Reply-To: <",
    "From: " + "(" * 60_000,
    "From: " + "()" * 30_000,
    "To: " + "a@b," * 60_000,
    "From: " + "<@,;:>" * 10_000,
    "From: " + '"' * 60_001,
    "Subject: " + "=?a?q?=41" * 20_000,
    "Subject: " + "=?utf-8?b?/w==?= " * 12_000,
    "Content-Type: a/b" + "; x*0*=a''%41" * 15_000,
    'Content-Type: a/b; x="' + '\\"' * 30_000,
    "Content-Type: " + "(" * 60_000,
]


@pytest.mark.parametrize("line", ODD, ids=lambda line: line[:20])
def test_no_header_raises_or_stalls(line):
    began = time.thread_time()
    read(part(b"x", line))
    authorship(line)
    assert time.thread_time() - began < 0.5
