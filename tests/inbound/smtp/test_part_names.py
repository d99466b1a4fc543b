"""The name of a part, as mailers write it, decoded once and cleaned by nobody (Source: RFC 2231, RFC 2047; SPEC 3)."""

import time
import unicodedata

import pytest

from gateway.core.unsafe import what_is_unsafe
from gateway.inbound.smtp.parameters import VALUE_CHARS, read_parameters
from tests.inbound.smtp.letters import NAME, part, read

CAFE = "8301102_SENcafé20261122.pdf"

DISPOSITION = {
    "in quotes": (f'filename="{NAME}"', NAME),
    "without quotes": (f"filename={NAME}", NAME),
    "without quotes, with blanks": ("filename=Term report 2.pdf; size=12", "Term report 2.pdf"),
    "in capitals, with blanks about the sign": (f'FileName = "{NAME}"', NAME),
    "folded before the parameter": (f'\r\n\tfilename="{NAME}"', NAME),
    "folded within the name: one blank": ('filename="Term\r\n report.pdf"', "Term report.pdf"),
    "a semicolon in quotes": ('filename="a; b.pdf"; size=1', "a; b.pdf"),
    "an equals sign in quotes": ('filename="a=b.pdf"', "a=b.pdf"),
    "a quote that is escaped": (r'filename="a\"b.pdf"', 'a"b.pdf'),
    "a backslash that is escaped": (r'filename="a\\b.pdf"', r"a\b.pdf"),
    "a path of Windows keeps its backslashes": (r'filename="C:\x\report.pdf"', r"C:\x\report.pdf"),
    "a quote that is never closed": (f'filename="{NAME}', NAME),
    "a quote that is never closed, before a backslash": ('filename="C:\\x\\', "C:\\x"),
    "a parameter without a sign between": (f'whatever; filename="{NAME}"', NAME),
    "two of one name: the first": (f'filename="{NAME}"; filename="other.pdf"', NAME),
    "a comment in the value": (f'(as asked) ; filename="{NAME}"', NAME),
    "UTF-8 as it is": (f'filename="{CAFE}"'.encode(), CAFE),
    "Windows-1252 as it is": (f'filename="{CAFE}"'.encode("cp1252"), CAFE),
    "UTF-8 without quotes": (f"filename={CAFE}".encode(), CAFE),
    "two code points that make one letter": ('filename="cafe\u0301.pdf"'.encode(), "café.pdf"),
    "percent signs are a person's": ('filename="100%20sure%.pdf"', "100%20sure%.pdf"),
    "2231: percent signs are ours": ("filename*=utf-8''caf%C3%A9%20100%25.pdf", "café 100%.pdf"),
    "2231: a language": ("filename*=utf-8'en-GB'caf%C3%A9.pdf", "café.pdf"),
    "2231: in quotes, as some write it": ("filename*=\"utf-8''caf%C3%A9.pdf\"", "café.pdf"),
    "2231: another charset": ("filename*=iso-8859-15''caf%E9%A4.pdf", "café€.pdf"),
    "2231: Latin-1 is what browsers mean by it": ("filename*=iso-8859-1''%80.pdf", "€.pdf"),
    "2231: a charset that does not fit is not believed": ("filename*=us-ascii''caf%C3%A9.pdf", "café.pdf"),
    "2231: a charset that nobody knows": ("filename*=klingon''caf%C3%A9.pdf", "café.pdf"),
    "2231: no charset at all": ("filename*=caf%C3%A9.pdf", "café.pdf"),
    "2231: an apostrophe in the name": ("filename*=utf-8''it's%20it.pdf", "it's it.pdf"),
    "2231: percent signs that are no escape": ("filename*=utf-8''100%25%2.pdf%", "100%%2.pdf%"),
    "2231: preferred, wherever it stands": ("filename=\"cafe.pdf\"; filename*=utf-8''caf%C3%A9.pdf", "café.pdf"),
    "2231: continued": ('filename*0="83011"; filename*1="02_SENa.pdf"', "8301102_SENa.pdf"),
    "2231: continued, out of order": ('filename*1="02_SENa.pdf"; filename*0="83011"', "8301102_SENa.pdf"),
    "2231: ten pieces and more are in order of number": (
        "; ".join(f"filename*{n}={chr(97 + n)}" for n in reversed(range(12))),
        "abcdefghijkl",
    ),
    "2231: continued and extended": ("filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2=.pdf", "café.pdf"),
    "2231: a piece that is not extended keeps its percent": (
        "filename*0*=utf-8''a%20; filename*1=b%20.pdf",
        "a b%20.pdf",
    ),
    "2231: a piece is missing": ("filename*0=8301102; filename*2=.pdf", "8301102.pdf"),
    "2231: words inside are not read again": ("filename*=utf-8''%3D%3Fx%3Fq%3Fy%3F%3D", "=?x?q?y?="),
    "2047 in quotes": ('filename="=?utf-8?B?Y2Fmw6kucGRm?="', "café.pdf"),
    "2047 without quotes": ("filename==?utf-8?B?Y2Fmw6kucGRm?=", "café.pdf"),
    "2047 in the letters of Q": ('filename="=?utf-8?Q?caf=C3=A9_1.pdf?="', "café 1.pdf"),
    "2047: a blank between words is none": ('filename="=?utf-8?q?caf?= =?utf-8?q?=C3=A9=2Epdf?="', "café.pdf"),
    "2047: a letter split between two words": ('filename="=?utf-8?q?caf=C3?=\r\n =?utf-8?q?=A9.pdf?="', "café.pdf"),
    "2047: a word and what is none": ('filename="8301102_=?utf-8?q?caf=C3=A9?=.pdf"', "8301102_café.pdf"),
    "2047: broken padding": ('filename="=?utf-8?B?Y2Fmw6kucGRmYQ?="', "café.pdfa"),
    "2047: a question mark inside": ('filename="=?utf-8?q?why?.pdf?="', "why?.pdf"),
    "2047: blanks inside, which the standard forbids": ('filename="=?utf-8?q?my file.pdf?="', "my file.pdf"),
    "2047: a word that never ends is text": ('filename="=?utf-8?q?x.pdf"', "=?utf-8?q?x.pdf"),
    "2047: a language": ('filename="=?utf-8*en?q?caf=C3=A9?="', "café"),
    "2047: a later character under the label GB2312": ('filename="=?gb2312?B?6UYucGRm?="', "镕.pdf"),
    "2047: decoded once": ('filename="=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?="', "=?utf-8?q?x?="),
    "no value": ("filename=", None),
    "no value in quotes": ('filename=""', None),
}


