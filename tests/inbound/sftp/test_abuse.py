"""What the door refuses to do for anybody: everything but SFTP, and more than a share (SPEC 5)."""

import asyncio
import resource
import shutil
import socket

import asyncssh
import pytest

from tests.inbound.sftp import wire
from tests.inbound.sftp.live import door_in, eventually, run
from tests.inbound.sftp.person import GOOD, PDF, SAMIR

needs_openssh = pytest.mark.skipif(not shutil.which("ssh"), reason="OpenSSH's client is not installed")


# ---- OpenSSH's flags ----

THERE = f"{SAMIR}@127.0.0.1"
FLAGS = [
    # what is asked for, the words for ssh, what it says
    ("a shell", [THERE], "shell request failed"),
    ("a program", [THERE, "id"], "exec request failed"),
    ("a terminal", ["-tt", THERE], "PTY allocation request failed"),
    ("a terminal for a program", ["-tt", THERE, "id"], "PTY allocation request failed"),
    ("another subsystem", ["-s", THERE, "netconf"], "subsystem request failed"),
    ("a forwarded port", ["-W", "127.0.0.1:1", THERE], "open failed"),
    ("a port there", ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", THERE], "forwarding failed"),
    ("a proxy there", ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0", THERE], "forwarding failed"),
    ("a socket there", ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "/s:127.0.0.1:1", THERE], "forwarding failed"),
]


@needs_openssh
@pytest.mark.clients
@pytest.mark.parametrize(("wish", "words", "said"), FLAGS, ids=[row[0] for row in FLAGS])
async def test_openssh_is_refused(door, wish, words, said):
    done = await door.ssh(SAMIR, *words)
    assert done.code != 0, wish
    assert said in done.err


@needs_openssh
@pytest.mark.clients
@pytest.mark.parametrize("kind", ["port", "proxy", "socket"])
async def test_nothing_comes_through_a_local_forwarding(door, tmp_path, kind):
    """The client listens by itself; what it is asked to carry is refused."""
    reached = asyncio.Event()
    target = await asyncio.start_server(lambda _reader, _writer: reached.set(), "127.0.0.1", 0)
    there = target.sockets[0].getsockname()[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        here = free.getsockname()[1]
    words = {
        "port": ["-L", f"{here}:127.0.0.1:{there}"],
        "proxy": ["-D", f"{here}"],
        "socket": ["-L", f"{here}:{tmp_path}/target"],
    }[kind]
    ssh = await asyncio.create_subprocess_exec(
        "ssh", *await door.options(SAMIR), "-N", *words, THERE, stderr=asyncio.subprocess.PIPE
    )
    try:
        reader, writer = await _connected(here)
        if kind == "proxy":
            writer.write(b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01" + there.to_bytes(2, "big"))
        async with asyncio.timeout(10):
            heard = await reader.read()
        assert heard in (b"", b"\x05\x00") or heard[:4] == b"\x05\x00\x05\x01"
        writer.close()
    finally:
        ssh.kill()
        await ssh.communicate()
        target.close()
    assert not reached.is_set()


async def _connected(port):
    found = []

    async def is_open():
        try:
            found.append(await asyncio.open_connection("127.0.0.1", port))
        except OSError:
            return False
        return True

    await eventually(is_open)
    return found[0]


@needs_openssh
@pytest.mark.clients
async def test_the_old_scp_protocol_is_refused(door):
    (door.folder / GOOD).write_bytes(PDF)
    done = await run("scp", "-O", *await door.options(SAMIR), GOOD, f"{THERE}:Send Files/", cwd=door.folder)
    assert done.code != 0
    assert await door.scene.files() == []


@needs_openssh
@pytest.mark.clients
@pytest.mark.parametrize("command", ["symlink a b", "ln a b", 'ln -s "/etc/passwd" "/Send Files/x.pdf"'])
async def test_links_are_refused(door, command):
    assert (await door.sftp(SAMIR, command)).code != 0


# ---- What OpenSSH's flags can't ask for, or don't tell ----


@pytest.mark.parametrize(
    "request_",
    [
        b"auth-agent-req@openssh.com",
        b"x11-req",
        b"pty-req",
        b"shell",
        b"exec",
        b"subsystem",
        b"no-such-request",
    ],
)
async def test_a_channel_is_granted_nothing_but_sftp(door, request_):
    async with door.connect(SAMIR) as connection:
        channel, _ = await connection.create_session(asyncssh.SSHClientSession, subsystem="sftp", encoding=None)
        fields = {
            b"x11-req": b"\0" + wire.string("MIT-MAGIC-COOKIE-1") + wire.string("00") + wire.u32(0),
            b"pty-req": wire.string("vt100") + wire.u32(80) * 4 + wire.string(b"\0"),
            b"exec": wire.string("id"),
            b"subsystem": wire.string("netconf"),
        }.get(request_, b"")
        assert await channel._make_request(request_, fields) is False


async def test_every_forwarding_that_a_client_library_knows_is_refused(door):
    async with door.connect(SAMIR) as connection:
        for opening in (
            connection.open_connection("127.0.0.1", 1),
            connection.open_unix_connection("/run/x"),
            connection.open_tun(0),
            connection.open_tap(0),
        ):
            with pytest.raises(asyncssh.ChannelOpenError):
                await opening
        for listening in (
            connection.start_server(lambda *_: None, "127.0.0.1", 0),
            connection.start_unix_server(lambda *_: None, "/tmp/x"),
        ):
            with pytest.raises(asyncssh.ChannelListenError):
                await listening


@pytest.mark.parametrize("nonsense", [b"\0\0\0\0", b"\xff" * 50, b"GET / HTTP/1.1\r\n\r\n", wire.INIT * 2])
async def test_a_session_that_can_not_be_read_ends_and_the_connection_goes_on(door, nonsense):
    async with door.connect(SAMIR) as connection:
        writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None)
        writer.write(nonsense)
        async with asyncio.timeout(5):
            await reader.read()
        async with connection.start_sftp_client() as client:
            assert "Send Files" in await client.listdir("/")


async def test_a_client_that_asks_and_never_takes_does_not_fill_our_memory(live_scene, tmp_path):
    """It asks for half a gigabyte, and reads nothing from its socket."""
    async with door_in(live_scene) as door:
        big = PDF + b"x" * (4 << 20) + b"\n%%EOF\n"
        async with door.connect(SAMIR) as connection, connection.start_sftp_client() as client:
            async with client.open(f"/Send Files/{GOOD}", "wb") as file:
                await file.write(big)
            await live_scene.idle()
            writer, reader, _ = await connection.open_session(subsystem="sftp", encoding=None, window=1 << 30)
            month = await _month(client)
            writer.write(wire.INIT + wire.open_file(1, f"/Sent Files/{month}/{GOOD}", wire.GET))
            await _answer(reader)
            handle = (await _answer(reader)).handle
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            connection._transport.pause_reading()
            for number in range(2000):
                writer.write(wire.read(number, handle, (number % 16) * 261_120, 261_120))
            await asyncio.sleep(2)  # noqa: TID251  # long enough to serve much of it
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            connection.abort()
        assert grown < 40 * 1024, f"{grown} KiB"


async def _answer(reader):
    length = await reader.readexactly(4)
    (answer,) = wire.answers_in(length + await reader.readexactly(int.from_bytes(length, "big")))
    return answer


async def _month(client):
    return next(name for name in await client.listdir("/Sent Files") if name[0] == "2")


# ---- What it speaks ----


async def test_no_weak_algorithm_is_spoken(door):
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    await reader.readline()
    writer.write(b"SSH-2.0-test\r\n")
    length = int.from_bytes(await reader.readexactly(4), "big")
    packet = await reader.readexactly(length)
    writer.close()
    lists, rest = [], packet[1 + 1 + 16 :]
    for _ in range(8):
        names, rest = wire.take_string(rest)
        lists.append(names.decode().split(","))
    kex, host_keys, ciphers, _, macs, _, compression, _ = lists
    assert [k for k in kex if not k.startswith(("kex-strict", "ext-info"))] == [
        "mlkem768x25519-sha256",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
    ]
    assert host_keys == ["ssh-ed25519"]
    assert all("gcm" in cipher or "ctr" in cipher for cipher in ciphers)
    assert all("sha2" in mac for mac in macs)
    assert compression == ["none"]
