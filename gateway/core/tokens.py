"""Tokens in reply and bounce addresses: signed, bound to one person and one matter, with an end.

Owns their form: 31 bytes in base32, 50 letters, so that an address with one is well below what mail allows; case never
matters. A token holds no secret and no name: the person is in the signature alone, so it is useless to anybody else.
Pure: the secret and the time are passed in (Source: SPEC 4).

    kind  matter                       hours    nonce    signature
    1     16                           3        3        8 bytes

Eight bytes of signature suffice, since a guess costs a conversation with the mail door, which counts them.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

LENGTH = 50  # letters
_BODY = 23  # bytes before the signature
_SIGNATURE = 8  # bytes
_HOUR = 3600
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 26  # of a submission's id, in Crockford's base32


class TokenKind(IntEnum):
    """What an address with the token is for."""

    REPLY = 1  # answers to a notice; its matter is a submission
    LETTER = 3  # answers to what we asked; its matter is the letter's id
    AGREE = 4  # to the acceptable use policy; its matter is a person and a text
    FORM = 5  # requests for accounts; its matter is a person
    BOUNCE = 2  # what comes back of what we sent unasked; its matter is a person


@dataclass(frozen=True)
class Token:
    """What is written in a token; whether we wrote it is `is_genuine`."""

    kind: TokenKind
    matter: bytes  # 16
    expires_at: datetime  # to the hour
    nonce: bytes  # 3: tells tokens of one matter apart

    def body(self) -> bytes:
        """Return the bytes that are signed."""
        hours = int(self.expires_at.timestamp()) // _HOUR
        return bytes([self.kind]) + self.matter + hours.to_bytes(3, "big") + self.nonce


def write_token(token: Token, *, person: str, secret: bytes) -> str:
    """Return a token for one person, by username."""
    body = token.body()
    return base64.b32encode(body + _signature(body, person, secret)).decode("ascii").rstrip("=").lower()


def read_token(text: str) -> Token | None:
    """Return what a token says; None for a text that has not the form of one."""
    found = _bytes_of(text)
    if found is None or found[0] not in tuple(TokenKind):
        return None
    hours = int.from_bytes(found[17:20], "big")
    expires_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    return Token(TokenKind(found[0]), found[1:17], expires_at, found[20:_BODY])


def is_genuine(text: str, *, person: str, secret: bytes) -> bool:
    """Return whether we wrote this token for this person."""
    found = _bytes_of(text)
    return found is not None and hmac.compare_digest(found[_BODY:], _signature(found[:_BODY], person, secret))


def matter_of_submission(id: str) -> bytes | None:
    """Return a submission's id as a matter; None for an id that is not of our form."""
    if len(id) != _ID_LENGTH or any(letter not in _CROCKFORD for letter in id) or id[0] > "7":
        return None
    number = 0
    for letter in id:
        number = number << 5 | _CROCKFORD.index(letter)
    return number.to_bytes(16, "big")


def submission_of(matter: bytes) -> str:
    """Return the id of the submission that is a token's matter."""
    number = int.from_bytes(matter, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def matter_of_person(username: str) -> bytes:
    """Return a person as a matter: nothing that names them."""
    return hashlib.sha256(username.encode()).digest()[:16]


def matter_of_agreement(username: str, digest: str) -> bytes:
    """Return a person and the very text that they were shown as a matter."""
    return hashlib.sha256(f"{username}\0{digest}".encode()).digest()[:16]


def nonce_of(id: str) -> bytes:
    """Return a nonce made of a notice's id: the same notice, sent twice, has the same token."""
    return hashlib.sha256(id.encode()).digest()[:3]


def _bytes_of(text: str) -> bytes | None:
    if len(text) != LENGTH:
        return None
    try:
        found = base64.b32decode(text.upper() + "=" * (-LENGTH % 8))
    except (binascii.Error, ValueError):
        return None
    # Of the last letter two bits count for nothing: one spelling alone is the token.
    spelt = base64.b32encode(found).decode("ascii").rstrip("=")
    return found if spelt == text.upper() and len(found) == _BODY + _SIGNATURE else None


def _signature(body: bytes, person: str, secret: bytes) -> bytes:
    signed = b"school-file-gateway token\0" + body + person.encode()
    return hmac.new(secret, signed, hashlib.sha256).digest()[:_SIGNATURE]
