"""Public SSH keys: a line of an `authorized_keys` file, read, and judged.

Owns what a line says (kind, length, fingerprint, comment) and the sentence for each that is not taken: a private key,
options, a certificate, a kind or a length that is too weak. Whose key it is, is nobody's concern here: two people may
name the same one. Pure (Source: SPEC 9; RFC 4253 6.6, RFC 5656 3.1).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

_GOOD = frozenset(
    {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-rsa",  # the kind of the key; a signature with it must be rsa-sha2-256 or -512, which the door asks for
    }
)
_INSTEAD = "Make a new pair (ssh-keygen -t ed25519, or EdDSA in PuTTYgen) and send its public key."
_LONGEST_COMMENT = 100  # characters


@dataclass(frozen=True)
class KeyRules:
    """What an authority asks of a key."""

    least_rsa_bits: int = 3072
    most: int = 10  # keys of an account


@dataclass(frozen=True)
class PublicKey:
    """One key."""

    kind: str  # ssh-ed25519
    blob: bytes  # as RFC 4253 has it
    comment: str = ""

    @property
    def fingerprint(self) -> str:
        """Return its name as `ssh-keygen -l` says it: SHA256:…"""
        return fingerprint_of(self.blob)

    @property
    def line(self) -> str:
        """Return it as a line of `authorized_keys`."""
        text = base64.b64encode(self.blob).decode("ascii")
        return " ".join(filter(None, (self.kind, text, self.comment)))


@dataclass(frozen=True)
class Unfit:
    """A line that is not taken."""

    number: int  # of the line, from 1
    sentence: str

    def __str__(self) -> str:
        """Return what a person reads."""
        return f"Line {self.number}: {self.sentence}"


def fingerprint_of(blob: bytes) -> str:
    """Return the name of a key by its bytes."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


def key_of(line: str) -> PublicKey:
    """Return the key of a line that was taken before; of one that never was, a key without bytes."""
    kind, blob, comment = (*line.split(maxsplit=2), "", "", "")[:3]
    return PublicKey(kind, _decoded(blob) or b"", comment)


def read_keys(text: str, rules: KeyRules) -> tuple[tuple[PublicKey, ...], tuple[Unfit, ...]]:
    """Return the keys of an `authorized_keys` file, each once, and every line that is not taken."""
    keys: dict[bytes, PublicKey] = {}
    unfit = []
    for number, line in _lines(text):
        found = read_key(line, rules)
        if isinstance(found, str):
            unfit.append(Unfit(number, found))
        else:
            keys.setdefault(found.blob, found)
        if "PRIVATE KEY" in line:
            break  # what follows is its inside
    if len(keys) > rules.most:
        unfit.append(Unfit(rules.most + 1, f"There are {len(keys)} keys; at most {rules.most} are taken."))
    return tuple(keys.values()), tuple(unfit)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def read_key(line: str, rules: KeyRules) -> PublicKey | str:
    """Return the key of a line, or the sentence that refuses it."""
    if "PRIVATE KEY" in line or line.startswith("PuTTY-User-Key-File"):
        return f"This is a private key, which nobody but you may have. {_INSTEAD}"
    if line.startswith("---- BEGIN"):
        return "This is a key in the form of several lines; put it as one line, as it stands in a .pub file."
    kind, blob, comment = (*line.split(maxsplit=2), "", "", "")[:3]
    data = _decoded(blob)
    inside = _strings(data) if data else None
    if data is None or not inside or inside[0] != kind.encode():
        return _not_a_key(line)
    if problem := _weakness(kind, inside, rules):
        return f"This is {problem}. {_INSTEAD}"
    clean = "".join(c for c in comment if c.isprintable())[:_LONGEST_COMMENT].strip()
    return PublicKey(kind, data, clean)


def _not_a_key(line: str) -> str:
    if _GOOD.intersection(line.split()[1:]):
        return "Options in front of a key are not taken; put the key alone: its kind, its letters, and a comment."
    return "This is no public key; expected a line like the one in ~/.ssh/id_ed25519.pub."


def _weakness(kind: str, inside: list[bytes], rules: KeyRules) -> str | None:
    if kind == "ssh-dss":
        return "a DSA key, which is no longer safe"
    if "-cert-" in kind:
        return "a certificate, and only plain keys are taken"
    if kind not in _GOOD:
        return "a key of a kind that is not taken here"
    if kind == "ssh-rsa":
        bits = int.from_bytes(inside[2], "big").bit_length() if len(inside) == 3 else 0
        if bits < rules.least_rsa_bits:
            return f"an RSA key of {bits} bits, which is too short ({rules.least_rsa_bits} are needed)"
    return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _strings(data: bytes) -> list[bytes] | None:
    """Return the strings of which a key is made; None when they don't end where it does (RFC 4251 5)."""
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        if len(data) < 4 + length:
            return None
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


@dataclass(frozen=True)
class KeyFact:
    """What we know of one key of one account besides the key itself."""

    username: str
    fingerprint: str
    added_at: datetime
    added_by: str
    last_used_at: datetime | None = None
