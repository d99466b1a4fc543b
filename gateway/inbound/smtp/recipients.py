"""The gateway's own addresses: what a recipient is to us.

Owns the reading of an address that RCPT gave. Everything else is nobody: 550 5.1.1. Whether a token is a real one is
asked elsewhere (Source: SPEC 4).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_TOKEN = re.compile(r"[a-z2-7]{1,50}")  # base32, lower-cased (SPEC 4)


class RecipientKind(StrEnum):
    """What an address is for."""

    INTAKE = "intake"  # one of [smtp] addresses
    SERVICE = "service"  # <code>@: a hint only, the name of the file decides
    POSTMASTER = "postmaster"  # handed on to the authority's contact
    DOCUMENTS = "documents"  # documents+<folder>@
    REPLY = "reply"  # reply+<token>@
    BOUNCE = "bounce"  # bounce+<token>@

    @property
    def is_intake(self) -> bool:
        """Whether mail for it is taken in as a submission; the others are asked about, one by one."""
        return self in (RecipientKind.INTAKE, RecipientKind.SERVICE)


_TAGGED = {kind.value: kind for kind in (RecipientKind.DOCUMENTS, RecipientKind.REPLY, RecipientKind.BOUNCE)}


@dataclass(frozen=True)
class Recipient:
    """One of our addresses."""

    kind: RecipientKind
    address: str  # lower case
    detail: str = ""  # the code in upper case, the folder's key or the token, in lower case


class AddressBook:
    """The addresses of a gateway, by the tables as they stand."""

    def __init__(self, *, addresses: Iterable[str], codes: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Take `[smtp] addresses`, the service codes and the keys of the standard folders."""
        self._intake = frozenset(a.lower() for a in addresses)
        self._domains = frozenset(a.rpartition("@")[2] for a in self._intake)
        self._codes = {code.lower(): code for code in codes}
        self._folders = frozenset(key.lower() for key in folders)

    def read(self, address: str) -> Recipient | None:
        """Return what an address is to us; None when it is nobody's. Case is ignored."""
        lower = address.lower()
        if lower in self._intake:
            return Recipient(RecipientKind.INTAKE, lower)
        local, _, domain = lower.rpartition("@")
        if lower == "postmaster" or (local == "postmaster" and domain in self._domains):
            return Recipient(RecipientKind.POSTMASTER, lower)
        if domain not in self._domains:
            return None
        if local in self._codes:
            return Recipient(RecipientKind.SERVICE, lower, self._codes[local])
        return self._tagged(lower, local)

    def _tagged(self, lower: str, local: str) -> Recipient | None:
        word, _, detail = local.partition("+")
        kind = _TAGGED.get(word)
        if kind is None or not self._is_known(kind, detail):
            return None
        return Recipient(kind, lower, detail)

    def _is_known(self, kind: RecipientKind, detail: str) -> bool:
        if kind is RecipientKind.DOCUMENTS:
            return detail in self._folders
        return _TOKEN.fullmatch(detail) is not None
