"""Real clients on the engine: OpenSSH's on a pipe, paramiko's on a pair of sockets, asyncssh's through SSH."""

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncssh
import paramiko
import pytest

from gateway.inbound.sftp.protocol import Engine, Limits, ProtocolError
from tests.inbound.sftp.memory import MemoryPortal, Session

CONTENT = bytes(range(256)) * 4001  # a bit over 1 MB, no whole number of any client's blocks
ROOT = Path(__file__).parents[3]


def openssh(*commands):
    """Run OpenSSH's `sftp` in a batch on the engine."""
    server = f"{sys.executable} -m tests.inbound.sftp.stdio_server"
    return subprocess.run(
        ["sftp", "-b", "-", "-D", server],
        input="\n".join(commands),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=30,
        check=False,
    )


@pytest.mark.clients
@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp is not installed")
def test_openssh_puts_lists_renames_and_gets(tmp_path):
    (tmp_path / "sent").write_bytes(CONTENT)
    done = openssh(
        f"put -pf {tmp_path}/sent /8302000_SENplan20261122.pdf.part",
        "rename /8302000_SENplan20261122.pdf.part /8302000_SENplan20261122.pdf",
        "mkdir /Sent",
        "ls -l",
        "df",
        f"get /8302000_SENplan20261122.pdf {tmp_path}/back",
        "rm /8302000_SENplan20261122.pdf",
        "rmdir /Sent",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "back").read_bytes() == CONTENT
    assert f"-rw-r-----   1 leys     -         {len(CONTENT)} Nov" in done.stdout
    assert "50%" in done.stdout
    assert done.stderr.splitlines() == [
        f"/8302000_SENplan20261122.pdf.part closed {len(CONTENT)}",
        f"/8302000_SENplan20261122.pdf closed {len(CONTENT)}",
    ]


@pytest.mark.clients
@pytest.mark.skipif(not shutil.which("sftp"), reason="OpenSSH's sftp is not installed")
@pytest.mark.parametrize("command", ["get /nothing", "symlink /a /b", "ln /a /b", "rename /a /b"])
def test_openssh_is_told_when_something_was_not_done(command):
    assert openssh(command).returncode == 1


class NamedSocket(socket.socket):
    """A socket that has a name for paramiko's log, as its channels have."""

    def get_name(self):
        return "pair"


@contextmanager
def paramiko_client():
    """A paramiko client on one end of a pair of sockets, a portal in memory on the other."""
    ours, other = socket.socketpair()
    theirs = NamedSocket(fileno=other.detach())
    session = Session(greeted=False)

    def serve():
        while data := ours.recv(65536):
            session.engine.feed(data)
            ours.sendall(session.channel.sent)
            session.channel.sent.clear()
        session.engine.end()

    served = threading.Thread(target=serve)
    served.start()
    try:
        with theirs:
            yield paramiko.SFTPClient(theirs), session.portal
    finally:
        served.join(10)
        ours.close()


def test_paramiko_writes_looks_and_reads_back():
    with paramiko_client() as (client, portal):
        with client.open("/a.pdf", "w") as file:
            file.write(CONTENT)
        assert client.stat("/a.pdf").st_size == len(CONTENT)
        assert client.listdir("/") == ["a.pdf"]
        client.chmod("/a.pdf", 0o600)
        client.posix_rename("/a.pdf", "/b.pdf")
        with client.open("/b.pdf") as file:
            assert file.read() == CONTENT
    assert [file.ends for file in portal.opened] == [["closed"], ["closed"]]


def test_paramiko_shows_the_sentence_of_a_failure():
    with paramiko_client() as (client, _):
        with pytest.raises(OSError, match="Links can't be made here"):
            client.symlink("/a", "/b")
        with pytest.raises(FileNotFoundError):
            client.stat("/nothing")


def test_a_paramiko_client_that_goes_without_closing_leaves_no_file():
    with paramiko_client() as (client, portal):
        file = client.open("/a.pdf", "w")
        file.write(CONTENT)
        file._closed = True  # it shall not be closed by the garbage collector either
    assert [opened.ends for opened in portal.opened] == [["abandoned"]]


class LaterPortal(MemoryPortal):
    """Gives each reply a turn of the loop later, the youngest first."""

    def __init__(self):
        super().__init__()
        self.owed = deque()
        self.most_owed = 0
        self.give = self.give_later

    def give_later(self, reply):
        self.owed.append(reply)
        self.most_owed = max(self.most_owed, len(self.owed))
        asyncio.get_running_loop().call_soon(lambda: self.owed.pop()())


class SshSession(asyncssh.SSHServerSession):
    """The whole of what a session needs to do for the engine."""

    def __init__(self, portal):
        self.portal = portal

    def connection_made(self, channel):
        self.channel = channel
        loop = asyncio.get_running_loop()
        wake = lambda: loop.call_soon(self.work, lambda: self.engine.go_on())  # noqa: E731
        self.engine = Engine(self.portal, channel=channel, limits=Limits(max_outstanding=3, max_read=70_000), wake=wake)

    def subsystem_requested(self, subsystem):
        return subsystem == "sftp"

    def data_received(self, data, datatype):
        self.work(lambda: self.engine.feed(data))

    def work(self, step):
        try:
            step()
        except ProtocolError:
            self.channel.abort()

    def pause_writing(self):
        self.engine.pause("channel")

    def resume_writing(self):
        self.engine.resume("channel")

    def connection_lost(self, error):
        self.engine.end()


@asynccontextmanager
async def ssh_connection(portal):
    """An SSH connection to a server whose sessions are engines on this portal."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return False

        def session_requested(self):
            return SshSession(portal)

    listening = await asyncssh.listen("127.0.0.1", 0, server_factory=Server, server_host_keys=[key], encoding=None)
    async with listening:
        known = asyncssh.import_known_hosts(f"* {key.export_public_key().decode()}")
        port = listening.get_port()
        async with asyncssh.connect("127.0.0.1", port, known_hosts=known, config=None, client_keys=None) as connection:
            yield connection


async def test_through_ssh_a_portal_that_answers_late_gets_every_byte_and_never_too_many_requests(tmp_path):
    (tmp_path / "sent").write_bytes(CONTENT)
    portal = LaterPortal()
    async with ssh_connection(portal) as connection, connection.start_sftp_client() as client:
        await client.put(tmp_path / "sent", "/a.pdf", block_size=10_000)
        await asyncio.gather(*(client.stat("/a.pdf") for _ in range(50)))
        await client.get("/a.pdf", tmp_path / "back", block_size=10_000)
        assert await client.listdir("/") == ["a.pdf"]
        assert (await client.statvfs("/")).bsize == 4096
    assert portal.files["/a.pdf"] == CONTENT
    assert (tmp_path / "back").read_bytes() == CONTENT
    assert portal.most_owed == 3
    assert [file.ends for file in portal.opened] == [["closed"], ["closed"]]


async def test_through_ssh_a_client_that_drops_its_channel_leaves_no_file():
    portal = LaterPortal()
    async with ssh_connection(portal) as connection:
        client = await connection.start_sftp_client()
        file = await client.open("/a.pdf", "wb")
        await file.write(CONTENT)
        client.exit()
        await client.wait_closed()
    assert [opened.ends for opened in portal.opened] == [["abandoned"]]


async def test_through_ssh_what_cannot_be_read_ends_the_session():
    async with ssh_connection(MemoryPortal()) as connection:
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
        writer.write(b"\0\0\0\0")
        assert await reader.read() == b""
