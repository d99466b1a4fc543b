"""Names that no computer should be given: the list of SPEC 3, each entry in a row."""

import sys
import unicodedata

import pytest

from gateway.core.unsafe import SPACES, what_is_unsafe
from tests.core.derbyshire import OPEN
from tests.core.rows import Row, bad, differences, good, title

UNSAFE = [
    bad("unsafe-name: empty", "", "unsafe-name", "no-dfe-number", "no-service-code"),
    bad("unsafe-name: over 200 bytes", f"8301102_SENx20261122.{'x' * 180}", "unsafe-name"),
    good("unsafe-name: 200 bytes are not over 200", f"8301102_SEN {'x' * 180}20261122", "description", "no-extension"),
    bad("unsafe-name: bytes, not letters", f"8301102_SEN {'é' * 91}20261122", "unsafe-name"),
    bad("unsafe-name: /", "8301102_SENreport/20261122.pdf", "unsafe-name"),
    bad("unsafe-name: \\", "8301102_SENreport\\20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a path", "../8301102_SENreport20261122.pdf", "unsafe-name", "no-dfe-number", "no-service-code"),
    bad("unsafe-name: a control character", "8301102_SENre\nport20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a control character", "8301102_SENre\x7fport20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a control character", "8301102_SENre\x85port20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a line separator", "8301102_SENre\u2028port20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a paragraph separator", "8301102_SENre\u2029port20261122.pdf", "unsafe-name"),
    bad("unsafe-name: an unassigned character", "8301102_SENre\u0378port20261122.pdf", "unsafe-name"),
    bad("unsafe-name: an unassigned character", "8301102_SENre\uffffport20261122.pdf", "unsafe-name"),
    bad("unsafe-name: a lone surrogate", "8301102_SENre\udcffport20261122.pdf", "unsafe-name"),
    *[
        bad(f"unsafe-name: bidirectional U+{ord(c):04X}", f"8301102_SENre{c}port20261122.pdf", "unsafe-name")
        for c in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    ],
    bad("unsafe-name: a leading space hides nothing", " 8301102_SENreport20261122.pdf", "unsafe-name", school=OPEN),
    bad("unsafe-name: a trailing space hides nothing", "8301102_SENreport.xls ", "unsafe-name", extension="xls"),
    bad("unsafe-name: a leading dot hides nothing", ".8301102_SENreport20261122.pdf", "unsafe-name", service="SEN"),
    bad("unsafe-name: a trailing dot hides nothing", "8301102_SENreport.exe.", "unsafe-name", "type-not-allowed"),
    bad("unsafe-name: a trailing no-break space", "8301102_SENreport20261122.pdf\u00a0", "unsafe-name"),
    bad("unsafe-name: never cleaned up, not even by an offer", " 8301102SENreport20261122.pdf", "unsafe-name",
        "no-service-code"),
    *[
        bad("unsafe-name: a reserved DOS name", name, "unsafe-name", "no-dfe-number", "no-service-code")
        for name in ("CON", "con.pdf", "Prn.docx", "AUX.tar.zip", "nul", "NUL .txt", "CONIN$", "conout$.txt",
                     "com1.x", *(f"{port}{n}.pdf" for port in ("COM", "LPT") for n in "123456789¹²³"))
    ],
    *[
        bad("unsafe-name: no reserved DOS name", name, "no-dfe-number", "no-service-code")
        for name in ("CONS.pdf", "COM10.pdf", "xCON.pdf", "x.CON")
    ],
    good("unsafe-name: characters of other alphabets are safe", "8301102_SENотчёт20261122.pdf"),
]  # fmt: skip


@pytest.mark.parametrize("row", UNSAFE, ids=title)
def test_an_unsafe_name_is_refused_and_its_other_faults_are_told(row: Row) -> None:
    assert differences(row) == {}


def test_the_spaces_are_those_of_every_alphabet() -> None:
    every = (chr(number) for number in range(sys.maxunicode + 1))
    assert "".join(c for c in every if unicodedata.category(c) == "Zs") == SPACES


@pytest.mark.parametrize("number", range(0x80))
def test_of_ascii_only_controls_and_slashes_are_unsafe_inside_a_name(number: int) -> None:
    is_control = number < 0x20 or number == 0x7F
    assert (what_is_unsafe(f"8302000_SEN{chr(number)}plan.pdf") is not None) == (is_control or chr(number) in "/\\")
