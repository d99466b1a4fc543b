"""The email door over real sockets: who is let in, what is taken, and how the rest is refused (Source: SPEC 4, 11)."""

import asyncio
import base64
import contextlib
import dataclasses
import re

import pytest

from gateway.core.documents import Order
from gateway.core.register import AccountState
from tests.inbound.smtp.house import COPIER, HEAD, MAIL, PASSWORD, Tokens, house, plain_blob

FILES = "files@gateway.test"
FROM_RELAY = b"Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example\r\n" + MAIL


class Nobody:
    """A SenderVerifier that is not asked before a message came."""

    async def verify(self, claim):
        raise AssertionError("no message came so far")


async def offers(client):
    return [line[4:].split()[0] for line in (await client.say("EHLO school.example")).lines[1:]]


# Coming in


async def test_a_signed_in_sender_delivers_a_message():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 250
        ((envelope, data),) = home.spool.sealed.values()
        assert envelope.id in reply.lines[0]
        assert data == MAIL
        assert (envelope.username, envelope.verified_by, envelope.sender) == ("head", "password", HEAD.email)
        assert (envelope.recipients, envelope.peer) == ((FILES,), "127.0.0.1")
        assert home.accepted == [envelope]
        assert await client.say("QUIT") == 221


async def test_one_session_delivers_several_messages():
    async with house() as home:
        client = await home.sign_in()
        for number in range(3):
            assert await client.begin() == 354
            assert await client.say(b"Subject: %d\r\n\r\n.\r\n" % number) == 250
        assert home.spool.messages == [b"Subject: %d\r\n\r\n" % number for number in range(3)]


async def test_the_port_with_tls_from_the_first_byte_needs_no_starttls():
    async with house() as home:
        client = await home.connect("smtps")
        assert await offers(client) == ["SIZE", "8BITMIME", "SMTPUTF8", "AUTH", "HELP"]
        assert await client.sign_in() == 235
        assert await client.begin() == 354
        assert await client.say(MAIL + b".\r\n") == 250


async def test_what_is_offered_depends_on_tls_and_pipelining_never_is():
    async with house() as home:
        client = await home.connect()
        assert await offers(client) == ["SIZE", "8BITMIME", "SMTPUTF8", "STARTTLS", "HELP"]
        await client.start_tls()
        assert await offers(client) == ["SIZE", "8BITMIME", "SMTPUTF8", "AUTH", "HELP"]
        relay = await home.connect("relay")
        assert "AUTH" not in await offers(relay)


@pytest.mark.parametrize(
    ("line", "code", "status"),
    [
        (f"MAIL FROM:<{HEAD.email}>", 530, "5.7.0"),
        (f"AUTH PLAIN {plain_blob('head', PASSWORD)}", 538, "5.7.11"),
        (f"RCPT TO:<{FILES}>", 503, "5.5.1"),
        ("DATA", 503, "5.5.1"),
    ],
)
async def test_without_tls_there_is_no_mail_and_no_login(line, code, status):
    async with house() as home:
        client = await home.connect()
        await client.say("EHLO school.example")
        reply = await client.say(line)
        assert reply == code
        assert status in reply.lines[0]
        assert ("TLS" in reply.lines[0]) == (code != 503)
        assert home.passwords.asked == []


async def test_nobody_sends_from_outside_without_signing_in():
    async with house() as home:
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        reply = await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert reply == 530
        assert "sign in" in reply.lines[0]


async def test_nothing_survives_starttls():
    """Commands that a man in the middle wrote before TLS are not obeyed within it (RFC 3207 4.2)."""
    async with house(verifier=Nobody()) as home:
        client = await home.connect()
        await client.say("EHLO school.example")
        await client.start_tls(b"EHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\n")
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 503  # the hello is forgotten, and evil's was not heard
        assert await client.say("EHLO school.example") == 250
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 250


