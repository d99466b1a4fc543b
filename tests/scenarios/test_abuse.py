"""Strangers who flood, dawdle and fill the house keep no honest message waiting (SPEC 4).

Each stranger comes from an address of its own within 127.0.0.0/8; the honest school from another.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.inbound.smtp.zone import Zone, name_server
from tests.scenarios.daemons import CLOCK, GONE, Daemon, until
from tests.scenarios.harness import HEAD

FILE = "8301102_INFOmailed20261120.docx"
SECONDS = 10.0  # in which an honest message must be accepted
HOME = "millbeck.example"
DNS: Zone = {(HOME, "TXT"): ["v=spf1 -all"]}
Stranger = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def gateway(daemon: Daemon) -> AsyncIterator[None]:
    """Start the daemon with what strangers can use the most of: they need not sign in to send."""
    async with name_server(DNS) as (_, port):
        dns = {"dns__servers": ["127.0.0.1"], "dns__port": port}
        await daemon.set_up(HEAD, **{"smtp__verify_domains": True, **dns})
        await daemon.start()
        yield


async def come(daemon: Daemon, address: str) -> Stranger:
    """Connect from an address, and hear the greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port("smtp"), local_addr=(address, 0))
    try:
        await reader.readline()
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


async def fill(daemon: Daemon, addresses: Sequence[str], *, each: int) -> list[Stranger]:
    """Let strangers connect and say nothing."""
    return [await come(daemon, address) for address in addresses for _ in range(each)]


async def flood(daemon: Daemon, address: str, words: bytes) -> None:
    """Say the same again and again without listening, and come back whenever we are shown out."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await come(daemon, address)
            try:
                listening = asyncio.create_task(reader.read())
                while not listening.done():
                    writer.write(words)
                    await writer.drain()
                    await CLOCK.sleep(0.01)  # the honest client shares this process with the strangers
            finally:
                writer.transport.abort()
                await asyncio.gather(listening, return_exceptions=True)


async def dawdle(daemon: Daemon, address: str) -> None:
    """Begin a message, and send one byte of it at a time."""
    with contextlib.suppress(OSError):
        reader, writer = await come(daemon, address)
        try:
            for line in ("EHLO a.example", "STARTTLS"):
                await say(reader, writer, line)
            await writer.start_tls(daemon.trusted(), server_hostname="localhost")
            for line in ("EHLO a.example", f"MAIL FROM:<x@{HOME}>", "RCPT TO:<files@gateway.test>", "DATA"):
                await say(reader, writer, line)
            while True:
                writer.write(b"x")
                await writer.drain()
                await CLOCK.sleep(0.05)
        finally:
            writer.transport.abort()


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> None:
    """Say a line and hear the whole answer."""
    writer.write(line.encode() + b"\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass


async def honest(daemon: Daemon) -> float:
    """Send a message as a school does, trying again when told to; return how many seconds that took."""
    began = CLOCK.monotonic()
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                assert "Accepted" in await daemon.email(HEAD, (FILE, b"mailed"))
                return CLOCK.monotonic() - began
            except GONE:
                await CLOCK.sleep(0.2)


Attack = Callable[[Daemon, str], Awaitable[None]]
ATTACKS: dict[str, Sequence[Attack]] = {
    "lines without end": [lambda d, a: flood(d, a, b"x" * 65_536)] * 3,
    "commands": [lambda d, a: flood(d, a, b"NOOP\r\n" * 500)] * 5,
    "questions for addresses": [lambda d, a: flood(d, a, b"VRFY head\r\nEXPN all\r\nRCPT TO:<a@b>\r\n" * 100)] * 5,
    "logins in clear": [lambda d, a: flood(d, a, b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\n" * 100)] * 5,
    "slow senders": [dawdle] * 20,
}


@asynccontextmanager
async def under(attacks: Sequence[Awaitable[None]]) -> AsyncIterator[None]:
    """Let strangers attack meanwhile; a surprise of theirs fails the test."""
    tasks = [asyncio.ensure_future(attack) for attack in attacks]
    try:
        await CLOCK.sleep(1.1)  # who came a moment ago is not yet idle
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [error for error in ended if not isinstance(error, asyncio.CancelledError | None)] == []


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_stranger_keeps_no_honest_message_waiting(daemon: Daemon, name: str) -> None:
    async with gateway(daemon), under([attack(daemon, "127.0.1.1") for attack in ATTACKS[name]]):
        seconds = await honest(daemon)
    sys.stdout.write(f"{name}: accepted after {seconds:.2f} s\n")


async def test_all_at_once_keep_no_honest_message_waiting(daemon: Daemon) -> None:
    """500 idle connections, which is all that there is room for, and each kind of stranger beside them."""
    async with gateway(daemon):
        idle = await fill(daemon, [f"127.0.2.{n}" for n in range(1, 26)], each=20)
        assert len(idle) == 500
        strangers = [kind[0](daemon, f"127.0.3.{n}") for n, kind in enumerate(ATTACKS.values())]
        async with under(strangers):
            seconds = await honest(daemon)
        for _, writer in idle:
            writer.transport.abort()
    sys.stdout.write(f"all at once: accepted after {seconds:.2f} s\n")


async def test_a_slow_sender_is_let_go_after_the_time_of_the_keys(daemon: Daemon) -> None:
    async with name_server(DNS) as (_, port):
        dns = {"dns__servers": ["127.0.0.1"], "dns__port": port}
        pace = {"smtp__pace_seconds": 1, "smtp__min_bytes_per_second": 100}
        await daemon.set_up(HEAD, **{"smtp__verify_domains": True, **dns, **pace})
        await daemon.start()
        async with asyncio.timeout(SECONDS):
            await dawdle(daemon, "127.0.1.1")
        await until(lambda: "too-slow" in daemon.said(), "the log says why")
