"""Notices leave by the relay, and what it answers has one meaning each (Source: SPEC 6, 11)."""

import email
import email.policy

import pytest

from gateway.core.endpoint import Relay as RelayUrl
from gateway.core.mail import Mail, Posted
from gateway.errors import ConfigError
from gateway.outbound.courier import SmtpCourier, trust
from tests.fakes import ManualClock
from tests.inbound.smtp.house import certificate
from tests.outbound.relay import relay

HEAD = "h.ashdown@leys.example"
MAIL = Mail(HEAD, "Your file arrived", "Thank you.\n.\n..dots\nFrom here", "<1@gateway.test>")
SCHEMES = {"plain": "smtp://127.0.0.1", "starttls": "smtp+starttls://localhost", "tls": "smtps://localhost"}


def courier(port, security="plain", **options):
    options = {"ca_file": certificate()[0], **options}
    url = RelayUrl.parse(f"{SCHEMES[security]}:{port}")
    return SmtpCourier(relay=url, sender="files@gateway.test", authority="Derbyshire", clock=ManualClock(), **options)


def read(letter):
    return email.message_from_bytes(letter, policy=email.policy.default)


@pytest.mark.parametrize("security", SCHEMES)
async def test_a_mail_leaves_and_arrives_as_it_was(security):
    async with relay(security) as (server, port):
        (posted,) = await courier(port, security).send([MAIL])
    assert posted == Posted("sent", "2.0.0 queued as 1")
    ((sender, recipient, letter),) = server.letters
    assert (sender, recipient) == ("", HEAD)
    got = read(letter.replace(b"\r\n..", b"\r\n."))
    assert got.get_content().splitlines() == MAIL.text.splitlines()
    assert got["To"] == HEAD
    assert got["From"] == "Derbyshire <files@gateway.test>"
    assert got["Date"] == "Sun, 22 Nov 2026 09:00:00 +0000"


async def test_one_connection_carries_a_batch():
    async with relay() as (server, port):
        posted = await courier(port).send([MAIL] * 5)
    assert [p.outcome for p in posted] == ["sent"] * 5
    assert (len(server.letters), server.connections, server.commands[-1]) == (5, 1, "QUIT")
    assert server.commands[0] == "EHLO gateway.test"


async def test_nothing_to_send_is_no_reason_to_connect():
    async with relay() as (server, port):
        assert await courier(port).send([]) == []
    assert server.connections == 0


async def test_a_login_is_said_when_there_is_one_and_is_in_no_repr():
    async with relay("tls") as (server, port):
        sender = courier(port, "tls", username="gateway", password="Sesame-1")
        assert [p.outcome for p in await sender.send([MAIL])] == ["sent"]
    assert [line.split()[:2] for line in server.commands if line.startswith("AUTH")] == [["AUTH", "PLAIN"]]
    assert "Sesame" not in repr(vars(sender))


async def test_a_return_path_is_used_when_given():
    mail = Mail(HEAD, "x", "y", "<1@g.test>", return_path="bounce+abc@gateway.test")
    async with relay() as (server, port):
        await courier(port).send([mail])
    assert server.letters[0][0] == "bounce+abc@gateway.test"


# What the relay answers, and what that means for the mail.
MEANING = {
    "a temporary error at the recipient": ({"RCPT": "450 4.2.0 later"}, "later"),
    "a final error at the recipient": ({"RCPT": "550 5.1.1 no such user"}, "refused"),
    "a temporary error at the message": ({"END": "451 4.3.0 try again"}, "later"),
    "a final error at the message": ({"END": "554 5.7.1 looks like spam"}, "refused"),
    "a final error at DATA": ({"DATA": "554 no valid recipients"}, "refused"),
    "our own address is not wanted": ({"MAIL": "550 5.7.1 sender rejected"}, "later"),
    "the relay wants a login at MAIL": ({"MAIL": "530 5.7.0 authentication required"}, "later"),
    "the relay wants a login at RCPT": ({"RCPT": "530 5.7.0 authentication required"}, "later"),
    "the relay wants no connection": ({"greeting": "554 5.7.1 go away"}, "later"),
    "the relay is busy": ({"greeting": "421 4.3.2 busy"}, "later"),
    "the hello is refused": ({"EHLO": "550 no", "HELO": "550 no"}, "later"),
    "the relay hangs up at once": ({"greeting": ""}, "later"),
    "the relay hangs up at MAIL": ({"MAIL": ""}, "later"),
    "the relay hangs up at the end": ({"END": ""}, "later"),
    "the relay talks nonsense": ({"greeting": "hello there"}, "later"),
    "the relay talks nonsense at RCPT": ({"RCPT": "what?"}, "later"),
    "the relay closes with a word": ({"RCPT": "421 4.3.2 shutting down"}, "later"),
}


