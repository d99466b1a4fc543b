"""Put off: very many that wait for a scanner cost little, none is starved, and all go on when it is back (SPEC 11)."""

import pytest

from gateway.core.contents import Inspection
from gateway.pipeline.putoff import EAGER, LONGEST, PROBE, PutOff
from tests.fakes import ManualClock
from tests.scenarios.harness import HEAD, Scene

MANY = 3 * PROBE


class Scanner:
    """Gives no answer about what begins so, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.silent_about = b""

    async def scan(self, path: str, *, size: int) -> Inspection:
        self.asked += 1
        with open(path, "rb") as file:
            return Inspection("wait" if file.read().startswith(self.silent_about) else "clean")


@pytest.fixture
def scanner(scene: Scene) -> Scanner:
    found = Scanner()
    scene.house.live.inspect.look_with(scene.house.live.inspect._contents, found)
    return found


async def send(scene: Scene, number: int, *, data: bytes = b"waits") -> None:
    for n in range(number):
        await scene.upload(HEAD, f"8301102_INFO{data.decode()}{n:03d}V01.txt", data + b" %d" % n)


async def test_a_few_are_tried_and_all_go_on_when_one_gets_through(scene: Scene, scanner: Scanner) -> None:
    await send(scene, MANY)
    assert await scene.house.ingest.pass_once() == 0
    assert scanner.asked == MANY  # each once: its sender sees from then on that it waits
    assert await scene.house.ingest.pass_once() == 0
    assert scanner.asked == MANY
    assert await scene.house.ingest.pass_once() == 0
    assert scanner.asked == MANY + PROBE
    scanner.silent_about = b"nothing of the kind"
    assert await scene.house.ingest.pass_once() == 0  # the pass after a failure rests
    assert await scene.house.ingest.pass_once() == MANY
    await scene.idle()
    assert len(scene.dropped("INFO")) == MANY


async def test_what_comes_meanwhile_waits_for_none_of_them(scene: Scene, scanner: Scanner) -> None:
    scanner.silent_about = b"poison"
    await send(scene, MANY, data=b"poison")
    assert await scene.house.ingest.pass_once() == 0
    await send(scene, 1, data=b"good")
    assert await scene.house.ingest.pass_once() == 1
    await over(scene, scanner)


async def test_one_that_could_go_on_is_not_starved_by_many_that_can_not(scene: Scene, scanner: Scanner) -> None:
    await send(scene, MANY, data=b"poison")
    await send(scene, 1, data=b"good")
    assert await scene.house.ingest.pass_once() == 0  # the scanner is away
    scanner.silent_about = b"poison"  # it is back, and these are more than it can do
    for _ in range(2 * (MANY // PROBE + 1)):
        await scene.house.ingest.pass_once()
        scene.clock.advance(LONGEST)
    assert len(await scene.files()) == 1
    await over(scene, scanner)


async def over(scene: Scene, scanner: Scanner) -> None:
    """Let the scanner answer, and everything go on."""
    scanner.silent_about = b"nothing of the kind"
    scene.clock.advance(LONGEST)
    await scene.idle()
    assert await scene.house.spool.ready() == []


def test_the_tries_come_further_apart_up_to_half_a_minute() -> None:
    clock = ManualClock()
    waiting, pauses = PutOff(clock), []
    waiting.add("a")
    assert (waiting.probe(), waiting.probe()) == ([], ["a"])  # the pass after a failure rests
    for _ in range(EAGER + 7):
        waiting.add("a")
        assert waiting.all_after(through=0) == []
        assert waiting.probe() == []
        paused = 0
        while not waiting.probe():
            clock.advance(1)
            paused += 1
        pauses.append(paused)
    assert pauses == [0, 0, 0, 1, 2, 4, 8, 16, 30, 30]


def test_what_is_ready_no_more_is_forgotten() -> None:
    waiting = PutOff(ManualClock())
    waiting.add("a")
    assert waiting.fresh(["a", "b"]) == ["b"]
    assert waiting.fresh(["b"]) == ["b"]
    assert waiting.fresh(["a", "b"]) == ["a", "b"]
