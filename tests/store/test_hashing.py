"""Hashes of passwords: what fits, what doesn't, and that nothing is learnt from a missing one."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters

from gateway.store.hashing import MEMORY_KIB, TIME_COST, Hasher


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    hasher = Hasher(time_cost=1, memory_kib=64)
    yield hasher
    hasher.close()


async def test_the_password_fits_its_hash_and_no_other(hasher: Hasher) -> None:
    encoded = await hasher.hash("Tulip7garden")
    assert await hasher.verify(encoded, "Tulip7garden")
    assert not await hasher.verify(encoded, "Tulip7gardeN")


async def test_two_hashes_of_one_password_differ(hasher: Hasher) -> None:
    assert await hasher.hash("Tulip7garden") != await hasher.hash("Tulip7garden")


async def test_no_hash_fits_nothing_not_even_an_empty_password(hasher: Hasher) -> None:
    assert not await hasher.verify(None, "Tulip7garden")
    assert not await hasher.verify(None, "")
    assert not await hasher.verify("", "")


async def test_a_damaged_hash_opens_no_door(hasher: Hasher) -> None:
    assert not await hasher.verify("$argon2id$v=19$m=64", "Tulip7garden")


async def test_an_accent_fits_however_it_was_typed(hasher: Hasher) -> None:
    encoded = await hasher.hash("Caf\u00e9tulip7")
    assert await hasher.verify(encoded, "Cafe\u0301tulip7")


async def test_text_that_is_no_unicode_is_a_wrong_password_and_no_error(hasher: Hasher) -> None:
    assert not await hasher.verify(await hasher.hash("Tulip7garden"), "Tulip\udcff")


async def test_the_cost_is_at_least_the_recommended_least() -> None:
    hasher = Hasher()
    parameters = extract_parameters(await hasher.hash("Tulip7garden"))
    hasher.close()
    assert (parameters.type.name, parameters.time_cost, parameters.memory_cost) == ("ID", TIME_COST, MEMORY_KIB)
    assert TIME_COST >= 2
    assert MEMORY_KIB >= 19 * 1024


async def test_a_hash_of_another_cost_is_to_be_made_anew(hasher: Hasher) -> None:
    dearer = Hasher(time_cost=2, memory_kib=64)
    encoded = await hasher.hash("Tulip7garden")
    assert not hasher.needs_rehash(encoded)
    assert dearer.needs_rehash(encoded)
    assert dearer.needs_rehash("nonsense")
    dearer.close()


async def test_hashing_leaves_the_loop_free() -> None:
    slow = Hasher(time_cost=20, memory_kib=4096)
    under_way = asyncio.create_task(slow.hash("Tulip7garden"))
    turns = 0
    while not under_way.done():
        turns += 1
        await asyncio.wait([under_way], timeout=0)
    slow.close()
    assert turns > 20


async def test_a_missing_hash_takes_the_same_work_as_a_wrong_password() -> None:
    hasher = Hasher(time_cost=4, memory_kib=8192)
    encoded = await hasher.hash("Tulip7garden")
    await hasher.verify(None, "warms up")
    took = {}
    for case, given in (("wrong", encoded), ("missing", None), ("wrong again", encoded)):
        started = time.perf_counter()
        assert not await hasher.verify(given, "Daisy7garden")
        took[case] = time.perf_counter() - started
    hasher.close()
    assert took["missing"] > min(took["wrong"], took["wrong again"]) / 4
