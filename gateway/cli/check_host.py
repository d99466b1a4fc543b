"""What `gateway check` looks at on this host: certificate, host keys, password file, data folder, drop folders.

Reads and changes nothing. A key that others can read is a fault: it is everybody's key by then (Source: SPEC 13).
"""

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.render import size_text
from gateway.cli.verdict import Finding, fault, ok, unavailable, warning
from gateway.core.routing import Catalogue, TargetKind
from gateway.outbound.folder import MARKER

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from gateway.settings import Settings

RENEW_WITHIN = timedelta(days=21)
_NAMED = 3  # folders that one finding names


def check_host(settings: "Settings", *, now: datetime) -> Iterator[Finding]:
    """Yield what is found of keys and of the data folder."""
    if settings.smtp.listen or settings.smtp.listen_tls or settings.smtp.relay:
        yield check_certificate(settings.smtp.certificate, settings.smtp.key, now=now)
    else:
        yield ok("certificate", "Not needed: [smtp] listens nowhere.")
    if settings.sftp.listen:
        yield from (check_host_key(path) for path in settings.sftp.host_keys)
    else:
        yield ok("host key", "Not needed: [sftp] listens nowhere.")
    if settings.notices.password_file is not None:
        yield _check_password_file(settings.notices.password_file)
    yield check_data(settings.storage.data, keep_free=settings.storage.keep_free_bytes)


def check_certificate(certificate: Path, key: Path, *, now: datetime) -> Finding:
    """Return what is found of the certificate for SMTP and its private key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    what = "certificate"
    trouble = _unreadable(certificate) or _unreadable(key) or _too_open(key)
    if trouble:
        return fault(what, trouble)
    try:
        leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except ValueError:
        return fault(what, f"{certificate} holds no certificate; expected one in PEM, then its chain.")
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError):
        return fault(what, f"{key} holds no private key that can be read; expected PEM without a password.")
    if private.public_key() != leaf.public_key():
        return fault(what, f"{key} is not the key of {certificate}; expected the two of one pair.")
    return _judge_term(leaf, certificate, now=now)


def check_host_key(path: Path) -> Finding:
    """Return what is found of one host key for SFTP."""
    import asyncssh

    what = "host key"
    trouble = _unreadable(path) or _too_open(path)
    if trouble:
        return fault(what, trouble)
    try:
        key = asyncssh.read_private_key(str(path))
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        return fault(what, f"{path} holds no private key that can be read; expected OpenSSH's form, no passphrase.")
    if key.get_algorithm() != "ssh-ed25519":
        return warning(what, f"{path} is {key.get_algorithm()}; Ed25519 is shorter, and every client knows it.")
    return ok(what, f"{path}: {key.get_algorithm()} {key.get_fingerprint()}")


def check_data(folder: Path, *, keep_free: int) -> Finding:
    """Return what is found of the data folder."""
    what = "data folder"
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError:
        return fault(
            what, f"{folder} is not there; make it for the gateway's user (mode 0700), or `gateway init` does."
        )
    except OSError as error:
        return fault(what, f"{folder} can't be looked into: {error.strerror}.")
    if not stat.S_ISDIR(mode):
        return fault(what, f"{folder} is no folder; expected one.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return fault(what, f"{folder} can't be written by this user; expected the gateway's user as its owner.")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    if free <= keep_free:
        return unavailable(what, f"{folder}: {size_text(free)} free; intake stops below {size_text(keep_free)}.")
    if mode & 0o077:
        return warning(what, f"{folder} is open to other users of this host; expected mode 0700.")
    if free < 3 * keep_free:
        return warning(what, f"{folder}: {size_text(free)} free; intake stops below {size_text(keep_free)}.")
    return ok(what, f"{folder}: writable, {size_text(free)} free")


def check_drop_folders(catalogue: Catalogue) -> Iterator[Finding]:
    """Yield one finding for all folders that are right, and one for each thing that is wrong with some."""
    folders = [
        (service.code, Path(target.path))
        for service in catalogue.services.values()
        for target in service.targets
        if target.kind is TargetKind.FOLDER
    ]
    troubles: dict[str, list[str]] = {}
    for code, folder in folders:
        troubles.setdefault(_folder_trouble(folder), []).append(f"{code} ({folder})")
    good = len(troubles.pop("", ()))
    if good or not folders:
        yield ok("drop folders", f"{good} of {len(folders)} are there, with their marker, and can be written")
    for trouble, places in troubles.items():
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        yield unavailable("drop folders", f"{', '.join(places[:_NAMED])}{more}: {trouble}")


def _folder_trouble(folder: Path) -> str:
    if not folder.is_dir():
        return "not there; mount the share, or correct the path in routing/services.toml. Files wait meanwhile."
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return "can't be written by this user. Files wait meanwhile."
    if not (folder / MARKER).exists():
        return f"the marker {MARKER} is missing; mount the share, or make the marker if this is the right folder."
    return ""


def _judge_term(leaf: "Certificate", path: Path, *, now: datetime) -> Finding:
    until, what = leaf.not_valid_after_utc, "certificate"
    if now >= until:
        return fault(
            what, f"{path} expired on {until:%Y-%m-%d}; expected a valid one: schools' mail servers refuse it."
        )
    if now < leaf.not_valid_before_utc:
        return fault(
            what, f"{path} is valid only from {leaf.not_valid_before_utc:%Y-%m-%d}; look at this host's clock."
        )
    if until - now < RENEW_WITHIN:
        return warning(what, f"{path} expires on {until:%Y-%m-%d}; please renew it.")
    if leaf.issuer == leaf.subject:
        return warning(what, f"{path} is signed by itself (valid to {until:%Y-%m-%d}): mail servers can't verify it.")
    return ok(what, f"{path}: valid to {until:%Y-%m-%d}, and its key fits")


def _check_password_file(path: Path) -> Finding:
    what = "password file"
    trouble = _unreadable(path) or _too_open(path)
    if trouble:
        return fault(what, trouble)
    content = path.read_bytes()
    if not content.strip():
        return fault(what, f"{path} is empty; expected the relay's password on its first line.")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return fault(what, f"{path} holds no text; expected the relay's password in UTF-8.")
    return ok(what, f"{path}: readable")


def _unreadable(path: Path) -> str:
    """Return why a file can't be read, or nothing."""
    try:
        with path.open("rb"):
            return ""
    except FileNotFoundError:
        return f"{path} is not there; `gateway init` makes one in a new deployment, or correct the path."
    except OSError as error:
        return f"{path} can't be read: {error.strerror}; expected the gateway's user as its owner."


def _too_open(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{path} can be read by others (mode {mode:04o}); expected mode 0600." if mode & 0o077 else ""
