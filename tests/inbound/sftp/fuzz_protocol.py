"""Feeds the engine sequences of packets, sound and broken, and looks whether it keeps its promises.

    python -m tests.inbound.sftp.fuzz_protocol --count 200000 --seed 1

Each sequence has a seed of its own, SEED plus its number, which a failure names: `--count 1 --seed THAT` repeats it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from gateway.inbound.sftp.protocol import Limits, ProtocolError
from tests.inbound.sftp import wire
from tests.inbound.sftp.memory import MemoryFile, Session
from tests.seeds import each_seed, run_from_command_line

LIMITS = Limits(max_packet=512, max_read=100, max_write=200, max_handles=3, max_outstanding=4)
PATHS = [b"/a", b"/b", b"/", b".", b"", b"/../../etc/passwd", b"\xff\xfe", b"/" + b"n" * 150, b"/a\0b", b"C:\\x"]
EXTENSIONS = [
    b"posix-rename@openssh.com",
    b"limits@openssh.com",
    b"fsync@openssh.com",
    b"statvfs@openssh.com",
    b"hardlink@openssh.com",
    b"",
    b"\x80",
]
OFFSETS = [0, 1, 7, 4096, 1 << 31, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
ON_PATH = [wire.LSTAT, wire.STAT, wire.OPENDIR, wire.REMOVE, wire.RMDIR, wire.REALPATH, wire.READLINK]
ON_HANDLE = [wire.CLOSE, wire.CLOSE, wire.FSTAT, wire.READDIR]
ANSWERS = {wire.STATUS, wire.HANDLE, wire.DATA, wire.NAME, wire.ATTRS, wire.EXTENDED_REPLY}


def fuzz(count: int, seed: int) -> Counter[str]:
    """Run `count` sequences; return how they ended."""
    return each_seed(run_one, count, seed, what="sequence")


def run_one(rng: random.Random) -> str:
    """Run one sequence three times: whole, in pieces, and with a portal and a channel that let it wait."""
    packets = [any_packet(rng) for _ in range(rng.randint(1, 12))]
    stream = wire.INIT + b"".join(packets)
    is_broken = rng.random() < 0.5
    if is_broken:
        stream = broken(rng, stream)
    whole = at_once(stream, [len(stream)])
    assert at_once(stream, cuts(rng, len(stream))) == whole, "the pieces that came changed what came out"
    late = waiting(rng, stream)
    refused, answered, _ = whole
    assert late is None or sorted(late) == sorted(answered), "waiting changed what was answered"
    if not is_broken:
        assert not refused, "a sound sequence was refused"
        assert answered == [int.from_bytes(packet[5:9], "big") for packet in packets], "not every request its answer"
    return "refused" if refused else "answered"


def at_once(stream: bytes, sizes: list[int]) -> tuple[bool, list[int], object]:
    """Whether the stream was refused, the ids answered in their order, and all that the portal was asked."""
    session = Session(LIMITS, greeted=False)
    refused = fed(session, stream, sizes)
    answers = session.came_back()
    if answers and answers[0].kind == wire.VERSION:
        del answers[0]
    check(session, answers)
    session.engine.end()
    check_ends(session)
    return refused, [answer.id for answer in answers], (answers, session.portal.asked)


def waiting(rng: random.Random, stream: bytes) -> list[int] | None:
    """Replies come late and in any order, the channel is full at times, and at times the session ends anywhere.

    Return the ids answered; None if it ended before the client was done.
    """
    session = Session(LIMITS, greeted=False)
    owed: list[Callable[[], None]] = []

    def give(reply: Callable[[], None]) -> None:
        owed.append(reply)
        assert len(owed) <= LIMITS.max_outstanding, "more requests outstanding than the limit"

    session.portal.give = give
    is_done = fed_slowly(rng, session, owed, stream) and drained(rng, session, owed)
    session.engine.end()
    sent = len(session.channel.sent)
    for reply in owed:
        reply()
    assert len(session.channel.sent) == sent, "an answer went out after the end"
    answers = [answer for answer in session.came_back() if answer.kind != wire.VERSION]
    check(session, answers)
    check_ends(session)
    return [answer.id for answer in answers] if is_done else None


def fed_slowly(rng: random.Random, session: Session, owed: list[Callable[[], None]], stream: bytes) -> bool:
    """Whether all of it could be fed."""
    at = 0
    last = rng.choice([len(stream), rng.randint(0, len(stream))])
    for size in cuts(rng, len(stream)):
        if fed(session, stream[at : at + size], [size]):
            return False
        at += size
        if at > last:
            return False
        if rng.random() < 0.2:
            session.engine.pause("channel")
        if not settled(rng, session, owed):
            return False
    return True


def settled(rng: random.Random, session: Session, owed: list[Callable[[], None]]) -> bool:
    """Give some of the replies that are owed, and obey a wake; False if what was held is refused."""
    rng.shuffle(owed)
    while owed and rng.random() < 0.7:
        owed.pop()()
    if rng.random() < 0.5:
        session.engine.resume("channel")
    return obeyed(session)


def drained(rng: random.Random, session: Session, owed: list[Callable[[], None]]) -> bool:
    """Give every reply that is owed, and go on whenever woken; that must be enough for all of it."""
    session.engine.resume("channel")
    is_sound = obeyed(session)
    while is_sound and owed:
        owed.pop(rng.randrange(len(owed)))()
        is_sound = obeyed(session)
    assert not is_sound or (session.engine.is_idle and not session.channel.is_paused), "it waits for ever"
    return is_sound


def obeyed(session: Session) -> bool:
    """Have the engine go on if it asked to be; False if it refused what it had held."""
    if not session.wakes:
        return True
    assert session.wakes == 1, "woken twice for one wait"
    session.wakes = 0
    try:
        session.engine.go_on()
    except ProtocolError:
        return False
    return True


def fed(session: Session, stream: bytes, sizes: list[int]) -> bool:
    """Feed the stream in pieces of these sizes; whether it was refused."""
    at = 0
    try:
        for size in sizes:
            session.engine.feed(stream[at : at + size])
            at += size
    except ProtocolError:
        return True
    return False


def check(session: Session, answers: list[wire.Answer]) -> None:
    assert {answer.kind for answer in answers} <= ANSWERS
    for answer in answers:
        assert answer.kind != wire.STATUS or answer.code in {0, 1, 2, 4, 8}
        assert answer.kind != wire.STATUS or answer.sentence or answer.code == wire.OK
        assert answer.kind != wire.DATA or len(answer.data) <= LIMITS.max_read
        assert answer.kind != wire.NAME or answer.names
    assert sum(not file.ends for file in session.portal.opened) <= LIMITS.max_handles


def check_ends(session: Session) -> None:
    """Every file that was opened was closed by the client or abandoned, once."""
    ends: list[MemoryFile] = [file for file in session.portal.opened if len(file.ends) != 1]
    assert not ends, f"files that ended otherwise than once: {ends}"


def cuts(rng: random.Random, size: int) -> list[int]:
    """Sizes of pieces that make up `size`; at times each byte for itself."""
    most = rng.choice([1, 13, 60, 400, 400])
    sizes = []
    while size > 0:
        sizes.append(min(size, rng.randint(1, most)))
        size -= sizes[-1]
    return sizes


def broken(rng: random.Random, stream: bytes) -> bytes:
    """Damage the stream in a few places."""
    damaged = bytearray(stream)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(damaged) + 1)
        match rng.randrange(4):
            case 0:
                damaged[at : at + 1] = rng.randbytes(1)
            case 1:
                del damaged[at : at + rng.randint(1, 8)]
            case 2:
                damaged[at:at] = rng.randbytes(rng.randint(1, 8))
            case _:
                damaged[at : at + 4] = wire.u32(rng.choice([0, 1, 4, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF]))
    return bytes(damaged)


def any_packet(rng: random.Random) -> bytes:
    return rng.choice(MAKERS)(rng, rng.choice([0, 1, 2, rng.getrandbits(32)]))


def any_write(rng: random.Random, request_id: int) -> bytes:
    data = rng.randbytes(rng.choice([0, 1, 30, 100, 201]))
    tail = rng.randbytes(rng.choice([0, 0, 0, 3, 90]))
    return wire.write(request_id, rng.randrange(4), rng.choice(OFFSETS), data, tail=tail)


def any_read(rng: random.Random, request_id: int) -> bytes:
    return wire.read(request_id, rng.randrange(4), rng.choice(OFFSETS), rng.choice([0, 1, 2, 50, 500, 0xFFFFFFFF]))


def any_open(rng: random.Random, request_id: int) -> bytes:
    return wire.packet(
        wire.OPEN,
        request_id,
        wire.string(rng.choice(PATHS)),
        wire.u32(rng.choice([0x1A, 0x01, 0x0E, 0, rng.getrandbits(32)])),
        any_attributes(rng),
    )


def any_on_path(rng: random.Random, request_id: int) -> bytes:
    return wire.on_path(rng.choice(ON_PATH), request_id, rng.choice(PATHS))


def any_set(rng: random.Random, request_id: int) -> bytes:
    return wire.on_path(rng.choice([wire.SETSTAT, wire.MKDIR]), request_id, rng.choice(PATHS), any_attributes(rng))


def any_two_paths(rng: random.Random, request_id: int) -> bytes:
    first, second = rng.choices(PATHS, k=2)
    return wire.on_path(rng.choice([wire.RENAME, wire.SYMLINK]), request_id, first, wire.string(second))


def any_on_handle(rng: random.Random, request_id: int) -> bytes:
    if rng.random() < 0.2:
        return wire.on_handle(wire.FSETSTAT, request_id, rng.randrange(4), any_attributes(rng))
    return wire.on_handle(rng.choice(ON_HANDLE), request_id, rng.choice([0, 1, 2, 3, 0xFFFFFFFF]))


def any_extended(rng: random.Random, request_id: int) -> bytes:
    name = rng.choice(EXTENSIONS)
    if name.startswith(b"fsync"):
        return wire.extended(request_id, name, wire.string(wire.u32(rng.randrange(4))))
    return wire.extended(request_id, name, wire.string(rng.choice(PATHS)), wire.string(rng.choice(PATHS)))


def any_unknown(rng: random.Random, request_id: int) -> bytes:
    kind = rng.choice([0, 2, 21, 22, 101, 105, 201, 255])
    return wire.packet(kind, request_id, rng.randbytes(rng.randint(0, 20)))


def any_attributes(rng: random.Random) -> bytes:
    flags = rng.choice([0, 1, 4, 8, 0x0F, 0x80000000, 0x80000005])
    return wire.u32(flags) + rng.randbytes(32)


MAKERS = [
    any_write,
    any_write,
    any_write,
    any_read,
    any_open,
    any_open,
    any_on_path,
    any_set,
    any_two_paths,
    any_on_handle,
    any_on_handle,
    any_extended,
    any_unknown,
]


if __name__ == "__main__":
    run_from_command_line(fuzz, what="sequences", count=10_000)
