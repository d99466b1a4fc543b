"""Authentication-Results as mail servers write them, and as forgers do (Source: RFC 8601 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.smtp.results import read_results

ROWS = {
    "one result with a comment": (
        "mx.la.example; dmarc=pass (p=reject dis=none) header.from=leys.example",
        ("mx.la.example", [("dmarc", "pass", {"header.from": "leys.example"})]),
    ),
    "several, folded blanks, a version": (
        "mx.la.example 1;\t spf=pass smtp.mailfrom=a@leys.example;  dkim=pass header.d=leys.example",
        (
            "mx.la.example",
            [("spf", "pass", {"smtp.mailfrom": "a@leys.example"}), ("dkim", "pass", {"header.d": "leys.example"})],
        ),
    ),
    "a reason": (
        'MX; dkim=fail reason="bad; dmarc=pass" header.d=x.example',
        ("mx", [("dkim", "fail", {"header.d": "x.example"})]),
    ),
    "a method with a version": (
        "mx; dkim/1=pass header.d=x.example",
        ("mx", [("dkim", "pass", {"header.d": "x.example"})]),
    ),
    "base64 has its own equals": (
        "mx; dkim=pass header.d=x.example header.b=ab/c==",
        ("mx", [("dkim", "pass", {"header.d": "x.example", "header.b": "ab/c=="})]),
    ),
    "blanks around the equals": ("mx; spf = pass", ("mx", [("spf", "pass", {})])),
    "nothing was checked": ("mx; none", ("mx", [])),
    "a comment behind the id": ("mx (nested (twice)); spf=pass", ("mx", [("spf", "pass", {})])),
    "a comment before the id hides it from who takes it out": ("(nested (twice)) mx; spf=pass", ("", [])),
    "so do quotes": ('"mx"; spf=pass', ("", [])),
    "so do odd blanks": ("\xa0mx; spf=pass", ("", [])),
    "odd blanks behind the id": ("mx\xa0; spf=pass", ("", [])),
    "odd blanks further on": ("mx; spf=fail;\x0bdmarc=pass", ("mx", [("spf", "fail", {})])),
    "what stands in a comment is no result": ("mx (; dmarc=pass); spf=fail", ("mx", [("spf", "fail", {})])),
    "what stands in quotes is no result": (
        'mx; spf=pass smtp.mailfrom="x;dmarc=pass"',
        ("mx", [("spf", "pass", {"smtp.mailfrom": "x;dmarc=pass"})]),
    ),
    "behind what can't be read nothing is believed": ("mx; spf pass; dmarc=pass", ("mx", [])),
    "an open quote ends it": ('mx; x="open; dmarc=pass', ("mx", [])),
    "an open comment swallows the rest": ("mx; spf=fail (open; dmarc=pass", ("mx", [("spf", "fail", {})])),
    "an empty value": ("", ("", [])),
    "no id": ("; dmarc=pass", ("", [])),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_value_is_read_by_its_grammar(name):
    text, (server, results) = ROWS[name]
    read = read_results(text)
    assert read.authserv_id == server
    assert [(r.method, r.verdict, dict(r.properties)) for r in read.results] == results


def test_a_property_given_twice_is_none():
    result = read_results("mx; dmarc=pass header.from=a.example header.from=b.example").results[0]
    assert result.property("header.from") == ""


@given(st.text(alphabet=' ;="()\\axpsdmrc.@', max_size=80))
def test_no_text_raises_or_writes_as_another_server(text):
    read = read_results("mx; " + text)
    assert read.authserv_id == "mx"
    assert all((r.method, r.verdict) == (r.method.lower(), r.verdict.lower()) for r in read.results)
