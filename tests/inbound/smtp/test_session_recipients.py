"""The email door over real sockets: to which addresses mail may go (Source: SPEC 4)."""

import pytest

from gateway.core.documents import Order
from tests.inbound.smtp.house import HEAD, MAIL, Tokens, house
from tests.inbound.smtp.talking import FILES, FROM_RELAY


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (FILES, 250),
        ("FILES@GATEWAY.TEST", 250),
        ("sen@gateway.test", 250),
        ("postmaster@gateway.test", 250),
        ("postmaster", 250),
        ("office@gateway.test", 550),
        ("files@elsewhere.test", 550),
        ("reply+abc234@gateway.test", 250),
        ("reply+zzz234@gateway.test", 550),
        ("documents+send@gateway.test", 250),
        ("documents+nothing@gateway.test", 550),
        ("bounce+abc234@gateway.test", 250),
    ],
)
async def test_only_our_own_addresses_take_mail(address, code):
    async with house(tokens=Tokens()) as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        reply = await client.say(f"RCPT TO:<{address}>")
        assert reply == code
        if code == 550:
            assert "5.1.1" in reply.lines[0]


async def test_where_nobody_knows_tokens_each_is_unknown():
    async with house() as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        for local in ("reply+abc234", "bounce+abc234", "documents+send"):
            assert await client.say(f"RCPT TO:<{local}@gateway.test>") == 550
        assert await client.say("DATA") == 503


async def test_documents_go_to_one_folder_and_nowhere_beside_it():
    async with house(tokens=Tokens()) as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert await client.say("RCPT TO:<documents+send@gateway.test>") == 250
        assert await client.say("RCPT TO:<DOCUMENTS+SEND@gateway.test>") == 250
        for other in ("documents+general@gateway.test", FILES, "reply+abc234@gateway.test"):
            reply = await client.say(f"RCPT TO:<{other}>")
            assert reply == 550
            assert "one documents address" in reply.lines[0]
        await client.say("RSET")
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert await client.say(f"RCPT TO:<{FILES}>") == 250
        assert await client.say("RCPT TO:<documents+send@gateway.test>") == 550


async def test_the_folder_is_sealed_as_the_order():
    async with house(tokens=Tokens()) as home:
        client = await home.sign_in()
        assert await client.begin(recipient="documents+send@gateway.test") == 354
        assert await client.say(b"From: <h.ashdown@leys.example>\r\n\r\nx\r\n.\r\n") == 250
        (envelope,) = home.accepted
        assert envelope.order == Order("send")


async def test_who_may_not_publish_hears_so_before_a_byte():
    async with house(tokens=Tokens(), device_starttls=True) as home:
        client = await home.sign_in("copier")
        await client.say("MAIL FROM:<copier@leys.example>")
        reply = await client.say("RCPT TO:<documents+send@gateway.test>")
        assert reply == 550
        assert "Only officers" in reply.lines[0]


async def test_a_token_serves_its_owner_alone():
    async with house(tokens=Tokens(), device_starttls=True) as home:
        relay = await home.relay()
        for person, code in ((b"h.ashdown", 250), (b"copier", 550)):
            assert await relay.begin(recipient="reply+abc234@gateway.test") == 354  # nobody is known yet
            reply = await relay.say(FROM_RELAY.replace(b"h.ashdown", person) + b".\r\n")
            assert reply == code
        assert "A device" in reply.lines[0]  # which comes in by its own login alone
        assert await relay.begin(recipient="reply+abc234@gateway.test") == 354
        reply = await relay.say(FROM_RELAY.replace(b"h.ashdown@leys", b"o.marsh@la").replace(b"leys", b"la") + b".\r\n")
        assert reply == 550
        assert "too late" in reply.lines[0]  # verified, and somebody else
        copier = await home.sign_in("copier")
        await copier.say("MAIL FROM:<copier@leys.example>")
        reply = await copier.say("RCPT TO:<reply+abc234@gateway.test>")
        assert reply == 550
        assert "too late" in reply.lines[0]


async def test_the_null_sender_reaches_a_bounce_address_and_nothing_else():
    async with house(tokens=Tokens()) as home:
        client = await home.connect("smtps")
        await client.say("EHLO mx.elsewhere.example")
        assert await client.say("MAIL FROM:<>") == 250
        assert [await client.say(f"RCPT TO:<{a}@gateway.test>") for a in ("files", "reply+abc234", "sen")] == [550] * 3
        assert await client.say("RCPT TO:<bounce+zzz234@gateway.test>") == 550
        assert await client.say("DATA") == 503
        assert await client.say("RCPT TO:<bounce+abc234@gateway.test>") == 250
        assert await client.say("DATA") == 354
        assert await client.say(b"Subject: not delivered\r\n\r\n.\r\n") == 250
        ((envelope, _),) = home.spool.sealed.values()
        assert (envelope.username, envelope.verified_by, envelope.sender) == ("", "token", "")


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        (["reply+abc234"], 250),
        (["documents+send"], 550),
        (["postmaster"], 550),
        (["files"], 550),
        (["reply+abc234", "files"], 550),
    ],
)
async def test_an_address_that_nobody_confirmed_so_far_can_do_nothing_but_reply(addresses, code):
    async with house(tokens=Tokens()) as home:
        home.people.pending["new@leys.example"] = HEAD.username
        relay = await home.relay()
        assert await relay.say("MAIL FROM:<new@leys.example>") == 250
        for address in addresses:
            assert await relay.say(f"RCPT TO:<{address}@gateway.test>") == 250
        assert await relay.say("DATA") == 354
        reply = await relay.say(FROM_RELAY.replace(b"h.ashdown@", b"new@") + b".\r\n")
        assert reply == code
        assert len(home.spool.messages) == (code == 250)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"Subject: Automatic reply\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n", 550),
        (b"Subject: Automatic reply\r\nAuto-Submitted: auto-replied\r\n", 550),  # without a body
        (b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nAction: delayed\r\n", 550),
        (b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nAction: failed\r\n", 250),
    ],
)
async def test_who_is_away_or_only_slow_is_no_address_from_which_mail_comes_back(message, code):
    async with house(tokens=Tokens()) as home:
        client = await home.connect("smtps")
        await client.say("EHLO mx.elsewhere.example")
        assert await client.begin(sender="", recipient="bounce+abc234@gateway.test") == 354
        assert await client.say(message + b".\r\n") == code
        assert len(home.spool.sealed) == (code == 250)


async def test_the_number_of_recipients_has_a_limit():
    async with house(max_recipients=2) as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert [await client.say(f"RCPT TO:<{FILES}>") for _ in range(3)] == [250, 250, 452]
        assert await client.say("DATA") == 354
        assert await client.say(MAIL + b".\r\n") == 250
