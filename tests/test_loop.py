"""What one turn of the loop takes in, with real sockets that all have something for us."""

import asyncio
import itertools
import os
import selectors
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from gateway.loop import AT_ONCE, FewAtOnce, new_loop

MANY = 5 * AT_ONCE + 3


class Crowd:
    """Pairs of sockets, each with a byte to read."""

    def __init__(self) -> None:
        self.pairs = [socket.socketpair() for _ in range(MANY)]
        for ours, theirs in self.pairs:
            ours.setblocking(False)
            theirs.send(b"x")

    @property
    def ours(self) -> list[socket.socket]:
        return [ours for ours, _ in self.pairs]

    def close(self) -> None:
        for pair in self.pairs:
            for end in pair:
                end.close()


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    yield crowd
    crowd.close()


@pytest.fixture
def selector(crowd: Crowd) -> Iterator[FewAtOnce]:
    with FewAtOnce() as selector:
        for sock in crowd.ours:
            selector.register(sock, selectors.EVENT_READ)
        yield selector


def test_a_few_are_handed_on_at_a_time_and_everybody_before_anybody_twice(selector: FewAtOnce) -> None:
    turns = [[key.fd for key, _ in selector.select(0)] for _ in range(6)]
    assert max(map(len, turns)) == AT_ONCE
    assert sorted(fd for turn in turns for fd in turn) == sorted(selector.get_map())


def test_who_never_stops_sending_keeps_nobody_waiting_for_ever(selector: FewAtOnce) -> None:
    # nothing is read, so that all are ready at every look
    served = Counter(key.fd for _ in range(60) for key, _ in selector.select(0))
    assert set(served) == set(selector.get_map())
    assert max(served.values()) - min(served.values()) <= 1


def test_what_was_closed_meanwhile_is_not_handed_on_nor_who_came_under_its_number(
    selector: FewAtOnce, crowd: Crowd
) -> None:
    given = {key.fd for key, _ in selector.select(0)}
    ours, _theirs = next(pair for pair in crowd.pairs if pair[0].fileno() not in given)
    there, _ = pair = socket.socketpair()
    crowd.pairs.append(pair)
    number = ours.fileno()
    selector.unregister(ours)
    ours.close()
    with socket.socket(fileno=os.dup2(there.fileno(), number)) as comer:
        selector.register(comer, selectors.EVENT_READ)
        rest = {key.fd for _ in range(5) for key, _ in selector.select(0)}
    assert rest == set(selector.get_map()) - given - {number}


def test_who_is_no_longer_waited_for_in_that_way_is_looked_at_anew(selector: FewAtOnce, crowd: Crowd) -> None:
    given = {key.fd for key, _ in selector.select(0)}
    paused = next(sock for sock in crowd.ours if sock.fileno() not in given)
    selector.modify(paused, selectors.EVENT_WRITE, "of another mind")
    rest = [(key, events) for _ in range(5) for key, events in selector.select(0)]
    assert paused.fileno() not in {key.fd for key, _ in rest}
    again = [(key.data, events) for _ in range(6) for key, events in selector.select(0) if key.fd == paused.fileno()]
    assert again == [("of another mind", selectors.EVENT_WRITE)]


def test_a_turn_of_the_loop_serves_a_few_and_then_looks_at_its_timers(crowd: Crowd) -> None:
    loop = new_loop()
    served: list[int] = []
    between: list[int] = []  # how many were served when a callback had its turn

    def take(sock: socket.socket) -> None:
        sock.recv(1)
        served.append(sock.fileno())

    def every_turn() -> None:
        between.append(len(served))
        if len(served) < MANY:
            loop.call_soon(every_turn)
        else:
            loop.stop()

    for sock in crowd.ours:
        loop.add_reader(sock, take, sock)
    loop.call_soon(every_turn)
    try:
        loop.run_forever()
    finally:
        loop.close()
    steps = [after - before for before, after in itertools.pairwise(between)]
    assert max(steps) == AT_ONCE
    assert sorted(served) == sorted(set(served))
    assert len(served) == MANY


def test_the_loop_does_what_asyncio_asks_of_one() -> None:
    async def talk() -> bytes:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(5))
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello")
            heard = await reader.read()
            writer.close()
            return await asyncio.to_thread(bytes, heard)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(talk()) == b"hello"
