"""What a person wrote becomes the comment; what a mailer put behind it does not (Source: SPEC 4)."""

import sys
import time
import unicodedata

import pytest

from gateway.inbound.smtp.comment import COMMENT_CHARS, find_tags, make_comment, read_html
from gateway.inbound.smtp.limits import MessageLimits
from tests.inbound.smtp.letters import BASE64, HTML, PLAIN, QP, attachment, base64_lines, multipart, part, read

LETTER = "Dear all,\n\nhere is the report.\n"

ENDS = {
    "a signature": "-- \nHannah Ashdown\nLeys Junior School",
    "a signature without its blank": "--\nHannah Ashdown",
    "Outlook's line": "________________________________\nFrom: SEN team",
    "Outlook's older line": "-----Original Message-----\nFrom: SEN team",
    "forwarded": "---------- Forwarded message ---------\nFrom: SEN team",
    "forwarded by Apple": "Begin forwarded message:\n\nFrom: SEN team",
    "quoted by nearly everybody": "On Mon, 23 Nov 2026 at 09:14, SEN team <sen@la.example> wrote:\n> thank you",
    "quoted, and folded": "On Mon, 23 Nov 2026 at 09:14, the SEN team\n<sen@la.example> wrote:\n> thank you",
    "Outlook's header": "From: SEN team <sen@la.example>\nSent: 23 November 2026 09:14\nTo: Hannah\nSubject: Re",
    "Outlook's header in bold": "*From:* SEN team\n*Sent:* 23 November\n*To:* Hannah",
    "a header with a date": "From: SEN team\nTo: Hannah\nDate: 23 November 2026\nThank you",
    "a telephone": "Sent from my iPhone",
    "a telephone, blanks before it": "  Sent from my Galaxy",
    "Outlook on a telephone": "Get Outlook for iOS\nThank you",
    "quoted lines": "> thank you\n> very much",
}


@pytest.mark.parametrize("rule", ENDS)
def test_the_letter_ends_where_the_mailer_begins(rule):
    assert make_comment(LETTER + ENDS[rule], "") == "Dear all,\n\nhere is the report."


STAYS = {
    "a dash in the text": "first - second -- third",
    "a dash at the start of a line": "-- see below",
    "a line about who wrote": "On Monday the head wrote: all is well",
    "From without a date": "From: our side, all is well\nwe hope\nso it is\nand on\nand on\nand on",
    "the word sent": "Sent from the office on Monday, with all the forms we have",
    "a short rule": "_____\nso it is",
    "a quote within a line": "5 > 3",
    "an empty line between two": "one\n\ntwo",
}


@pytest.mark.parametrize("rule", STAYS)
def test_what_only_looks_like_an_end_stays(rule):
    assert make_comment(STAYS[rule], "") == STAYS[rule]


TRIMMED = {
    "many empty lines become one": ("one\n\n\n\n\ntwo\n\n\n", "one\n\ntwo"),
    "blanks at the ends of lines": ("  one  \n\t\ntwo\t", "one\n\ntwo"),
    "a tab is a blank": ("a\tb", "a b"),
    "line ends of every kind": ("a\r\nb\rc\nd", "a\nb\nc\nd"),
    "controls are not shown": ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
    "marks that turn the writing round are not shown": ("a\u202eb\u200bc", "abc"),
    "half a character is not shown": ("a\ud800b", "ab"),
    "quoted lines between what was answered": ("> when?\ntomorrow\n> where?\nhere", "tomorrow\nhere"),
    "nothing": ("", ""),
    "blanks alone": (" \n\t\n", ""),
}


@pytest.mark.parametrize("rule", TRIMMED)
def test_a_comment_is_trimmed(rule):
    written, expected = TRIMMED[rule]
    assert make_comment(written, "") == expected


def test_a_comment_is_bounded():
    assert len(make_comment("x" * 5000, "")) == COMMENT_CHARS
    assert len(make_comment("x y\n" * 5000, "")) <= COMMENT_CHARS


@pytest.mark.parametrize("chars", range(40))
def test_a_shorter_comment_is_the_beginning_of_a_longer_one(chars):
    text = " \n\nDear all,\n \n\n\u200b\n> when?\nhere \u202eit is.\n\n\nYours\n\nHannah\n-- \nLeys"
    assert make_comment(text, "", limit=chars) == make_comment(text, "")[:chars].strip()