@pytest.mark.parametrize(
    ("name", "line", "code"), [("smtps", "STARTTLS", 503), ("smtp", "STARTTLS now", 501), ("smtp", "starttls", 220)]
)
async def test_starttls_is_said_once_and_alone(name, line, code):
    async with house() as home:
        client = await home.connect(name)
        await client.say("EHLO school.example")
        assert await client.say(line) == code


async def test_a_failed_handshake_ends_the_connection_and_says_nothing(capfd):
    async with house() as home:
        client = await home.connect()
        await client.say("EHLO school.example")
        assert await client.say("STARTTLS") == 220
        client.send(b"EHLO this is no ClientHello\r\n")
        assert b"5" not in (await client.reader.read())[:1]
        await client.close()
    assert "Traceback" not in capfd.readouterr().err


# Signing in


async def test_login_is_heard_in_every_way_that_devices_say_it():
    async with house() as home:
        user, word = (base64.b64encode(text.encode()).decode() for text in ("copier", PASSWORD))
        for lines in (
            ["AUTH LOGIN", user, word],
            [f"AUTH LOGIN {user}", word],
            ["auth login", user, word],
            ["AUTH PLAIN", plain_blob("copier", PASSWORD)],
            [f"AUTH PLAIN {plain_blob('copier', PASSWORD)}"],
        ):
            client = await home.connect("smtps")
            await client.say("EHLO copier")
            *questions, last = [await client.say(line) for line in lines]
            assert (questions, last) == ([334] * (len(lines) - 1), 235)
        assert {username for username, _ in home.passwords.asked} == {"copier"}


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["AUTH"], 504),
        (["AUTH CRAM-MD5"], 504),
        (["AUTH PLAIN %%%"], 501),
        (["AUTH PLAIN " + base64.b64encode(b"no nulls").decode()], 501),
        (["AUTH PLAIN " + base64.b64encode(b"root\0head\0x").decode()], 501),
        (["AUTH PLAIN " + base64.b64encode(b"\0head\0\xff\xfe").decode()], 501),
        (["AUTH PLAIN", "*"], 501),
        (["AUTH LOGIN", "*"], 501),
        (["AUTH LOGIN", "", ""], 501),
        (["AUTH PLAIN ="], 501),
    ],
)
async def test_a_login_that_cant_be_read_is_refused_and_not_checked(lines, code):
    async with house() as home:
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        assert [await client.say(line) for line in lines][-1] == code
        assert home.passwords.asked == []
        assert await client.sign_in() == 235


async def test_a_line_too_long_for_a_login_ends_the_connection():
    async with house() as home:
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        assert await client.say("AUTH PLAIN") == 334
        assert await client.say("A" * 10_000) == 500
        assert await client.is_shown_out()


async def test_wrong_passwords_are_counted_by_session():
    async with house(max_auth_failures=3) as home:
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        assert [await client.sign_in(password="wrong") for _ in range(3)] == [535, 535, 421]
        assert await client.is_shown_out()


async def test_nothing_tells_a_guesser_whether_an_account_exists():
    async with house() as home:
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        known, unknown = await client.sign_in(password="wrong"), await client.sign_in("nobody", "wrong")
        assert known.lines == unknown.lines
        assert "closed" in (await client.sign_in("gone")).lines[0]  # only after the right password


async def test_wrong_passwords_are_counted_by_address_for_a_while():
    async with house(max_auth_failures_per_address=4, auth_window_seconds=60) as home:
        for _ in range(2):
            client = await home.connect("smtps")
            await client.say("EHLO school.example")
            assert [await client.sign_in(password="wrong") for _ in range(2)] == [535, 535]
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        asked = len(home.passwords.asked)
        assert await client.sign_in() == 421
        assert len(home.passwords.asked) == asked  # not even the right one is looked at
        home.clock.advance(61)
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        assert await client.sign_in() == 235


