"""Answer: which notices a submission owes, and to whom.

Owns who is told: the sender of everything, the headteacher of what was rejected, nobody where that is not certain. The
facts and words are those of `core.notices` and the templates (Source: SPEC 4, 6).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from gateway.core import notices
from gateway.core.lifecycle import Event
from gateway.core.model import Channel, FileRecord, Notice, Status, Submission
from gateway.core.register import Account, Role
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.policy import LivePolicy

Context = notices.Receipt | notices.Rejection | notices.NoFile


class Answer:
    """Writes the notices that are owed for a submission; they leave later."""

    def __init__(self, directory: LiveDirectory, policy: LivePolicy) -> None:
        """Take who is who, and the rules in force."""
        self._directory = directory
        self._policy = policy

    def to_submission(
        self, submission: Submission, sender: Account, *, earlier: Sequence[FileRecord] = ()
    ) -> tuple[Notice, ...]:
        """Return what is owed for a submission; the same submission gives the same ids.

        `earlier` are the records that its duplicates point to.
        """
        owed = [
            (reader, *self._to_sender(submission, reader, earlier))
            for reader in self._readers(sender)
            if self._wants_receipt(submission)
        ]
        owed += [
            (head, "rejection", self._to_head(files, head)) for head, files in self._heads(submission, sender).items()
        ]
        return tuple(
            _notice(submission, number, reader=reader, template=template, context=context)
            for number, (reader, template, context) in enumerate(owed, start=1)
        )

    def to_change(
        self, before: FileRecord, after: FileRecord, event: Event, *, by: str, at: datetime, id: str
    ) -> tuple[Notice, ...]:
        """Return what is owed when somebody decided about a file: `id` makes the notices' ids."""
        return ()

    def _readers(self, sender: Account) -> tuple[Account, ...]:
        """Return who reads the receipt: the sender; for a copier, its school's headteachers."""
        if sender.role is not Role.DEVICE:
            return (sender,) if sender.email else ()
        directory = self._directory.current
        return tuple(head for school in sender.schools for head in directory.heads_of(school))

    def _wants_receipt(self, submission: Submission) -> bool:
        is_quiet = submission.channel is Channel.SFTP and not self._policy.current.notices.sftp_receipts
        return not is_quiet or any(f.status is Status.REJECTED for f in submission.files)

    def _to_sender(self, submission: Submission, reader: Account, earlier: Sequence[FileRecord]) -> tuple[str, Context]:
        if submission.outcome:
            return "no-file", notices.no_file(submission, reader=reader, head=self._letterhead())
        held = any(f.correction and f.place for f in submission.files)
        return "receipt", notices.receipt(
            submission,
            reader=reader,
            head=self._letterhead(),
            catalogue=self._policy.current.catalogue,
            earlier=earlier,
            can_rename=held,
        )

    def _heads(self, submission: Submission, sender: Account) -> dict[Account, list[FileRecord]]:
        """Return each headteacher who gets a copy, with the rejected files that they may be told of."""
        told: dict[Account, list[FileRecord]] = {}
        for file in submission.files:
            if file.status is Status.REJECTED and self._policy.current.notices.headteacher_copies:
                for head in self._heads_to_tell(file, sender):
                    told.setdefault(head, []).append(file)
        return told

    def _heads_to_tell(self, file: FileRecord, sender: Account) -> Iterable[Account]:
        return notices.heads_to_tell(
            file, sender=sender, directory=self._directory.current, catalogue=self._policy.current.catalogue
        )

    def _to_head(self, files: Sequence[FileRecord], head: Account) -> notices.Rejection:
        return notices.rejection(
            files,
            reader=head,
            head=self._letterhead(),
            directory=self._directory.current,
            catalogue=self._policy.current.catalogue,
        )

    def _letterhead(self) -> notices.Letterhead:
        policy = self._policy.current
        told = policy.notices
        return notices.Letterhead(told.authority, told.contact, policy.zone, told.full_names)


def _notice(submission: Submission, number: int, *, reader: Account, template: str, context: Context) -> Notice:
    is_reply = submission.channel is Channel.EMAIL and reader.username == submission.username
    return Notice(
        id=f"{submission.id}-n{number}",
        template=template,
        username=reader.username,
        address=reader.email,
        context=notices.plain(context),
        submission=submission.id,
        due_at=submission.received_at,
        first_due_at=submission.received_at,
        in_reply_to=submission.message_id if is_reply else None,
    )
