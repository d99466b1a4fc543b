"""The life of the daemon: it drains, reloads all or nothing, and is alone on its data (SPEC 11, 13)."""

import asyncio
import json
import shutil
import signal
import sqlite3
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import asyncssh
import pytest

from tests.scenarios.daemons import CLOCK, PASSWORD, Daemon, until
from tests.scenarios.harness import GOOD, HEAD, STAFF, letter
from tests.scenarios.invariants import Promise, sha256

MAILED = "8301102_INFOmailed20261120.docx"


async def test_it_takes_by_both_doors_and_leaves_cleanly(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    sys.stdout.write(f"listening after {await daemon.start():.2f} s\n")
    assert await daemon.upload(HEAD, GOOD, b"uploaded") == ""
    assert "Accepted" in await daemon.email(HEAD, (MAILED, b"mailed"))
    await daemon.idle()
    assert daemon.dropped("INFO") == {GOOD: b"uploaded", MAILED: b"mailed"}
    assert len(daemon.relay.to("ruth.ashdown@millbeck.example")) == 2


class TestSigterm:
    """Nobody new is let in; who is sending may finish; what was taken is worked off."""

    async def test_lets_an_upload_under_way_be_finished(self, daemon: Daemon) -> None:
        await daemon.set_up(HEAD)
        await daemon.start()
        port, stopping = daemon.port("sftp"), None
        async with daemon.sftp(HEAD) as client:
            file = await client.open(f"Send Files/{GOOD}", "wb")
            await file.write(b"first half, ")
            stopping = asyncio.create_task(daemon.stop())
            await until(lambda: "stopping" in daemon.said(), "the daemon heard of it")
            with pytest.raises((OSError, asyncssh.Error)):
                await asyncssh.connect("127.0.0.1", port, username=HEAD, client_keys=[daemon.key], known_hosts=None)
            await file.write(b"second half")
            await file.close()
            daemon.promises.append(Promise(GOOD, sha256(b"first half, second half"), HEAD))
        assert await stopping == 0, daemon.said()
        assert daemon.endpoints() == {}
        assert daemon.dropped("INFO") == {GOOD: b"first half, second half"}

    async def test_lets_a_message_under_way_be_finished(self, daemon: Daemon) -> None:
        await daemon.set_up(HEAD)
        await daemon.start()
        message = letter(daemon.address(HEAD), (MAILED, b"m" * 300_000))
        reader, writer = await signed_in(daemon)
        for line in (f"MAIL FROM:<{daemon.address(HEAD)}>", "RCPT TO:<files@gateway.test>", "DATA"):
            await say(reader, writer, line)
        writer.write(message[:200_000])
        await writer.drain()
        stopping = asyncio.create_task(daemon.stop())
        await until(lambda: "stopping" in daemon.said(), "the daemon heard of it")
        assert await say(reader, writer, message[200_000:].decode() + "\r\n.") == 250
        daemon.promises.append(Promise(MAILED, sha256(b"m" * 300_000), HEAD))
        writer.close()
        assert await stopping == 0, daemon.said()
        await daemon.start()  # a disk that is too slow for the last pass is no fault: the next start goes on
        await until(lambda: daemon.dropped("INFO") == {MAILED: b"m" * 300_000}, "the file was dropped, once")

    async def test_does_not_wait_for_a_relay_that_is_silent(self, daemon: Daemon) -> None:
        callers: list[asyncio.StreamWriter] = []
        silent = await asyncio.start_server(lambda _, caller: callers.append(caller), "127.0.0.1", 0)
        daemon.relay.port = silent.sockets[0].getsockname()[1]
        await daemon.set_up(HEAD, STAFF)
        await daemon.start()
        await daemon.upload(HEAD, GOOD, b"x")
        await until(lambda: daemon.dropped("INFO"), "the file was dropped")
        began = CLOCK.monotonic()
        assert await daemon.stop() == 0, daemon.said()
        assert CLOCK.monotonic() - began < 20
        silent.close()
        for caller in callers:
            caller.close()
        assert [n["state"] for n in daemon.rows("notices")] == ["due"]


async def test_a_client_that_goes_away_makes_no_file(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await daemon.start()
    async with asyncssh.connect(
        "127.0.0.1", daemon.port("sftp"), username=HEAD, client_keys=[daemon.key], known_hosts=None, config=None
    ) as connection:
        client = await connection.start_sftp_client()
        file = await client.open(f"Send Files/{GOOD}", "wb")
        await file.write(b"half of ")
        connection.abort()  # as when a plug is pulled
    incoming = daemon.folder / "data" / "spool" / "incoming"
    await until(lambda: list(incoming.iterdir()), "the bytes were parked")
    assert daemon.rows("files") == []


@pytest.mark.parametrize(
    ("mode", "offset"),
    [
        ("r+b", 12),  # WinSCP: written behind what is there
        ("ab", 12),  # OpenSSH's reput: appended, and the offset said as well
        ("ab", 0),  # asyncssh: appended, and the offset left to us (the draft: "all writes at the end")
    ],
)
async def test_an_upload_goes_on_where_a_killed_daemon_let_it_drop(daemon: Daemon, mode: str, offset: int) -> None:
    """A temporary name, a broken connection, the rest behind what came before, the rename."""
    await daemon.set_up(HEAD)
    await daemon.start()
    temporary = f"Send Files/{GOOD}.filepart"
    async with daemon.sftp(HEAD) as client, client.open(temporary, "wb") as file:
        await file.write(b"first half, ")
    await daemon.kill()
    await daemon.start()
    async with daemon.sftp(HEAD) as client:
        async with client.open(temporary, mode) as file:
            await file.write(b"second half", offset)
        await client.rename(temporary, f"Send Files/{GOOD}")
    daemon.promises.append(Promise(GOOD, sha256(b"first half, second half"), HEAD))
    await daemon.idle()
    assert daemon.dropped("INFO") == {GOOD: b"first half, second half"}


class TestSighup:
    """Everything is read again, and comes into force whole or not at all."""

    async def test_puts_new_rules_in_force(self, daemon: Daemon) -> None:
        await daemon.set_up(HEAD)
        await daemon.start()
        services = daemon.folder / "routing" / "services.toml"
        services.write_text(services.read_text().replace('"pdf", "doc", "docx"', '"pdf", "doc"'))
        daemon.signal(signal.SIGHUP)
        await until(lambda: "reloaded" in daemon.said(), "it was reloaded")
        assert "docx" in await daemon.upload(HEAD, GOOD, b"x")
        assert daemon.rows("files")[0]["reason"] == "type-not-allowed"

    async def test_changes_nothing_when_anything_is_faulty_and_says_every_fault(self, daemon: Daemon) -> None:
        await daemon.set_up(HEAD)
        await daemon.start()
        services = daemon.folder / "routing" / "services.toml"
        text = services.read_text().replace('"pdf", "doc", "docx"', '"pdf", "doc"')
        services.write_text(text + '\n[[services]]\ncode = "lower"\nname = "No code"\n')
        daemon.change_keys({("retention", "days"): -1})
        daemon.signal(signal.SIGHUP)
        await until(lambda: "reload-refused" in daemon.said(), "it was refused")
        faults = json.loads(next(line for line in daemon.said().splitlines() if "reload-refused" in line))["faults"]
        assert any("services.toml" in fault for fault in faults)
        assert any("retention" in fault for fault in faults)
        assert await daemon.upload(HEAD, GOOD, b"x") == ""

    async def test_changes_nothing_when_the_certificate_is_faulty(self, daemon: Daemon) -> None:
        await daemon.set_up(HEAD)
        await daemon.start()
        services = daemon.folder / "routing" / "services.toml"
        services.write_text(services.read_text().replace('"pdf", "doc", "docx"', '"pdf", "doc"'))
        certificate = daemon.folder / "tls" / "certificate.pem"
        good = certificate.read_text()
        certificate.write_text("no certificate")
        daemon.signal(signal.SIGHUP)
        await until(lambda: "reload-refused" in daemon.said(), "it was refused")
        certificate.write_text(good)
        assert await daemon.upload(HEAD, GOOD, b"x") == ""
        assert "Accepted" in await daemon.email(HEAD, (MAILED, b"mailed"))


async def test_a_second_daemon_on_the_same_data_leaves_with_75(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await daemon.start()
    code, _, complaint = await daemon.run("run")
    assert code == 75
    assert daemon.process is not None
    assert f"Another gateway (process {daemon.process.pid}) works on" in complaint
    assert daemon.is_listening
    assert await daemon.upload(HEAD, GOOD, b"x") == ""


async def test_a_locked_ledger_delays_and_loses_nothing(daemon: Daemon) -> None:
    await daemon.set_up(HEAD, STAFF)
    await daemon.start()
    with closing(sqlite3.connect(daemon.folder / "data" / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        sending = [
            asyncio.create_task(daemon.upload(HEAD, GOOD, b"x")),
            asyncio.create_task(daemon.email(STAFF, ("8304053_INFOreturn20261120.docx", b"y"))),
            asyncio.create_task(daemon.email(STAFF, ("nonsense.pdf", b"z"))),
        ]
        await asyncio.wait(sending, timeout=2)
        assert daemon.rows("files") == []
        other.execute("ROLLBACK")
    await asyncio.gather(*sending)
    await daemon.idle()
    assert len(daemon.promises) == 3
    assert sorted(daemon.dropped("INFO")) == [GOOD, "8304053_INFOreturn20261120.docx"]


@pytest.mark.parametrize("file", ["gateway.toml", "routing/services.toml", "tls/certificate.pem", "ssh/host_ed25519"])
async def test_a_faulty_configuration_starts_nothing_and_leaves_with_78(daemon: Daemon, file: str) -> None:
    place: Path = daemon.folder / file
    place.chmod(0o600)
    place.write_text("!")
    shutil.rmtree(daemon.folder / "data" / "run", ignore_errors=True)
    code, _, complaint = await daemon.run("run")
    assert code == 78, complaint
    assert place.name in complaint or "[sftp]" in complaint
    assert daemon.endpoints() == {}


async def test_what_a_command_costs(daemon: Daemon) -> None:
    """`--version` and `--help` answer in under 0.3 seconds on a machine that has nothing else to do."""
    quickest = {}
    for word in ("--version", "--help"):
        times = []
        for _ in range(4):
            began = CLOCK.monotonic()
            code, _, _ = await daemon.run(word)
            times.append(CLOCK.monotonic() - began)
            assert code == 0
        quickest[word] = min(times)
    sys.stdout.write(f"{ {word: f'{seconds:.3f} s' for word, seconds in quickest.items()} }\n")
    assert max(quickest.values()) < 0.3


async def signed_in(daemon: Daemon) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return a connection to the email door after STARTTLS and AUTH, for a client by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port("smtp"))
    assert (await reader.readline()).startswith(b"220")
    assert await say(reader, writer, "EHLO school.example") == 250
    assert await say(reader, writer, "STARTTLS") == 220
    await writer.start_tls(daemon.trusted(), server_hostname="localhost")
    assert await say(reader, writer, "EHLO school.example") == 250
    assert await say(reader, writer, f"AUTH PLAIN {plain(HEAD, PASSWORD)}") == 235
    return reader, writer


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> int:
    """Send a line and return the code of the answer."""
    writer.write(line.encode() + b"\r\n")
    while (answer := await reader.readline())[3:4] == b"-":
        pass
    return int(answer[:3])


def plain(username: str, password: str) -> str:
    """Return the words of AUTH PLAIN."""
    return b64encode(f"\0{username}\0{password}".encode()).decode()
