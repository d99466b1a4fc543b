"""The sentences that a sender's mail system hears, and shows to the person who wrote.

Owns their code, their class (RFC 3463) and their words: ASCII, under 200 characters whatever is filled in, saying what
to do. No text of an exception and no word of the client ever stands in one (Source: SPEC 4; FIELD-NOTES A.3).
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Self

MAX_LENGTH = 199  # characters of a line without its end; Exchange shows that much in a bounce


@dataclass(frozen=True)
class Reply:
    """One line of an answer."""

    code: int
    status: str  # enhanced status code, RFC 3463; "" where there is none
    text: str  # may hold {contact} and other names in braces
    reason: str = ""  # stable word for the log; "" when there is nothing to log

    def filled(self, **values: object) -> Self:
        """Return the reply with its names in braces replaced."""
        return type(self)(self.code, self.status, self.text.format(**values), self.reason)

    @cached_property
    def has_blanks(self) -> bool:
        """Whether there are names in braces."""
        return "{" in self.text

    @cached_property
    def line(self) -> bytes:
        """The line as it goes out, without its end."""
        return str(self).encode("ascii")

    def __str__(self) -> str:
        """Return that line as text."""
        return plain(" ".join(filter(None, (str(self.code), self.status, self.text))))


def plain(text: str) -> str:
    """Return printable ASCII on one line, short enough for a bounce."""
    if text.isascii() and text.isprintable() and len(text) <= MAX_LENGTH:
        return text
    spread = unicodedata.normalize("NFKD", text).replace("\u2019", "'").replace("\u2013", "-")
    letters = "".join(c for c in spread if not unicodedata.combining(c))
    line = " ".join("".join(c if " " <= c <= "~" else "?" if c > "~" else " " for c in letters).split())
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 3].rstrip() + "..."


OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
ACCEPTED = Reply(250, "2.0.0", "Accepted as {id}")
SIGNED_IN = Reply(235, "2.7.0", "Signed in")
TELLS_NOTHING = Reply(
    252, "2.5.2", "Addresses are not looked up here; send the message, and it will be taken or refused"
)
HELP = Reply(214, "2.0.0", "This gateway takes files that schools send to their authority; for help ask {contact}")

# Who may come in
SHUTTING_DOWN = Reply(
    421, "4.3.2", "The gateway is being restarted; please try again in a few minutes", "shutting-down"
)
TOO_MANY_HERE = Reply(421, "4.7.0", "Too many connections just now; please try again in a few minutes", "connections")
TOO_MANY_OF_YOURS = Reply(
    421, "4.7.0", "Too many connections from your address; please close some and try again", "connections-of-address"
)
MADE_ROOM = Reply(421, "4.7.0", "Closed to make room for others, since nothing was sent; please connect again", "idle")
NOT_A_RELAY = Reply(
    554,
    "5.7.1",
    "Your address is not in this listener's list of relays; use the public one, or ask {contact}",
    "no-relay",
)
IDLE = Reply(421, "4.4.2", "Nothing was heard from you for too long; please connect again", "idle")
TOO_SLOW = Reply(421, "4.4.2", "The message came too slowly and was not kept; please send it again", "too-slow")
TOO_LONG = Reply(
    421, "4.4.2", "The message took too long to come in and was not kept; sign in (SMTP AUTH), or use SFTP", "too-long"
)
TOO_MANY_STRANGERS = Reply(
    451,
    "4.7.0",
    "Too many messages are coming in from senders who did not sign in; please try again in a few minutes",
    "strangers",
)
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands in one connection; please connect again", "commands")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors in one connection; please check your settings", "errors")
SPOKE_TOO_SOON = Reply(554, "5.5.0", "The message was sent before our 354 reply; wait for it, then send", "too-soon")

# Order of commands, and their form
UNKNOWN_COMMAND = Reply(500, "5.5.2", "That is no command of this gateway; HELP says whom to ask")
UNREADABLE = Reply(500, "5.5.2", "That can't be read as a command")
LINE_TOO_LONG = Reply(500, "5.5.6", "The line is too long for a command")
NEED_HELLO = Reply(503, "5.5.1", "Say EHLO first")
NEED_MAIL = Reply(503, "5.5.1", "Say MAIL FROM first")
NEED_RECIPIENT = Reply(503, "5.5.1", "No recipient was accepted; say RCPT TO first")
MAIL_TWICE = Reply(503, "5.5.1", "A message is under way already; say RSET to start again")
BAD_HELLO = Reply(501, "5.5.4", "Say EHLO and the name of your host")
BAD_MAIL = Reply(501, "5.5.4", "Say MAIL FROM:<you@your.school>")
BAD_RECIPIENT = Reply(501, "5.5.4", "Say RCPT TO:<address>")
BAD_DATA = Reply(501, "5.5.4", "DATA takes no argument")
BAD_PARAMETER = Reply(555, "5.5.4", "A parameter was given that is not offered here")
LMTP_ONLY = Reply(500, "5.5.1", "This listener speaks LMTP; say LHLO")

# TLS and signing in
NEED_TLS = Reply(
    530, "5.7.0", "Please switch TLS on (STARTTLS, or SSL/TLS on port 465): nothing is taken on an open line", "no-tls"
)
NO_TLS_HERE = Reply(502, "5.5.1", "STARTTLS is not offered on this connection")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already on")
BAD_STARTTLS = Reply(501, "5.5.4", "STARTTLS takes no argument")
LOGIN_NEEDS_TLS = Reply(
    538, "5.7.11", "Please switch TLS on before signing in; if a password was sent, change it", "no-tls"
)
NO_LOGIN_HERE = Reply(502, "5.5.1", "Signing in is not offered on this listener")
LOGIN_TWICE = Reply(503, "5.5.1", "Sign in once, before MAIL FROM")
BAD_MECHANISM = Reply(504, "5.5.4", "Sign in with AUTH PLAIN or AUTH LOGIN")
BAD_LOGIN = Reply(501, "5.5.2", "What was sent can't be read as a username and a password")
LOGIN_CANCELLED = Reply(501, "5.7.0", "Signing in was cancelled")
LOGIN_TOO_LONG = Reply(500, "5.5.6", "The line is too long for a username or a password")
LOGIN_REFUSED = Reply(535, "5.7.8", "{sentence}", "login")
DEVICE_NEEDS_TLS = Reply(
    535,
    "5.7.11",
    "A device signs in where TLS is on from the first byte (SSL/TLS, port 465); ask {contact}",
    "device-tls",
)
LOGIN_LATER = Reply(
    454, "4.7.0", "Signing in is not possible just now; please try again in a few minutes", "login-later"
)
TOO_MANY_TRIES = Reply(
    421, "4.7.0", "Too many wrong passwords; please check the password, or ask {contact}", "guessing"
)
SHUT_OUT = Reply(
    421, "4.7.0", "Too many wrong passwords from your address; try again later, or ask {contact}", "guessing-address"
)
ACCESS_ENDED = Reply(421, "4.7.0", "Your access was changed; please sign in again, or ask {contact}", "account-changed")
NEED_LOGIN = Reply(
    530,
    "5.7.0",
    "Please sign in with your gateway username and password (SMTP AUTH); for help ask {contact}",
    "no-login",
)

# Who is speaking, and to whom
NOT_YOUR_ADDRESS = Reply(
    550,
    "5.7.1",
    "You are signed in, but the sender is not your registered address; send as that, or ask {contact}",
    "not-own",
)
NOT_VERIFIED = Reply(550, "5.7.1", "{sentence}", "sender")
NOT_CHECKED = Reply(
    451,
    "4.4.3",
    "Who sent this could not be checked just now; most often a name server (DNS) did not answer. Please try again",
    "not-checked",
)
UNKNOWN_RECIPIENT = Reply(550, "5.1.1", "There is no such address here; please check it, or ask {contact}", "recipient")
REFUSED_RECIPIENT = Reply(550, "5.1.1", "{sentence}", "recipient")
NO_BOUNCES_HERE = Reply(
    550, "5.7.1", "Mail without a sender is taken only as the bounce of a notice of ours", "null-sender"
)
NOT_A_BOUNCE = Reply(
    550,
    "5.7.1",
    "Only the word that a message of ours did not arrive is taken here; there is nothing that you need to do",
    "no-bounce",
)
ONE_FOLDER = Reply(
    550,
    "5.5.3",
    "Documents for schools go to one documents address a message, and to nobody else here; please send the rest alone",
    "one-folder",
)
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients; the gateway needs only one", "recipients")

# The message
GO_AHEAD = Reply(354, "", "Send the message, and end it with a line that holds only a dot")
TOO_LARGE = Reply(
    552,
    "5.3.4",
    "The message is larger than {limit}, the most that email may carry here; send the file by SFTP",
    "too-large",
)
DISK_FULL = Reply(
    452, "4.3.1", "There is too little room to keep the message just now; please send it again later", "disk"
)
BARE_NEWLINE = Reply(
    550,
    "5.6.0",
    "The message has line ends that mail does not allow (bare CR or LF), or a file in it is not encoded; please use a "
    "mail program",
    "bare-newline",
)
HEADER_TOO_LONG = Reply(
    552, "5.3.4", "The header of the message is too long; please send it as a new message", "header"
)
LOOP = Reply(554, "5.4.6", "The message has been through too many mail systems: it is going round in a circle", "loop")
TROUBLE = Reply(
    451, "4.3.0", "Something went wrong on our side; nothing is lost, your mail system will try again", "trouble"
)