async def test_a_busy_house_asks_to_sign_in_later():
    async with house() as home:
        home.passwords.is_busy = True
        client = await home.connect("smtps")
        await client.say("EHLO school.example")
        reply = await client.sign_in()
        assert reply == 454
        assert "pool" not in reply.lines[0]


async def test_one_signs_in_once():
    async with house() as home:
        client = await home.sign_in()
        assert await client.sign_in() == 503


# The sender


async def test_who_signed_in_sends_as_the_registered_address_alone():
    async with house() as home:
        client = await home.sign_in()
        reply = await client.say("MAIL FROM:<somebody@else.example>")
        assert reply == 550
        assert "5.7.1" in reply.lines[0]
        assert await client.say(f"MAIL FROM:<{HEAD.email.upper()}>") == 250


async def test_a_device_signs_in_where_tls_is_on_from_the_first_byte():
    async with house() as home:
        client = await home.connect()
        await client.say("EHLO copier")
        await client.start_tls()
        await client.say("EHLO copier")
        reply = await client.say(f"AUTH PLAIN {plain_blob('copier', PASSWORD)}")
        assert reply == 535
        assert "port 465" in reply.lines[0]
        assert await client.say("MAIL FROM:<copier@leys.example>") == 530


async def test_a_device_may_send_as_anybody():
    async with house(device_starttls=True) as home:
        client = await home.sign_in("copier")
        assert await client.begin(sender="noreply@copier.local") == 354
        assert await client.say(b"From: x@y.example\n\nscan\n\r\n.\r\n") == 250
        ((envelope, data),) = home.spool.sealed.values()
        assert (envelope.username, envelope.sender) == ("copier", COPIER.email)
        assert data == b"From: x@y.example\r\n\r\nscan\r\n\r\n"


async def test_an_account_that_was_suspended_meanwhile_is_refused_at_the_end():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        home.people.accounts["head"] = dataclasses.replace(HEAD, state=AccountState.SUSPENDED)
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 550
        assert "suspended" in reply.lines[0]
        assert home.spool.messages == []


async def test_an_officer_sends_no_files_for_schools():
    async with house() as home:
        client = await home.sign_in("officer")
        assert await client.begin(sender="o.marsh@la.example") == 354
        assert await client.say(MAIL + b".\r\n") == 550


async def test_a_locked_database_is_a_temporary_error_and_forgets_the_message():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        home.people.is_busy = True
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 451
        assert "database" not in reply.lines[0]
        assert "on our side" in reply.lines[0]
        assert home.spool.messages == []
        home.people.is_busy = False
        assert await client.begin() == 354
        assert await client.say(MAIL + b".\r\n") == 250


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:h.ashdown@leys.example", 250),
        (f"MAIL FROM:<{HEAD.email}> BODY=8BITMIME SMTPUTF8 SIZE=100 AUTH=<>", 250),
        (f"MAIL FROM:<{HEAD.email}> SIZE=2000000", 552),
        (f"MAIL FROM:<{HEAD.email}> SIZE=-1", 555),
        (f"MAIL FROM:<{HEAD.email}> SIZE=" + "9" * 30, 555),
        (f"MAIL FROM:<{HEAD.email}> BODY=BINARYMIME", 555),
        (f"MAIL FROM:<{HEAD.email}> RET=HDRS", 555),
        ("MAIL FROM:", 501),
        ("MAIL", 501),
        ("MAIL FROM:<h.ashdown@leys.example", 501),
    ],
)
async def test_mail_is_read_with_its_parameters(line, code):
    async with house(max_message_bytes=1 << 20) as home:
        client = await home.sign_in()
        reply = await client.say(line)
        assert reply == code
        if code == 552:
            assert "SFTP" in reply.lines[0]
            assert "1 MB" in reply.lines[0]


async def test_a_second_mail_waits_for_the_first():
    async with house() as home:
        client = await home.sign_in()
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 250
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 503
        assert await client.say("RSET") == 250
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 250


# The recipients


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


