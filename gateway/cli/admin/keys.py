"""A public key from a file: what people send us when they were asked for "your key".

Owns the reading of every usual form into one OpenSSH line each. Refuses, with a sentence, a private key, a key that is
too weak, and a file that holds none (Source: SPEC 9, 13).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import NotThere

if TYPE_CHECKING:
    from asyncssh import SSHKey

_LONGEST_FILE = 64 * 1024  # bytes
_LEAST_RSA_BITS = 2048
_EXPECTED = "expected a public key, like the one in ~/.ssh/id_ed25519.pub"


def read_public_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of a file, one OpenSSH line each. Raises NotThere with what is wrong with the file."""
    text = _read(path)
    if "PRIVATE KEY" in text or text.startswith("PuTTY-User-Key-File"):
        raise NotThere(
            f"{path} holds a private key, which nobody but its owner may have. Ask for the public one (it ends in "
            ".pub), and for a new pair if this one was sent."
        )
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = text if "BEGIN" in text else ""  # RFC 4716 and PEM take several lines for one key
    keys = [_parse(part, path) for part in ([whole] if whole else lines)]
    if not keys:
        raise NotThere(f"{path} is empty; {_EXPECTED}.")
    return tuple(dict.fromkeys(_line(key) for key in keys))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE).decode("utf-8-sig")
    except OSError as error:
        raise NotThere(f"The key file {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise NotThere(f"{path} is no text; {_EXPECTED}.") from None


def _parse(text: str, path: Path) -> "SSHKey":
    from asyncssh import KeyImportError, import_public_key

    try:
        key = import_public_key(text)
    except KeyImportError:
        raise NotThere(f"{path} holds something that is no public key; {_EXPECTED}.") from None
    if problem := _weakness(key):
        raise NotThere(f"{path} holds {problem}. Ask for a new one: ssh-keygen -t ed25519.")
    return key


def _weakness(key: "SSHKey") -> str | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if key.get_algorithm() == "ssh-dss":
        return "a DSA key, which is no longer safe"
    inner = key.pyca_key
    if isinstance(inner, RSAPublicKey) and inner.key_size < _LEAST_RSA_BITS:
        return f"an RSA key of {inner.key_size} bits, which is too short"
    return None


def _line(key: "SSHKey") -> str:
    return key.export_public_key("openssh").decode("utf-8", "replace").strip()
