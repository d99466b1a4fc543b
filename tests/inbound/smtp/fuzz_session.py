"""Talks to the email door as no client should, and looks whether it keeps its promises.

    python -m tests.inbound.smtp.fuzz_session --count 20000 --seed 1

Each session has a seed of its own, SEED plus its number, which a failure names: `--count 1 --seed THAT` repeats it. One
in a hundred is a real connection to real listeners, with TLS where the client asks for it; the others are real sessions
on a wire in memory. Some hundred of them share one house.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
import re
from collections import Counter
from collections.abc import Iterator

import structlog

from tests.inbound.smtp.house import HEAD, PASSWORD, Client, House, Tokens, house, plain_blob
from tests.inbound.smtp.wire import Wire
from tests.seeds import run_from_command_line

SESSIONS_OF_A_HOUSE = 500
ONE_IN = 100  # is held over a socket
SMALL_PIECES = 50  # and what is left comes at once
TURNS = 8  # of the loop that a client waits for an answer
ANSWERS = re.compile(rb"(?:[2-5]\d\d[ -][ -~]{0,199}\r\n)*")
RESULTS = b"Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example\r\n"
FROM = b"From: h.ashdown@leys.example\r\n"

MAIL = [b"MAIL FROM:<%s>" % HEAD.email.encode(), b"MAIL FROM:<>", b"MAIL FROM:<a@b.example> SIZE=10 BODY=8BITMIME"]
RCPT = [b"RCPT TO:<files@gateway.test>", b"RCPT TO:<SEN@GATEWAY.TEST>", b"RCPT TO:<bounce+abc234@gateway.test>"]
HELLO = [b"EHLO a.example", b"HELO a", b"LHLO a", b"EHLO", b"EHLO [127.0.0.1]"]
LOGIN = [
    b"AUTH PLAIN " + plain_blob("head", PASSWORD).encode(),
    b"AUTH PLAIN " + plain_blob("head", "wrong").encode(),
    b"AUTH LOGIN",
    b"AUTH PLAIN",
    b"AUTH CRAM-MD5",
    b"*",
    b"aGVhZA==",
]
OTHERS = [b"RSET", b"NOOP", b"VRFY head", b"EXPN all", b"HELP", b"STARTTLS", b"STARTTLS x", b"BDAT 10 LAST", b"GET /"]
COMMANDS = [*MAIL * 2, *RCPT * 2, b"DATA", b"DATA x", *HELLO, *LOGIN, *OTHERS, b"QUIT", b""]
ENDS = [b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"\n\r", b"", b"\0\r\n"]
CONTENT = [RESULTS, FROM, b"Received: x\r\n" * 60, b"\r\n", b".", b"..\r\n", b"\n.\n", b"\r.\r", b"\r\n.\n", b"\n.\r\n"]
CONTENT += [b"\r\n.\r\n"] * 4 + [b"x" * 70_000, b"\xff\x00", b"Subject: x\r\n", b" folded\r\n", b"MAIL FROM:<x@y>\r\n"]


def fuzz(count: int, seed: int) -> Counter[str]:
    """Hold `count` sessions; return how often each code was heard. A broken promise is an AssertionError."""
    heard: Counter[str] = Counter()
    logging.disable(logging.CRITICAL)
    try:
        for first in range(0, count, SESSIONS_OF_A_HOUSE):
            seeds = range(seed + first, seed + min(count, first + SESSIONS_OF_A_HOUSE))
            heard += asyncio.run(_in_one_house(seeds))
    finally:
        logging.disable(logging.NOTSET)
    return heard


async def _in_one_house(seeds: range) -> Counter[str]:
    heard: Counter[str] = Counter()
    limits = {"max_message_bytes": 100_000, "max_auth_failures_per_address": 0, "max_connections_per_address": 500}
    with structlog.testing.capture_logs() as said:
        async with house(tokens=Tokens(), **limits) as home:
            for number in seeds:
                try:
                    heard += await _one_session(home, random.Random(number), is_real=number % ONE_IN == 0)
                except (AssertionError, TimeoutError) as error:
                    raise AssertionError(f"session with --count 1 --seed {number}: {error!r}") from error
                bugs = [line for line in said if line["event"] == "bug"]
                assert not bugs, f"session with --count 1 --seed {number}: {bugs}"
                said.clear()
    return heard


async def _one_session(home: House, rng: random.Random, *, is_real: bool) -> Counter[str]:
    """Hold one session, and look at what it left behind."""
    name = rng.choice(["smtp", "relay", "relay", "lmtp", "smtps"])
    words = any_words(rng, is_lmtp=name == "lmtp")
    before = len(home.spool.sealed)
    is_encrypted = name == "smtps" or (name == "smtp" and not is_real and rng.random() < 0.7)
    async with asyncio.timeout(20):
        if is_real:
            answers = await _talk(home, name, rng, words=words)
        else:
            answers = await _talk_in_memory(home.session(name, is_encrypted=is_encrypted), rng, words)
        await home.emptied()
    assert ANSWERS.fullmatch(answers), f"this is no answer: {answers[-300:]!r}"
    taken = list(home.spool.sealed.values())[before:]
    assert answers.count(b" Accepted as ") <= max(20 * len(taken), 0), "more was promised than was taken"
    assert len(taken) <= words.count(b"\r\n.\r\n"), "a message ended where none ends"
    if name == "smtp" and not is_encrypted:
        assert not taken, "mail was taken without TLS"
    for envelope, data in taken:
        assert envelope.username in ("head", ""), "nobody else was proved"
        assert envelope.verified_by == "password" or not re.search(rb"\r(?!\n)|(?<!\r)\n", data), "a bare CR or LF"
    home.spool.sealed.clear()
    home.accepted.clear()
    home.spool.intakes.clear()
    return Counter(line[:3].decode() for line in answers.splitlines()) + Counter({"messages taken": len(taken)})


async def _talk(home: House, name: str, rng: random.Random, *, words: bytes) -> bytes:
    """Say all the words, in pieces of any size, and return all that was heard."""
    client = Client(*await home._streams(name))
    listening = asyncio.ensure_future(_hear(client))
    try:
        with contextlib.suppress(OSError):
            await _say(client, rng, words)
            if rng.random() < 0.1:
                client.writer.transport.abort()
            elif name == "smtps":
                client.writer.close()
            else:
                client.writer.write_eof()
        return await listening
    finally:
        listening.cancel()
        await client.close()


async def _talk_in_memory(wire: Wire, rng: random.Random, words: bytes) -> bytes:
    """Say all the words over a wire in memory, and return all that was heard."""
    await _take_turns(1)  # a socket brings nothing before the session has begun
    for piece, turns in any_pieces(rng, words):
        if wire.is_closing():
            break
        wire.send(piece)
        await _take_turns(turns)
    if rng.random() < 0.1:
        wire.cut()
    else:
        wire.hang_up()
    while not wire.is_closing():
        await _take_turns(1)
    return bytes(wire.heard)


async def _say(client: Client, rng: random.Random, words: bytes) -> None:
    for piece, turns in any_pieces(rng, words):
        if client.writer.transport.is_closing():
            return
        client.send(piece)
        await client.writer.drain()
        await _take_turns(turns)


def any_pieces(rng: random.Random, words: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the words in pieces, and for how many turns of the loop the client then waits."""
    sizes = rng.choice([[1 << 20], [1, 2, 3, 5, 40], [200, 1000], [64, 5000]])
    waits = rng.random() < 0.7
    for number in itertools.count():
        if not words:
            return
        size = rng.choice(sizes) if number < SMALL_PIECES else 1 << 20
        if waits and number < SMALL_PIECES and b"\n" in words[:size]:
            size = words.index(b"\n") + 1  # a line at a time, and its answer heard
        yield words[:size], TURNS if waits else 1
        words = words[size:]


