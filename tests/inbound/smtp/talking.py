"""What the tests of sessions at the email door say and hear in common."""

from tests.inbound.smtp.house import MAIL

FILES = "files@gateway.test"
FROM_RELAY = b"Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example\r\n" + MAIL


class Nobody:
    """A SenderVerifier that is not asked before a message came."""

    async def verify(self, claim):
        raise AssertionError("no message came so far")


async def offers(client):
    return [line[4:].split()[0] for line in (await client.say("EHLO school.example")).lines[1:]]
