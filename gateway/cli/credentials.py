"""The gateway's own keys, made once: an SSH host key, and a certificate that it signs itself.

Owns their form on disk: keys are for the owner alone (0600). Overwrites nothing. A certificate of a public authority
takes the place of the self-signed one as soon as others than this host send mail (Source: SPEC 4, 13).
"""

import base64
import hashlib
import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import CertificateBuilder, GeneralName

NAMES = ("localhost", "127.0.0.1", "::1", "gateway.test")
_DAYS = 3650  # nobody renews a certificate that is only for trying things out
_SKEW = timedelta(hours=1)  # of a client's clock


def make_host_key(path: Path) -> str:
    """Write a new Ed25519 host key and its public half (`.pub`); return its fingerprint as `ssh` shows it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), mode=0o600)
    write_new(path.with_name(path.name + ".pub"), public + b"\n", mode=0o644)
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def make_certificate(*, certificate: Path, key: Path, now: datetime, names: tuple[str, ...] = NAMES) -> None:
    """Write a new key and a certificate for these names, signed by itself."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    signed = _unsigned(private, now=now, names=names).sign(private, hashes.SHA256())
    write_new(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    write_new(certificate, signed.public_bytes(Encoding.PEM), mode=0o644)


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is not there yet, readable to nobody else at any moment when the mode says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as file:
        os.fchmod(fd, mode)  # whatever the umask is
        file.write(content)


def _unsigned(key: "EllipticCurvePrivateKey", *, now: datetime, names: tuple[str, ...]) -> "CertificateBuilder":
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _general_name(name: str) -> "GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
