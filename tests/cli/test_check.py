"""`gateway check`: each thing is found right when it is right, and wrong for the reason that it has."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gateway.cli.check_host import check_certificate, check_data, check_drop_folders, check_host, check_host_key
from gateway.cli.check_neighbours import check_names, check_relay, check_scanner
from gateway.cli.credentials import make_certificate, make_host_key, write_new
from gateway.cli.verdict import Finding, exit_code, fault, ok, unavailable, warning
from gateway.clock import SystemClock
from gateway.configfile import Key
from gateway.core.endpoint import Scanner
from gateway.core.routing import Catalogue, Service, Target, TargetKind
from gateway.mailsettings import DnsSettings
from gateway.outbound.folder import MARKER
from gateway.sample import set_keys
from gateway.settings import NoticesSettings, read_settings
from tests.cli.conftest import Deployment
from tests.inbound.smtp.zone import name_server as dns_server
from tests.outbound.relay import certificate as trusted
from tests.outbound.relay import relay

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOON = 0.3  # seconds that a silent neighbour is waited for
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def verdict(found: Finding) -> str:
    """Return the verdict, and whether it is somebody else's fault."""
    return "unavailable" if found.is_outside else found.verdict


# The verdicts and the exit code


@pytest.mark.parametrize(
    ("rule", "findings", "code"),
    [
        ("nothing was looked at", [], 0),
        ("all is right", [ok("a", "")], 0),
        ("a warning alone is no fault", [ok("a", ""), warning("b", "")], 0),
        ("something outside is away", [unavailable("a", ""), ok("b", ""), warning("c", "")], 69),
        ("the configuration can't be used", [fault("a", "")], 78),
        ("the configuration comes before the outside", [unavailable("a", ""), fault("b", "")], 78),
    ],
)
def test_the_exit_code_follows_from_the_worst(rule: str, findings: list[Finding], code: int) -> None:
    assert exit_code(findings) == code, rule


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


def change(deployment: Deployment, values: dict[Key, object]) -> None:
    deployment.config.write_text(set_keys(deployment.config.read_text(), values))


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


# The relay


def notices(deployment: Deployment, port: int, scheme: str = "smtp", **more: str) -> NoticesSettings:
    """Return the settings that point at a relay on this host."""
    values: dict[Key, object] = {("notices", "relay"): f"{scheme}://localhost:{port}"}
    change(deployment, values | {("notices", key): value for key, value in more.items()})
    return read_settings(deployment.config).notices


def with_login(deployment: Deployment, port: int, password: bytes = b"Sesame-1\n") -> NoticesSettings:
    write_new(deployment.folder / "relay-password", password, mode=0o600)
    ca_file = str(trusted()[0])
    return notices(deployment, port, "smtps", ca_file=ca_file, username="gateway", password_file="relay-password")


@pytest.mark.parametrize(
    ("security", "scheme", "said"),
    [
        ("plain", "smtp", "answers in plain, on this host"),
        ("starttls", "smtp+starttls", "answers over TLS, its certificate verified"),
        ("tls", "smtps", "answers over TLS, its certificate verified"),
    ],
)
async def test_a_relay_that_answers_is_right_and_gets_no_mail(
    deployment: Deployment, security: str, scheme: str, said: str
) -> None:
    async with relay(security) as (server, port):
        found = await check_relay(notices(deployment, port, scheme, ca_file=str(trusted()[0])))
    assert (found.verdict, said in found.detail) == ("ok", True), found.detail
    assert not any(line.startswith("MAIL") for line in server.commands)
    assert server.commands[-1] == "QUIT"


async def test_the_login_at_the_relay_is_tried(deployment: Deployment) -> None:
    async with relay("tls") as (server, port):
        found = await check_relay(with_login(deployment, port))
    assert (found.verdict, "and the login works" in found.detail) == ("ok", True)
    assert any(line.startswith("AUTH") for line in server.commands)


async def test_a_login_that_is_refused_is_a_fault_and_shows_no_password(deployment: Deployment) -> None:
    async with relay("tls", AUTH="535 5.7.8 no") as (_, port):
        found = await check_relay(with_login(deployment, port))
    assert verdict(found) == "fault"
    assert "refused [notices] username and password" in found.detail
    assert "Sesame" not in found.detail


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_certificate_that_cant_be_verified_is_a_fault(deployment: Deployment, scheme: str) -> None:
    async with relay("tls" if scheme == "smtps" else "starttls") as (_, port):
        found = await check_relay(notices(deployment, port, scheme))
    assert verdict(found) == "fault"
    assert "can't be verified" in found.detail
    assert "[notices] ca_file" in found.detail


