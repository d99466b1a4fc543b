"""A copy of a message is known by its fingerprint, and nothing else is taken for one (SPEC 4; FIELD-NOTES A.3).

The fault that counts most: a message that is lost since it was mistaken for another.
"""

from dataclasses import replace

import pytest

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.core.fingerprint import fingerprint_of
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from tests.fakes import MORNING

ENVELOPE = Envelope("01a", Channel.EMAIL, MORNING, 900, "ab", "aquill", "password", recipients=("files@gateway.test",))
TEXT = UnpackedPart(1, None, "text/plain", 9, "cd", is_file=False, why="text")
FILE = UnpackedPart(2, "8301102_INFOa20261120.pdf", "application/pdf", 33, "ef", is_file=True, path="parts/2")
MESSAGE = Unpacked("Return", "<1@leys.example>", False, "For Monday.", (), (TEXT, FILE))
ALIKE = fingerprint_of(ENVELOPE, MESSAGE)

OTHERS: list[tuple[str, Envelope, Unpacked]] = [
    ("another sender", replace(ENVELOPE, username="bodell"), MESSAGE),
    ("to another of our addresses", replace(ENVELOPE, recipients=("postmaster@gateway.test",)), MESSAGE),
    ("to one address more", replace(ENVELOPE, recipients=("files@gateway.test", "reply+x@gateway.test")), MESSAGE),
    ("another Message-ID", ENVELOPE, replace(MESSAGE, message_id="<2@leys.example>")),
    ("another subject, by which a copier's file is named", ENVELOPE, replace(MESSAGE, subject="SEN")),
    ("another text, which may be a command", ENVELOPE, replace(MESSAGE, comment="RECALL 2")),
    ("sent on by a person, as it was", ENVELOPE, replace(MESSAGE, resent="<2@leys.example>")),
    ("other bytes of a size", ENVELOPE, replace(MESSAGE, parts=(TEXT, replace(FILE, sha256="e0")))),
    ("other bytes in what is ignored", ENVELOPE, replace(MESSAGE, parts=(replace(TEXT, sha256="c0"), FILE))),
    ("another name", ENVELOPE, replace(MESSAGE, parts=(TEXT, replace(FILE, name="8301102_SENa20261120.pdf")))),
    ("another type", ENVELOPE, replace(MESSAGE, parts=(TEXT, replace(FILE, content_type="text/csv")))),
    ("a part more", ENVELOPE, replace(MESSAGE, parts=(TEXT, FILE, replace(FILE, number=3)))),
    ("a part less", ENVELOPE, replace(MESSAGE, parts=(TEXT,))),
    ("its parts the other way round", ENVELOPE, replace(MESSAGE, parts=(FILE, TEXT))),
]
UNKNOWN: list[tuple[str, Unpacked | None]] = [
    ("an upload", None),
    ("no Message-ID", replace(MESSAGE, message_id="")),
    ("an empty Message-ID", replace(MESSAGE, message_id=" \t")),
    (
        "a part was cut: two scans that are too large are cut at one size",
        replace(MESSAGE, parts=(replace(FILE, sha256=""),)),
    ),
    ("parts beyond a limit, which may differ", replace(MESSAGE, faults=("too-many-parts",))),
]


def test_a_copy_that_came_another_way_has_the_same() -> None:
    """A mail system tries from another of its servers, and a relay writes its addresses otherwise."""
    copy = replace(ENVELOPE, id="02b", size=950, sha256="ff", peer="192.0.2.9", verified_by="dmarc leys.example")
    copy = replace(copy, recipients=("Files@Gateway.test", "files@gateway.test"))
    assert ALIKE is not None
    assert fingerprint_of(copy, replace(MESSAGE, parts=(TEXT, replace(FILE, path="parts/other")))) == ALIKE


@pytest.mark.parametrize(("what", "envelope", "message"), OTHERS, ids=[row[0] for row in OTHERS])
def test_what_differs_is_another(what: str, envelope: Envelope, message: Unpacked) -> None:
    assert fingerprint_of(envelope, message) not in (None, ALIKE), what


def test_a_copy_of_what_was_sent_on_is_one_and_the_next_time_it_is_sent_on_is_none() -> None:
    once, twice = (fingerprint_of(ENVELOPE, replace(MESSAGE, resent=f"<{n}@leys.example>")) for n in (2, 3))
    assert once == fingerprint_of(replace(ENVELOPE, id="02b"), replace(MESSAGE, resent="<2@leys.example>"))
    assert once != twice


@pytest.mark.parametrize(("what", "message"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_what_can_not_be_told_from_another_has_none(what: str, message: Unpacked | None) -> None:
    assert fingerprint_of(ENVELOPE, message) is None, what


def test_a_name_with_half_a_surrogate_pair_stops_nothing() -> None:
    assert fingerprint_of(ENVELOPE, replace(MESSAGE, parts=(replace(FILE, name="a\udce9.pdf"),))) is not None
