"""The gateway's own keys: clients take them, nobody else reads them, nothing is overwritten."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from cryptography import x509

from gateway.cli.credentials import NAMES, make_certificate, make_host_key
from gateway.clock import SystemClock

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "tls" / "certificate.pem", tmp_path / "tls" / "key.pem"
    make_certificate(certificate=certificate, key=key, now=SystemClock().now())
    return certificate, key


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_certificate_finds_each_name_in_it(pair: tuple[Path, Path], name: str) -> None:
    certificate, key = pair
    client = ssl.create_default_context(cafile=str(certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    shake_hands(client, server, name)


def test_a_client_refuses_another_name(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    client = ssl.create_default_context(cafile=str(certificate))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server, "mail.example.org")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Do a TLS handshake in memory."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert all(end.version() for end in ends)


def test_the_certificate_lasts_for_years(tmp_path: Path) -> None:
    make_certificate(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem", now=NOW)
    made = x509.load_pem_x509_certificate((tmp_path / "c.pem").read_bytes())
    assert made.not_valid_before_utc < NOW
    assert made.not_valid_after_utc > NOW + timedelta(days=5 * 365)


def test_the_host_key_is_ed25519_and_its_fingerprint_is_what_ssh_shows(tmp_path: Path) -> None:
    fingerprint = make_host_key(tmp_path / "ssh" / "host_ed25519")
    key = asyncssh.read_private_key(tmp_path / "ssh" / "host_ed25519")
    assert key.get_algorithm() == "ssh-ed25519"
    assert key.get_fingerprint() == fingerprint
    assert asyncssh.read_public_key(tmp_path / "ssh" / "host_ed25519.pub").get_fingerprint() == fingerprint


def test_private_keys_are_for_the_owner_alone(pair: tuple[Path, Path], tmp_path: Path) -> None:
    make_host_key(tmp_path / "host")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (pair[1], tmp_path / "host")] == [0o600, 0o600]


def test_a_key_that_is_there_is_never_made_anew(tmp_path: Path) -> None:
    make_host_key(tmp_path / "host")
    before = (tmp_path / "host").read_bytes()
    with pytest.raises(FileExistsError):
        make_host_key(tmp_path / "host")
    assert (tmp_path / "host").read_bytes() == before
