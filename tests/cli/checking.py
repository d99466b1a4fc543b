"""What the tests of `gateway check` have in common: a finding as it reads, changed settings, a scanner."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli.verdict import Finding
from gateway.configfile import Key
from gateway.core.endpoint import Scanner
from gateway.sample import set_keys
from tests.cli.conftest import Deployment

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOON = 0.3  # seconds that a silent neighbour is waited for


def verdict(found: Finding) -> str:
    """Return the verdict, and whether it is somebody else's fault."""
    return "unavailable" if found.is_outside else found.verdict


def change(deployment: Deployment, values: dict[Key, object]) -> None:
    deployment.config.write_text(set_keys(deployment.config.read_text(), values))


@asynccontextmanager
async def clamd(answer: bytes | None, socket: Path | None = None) -> AsyncIterator[tuple[Scanner, list[bytes]]]:
    """Stand in for clamd: one answer, or none."""
    asked: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\0"))
        if answer is None:
            await over.wait()
        writer.write(answer or b"")
        writer.close()

    if socket is None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        place = f"clamd:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server, place = await asyncio.start_unix_server(serve, socket), f"clamd:{socket}"
    scanner = Scanner.parse(place)
    assert scanner is not None
    try:
        yield scanner, asked
    finally:
        over.set()
        server.close()
        await server.wait_closed()
