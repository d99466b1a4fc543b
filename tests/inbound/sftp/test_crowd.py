"""Among many, each session does with less: what we hold for all, and what one turn of the loop takes, are bounded."""

from types import SimpleNamespace

import pytest

from gateway.inbound.sftp.door import LEAST_MOUTHFUL, LEAST_WINDOW, MOST_MOUTHFUL, TURN, WINDOWS
from gateway.inbound.sftp.link import read_at_most
from tests.inbound.sftp.live import LiveDoor
from tests.inbound.sftp.person import SAMIR


class Somebody:
    """A connection that only counts."""


@pytest.mark.parametrize("count", [1, 2, 10, 100, 200, 5000])
async def test_the_shares_of_all_have_a_bound(door: LiveDoor, count: int) -> None:
    shared = door.door
    shared.connections |= {Somebody() for _ in range(count)}  # type: ignore[arg-type]
    window, mouthful = shared.window, shared.mouthful
    shared.connections.clear()
    assert LEAST_WINDOW <= window <= shared.limits.outstanding_bytes
    assert LEAST_MOUTHFUL <= mouthful <= MOST_MOUTHFUL
    assert window * count <= max(WINDOWS, LEAST_WINDOW * count)
    assert mouthful * count <= max(TURN, LEAST_MOUTHFUL * count)
    assert count > 1 or (window, mouthful) == (shared.limits.outstanding_bytes, MOST_MOUTHFUL)


async def test_a_connection_takes_its_mouthful_and_no_more(door: LiveDoor) -> None:
    async with door.connect(SAMIR) as connection, connection.start_sftp_client() as sftp:
        assert await sftp.listdir(".")
        (held,) = door.door.connections
        assert held._conn._transport.max_size == MOST_MOUTHFUL  # type: ignore[attr-defined]


def test_where_asyncssh_or_asyncio_changed_all_stays_as_it_was() -> None:
    others = SimpleNamespace(), SimpleNamespace(_transport=None), SimpleNamespace(_transport=SimpleNamespace())
    for other in others:
        before = repr(other)
        read_at_most(other, 1)
        assert repr(other) == before
