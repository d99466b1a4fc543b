"""What every fuzzer has: an input a seed, and the command line that gives it seeds.

Owns that a failure names the seed that repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

Fuzzer = Callable[[int, int], Counter[str]]  # count and first seed, to what became of the inputs


def each_seed(run_one: Callable[[random.Random], str], count: int, seed: int, *, what: str) -> Counter[str]:
    """Run so many inputs; return how they ended. AssertionError, with the seed, for a promise that was broken."""
    ends: Counter[str] = Counter()
    for number in range(seed, seed + count):
        try:
            ends[run_one(random.Random(number))] += 1
        except Exception as error:
            raise AssertionError(f"{what} with --count 1 --seed {number}: {error!r}") from error
    return ends


def run_from_command_line(fuzz: Fuzzer, *, what: str, count: int) -> None:
    """Read --count and --seed, run, and say what became of the inputs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=count, help=f"how many {what}")
    parser.add_argument("--seed", type=int, default=1, help="of the first; the next ones follow")
    given = parser.parse_args()
    began = time.perf_counter()
    ends = fuzz(given.count, given.seed)
    took = time.perf_counter() - began
    sys.stdout.write(f"{given.count} {what} in {took:.1f} s: {dict(ends.most_common())}; no promise broken\n")
