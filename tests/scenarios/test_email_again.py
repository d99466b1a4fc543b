"""A message that was taken without its sender hearing so is recognised when it comes again (SPEC 4)."""

import asyncio
import contextlib
from base64 import b64encode

import pytest

from tests.scenarios.daemons import CLOCK, PASSWORD, Daemon, until
from tests.scenarios.harness import HEAD, letter
from tests.scenarios.invariants import Promise, sha256

FILE, DATA = "8301102_INFOmailed20261120.docx", b"mailed" * 1000


async def hand_over(daemon: Daemon) -> asyncio.StreamWriter:
    """Send a whole message, and listen to no answer to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", daemon.port("smtp"))

    async def say(line: str) -> bytes:
        writer.write(line.encode() + b"\r\n")
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        return answer[:3]

    assert (await reader.readline()).startswith(b"220")
    assert await say("EHLO school.example") == b"250"
    assert await say("STARTTLS") == b"220"
    await writer.start_tls(daemon.trusted(), server_hostname="localhost")
    await say("EHLO school.example")
    assert await say(f"AUTH PLAIN {b64encode(f'{chr(0)}{HEAD}{chr(0)}{PASSWORD}'.encode()).decode()}") == b"235"
    for line in (f"MAIL FROM:<{daemon.address(HEAD)}>", "RCPT TO:<files@gateway.test>", "DATA"):
        await say(line)
    writer.write(letter(daemon.address(HEAD), (FILE, DATA)) + b"\r\n.\r\n")
    await writer.drain()
    return writer


async def sent_again(daemon: Daemon) -> None:
    """Send the same once more, as a mail server does after a while, and look at what came of both."""
    assert "Accepted" in await daemon.email(HEAD, (FILE, DATA))
    await daemon.idle()
    assert daemon.dropped("INFO") == {FILE: DATA}
    assert [row["name"] for row in daemon.rows("files")] == [FILE]


async def test_the_answer_was_lost_on_its_way(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await daemon.start()
    writer = await hand_over(daemon)
    await until(lambda: daemon.rows("submissions"), "the message became a record")
    writer.transport.abort()
    daemon.promises.append(Promise(FILE, sha256(DATA), HEAD))
    await sent_again(daemon)
    first, again = daemon.relay.to(daemon.address(HEAD))
    assert first["Subject"] == "Your file was sent"
    assert again["Subject"] == "We had your file already"
    text = again.get_body(("plain",))
    assert text is not None
    assert "Already received" in text.get_content()


async def test_the_answer_was_lost_with_the_daemon(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    await daemon.start()
    writer = await hand_over(daemon)
    await until(lambda: daemon.rows("submissions"), "the message became a record")
    await daemon.kill()
    writer.transport.abort()
    await daemon.start()
    await sent_again(daemon)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.03])
async def test_the_client_hung_up_without_waiting(daemon: Daemon, seconds: float) -> None:
    """Whether the first was taken or not, there is one file in the end."""
    await daemon.set_up(HEAD)
    await daemon.start()
    writer = await hand_over(daemon)
    await CLOCK.sleep(seconds)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    await sent_again(daemon)
