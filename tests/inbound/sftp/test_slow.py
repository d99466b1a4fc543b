"""Slow people: no transfer is ended for being slow, and a client that is gone is let go (SPEC 5; FIELD-NOTES A.2)."""

import asyncio
import socket
from contextlib import asynccontextmanager

from tests.inbound.sftp import wire
from tests.inbound.sftp.live import door_in
from tests.inbound.sftp.person import GOOD, PDF, SAMIR

BIG = PDF + b"x" * 400_000 + b"\n%%EOF\n"


class SlowLine:
    """A line with a bandwidth: what comes from the server is let through a few bytes at a time."""

    def __init__(self, port, *, bytes_a_second):
        self.port = port
        self.a_second = bytes_a_second
        self.is_dead = False

    async def carry(self, reader, writer):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # else the system takes it all at once
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        there_reader, there_writer = await asyncio.open_connection(sock=sock, limit=4096)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.copy(reader, there_writer, pace=0))
            group.create_task(self.copy(there_reader, writer, pace=4096 / self.a_second))

    async def copy(self, reader, writer, *, pace):
        try:
            while data := await reader.read(4096):
                while self.is_dead:
                    await asyncio.sleep(0.05)  # noqa: TID251
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(pace)  # noqa: TID251
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def slow_line(door, **how):
    """Open a line to a door; the door's port is its."""
    line = SlowLine(door.port, **how)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    straight, door.port = door.port, server.sockets[0].getsockname()[1]
    (door.folder / "known_hosts").write_text(
        (door.folder / "known_hosts").read_text().replace(f":{straight} ", f":{door.port} ")
    )
    try:
        yield line
    finally:
        door.port = straight
        server.close()


async def _sent(door, data):
    """Send a file over the straight line; return where it stands."""
    async with door.connect(SAMIR) as connection, connection.start_sftp_client() as client:
        async with client.open(f"/Send Files/{GOOD}", "wb") as file:
            await file.write(data)
        await door.scene.idle()
        (month,) = [name for name in await client.listdir("/Sent Files") if name[0] == "2"]
        return f"/Sent Files/{month}/{GOOD}"


async def test_a_slow_download_is_neither_idle_nor_gone(live_scene):
    """All is asked for at the start; for seconds the client sends nothing, and takes what comes."""
    async with door_in(live_scene, idle_seconds=0.6, keepalive_seconds=0.4, handles=10) as door:
        path = await _sent(door, BIG)
        async with slow_line(door, bytes_a_second=100_000), door.connect(SAMIR) as connection:
            writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None, window=8 << 20)
            writer.write(wire.INIT + wire.open_file(1, path, wire.GET))
            await _answer(reader)
            handle = (await _answer(reader)).handle
            for number in range(4):
                writer.write(wire.read(number, handle, number * 100_000, 100_000))
            async with asyncio.timeout(30):
                got = b"".join([(await _answer(reader)).data for _ in range(4)])
            assert got == BIG[:400_000]


async def test_a_slow_upload_is_not_idle(live_scene):
    async with (
        door_in(live_scene, idle_seconds=0.4) as door,
        door.connect(SAMIR) as connection,
        connection.start_sftp_client() as client,
        client.open(f"/Send Files/{GOOD}", "wb") as file,
    ):
        for start in range(0, len(PDF), 24):
            await file.write(PDF[start : start + 24])
            await asyncio.sleep(0.1)  # noqa: TID251
    await live_scene.idle()
    assert live_scene.dropped("SEN") == {GOOD: PDF}


async def test_a_client_that_is_gone_without_a_word_is_let_go(live_scene):
    async with (
        door_in(live_scene, keepalive_seconds=0.1) as door,
        slow_line(door, bytes_a_second=10**9) as line,
        door.connect(SAMIR),
    ):
        line.is_dead = True
        async with asyncio.timeout(10):
            while door.door.connections:
                await asyncio.sleep(0.05)  # noqa: TID251
        line.is_dead = False


async def _answer(reader):
    length = await reader.readexactly(4)
    (answer,) = wire.answers_in(length + await reader.readexactly(int.from_bytes(length, "big")))
    return answer
