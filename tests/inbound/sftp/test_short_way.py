"""Packets of SSH that go the short way, past asyncssh's own (gateway.inbound.sftp.wire)."""

import asyncio
import os
import shutil
from contextlib import asynccontextmanager
from types import SimpleNamespace

import asyncssh
import pytest
from asyncssh.constants import MSG_CHANNEL_DATA

from gateway.inbound.sftp.server import CIPHERS
from gateway.inbound.sftp.wire import cut_short
from tests.inbound.sftp.person import GOOD, SAMIR

BYTES = b"%PDF-1.4\n" + os.urandom(700_000) + b"\n%%EOF\n"
GCM = [cipher for cipher in CIPHERS if "gcm" in cipher]
OTHERS = [cipher for cipher in CIPHERS if "gcm" not in cipher]


class Line:
    """A line on which a test may cut up, or change, what the client sends."""

    def __init__(self, port):
        self.port = port
        self.most = 65536  # bytes at a time
        self.is_bad = False  # from now on, one bit comes over turned round

    async def carry(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.copy(reader, there_writer, is_from_client=True))
            group.create_task(self.copy(there_reader, writer, is_from_client=False))

    async def copy(self, reader, writer, *, is_from_client):
        try:
            while data := await reader.read(self.most):
                if self.is_bad and is_from_client:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line_to(door):
    line = Line(door.port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    hosts = door.folder / "known_hosts"
    straight, door.port = door.port, server.sockets[0].getsockname()[1]
    hosts.write_text(hosts.read_text().replace(f":{straight} ", f":{door.port} "))
    try:
        yield line
    finally:
        door.port = straight
        server.close()


async def taken(door):
    """Return the bytes of what was promised."""
    spool, found = door.scene.house.spool, []
    for id in await spool.ready():
        with open(spool.path(id), "rb") as entry:
            found.append(entry.read((await spool.envelope(id)).size))
    return found


async def send(door, **options):
    async with door.connect(SAMIR, **options) as connection:
        await put(connection, BYTES)


async def put(connection, data, before=lambda: None):
    async with connection.start_sftp_client() as client, client.open(f"/Send Files/{GOOD}", "wb") as file:
        before()
        await file.write(data)


async def read_by(connection):
    """Return what a reader gets of what was sent."""
    async with connection.start_sftp_client() as client:
        (month,) = [name for name in await client.listdir("/Sent Files") if name[0] == "2"]
        async with client.open(f"/Sent Files/{month}/{GOOD}", "rb") as file:
            return await file.read()


@pytest.fixture
def long_way(monkeypatch):
    """Packets of data that asyncssh itself took in, of clients and of the door."""
    counted = []
    usual = asyncssh.SSHServerChannel._packet_handlers[MSG_CHANNEL_DATA]

    def count(channel, *packet):
        counted.append(type(channel))
        return usual(channel, *packet)

    monkeypatch.setitem(asyncssh.SSHServerChannel._packet_handlers, MSG_CHANNEL_DATA, count)
    return counted


@pytest.mark.parametrize("cipher", CIPHERS)
async def test_what_is_sent_is_what_is_taken_under_each_cipher(door, cipher, long_way):
    await send(door, encryption_algs=[cipher])
    assert await taken(door) == [BYTES]
    assert (asyncssh.SSHServerChannel in long_way) == (cipher in OTHERS)


async def test_what_is_read_is_what_was_sent(door):
    await send(door)
    await door.scene.idle()
    async with door.connect(SAMIR) as connection:
        assert await read_by(connection) == BYTES


@pytest.mark.parametrize("most", [1, 7, 1000])
async def test_a_line_may_cut_packets_anywhere(door, most):
    async with line_to(door) as line, door.connect(SAMIR) as connection:
        line.most = most
        await put(connection, BYTES[: 300 * most])
    assert await taken(door) == [BYTES[: 300 * most]]


async def test_what_was_changed_on_its_way_ends_the_connection_and_makes_no_file(door):
    async with line_to(door) as line, door.connect(SAMIR) as connection:
        with pytest.raises((asyncssh.Error, OSError)):
            await put(connection, BYTES[:1000], before=lambda: setattr(line, "is_bad", True))
    assert await taken(door) == []


@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's client is not installed")
@pytest.mark.parametrize("cipher", [GCM[0], OTHERS[0]])
async def test_keys_are_changed_in_the_middle(door, cipher):
    (door.folder / "plan.pdf").write_bytes(BYTES)
    flags = f"-v -o RekeyLimit=128K -o Ciphers={cipher}"
    done = await door.sftp(SAMIR, f'put plan.pdf "Send Files/{GOOD}"', flags=flags)
    assert done.code == 0, done.err
    assert done.err.count("SSH2_MSG_NEWKEYS received") > 2
    assert await taken(door) == [BYTES]


@pytest.mark.parametrize("cipher", [GCM[0], OTHERS[0]])
async def test_we_change_keys_too(door, cipher, monkeypatch):
    await send(door)
    changed = []
    usual = asyncssh.SSHServerConnection._send_kexinit

    def count(connection):
        changed.append(type(connection))
        usual(connection)

    async with door.connect(SAMIR, encryption_algs=[cipher]) as connection:
        monkeypatch.setattr(asyncssh.SSHServerConnection, "_send_kexinit", count)
        (ours,) = door.door.connections
        ours._conn._rekey_bytes = 100_000
        await door.scene.idle()
        assert await read_by(connection) == BYTES
    assert changed.count(asyncssh.SSHServerConnection) > 3


def test_a_release_that_nobody_read_is_left_as_it_is():
    sent = []
    conn = SimpleNamespace(send_packet=lambda kind, *_: sent.append(kind), data_received="theirs")
    cut_short(conn, release="2.25.0")
    conn.send_packet(MSG_CHANNEL_DATA, b"data")
    assert conn.data_received == "theirs"
    assert sent == [MSG_CHANNEL_DATA]