async def test_the_number_of_recipients_has_a_limit():
    async with house(max_recipients=2) as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert [await client.say(f"RCPT TO:<{FILES}>") for _ in range(3)] == [250, 250, 452]
        assert await client.say("DATA") == 354
        assert await client.say(MAIL + b".\r\n") == 250


# The message


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\r.\r"])
async def test_no_message_is_smuggled_behind_a_false_end(end):
    async with house(verifier=Nobody()) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        smuggled = b"MAIL FROM:<evil@evil.example>\r\nRCPT TO:<files@gateway.test>\r\nDATA\r\nevil\r\n.\r\n"
        assert await client.say(b"A: 1\r\n\r\nhello" + end + smuggled) == 250
        assert await client.say("NOOP") == 250  # one answer to one message
        assert len(home.spool.messages) == 1
        stranger = await home.relay()
        assert await stranger.begin() == 354
        assert await stranger.say(FROM_RELAY + b"hello" + end + smuggled) == (250 if end == b"\r\n\0.\r\n" else 550)
        assert await stranger.say("NOOP") == 250


async def test_bare_newlines_of_strangers_may_be_put_right_by_a_key():
    async with house(bare_newlines="normalise") as home:
        client = await home.relay()
        assert await client.begin() == 354
        assert await client.say(FROM_RELAY + b"a\nb\r\n.\r\n") == 250
        assert home.spool.messages == [FROM_RELAY + b"a\r\nb\r\n"]


async def test_lines_of_any_length_are_taken():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        long = b"A: 1\r\n\r\n" + b"x" * 1_000_000 + b"\r\n"
        assert await client.say(long + b".\r\n") == 250
        assert home.spool.messages == [long]


async def test_commands_right_behind_the_end_are_obeyed_after_the_answer():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL + b".\r\nNOOP\r\nQUIT\r\n")
        assert [await client.hear() for _ in range(3)] == [250, 250, 221]
        assert home.spool.messages == [MAIL]


async def test_a_message_sent_before_the_354_ends_the_connection():
    async with house() as home:
        client = await home.sign_in()
        await client.say(f"MAIL FROM:<{HEAD.email}>")
        await client.say(f"RCPT TO:<{FILES}>")
        assert await client.say(b"DATA\r\n" + MAIL + b".\r\n") == 554
        assert await client.is_shown_out()


async def test_a_message_over_the_limit_is_heard_to_its_end_and_refused():
    async with house(max_message_bytes=1 << 20) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL)
        for _ in range(40):
            client.send(b"x" * 65_534 + b"\r\n")
            await client.writer.drain()
        reply = await client.say(b".\r\n")
        assert reply == 552
        assert "5.3.4" in reply.lines[0]
        assert "SFTP" in reply.lines[0]
        assert home.spool.messages == []
        assert len(home.spool.intakes[0].data) <= 1 << 20
        assert await client.begin() == 354
        assert await client.say(MAIL + b".\r\n") == 250


async def test_a_flood_far_over_the_limit_is_cut_off():
    async with house(max_message_bytes=100_000) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(b"x" * 1_500_000)
        with contextlib.suppress(ConnectionResetError):  # who talks on may miss the last word
            assert await client.hear() == 552
        await home.emptied()
        assert [intake.state for intake in home.spool.intakes] == ["discarded"]


async def test_a_slow_disk_holds_the_sender_back_and_loses_nothing():
    async with house() as home:
        home.spool.congested_above = 100_000
        client = await home.sign_in()
        assert await client.begin() == 354
        body = b"A: 1\r\n\r\n" + b"y" * 2_000_000 + b"\r\n"
        assert await client.say(body + b".\r\n") == 250
        assert home.spool.messages == [body]
        assert home.spool.intakes[0].drained > 1


async def test_a_full_disk_is_said_at_mail():
    async with house(max_message_bytes=1000, keep_free_bytes=500) as home:
        client = await home.sign_in()
        home.spool.free = 1999
        reply = await client.say(f"MAIL FROM:<{HEAD.email}>")
        assert reply == 452
        assert "4.3.1" in reply.lines[0]
        home.spool.free = 2000
        assert await client.say(f"MAIL FROM:<{HEAD.email}>") == 250


