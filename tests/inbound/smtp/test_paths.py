"""MAIL FROM and RCPT TO as clients write them (Source: RFC 5321 4.1.2)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.smtp.paths import Path, read_path

GOOD = {
    "FROM:<a@b.example>": Path("a@b.example", {}),
    "from: <a@b.example>": Path("a@b.example", {}),
    "FROM:<>": Path("", {}),
    "FROM:<a@b.example> SIZE=12 body=8bitmime": Path("a@b.example", {"SIZE": "12", "BODY": "8bitmime"}),
    "FROM:a@b.example": Path("a@b.example", {}),
    "FROM:<a@b.example> SMTPUTF8": Path("a@b.example", {"SMTPUTF8": ""}),
    "FROM:<a@b.example> AUTH=<>": Path("a@b.example", {"AUTH": "<>"}),
    "FROM:<@relay.example,@two.example:a@b.example>": Path("a@b.example", {}),
    "FROM:<ä@schule.example>": Path("ä@schule.example", {}),
    "FROM:<Postmaster>": Path("Postmaster", {}),
}
BAD = [
    None,
    "",
    "FROM",
    "TO:<a@b.example>",
    "FROM:<a@b.example",
    "FROM:<a@b@c.example>",
    "FROM:<nobody>",
    "FROM:<a b@c.example>",
    "FROM:<a@b.example>SIZE=1",
    "FROM:<a@b.example> SIZE=1 SIZE=2",
    "FROM:<a@b.example> =1",
    "FROM:<a@b.example> <x@y.example>",
    'FROM:<"a"@b.example>',
    "FROM:<a\x00@b.example>",
    "FROM:<a@b.example\udc80>",
    "FROM:<" + "a" * 65 + "@b.example>",
    "FROM:<a@" + "b" * 256 + ">",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_path_is_read(text):
    assert read_path(text, keyword="FROM") == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_path_is_none(text):
    assert read_path(text, keyword="FROM") is None


def test_signs_without_end_do_not_hold_the_loop():
    """A route was looked for behind each @: a command of 4 KB kept everybody waiting for a quarter of a second."""
    began = time.thread_time()
    assert read_path("FROM:<" + "@" * 40_000 + ">", keyword="FROM") is None
    assert time.thread_time() - began < 1  # it was half a minute, and is a millisecond


@given(st.text())
def test_no_text_raises_and_what_is_read_is_plain(text):
    path = read_path("FROM:" + text, keyword="FROM")
    assert path is None or (len(path.address) <= 64 + 1 + 255 and not any(c < " " for c in path.address))
