"""Passwords are in no log and in no repr (Source: SPEC 9)."""

import base64
import logging

import pytest

from gateway.inbound.smtp.login import Credentials, hear
from tests.inbound.smtp.house import PASSWORD, house, plain_blob

WORD = base64.b64encode(PASSWORD.encode()).decode()


def test_credentials_show_nothing():
    shown = repr(Credentials("head", PASSWORD)) + str(Credentials("head", PASSWORD))
    assert PASSWORD not in shown
    assert "head" not in shown


async def test_what_is_heard_is_what_was_said():
    async def silence(question):
        raise AssertionError(question)

    assert await hear(f"PLAIN {plain_blob('hëad', 'p:ä w')}", silence) == Credentials("hëad", "p:ä w")


@pytest.mark.parametrize(
    "lines",
    [
        [f"AUTH PLAIN {plain_blob('head', PASSWORD)}"],
        ["AUTH PLAIN", plain_blob("head", PASSWORD)],
        ["AUTH LOGIN", "aGVhZA==", WORD],
        ["AUTH PLAIN", "%" + WORD],  # not base64
        ["AUTH CRAM-MD5", WORD],  # said as a command, since no question was asked
        [f"AUTH  PLAIN  {plain_blob('head', PASSWORD)} {WORD}"],
    ],
)
async def test_no_log_at_any_level_holds_a_password(lines, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    async with house() as home:
        for name in ("smtps", "smtp"):
            client = await home.connect(name)
            await client.say("EHLO school.example")
            for line in lines:
                await client.say(line)
    logged = caplog.text + "".join(capfd.readouterr())
    assert "channel=email" in logged  # what we do log was captured
    for secret in (PASSWORD, WORD, plain_blob("head", PASSWORD), "school.example"):
        assert secret not in logged
