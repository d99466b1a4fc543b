"""What each leaf of a message is: a file, or something that is listed and left.

Owns the table. The first row that fits says what becomes of a leaf; the last one takes it as a file. Any
disposition counts, for it lies: Apple Mail sends PDFs as `inline`, and Exchange names its logos. Pictures wait
until the whole message is read, and are judged by `is_signature_picture`; so do attached messages that were named for
the gateway.

Pure: decides from what a header says, reads no byte of content.

Source: SPEC 4; FIELD-NOTES A.3 ("Disposition lies", "Always drop silently-but-listed").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from gateway.inbound.smtp.embedded import OLE_OBJECT

Kind = Literal[
    "file",  # the sender attached it, and its bytes are whole
    "cut",  # the sender attached it, and it did not come through: `why` is the limit or the damage
    "ignored",  # not a file of the sender's: `why` is the row of the table
]
Route = Literal["file", "picture", "body", "message", "tnef", "ignored"]


@dataclass(frozen=True)
class Leaf:
    """What is said of a leaf before its bytes."""

    content_type: str = "text/plain"  # lower case
    smime_type: str = ""  # the parameter of application/pkcs7-mime
    disposition: str = ""  # lower case
    name: str | None = None  # decoded, NFC, otherwise as the sender wrote it
    alias: str | None = None  # the other name, where `name=` and `filename=` disagree
    content_id: str = ""  # without its brackets, lower case
    within: str = ""  # subtype of the multipart that it is a child of
    container: int | None = None  # number of the part that it was found in

    @cached_property
    def row(self) -> "Row":
        """What becomes of it: the first row of the table that fits."""
        name = self.low_name
        has_telling = _TELLING.fullmatch(name) is not None
        rows = _ROWS.get((self.content_type, has_telling)) or _ROWS["", has_telling]
        return next(row for row in rows if (not row.name or re.fullmatch(row.name, name)) and row.fits(self))

    @property
    def low_name(self) -> str:
        return (self.name or "").strip().lower()


class Part(NamedTuple):
    """One leaf of a message and what it is. Containers are listed too, before what was found in them."""

    number: int  # from 1, in the order of the message; the sink knows the bytes by it
    kind: Kind
    why: str  # "" of a file
    name: str | None
    alias: str | None
    content_type: str
    disposition: str
    size: int  # decoded bytes; of a cut part, those that were seen
    sha256: str  # hexadecimal, of the decoded bytes; "" of a cut part
    container: int | None  # number of the part that it was found in
    flaws: tuple[str, ...] = ()  # "unclosed", "base64-footer": what was odd, though the bytes are whole
    is_ended: bool = True  # False where the message broke off, and nothing says that these are all of its bytes


def _always(_: Leaf) -> bool:
    return True


@dataclass(frozen=True)
class Row:
    route: Route
    why: str  # a stable code; "" of what may be a file
    types: tuple[str, ...] = ()  # of which it must be one; () is any
    name: str = ""  # pattern of the whole of its name, in lower case; "" is any
    fits: Callable[[Leaf], bool] = _always


def _is_smime(kind: str) -> Callable[[Leaf], bool]:
    """By the parameter that RFC 8551 3.2.2 has for it, which says nothing of any other type."""
    return lambda leaf: leaf.smime_type == kind


def _is_wrapping_page(leaf: Leaf) -> bool:
    """The page that Purview, Cisco or Proofpoint attaches in place of the message; a body may bear the same name."""
    return leaf.disposition == "attachment" and bool(_WRAPPING_PAGE.fullmatch(leaf.low_name))


def _is_text_body(leaf: Leaf) -> bool:
    return leaf.content_type.startswith("text/") and leaf.name is None and leaf.disposition != "attachment"


def _is_picture(leaf: Leaf) -> bool:
    if leaf.content_type.startswith("image/"):
        return True
    return leaf.content_type == "application/octet-stream" and bool(_PICTURE_NAME.fullmatch(leaf.low_name))


_SMIME = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_WRAPPING_PAGE = re.compile(r"(?:message(?:_v[0-9])?|securedoc(?:_[0-9t]{1,20})?|securemessageatt)\.html?")
_PICTURE_NAME = re.compile(r".*\.(?:png|gif|jpe?g|bmp|webp)", re.DOTALL)
_SEVEN_DIGITS = re.compile(r"[0-9]{7}")

TABLE: tuple[Row, ...] = (
    Row("ignored", "empty-multipart", fits=lambda leaf: leaf.content_type.startswith("multipart/")),
    # Wrappers that only their reader can open.
    Row("ignored", "encrypted-wrapper", fits=lambda leaf: leaf.within == "encrypted"),
    Row("ignored", "encrypted-wrapper", ("application/pgp-encrypted", "application/x-microsoft-rpmsg-message")),
    Row("ignored", "signature", _SMIME, fits=_is_smime("certs-only")),
    Row("ignored", "signed-wrapper", _SMIME, fits=_is_smime("signed-data")),
    Row("ignored", "encrypted-wrapper", _SMIME),
    Row("ignored", "encrypted-wrapper", name=r"smime\.p7m|.*\.(?:rpmsg|switch)"),
    Row("ignored", "encrypted-wrapper", fits=_is_wrapping_page),
    # What mail systems add by themselves.
    Row("ignored", "calendar", ("text/calendar", "application/ics")),
    Row("ignored", "calendar", name=r".*\.ics"),
    Row("ignored", "signature", ("application/pkcs7-signature", "application/x-pkcs7-signature")),
    Row("ignored", "signature", ("application/pgp-signature", "application/pgp-keys")),
    Row("ignored", "signature", name=r"smime\.p7s|signature\.asc|openpgp_signature(?:\.asc)?"),
    Row("ignored", "vcard", ("text/vcard", "text/x-vcard", "text/directory")),
    Row("ignored", "vcard", name=r".*\.vcf"),
    Row("ignored", "delivery-report", fits=lambda leaf: leaf.within == "report" and leaf.content_type != "text/plain"),
    Row("ignored", "delivery-report", ("message/delivery-status", "message/global-delivery-status")),
    Row("ignored", "delivery-report", ("message/disposition-notification", "message/feedback-report")),
    Row("ignored", "delivery-report", ("text/rfc822-headers", "message/global-headers")),
    Row("ignored", "exchange-split", name=r"att[0-9]{3,8}\.(?:txt|html?)"),
    Row("ignored", "resource-fork", ("application/applefile",)),
    Row("ignored", "ole-object", (OLE_OBJECT,)),
    Row("ignored", "elsewhere", ("message/external-body", "message/partial")),
    # Containers, which are opened.
    Row("message", "opened-message", ("message/rfc822", "message/global")),
    Row("tnef", "opened-tnef", ("application/ms-tnef", "application/vnd.ms-tnef")),
    Row("tnef", "opened-tnef", name=r"winmail\.dat"),
    # What people wrote, and what they attached.
    Row("body", "text-body", fits=_is_text_body),
    Row("picture", "", fits=_is_picture),
    Row("file", ""),
)


def _open_to(content_type: str, *, has_telling: bool) -> tuple[Row, ...]:
    """The rows that a leaf of this type can come to, by a name that some row asks for or by none: a few of them all."""
    typed = (row for row in TABLE if not row.types or content_type in row.types)
    return tuple(row for row in typed if has_telling or not row.name)


_TELLING = re.compile("|".join(row.name for row in TABLE if row.name))
_TYPES = {"", *(each for row in TABLE for each in row.types)}  # "" is any other
_ROWS = {(each, told): _open_to(each, has_telling=told) for each in _TYPES for told in (False, True)}


def is_named_letter(leaf: Leaf) -> bool:
    """Is it an attached message that somebody named for the gateway? It is opened, and is a file if it holds none."""
    return leaf.row.route == "message" and bool(_SEVEN_DIGITS.match(leaf.low_name))


def may_be_decoration(leaf: Leaf, shown: frozenset[str]) -> bool:
    """Is it a picture that the text shows, and that no school named for the gateway?

    `shown` are the Content-IDs that an HTML text of the message refers to. A name that begins with seven digits
    was chosen on purpose: such a picture is a file wherever it stands.
    """
    if leaf.row.route != "picture" or _SEVEN_DIGITS.match(leaf.low_name):
        return False
    return leaf.disposition == "inline" or leaf.content_id in shown - {""}


def is_signature_picture(leaf: Leaf, shown: frozenset[str], *, has_other_file: bool) -> bool:
    """Is it decoration, beside a file or in the text itself? Alone and shown by no text, it is a file."""
    return may_be_decoration(leaf, shown) and (has_other_file or leaf.content_id in shown - {""})
