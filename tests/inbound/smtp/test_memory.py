"""Memory does not feel the size of a message (Source: SPEC 4)."""

import asyncio
import hashlib
import re
import sys
from pathlib import Path

import pytest

from gateway.core.model import Channel
from gateway.core.submission import Envelope
from tests.fakes import MORNING
from tests.inbound.smtp.house import HEAD, PASSWORD, MemoryIntake, MemorySpool, certificate, house

LINE = b"QUJD" * 19 + b"\r\n"
HEADER = (
    b"Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example\r\nFrom: h.ashdown@leys.example\r\n"
)
HEADER += b"\r\n"

SENDER = """
import smtplib, ssl, sys
kind, port, sender, password, ca, megabytes = sys.argv[1:]
if kind == "smtps":
    mail = smtplib.SMTP_SSL("localhost", int(port), context=ssl.create_default_context(cafile=ca))
    mail.login("head", password)
else:
    mail = smtplib.SMTP("127.0.0.1", int(port), "school.example")
    mail.ehlo()
assert mail.mail(sender)[0] == 250 and mail.rcpt("files@gateway.test")[0] == 250
assert mail.docmd("DATA")[0] == 354
mail.sock.sendall({header!r})
piece = {line!r} * (1_000_000 // len({line!r}))
for _ in range(int(megabytes)):
    mail.sock.sendall(piece)
mail.sock.sendall(b".\\r\\n")
code, text = mail.getreply()
assert code == 250, (code, text)
mail.quit()
"""


class Drain(MemoryIntake):
    """Takes bytes and keeps their digest alone."""

    def __init__(self, id, spool):
        super().__init__(id, spool)
        self.digest, self.count = hashlib.sha256(), 0

    @property
    def size(self):
        return self.count

    def write(self, data, offset=None):
        self.digest.update(data)
        self.count += len(data)

    async def seal(self, **facts):
        self.state = "sealed"
        facts["channel"] = Channel(facts["channel"])
        envelope = Envelope(self.id, size=self.count, sha256=self.digest.hexdigest(), received_at=MORNING, **facts)
        self.spool.sealed[self.id] = (envelope, b"")
        return envelope


class DrainSpool(MemorySpool):
    def begin(self, *, digested):
        self.intakes.append(Drain(self.clock.new_id(), self))
        return self.intakes[-1]


def peak_kilobytes():
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


@pytest.mark.parametrize(("kind", "megabytes"), [("relay", 200), ("smtps", 60)])
async def test_a_large_message_needs_no_more_memory_than_a_small_one(kind, megabytes):
    async with house(spool=DrainSpool) as home:
        await send(home, kind, megabytes=1)  # what is loaded with the first message
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        before = peak_kilobytes()
        await send(home, kind, megabytes=megabytes)
        assert peak_kilobytes() - before < 20 * 1024
        assert home.accepted[-1].sha256 == digest_of(megabytes)


def digest_of(megabytes):
    digest = hashlib.sha256(HEADER)
    for _ in range(megabytes):
        digest.update(LINE * (1_000_000 // len(LINE)))
    return digest.hexdigest()


async def send(home, kind, *, megabytes):
    script = SENDER.format(header=HEADER, line=LINE)
    facts = [kind, home.place(kind)[1], HEAD.email, PASSWORD, certificate()[0], megabytes]
    sender = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *map(str, facts))
    assert await sender.wait() == 0
