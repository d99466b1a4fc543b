"""Talks to the email door as no client should, and looks whether it keeps its promises.

    python -m tests.inbound.smtp.fuzz_session --count 20000 --seed 1

Each session has a seed of its own, SEED plus its number, which a failure names: `--count 1 --seed THAT` repeats it. It
is a real connection to real listeners, of which some hundred sessions share one house.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import re
import sys
from collections import Counter

import structlog

from tests.inbound.smtp.house import HEAD, PASSWORD, Client, House, Tokens, house, plain_blob

SESSIONS_OF_A_HOUSE = 200
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
                    heard += await _one_session(home, random.Random(number))
                except (AssertionError, TimeoutError) as error:
                    raise AssertionError(f"session with --count 1 --seed {number}: {error!r}") from error
                bugs = [line for line in said if line["event"] == "bug"]
                assert not bugs, f"session with --count 1 --seed {number}: {bugs}"
                said.clear()
    return heard


async def _one_session(home: House, rng: random.Random) -> Counter[str]:
    """Hold one session, and look at what it left behind."""
    name = rng.choice(["smtp", "relay", "relay", "lmtp", "smtps"])
    words = any_words(rng, is_lmtp=name == "lmtp")
    before = len(home.spool.sealed)
    async with asyncio.timeout(20):
        answers = await _talk(home, name, rng, words=words)
        await home.emptied()
    assert ANSWERS.fullmatch(answers), f"this is no answer: {answers[-300:]!r}"
    taken = list(home.spool.sealed.values())[before:]
    assert answers.count(b" Accepted as ") <= max(20 * len(taken), 0), "more was promised than was taken"
    assert len(taken) <= words.count(b"\r\n.\r\n"), "a message ended where none ends"
    if name == "smtp":
        assert not taken, "mail was taken without TLS"
    for envelope, data in taken:
        assert envelope.username in ("head", ""), "nobody else was proved"
        assert envelope.verified_by == "password" or not re.search(rb"\r(?!\n)|(?<!\r)\n", data), "a bare CR or LF"
    home.spool.sealed.clear()
    home.accepted.clear()
    home.spool.intakes.clear()
    return Counter(line[:3].decode() for line in answers.splitlines())


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


async def _say(client: Client, rng: random.Random, words: bytes) -> None:
    sizes = rng.choice([[1 << 20], [1, 2, 3, 5, 40], [200, 1000], [64, 5000]])
    waits = rng.random() < 0.7
    while words and not client.writer.transport.is_closing():
        size = rng.choice(sizes)
        if waits and b"\n" in words[:size]:
            size = words.index(b"\n") + 1  # a line at a time, and its answer heard
        client.send(words[:size])
        words = words[size:]
        await client.writer.drain()
        for _ in range(6 if waits else 1):
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
    if rng.random() < 0.5:
        lines.append(LOGIN[0])
    lines += [MAIL[0], *rng.choices(RCPT[:2], k=rng.choice([1, 1, 3, 30])), b"DATA", RESULTS + FROM]
    return [line + b"\r\n" for line in lines[: rng.randint(1, len(lines))]]


def main(count: int, seed: int) -> Counter[str]:
    """Hold the sessions and return what was heard."""
    return fuzz(count, seed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.stdout.write(f"{dict(main(given.count, given.seed).most_common())}\n")
