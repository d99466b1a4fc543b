"""Push: a service's own server gets a file whole or not at all, and nobody else's server gets it (SPEC 6)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from gateway.core.model import Channel, FileRecord, Status
from gateway.errors import Permanent, Transient
from gateway.outbound.push import SftpDrops
from gateway.store.disk import PosixDisk
from gateway.store.threads import DiskThreads
from tests.outbound.sftpserver import Remote, sftp_server

NAME = "8302000_SENplan20261120.docx"
BODY = bytes(range(256)) * 3000  # several pieces
ID = "01kaj0push000000000000000a-01"
FILE = FileRecord(
    id=ID,
    submission="01kaj0push000000000000000a",
    name=NAME,
    school="8302000",
    service="SEN",
    status=Status.SENT,
    channel=Channel.EMAIL,
    sent_by="Petra Varga",
    sent_by_user="p.varga",
    sent_at=datetime(2026, 11, 20, tzinfo=UTC),
    size=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
    expires_at=None,
)


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    async with sftp_server(tmp_path) as remote:
        yield remote


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "archived"
    path.write_bytes(BODY + b"a seal that is not the file's")
    return str(path)


@pytest.fixture
def drops() -> SftpDrops:
    return SftpDrops(disk=PosixDisk(), threads=DiskThreads("own"))


async def test_a_file_appears_whole_under_its_name(remote: Remote, drops: SftpDrops, source: str) -> None:
    assert await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source) == NAME
    assert remote.lying() == {NAME: BODY}
    assert remote.renames == [(f".{ID}-1.part", NAME)]


async def test_a_repeat_is_known_by_its_bytes_and_made_once(remote: Remote, drops: SftpDrops, source: str) -> None:
    for _ in range(3):
        assert await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source) == NAME
    assert remote.lying() == {NAME: BODY}
    assert len(remote.renames) == 1


async def test_another_file_of_the_name_is_never_replaced(remote: Remote, drops: SftpDrops, source: str) -> None:
    (remote.folder / "in" / NAME).write_bytes(b"theirs")
    name = await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source)
    assert name == f"8302000_SENplan20261120 ({ID}).docx"
    assert remote.lying() == {NAME: b"theirs", name: BODY}


async def test_one_of_the_same_size_is_another_file_too(remote: Remote, drops: SftpDrops, source: str) -> None:
    (remote.folder / "in" / NAME).write_bytes(BODY[::-1])
    await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source)
    assert len(remote.lying()) == 2


async def test_what_an_earlier_try_left_is_no_part_of_the_file(remote: Remote, drops: SftpDrops, source: str) -> None:
    (remote.folder / "in" / f".{ID}-1.part").write_bytes(b"x" * (len(BODY) + 100))
    await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source)
    assert remote.lying() == {NAME: BODY}


async def test_a_server_that_keeps_less_gets_no_name(remote: Remote, drops: SftpDrops, source: str) -> None:
    remote.cut_to = 1000
    with pytest.raises(Transient, match=f"kept 1000 of {len(BODY)} bytes"):
        await drops.push(remote.target(), id=f"{ID}-1", file=FILE, source=source)
    assert NAME not in remote.lying()


async def test_a_false_host_key_gets_not_even_a_login(remote: Remote, drops: SftpDrops, source: str) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    with pytest.raises(Permanent, match="shows another host key"):
        await drops.push(remote.target(host_key=other), id=f"{ID}-1", file=FILE, source=source)
    assert (remote.logins, remote.lying()) == (0, {})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "stranger"}, "refuses the login of stranger"),
        ({"remote_folder": "gone"}, "folder gone: No such file"),
        ({"host": "127.0.0.1:1"}, "127.0.0.1:1: "),
    ],
)
async def test_trouble_is_tried_again_and_says_what_it_is(
    remote: Remote, drops: SftpDrops, source: str, values: dict[str, str], words: str
) -> None:
    with pytest.raises(Transient, match=words):
        await drops.push(remote.target(**values), id=f"{ID}-1", file=FILE, source=source)


async def test_a_key_that_can_t_be_read_asks_a_person(
    remote: Remote, drops: SftpDrops, source: str, tmp_path: Path
) -> None:
    (tmp_path / "noise").write_text("no key")
    for file in ("noise", "absent"):
        target = remote.target(key_file=str(tmp_path / file))
        with pytest.raises(Permanent, match="private key"):
            await drops.push(target, id=f"{ID}-1", file=FILE, source=source)


async def test_a_server_that_goes_away_in_the_middle_has_no_file(remote: Remote, drops: SftpDrops, source: str) -> None:
    target = remote.target(remote_folder="in/deeper")
    with pytest.raises(Transient):
        await drops.push(target, id=f"{ID}-1", file=FILE, source=source)
    assert remote.lying() == {}


async def test_an_empty_remote_folder_is_the_account_s_own(remote: Remote, drops: SftpDrops, source: str) -> None:
    await drops.push(remote.target(remote_folder=""), id=f"{ID}-1", file=FILE, source=source)
    assert (remote.folder / NAME).read_bytes() == BODY


async def test_an_unfinished_push_can_be_swept(remote: Remote, drops: SftpDrops, source: str) -> None:
    (remote.folder / "in" / f".{ID}-1.part").write_bytes(b"half")
    for _ in range(2):
        await drops.sweep(remote.target(), id=f"{ID}-1")
    assert remote.lying() == {}


@asynccontextmanager
async def falls_silent(port: int, *, after: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Stand between a client and a server; after so many bytes of the client nothing is read or answered any more."""
    silent, writers = asyncio.Event(), []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, behind_writer))
        answers = asyncio.create_task(_pass_on(behind_reader, writer, silent))
        left = after
        while left > 0 and (data := await reader.read(16_384)):
            behind_writer.write(data)
            left -= len(data)
        silent.set()
        await answers

    server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=16_384)
    try:
        yield server.sockets[0].getsockname()[1], silent
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    while not silent.is_set() and (data := await reader.read(16_384)):
        if not silent.is_set():
            writer.write(data)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the server here leaves a file open
async def test_a_server_that_falls_silent_in_the_middle_holds_up_nothing(
    remote: Remote, drops: SftpDrops, tmp_path: Path
) -> None:
    """Also an end of the connection that it never answers: the lane of this target, and a stop, must go on."""
    large = tmp_path / "large"
    large.write_bytes(bytes(30_000_000))  # more than the kernel's buffers of both ends hold
    file = replace(FILE, size=30_000_000)
    async with falls_silent(remote.port, after=100_000) as (port, silent):
        target = remote.target(host=f"127.0.0.1:{port}")
        pushing = asyncio.ensure_future(drops.push(target, id=f"{ID}-1", file=file, source=str(large)))
        await silent.wait()
        pushing.cancel()
        done, _ = await asyncio.wait([pushing], timeout=20)
        assert done
        assert pushing.cancelled()
    assert NAME not in remote.lying()
