"""What a copier sends gets a name that follows the rule, for its own school and code (SPEC 9)."""

from datetime import date

import pytest

from gateway.core.devicenames import device_name
from gateway.core.names import Reading, read_name
from gateway.core.register import Account, AccountState, Role
from tests.core.derbyshire import RULES

SCHOOL = "8301102"
DAY = date(2026, 11, 22)
COPIER = Account(
    "copier", "Copier", "Office", "c@millbeck.example", Role.DEVICE, AccountState.ACTIVE, (SCHOOL,), ("INFO",)
)


def read(name: str) -> Reading:
    return read_name(name, RULES, on=DAY, schools=frozenset(COPIER.schools))


def named(name: str, subject: str = "", content_type: str = "application/pdf") -> str:
    return device_name(name, device=COPIER, subject=subject, content_type=content_type, on=DAY, read=read)


@pytest.mark.parametrize(
    ("name", "subject", "wanted"),
    [
        ("SCN_0001.pdf", "Phonics results", f"{SCHOOL}_INFOphonics-results20261122.pdf"),
        ("20261121103015.PDF", "Über 3 #urgent", f"{SCHOOL}_INFOuber-320261122.pdf"),
        ("DOC221126-1.tif", "", f"{SCHOOL}_INFOscan20261122.tif"),
        ("scan", "../../etc\x00\u202e", f"{SCHOOL}_INFOetc20261122.pdf"),
        ("", "日本", f"{SCHOOL}_INFOscan20261122.pdf"),
        ("8302000_INFOother20261122.pdf", "x", f"{SCHOOL}_INFOx20261122.pdf"),  # another school's number
        (f"{SCHOOL}_SENplan20261122.pdf", "x", f"{SCHOOL}_INFOx20261122.pdf"),  # another service's code
        (f"{SCHOOL}_INFOgood20261120.pdf", "x", f"{SCHOOL}_INFOgood20261120.pdf"),
        ("a.pdf", "8302000_SENplan", f"{SCHOOL}_INFO8302000-senplan20261122.pdf"),
        ("a.pdf", "w" * 300, f"{SCHOOL}_INFO{'w' * 60}20261122.pdf"),
    ],
)
def test_a_devices_file_is_named_for_it(name: str, subject: str, wanted: str) -> None:
    assert named(name, subject) == wanted
    reading = read(wanted)
    assert (reading.faults, reading.school, reading.service) == ((), SCHOOL, "INFO")
    assert not reading.warnings


def test_a_type_that_the_service_refuses_stays_refused() -> None:
    assert read(named("virus.exe", "x", "application/octet-stream")).reason == "type-not-allowed"
