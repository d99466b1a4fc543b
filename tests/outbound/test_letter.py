"""What we send, as bytes: no text can add a header, and no machine shall answer (Source: SPEC 4; RFC 3834)."""

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.mail import Mail
from gateway.outbound.letter import Writer, is_address, write_letter

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
WRITER = Writer("files@gateway.test", "School file gateway")
FIELDS = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "x-auto-response-suppress",
    "content-type",
    "mime-version",
    "content-transfer-encoding",
]


def letter(subject="x", text="y", **more):
    writer = more.pop("writer", WRITER)
    return write_letter(Mail("h@leys.example", subject, text, "<1@gateway.test>", **more), writer=writer, at=AT)


def read(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def test_an_answer_says_so():
    got = read(letter(in_reply_to="<q@leys.example>"))
    assert got["Auto-Submitted"] == "auto-replied"
    assert got["X-Auto-Response-Suppress"] == "All"
    assert got["In-Reply-To"] == got["References"] == "<q@leys.example>"
    assert got["Message-ID"] == "<1@gateway.test>"


def test_what_nobody_asked_for_says_so():
    assert read(letter(return_path="bounce+abc@gateway.test"))["Auto-Submitted"] == "auto-generated"


def test_a_reply_finds_its_token():
    assert read(letter(reply_to="reply+abc@gateway.test"))["Reply-To"] == "reply+abc@gateway.test"


def test_a_twin_in_html_is_the_alternative():
    got = read(letter(html="<p>hé</p>"))
    assert got.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert got.get_body(("html",)).get_content().strip() == "<p>hé</p>"


@pytest.mark.parametrize(
    "subject",
    [
        "plain",
        "Schön – 日本",
        "a\r\nBcc: evil@evil.example",
        "a\nBcc: evil@evil.example",
        "=?utf-8?q?a=0ABcc:_evil@evil.example?=",
        "=?utf-8?b?" + "YQpCY2M6IGV2aWw=" + "?=",
        "a\u2028Bcc: evil@evil.example",
        "a\x0bBcc: evil",
        "x" * 5000,
        "wörter " * 500,
        "\ud800",
        "",
        " lead and trail ",
        "tab\tin it",
    ],
)
def test_no_subject_adds_a_header_or_a_long_line(subject):
    data = letter(subject)
    head = data.partition(b"\r\n\r\n")[0]
    assert sorted(name.lower() for name in email.message_from_bytes(data)) == sorted(FIELDS)
    assert data.isascii()
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))


@pytest.mark.parametrize(
    "subject", ["Your file 8302000_SENreport20261122.pdf arrived", "Schön – 日本 " * 9, "=?x?q?y?="]
)
def test_a_subject_reads_as_it_was_written(subject):
    assert read(letter(subject))["Subject"] == " ".join(subject.split())


@pytest.mark.parametrize(
    "name", ["Derbyshire", 'Council "of" <evil@evil.example>,', "Söder\r\nBcc: x@y.test", "a, b", "(c)"]
)
def test_the_name_of_the_writer_is_only_a_name(name):
    got = read(letter(writer=Writer("files@gateway.test", name)))
    (shown,) = got["From"].addresses
    assert shown.addr_spec == "files@gateway.test"
    assert shown.display_name == " ".join(name.split())
    assert got["Bcc"] is None


@pytest.mark.parametrize(
    "identifier",
    ["<a@b>\r\nBcc: evil@evil.example", "a@b", "<a b@c>", "<" + "x" * 1000 + "@y>", "<é@b>", "<a><b>", "\n"],
)
def test_a_strangers_identifier_that_is_none_is_left_out(identifier):
    got = read(letter(in_reply_to=identifier))
    assert got["In-Reply-To"] is None
    assert got["References"] is None
    assert got["Bcc"] is None


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_raises_or_adds_a_field(subject, text):
    got = email.message_from_bytes(letter(subject, text))
    assert sorted(name.lower() for name in got) == sorted(FIELDS)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=500))
def test_a_text_arrives_whole(text):
    got = email.message_from_bytes(letter(text=text))
    assert got.get_payload(decode=True).decode().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("h.ashdown@leys.example", True),
        ("o'neil+x@leys.derbyshire.sch.uk", True),
        ("root@localhost", True),
        ("a@b@c.example", False),
        ("a b@c.example", False),
        ("a@c.example\n", False),
        ("<a@c.example>", False),
        ("a,b@c.example", False),
        ('"a"@c.example', False),
        (".a@c.example", False),
        ("a@c..example", False),
        ("a@[192.0.2.1]", False),
        ("é@c.example", False),
        ("a" * 250 + "@c.example", False),
    ],
)
def test_only_plain_addresses_are_written(text, good):
    assert is_address(text) == good
