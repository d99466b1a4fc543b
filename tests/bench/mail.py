"""Mail: messages a second and MB/s, by the same sender to both servers over plain SMTP on loopback."""

import asyncio
import base64
import os
import smtplib
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import make_msgid
from pathlib import Path

from tests.bench.contenders import SENDER


def message(number: int, size: int) -> bytes:
    """A message with one attachment of random bytes, and what a trusted relay writes on top."""
    body = base64.encodebytes(os.urandom(size)).replace(b"\n", b"\r\n")
    head = (
        "Authentication-Results: mx.bench.test; dmarc=pass header.from=leysjunior.example\r\n"
        f"From: {SENDER}\r\nTo: files@gateway.test\r\nSubject: bench\r\nMessage-ID: {make_msgid()}\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b0"\r\n\r\n--b0\r\n'
        f'Content-Type: application/pdf; name="8302000_INFObench{number}.csv"\r\n'
        f'Content-Disposition: attachment; filename="8302000_INFObench{number}.csv"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    return head + body + b"\r\n--b0--\r\n"


async def _send_all(port: int, messages: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)

    async def answer(expected: bytes) -> None:
        while True:
            line = await reader.readline()
            if not line.startswith(expected):
                raise SystemExit(f"the server said {line!r}")
            if line[3:4] == b" ":
                return

    async def say(line: bytes, expected: bytes) -> None:
        writer.write(line + b"\r\n")
        await answer(expected)

    await answer(b"220")
    await say(b"EHLO bench.test", b"250")
    for each in messages:
        await say(b"MAIL FROM:<" + SENDER.encode() + b">", b"250")
        await say(b"RCPT TO:<files@gateway.test>", b"250")
        await say(b"DATA", b"354")
        writer.write(each)
        await writer.drain()
        await say(b".", b"250")
    await say(b"QUIT", b"221")
    writer.close()


async def _run(port: int, queues: list[list[bytes]]) -> None:
    await asyncio.gather(*(_send_all(port, queue) for queue in queues))


_NUMBERS = iter(range(1, 10_000_000))


UNITS = ("", " with parts extracted", " to the record")  # behind "a_second": how far a message has to have come


def measure(
    port: int,
    *,
    size: int,
    senders: int,
    count: int,
    taken_apart: Callable[[], int] | None = None,
    queue: Path | None = None,
) -> dict[str, float]:
    """Send `count` messages with an attachment of `size` bytes, and return rates up to the last 250.

    Those "with parts extracted" go on until so many more messages are `taken_apart`: each of their parts decoded into
    a file of its own, and digested. Those "to the record" go on until the `queue` of promised messages is empty: each
    file looked into, archived and recorded. A server that has neither stores what came and does nothing else with it.
    """
    queues = [[message(next(_NUMBERS), size) for _ in range(count // senders)] for _ in range(senders)]
    before = taken_apart() if taken_apart else 0
    sent, start = sum(len(queue) for queue in queues), time.perf_counter()
    asyncio.run(_run(port, queues))
    ends = [time.perf_counter() - start]
    for is_reached in (
        lambda: taken_apart is None or taken_apart() - before >= sent,
        lambda: queue is None or not any(queue.iterdir()),
    ):
        ends.append(ends[-1])
        while not is_reached():
            time.sleep(0.005)
            ends[-1] = time.perf_counter() - start
    rates = {f"a_second{unit}": sent / end for unit, end in zip(UNITS, ends, strict=True)}
    return {"seconds": ends[0], **rates, **{f"mb_{unit}": rate * size / 1e6 for unit, rate in rates.items()}}


def send_over_tls(port: int, *, size: int, senders: int) -> float:
    """Send a message from each of so many senders at once, after STARTTLS; return seconds."""
    messages = [message(next(_NUMBERS), size) for _ in range(4)]
    start = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(lambda n: _send_one(port, messages[n % len(messages)]), range(senders)))
    return time.perf_counter() - start


def _send_one(port: int, content: bytes) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the sample's own certificate
    with smtplib.SMTP("127.0.0.1", port, "bench.test", timeout=300) as client:
        client.starttls(context=context)
        client.ehlo()
        client.mail(SENDER)
        client.rcpt("files@gateway.test")
        client.docmd("DATA")
        client.sock.sendall(content + b".\r\n")
        code, text = client.getreply()
    if code != 250:
        raise SystemExit(f"the server said {code} {text!r}")
