"""Feeds the parser letters, sound and broken, and looks whether it keeps its promises.

    python -m tests.inbound.smtp.fuzz_message --count 200000 --seed 1

Each letter has a seed of its own, SEED plus its number, which a failure names: `--count 1 --seed THAT` repeats it. It
is read three times: as it comes, in pieces, and, at times, with limits that it reaches or with CPU that runs out.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

from gateway.inbound.smtp.limits import MessageLimits
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import BASE64, Dribble, Letter, base64_lines, multipart, part, read
from tests.inbound.smtp.sound_letters import sound_letter
from tests.seeds import each_seed, run_from_command_line

CPU_SECONDS = 2.0  # that no letter may take
BREAKS = [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"--", b"\r\n--", b"\r\n--x--\r\n", b" folded\r\n"]
SIGNS = [b'"', b"\\", b'\\"', b"'", b"''", b"*", b"%", b"(", b";", b": "]
BYTES = [b"\0", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae"]
NAMING = [b"name=", b"*0*=", b"*=utf-8''%FF", b"=?", b"?=", b"=?utf-8?b?/w==?=", b"charset=utf-7", b"charset=hex"]
ENCODED = [b"=", b"==\r\n", b"=\r\n", b"= \r\n", b"begin 644 x\r\n", b"begin 644 x\r\n#0V%T\r\n`\r\nend\r\n"]
TYPES = [b"Content-Type: ", b"multipart/", b"message/rfc822", b"text/html", b"boundary=", b"From x\r\n"]
FIELDS = [
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Disposition: inline\r\n",
    b"Content-ID: <a>\r\n",
    b"cid:a",
]
NESTED = [
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
    b"\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n",
]
LONG = [b"A" * 1200, b" " * 300, b"x\r\n" * 200, b"(" * 100, b"A=" * 100, b"<@,;:>" * 30]
WORDS = [*BREAKS, *SIGNS, *BYTES, *NAMING, *ENCODED, *TYPES, *FIELDS, *NESTED, *LONG]


def fuzz(count: int, seed: int) -> Counter[str]:
    """Read `count` letters; return what became of them."""
    return each_seed(run_one, count, seed, what="letter")


def run_one(rng: random.Random) -> str:
    """Read one letter in every way; return a word for what it was."""
    raw = any_letter(rng)
    limits = any_limits(rng)
    began = time.thread_time()
    letter = read(raw, limits)
    assert time.thread_time() - began < CPU_SECONDS, "it took too long"
    in_pieces = read(raw, limits, stream=Dribble(raw, rng.getrandbits(32), rng.choice([3, 40, 40, 700])))
    assert outcome(in_pieces) == outcome(letter), "how it is cut up matters"
    read(raw, limits, cpu_clock=running_out(rng))
    return "limited" if letter.message.faults else "files" if letter.files else "no files"


def outcome(letter: Letter) -> tuple[object, ...]:
    """What must be the same however the letter comes; where the reading was ended, less is certain."""
    if "too-many-parts" in letter.message.faults:
        return letter.message.heading, letter.kinds, letter.names, letter.files
    return letter.message, letter.files


def running_out(rng: random.Random) -> Callable[[], float]:
    """A clock that stands still for so many looks and then leaps."""
    looks: Iterator[float] = iter([0.0] * rng.randint(1, 12))
    return lambda: next(looks, 1e9)


def any_limits(rng: random.Random) -> MessageLimits:
    if rng.random() < 0.6:
        return MessageLimits()
    return MessageLimits(
        header_bytes=rng.choice([20, 200, 2000]),
        header_lines=rng.choice([1, 3, 100]),
        parts=rng.choice([1, 2, 5, 100]),
        part_bytes=rng.choice([0, 1, 100, 5000]),
        depth=rng.choice([0, 1, 2, 9]),
        name_chars=rng.choice([0, 3, 30]),
        text_bytes=rng.choice([0, 7, 1000]),
    )


def any_letter(rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.05:
        return b"".join(rng.choices(WORDS, k=rng.randint(0, 60)))
    if kind < 0.2:
        return broken_winmail(rng)
    raw = sound_letter(rng, depth=rng.randint(0, 3)).raw
    if rng.random() < 0.1:
        raw = raw.replace(b"\r\n", rng.choice([b"\n", b"\r", b"\r\r\n"]))
    return raw if kind < 0.3 else damaged(rng, raw, rng.randint(1, 12))


def damaged(rng: random.Random, raw: bytes, times: int) -> bytes:
    """The letter with so many things wrong."""
    data = bytearray(raw)
    for _ in range(times):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(8):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                del data[at : at + rng.choice([1, 4, 60, 400])]
            case 2:
                data[at:at] = data[at : at + rng.choice([4, 60, 400])]
            case 3:
                other = rng.randrange(len(data) + 1)
                data[at:at] = data[other : other + rng.choice([10, 100, 1000])]
            case 4 if rng.random() < 0.3:
                del data[at:]
            case _:
                data[at:at] = rng.choice(WORDS)
    return bytes(data)


def broken_winmail(rng: random.Random) -> bytes:
    """A winmail.dat, damaged before it is put into base64."""
    envelope = tnef.envelope(tnef.opening(), *(any_attachment(rng, 2) for _ in range(rng.randint(0, 3))))
    envelope = damaged_binary(rng, envelope) if rng.random() < 0.8 else envelope
    return multipart(part(base64_lines(envelope), "Content-Type: application/ms-tnef", BASE64))


def any_attachment(rng: random.Random, depth: int) -> bytes:
    """Attributes in any order, as often as chance will have it."""
    attributes = [tnef.attribute(tnef.ATTACHMENT, tnef.REND_DATA, bytes(14))]
    for _ in range(rng.randint(0, 4)):
        match rng.randrange(4):
            case 0:
                attributes.append(tnef.attribute(tnef.ATTACHMENT, tnef.DATA, rng.randbytes(rng.choice([0, 5, 300]))))
            case 1:
                attributes.append(tnef.attribute(tnef.ATTACHMENT, tnef.TITLE, b"SHORT~1.DOC\0"))
            case _:
                many = (any_property(rng, depth) for _ in range(rng.randint(0, 4)))
                attributes.append(tnef.attribute(tnef.ATTACHMENT, tnef.PROPERTIES, tnef.properties(*many)))
    return b"".join(attributes)


def any_property(rng: random.Random, depth: int) -> bytes:
    match rng.randrange(9):
        case 0:
            return tnef.name_of(rng.choice(["a.pdf", "8301102_SEN1.pdf", "image001.png", "\ud800", "smime.p7s"]))
        case 1:
            return tnef.text8(rng.choice([tnef.SHORT_NAME, tnef.DISPLAY_NAME, tnef.MIME_TYPE]), "image/png\xe9")
        case 2:
            return tnef.variable(tnef.BINARY, tnef.CONTENT, *(rng.randbytes(9) for _ in range(rng.randint(0, 3))))
        case 3:
            return tnef.variable(tnef.OBJECT, tnef.CONTENT, rng.choice([b"", tnef.STORAGE_ID]) + rng.randbytes(9))
        case 4 | 5 if depth:
            return tnef.message(tnef.opening(), *(any_attachment(rng, depth - 1) for _ in range(rng.randint(0, 2))))
        case 6:
            return tnef.numbers(0x6000, [1] * rng.randint(0, 3))
        case 7:
            return tnef.number(0x8001, 1, named=rng.choice([tnef.named_by_number(1), tnef.named_by_text("X-Name")]))
        case _:
            return tnef.number(rng.choice([tnef.FLAGS, tnef.HIDDEN]), 4, rng.choice([tnef.LONG, tnef.BOOLEAN]))


def damaged_binary(rng: random.Random, raw: bytes) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                data[at : at + 4] = rng.choice([0, 1, 4, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF]).to_bytes(4, "little")
            case 2:
                del data[at : at + rng.choice([1, 4, 30])]
            case _:
                data[at:at] = data[at : at + rng.choice([4, 30, 300])]
    return bytes(data)


if __name__ == "__main__":
    run_from_command_line(fuzz, what="letters", count=10_000)
