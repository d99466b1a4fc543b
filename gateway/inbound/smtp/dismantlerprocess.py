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
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.inbound.smtp.dismantle import Spooled, dismantle
from gateway.inbound.smtp.limits import MessageLimits

if TYPE_CHECKING:  # the process has no need of it, and begins in half the time without
    from gateway.ports import Disk

HELLO = b'"at work"\n'
SLACK = 3  # seconds of processor time beyond what a message may take, at which the system ends the process


class Answer:
    """The answer to an order, which comes in lines, since a part can have a long name: a part each, then the word."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._parts: list[UnpackedPart] = []

    def take(self, line: bytes) -> Unpacked | None:
        """Take a line; return the whole with the last one. Raises ValueError where it was not done."""
        kind, facts = json.loads(line.decode("utf-8", "surrogatepass"))
        if kind == "part":
            self._parts.append(UnpackedPart(**facts))
            return None
        parts, self._parts = tuple(self._parts), []
        if kind != "whole":
            raise ValueError("The process that takes messages apart did not do it.")
        return Unpacked(**facts | {"tags": tuple(facts["tags"]), "faults": tuple(facts["faults"]), "parts": parts})


def order_of(spooled: Spooled, limits: MessageLimits) -> bytes:
    """Return the order to take this message apart."""
    return _line(vars(spooled), vars(limits))


def work(orders: Iterable[bytes], answer: Callable[[bytes], object], disk: "Disk") -> None:
    """Carry out one order after the other until nobody gives any more."""
    answer(HELLO)
    for order in orders:
        answer(carry_out(order, disk))


def carry_out(order: bytes, disk: "Disk") -> bytes:
    """Take the message of an order apart, and return the lines of the answer."""
    try:
        spooled, limits = json.loads(order)
        bounds = MessageLimits(**limits)
        _bound_processor(bounds.cpu_seconds)
        return _lines_of(dismantle(Spooled(**spooled), disk, bounds))
    except Exception:  # of the disk, or a fault of ours: the gateway tries by itself, and tells whom it has to tell
        return _line("not done", None)


def _bound_processor(seconds: float) -> None:
    """Let the system end this process when it has taken so much more; by then every limit of ours has failed."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds) + SLACK, most))


def _lines_of(found: Unpacked) -> bytes:
    facts = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "parts"}
    return b"".join([*(_line("part", vars(part)) for part in found.parts), _line("whole", facts)])


def _line(*said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
