"""clamd's verdict counts for the whole file, or it does not count; no answer is never a clean file (SPEC 11)."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.core.contents import Inspection
from gateway.core.endpoint import Scanner
from gateway.outbound.scanner import Clamd, verdict_of

CONTENT = bytes(range(256)) * 4096  # 1 MiB: several chunks
SEAL = b"\n{the seal behind the bytes}"
SOON = 0.4  # seconds that a scan may take
OK = b"stream: OK\0"
FOUND = b"stream: Eicar-Signature FOUND\0"

CLEAN, WAIT = Inspection("clean"), Inspection("wait")
INFECTED, NOT_SCANNABLE = Inspection("rejected", "infected"), Inspection("rejected", "not-scannable")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("stream: OK", CLEAN),
        ("OK", CLEAN),
        ("stream: Eicar-Signature FOUND", INFECTED),
        ("stream: Win.Test.EICAR_HDB-1 FOUND", INFECTED),
        ("stream: Doc.Malware OK FOUND", INFECTED),
        ("stream: Heuristics.Phishing.Email FOUND", INFECTED),
        ("stream: Heuristics.Encrypted.Zip FOUND", NOT_SCANNABLE),
        ("stream: Heuristics.Encrypted.PDF FOUND", NOT_SCANNABLE),
        ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", NOT_SCANNABLE),
        ("stream:  FOUND", INFECTED),
        ("INSTREAM size limit exceeded. ERROR", WAIT),
        ("stream: Can't allocate memory ERROR", WAIT),
        ("UNKNOWN COMMAND", WAIT),
        ("stream: ok", WAIT),
        ("stream: OK, as far as I read", WAIT),
        ("stream: Eicar-Signature FOUND ERROR", WAIT),
        ("stream: FOUND", WAIT),
        ("", WAIT),
    ],
)
def test_only_two_replies_are_a_verdict(reply: str, verdict: Inspection) -> None:
    assert verdict_of(reply) == verdict


# The exchange


@dataclass
class StandIn:
    """What clamd got, and how it behaves."""

    answer: bytes = OK
    reads: int | None = None  # bytes of the exchange that it reads before it answers; None is all of it
    is_silent: bool = False
    got: bytes = b""
    chunks: list[int] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            await (self.read_all(reader) if self.reads is None else reader.readexactly(self.reads))
            if self.is_silent:
                await self.over.wait()
            writer.write(self.answer)
            await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def read_all(self, reader: asyncio.StreamReader) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        while size := struct.unpack(">I", await reader.readexactly(4))[0]:
            self.chunks.append(size)
            self.got += await reader.readexactly(size)


@asynccontextmanager
async def listening(clamd: StandIn, at: Path | None = None) -> AsyncIterator[str]:
    """Let it listen on a free port of loopback or on a Unix socket; the place is as in `gateway.toml`."""
    if at is None:
        server = await asyncio.start_server(clamd.serve, "127.0.0.1", 0)
        place = f"clamd:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server, place = await asyncio.start_unix_server(clamd.serve, at), f"clamd:{at}"
    try:
        yield place
    finally:
        clamd.over.set()
        server.close()
        await asyncio.gather(*filter(None, clamd.tasks))
        await server.wait_closed()


async def at_once(work: Callable[[], bytes]) -> bytes:
    return work()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as the spool has it: its bytes, and the seal behind them."""
    path = tmp_path / "sealed"
    path.write_bytes(CONTENT + SEAL)
    return path


async def scan(place: str, file: Path, *, size: int = len(CONTENT), timeout: float = 5.0) -> Inspection:
    scanner = Scanner.parse(place)
    assert scanner is not None
    return await Clamd(scanner, run=at_once, timeout=timeout).scan(str(file), size=size)


@pytest.mark.parametrize("is_socket", [True, False])
async def test_the_whole_file_is_sent_and_not_a_byte_of_the_seal(file: Path, tmp_path: Path, is_socket: bool) -> None:
    clamd = StandIn()
    async with listening(clamd, tmp_path / "clamd.sock" if is_socket else None) as place:
        assert await scan(place, file) == CLEAN
    assert clamd.got == CONTENT
    assert max(clamd.chunks) <= 256 * 1024
    assert len(clamd.chunks) == 4


async def test_a_file_of_no_bytes_is_scanned_too(file: Path) -> None:
    clamd = StandIn()
    async with listening(clamd) as place:
        assert await scan(place, file, size=0) == CLEAN
    assert (clamd.got, clamd.chunks) == (b"", [])