@pytest.mark.parametrize("rule", DISPOSITION)
def test_a_name_in_the_disposition_is_read(rule):
    written, expected = DISPOSITION[rule]
    written = written if isinstance(written, bytes) else written.encode()
    letter = read(part(b"x", "Content-Type: application/pdf", b"Content-Disposition: attachment; " + written))
    assert letter.name == expected


@pytest.mark.parametrize("rule", DISPOSITION)
def test_a_name_in_the_type_is_read_by_the_same_rules(rule):
    written, expected = DISPOSITION[rule]
    written = (written if isinstance(written, bytes) else written.encode()).replace(b"filename", b"name")
    written = written.replace(b"FileName", b"Name")
    assert read(part(b"x", b"Content-Type: application/pdf; " + written)).name == expected


TWO_NAMES = {
    "the disposition wins": ('filename="b.pdf"', 'name="a.pdf"', "b.pdf", "a.pdf"),
    "they agree, once decoded": ("filename*=utf-8''caf%C3%A9", 'name="=?utf-8?q?caf=C3=A9?="', "café", None),
    "only the type has one": ("size=3", 'name="a.pdf"', "a.pdf", None),
    "only the disposition has one": ('filename="b.pdf"', "charset=utf-8", "b.pdf", None),
    "an empty one is none": ('filename=""', 'name="a.pdf"', "a.pdf", None),
}


@pytest.mark.parametrize("rule", TWO_NAMES)
def test_where_two_names_differ_the_other_is_kept_beside_it(rule):
    filename, name, expected, alias = TWO_NAMES[rule]
    raw = part(b"x", f"Content-Type: a/b; {name}", f"Content-Disposition: attachment; {filename}")
    (only,) = read(raw).message.files
    assert (only.name, only.alias) == (expected, alias)


