"""Answer: which notices a submission owes, and to whom.

Owns who is told: the sender of everything, the headteacher of what was rejected, nobody where that is not certain. The
facts and words are those of `core.notices` and the templates (Source: SPEC 4, 6).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from gateway.core import discretion
from gateway.core.lifecycle import Event
from gateway.core.mail import Notice
from gateway.core.model import Channel, Drop, FileRecord, Status
from gateway.core.notices import receipts
from gateway.core.notices.digests import beside_parcel, undeliverable, waits_in_inbox
from gateway.core.notices.nofile import NoFile, no_file_steps
from gateway.core.notices.tidings import TEMPLATES, Tidings, template_of, tidings
from gateway.core.register import Account, Role
from gateway.core.routing import Target
from gateway.core.steps import Steps, finished
from gateway.core.submission import Submission
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.pace import Pace
from gateway.pipeline.policy import LivePolicy

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Context = receipts.Receipt | receipts.Rejection | NoFile | Tidings
ADMINISTRATOR = "administrator"  # as a notice greets whoever reads the authority's own address


class Answer:
    """Writes the notices that are owed for a submission; they leave later."""

    def __init__(self, directory: LiveDirectory, policy: LivePolicy, pace: Pace) -> None:
        """Take who is who, the rules in force, and how long in one go something may be written."""
        self._directory = directory
        self._policy = policy
        self._pace = pace

    async def to_submission(
        self,
        submission: Submission,
        sender: Account,
        *,
        earlier: Sequence[FileRecord] = (),
        is_automatic: bool = False,
    ) -> tuple[Notice, ...]:
        """Return what is owed for a submission; the same submission gives the same ids.

        `earlier` are the records that its duplicates point to. A message that a program wrote has no answer but for a
        file that was rejected, of which somebody must hear.
        """
        is_answered = self._wants_receipt(submission, is_automatic=is_automatic)
        readers = self._readers(sender) if is_answered else ()
        owed = [(reader, *self._to_sender(submission, reader, earlier)) for reader in readers]
        heads = await self._pace.through(self._heads(submission, sender))
        owed += [
            (head, "rejection", self._to_head(files, head, is_sender_told=is_answered)) for head, files in heads.items()
        ]
        return tuple(
            [
                _notice(submission, n, reader=reader, template=name, context=await self._pace.through(_written(told)))
                for n, (reader, name, told) in enumerate(owed, start=1)
            ]
        )

    def to_change(
        self, before: FileRecord, after: FileRecord, event: Event, *, by: str, at: datetime, id: str
    ) -> tuple[Notice, ...]:
        """Return what is owed when somebody decided about a file: `id` makes the notices' ids."""
        template = template_of(before, event)
        sender = self._directory.current.account(after.sent_by_user)
        if template is None or sender is None or not self._wants(template):
            return ()
        # A reason that comes later is told as the rejection's, whoever wrote it down.
        who, when = (after.rejected_by or by, before.status_at or at) if event is Event.EXPLAIN else (by, at)
        contexts: list[tuple[Account, str, Context]] = [
            (reader, template, self._tidings(before, after, by=who, at=when, reader=reader))
            for reader in self._readers_of(after, sender)
        ]
        if event is Event.REJECT and self._policy.current.notices.headteacher_copies:
            told = {reader.username for reader, _, _ in contexts}
            heads = (head for head in self._heads_to_tell(sender)(after) if head.username not in told)
            contexts += [(head, "rejection", finished(self._to_head((after,), head))) for head in heads]
        return tuple(
            Notice(
                id=f"{id}-n{number}",
                template=name,
                username=reader.username,
                address=reader.email,
                context=receipts.plain(context),
                submission=after.submission,
                due_at=at,
                first_due_at=at,
            )
            for number, (reader, name, context) in enumerate(contexts, start=1)
        )

    def to_undeliverable(self, drop: Drop, file: FileRecord, *, at: datetime) -> tuple[Notice, ...]:
        """Return the alert to the administrator about a delivery that is given up; one for each time it was begun."""
        since = drop.first_due_at or at
        policy, directory = self._policy.current, self._directory.current
        if not policy.notices.administrator:
            return ()
        context = undeliverable(
            drop,
            file,
            reader=ADMINISTRATOR,
            head=self.letterhead(),
            directory=directory,
            catalogue=policy.catalogue,
        )
        return (self.unasked(f"{drop.id}-given-up-{since:%Y%m%d%H%M%S%f}", "undeliverable", context, at=at),)

    def to_mailbox(self, drop: Drop, file: FileRecord, target: Target, *, at: datetime) -> Notice:
        """Return the word to a service's mailbox that a file is too large for it and waits in the Inbox."""
        context = waits_in_inbox(
            file,
            code=drop.service,
            head=self.letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )
        return replace(self.unasked(f"{drop.id}-waits", "waits-in-inbox", context, at=at), address=target.address)

    def beside_parcel(self, drop: Drop, file: FileRecord) -> str:
        """Return the text of the email that carries a file to its service."""
        return beside_parcel(
            file,
            code=drop.service,
            head=self.letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )

    def unasked(
        self, id: str, template: str, context: "DataclassInstance", *, at: datetime, reader: Account | None = None
    ) -> Notice:
        """Return a notice that nobody asked for: to a person, else to the administrator's address."""
        return Notice(
            id=id,
            template=template,
            username=reader.username if reader else "",
            address=reader.email if reader else self._policy.current.notices.administrator,
            context=receipts.plain(context),
            due_at=at,
            first_due_at=at,
            is_answer=False,
        )

    def _wants(self, template: str) -> bool:
        return template != TEMPLATES[Event.RECEIVE] or self._policy.current.notices.tell_received

    def _readers_of(self, file: FileRecord, sender: Account) -> tuple[Account, ...]:
        """Return who reads what became of a file; for a copier's private file, nobody."""
        is_delicate = discretion.is_delicate(file.name, self._policy.current.catalogue)
        if sender.role is Role.DEVICE and (file.private or is_delicate):
            return ()
        return self._readers(sender)

    def _tidings(self, before: FileRecord, after: FileRecord, *, by: str, at: datetime, reader: Account) -> Tidings:
        return tidings(
            before,
            after,
            by=by,
            at=at,
            reader=reader,
            head=self.letterhead(),
            catalogue=self._policy.current.catalogue,
            can_reply=self._can_reply(reader, after.sent_by_user),
        )

    def _can_reply(self, reader: Account, sender: str) -> bool:
        """Only the sender's own notices take commands, never a copy (SPEC 4)."""
        return self._policy.current.notices.takes_replies and reader.username == sender

    def _readers(self, sender: Account) -> tuple[Account, ...]:
        """Return who reads the receipt: the sender; for a copier, who answers for it."""
        if sender.role is not Role.DEVICE:
            return (sender,) if sender.email else ()
        return self.who_answer_for(sender)

    def who_answer_for(self, device: Account) -> tuple[Account, ...]:
        """Return the headteachers of a device's school, else its other people, else the administrator.

        What a copier sends to a private service may be about the headteacher: then the administrator alone.
        """
        directory, catalogue = self._directory.current, self._policy.current.catalogue
        administrator = self._policy.current.notices.administrator
        fallback = (_reader_at(administrator),) if administrator else ()
        if any((service := catalogue.get(code)) and service.private for code in device.services):
            return fallback
        people = [p for school in device.schools for p in directory.people_of(school) if _can_answer(p)]
        heads = tuple(person for person in people if person.role is Role.HEAD)
        return heads or tuple(people) or fallback

    def _wants_receipt(self, submission: Submission, *, is_automatic: bool) -> bool:
        has_rejected = any(f.status is Status.REJECTED for f in submission.files)
        if is_automatic:
            # Who signs in is the school's own program, and no mail system that answers us: so no loop can come of it.
            return has_rejected and submission.verified_by == "password"
        is_quiet = submission.channel is Channel.SFTP and not self._policy.current.notices.sftp_receipts
        return not is_quiet or has_rejected

    def _to_sender(
        self, submission: Submission, reader: Account, earlier: Sequence[FileRecord]
    ) -> tuple[str, Steps[Context]]:
        if submission.outcome:
            return "no-file", no_file_steps(submission, reader=reader, head=self.letterhead())
        held = any(f.correction and f.place for f in submission.files)
        return "receipt", receipts.receipt_steps(
            submission,
            reader=reader,
            head=self.letterhead(),
            catalogue=self._policy.current.catalogue,
            earlier=earlier,
            can_rename=held,
            can_reply=self._can_reply(reader, submission.username),
        )

    def _heads(self, submission: Submission, sender: Account) -> Steps[dict[Account, list[FileRecord]]]:
        """Return each headteacher who gets a copy, with the rejected files that they may be told of."""
        told: dict[Account, list[FileRecord]] = {}
        tell = self._heads_to_tell(sender)  # who they are between two files changes nothing
        if sender.role is Role.DEVICE or not self._policy.current.notices.headteacher_copies:
            return told  # who answers for a device reads its receipt
        for file in submission.files:
            for head in tell(file) if file.status is Status.REJECTED else ():
                told.setdefault(head, []).append(file)
            yield
        return told

    def _heads_to_tell(self, sender: Account) -> Callable[[FileRecord], Iterable[Account]]:
        """Return who is told of a file, as it stands now."""
        return partial(
            discretion.heads_to_tell,
            sender=sender,
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )

    def _to_head(
        self, files: Sequence[FileRecord], head: Account, *, is_sender_told: bool = True
    ) -> Steps[receipts.Rejection]:
        return receipts.rejection_steps(
            files,
            reader=head,
            head=self.letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
            is_sender_told=is_sender_told,
        )

    def letterhead(self) -> receipts.Letterhead:
        """Return whose notices these are."""
        policy = self._policy.current
        told = policy.notices
        return receipts.Letterhead(told.authority, told.contact, policy.zone, told.full_names)


def _can_answer(person: Account) -> bool:
    return person.is_active and person.role in (Role.HEAD, Role.STAFF)


def _reader_at(address: str) -> Account:
    """Return whoever reads an address of the authority's, who has no account."""
    return Account("", ADMINISTRATOR, "", address, Role.HEAD)


def _written(telling: Steps[Context]) -> Steps[dict[str, object]]:
    return (yield from receipts.plain_steps((yield from telling)))


def _notice(
    submission: Submission, number: int, *, reader: Account, template: str, context: Mapping[str, object]
) -> Notice:
    is_reply = submission.channel is Channel.EMAIL and reader.username == submission.username
    return Notice(
        id=f"{submission.id}-n{number}",
        template=template,
        username=reader.username,
        address=reader.email,
        context=context,
        submission=submission.id,
        due_at=submission.received_at,
        first_due_at=submission.received_at,
        in_reply_to=submission.message_id if is_reply else None,
    )