async def test_what_is_found_is_rejected_without_its_name(file: Path) -> None:
    async with listening(StandIn(FOUND)) as place:
        found = await scan(place, file)
    assert found == INFECTED
    assert "Eicar" not in repr(found)


async def test_what_is_found_before_the_end_counts(file: Path) -> None:
    async with listening(StandIn(FOUND, reads=100)) as place:
        assert await scan(place, file) == INFECTED


async def test_a_file_that_is_larger_than_clamd_takes_waits(file: Path) -> None:
    async with listening(StandIn(b"INSTREAM size limit exceeded. ERROR\0", reads=300_000)) as place:
        assert await scan(place, file) == WAIT


async def test_clean_before_the_end_is_no_verdict(tmp_path: Path) -> None:
    """Who has not read the whole file can't know that nothing is in it."""
    large = tmp_path / "large"
    large.write_bytes(b"x" * (16 << 20))  # more than fits into the buffers of a connection
    async with listening(StandIn(OK, reads=100)) as place:
        assert await scan(place, large, size=16 << 20) == WAIT


@pytest.mark.parametrize(
    ("rule", "clamd"),
    [
        ("it hangs up at once", StandIn(b"", reads=0)),
        ("it hangs up within the file", StandIn(b"", reads=500_000)),
        ("it hangs up without a word", StandIn(b"")),
        ("it hangs up within its answer", StandIn(b"stream: OK")),
        ("it answers an endless line", StandIn(b"stream: OK " * 100_000)),
        ("it answers what is no text", StandIn(b"\xff\xfe\0")),
        ("it answers nothing", StandIn(b"\0")),
    ],
)
async def test_no_good_answer_is_never_clean(file: Path, rule: str, clamd: StandIn) -> None:
    async with listening(clamd) as place:
        assert await scan(place, file) == WAIT, rule


@pytest.mark.parametrize("reads", [0, None])
async def test_silence_ends_and_is_never_clean(file: Path, reads: int | None) -> None:
    async with listening(StandIn(OK, reads=reads, is_silent=True)) as place:
        assert await scan(place, file, timeout=SOON) == WAIT


async def test_a_scanner_that_is_away_is_never_clean(file: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert await scan(f"clamd:127.0.0.1:{port}", file) == WAIT
    assert await scan(f"clamd:{tmp_path}/none.sock", file) == WAIT


@pytest.mark.parametrize("answer", [OK, FOUND])
async def test_a_file_that_is_shorter_than_its_record_is_never_clean(file: Path, answer: bytes) -> None:
    async with listening(StandIn(answer)) as place:
        assert await scan(place, file, size=len(CONTENT + SEAL) + 1) == WAIT


async def test_a_file_that_is_gone_is_never_clean(tmp_path: Path) -> None:
    async with listening(StandIn()) as place:
        assert await scan(place, tmp_path / "gone") == WAIT


async def test_a_disk_that_fails_is_never_clean(file: Path) -> None:
    async def fail(work: Callable[[], bytes]) -> bytes:
        raise OSError("Input/output error")

    async with listening(StandIn()) as place:
        scanner = Scanner.parse(place)
        assert scanner is not None
        assert await Clamd(scanner, run=fail, timeout=5.0).scan(str(file), size=10) == WAIT


async def test_nothing_is_left_over_by_a_scan_that_failed(file: Path) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with listening(StandIn()) as place:
        await scan(place, file, size=len(CONTENT + SEAL) + 1)
        await scan(place, file.with_name("gone"))
    gc.collect()
    assert complaints == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_scans_of_many_files_at_once_are_kept_apart(tmp_path: Path) -> None:
    async def by_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clamd = StandIn()
        await clamd.read_all(reader)
        writer.write(FOUND if clamd.got == b"bad" else OK)
        writer.close()
        await writer.wait_closed()

    files = [tmp_path / f"{number}" for number in range(20)]
    for number, path in enumerate(files):
        path.write_bytes(b"bad" if number % 3 == 0 else b"good")
    server = await asyncio.start_server(by_content, "127.0.0.1", 0)
    async with server:
        place = f"clamd:127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await asyncio.gather(*(scan(place, path, size=path.stat().st_size) for path in files))
    assert [verdict == INFECTED for verdict in found] == [number % 3 == 0 for number in range(20)]
