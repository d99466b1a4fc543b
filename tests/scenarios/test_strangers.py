"""The daemon and mail from who did not sign in: proved by the DNS of its sender, or refused (SPEC 4)."""

import asyncio
import signal
import socket

import aiosmtplib
import pytest

from tests.inbound.smtp.zone import TROUBLE, Zone, key, name_server, signed
from tests.scenarios.daemons import Daemon, until
from tests.scenarios.harness import HEAD, letter
from tests.scenarios.invariants import Promise, sha256

FILE = "8301102_INFOmailed20261120.docx"
HOME = "millbeck.example"
SPF: Zone = {(HOME, "TXT"): ["v=spf1 ip4:127.0.0.1 -all"]}
DKIM: Zone = {(HOME, "TXT"): ["v=spf1 -all"], (f"s._domainkey.{HOME}", "TXT"): [key()[1]]}
NEITHER: Zone = {(HOME, "TXT"): ["v=spf1 -all"]}


async def send(daemon: Daemon, *, is_signed: bool = False) -> tuple[int, str]:
    """Send a file over STARTTLS without a login; return the answer to the message."""
    address = daemon.address(HEAD)
    message = letter(address, (FILE, b"mailed"))
    client = aiosmtplib.SMTP(hostname="localhost", port=daemon.port("smtp"), start_tls=True, timeout=30)
    client.tls_context = daemon.trusted()
    async with client:
        try:
            _, answer = await client.sendmail(
                address, ["files@gateway.test"], signed(message, domain=HOME) if is_signed else message
            )
        except aiosmtplib.SMTPSenderRefused as refused:
            return refused.code, refused.message
        except aiosmtplib.SMTPDataError as refused:
            return refused.code, refused.message
    daemon.promises.append(Promise(FILE, sha256(b"mailed"), HEAD))
    return 250, answer


async def set_up(daemon: Daemon, port: int, **keys: object) -> None:
    """Let the daemon verify domains with the name server at a port."""
    dns = {"dns__servers": ["127.0.0.1"], "dns__port": port, "dns__timeout_seconds": 1}
    await daemon.set_up(HEAD, **{"smtp__verify_domains": True, **dns, **keys})
    await daemon.start()


@pytest.mark.parametrize(
    ("zone", "is_signed", "how"), [(SPF, False, f"dmarc {HOME} by spf"), (DKIM, True, f"dmarc {HOME} by dkim")]
)
async def test_mail_that_its_domain_proves_is_taken_and_says_how(
    daemon: Daemon, zone: Zone, is_signed: bool, how: str
) -> None:
    async with name_server(zone) as (_, port):
        await set_up(daemon, port)
        assert (await send(daemon, is_signed=is_signed))[0] == 250
        await daemon.idle()
    assert daemon.dropped("INFO") == {FILE: b"mailed"}
    assert [row["verified_by"] for row in daemon.rows("submissions")] == [how]


async def test_mail_that_nothing_proves_is_refused_and_makes_no_mail(daemon: Daemon) -> None:
    async with name_server(NEITHER) as (_, port):
        await set_up(daemon, port)
        code, said = await send(daemon)
    assert (code, "SPF" in said) == (550, True), said
    assert daemon.rows("submissions") == []
    assert daemon.relay.notices == []


async def test_trouble_in_the_dns_is_try_again(daemon: Daemon) -> None:
    async with name_server({(HOME, "TXT"): TROUBLE}) as (_, port):
        await set_up(daemon, port)
        assert (await send(daemon))[0] == 451


async def test_without_the_key_a_stranger_must_sign_in_until_a_reload_says_otherwise(daemon: Daemon) -> None:
    async with name_server(SPF) as (server, port):
        await set_up(daemon, port, smtp__verify_domains=False)
        code, said = await send(daemon)
        assert (code, "sign in" in said) == (530, True), said
        assert server.asked == []
        daemon.change_keys({("smtp", "verify_domains"): True})
        daemon.signal(signal.SIGHUP)
        await until(lambda: "reloaded" in daemon.said(), "it was reloaded")
        assert (await send(daemon))[0] == 250


async def test_who_signed_in_is_asked_for_no_proof(daemon: Daemon) -> None:
    async with name_server(NEITHER) as (server, port):
        await set_up(daemon, port)
        assert "Accepted" in await daemon.email(HEAD, (FILE, b"mailed"))
        assert server.asked == []


async def test_without_a_hostname_it_greets_with_the_hosts_own(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    daemon.change_keys({("smtp", "hostname"): ""})
    await daemon.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port("smtp"))
    assert (await reader.readline()).decode().split()[:2] == ["220", socket.gethostname()]
    writer.close()


async def test_faulty_name_servers_are_named(daemon: Daemon) -> None:
    daemon.change_keys({("dns", "servers"): ["ns.example"], ("smtp", "bare_newlines"): "keep"})
    code, said, complaint = await daemon.run("check")
    found = said + complaint
    assert code == 78
    assert "192.0.2.53" in found
    assert "bare_newlines" in found
