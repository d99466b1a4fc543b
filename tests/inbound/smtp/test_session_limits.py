"""The email door over real sockets: how much of it anybody may use, and its relays and LMTP (Source: SPEC 4, 11)."""

import asyncio
import contextlib
import re

import pytest

from tests.inbound.smtp.house import HEAD, MAIL, PASSWORD, house, plain_blob
from tests.inbound.smtp.talking import FILES, FROM_RELAY

# Limits


@pytest.mark.parametrize("word", ["VRFY", "EXPN", "VRFY <head>", f"VRFY {FILES}", "EXPN files"])
async def test_addresses_are_not_looked_up(word):
    async with house() as home:
        client = await home.connect()
        await client.say("EHLO school.example")
        assert (await client.say(word)).lines == (await client.say("VRFY nobody@at.all")).lines
        assert await client.say(word) == 252


async def test_help_says_whom_to_ask():
    async with house() as home:
        client = await home.connect()
        assert "schools@la.example" in (await client.say("HELP")).lines[0]


async def test_too_many_commands_end_the_connection():
    async with house(max_commands=20) as home:
        client = await home.connect()
        client.send(b"NOOP\r\n" * 1000)
        assert [await client.hear() for _ in range(21)] == [250] * 20 + [421]
        assert await client.is_shown_out()


async def test_who_shouts_after_starttls_is_not_waited_for():
    """So much that the reader stops the transport: TLS must hear that this is no handshake, and not wait for one."""
    async with house() as home:
        client = await home.connect()
        await client.say("EHLO school.example")
        client.send(b"STARTTLS\r\n" + b"x" * 200_000)
        assert await client.hear() == 220
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                await client.reader.read()
        await home.emptied()


@pytest.mark.parametrize(
    "line", [b"SECRET-7\r\n", b"SECRET-7 \xff\r\n", b"\xff SECRET-7\r\n", b"\r\n", b"SECRET-7" * 999 + b"\n"]
)
async def test_what_is_no_command_is_answered_in_our_words_alone(line):
    async with house() as home:
        client = await home.connect()
        reply = await client.say(line)
        assert reply == 500
        assert re.fullmatch(r"500 5\.5\.[26] [A-Z][ -~]+", reply.lines[0])
        assert "SECRET" not in reply.lines[0]


@pytest.mark.parametrize("line", ["GARBAGE", "MAIL FROM:<x@y.example>", "", "RCPT", "\xff\xfe", "NOOP" + "x" * 5000])
@pytest.mark.parametrize("most", [3, 8])  # aiosmtpd's own number lies between
async def test_too_many_errors_end_the_connection(line, most):
    async with house(max_errors=most) as home:
        client = await home.connect()
        codes = [await client.say(line) for _ in range(most + 1)]
        assert [code // 100 for code in codes] == [5] * (most + 1)
        assert await client.hear() == 421
        assert await client.is_shown_out()


async def test_a_line_without_end_is_no_way_to_fill_our_memory():
    async with house(idle_seconds=0.3) as home:
        client = await home.connect()
        client.send(b"x" * 2_000_000)
        assert b"421" in await client.reader.read()


async def test_an_idle_client_is_shown_out_with_a_sentence():
    async with house(idle_seconds=0.05) as home:
        client = await home.connect()
        reply = await client.hear()
        assert reply == 421
        assert "4.4.2" in reply.lines[0]
        assert await client.is_shown_out()


async def test_a_timer_that_comes_too_early_shows_nobody_out_and_is_set_again():
    async with house(idle_seconds=600) as home:
        wire = home.session("smtps", is_encrypted=True)
        session = wire.get_protocol()
        until = session._timeout_handle.when()
        wire.send(b"NOOP\r\n")
        while b"250" not in wire.heard:
            await asyncio.sleep(0)  # noqa: TID251  # a turn for the session
        session._timeout_cb()
        assert not wire.is_closing()
        assert session._timeout_handle.when() > until


async def test_a_message_that_comes_too_slowly_is_not_kept():
    async with house(pace_seconds=0.05, min_bytes_per_second=10_000) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL)
        assert await client.hear() == 421
        assert await client.is_shown_out()
        await home.emptied()
        assert home.spool.intakes[0].state == "discarded"


