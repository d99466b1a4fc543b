"""The email door over real sockets: what of a message is taken, and how the rest is refused (Source: SPEC 4, 11)."""

import asyncio
import contextlib

import pytest

from gateway.errors import DiskFull
from tests.inbound.smtp.house import HEAD, MAIL, house
from tests.inbound.smtp.talking import FILES, FROM_RELAY, Nobody


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


async def test_a_message_gets_no_digest_since_its_parts_do():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        assert await client.say(b"A: 1\r\n\r\nhello\r\n.\r\n") == 250
        assert [intake.digested for intake in home.spool.intakes] == [False]


async def test_bare_newlines_of_strangers_may_be_put_right_by_a_key():
    async with house(bare_newlines="normalise") as home:
        client = await home.relay()
        assert await client.begin() == 354
        assert await client.say(FROM_RELAY + b"a\nb\r\n.\r\n") == 250
        assert home.spool.messages == [FROM_RELAY + b"a\r\nb\r\n"]


async def test_a_file_that_was_not_encoded_is_taken_byte_for_byte_or_not_at_all():
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        reply = await client.say(b"A: 1\r\n\r\n\x89PNG\r\n\x1a\n\0\r\n.\r\n")
        assert reply == 550
        assert "not encoded" in reply.lines[0]
        assert await client.begin() == 354
        whole = b"A: 1\r\n\r\n\x89PNG\r\n\x1a\0\r\n"
        assert await client.say(whole + b".\r\n") == 250
        assert home.spool.messages == [whole]


@pytest.mark.parametrize("marker", [b"", b"%\xe2\xe3\xcf\xd3\n"])
async def test_a_pdf_that_was_not_encoded_is_not_put_right(marker):
    """It may be all text, and says of its parts at which byte they begin: with other line ends it can't be read."""
    async with house() as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        reply = await client.say(b"A: 1\r\n\r\n%PDF-1.4\n" + marker + b"1 0 obj\nendobj\n\r\n.\r\n")
        assert reply == 550
        assert "not encoded" in reply.lines[0]
        assert await client.begin() == 354
        assert await client.say(b"A: 1\r\n\r\nlike 5%PDF-1.4\nsaid\r\n.\r\n") == 250
        assert home.spool.messages == [b"A: 1\r\n\r\nlike 5%PDF-1.4\r\nsaid\r\n"]


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
@pytest.mark.parametrize(("trouble", "code"), [(DiskFull("/very/secret/path is full"), 452), (None, 451)])
async def test_a_disk_that_fails_is_a_temporary_error_without_its_text(congested_above, trouble, code):
    async with house() as home:
        home.spool.congested_above = congested_above
        home.spool.trouble = trouble or home.spool.trouble
        client = await home.sign_in()
        assert await client.begin() == 354
        home.spool.is_failing = True
        reply = await client.say(MAIL + b".\r\n")
        assert reply == code
        assert ("too little room" in reply.lines[0]) == (code == 452)
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


OVERLONG = [
    (b"X: " + b"y" * 5000 + b"\r\n", {"max_header_bytes": 4000}),
    (b"X: 1\r\n" * 1001, {}),
    (b"X: 1\r\n" * 31, {"max_headers": 30}),
]


@pytest.mark.parametrize(("header", "limits"), OVERLONG)
async def test_an_overlong_header_is_refused(header, limits):
    async with house(**limits) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        assert await client.say(header + MAIL + b".\r\n") == 552
        assert home.spool.messages == []


async def test_a_header_of_more_fields_is_taken_where_the_key_says_so():
    async with house(max_headers=3000) as home:
        client = await home.sign_in()
        assert await client.begin() == 354
        assert await client.say(b"X: 1\r\n" * 2000 + MAIL + b".\r\n") == 250
