"""Whether two domains belong to one organisation, by the Public Suffix List.

Owns relaxed and strict alignment (RFC 7489 3.1, 3.2). `*.sch.uk` is in the list: two schools below one county are two
organisations, and a county's own domain below it is nobody's. A domain that is a suffix aligns with itself alone.
"""

import functools
import re

from publicsuffixlist import PublicSuffixList

_DOMAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+"
)


def domain_of(address: str) -> str:
    """Return the domain of an address in ASCII and lower case; "" when there is none or it is none."""
    _, at, domain = address.rpartition("@")
    return normal_domain(domain) if at else ""


def normal_domain(text: str) -> str:
    """Return a domain in ASCII and lower case, without a final dot; "" when it is none."""
    try:
        ascii_form = text.rstrip(".").lower().encode("idna").decode("ascii") if not text.isascii() else text.lower()
    except UnicodeError:
        return ""
    ascii_form = ascii_form.removesuffix(".")
    return ascii_form if _DOMAIN.fullmatch(ascii_form) else ""


def organization(domain: str) -> str:
    """Return the organisational domain; the domain itself where it is a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


def are_aligned(one: str, other: str, *, strict: bool = False) -> bool:
    """Whether two domains are of one organisation, or, strictly, the same."""
    one, other = normal_domain(one), normal_domain(other)
    if not one or not other:
        return False
    return one == other or (not strict and organization(one) == organization(other))


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # 0.1 s and 3 MB: read once, when the first sender is judged