@pytest.mark.parametrize("rule", MEANING)
async def test_each_answer_has_one_meaning(rule):
    answers, outcome = MEANING[rule]
    async with relay(**answers) as (server, port):
        (posted,) = await courier(port).send([MAIL])
    assert posted.outcome == outcome
    assert posted.text
    assert server.letters == []


@pytest.mark.parametrize("at", ["greeting", "EHLO", "RCPT", "END"])
async def test_silence_is_later(at):
    async with relay(**{at: None}) as (_, port):
        (posted,) = await courier(port, timeout=0.1).send([MAIL])
    assert posted.outcome == "later"
    assert posted.text


async def test_a_wrong_login_loses_nothing():
    async with relay(AUTH="535 5.7.8 wrong password") as (server, port):
        posted = await courier(port, username="gateway", password="x").send([MAIL, MAIL])
    assert [p.outcome for p in posted] == ["later", "later"]
    assert server.connections == 1  # a second wrong login would only shut us out


async def test_a_relay_that_is_not_there_is_later():
    async with relay() as (_, port):
        pass
    (posted,) = await courier(port).send([MAIL])
    assert posted == Posted("later", "the relay can't be reached: connection refused")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(security):
    async with relay(security) as (server, port):
        (posted,) = await courier(port, security, ca_file=None).send([MAIL])
    assert posted.outcome == "later"
    assert "certificate" in posted.text.lower()
    assert server.letters == []


async def test_a_certificate_for_another_name_is_not_talked_to():
    async with relay("tls") as (server, port):
        url = RelayUrl.parse(f"smtps://127.0.0.1:{port}")
        other = SmtpCourier(relay=url, sender="f@g.test", clock=ManualClock(), ca_file=certificate()[0])
        (posted,) = await other.send([MAIL])
    assert posted.outcome == "later"
    assert server.letters == []


@pytest.mark.parametrize("answers", [{"EHLO": "250 relay"}, {"STARTTLS": "454 no"}])
async def test_a_relay_that_stopped_offering_tls_gets_no_mail_on_an_open_line(answers):
    async with relay("starttls", **answers) as (server, port):
        (posted,) = await courier(port, "starttls").send([MAIL])
    assert posted.outcome == "later"
    assert not any(line.startswith(("MAIL", "AUTH")) for line in server.commands)


async def test_one_refused_mail_does_not_hold_the_others():
    other = Mail("gone@leys.example", "x", "y", "<2@gateway.test>")
    async with relay(**{"RCPT TO:<gone@leys.example>": "550 5.1.1 unknown"}) as (server, port):
        posted = await courier(port).send([MAIL, other, MAIL])
    assert [p.outcome for p in posted] == ["sent", "refused", "sent"]
    assert (len(server.letters), server.connections) == (2, 1)


@pytest.mark.parametrize("answer", ["", None, "what?"])
async def test_a_connection_that_breaks_costs_one_mail_its_turn(answer):
    other = Mail("gone@leys.example", "x", "y", "<2@gateway.test>")
    async with relay(**{"RCPT TO:<gone@leys.example>": answer}) as (server, port):
        posted = await courier(port, timeout=0.2).send([MAIL, other, MAIL])
    assert [p.outcome for p in posted] == ["sent", "later", "sent"]
    assert server.connections == 2


@pytest.mark.parametrize(
    "mail",
    [
        Mail("h@leys.example\r\nBcc: evil@evil.example", "x", "y", "<1@g.test>"),
        Mail("h@leys.example>, <evil@evil.example", "x", "y", "<1@g.test>"),
        Mail("h@leys.example, evil@evil.example", "x", "y", "<1@g.test>"),
        Mail("hé@leys.example", "x", "y", "<1@g.test>"),
        Mail("", "x", "y", "<1@g.test>"),
        Mail(HEAD, "x", "y", "<1@g.test>", return_path="a@b.test>\r\nRCPT TO:<evil@evil.example"),
        Mail(HEAD, "x", "y", "<1@g.test>", reply_to="a@b.test\r\nBcc: evil@evil.example"),
    ],
)
async def test_an_address_that_is_none_is_refused_and_not_sent(mail):
    async with relay() as (server, port):
        (posted,) = await courier(port).send([mail])
    assert posted.outcome == "refused"
    assert server.commands == []


def test_a_file_that_holds_no_certificates_is_a_fault_of_the_configuration(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    for file in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match="PEM"):
            trust(file)
