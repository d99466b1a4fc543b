"""The records of file requests, as the use-cases need them.

Owns no behaviour (Source: DESIGN 2, 3).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.mail import Notice
from gateway.core.model import FileRecord
from gateway.core.requests import FileRequest


class Requests(Protocol):
    """What the authority asks its schools for."""

    async def open_request(self, request: FileRequest, notices: Sequence[Notice]) -> None:
        """Write a request down, with the notices that tell of it, in one transaction."""
        ...

    async def close_request(self, id: str, *, actor: str, at: datetime) -> bool:
        """End a request; False, and nothing written, when it is closed or not there."""
        ...

    async def requests(self, *, only_open: bool = False) -> list[FileRequest]:
        """Return requests, newest first."""
        ...

    async def request(self, id: str) -> FileRequest | None:
        """Return one request."""
        ...

    async def count_answers(self) -> int:
        """Write down the files that answer open requests and are not counted yet; return how many."""
        ...

    async def answers(self, request: str) -> list[FileRecord]:
        """Return the files that count for a request, the first one first."""
        ...
