"""Mail for postmaster@ as the contact of the authority reads it: who wrote, and what.

Owns that context and its sample. It is a person's letter to a person: no file goes with it (Source: SPEC 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.core.contents import Unpacked
from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.phrases import moment
from gateway.core.register import Account, AccountState, Role
from gateway.core.submission import Envelope

TEMPLATE = "postmaster"
OUTCOME = "for-postmaster"  # of the submission, and why its parts were left


@dataclass(frozen=True)
class HandedOn:
    """What the contact gets."""

    authority: str
    contact: str
    submission: str
    sender: str  # "Forename Surname"
    address: str  # to which an answer goes
    schools: tuple[str, ...]  # DfE numbers that they may send for
    sent_at: str
    subject: str
    text: str  # without the signature and the quoted thread
    files: int  # that were attached, and not kept


def handed_on(envelope: Envelope, unpacked: Unpacked, *, sender: Account, head: Letterhead) -> HandedOn:
    """Return what the contact gets of a message."""
    return HandedOn(
        authority=head.authority,
        contact=head.contact,
        submission=envelope.id,
        sender=sender.full_name,
        address=sender.email,
        schools=tuple(sender.schools),
        sent_at=moment(envelope.received_at, head.zone),
        subject=unpacked.subject,
        text=unpacked.comment,
        files=sum(part.is_file for part in unpacked.parts),
    )


def sample_postmaster() -> tuple[Mapping[str, object], ...]:
    """Return the contexts to try the template with; the first is the one to preview."""
    head = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
    at = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    full = HandedOn(
        authority=head.authority,
        contact=head.contact,
        submission="01kaj0sample0000000000000a",
        sender="Petra Varga",
        address="petra.varga@leys.example",
        schools=("8302000",),
        sent_at=moment(at, head.zone),
        subject="Our mail comes back",
        text="Since Monday every message to you comes back. What has changed?",
        files=1,
    )
    bare = Account("o.howarth", "Olive", "Howarth", "olive@la.example", Role.OFFICER, AccountState.ACTIVE)
    nothing = HandedOn(
        authority=head.authority,
        contact=head.contact,
        submission=full.submission,
        sender=bare.full_name,
        address=bare.email,
        schools=(),
        sent_at=full.sent_at,
        subject="",
        text="",
        files=0,
    )
    return plain(full), plain(nothing)
