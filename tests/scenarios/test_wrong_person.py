"""Every path, and the wrong person on it: refused, on a running daemon, with real clients (SPEC 9)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import aiosmtplib
import asyncssh
import pytest

from gateway.app import open_house
from gateway.core.register import Account, AccountState, Role
from gateway.tables import read_deployment
from tests.scenarios.daemons import CLOCK, GONE, PASSWORD, Daemon
from tests.scenarios.harness import GOOD, HEAD, STAFF, letter

OFFICER, OTHER_OFFICER = "callum.eastwick", "nadia.rowbotham"  # of INFO and ADMISS; of SEN
NAME = "8301102_INFOother20261120.docx"
LONG_AGO = timedelta(days=400)

Change = Callable[[Account], Account]


def is_now(**values: object) -> Change:
    return lambda account: replace(account, **values)  # type: ignore[arg-type]


# What makes Millbeck's headteacher the wrong person, whatever they know.
NOT_NOW: dict[str, Change] = {
    "suspended": is_now(state=AccountState.SUSPENDED),
    "revoked": is_now(state=AccountState.REVOKED),
    "not yet verified": is_now(state=AccountState.REQUESTED),
    "not yet activated": is_now(state=AccountState.VERIFIED),
    "not yet agreed": is_now(policy_version=None),
}
EXPIRED: Change = lambda account: replace(account, password_set_at=CLOCK.now() - LONG_AGO)  # noqa: E731
DEVICE = is_now(role=Role.DEVICE, schools=("8301102",), services=("INFO",))


async def change(daemon: Daemon, username: str, how: Change) -> None:
    """Make somebody another person in the register, before the daemon starts."""
    settings, tables = read_deployment(daemon.config)
    async with open_house(settings, tables) as house:
        account = house.directory.current.account(username)
        assert account is not None
        at = CLOCK.now()
        await house.ledger.put_account(how(account), actor="a test", at=at, event="change")


async def by_key(daemon: Daemon, username: str) -> None:
    """Send a file over SFTP with the key."""
    assert await daemon.upload(username, NAME, b"x") == ""


async def by_password(daemon: Daemon, username: str) -> None:
    """Look over SFTP with the password."""
    async with ssh(daemon, username, client_keys=None, password=PASSWORD) as client:
        await client.listdir(".")


async def by_mail(daemon: Daemon, username: str) -> None:
    """Send a file by email after a login."""
    assert "Accepted" in await daemon.email(username, (NAME, b"x"))


PATHS: tuple[Callable[[Daemon, str], Awaitable[None]], ...] = (by_key, by_password, by_mail)


@asynccontextmanager
async def ssh(daemon: Daemon, username: str, **more: object) -> AsyncIterator[asyncssh.SFTPClient]:
    """Connect over SSH."""
    facts: dict[str, object] = {"client_keys": [daemon.key], "known_hosts": None, "config": None, **more}
    port = daemon.port("sftp")
    async with (
        asyncssh.connect("127.0.0.1", port, username=username, **facts) as connection,  # type: ignore[arg-type]
        connection.start_sftp_client() as client,
    ):
        yield client


@pytest.mark.parametrize("who", NOT_NOW)
async def test_who_may_not_come_in_now_comes_in_by_no_path(daemon: Daemon, who: str) -> None:
    await daemon.set_up(HEAD)
    await change(daemon, HEAD, NOT_NOW[who])
    await daemon.start()
    for path in PATHS:
        with pytest.raises(GONE):
            await path(daemon, HEAD)
    assert daemon.rows("files") == []
    daemon.promises.clear()


async def test_an_expired_password_opens_nothing_and_the_key_still_does(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await change(daemon, HEAD, EXPIRED)
    await daemon.start()
    for path in (by_password, by_mail):
        with pytest.raises(GONE):
            await path(daemon, HEAD)
    daemon.promises.clear()
    await by_key(daemon, HEAD)


async def test_a_device_comes_in_by_no_path_of_people(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await change(daemon, HEAD, DEVICE)
    await daemon.start()
    for path in PATHS:  # by mail: after STARTTLS, which is for people
        with pytest.raises(GONE):
            await path(daemon, HEAD)
    daemon.promises.clear()


async def test_another_schools_person_sends_and_sees_nothing_of_it(daemon: Daemon) -> None:
    await daemon.set_up(HEAD, STAFF)
    await daemon.start()
    assert await daemon.upload(HEAD, GOOD, b"x") == ""
    await daemon.idle()
    assert await daemon.upload(STAFF, NAME, b"x") != ""
    async with daemon.sftp(STAFF) as client:
        assert await files_below(client, "/Sent Files") == []
    await daemon.idle()
    assert [file["reason"] for file in daemon.rows("files") if file["name"] == NAME] == ["not-your-school"]
    assert NAME not in daemon.dropped("INFO")


async def test_an_officer_of_another_service_and_a_former_one_read_nothing(daemon: Daemon) -> None:
    await daemon.set_up(HEAD, OFFICER, OTHER_OFFICER)
    await daemon.start()
    assert await daemon.upload(HEAD, GOOD, b"x") == ""
    await daemon.idle()
    async with daemon.sftp(OFFICER) as client:
        assert [path.rpartition("/")[2] for path in await files_below(client, "/INFO/Inbox")] == [GOOD]
    async with daemon.sftp(OTHER_OFFICER) as client:
        assert "INFO" not in await client.listdir("/")
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await client.listdir("/INFO")
    await daemon.stop()
    await change(daemon, OFFICER, is_now(services=("SEN",)))  # moved to another service
    await daemon.start()
    async with daemon.sftp(OFFICER) as client:
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await client.listdir("/INFO/Inbox")


async def test_a_reply_address_serves_its_owner_alone(daemon: Daemon) -> None:
    await daemon.set_up(HEAD, STAFF, OFFICER)
    await daemon.start()
    assert "Accepted" in await daemon.email(HEAD, (GOOD, b"x"))
    await daemon.idle()
    (receipt,) = daemon.relay.to(daemon.address(HEAD))
    for username in (STAFF, OFFICER):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await say(daemon, username, str(receipt["Reply-To"]), "RECALL")
    await daemon.run("admin", "users", "suspend", HEAD, "--reason", "left")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await say(daemon, HEAD, str(receipt["Reply-To"]), "RECALL")
    assert [file["status"] for file in daemon.rows("files")] == ["Sent"]


async def say(daemon: Daemon, username: str, address: str, text: str) -> None:
    """Reply to a notice, after a login."""
    client = aiosmtplib.SMTP(hostname="localhost", port=daemon.port("smtp"), start_tls=True, timeout=30)
    client.tls_context = daemon.trusted()
    async with client:
        await client.login(username, PASSWORD)
        sender = daemon.address(username)
        await client.sendmail(sender, [address], letter(sender, text=text))


async def files_below(client: asyncssh.SFTPClient, folder: str) -> list[str]:
    """Return every file below a folder."""
    found = []
    for entry in await client.readdir(folder):
        path = f"{folder}/{entry.filename}"
        is_folder = entry.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY
        found += await files_below(client, path) if is_folder else [path]
    return found
