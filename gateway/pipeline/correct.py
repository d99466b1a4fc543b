"""Correct: held bytes under a better name, judged as any file that comes in.

Owns what a corrected record says, and all that can be against it: its name for this sender, its bytes, a file that was
sent before. A better name is no way past a look, nor to send a thing twice; the term stays that of the first receipt
(Source: SPEC 3 "A correction", 6, 10).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.core.admission import Refusal
from gateway.core.contents import Inspection
from gateway.core.model import FileRecord
from gateway.core.names import Reading, read_name
from gateway.core.phrases import moment
from gateway.core.register import Account, Role
from gateway.core.remarks import as_it_came, joined
from gateway.pipeline.decide import (
    fault_in_bytes,
    is_private,
    is_same_bytes,
    newest_other_than,
    remark_of_undo,
    remark_on_twin,
)
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.transitions import Actor
from gateway.ports import Archive, Clock, Ledger

_NOT_HELD = Refusal("not-held", "Its bytes are not held, so it has to be sent again under a better name.")
_NO_NAME = Refusal(
    "no-correction", "There is no name that is certain to be right. Please give the name that it shall have."
)
_NOT_SCANNED = Refusal("not-scanned", "The scanner gives no answer just now. Please try again in a few minutes.")


class Correct:
    """Makes the record that a rejected file becomes under its new name."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        archive: Archive,
        clock: Clock,
        inspect: Inspect,
        directory: LiveDirectory,
        policy: LivePolicy,
        names: NamedLocks,
    ) -> None:
        """Take the parts; `names` are the locks that ingest holds too, by school and name."""
        self._ledger = ledger
        self._archive = archive
        self._clock = clock
        self._inspect = inspect
        self._directory = directory
        self._policy = policy
        self._names = names

    @asynccontextmanager
    async def hold(self, file: FileRecord, name: str | None) -> AsyncIterator[None]:
        """Let nobody else in this process decide about a file of this name meanwhile."""
        reading = self._read(file, name or "", Actor("", ""))
        async with self._names.hold([(reading.school or "", reading.name.casefold())]):
            yield

    async def corrected(self, file: FileRecord, name: str | None, *, by: Actor) -> FileRecord | Refusal:
        """Return the file as it is under its new name, or what is against it."""
        if file.place is None:
            return _NOT_HELD
        if not name:
            return _NO_NAME
        reading = self._read(file, name, by)
        if reading.reason is not None:
            return Refusal(reading.reason, reading.advice)
        known = await self._ledger.twins(school=reading.school or "", name=reading.name)
        twin = next((f for f in known if f.id != file.id and is_same_bytes(f, file.sha256)), None)
        if twin is not None:
            return self._repeated(twin)
        seen = await self._look(file, reading)
        return seen if isinstance(seen, Refusal) else await self._made(file, reading, seen, known)

    def _read(self, file: FileRecord, name: str, by: Actor) -> Reading:
        policy, directory = self._policy.current, self._directory.current
        sender = self._sender(file, by.account)
        return read_name(
            name,
            policy.rules(directory),
            on=policy.day_of(file.sent_at),
            schools=frozenset(sender.schools) if sender else frozenset(),
            put_for=file.school,
        )

    def _sender(self, file: FileRecord, account: Account | None) -> Account | None:
        """Return for whose schools the name is read: who accepts for their own, else who sent it."""
        if account is not None and account.role is not Role.OFFICER:
            return account
        return self._directory.current.account(file.sent_by_user)

    def _repeated(self, twin: FileRecord) -> Refusal:
        when = moment(twin.sent_at, self._policy.current.zone)
        return Refusal(
            "already-received", f"The same file was received on {when}, as {twin.name}; it is {twin.status}."
        )

    async def _look(self, file: FileRecord, reading: Reading) -> Inspection | Refusal:
        service = self._policy.current.catalogue.get(reading.service or "")
        seen = await self._inspect.inspect(
            self._archive.path(file.place or ""),
            size=file.size or 0,
            extension=reading.extension,
            accepts=service.accepts if service else frozenset(),
        )
        if seen.verdict == "wait":
            return _NOT_SCANNED
        fault = fault_in_bytes(file.size or 0, is_whole=file.reason != "truncated", seen=seen, service=service)
        return Refusal(*fault) if fault else seen

    async def _made(self, file: FileRecord, reading: Reading, seen: Inspection, known: list[FileRecord]) -> FileRecord:
        policy = self._policy.current
        school, service = reading.school or "", reading.service or ""
        twins = await self._ledger.same_bytes(school=school, service=service, sha256=file.sha256 or "")
        older = newest_other_than(file.sha256, [f for f in known if f.id != file.id])
        undo = remark_of_undo(self._clock.now(), policy)
        return replace(
            file,
            name=reading.name,
            school=reading.school,
            service=reading.service,
            warnings=reading.warnings,
            date=reading.date or reading.version,
            extension=reading.extension,
            entries=seen.entries,
            reason=None,
            faults=(),
            correction=None,
            detail=None,
            rejected_by=None,
            remark=joined(as_it_came(file.remark), seen.remark, remark_on_twin(twins, policy), undo),
            supersedes=older.id if older else None,
            private=file.private or is_private(policy, reading.service),
            expires_at=policy.terms.for_sent(file.sent_at),
            # A rejection by an officer may have come after a delivery and a receipt: neither is of this sending.
            received_by=None,
            received_by_user=None,
            received_at=None,
            delivered_at=None,
        )