async def test_an_honest_slow_sender_is_not_hurried():
    async with house(pace_seconds=0.05, min_bytes_per_second=1000, idle_seconds=0.2) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < 0.4:  # longer than the idle time, at five times the pace
            client.send(b"x" * 98 + b"\r\n")
            await client.nothing_heard_for(0.02)
        assert await client.say(b".\r\n") == 250


async def test_connections_from_one_address_have_a_limit():
    async with house(max_connections_per_address=2) as home:
        first, _ = await home.connect(), await home.connect()
        reply = (await home.connect(greeting=421)).heard
        assert "4.7.0" in reply.lines[0]
        await first.say("QUIT")
        await home.left(1)
        await home.connect()


async def test_when_it_is_full_the_longest_idle_makes_room():
    async with house(max_connections=3) as home:
        signed_in = await home.sign_in()
        first = await home.connect()
        home.clock.advance(5)
        second = await home.connect()
        home.clock.advance(5)
        await home.connect()
        assert await first.hear() == 421
        assert await first.is_shown_out()
        await home.connect(greeting=220)
        assert await second.hear() == 421
        assert await signed_in.say("NOOP") == 250


async def test_idle_connections_of_an_address_do_not_keep_it_out():
    async with house(max_connections_per_address=2) as home:
        first, second = await home.connect(), await home.connect()
        home.clock.advance(5)
        assert await (await home.connect()).say("NOOP") == 250
        told = await asyncio.wait(
            map(asyncio.ensure_future, (first.hear(), second.hear())), return_when="FIRST_COMPLETED"
        )
        assert [each.result() for each in told[0]] == [421]
        for each in told[1]:
            each.cancel()


async def test_the_limits_by_address_are_not_for_relays():
    async with house(max_connections_per_address=1) as home:
        for _ in range(3):
            await home.connect("relay")


async def test_at_a_stop_the_idle_leave_and_a_message_under_way_is_finished():
    async with house() as home:
        idle, sending = await home.connect(), await home.sign_in()
        assert await sending.begin() == 354
        sending.send(MAIL)
        await sending.writer.drain()
        closing = asyncio.create_task(home.listeners.close(grace=5))
        assert await idle.hear() == 421
        assert await sending.say(b".\r\n") == 250
        assert await sending.hear() == 421
        await closing
        assert home.spool.messages == [MAIL]


# Relays and LMTP


async def test_a_relay_on_this_host_needs_no_tls_and_no_login():
    async with house() as home:
        client = await home.relay()
        assert await client.begin() == 354
        assert await client.say(FROM_RELAY + b".\r\n") == 250
        ((envelope, _),) = home.spool.sealed.values()
        assert (envelope.username, envelope.verified_by) == ("head", "relay mx.la.example: dmarc leys.example")
        assert await client.say(f"AUTH PLAIN {plain_blob('head', PASSWORD)}") == 502


async def test_an_unverified_message_from_a_relay_is_refused_in_the_session():
    async with house() as home:
        client = await home.relay()
        assert await client.begin() == 354
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 550
        assert "5.7.1" in reply.lines[0]
        assert "schools@la.example" in reply.lines[0]
        await home.settled()
        assert [intake.state for intake in home.spool.intakes] == ["discarded"]


async def test_a_stranger_at_the_relays_listener_is_turned_away():
    async with house(relays="192.0.2.0/24") as home:
        client = await home.connect("relay", greeting=554)
        assert await client.is_shown_out()


async def test_lmtp_answers_for_each_recipient(tmp_path):
    async with house(lmtp=str(tmp_path / "lmtp")) as home:
        client = await home.connect("lmtp")
        assert await client.say("EHLO mx") == 500
        assert await client.say("LHLO mx") == 250
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert [await client.say(f"RCPT TO:<{a}@gateway.test>") for a in ("files", "nobody", "sen")] == [250, 550, 250]
        assert await client.say("DATA") == 354
        assert await client.say(FROM_RELAY + b".\r\n") == 250
        assert await client.hear() == 250
        assert await client.say("NOOP") == 250
        assert len(home.spool.messages) == 1
        home.people.is_busy = True
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert [await client.say(f"RCPT TO:<{a}@gateway.test>") for a in ("files", "sen")] == [250, 250]
        assert await client.say("DATA") == 354
        assert await client.say(FROM_RELAY + b".\r\n") == 451
        assert await client.hear() == 451
        assert await client.say("NOOP") == 250
        assert home.listeners.endpoints["lmtp"] == [f"unix:{tmp_path}/lmtp"]
    assert not (tmp_path / "lmtp").exists()
