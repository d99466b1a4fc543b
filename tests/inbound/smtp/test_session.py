"""The email door over real sockets: who is let in, by which login, and for which sender (Source: SPEC 4, 11)."""

import base64
import dataclasses

import pytest

from gateway.core.register import AccountState
from tests.inbound.smtp.house import COPIER, HEAD, MAIL, PASSWORD, house, plain_blob
from tests.inbound.smtp.talking import FILES, Nobody, offers

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
