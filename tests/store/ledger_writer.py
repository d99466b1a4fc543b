"""A process that records submissions as fast as it can and writes the id of each that was acknowledged.

    python -m tests.store.ledger_writer LEDGER FIRST COUNT

COUNT 0 is without end: it is meant to be killed.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from tests.contracts.ledger_values import a_drop, a_file, a_notice, a_submission
from tests.store.ledgers import opened

CALLERS = 8


async def write(path: str, first: int, count: int) -> None:
    """Record submissions of two files each, from a number on."""
    numbers = iter(range(first, first + count)) if count else itertools.count(first)
    async with opened(Path(path), patience=30.0) as ledger:

        async def caller() -> None:
            for number in numbers:
                files = (a_file(number, 1), a_file(number, 2))
                owed = a_notice(f"notice-{number}", submission=files[0].submission)
                await ledger.record(a_submission(*files, drops=tuple(map(a_drop, files)), notices=(owed,)))
                sys.stdout.write(f"{files[0].submission}\n")
                sys.stdout.flush()

        await asyncio.gather(*(caller() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
