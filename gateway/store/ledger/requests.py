"""File requests: what is asked of which schools, and the files that answer.

Owns the port `Requests`. A file that answers is written down when it is seen, since its name is masked in the end;
whether it still counts is asked of the file itself, each time (Source: SPEC 13).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from gateway.core.mail import Notice
from gateway.core.model import FileRecord
from gateway.core.requests import FileRequest
from gateway.store.engine.connection import Row, Transaction
from gateway.store.engine.rows import containing, stamp
from gateway.store.ledger.desk import Desk
from gateway.store.ledger.records import FILE, LIST, TIME, Shape, new_notice_values
from gateway.store.ledger.trail import Entry, append

REQUEST = Shape(FileRequest, {"due_at": TIME, "opened_at": TIME, "types": LIST, "closed_at": TIME})
_SCHOOLS = REQUEST.names.index("schools")  # they have a table of their own


class RequestBook(Desk):
    """The port `Requests`."""

    async def open_request(self, request: FileRequest, notices: Sequence[Notice]) -> None:
        """Write a request down, with the notices that tell of it, in one transaction."""
        await self._write(partial(_open, request=request, notices=notices, now=self._clock.now()))

    async def close_request(self, id: str, *, actor: str, at: datetime) -> bool:
        """End a request; False, and nothing written, when it is closed or not there."""
        return await self._write(partial(_close, id=id, actor=actor, at=at))

    async def requests(self, *, only_open: bool = False) -> list[FileRequest]:
        """Return requests, newest first."""
        query = "open_requests" if only_open else "requests"
        return await self._read(lambda tx: [_request_of(tx, row) for row in tx.rows(query)])

    async def request(self, id: str) -> FileRequest | None:
        """Return one request."""
        return await self._read(partial(_request, id=id))

    async def count_answers(self) -> int:
        """Write down the files that answer open requests and are not counted yet; return how many."""
        found = await self._read(lambda tx: tx.rows("new_answers"))
        if found:  # most looks find nothing, and then nobody waits for the one who writes
            rows = [{"request": request, "file": file} for request, file in found]
            await self._write(lambda tx: tx.change_each("insert_answer", rows))
        return len(found)

    async def answers(self, request: str) -> list[FileRecord]:
        """Return the files that count for a request, the first one first."""
        return await self._read(lambda tx: [FILE.of(row) for row in tx.rows("answers", {"request": request})])


def _open(tx: Transaction, request: FileRequest, notices: Iterable[Notice], now: datetime) -> None:
    values = {name: value for name, value in REQUEST.values(request).items() if name != "schools"}
    tx.change("insert_request", {**values, "word_key": containing(request.word)})
    rows = ({"request": request.id, "position": n, "school": s} for n, s in enumerate(request.schools))
    tx.change_each("insert_request_school", rows)
    tx.change_each("insert_notice", (new_notice_values(notice, now=now) for notice in notices))
    plain = {"service": request.service, "schools": len(request.schools), "due_at": stamp(request.due_at)}
    append(tx, Entry(request.opened_at, request.opened_by, "open-request", request.id, plain, {"title": request.title}))


def _close(tx: Transaction, id: str, actor: str, at: datetime) -> bool:
    if not tx.change("close_request", {"id": id, "actor": actor, "at": stamp(at)}):
        return False
    append(tx, Entry(at, actor, "close-request", id))
    return True


def _request(tx: Transaction, id: str) -> FileRequest | None:
    row = tx.row("request", {"id": id})
    return _request_of(tx, row) if row else None


def _request_of(tx: Transaction, row: Row) -> FileRequest:
    schools = tuple(school for (school,) in tx.rows("request_schools", {"request": row[0]}))
    return REQUEST.of((*row[:_SCHOOLS], schools, *row[_SCHOOLS:]))
