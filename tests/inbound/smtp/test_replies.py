"""What senders read (Source: SPEC 4; FIELD-NOTES A.3)."""

import pytest

from gateway.inbound.smtp import replies
from gateway.inbound.smtp.replies import Reply, plain

ALL = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}
CONTACT = "the schools team, 01629 000000, schools-file-gateway@derbyshire.example"
LONG = {"contact": CONTACT * 3, "sentence": "Ö… " * 200, "limit": "300 MB", "id": "01m81g8zyg6z5s941vw3rsh5w1"}


@pytest.mark.parametrize("name", ALL)
def test_every_sentence_is_ascii_and_short_enough_for_a_bounce(name):
    line = str(ALL[name].filled(**LONG))
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 200
    assert line.startswith(str(ALL[name].code))


@pytest.mark.parametrize("name", ALL)
def test_with_an_ordinary_contact_no_sentence_is_cut(name):
    line = str(ALL[name].filled(**{**LONG, "contact": CONTACT, "sentence": "Please sign in."}))
    assert "..." not in line
    assert "{" not in line


@pytest.mark.parametrize("name", ALL)
def test_the_status_is_of_the_class_of_the_code(name):
    reply = ALL[name]
    assert not reply.status or reply.status[0] == str(reply.code)[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Schüler’s – file", "Schuler's - file"),
        ("a\r\n250 OK", "a 250 OK"),
        ("日本", "??"),
        ("a\x00b", "a b"),
        ("x" * 300, "x" * 196 + "..."),
    ],
)
def test_any_text_becomes_one_plain_line(text, shown):
    assert plain(text) == shown
