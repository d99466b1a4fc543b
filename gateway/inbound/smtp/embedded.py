"""The small language in which a reader of a container says what it finds, as it finds it.

A container is a text body with uuencoded files in it, or a winmail.dat. Its reader yields these events in order:
`Opened`, pieces of bytes, `Closed`, and `Text` between files where the container is a text. A name may be known
only at the end, so `Closed` carries it.
"""

from dataclasses import dataclass

OLE_OBJECT = "application/x-oleobject"  # our own word for a thing that lives only inside its message


@dataclass(frozen=True)
class Opened:
    """A file begins; the pieces of bytes that follow are its content."""


@dataclass(frozen=True)
class Closed:
    """The file that was opened ends."""

    name: str | None
    why: str = ""  # "truncated" when the container ended or broke inside it, "too-deep" when it was not opened
    content_type: str = ""
    is_inline: bool = False  # shown within the text rather than beside it


@dataclass(frozen=True)
class Text:
    """A piece of the text around the files."""

    data: bytes


Event = Opened | bytes | Closed | Text