@pytest.mark.parametrize("content", [None, b"rubbish"])
async def test_a_ca_file_that_cant_be_used_is_a_fault(deployment: Deployment, content: bytes | None) -> None:
    if content:
        (deployment.folder / "ca.pem").write_bytes(content)
    found = await check_relay(notices(deployment, 1, "smtps", ca_file="ca.pem"))
    assert verdict(found) == "fault"
    assert "ca.pem can't be used" in found.detail


@pytest.mark.parametrize(
    ("rule", "answers"),
    [
        ("it says nothing at all", {"greeting": None}),
        ("it turns everybody away", {"greeting": "554 go away"}),
        ("it hangs up", {"greeting": ""}),
        ("it hangs up after EHLO", {"EHLO": "", "HELO": ""}),
        ("it falls silent", {"EHLO": None}),
    ],
)
async def test_a_relay_that_gives_no_good_answer_is_unavailable(
    deployment: Deployment, rule: str, answers: dict[str, str | None]
) -> None:
    async with relay("plain", **answers) as (_, port):
        found = await check_relay(notices(deployment, port), patience=SOON)
    assert verdict(found) == "unavailable", rule
    assert "Notices wait meanwhile." in found.detail


async def test_a_relay_that_is_away_is_unavailable(deployment: Deployment) -> None:
    async with relay() as (_, port):
        pass
    found = await check_relay(notices(deployment, port))
    assert verdict(found) == "unavailable"
    assert f"smtp://localhost:{port} can't be reached" in found.detail


async def test_a_relay_that_speaks_plain_where_tls_is_expected_is_unavailable(deployment: Deployment) -> None:
    async with relay("plain") as (_, port):
        found = await check_relay(notices(deployment, port, "smtps"), patience=SOON)
    assert verdict(found) == "unavailable"


async def test_a_password_that_is_no_text_is_a_fault_and_no_bug(deployment: Deployment) -> None:
    async with relay("tls") as (_, port):
        found = await check_relay(with_login(deployment, port, b"\xff\xfe\n"))
    assert verdict(found) == "fault"
    assert "the login can't be tried" in found.detail
    assert "expected the relay's password in UTF-8" in found.detail


# The scanner


@asynccontextmanager
async def clamd(answer: bytes | None, socket: Path | None = None) -> AsyncIterator[tuple[Scanner, list[bytes]]]:
    """Stand in for clamd: one answer, or none."""
    asked: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\0"))
        if answer is None:
            await over.wait()
        writer.write(answer or b"")
        writer.close()

    if socket is None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        place = f"clamd:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server, place = await asyncio.start_unix_server(serve, socket), f"clamd:{socket}"
    scanner = Scanner.parse(place)
    assert scanner is not None
    try:
        yield scanner, asked
    finally:
        over.set()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("is_socket", [True, False])
async def test_a_scanner_that_answers_is_right(tmp_path: Path, is_socket: bool) -> None:
    async with clamd(b"PONG\0", tmp_path / "clamd.sock" if is_socket else None) as (scanner, asked):
        found = await check_scanner(scanner)
    assert (found.verdict, found.detail) == ("ok", f"{scanner} answers")
    assert asked == [b"zPING\0"]


@pytest.mark.parametrize("answer", [b"", b"UNKNOWN COMMAND\0", b"PON", b"HTTP/1.1 400 Bad Request\r\n", None])
async def test_a_scanner_that_answers_otherwise_is_unavailable(answer: bytes | None) -> None:
    async with clamd(answer) as (scanner, _):
        found = await check_scanner(scanner, patience=SOON)
    assert verdict(found) == "unavailable"
    assert "Files wait meanwhile." in found.detail


async def test_a_scanner_that_is_away_is_unavailable(tmp_path: Path) -> None:
    found = await check_scanner(Scanner.parse(f"clamd:{tmp_path}/none.sock"))
    assert verdict(found) == "unavailable"
    assert "can't be reached" in found.detail


async def test_no_scanner_is_a_warning() -> None:
    found = await check_scanner(None)
    assert found.verdict == "warning"
    assert '"not scanned"' in found.detail


# The command


@asynccontextmanager
async def neighbours(deployment: Deployment) -> AsyncIterator[None]:
    """A relay and a scanner that answer."""
    async with relay() as (_, port), clamd(b"PONG\0") as (scanner, _):
        values: dict[Key, object] = {
            ("notices", "relay"): f"smtp://localhost:{port}",
            ("inspect", "scanner"): str(scanner),
        }
        change(deployment, values)
        yield


