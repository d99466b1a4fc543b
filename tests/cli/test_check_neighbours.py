"""What `gateway check` says of those it asks: the relay, the scanner, the name servers."""

from pathlib import Path

import pytest

from gateway.cli.check_neighbours import check_names, check_relay, check_scanner
from gateway.cli.credentials import write_new
from gateway.configfile import Key
from gateway.core.endpoint import Scanner
from gateway.mailsettings import DnsSettings
from gateway.settings import NoticesSettings, read_settings
from tests.cli.checking import SOON, change, clamd, verdict
from tests.cli.conftest import Deployment
from tests.inbound.smtp.zone import name_server as dns_server
from tests.outbound.relay import certificate as trusted
from tests.outbound.relay import relay

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
