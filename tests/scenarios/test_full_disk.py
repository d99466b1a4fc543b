"""A full disk, seen from the doors: try again, nothing partial, nothing lost (SPEC 11; DESIGN 4)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiosmtplib
import asyncssh
import pytest

from gateway.app import House, open_house
from gateway.doors import Doors
from gateway.tables import read_deployment
from tests.fakes import FullDisk
from tests.scenarios.daemons import Daemon, Relay
from tests.scenarios.harness import GOOD, HEAD
from tests.scenarios.stand_ins import RecordingCourier

MAILED = "8301102_INFOmailed20261120.docx"
BIG = b"b" * 600_000


class CrowdedDisk(FullDisk):
    """A disk that others write to as well: it may say that there is room, and there is none when we come."""

    claims: int | None = None

    def free_bytes(self, path: str) -> int:
        """Return what it says."""
        return self.room if self.claims is None else self.claims


class OpenHouse(Daemon):
    """A house in this process with its doors open, on a disk of the test's; the same clients as for a daemon."""

    house: House
    doors: Doors

    def endpoints(self) -> dict[str, object]:
        """Return where the doors are."""
        return dict(self.doors.endpoints)

    async def work_off(self) -> None:
        """Pass the workers twice: what was put off is passed over once."""
        for _ in range(3):
            for worker in (self.house.ingest, self.house.dropper, self.house.notifier):
                await worker.pass_once()

    async def spool(self) -> list[str]:
        """Return what lies in the spool, promised or not."""
        return [*await self.house.spool.ready(), *await self.house.spool.parked()]


@pytest.fixture
async def full(deployment: Path) -> AsyncIterator[tuple[OpenHouse, CrowdedDisk]]:
    """A house whose disk takes as much as a test says."""
    disk = CrowdedDisk(1 << 30)
    home = OpenHouse(deployment, Relay())
    await home.set_up(HEAD)
    async with opened(home, disk):
        yield home, disk
        disk.room = 1 << 30
        await home.work_off()
    home.assert_whole()


@asynccontextmanager
async def opened(home: OpenHouse, disk: CrowdedDisk) -> AsyncIterator[None]:
    settings, tables = read_deployment(home.config)
    async with open_house(settings, tables, disk=disk, courier=RecordingCourier()) as house:
        home.house, home.doors = house, Doors(house)
        await home.doors.open()
        try:
            yield
        finally:
            await home.doors.close(grace=0)


async def test_a_message_is_refused_with_452_before_its_first_byte(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    home, disk = full
    disk.room = 100_000
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await home.email(HEAD, (MAILED, BIG))
    assert refused.value.code == 452
    assert await home.spool() == []


async def test_a_message_that_fills_the_disk_is_452_and_leaves_nothing(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    """There was room when it began; another sender, or the log, took it."""
    home, disk = full
    disk.claims = 1 << 30
    disk.room = 500_000
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await home.email(HEAD, (MAILED, BIG))
    assert refused.value.code == 452
    assert await home.spool() == []
    disk.room = 1 << 30
    await home.email(HEAD, (MAILED, BIG))
    await home.work_off()
    assert home.dropped("INFO") == {MAILED: BIG}


async def test_an_upload_is_told_to_try_again_and_leaves_nothing(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    home, disk = full
    disk.claims = 1 << 30
    disk.room = 300_000
    assert "try again" in await home.upload(HEAD, GOOD, BIG)
    assert home.rows("files") == []
    disk.room = 1 << 30
    assert await home.upload(HEAD, GOOD, BIG) == ""
    await home.work_off()
    assert home.dropped("INFO") == {GOOD: BIG}


async def test_what_was_promised_before_waits_for_room(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    home, disk = full
    await home.email(HEAD, (MAILED, BIG))
    disk.room = 0
    await home.work_off()
    assert home.rows("files") == []
    disk.room = 1 << 30
    await home.work_off()
    assert home.dropped("INFO") == {MAILED: BIG}


async def test_a_drop_waits_for_room_in_its_folder(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    home, disk = full
    await home.upload(HEAD, GOOD, BIG)
    await home.house.ingest.pass_once()
    disk.room = 100_000
    await home.house.dropper.pass_once()
    assert home.dropped("INFO") == {}
    (drop,) = [d for d in home.rows("drops") if d["target"] != "pickup"]
    assert (drop["state"], "full" in drop["error"]) == ("due", True)
    await due_now(home)
    disk.room = 1 << 30
    await home.work_off()
    assert home.dropped("INFO") == {GOOD: BIG}


async def due_now(home: OpenHouse) -> None:
    """Let every drop that was put off come due."""
    for drop in await home.house.ledger.drops():
        if drop.state == "due":
            await home.house.ledger.mark_drop(replace(drop, due_at=home.house.clock.now()), expected=drop.state)


async def test_looking_and_reading_goes_on(full: tuple[OpenHouse, CrowdedDisk]) -> None:
    home, disk = full
    await home.upload(HEAD, GOOD, BIG)
    await home.work_off()
    disk.room = 0
    async with home.sftp(HEAD) as client:
        assert "Sent Files" in await client.listdir(".")
        (month,) = [name for name in await client.listdir("Sent Files") if name[0] != "."]
        async with client.open(f"Sent Files/{month}/{GOOD}", "rb") as file:
            assert await file.read() == BIG
        with pytest.raises(asyncssh.SFTPError):
            await client.put(str(home.config), f"Send Files/{MAILED}")
