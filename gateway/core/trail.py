"""The rows of the audit trail, and what a walk along it found.

Frozen values only; how rows are chained is `store.ledger.trail` (Source: SPEC 10).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class AuditEntry:
    """One row of the append-only trail; personal data only as salted digests (SPEC 10)."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str  # id of a file, account, school…
    detail: Mapping[str, object] = field(default_factory=dict)
    previous: str = ""  # digest of the row before
    digest: str = ""


@dataclass(frozen=True)
class TrailCheck:
    """What a walk along the trail found."""

    rows: int  # that are as they were written
    head: str  # digest of the last of them: who keeps it elsewhere can show later that no row was cut off
    broken: int | None = None  # sequence of the first row that is not
    problem: str = ""  # a sentence about it
