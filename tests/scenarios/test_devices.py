"""A copier: what it sends goes to its own school's service under a name that is made for it; it can do nothing else."""

from pathlib import Path

import aiosmtplib
import asyncssh
import pytest

from gateway.app import open_house
from gateway.core.register import Account, AccountState, Role
from gateway.tables import read_deployment
from tests.scenarios.daemons import CLOCK, PASSWORD, Daemon, words_of
from tests.scenarios.harness import HEAD, letter
from tests.scenarios.invariants import Promise, sha256

COPIER = "millbeck.copier"
SCHOOL = "8301102"


async def set_up(daemon: Daemon, *senders: str) -> None:
    """Add the copier, and let everybody in."""
    await daemon.set_up()
    settings, tables = read_deployment(daemon.config)
    copier = Account(
        COPIER,
        "Copier",
        "Office",
        "copier@millbeck.example",
        Role.DEVICE,
        AccountState.ACTIVE,
        (SCHOOL,),
        ("INFO",),
        activated_at=CLOCK.now(),
    )
    async with open_house(settings, tables) as house:
        await house.ledger.add_account(copier, actor="a test", at=CLOCK.now())
    await daemon.set_up(COPIER, *senders)
    await daemon.start()


async def scan(daemon: Daemon, data: bytes, *, to: str = "files@gateway.test", **headers: str) -> str:
    """Send a scan as a copier does: TLS from the first byte, AUTH LOGIN, a sender of its own invention."""
    client = aiosmtplib.SMTP(hostname="localhost", port=daemon.port("smtps"), use_tls=True, timeout=30)
    client.tls_context = daemon.trusted()
    async with client:
        await client.ehlo()
        await client.auth_login(COPIER, PASSWORD)
        message = letter("noreply@copier.local", ("SCN_0001.pdf", data), Auto_Submitted="auto-generated", **headers)
        _, answer = await client.sendmail("noreply@copier.local", [to], message)
    return answer


async def test_a_scan_reaches_its_service_and_the_headteacher_hears_of_it(daemon: Daemon) -> None:
    await set_up(daemon)
    assert "Accepted" in await scan(daemon, b"%PDF-1.4 phonics", Subject="Phonics check")
    assert "Accepted" in await scan(daemon, b"%PDF-1.4 another", Subject="Phonics check")
    await daemon.idle()
    names = [file["name"] for file in daemon.rows("files")]
    assert len(set(names)) == 1
    (name,) = set(names)
    assert name.startswith(f"{SCHOOL}_INFOphonics-check")
    daemon.promises += [Promise(name, sha256(data), COPIER) for data in (b"%PDF-1.4 phonics", b"%PDF-1.4 another")]
    assert sorted(daemon.dropped("INFO").values()) == [b"%PDF-1.4 another", b"%PDF-1.4 phonics"]
    assert [file["supersedes"] for file in daemon.rows("files")] == [None, None]  # its names repeat: no version
    receipts = daemon.relay.to("ruth.ashdown@millbeck.example")
    assert len(receipts) == 2
    assert "SCN_0001.pdf" in words_of(receipts[0])
    assert name in words_of(receipts[0])
    assert not any("reply+" in (receipt["Reply-To"] or "") for receipt in receipts)
    assert daemon.relay.to("copier@millbeck.example") == []
    assert daemon.relay.to("noreply@copier.local") == []


async def test_what_is_rejected_is_told_to_the_headteacher_once_and_never_to_the_copier(daemon: Daemon) -> None:
    await set_up(daemon)
    assert "Accepted" in await scan(daemon, b"", Subject="Blank")
    await daemon.idle()
    (file,) = daemon.rows("files")
    assert (file["status"], file["reason"]) == ("Rejected", "empty-file")
    assert len(daemon.relay.notices) == 1
    assert daemon.relay.notices[0]["To"] == "ruth.ashdown@millbeck.example"


async def test_a_device_may_do_nothing_else(daemon: Daemon, tmp_path: Path) -> None:
    await set_up(daemon, HEAD)
    assert "Accepted" in await daemon.email(HEAD, (f"{SCHOOL}_INFOphonics20261120.docx", b"x"))
    await daemon.idle()
    (receipt,) = daemon.relay.notices
    client = aiosmtplib.SMTP(hostname="localhost", port=daemon.port("smtp"), start_tls=True, timeout=30)
    client.tls_context = daemon.trusted()
    async with client:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="port 465"):
            await client.login(COPIER, PASSWORD)
    for address in (receipt["Reply-To"], "documents+general@gateway.test"):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await scan(daemon, b"x", to=address, Subject="RECALL")
    for way in ({"client_keys": [daemon.key]}, {"client_keys": None, "password": PASSWORD}):
        with pytest.raises(asyncssh.Error):
            async with asyncssh.connect(
                "127.0.0.1", daemon.port("sftp"), username=COPIER, known_hosts=None, config=None, **way
            ) as connection:
                await connection.start_sftp_client()


async def test_without_a_headteacher_the_schools_other_people_are_told(daemon: Daemon) -> None:
    await set_up(daemon)
    await daemon.run("admin", "users", "suspend", HEAD, "--reason", "on leave")
    assert "Accepted" in await scan(daemon, b"%PDF-1.4", Subject="Phonics")
    await daemon.idle()
    (name,) = [file["name"] for file in daemon.rows("files")]
    daemon.promises.append(Promise(name, sha256(b"%PDF-1.4"), COPIER))
    (receipt,) = daemon.relay.notices
    assert receipt["To"] == "files-help@gateway.test"  # nobody else is at that school
