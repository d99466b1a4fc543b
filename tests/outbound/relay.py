"""A mail server to send to, with any answer to any command: open, with STARTTLS, or with TLS from the first byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gateway.inbound.smtp.listener import read_certificate
from tests.inbound.smtp.house import certificate


class Relay:
    """Answers by a table: the first word of a command (or the whole line) to its reply; "" hangs up, None is silent."""

    def __init__(self, answers: dict[str, str | None], security: str) -> None:
        self.answers = {
            "greeting": "220 relay ESMTP",
            "EHLO": "250-relay\r\n250-SIZE 1000000\r\n250 STARTTLS"
            if security == "starttls"
            else "250-relay\r\n250 AUTH PLAIN",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go",
            ".": "250 2.0.0 queued as 1",
            "RSET": "250 ok",
            "QUIT": "221 bye",
            "AUTH": "235 ok",
            "STARTTLS": "220 go",
            **answers,
        }
        self.security = security
        self.letters: list[tuple[str, str, bytes]] = []
        self.commands: list[str] = []
        self.connections = 0
        self.tls: ssl.SSLContext = read_certificate(*certificate())
        self.silence = asyncio.Event()
        self.tasks: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await self._answer("greeting", writer)
        sender = recipient = ""
        while said:
            line = (await reader.readuntil(b"\r\n")).decode().strip()
            self.commands.append(line)
            word = line.split()[0].upper()
            if word in ("MAIL", "RCPT"):
                address = line.partition("<")[2].partition(">")[0]
                sender, recipient = (address, "") if word == "MAIL" else (sender, address)
            said = await self._answer(line if line in self.answers else word, writer)
            if word == "STARTTLS" and said[:1] == "2":
                await writer.start_tls(self.tls)
                self.answers["EHLO"] = "250-relay\r\n250 AUTH PLAIN"
            if word == "DATA" and said[:1] == "3":
                letter = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                said = await self._answer(".", writer)
                if said[:1] == "2":
                    self.letters.append((sender, recipient, letter))
            if word == "QUIT":
                return

    async def _answer(self, key: str, writer: asyncio.StreamWriter) -> str:
        said = self.answers.get(key, "500 what?")
        if said is None:
            await self.silence.wait()
            return ""
        if said:
            writer.write(said.encode() + b"\r\n")
            await writer.drain()
        return said


@asynccontextmanager
async def relay(security: str = "plain", **answers: str | None) -> AsyncIterator[tuple[Relay, int]]:
    """Serve on a free port of loopback; keywords are commands in upper case, `END` is the end of the message."""
    if "END" in answers:
        answers["."] = answers.pop("END")
    made = Relay(answers, security)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=made.tls if security == "tls" else None)
    try:
        yield made, server.sockets[0].getsockname()[1]
    finally:
        made.silence.set()
        server.close()
        await asyncio.gather(*filter(None, made.tasks))
        await server.wait_closed()
