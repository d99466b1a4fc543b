"""Whatever a client says, each line that it hears is an answer, and nothing of it stays inside."""

import contextlib
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.inbound.smtp.house import HEAD, Tokens, house, plain_blob

WORDS = [
    b"EHLO a.example\r\n",
    b"HELO a\r\n",
    b"LHLO a\r\n",
    b"MAIL FROM:<%s> SIZE=10\r\n" % HEAD.email.encode(),
    b"MAIL FROM:<>\r\n",
    b"RCPT TO:<files@gateway.test>\r\n",
    b"RCPT TO:<bounce+abc234@gateway.test>\r\n",
    b"DATA\r\n",
    b"RSET\r\n",
    b"NOOP\r\n",
    b"VRFY x\r\n",
    b"AUTH PLAIN %s\r\n" % plain_blob("head", "wrong").encode(),
    b"AUTH LOGIN\r\n",
    b"STARTTLS x\r\n",
    b".\r\n",
    b"Authentication-Results: mx.la.example; dmarc=pass header.from=leys.example\r\n",
    b"From: h.ashdown@leys.example\r\n",
    b"\r\n",
    b"\n.\n",
    b"..\r\n",
    b"\r\n.\r\n",
    b"x" * 5000,
    b"QUIT\r\n",
]
SAID = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=30)), max_size=25)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=SAID, name=st.sampled_from(["smtp", "smtps", "relay", "lmtp"]), pause=st.booleans())
async def test_any_words_are_answered(said, name, pause, capsys):
    async with house(tokens=Tokens(), max_errors=30) as home:
        client = await home.connect(name)
        with contextlib.suppress(OSError):
            for words in said:
                client.send(words)
                if pause:
                    await client.writer.drain()
                    await home.settled()
            client.writer.write_eof() if name != "smtps" else client.writer.close()
            heard = await client.reader.read()
            assert re.fullmatch(rb"(?:[2-5]\d\d[ -][ -~]{0,199}\r\n)*", heard)
    assert "bug" not in "".join(capsys.readouterr())
