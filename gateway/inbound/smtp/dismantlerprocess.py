"""The dismantler's process: takes messages apart beside the gateway, behind a wall.

Owns what is done there, the form of an order and its answer, and the wall: what a message would do to its reader, it
does here. The system ends a process whose message takes more processor time than any limit allows, and the gateway,
its doors and everybody's files go on. It remembers nothing, and promises nothing (Source: SPEC 4;
docs/decisions/0019).
"""

import json
import math
import resource
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.inbound.smtp.dismantle import Spooled, dismantle
from gateway.inbound.smtp.limits import MessageLimits

if TYPE_CHECKING:  # the process has no need of it, and begins in half the time without
    from gateway.ports import Disk

HELLO = b'"at work"\n'
_WITH_THE_WHOLE = 4  # parts that are told in one line with it
_WRITE = json.JSONEncoder(ensure_ascii=False).encode
_READ = json.JSONDecoder().decode
_SETS = 8  # of limits that are kept as they are written: they change at a reload, and with the size of a huge message
SLACK = 3  # seconds of processor time beyond what a message may take, at which the system ends the process


class Answer:
    """The answer to an order, which comes in lines, since a part can have a long name.

    The last line is the whole, with a few parts: of most messages all. Of many, each one before those has its own.
    """

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._parts: list[UnpackedPart] = []

    def take(self, line: bytes) -> Unpacked | None:
        """Take a line; return the whole with the last one. Raises ValueError where it was not done."""
        kind, facts = _READ(line.decode("utf-8", "surrogatepass"))
        if kind == "part":
            self._parts.append(UnpackedPart(**facts))
            return None
        before, self._parts = self._parts, []
        if kind != "whole":
            raise ValueError("The process that takes messages apart did not do it.")
        parts = (*before, *[UnpackedPart(**part) for part in facts["parts"]])
        return Unpacked(**facts | {"tags": tuple(facts["tags"]), "faults": tuple(facts["faults"]), "parts": parts})


def order_of(spooled: Spooled, limits: MessageLimits) -> bytes:
    """Return the order to take this message apart."""
    return _encoded(f"{_WRITE(vars(spooled))}\t{_bounds(limits)}")  # in JSON there is no tab


def work(orders: Iterable[bytes], answer: Callable[[bytes], object], disk: "Disk") -> None:
    """Carry out one order after the other until nobody gives any more."""
    answer(HELLO)
    for order in orders:
        answer(carry_out(order, disk))


def carry_out(order: bytes, disk: "Disk") -> bytes:
    """Take the message of an order apart, and return the lines of the answer."""
    try:
        spooled, written = order.decode("utf-8", "surrogatepass").split("\t")
        bounds = _limits(written)
        _bound_processor(bounds.cpu_seconds)
        return _lines_of(dismantle(Spooled(**_READ(spooled)), disk, bounds))
    except Exception:  # of the disk, or a fault of ours: the gateway tries by itself, and tells whom it has to tell
        return _line("not done", None)


def _bound_processor(seconds: float) -> None:
    """Let the system end this process when it has taken so much more; by then every limit of ours has failed."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds) + SLACK, most))


def _lines_of(found: Unpacked) -> bytes:
    parts = [vars(part) for part in found.parts]
    last = vars(found) | {"parts": parts[-_WITH_THE_WHOLE:]}
    return b"".join([*[_line("part", part) for part in parts[:-_WITH_THE_WHOLE]], _line("whole", last)])


@lru_cache(_SETS)
def _bounds(limits: MessageLimits) -> str:
    """Limits as they stand in an order: a text of its own, which is the same in nearly all of them."""
    return _WRITE(vars(limits))


@lru_cache(_SETS)
def _limits(bounds: str) -> MessageLimits:
    return MessageLimits(**_READ(bounds))


def _line(*said: Any) -> bytes:
    return _encoded(_WRITE(said))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass") + b"\n"
