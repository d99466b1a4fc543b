"""Runs every fuzzer in turn and says how many of its inputs ran.

    python -m tests.fuzz --count 200000 --seed 1

A promise that is broken ends the run with the seed that repeats it. Each fuzzer has `--minutes` at the most; what it
did not come to is said too, and `--seed` goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.inbound.sftp import fuzz_protocol
from tests.inbound.smtp import fuzz_message, fuzz_session
from tests.seeds import Fuzzer

FUZZERS: dict[str, Fuzzer] = {
    "messages": fuzz_message.fuzz,
    "SFTP packet sequences": fuzz_protocol.fuzz,
    "SMTP sessions": fuzz_session.fuzz,
}
PIECE = 1_000  # inputs between two looks at the clock


def main(count: int, seed: int, *, minutes: float = 30, fuzzers: dict[str, Fuzzer] | None = None) -> dict[str, int]:
    """Give every fuzzer `count` inputs, or what it does in so many minutes; return how many each did."""
    return {name: _run(name, fuzzer, count, seed, minutes * 60) for name, fuzzer in (fuzzers or FUZZERS).items()}


def _run(name: str, fuzzer: Fuzzer, count: int, seed: int, seconds: float) -> int:
    began = time.monotonic()
    ran, ends = 0, Counter[str]()
    while ran < count and time.monotonic() - began < seconds:
        piece = min(PIECE, count - ran)
        ends += fuzzer(piece, seed + ran)
        ran += piece
    took = time.monotonic() - began
    sys.stdout.write(f"{name}: {ran:,} of {count:,} ran in {took:.0f} s, no promise broken; {_told(ends)}\n")
    sys.stdout.flush()
    return ran


def _told(ends: Counter[str]) -> str:
    return ", ".join(f"{end} {times:,}" for end, times in ends.most_common())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=200_000, help="inputs of each fuzzer")
    parser.add_argument("--seed", type=int, default=1, help="of the first input; the next ones follow")
    parser.add_argument("--minutes", type=float, default=30, help="that each fuzzer may take")
    given = parser.parse_args()
    main(given.count, given.seed, minutes=given.minutes)
