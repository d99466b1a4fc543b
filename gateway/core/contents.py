"""What we found in what came in: the parts of a message, and what was seen inside a file.

Frozen values only; who takes apart and who looks are ports (Source: SPEC 4).
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class UnpackedPart:
    """One leaf part of a message, its bytes decoded into a file of their own when it is a candidate."""

    number: int
    name: str | None  # as the sender wrote it, NFC
    content_type: str
    size: int
    sha256: str
    is_file: bool  # a candidate; otherwise it is ignored, and `why` says why
    why: str = ""
    path: str = ""  # of the decoded bytes, below the spool; "" for an ignored part
    is_whole: bool = True  # False when the message ended inside it
    container: str = ""  # name of the winmail.dat or attached message that it came out of
    is_ended: bool = True  # False when the message has no end behind it, and nothing says that it is whole


@dataclass(frozen=True)
class Unpacked:
    """A message, taken apart."""

    subject: str
    message_id: str
    is_automatic: bool  # RFC 3834: must not be answered
    comment: str
    tags: tuple[str, ...]
    parts: tuple[UnpackedPart, ...]
    cause: str = ""  # without a usable file: nothing-attached, cloud-link-only, encrypted-message, no-file-in-tnef …
    faults: tuple[str, ...] = ()  # limits that the message ran into
    resent: str = ""  # when a person sent on what had been sent before: by what it is told from that

    def without_files(self, why: str) -> "Unpacked":
        """Return the message with its files ignored, from somebody who may reply and not send."""
        parts = (replace(part, is_file=False, why=why) if part.is_file else part for part in self.parts)
        return replace(self, parts=tuple(parts))


@dataclass(frozen=True)
class Inspection:
    """What we saw inside a file."""

    verdict: str  # clean, rejected, wait
    reason: str | None = None  # infected, not-scannable, unsafe-archive, truncated, type-not-allowed
    detail: str = ""
    entries: tuple[str, ...] = ()  # of a zip
    remark: str | None = None  # "not scanned"
