"""The texts of a message while it is read: what they show, where they point, what the first of them says.

Owns what is kept of text bodies: a bounded beginning of each, the Content-IDs that HTML refers to (of the whole
of it, however long), and the marks of a message whose file is not in it: a link to a cloud, an encrypted text.

Source: SPEC 4; FIELD-NOTES A.3 ("Cloud attachments", "Encrypted wrappers").
"""

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from gateway.inbound.smtp.comment import make_comment
from gateway.inbound.smtp.words import decode_text

Elsewhere = Literal["", "encrypted-message", "cloud-link-only"]

_KEPT_BODIES = 8
_SHOWN = 500  # Content-IDs that are kept
_LINKS = 2_000  # that are looked at
_CID_BYTES = 256
_CID = re.compile(rb"cid:([^\"'\s<>)&]{1,250})")
# Behind "domain=" the link protection of Mimecast names the host that it hides, Proofpoint's behind "-3A__".
_HOST = re.compile(r"(?:://|%3a%2f%2f|%253a%252f%252f|-3a__|[?;&]domain=)([a-z0-9.-]{1,253})", re.IGNORECASE)
_PGP_MESSAGE = "-----BEGIN PGP MESSAGE-----"

# The host itself or the end of it: what a link to a file in a cloud, or to an encrypted message, points at.
_HOSTS: tuple[tuple[str, Elsewhere], ...] = (
    ("1drv.ms", "cloud-link-only"),
    ("onedrive.live.com", "cloud-link-only"),
    ("onedrive.com", "cloud-link-only"),
    ("sharepoint.com", "cloud-link-only"),
    ("drive.google.com", "cloud-link-only"),
    ("docs.google.com", "cloud-link-only"),
    ("dropbox.com", "cloud-link-only"),
    ("db.tt", "cloud-link-only"),
    ("wetransfer.com", "cloud-link-only"),
    ("we.tl", "cloud-link-only"),
    ("box.com", "cloud-link-only"),
    ("icloud.com", "cloud-link-only"),
    ("mega.nz", "cloud-link-only"),
    ("photos.google.com", "cloud-link-only"),
    ("photos.app.goo.gl", "cloud-link-only"),
    ("sharefile.com", "cloud-link-only"),
    ("sharefile.eu", "cloud-link-only"),
    ("documentcloud.adobe.com", "cloud-link-only"),
    ("acrobat.adobe.com", "cloud-link-only"),
    ("transfernow.net", "cloud-link-only"),
    ("swisstransfer.com", "cloud-link-only"),
    ("confidential-mail.google.com", "encrypted-message"),
    ("switch.egress.com", "encrypted-message"),
    ("app.zivver.com", "encrypted-message"),
)


@dataclass
class TextBody:
    """One text body while it streams."""

    is_html: bool
    charset: str
    limit: int  # bytes of it that are kept
    kept: bytearray = field(default_factory=bytearray)
    shown: set[str] = field(default_factory=set)  # Content-IDs, lower case
    _tail: bytes = b""

    def add(self, data: bytes) -> None:
        self.kept += data[: max(self.limit - len(self.kept), 0)]
        if self.is_html and len(self.shown) < _SHOWN:
            self._find_shown(self._tail + data.lower())

    def end(self) -> None:
        """No more comes: an identifier that stands at the very end is whole."""
        self._find_shown(self._tail + b"\n")

    def _find_shown(self, data: bytes) -> None:
        """An identifier may be split between two pieces: what reaches the end of one is read with the next."""
        if b"cid:" in data:
            found = (match for match in _CID.finditer(data) if match.end() < len(data))
            self.shown.update(match[1].decode("latin-1") for match in found)
        self._tail = data[-_CID_BYTES:]

    @property
    def text(self) -> str:
        return decode_text(bytes(self.kept), self.charset)


@dataclass
class Bodies:
    """The text bodies of one message, in order. Only those of the message itself speak for its sender."""

    limit: int
    shown: set[str] = field(default_factory=set)
    _own: list[TextBody] = field(default_factory=list)

    def open(self, *, is_html: bool, charset: str, is_own: bool) -> TextBody:
        is_kept = is_own and len(self._own) < _KEPT_BODIES
        body = TextBody(is_html=is_html, charset=charset, limit=self.limit if is_kept else 0)
        if is_kept:
            self._own.append(body)
        return body

    def comment(self, limit: int) -> str:
        if not self._own:
            return ""
        plain = next((body.text for body in self._own if not body.is_html), "")
        page = "" if plain.strip() else next((body.text for body in self._own if body.is_html), "")
        return make_comment(plain, page, limit=limit)

    def elsewhere(self) -> Elsewhere:
        """Where the file of a message without one is, as far as its text tells."""
        texts = [body.text for body in self._own]
        if any(text.lstrip().startswith(_PGP_MESSAGE) for text in texts):
            return "encrypted-message"
        links = (match for text in texts for match in _HOST.finditer(text))
        hosts = {match[1].lower().rstrip(".") for match in islice(links, _LINKS)}
        return next((cause for end, cause in _HOSTS if any(_is_within(host, end) for host in hosts)), "")


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)