UNSAFE = {
    "a path": 'filename="../../etc/passwd"',
    "a path in an extended name": "filename*=utf-8''..%2F..%2Fetc%2Fpasswd",
    "a path of Windows": r'filename="C:\x\8301102_SENa.pdf"',
    "a path that ends in a backslash": 'filename="C:\\x\\"',
    "a path in a word": 'filename="=?utf-8?q?..=2Fx?="',
    "a line break": "filename*=utf-8''a%0D%0ABcc:%20x.pdf",
    "a null": "filename*=utf-8''a.pdf%00.exe",
    "a mark that turns the writing round": "filename*=utf-8''8301102_SEN%E2%80%AEfdp.exe",
    "half a character, in UTF-8": "filename*=utf-8''%ED%A0%80.pdf",
    "half a character, in UTF-16": "filename*=utf-16-be''%D8%00%00a",
    "half a character, in UTF-7": "filename*=utf-7''+2AA-.pdf",
    "half a character, as it is": b'filename="\xed\xa0\x80.pdf"',
    "a blank at the end": 'filename="8301102_SENa.pdf "',
    "a blank at the beginning": 'filename=" 8301102_SENa.pdf"',
    "a name of Windows's own": 'filename="CON.pdf"',
    "too long": f'filename="8301102_SEN{"a" * 300}.pdf"',
}


@pytest.mark.parametrize("rule", UNSAFE)
def test_what_is_unsafe_stays_visible_to_the_rule_of_names(rule):
    written = UNSAFE[rule]
    written = written if isinstance(written, bytes) else written.encode()
    name = read(part(b"x", "Content-Type: a/b", b"Content-Disposition: attachment; " + written)).name
    assert name is not None
    assert what_is_unsafe(name) is not None, ascii(name)


def test_a_name_over_2048_characters_comes_out_undecoded_and_passes_no_rule():
    word = "=?utf-8?q?a?= "
    longest = (word * 200)[: 2048 - 13] + "=?utf-8?q?b?="
    assert read(part(b"x", f'Content-Type: a/b; name="{longest}"')).name.endswith("b")
    longer = read(part(b"x", f'Content-Type: a/b; name="{longest}c"')).name
    assert longer == (longest + "c")[:2048]
    assert what_is_unsafe(longer) is not None


def test_a_name_that_composes_slowly_takes_a_moment_and_no_more():
    slow = "a" + "\u0323\u0301" * 1000
    began = time.thread_time()
    name = read(part(b"x", f'Content-Type: a/b; name="{slow}"'.encode())).name
    assert time.thread_time() - began < 0.04  # the loop waits as long, for it holds the interpreter
    assert name == unicodedata.normalize("NFC", slow)


def test_no_more_of_a_value_is_read_than_a_name_could_need():
    found = read_parameters("a/b; " + "; ".join(f"x{n}=1" for n in range(1000)) + "; name=late")
    assert len(found.named) == 200
    assert read_parameters("a/b;" + " " * VALUE_CHARS + "name=late").named == {}


def test_what_has_no_name_is_no_parameter():
    assert read_parameters("a/b; =x; *=y; **=z; a**=0; name=n").named == {"name": "n"}


TYPES = {
    "none": ((), "text/plain"),
    "capitals": (("Content-Type: APPLICATION/PDF",), "application/pdf"),
    "a comment": (("Content-Type: text/plain (that is all); charset=utf-8",), "text/plain"),
    "the value was forgotten": (("Content-Type: charset=utf-8",), "text/plain"),
    "text alone": (("Content-Type: text",), "text/plain"),
    "no subtype": (("Content-Type: pdf",), "application/octet-stream"),
    "two slashes": (("Content-Type: application/a/b",), "application/octet-stream"),
    "not fit for a notice": ((b"Content-Type: image/\xed\xa0\x80",), "application/octet-stream"),
    "endless": (("Content-Type: image/" + "x" * 500,), "application/octet-stream"),
    "two: the first": (("Content-Type: a/b", "Content-Type: c/d"), "a/b"),
}


@pytest.mark.parametrize("rule", TYPES)
def test_a_type_that_nobody_could_mean_is_bytes(rule):
    headers, expected = TYPES[rule]
    (only,) = read(part(b"x", *headers)).parts
    assert only.content_type == expected
    assert only.kind == ("ignored" if expected == "text/plain" else "file")


DISPOSITIONS = {
    "Content-Disposition: INLINE; filename=x": "inline",
    "Content-Disposition: attachment(x); filename=x": "attachment",
    "Content-Disposition: <evil>; filename=x": "attachment",
    "Content-Disposition: ; filename=x": "",
    "Content-Disposition: filename=x": "",
}


@pytest.mark.parametrize("header", DISPOSITIONS)
def test_a_disposition_that_nobody_could_mean_is_attachment(header):
    (only,) = read(part(b"x", "Content-Type: a/b", header)).message.files
    assert (only.disposition, only.name) == (DISPOSITIONS[header], "x")
