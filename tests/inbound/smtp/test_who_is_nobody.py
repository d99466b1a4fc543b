"""Who did not sign in may send where domains are verified, but takes neither all places nor all the time (SPEC 4)."""

import asyncio

from gateway.errors import Transient
from gateway.inbound.smtp.sender import Verified
from tests.inbound.smtp.house import HEAD, MAIL, House, house

BEGINNING = b"From: h.ashdown@leys.example\r\n"


class Believer:
    """A SenderVerifier that believes everybody."""

    def hashes_for(self, header):
        return None

    async def verify(self, claim):
        return Verified("head", "dmarc leys.example", HEAD.email)


class NoDns(Believer):
    """A SenderVerifier that gets no answer."""

    async def verify(self, claim):
        raise Transient("the name server at 192.0.2.53 did not answer")


async def stranger(home: House):
    """Come in with TLS, and say who one claims to be."""
    client = await home.connect("smtps")
    assert await client.say("EHLO mx.leys.example") == 250
    return client


async def test_one_who_goes_on_for_ever_is_shown_out():
    """Fast enough at each look, and at it for longer than a message takes."""
    async with house(verifier=Believer(), stranger_seconds=0.3, pace_seconds=0.05, min_bytes_per_second=1) as home:
        client = await stranger(home)
        assert await client.begin() == 354
        client.send(BEGINNING)
        async with asyncio.timeout(20):
            reply = asyncio.ensure_future(client.hear())
            while not reply.done():
                client.send(b"X: y\r\n")
                await asyncio.wait([reply], timeout=0.01)
        assert await reply == 421
        assert "took too long" in reply.result().lines[0]
        assert home.spool.messages == []


async def test_one_who_signed_in_may_take_longer():
    async with house(stranger_seconds=0.05, pace_seconds=60) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL)
        await client.nothing_heard_for(0.2)
        assert await client.say(b".\r\n") == 250


async def test_so_does_a_relay():
    async with house(stranger_seconds=0.05, pace_seconds=60, strangers_at_once=1) as home:
        clients = [await home.relay() for _ in range(2)]
        assert [await client.begin() for client in clients] == [354, 354]
        await clients[0].nothing_heard_for(0.2)


async def test_no_more_than_so_many_at_a_time():
    async with house(verifier=Believer(), strangers_at_once=1) as home:
        first, second, known = await stranger(home), await stranger(home), await home.sign_in()
        assert await first.begin() == 354
        reply = await second.begin()
        assert reply == 451
        assert "try again in a few minutes" in reply.lines[0]
        assert await known.begin() == 354
        assert await first.say(MAIL + b".\r\n") == 250
        assert await second.say("DATA") == 354  # the same transaction goes on
        assert await second.say(MAIL + b".\r\n") == 250


async def test_the_place_of_one_who_goes_away_is_free_again():
    async with house(verifier=Believer(), strangers_at_once=1) as home:
        first, second = await stranger(home), await stranger(home)
        assert await first.begin() == 354
        first.writer.transport.abort()
        await home.left(1)
        assert await second.begin() == 354


async def test_who_can_t_be_checked_is_told_that_and_may_try_again():
    async with house(verifier=NoDns()) as home:
        client = await stranger(home)
        assert await client.begin() == 354
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 451
        assert "could not be checked just now" in reply.lines[0]
        assert "192.0.2.53" not in reply.lines[0]
        assert home.spool.messages == []
