"""What `gateway check` says of this host: certificates, host keys, files of the settings, the disk, drop folders."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gateway.cli.check_host import check_certificate, check_data, check_drop_folders, check_host, check_host_key
from gateway.cli.credentials import make_certificate, make_host_key, write_new
from gateway.cli.verdict import Finding
from gateway.clock import SystemClock
from gateway.core.routing import Catalogue, Service, Target, TargetKind
from gateway.outbound.folder import MARKER
from gateway.settings import read_settings
from tests.cli.checking import NOW, change, verdict
from tests.cli.conftest import Deployment

# The certificate


def self_signed(folder: Path, *, at: datetime = NOW) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make_certificate(certificate=certificate, key=key, now=at)
    return certificate, key


def signed_by_another(folder: Path, *, days: float = 90) -> tuple[Path, Path]:
    """Write a key, and a certificate that an authority signed."""
    key = ec.generate_private_key(ec.SECP256R1())

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    made = (
        x509.CertificateBuilder()
        .subject_name(named("gateway.test"))
        .issuer_name(named("An authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    certificate, key_file = folder / "certificate.pem", folder / "key.pem"
    write_new(certificate, made.public_bytes(Encoding.PEM), mode=0o644)
    write_new(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    return certificate, key_file


def test_a_certificate_of_an_authority_with_its_key_is_right(tmp_path: Path) -> None:
    found = check_certificate(*signed_by_another(tmp_path), now=NOW)
    assert (found.what, found.verdict) == ("certificate", "ok")
    assert "valid to 2027-02-20, and its key fits" in found.detail


@pytest.mark.parametrize(
    ("rule", "days", "verdict", "said"),
    [
        ("it lasts for more than three weeks", 21.1, "ok", "valid to 2026-12-13"),
        ("it ends within three weeks", 20.9, "warning", "expires on 2026-12-13; please renew it"),
        ("it ends in a moment", 0.001, "warning", "please renew it"),
        ("it ended this moment", 0, "fault", "expired on 2026-11-22"),
    ],
)
def test_the_term_of_a_certificate_is_judged(tmp_path: Path, rule: str, days: float, verdict: str, said: str) -> None:
    found = check_certificate(*signed_by_another(tmp_path, days=days), now=NOW)
    assert found.verdict == verdict, rule
    assert said in found.detail


def test_a_certificate_that_signs_itself_is_a_warning(tmp_path: Path) -> None:
    found = check_certificate(*self_signed(tmp_path), now=NOW)
    assert found.verdict == "warning"
    assert "signed by itself" in found.detail


def test_a_certificate_of_tomorrow_points_to_the_clock(tmp_path: Path) -> None:
    found = check_certificate(*self_signed(tmp_path, at=NOW + timedelta(days=1)), now=NOW)
    assert found.verdict == "fault"
    assert "look at this host's clock" in found.detail


def without(path: Path) -> None:
    path.unlink()


def open_to_others(path: Path) -> None:
    path.chmod(0o640)


def rubbish(path: Path) -> None:
    path.write_text("rubbish\n")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_pair(path: Path) -> None:
    path.write_bytes(self_signed(path.parent / "another")[1].read_bytes())


def under_a_password(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))


@pytest.mark.parametrize(
    ("file", "spoil", "said"),
    [
        ("certificate.pem", without, "certificate.pem is not there"),
        ("certificate.pem", rubbish, "certificate.pem holds no certificate; expected one in PEM"),
        ("certificate.pem", a_folder, "certificate.pem can't be read: Is a directory"),
        ("key.pem", without, "key.pem is not there"),
        ("key.pem", open_to_others, "key.pem can be read by others (mode 0640); expected mode 0600"),
        ("key.pem", rubbish, "key.pem holds no private key that can be read"),
        ("key.pem", under_a_password, "expected PEM without a password"),
        ("key.pem", of_another_pair, "certificate.pem; expected the two of one pair"),
    ],
)
def test_a_certificate_that_cant_be_used_is_a_fault(tmp_path: Path, file: str, spoil: object, said: str) -> None:
    pair = self_signed(tmp_path)
    assert callable(spoil)
    spoil(tmp_path / file)
    found = check_certificate(*pair, now=NOW)
    assert verdict(found) == "fault"
    assert said in found.detail


# Host keys


def test_a_host_key_is_shown_as_clients_see_it(tmp_path: Path) -> None:
    fingerprint = make_host_key(tmp_path / "host")
    found = check_host_key(tmp_path / "host")
    assert (found.what, found.verdict) == ("host key", "ok")
    assert f"ssh-ed25519 {fingerprint}" in found.detail


def test_another_kind_of_host_key_is_a_warning(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    write_new(tmp_path / "host", key.export_private_key(), mode=0o600)
    found = check_host_key(tmp_path / "host")
    assert found.verdict == "warning"
    assert "Ed25519 is shorter" in found.detail


def with_a_passphrase(path: Path) -> None:
    path.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="secret"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without, "host is not there"),
        (open_to_others, "host can be read by others (mode 0640)"),
        (rubbish, "host holds no private key that can be read"),
        (with_a_passphrase, "expected OpenSSH's form, no passphrase"),
    ],
)
def test_a_host_key_that_cant_be_used_is_a_fault(tmp_path: Path, spoil: object, said: str) -> None:
    make_host_key(tmp_path / "host")
    assert callable(spoil)
    spoil(tmp_path / "host")
    found = check_host_key(tmp_path / "host")
    assert verdict(found) == "fault"
    assert said in found.detail


# What the settings point at


def host_findings(deployment: Deployment) -> dict[str, Finding]:
    return {found.what: found for found in check_host(read_settings(deployment.config), now=SystemClock().now())}


def test_without_a_listener_no_key_is_needed(deployment: Deployment) -> None:
    change(deployment, {("smtp", "listen"): [], ("smtp", "listen_tls"): [], ("sftp", "listen"): []})
    for name in ("tls/key.pem", "ssh/host_ed25519"):
        (deployment.folder / name).unlink()
    found = host_findings(deployment)
    assert [(found[what].verdict, found[what].detail[:10]) for what in ("certificate", "host key")] == [
        ("ok", "Not needed")
    ] * 2


@pytest.mark.parametrize(
    ("rule", "content", "mode", "said", "verdict"),
    [
        ("it is for the gateway alone", b"Sesame-1\n", 0o600, "readable", "ok"),
        ("others can read it", b"Sesame-1\n", 0o644, "can be read by others (mode 0644)", "fault"),
        ("it holds nothing", b"\n", 0o600, "is empty; expected the relay's password", "fault"),
        ("it is no text", b"\xff\n", 0o600, "holds no text", "fault"),
        ("it is not there", None, 0o600, "is not there", "fault"),
    ],
)
def test_the_password_file_is_looked_at_and_never_shown(
    deployment: Deployment, rule: str, content: bytes | None, mode: int, said: str, verdict: str
) -> None:
    change(deployment, {("notices", "username"): "gateway", ("notices", "password_file"): "relay-password"})
    if content is not None:
        write_new(deployment.folder / "relay-password", content, mode=mode)
    found = host_findings(deployment)["password file"]
    assert (found.verdict, said in found.detail) == (verdict, True), rule
    assert "Sesame" not in found.detail


def test_without_a_login_no_password_file_is_looked_for(deployment: Deployment) -> None:
    assert "password file" not in host_findings(deployment)


# The data folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def test_a_data_folder_with_room_is_right(data: Path) -> None:
    found = check_data(data, keep_free=0)
    assert found.verdict == "ok"
    assert "writable" in found.detail


def test_a_data_folder_without_room_is_unavailable_and_the_reserve_is_named(data: Path) -> None:
    found = check_data(data, keep_free=10**18)
    assert verdict(found) == "unavailable"
    assert "intake stops below 1000000000.0 GB" in found.detail


def test_a_data_folder_that_gets_full_is_a_warning(data: Path) -> None:
    free = os.statvfs(data).f_bavail * os.statvfs(data).f_frsize
    assert check_data(data, keep_free=free // 2).verdict == "warning"


def test_a_data_folder_that_others_may_enter_is_a_warning(data: Path) -> None:
    data.chmod(0o750)
    found = check_data(data, keep_free=0)
    assert found.verdict == "warning"
    assert "expected mode 0700" in found.detail


def test_a_data_folder_that_is_not_there_or_no_folder_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, said in (("absent", "is not there"), ("file", "is no folder"), ("file/below", "can't be looked into")):
        found = check_data(tmp_path / name, keep_free=0)
        assert verdict(found) == "fault"
        assert said in found.detail


# Drop folders


def services(*folders: Path) -> Catalogue:
    """Return a catalogue with a service for each folder."""
    made = {}
    for number, folder in enumerate(folders):
        code = "ABCDEFGHIJ"[number] * 2
        made[code] = Service(code, code, targets=(Target(TargetKind.PICKUP), Target(TargetKind.FOLDER, str(folder))))
    return Catalogue(made)


def marked(folder: Path) -> Path:
    folder.mkdir()
    (folder / MARKER).touch()
    return folder


def test_drop_folders_with_their_marker_are_right_in_one_line(tmp_path: Path) -> None:
    (found,) = check_drop_folders(services(marked(tmp_path / "a"), marked(tmp_path / "b")))
    assert (found.verdict, found.detail[:6]) == ("ok", "2 of 2")


def test_without_a_drop_folder_nothing_is_wrong() -> None:
    (found,) = check_drop_folders(services())
    assert found.verdict == "ok"


def test_each_trouble_of_drop_folders_is_told_once_with_whose_it_is(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    away = [tmp_path / f"away{number}" for number in range(5)]
    right, *wrong = check_drop_folders(services(marked(tmp_path / "a"), bare, *away))
    assert (right.verdict, right.detail[:6]) == ("ok", "1 of 7")
    assert [verdict(found) for found in wrong] == ["unavailable", "unavailable"]
    assert wrong[0].detail.startswith(f"BB ({bare}): the marker {MARKER} is missing")
    assert wrong[1].detail.startswith(f"CC ({away[0]}), DD ({away[1]}), EE ({away[2]}) and 2 more: not there")
