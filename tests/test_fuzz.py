"""The run of all fuzzers: it counts what ran, stops in time, and hides no broken promise."""

from collections import Counter

import pytest

from tests.fuzz import PIECE, main


class Recorder:
    def __init__(self):
        self.seeds = []

    def __call__(self, count, seed):
        self.seeds += range(seed, seed + count)
        return Counter({"done": count})


def test_every_fuzzer_gets_every_seed_once(capsys):
    first, second = Recorder(), Recorder()
    assert main(2 * PIECE + 5, 7, fuzzers={"letters": first, "packets": second}) == {"letters": 2005, "packets": 2005}
    assert first.seeds == second.seeds == list(range(7, 7 + 2 * PIECE + 5))
    assert "letters: 2,005 of 2,005 ran in 0 s, no promise broken; done 2,005\n" in capsys.readouterr().out


def test_it_stops_in_time_and_says_how_many_ran(capsys):
    assert main(10, 1, minutes=0, fuzzers={"letters": Recorder()}) == {"letters": 0}
    assert "letters: 0 of 10 ran" in capsys.readouterr().out


def test_a_broken_promise_comes_out():
    def breaks(count, seed):
        raise AssertionError(f"seed {seed}")

    with pytest.raises(AssertionError, match="seed 3"):
        main(10, 3, fuzzers={"letters": breaks})


def test_a_short_run_of_the_real_ones():
    assert main(20, 1) == {"messages": 20, "SFTP packet sequences": 20, "SMTP sessions": 20}
