"""What comes to a bounce address: the word that a message of ours was not delivered, or something else.

Owns the difference. A report says in its Action fields what became of a message; one of a delay is no bounce, nor is a
read receipt, nor the absence note of somebody who did get the message. What bears no mark of any of these is taken for
a bounce, as old mail systems write them. Reads a bounded beginning of the body, keeps none of it, and never raises.

Source: RFC 3464 2.3.3, RFC 3834; SPEC 4.
"""

import re

from gateway.inbound.smtp.headers import Headers, read_headers
from gateway.inbound.smtp.heading import read_automation
from gateway.inbound.smtp.limits import MessageLimits

_LOOKED_AT = 262_144  # bytes of a body; the message that was not delivered stands behind the report
_ACTION = re.compile(rb"\naction:[ \t]*(failed|delayed|delivered|relayed|expanded)\b", re.IGNORECASE)
_FIELD = 64  # bytes: a field that is cut is read with the next piece


class Comeback:
    """One message without a sender, while it comes in."""

    def __init__(self, header: bytes) -> None:
        """Take its header block, each line with its CRLF."""
        self._headers = read_headers(header, MessageLimits(header_bytes=len(header) + 1))
        self._actions: set[bytes] = set()
        self._tail = b"\n"
        self._left = _LOOKED_AT

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        if self._left <= 0:
            return
        data = self._tail + piece[: self._left]
        self._left -= len(piece)
        self._actions.update(match[1].lower() for match in _ACTION.finditer(data))
        self._tail = data[-_FIELD:]

    @property
    def is_failure(self) -> bool:
        """Whether it tells that our message did not arrive, as far as was read."""
        if self._actions:
            return b"failed" in self._actions
        if _is_report(self._headers):
            return self._headers.content_type.get("report-type").lower() in ("", "delivery-status")
        # Exim's old bounces call themselves automatic, and name who did not get the message.
        return not read_automation(self._headers).marks or bool(self._headers.number_of("x-failed-recipients"))


def _is_report(headers: Headers) -> bool:
    return headers.content_type.value == "multipart/report"