def test_no_character_is_shown_that_a_person_should_not_see():
    chars = sorted(map(chr, range(sys.maxunicode + 1)), key=str.isprintable)  # a line of these alone is shown as it is
    rows = ["".join(chars[at : at + 256]) for at in range(0, len(chars), 256)]
    hidden = {char for char in chars if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
    for row in rows:
        comment = make_comment("".join(row.splitlines()).join("ab"), "", limit=1_000)
        assert not hidden & set(comment)
        assert make_comment(f"a{comment}b", "", limit=1_000) == f"a{comment}b"


PAGES = {
    "tags": ("<p>Dear <b>all</b>,</p><p>here it is.</p>", "Dear all,\n\nhere it is."),
    "breaks": ("one<br>two<BR/>three<div>four</div>", "one\ntwo\nthree\nfour"),
    "line ends of the page are blanks": ("one\r\ntwo\n three", "one two three"),
    "characters by name and number": ("caf&eacute; &amp; cr&#232;me&nbsp;&lt;3", "café & crème <3"),
    "scripts and styles": ("<style>p {x}</style>one<script>alert('<p>')</script>two", "onetwo"),
    "a head": ("<html><head><title>T</title></head><body>one</body></html>", "one"),
    "a comment": ("one<!-- <p>two</p> -->three", "onethree"),
    "Outlook's conditions": ("<!--[if gte mso 9]><xml>x</xml><![endif]-->one<![if !mso]>two<![endif]>", "onetwo"),
    "a sign that opens no tag": ("3 < 4 and <4>", "3 < 4 and <4>"),
    "a tag that never ends": ("one<a href='", "one"),
    "a style that never ends": ("one<style>p {", "one"),
    "a comment that never ends": ("one<!-- two", "one"),
    "a signature in a page": ("<p>one</p><p>-- <br>Hannah</p>", "one"),
}


@pytest.mark.parametrize("rule", PAGES)
def test_a_page_is_read_as_a_person_reads_it(rule):
    page, expected = PAGES[rule]
    assert make_comment("", page) == expected


def test_the_plain_text_is_preferred_unless_it_is_empty():
    assert make_comment("plain", "<p>page") == "plain"
    assert make_comment(" \n", "<p>page") == "page"


TAGS = {
    "SEN report #urgent": ("urgent",),
    "#One and #TWO, #one": ("one", "two"),
    "#a-b_c #8": ("a-b_c", "8"),
    "#Café": ("café",),
    "no.#5 &#39; x#y ##z a/#b": ("5",),
    "#": (),
    "": (),
    "#" + "x" * 60: ("x" * 40,),
}


@pytest.mark.parametrize("subject", TAGS)
def test_tags_are_words_of_the_subject(subject):
    assert find_tags(subject) == TAGS[subject]


def test_tags_are_bounded():
    assert len(find_tags(" ".join(f"#t{n}" for n in range(50)))) == 20


SLOW = {
    "opening signs": "<" * 300_000,
    "tags that never end": "<a " * 100_000,
    "comments that never end": "<!--" * 70_000,
    "styles that never end": "<style>" * 40_000,
    "tags": "<b>" * 100_000,
    "characters by number": "&#1" * 100_000,
    "lines": "\n" * 300_000,
    "nearly quoted": "On " * 100_000,
    "nearly quoted, on each line": ("On " + "x" * 190 + "\n") * 1500,
    "one line": "x" * 300_000,
    "blanks": " " * 300_000,
}


@pytest.mark.parametrize("rule", SLOW)
def test_no_text_takes_long(rule):
    began = time.thread_time()
    make_comment(SLOW[rule], "")
    make_comment("", SLOW[rule])
    find_tags(SLOW[rule])
    assert time.thread_time() - began < 0.5


def test_only_so_much_of_a_page_is_read():
    assert len(read_html("x " * 50_000)) <= 20_000


# In whole letters.

ENCODED = {
    "as it is": part("café\r\n".encode(), PLAIN),
    "quoted-printable": part(b"caf=C3=\r\n=A9\r\n", PLAIN, QP),
    "base64": part(base64_lines("café".encode()), PLAIN, BASE64),
    "Latin-1": part(b"caf\xe9\r\n", "Content-Type: text/plain; charset=ISO-8859-1"),
    "no charset, Windows-1252": part(b"caf\xe9\r\n", "Content-Type: text/plain"),
    "no charset, Windows-1252, no line end": part(b"caf\xe9"),
    "no charset, UTF-8": part("café\r\n".encode()),
    "a charset that nobody knows": part("café\r\n".encode(), "Content-Type: text/plain; charset=klingon"),
    "a codec that is no charset": part("café\r\n".encode(), "Content-Type: text/plain; charset=hex"),
    "UTF-16": part("café\r\n".encode("utf-16"), "Content-Type: text/plain; charset=utf-16"),
}


@pytest.mark.parametrize("rule", ENCODED)
def test_the_text_of_a_letter_is_its_comment(rule):
    assert read(ENCODED[rule]).message.comment == "café"


def test_a_text_that_is_cut_within_a_character_is_still_utf_8():
    raw = part(("é" * 50).encode())
    for size in (20, 21):
        assert read(raw, MessageLimits(text_bytes=size)).message.comment.startswith("é" * 10)


SHAPES = {
    "the first plain text": (multipart(part(b"one", PLAIN), attachment(), part(b"two", PLAIN)), "one"),
    "plain before page": (multipart(part(b"<p>page", HTML), part(b"plain", PLAIN), subtype="alternative"), "plain"),
    "a page beside a text of blanks": (multipart(part(b" \r\n\r\n", PLAIN), part(b"<p>page", HTML)), "page"),
    "a page alone": (multipart(part(b"<p>page", HTML), attachment()), "page"),
    "an attached text is a file": (
        multipart(part(b"file", PLAIN, "Content-Disposition: attachment; filename=a.txt"), part(b"text", PLAIN)),
        "text",
    ),
    "the text of an attached letter is another's": (
        multipart(part(part(b"theirs", PLAIN), "Content-Type: message/rfc822"), part(b"ours", PLAIN)),
        "ours",
    ),
    "an attached letter alone": (part(part(b"theirs", PLAIN), "Content-Type: message/rfc822"), ""),
}


@pytest.mark.parametrize("rule", SHAPES)
def test_the_sender_s_own_text_speaks(rule):
    raw, expected = SHAPES[rule]
    assert read(raw).message.comment == expected


def test_the_tags_of_a_letter_come_from_its_subject():
    assert read(part(b"x #no", "Subject: =?utf-8?q?Plan_=23SEN?= #Caf=C3=A9")).message.tags == ("sen", "caf")
    assert read(part(part(b"", "Subject: #theirs"), "Content-Type: message/rfc822")).message.tags == ()