async def test_a_deployment_whose_neighbours_answer_is_right_and_says_so(deployment: Deployment) -> None:
    async with neighbours(deployment):
        ran = await asyncio.to_thread(deployment.run, "check")
    assert ran.exit_code == 0, ran.stdout
    assert "every key can be used" in ran.stdout
    assert "27 services" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "8 right, 1 with a warning, 0 at fault."  # its certificate signs itself


async def test_programs_get_a_finding_for_each_thing(deployment: Deployment) -> None:
    async with neighbours(deployment):
        rows = await asyncio.to_thread(deployment.ask, "check")
    assert {tuple(row) for row in rows} == {("what", "verdict", "detail")}
    assert [(row["what"], row["verdict"]) for row in rows] == [
        ("configuration", "ok"),
        ("tables", "ok"),
        ("holidays", "ok"),
        ("certificate", "warning"),
        ("host key", "ok"),
        ("data folder", "ok"),
        ("drop folders", "ok"),
        ("relay", "ok"),
        ("scanner", "ok"),
    ]


def test_a_new_sample_lacks_only_its_relay(deployment: Deployment) -> None:
    change(deployment, {("notices", "relay"): "smtp://127.0.0.1:9"})  # the port of "discard": nobody listens
    ran = deployment.run("check")
    assert ran.exit_code == 69
    assert "0 at fault" not in ran.stdout
    assert "1 at fault." in ran.stdout


def test_every_fault_of_the_configuration_is_told_and_nothing_further_is_looked_at(deployment: Deployment) -> None:
    deployment.config.write_text(deployment.config.read_text().replace("\ndays = 90", "\ndays = -1"))
    (deployment.folder / "routing" / "folders.toml").unlink()
    (deployment.folder / "tls" / "key.pem").unlink()
    ran = deployment.run("check", "--json")
    assert ran.exit_code == 78
    assert [row["what"] for row in json.loads(ran.stdout)] == ["configuration", "configuration"]
    assert "gateway.toml: " in ran.stdout
    assert "routing/folders.toml: " in ran.stdout


def test_holidays_that_have_ended_are_a_warning(deployment: Deployment) -> None:
    (deployment.folder / "config" / "holidays.toml").write_text("days = [2020-12-25]\n")
    assert "none to come" in deployment.run("check").stdout


def test_a_contact_without_an_address_is_a_warning(deployment: Deployment) -> None:
    change(deployment, {("authority", "contact"): "the files team, 01632 960123"})
    assert "holds no email address" in deployment.run("check").stdout


def test_a_key_that_others_can_read_is_a_fault_of_the_configuration(deployment: Deployment) -> None:
    (deployment.folder / "ssh" / "host_ed25519").chmod(0o644)
    assert deployment.run("check").exit_code == 78


def test_a_check_changes_nothing(deployment: Deployment) -> None:
    def seen() -> dict[str, float]:
        return {str(path): path.stat().st_mtime for path in deployment.folder.rglob("*")}

    before = seen()
    deployment.run("check")
    assert seen() == before


@as_root
def test_somebody_else_is_told_that_the_rights_are_theirs(deployment: Deployment) -> None:
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, which is root's alone
        Path(folder).chmod(0o755)
        place = shutil.copytree(deployment.folder, Path(folder) / "deployment")
        code = (
            "import os; from gateway.cli.root import root; from gateway.cli.owner import import_everything\n"
            "import_everything()\n"
            "os.setgroups([]); os.setgid(54322); os.setuid(54322)\n"
            f"root.main({['-c', str(place / 'gateway.toml'), 'check']!r})"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 78, ran.stderr
    assert "What follows is judged with your rights." in ran.stdout
    assert "key.pem can't be read: Permission denied; expected the gateway's user as its owner." in ran.stdout
    assert "data can't be written by this user" in ran.stdout


# The name servers


async def test_name_servers_that_answer_are_right() -> None:
    async with dns_server({}) as (_, port):
        found = await check_names(DnsSettings(servers=("127.0.0.1",), port=port), "gateway.test")
    assert (found.verdict, found.what) == ("ok", "name servers")


async def test_name_servers_that_do_not_answer_are_named() -> None:
    found = await check_names(DnsSettings(servers=("127.0.0.1",), port=1, timeout_seconds=1), "gateway.test")
    assert found.verdict == "fault"
    assert "127.0.0.1: no answer about gateway.test." in found.detail


@pytest.mark.parametrize("is_on", [True, False])
def test_they_are_asked_only_where_domains_are_verified(deployment: Deployment, is_on: bool) -> None:
    change(deployment, {("smtp", "verify_domains"): is_on, ("dns", "servers"): ["127.0.0.1"], ("dns", "port"): 1})
    assert ("name servers" in deployment.run("check").stdout) == is_on
