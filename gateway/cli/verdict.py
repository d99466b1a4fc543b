"""What a check finds: one value a thing, and the exit code that follows from all of them.

Source: SPEC 13 (`gateway check`, exit codes).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "warning", "fault"]

CONFIGURATION = 78
UNAVAILABLE = 69


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: Verdict
    detail: str  # what was found and, where it isn't right, what to do
    is_outside: bool = False  # a fault of something that the configuration only points at


def ok(what: str, detail: str) -> Finding:
    """Return that a thing is right."""
    return Finding(what, "ok", detail)


def warning(what: str, detail: str) -> Finding:
    """Return that a thing works, and should be better."""
    return Finding(what, "warning", detail)


def fault(what: str, detail: str) -> Finding:
    """Return that the configuration can't be used like this."""
    return Finding(what, "fault", detail)


def unavailable(what: str, detail: str) -> Finding:
    """Return that something outside doesn't answer or isn't there."""
    return Finding(what, "fault", detail, is_outside=True)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 78 for a fault of the configuration, 69 where only something outside is at fault, else 0."""
    faults = [finding for finding in findings if finding.verdict == "fault"]
    if any(not finding.is_outside for finding in faults):
        return CONFIGURATION
    return UNAVAILABLE if faults else 0
