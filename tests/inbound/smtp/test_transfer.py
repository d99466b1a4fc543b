"""What a session hears of a message while it comes in: its end, that it comes too slowly, or that it takes too long."""

import asyncio
import math

from gateway.inbound.smtp.data import Reception
from gateway.inbound.smtp.newlines import BareNewlines
from gateway.inbound.smtp.transfer import Ending, Transfer, new_buffer
from tests.fakes import ManualClock
from tests.inbound.smtp.house import MemorySpool


class Listener(asyncio.Protocol):
    """Takes the place of the session."""

    def __init__(self):
        self.heard = b""

    def data_received(self, data):
        self.heard += data


def transfer():
    reception = Reception(
        intake=MemorySpool(ManualClock()).begin(),
        max_bytes=1 << 20,
        max_header_bytes=1 << 10,
        newlines=BareNewlines.REJECT,
    )
    session = Listener()
    return Transfer(session=session, reception=reception, buffer=new_buffer()), session


def bring(under_way, data):
    """Fill the buffer, as a transport does."""
    under_way.get_buffer(-1)[: len(data)] = data
    under_way.buffer_updated(len(data))


async def test_a_message_that_came_before_anybody_waited_is_whole_at_once():
    under_way, session = transfer()
    bring(under_way, b"A: 1\r\n\r\nHello\r\n.\r\nRSET\r\n")
    assert await under_way.carry_on(bytes_a_second=1, pace_seconds=0.0) is Ending.WHOLE
    assert session.heard == b"RSET\r\n"


async def test_who_waits_hears_of_the_end_and_is_not_woken_again():
    under_way, _ = transfer()
    waiting = asyncio.create_task(under_way.carry_on(bytes_a_second=1, pace_seconds=math.inf))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who waits
    bring(under_way, b"A: 1\r\n\r\nHello\r\n")
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who waits
    assert not waiting.done()
    bring(under_way, b".\r\n")
    assert await waiting is Ending.WHOLE


async def test_a_message_that_stands_still_is_too_slow_and_one_that_moves_is_not():
    under_way, _ = transfer()
    assert await under_way.carry_on(bytes_a_second=1, pace_seconds=0.001) is Ending.TOO_SLOW
    under_way, _ = transfer()
    waiting = asyncio.create_task(under_way.carry_on(bytes_a_second=0, pace_seconds=0.001))
    for _ in range(3):
        await asyncio.sleep(0.002)  # noqa: TID251  # a turn for who waits
    assert not waiting.done(), "nothing is asked of its pace"
    bring(under_way, b"\r\n.\r\n")
    assert await waiting is Ending.WHOLE


async def test_a_message_that_takes_longer_than_its_sender_has_is_broken_off_however_fast_it_comes():
    under_way, _ = transfer()
    ending = under_way.carry_on(bytes_a_second=0, pace_seconds=math.inf, within=0.001)
    assert await ending is Ending.TOO_LONG


async def test_a_sender_who_had_to_wait_for_the_disk_is_waited_for_again():
    """What was news once is none the next time: else the loop would ask for it for ever, and serve nobody."""
    under_way, _ = transfer()
    waiting = asyncio.create_task(under_way.carry_on(bytes_a_second=0, pace_seconds=math.inf))
    bring(under_way, b"A: 1\r\n\r\nHello\r\n")
    under_way._pause()
    for _ in range(3):
        await asyncio.sleep(0)  # noqa: TID251  # a turn for who waits
    assert not waiting.done()
    assert not under_way._has_news
    bring(under_way, b".\r\n")
    assert await waiting is Ending.WHOLE


async def test_who_stops_waiting_leaves_no_alarm_behind():
    under_way, _ = transfer()
    waiting = asyncio.create_task(under_way.carry_on(bytes_a_second=1, pace_seconds=3600))
    await asyncio.sleep(0)  # noqa: TID251  # a turn for who waits
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    bring(under_way, b"\r\n.\r\n")  # what comes now wakes nobody
    assert all(timer.cancelled() for timer in asyncio.get_running_loop()._scheduled)