async def _take_turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)  # noqa: TID251  # only lets the door have its turn


async def _hear(client: Client) -> bytes:
    heard = b""
    with contextlib.suppress(OSError):
        while piece := await client.reader.read(65_536):
            heard += piece
    return heard


def any_words(rng: random.Random, *, is_lmtp: bool) -> bytes:
    """Return what a client says: a sound beginning at times, then anything."""
    said = _sound_beginning(rng, is_lmtp=is_lmtp) if rng.random() < 0.7 else []
    for _ in range(rng.randint(0, 25)):
        kind = rng.random()
        if kind < 0.5:
            said.append(rng.choice(COMMANDS) + rng.choice(ENDS))
        elif kind < 0.9:
            said.append(rng.choice(CONTENT))
        else:
            said.append(rng.randbytes(rng.randint(0, 40)))
    words = bytearray(b"".join(said))
    for _ in range(rng.choice([0, 0, 0, 1, 3]) if words else 0):
        words[rng.randrange(len(words))] = rng.choice(b"\r\n. <>@:\0\xff")
    return bytes(words)


def _sound_beginning(rng: random.Random, *, is_lmtp: bool) -> list[bytes]:
    lines = [b"LHLO a" if is_lmtp else b"EHLO a.example"]
    if rng.random() < 0.7:
        lines.append(LOGIN[0])
    lines += [MAIL[0], *rng.choices(RCPT[:2], k=rng.choice([1, 1, 1, 3, 22])), b"DATA"]
    if rng.random() < 0.4:
        return [line + b"\r\n" for line in lines[: rng.randint(1, len(lines))]]
    body = rng.choices(CONTENT, k=rng.randint(0, 6))
    end = rng.choice([b"\r\n.\r\n", b"\r\n.\r\n", b"\n.\n", b"\r\n..\r\n", b""])
    return [*(line + b"\r\n" for line in lines), RESULTS, FROM, rng.choice([b"\r\n", b""]), *body, end]


if __name__ == "__main__":
    run_from_command_line(fuzz, what="sessions", count=2_000)
