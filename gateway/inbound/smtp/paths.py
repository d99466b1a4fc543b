"""What stands behind MAIL FROM: and RCPT TO: as values.

Owns the grammar of a path and its parameters, a little wider than RFC 5321 4.1.2 since devices are sloppy: blanks
after the colon and a missing pair of angle brackets pass, a source route is dropped. Refuses control characters,
quoted local parts and anything over the lengths of RFC 5321 4.5.3.1; it never raises.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_FORM = re.compile(r"(?P<keyword>FROM|TO):[ \t]*(?:<(?P<path>[^<>]*)>|(?P<bare>[^<> \t]+))(?P<rest>(?:[ \t].*)?)", re.I)
_ROUTE = re.compile(r"\A@[^:,]+(?:,@[^:,]+)*:")
_ADDRESS = re.compile(r"[^@\s\"\x00-\x20\x7f\ud800-\udfff]{1,64}@(?:[^@\s\"\x00-\x20\x7f\ud800-\udfff]{1,255})")
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^=\s\x00-\x20\x7f]+))?")


@dataclass(frozen=True)
class Path:
    """An address as a command gave it."""

    address: str  # "" is the null sender
    parameters: Mapping[str, str]  # names in upper case; "" for one without a value

    @property
    def domain(self) -> str:
        """Return what follows the @, in lower case."""
        return self.address.rpartition("@")[2].lower()


def read_path(argument: str | None, *, keyword: str) -> Path | None:
    """Read `FROM:<a@b> SIZE=1`; None when it is no path. The null sender and `<postmaster>` pass."""
    form = _FORM.fullmatch(argument or "")
    if form is None or form["keyword"].upper() != keyword:
        return None
    path = form["path"] if form["path"] is not None else form["bare"]
    address = _ROUTE.sub("", path.strip(), count=1)
    if not _is_address(address):
        return None
    parameters = _parameters(form["rest"])
    return None if parameters is None else Path(address, parameters)


def _is_address(text: str) -> bool:
    if text == "" or text.lower() == "postmaster":  # RFC 5321 4.5.1: without a domain too
        return True
    return _ADDRESS.fullmatch(text) is not None  # at most 320 characters, and no byte that is no UTF-8


def _parameters(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for word in text.split():
        form = _PARAMETER.fullmatch(word)
        if form is None or form["name"].upper() in found:
            return None
        found[form["name"].upper()] = form["value"] or ""
    return found
