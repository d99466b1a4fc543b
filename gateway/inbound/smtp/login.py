"""AUTH PLAIN and AUTH LOGIN: from the client's lines to a username and a password.

Owns the dialogue and its decoding. Checks no password, and shows none: not in a repr, not in a log, not in a reply.

Source: RFC 4954, RFC 4616; the LOGIN of old devices, with the username in the first line or without.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.inbound.smtp.replies import BAD_LOGIN, BAD_MECHANISM, LOGIN_CANCELLED, LOGIN_TOO_LONG, Reply

MAX_LINE = 4096  # bytes of base64

Ask = Callable[[str], Awaitable[bytes]]  # says "334 …" and returns the line that came back, without its end


@dataclass(frozen=True)
class Credentials:
    """What somebody claims."""

    username: str = field(repr=False)
    password: str = field(repr=False)


async def hear(argument: str | None, ask: Ask) -> Credentials | Reply:
    """Hear what follows AUTH; an answer that can't be read is a reply."""
    mechanism, _, initial = (argument or "").strip().partition(" ")
    hear_mechanism = {"PLAIN": _hear_plain, "LOGIN": _hear_login}.get(mechanism.upper())
    if hear_mechanism is None:
        return BAD_MECHANISM
    return await hear_mechanism(initial.strip(), ask)


async def _hear_plain(initial: str, ask: Ask) -> Credentials | Reply:
    line = _decoded(_as_bytes(initial) or await ask(""))
    if isinstance(line, Reply):
        return line
    authorization, username, password = (*line.split("\0"), "", "")[:3]
    if line.count("\0") != 2 or authorization not in ("", username):  # nobody acts for somebody else
        return BAD_LOGIN
    return _credentials(username, password)


async def _hear_login(initial: str, ask: Ask) -> Credentials | Reply:
    username = _decoded(_as_bytes(initial) or await ask("Username:"))
    if isinstance(username, Reply):
        return username
    password = _decoded(await ask("Password:"))
    if isinstance(password, Reply):
        return password
    return _credentials(username, password)


def _credentials(username: str, password: str) -> Credentials | Reply:
    if not username or not password or "\0" in username + password:
        return BAD_LOGIN
    return Credentials(username, password)


def _as_bytes(text: str) -> bytes:
    return text.encode("ascii", "replace")  # what is not base64 is refused a line later


def _decoded(line: bytes) -> str | Reply:
    if line == b"*":
        return LOGIN_CANCELLED
    if len(line) > MAX_LINE:
        return LOGIN_TOO_LONG
    try:
        return b64decode(b"" if line == b"=" else line, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return BAD_LOGIN


def challenge(text: str) -> bytes:
    """Return the line that asks for the next one."""
    return b"334 " + b64encode(text.encode())
