"""How long bytes are kept: terms are fixed at receipt, by the gateway's own clock (Source: SPEC 10).

Owns the arithmetic of terms and what of a record stays after them. Destroys nothing: that is `pipeline.purge`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.discretion import mask_document_name, mask_name
from gateway.core.documents import Document, DocumentEvent, document_step
from gateway.core.model import FileRecord

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Terms:
    """Days for which bytes are kept, from receipt. 0 is legal: due at once."""

    days: int = 90
    rejected_days: int = 14
    quarantine_days: int = 30

    def for_sent(self, received_at: datetime) -> datetime:
        """Return when a routed file is destroyed."""
        return _later(received_at, self.days)

    def for_rejected(self, received_at: datetime, reason: str) -> datetime:
        """Return when rejected bytes are destroyed: a quarantined file on a clock of its own, none beyond the term."""
        days = self.quarantine_days if reason == "infected" else self.rejected_days
        return _later(received_at, min(days, self.days))


def _later(start: datetime, days: int) -> datetime:
    # Elapsed seconds and not calendar days: a day of 25 hours must not destroy early (FIELD-NOTES A.7).
    return start + timedelta(seconds=days * SECONDS_A_DAY)


def what_stays(file: FileRecord, *, purged_at: datetime) -> FileRecord:
    """Return the record of a destroyed file: persons, times, digest and reasons; nothing that describes a child."""
    return replace(
        file,
        name=mask_name(file),
        comment=None,
        tags=(),
        entries=(),
        correction=None,
        detail=None,
        place=None,
        purged_at=purged_at,
    )


def what_stays_of_document(document: Document, *, purged_at: datetime) -> Document:
    """Return the record of a destroyed document; one that was deleted before stays so."""
    step = document_step(document.state, DocumentEvent.DESTROY)
    return replace(
        document,
        state=step.target if step else document.state,
        name=mask_document_name(document, document.name),
        sent_name=mask_document_name(document, document.sent_name),
        detail=None,
        place=None,
        purged_at=purged_at,
    )
