"""Surprises, by what the caller should do about them (DESIGN 4). Expected outcomes are values, never these."""

from dataclasses import dataclass


class GatewayError(Exception):
    """A surprise with a sentence for the person who meets it."""

    exit_code = 70


class Transient(GatewayError):
    """Try again: a full disk, a busy database, a relay that is down. 451/452 over SMTP."""

    exit_code = 75


class DiskFull(Transient):
    """No room for more bytes: 452 4.3.1 over SMTP."""


class Unanswered(Transient):
    """A mounted share has not answered: what was asked of it may happen yet."""


class NameTaken(Transient):
    """A drop's name was taken between its choice and its placing: choose again."""


class Permanent(GatewayError):
    """Set aside and tell the administrator: trying again can't help."""

    exit_code = 69


class NotThere(GatewayError):
    """What was named doesn't exist, or its state refuses the change (exit 65)."""

    exit_code = 65


class NotPermitted(GatewayError):
    """This user of the host may not do this (exit 77)."""

    exit_code = 77


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in the configuration: where it stands, what it is, what was expected."""

    file: str
    where: str  # a key, or "line 12"
    problem: str  # one sentence: what was found and what was expected

    def __str__(self) -> str:
        """Return the line that an administrator reads."""
        return f"{self.file}: {self.where}: {self.problem}" if self.where else f"{self.file}: {self.problem}"


class ConfigError(GatewayError):
    """The configuration can't be used; all faults at once (exit 78)."""

    exit_code = 78

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Carry every fault that was found."""
        super().__init__("\n".join(str(f) for f in faults))
        self.faults = faults