@pytest.mark.parametrize("congested_above", [None, 10])
async def test_a_disk_that_fails_is_a_temporary_error_without_its_text(congested_above):
    async with house() as home:
        home.spool.congested_above = congested_above
        client = await home.sign_in()
        assert await client.begin() == 354
        home.spool.is_failing = True
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 452
        assert "secret" not in reply.lines[0]
        assert home.spool.messages == []
        assert await client.say("NOOP") == 250


async def test_a_fault_of_ours_is_a_temporary_error_without_its_text(capsys):
    async with house() as home:
        home.spool.has_bug = True
        client = await home.sign_in()
        assert await client.begin() == 354
        reply = await client.say(MAIL + b".\r\n")
        assert reply == 451
        assert "secret" not in reply.lines[0]
        assert await client.say("NOOP") == 250
    assert "a secret of ours" in capsys.readouterr().out  # our own log has it


@pytest.mark.parametrize("has_tls", [True, False])
async def test_a_connection_lost_in_a_message_leaves_nothing(has_tls):
    async with house() as home:
        client = await (home.sign_in() if has_tls else home.relay())
        assert await client.begin() == 354
        client.send(MAIL)
        await client.writer.drain()
        client.writer.transport.abort()
        await home.emptied()
        assert [intake.state for intake in home.spool.intakes] == ["discarded"]


async def test_a_half_closed_connection_in_a_message_leaves_nothing():
    async with house() as home:
        client = await home.relay()
        assert await client.begin() == 354
        client.send(FROM_RELAY)
        client.writer.write_eof()
        assert await client.is_shown_out()
        await home.emptied()
        assert [intake.state for intake in home.spool.intakes] == ["discarded"]


async def test_a_connection_lost_during_the_seal_does_not_undo_it():
    async with house() as home:
        home.spool.may_seal.clear()
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL + b".\r\n")
        await home.spool.sealing.wait()
        client.writer.transport.abort()
        await home.emptied()
        home.spool.may_seal.set()
        await home.listeners.close(grace=5)
        assert home.spool.messages == [MAIL]
        assert len(home.accepted) == 1


async def test_nothing_is_promised_before_the_seal():
    async with house() as home:
        home.spool.may_seal.clear()
        client = await home.sign_in()
        assert await client.begin() == 354
        client.send(MAIL + b".\r\n")
        await home.spool.sealing.wait()
        answer = asyncio.create_task(client.hear())
        for _ in range(20):
            await home.clock.sleep(0)
        assert not answer.done()
        home.spool.may_seal.set()
        assert await answer == 250


async def test_a_message_that_goes_in_circles_is_refused():
    async with house(max_received=5) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        assert await client.say(b"Received: x\r\n" * 5 + MAIL + b".\r\n") == 250
        assert await client.begin() == 354
        reply = await client.say(b"Received: x\r\n" * 6 + MAIL + b".\r\n")
        assert reply == 554
        assert "5.4.6" in reply.lines[0]
        assert len(home.spool.messages) == 1


@pytest.mark.parametrize("header", [b"X: " + b"y" * 5000 + b"\r\n", b"X: 1\r\n" * 1001])
async def test_an_overlong_header_is_refused(header):
    async with house(max_header_bytes=8000 if b"yy" not in header else 4000) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        assert await client.say(header + MAIL + b".\r\n") == 552
        assert home.spool.messages == []


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
async def test_too_many_errors_end_the_connection(line):
    async with house(max_errors=3) as home:
        client = await home.connect()
        codes = [await client.say(line) for _ in range(4)]
        assert [code // 100 for code in codes] == [5] * 4
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
        assert (envelope.username, envelope.verified_by) == ("head", "relay mx.la.example")
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
