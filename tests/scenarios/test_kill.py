"""Killed again and again under load, at any moment: no acknowledged file is lost, none is there twice (SPEC 11)."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.scenarios.daemons import CLOCK, GONE, Daemon, until, words_of
from tests.scenarios.invariants import sha256

KILLS = 32
SENDERS = {"ruth.ashdown": "8301102", "samir.okonjo": "8302000", "gwen.tremayne": "8303308"}
SEED = int(os.environ.get("GATEWAY_KILL_SEED", "0")) or random.SystemRandom().randrange(1 << 32)


Files = list[tuple[str, bytes]]
Way = Callable[[str, Files], Awaitable[object]]


class Load:
    """Clients that send one file after the other, and each of them again until somebody said that it is there."""

    def __init__(self, daemon: Daemon, chance: random.Random) -> None:
        """Take the daemon, which comes and goes."""
        self._daemon = daemon
        self._chance = chance
        self._number = 0
        self.is_over = False
        self.tries: Counter[str] = Counter()

    @asynccontextmanager
    async def going(self) -> AsyncIterator[None]:
        """Send until the end of the block, then finish what is under way."""
        ways = (self._upload, self._upload, self._email, self._email)
        clients = [asyncio.create_task(self._client(way)) for way in ways]
        try:
            yield
            self.is_over = True
            async with asyncio.timeout(60):
                await asyncio.gather(*clients)
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, send: Way) -> None:
        while not self.is_over:
            sender, school = self._chance.choice(list(SENDERS.items()))
            files = [self._file(school) for _ in range(2 if send == self._email else 1)]
            await self._insist(send, sender, files)

    async def _insist(self, send: Way, sender: str, files: Files) -> None:
        """Send until it is acknowledged: a client that heard nothing can't know, and comes back with the same."""
        while True:
            await CLOCK.sleep(0.02)
            if not self._daemon.is_listening:
                continue
            self.tries[send.__name__] += 1
            with suppress(*GONE):
                async with asyncio.timeout(30):
                    await send(sender, files)
                return

    async def _upload(self, sender: str, files: Files) -> None:
        assert await self._daemon.upload(sender, *files[0]) == ""

    async def _email(self, sender: str, files: Files) -> None:
        await self._daemon.email(sender, *files)

    def _file(self, school: str) -> tuple[str, bytes]:
        self._number += 1
        size = self._chance.choice((10, 3_000, 400_000))
        data = f"{self._number} {self._chance.randbytes(size).hex()}"
        return f"{school}_INFOload{self._number}V01.txt", data.encode()


@pytest.mark.timeout(400)
async def test_no_kill_loses_or_doubles_what_was_acknowledged(daemon: Daemon) -> None:
    sys.stdout.write(f"the same again: GATEWAY_KILL_SEED={SEED}\n")
    chance = random.Random(SEED)
    await daemon.set_up(*SENDERS)
    load, starts = Load(daemon, chance), []
    async with load.going():
        for n in range(KILLS):
            if n % 4 == 3:  # also in the middle of a recovery
                await daemon.spawn()
                await CLOCK.sleep(chance.uniform(0.2, 1.0))
            else:
                starts.append(await daemon.start())
                await CLOCK.sleep(chance.uniform(0.0, 0.6))
            assert not daemon.has_left, daemon.said()
            await daemon.kill()
        starts.append(await daemon.start())
    await daemon.idle()
    assert await daemon.stop() == 0, daemon.said()
    sys.stdout.write(
        f"{KILLS} kills, {len(daemon.promises)} files acknowledged in {load.tries.total()} tries, "
        f"listening after {min(starts):.2f} to {max(starts):.2f} s\n"
    )
    assert len(daemon.promises) >= KILLS
    check_each_is_there_once(daemon)
    check_each_was_told(daemon)
    assert (daemon.folder / "data" / "spool" / "failed").exists()


@pytest.mark.timeout(200)
async def test_the_sealer_may_be_killed_and_only_what_was_not_answered_is_sent_again(daemon: Daemon) -> None:
    chance, killed = random.Random(SEED), set()
    await daemon.set_up(*SENDERS)
    await daemon.start()
    async with Load(daemon, chance).going():
        for _ in range(4):
            await until(lambda: daemon.sealer() not in {None, *killed}, "there is another one")
            await CLOCK.sleep(chance.uniform(0.1, 0.6))
            sealer = daemon.sealer()
            assert sealer is not None
            os.kill(sealer, signal.SIGKILL)
            killed.add(sealer)
    assert not daemon.has_left, daemon.said()
    await daemon.idle()
    await until(lambda: daemon.sealer() not in {None, *killed}, "there is one at the end")
    last = daemon.sealer()
    assert await daemon.stop() == 0, daemon.said()
    assert not os.path.exists(f"/proc/{last}")
    assert "The process that seals" in daemon.log.read_text()
    check_each_is_there_once(daemon)
    check_each_was_told(daemon)


@pytest.mark.timeout(200)
async def test_what_takes_messages_apart_may_be_killed_and_every_message_is_taken_apart(daemon: Daemon) -> None:
    chance, killed = random.Random(SEED), set()
    module = "gateway.rooms.dismantler"

    def begun() -> set[int]:
        with suppress(ProcessLookupError):
            return {n for n in daemon.beside(module) if os.getpriority(os.PRIO_PROCESS, n) > 0}
        return set()

    await daemon.set_up(*SENDERS)
    await daemon.start()
    async with Load(daemon, chance).going():
        for _ in range(4):
            await until(lambda: begun() - killed, "another one has begun")
            await CLOCK.sleep(chance.uniform(0.0, 0.3))
            for number in begun():
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
                killed.add(number)
    assert not daemon.has_left, daemon.said()
    await daemon.run("admin", "failed", "retry", "--all")  # at which two ended, by a chance of these kills
    await daemon.idle()
    last = daemon.beside(module)
    assert await daemon.stop() == 0, daemon.said()
    assert not any(os.path.exists(f"/proc/{number}") for number in last)
    assert "A process that takes messages apart ended" in daemon.log.read_text()
    check_each_is_there_once(daemon)
    check_each_was_told(daemon)


def check_each_is_there_once(daemon: Daemon) -> None:
    """The invariants look at all else; here is what the senders counted."""
    dropped = daemon.dropped("INFO")
    copies = Counter(sha256(data) for data in dropped.values())
    recorded = Counter((f["name"], f["sha256"]) for f in daemon.rows("files"))
    for promise in daemon.promises:
        assert sha256(dropped[promise.name]) == promise.sha256
        assert copies[promise.sha256] == 1
        assert recorded[promise.name, promise.sha256] == 1


def check_each_was_told(daemon: Daemon) -> None:
    """Every receipt that we owed left; one that left twice did so under one id."""
    owed = {f"<{n['id']}@gateway.test>": n for n in daemon.rows("notices")}
    assert {n["state"] for n in owed.values()} == {"sent"}
    assert {str(notice["Message-ID"]) for notice in daemon.relay.notices} == owed.keys()
    texts = " ".join(words_of(notice) for notice in daemon.relay.notices)
    for promise in daemon.promises:
        assert promise.name in texts
