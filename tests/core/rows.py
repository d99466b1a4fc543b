"""Rows of the tables of names: each carries the rule of SPEC 3 that it shows."""

from dataclasses import dataclass, field
from datetime import date

from gateway.core.names import Reading, Rules, read_name
from tests.core.derbyshire import OPEN, RULES, THIRD, TODAY

ONE = (OPEN,)
TWO = (OPEN, THIRD)


@dataclass(frozen=True)
class Row:
    """A name and how it must read."""

    rule: str
    name: str
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] | None = None  # None: not looked at
    correction: str | None = None
    sender: tuple[str, ...] | None = None  # the schools of the sender
    rules: Rules = RULES
    on: date = TODAY
    says: dict[str, object] = field(default_factory=dict)  # other fields of the reading

    def read(self) -> Reading:
        schools = None if self.sender is None else frozenset(self.sender)
        return read_name(self.name, self.rules, on=self.on, schools=schools)


def good(
    rule: str, name: str, /, *warnings: str, sender: tuple[str, ...] | None = None, rules: Rules = RULES, **says: object
) -> Row:
    """A name that is taken, with exactly these warnings."""
    return Row(rule, name, warnings=warnings, sender=sender, rules=rules, says=says)


def bad(
    rule: str,
    name: str,
    /,
    *faults: str,
    offer: str | None = None,
    sender: tuple[str, ...] | None = None,
    rules: Rules = RULES,
    **says: object,
) -> Row:
    """A name that is refused for exactly these faults, with exactly this correction."""
    return Row(rule, name, faults=faults, correction=offer, sender=sender, rules=rules, says=says)


def differences(row: Row) -> dict[str, tuple[object, object]]:
    """Return what a name reads as and what the row says instead, for each field that differs."""
    reading = row.read()
    expected = row.says | {
        "faults": row.faults,
        "reason": row.faults[0] if row.faults else None,
        "verdict": "reject" if row.faults else "accept",
        "correction": row.correction,
    }
    if row.warnings is not None:
        expected["warnings"] = row.warnings
    found = {name: getattr(reading, name) for name in expected}
    return {name: (found[name], value) for name, value in expected.items() if found[name] != value}


def title(row: Row) -> str:
    """Return what a test of this row is called."""
    return f"{row.rule}: {row.name[:60]!a}"
