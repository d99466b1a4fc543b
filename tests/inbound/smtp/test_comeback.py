"""What comes to a bounce address is a bounce, or it is not (Source: RFC 3464 2.3.3, RFC 3834; SPEC 4)."""

import pytest

from gateway.inbound.smtp.comeback import Comeback

REPORT = (
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nAuto-Submitted: auto-replied\r\n'
)
AWAY = b"Subject: Automatic reply: Files to collect\r\n"


def status(*actions, blank=b" "):
    """A report about as many recipients as there are actions."""
    groups = (b"\r\nFinal-Recipient: rfc822; a@leys.example\r\nAction:" + blank + a + b"\r\n" for a in actions)
    return (
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n"
        + b"".join(groups)
        + b"--b--\r\n"
    )


MESSAGES = {  # what came; whether our message did not arrive
    "Postfix: not delivered": (REPORT, status(b"failed"), True),
    "Exchange: not delivered": (REPORT, status(b"FAILED", blank=b""), True),
    "delivered to one and not to another": (REPORT, status(b"delivered", b"failed"), True),
    "still being tried": (REPORT, status(b"delayed"), False),
    "handed on": (REPORT, status(b"relayed"), False),
    "delivered": (REPORT, status(b"delivered"), False),
    "sent on to a list": (REPORT, status(b"expanded"), False),
    "a report with a word that nobody knows": (REPORT, status(b"eaten"), True),
    "a report without a status": (REPORT, b"--b\r\n\r\nIt did not arrive.\r\n--b--\r\n", True),
    "a report of no kind": (b"Content-Type: multipart/report; boundary=b\r\n", b"", True),
    "a read receipt": (REPORT.replace(b"delivery-status", b"disposition-notification"), b"", False),
    "a complaint": (REPORT.replace(b"delivery-status", b"feedback-report"), b"", False),
    "qmail: not delivered": (b"Subject: failure notice\r\n", b"Hi. This is the qmail-send program.\r\n", True),
    "Exim, of old": (AWAY + b"Auto-Submitted: auto-replied\r\nX-Failed-Recipients: a@leys.example\r\n", b"", True),
    "away, by RFC 3834": (AWAY + b"Auto-Submitted: auto-replied (vacation)\r\n", b"I am away.\r\n", False),
    "away, by Exchange": (AWAY + b"X-Auto-Response-Suppress: All\r\n", b"I am away.\r\n", False),
    "away, by an old program": (AWAY + b"Precedence: bulk\r\n", b"I am away.\r\n", False),
    "the word in a line of text": (REPORT, b"The action: failed\r\n" + status(b"delayed"), False),
    "nothing at all": (b"", b"", True),
}


@pytest.mark.parametrize("size", [1, 7, 65_536])
@pytest.mark.parametrize("rule", MESSAGES)
def test_what_did_not_arrive_is_told_from_the_rest(rule, size):
    header, body, is_failure = MESSAGES[rule]
    comeback = Comeback(header)
    for at in range(0, len(body), size):
        comeback.feed(body[at : at + size])
    assert comeback.is_failure == is_failure


def test_only_the_beginning_of_a_body_is_looked_at():
    comeback = Comeback(REPORT)
    comeback.feed(status(b"delayed"))
    for _ in range(10):
        comeback.feed(b"x" * 65_536)
    comeback.feed(status(b"failed"))
    assert not comeback.is_failure
