"""Reply: what people answer to our notices by email, and what comes back of them.

Owns the carrying out of ACCEPT, RECALL, STATUS and HELP for the one person that a token is for, once, and the answer
that is owed for each reply. A program's answer is never obeyed and never answered. Safe to repeat: a message that was
cut off in the middle finds what it did (Source: SPEC 4; FIELD-NOTES A.3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gateway import log
from gateway.core.admission import Refusal
from gateway.core.contents import Unpacked
from gateway.core.lifecycle import Event
from gateway.core.mail import Notice
from gateway.core.model import FileRecord, Status
from gateway.core.notices.receipts import plain
from gateway.core.notices.replies import (
    Command,
    Outcome,
    Word,
    answered,
    is_acceptable,
    is_recallable,
    numbered,
    read_command,
)
from gateway.core.register import Account
from gateway.core.standing import Approach
from gateway.core.submission import Envelope
from gateway.core.tokens import TokenKind
from gateway.errors import Transient
from gateway.pipeline.answer import Answer
from gateway.pipeline.decisions import Actor, Decisions
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.people.access import Access
from gateway.pipeline.people.letters import Letters
from gateway.pipeline.tokens import Known, Tokens
from gateway.ports import Clock, Ledger

REPLIED = "reply"  # the outcome of a message that brought no file because it was an answer to a notice
CAME_BACK = "It came back: the mail system of this address did not take it."
NOT_YOURS = "not-yours-to-send"  # why a file is ignored that came from who may reply and not send
_AT_ONCE = frozenset({"busy", "changed"})  # refusals that pass in seconds: the message waits for them


@dataclass(frozen=True)
class _Wish:
    """What a command does, and to which files."""

    event: Event
    can_be_done: Callable[[FileRecord], bool]
    concerns: Callable[[FileRecord], bool]  # files that a person may mean, also where it can't be done
    nothing: str  # the sentence when there is no such file


_WISHES = {
    Word.ACCEPT: _Wish(
        Event.ACCEPT,
        is_acceptable,
        lambda file: file.status is Status.REJECTED,
        "There is no rejected file that could be sent under another name.",
    ),
    Word.RECALL: _Wish(
        Event.RECALL,
        is_recallable,
        lambda file: file.status is Status.RECEIVED,
        "There is no file that could be recalled.",
    ),
}


class Reply:
    """Works on messages to reply+ and bounce+ addresses."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        directory: LiveDirectory,
        tokens: Tokens,
        decisions: Decisions,
        answer: Answer,
        letters: Letters,
        access: Access,
    ) -> None:
        """Take the parts."""
        self._access = access
        self._ledger = ledger
        self._clock = clock
        self._directory = directory
        self._tokens = tokens
        self._decisions = decisions
        self._answer = answer
        self._letters = letters

    def takes_files(self, envelope: Envelope, account: Account) -> bool:
        """Return whether the files of a message are taken: a reply from who may reply and no more brings none."""
        is_reply = all(r.partition("@")[0].lower().startswith("reply+") for r in envelope.recipients)
        return not is_reply or self._access.refusal(account, Approach.EMAIL) is None

    async def came_back(self, envelope: Envelope) -> None:
        """Mark the address of a mail that came back as stale; nothing is answered."""
        for text in _tokens_in(envelope, "bounce"):
            known = await self._tokens.known(text, TokenKind.BOUNCE)
            if known is None:
                continue
            await self._note_on_notice(known)
            if await self._letters.came_back(known.owner):
                log.came_back(submission=envelope.id, username=known.owner.username)
        await self._directory.pass_once()

    async def _note_on_notice(self, known: Known) -> None:
        """Write on the very notice that it came back, so that whoever looks for it sees that nobody read it."""
        notice = await self._tokens.notice_of(known)
        if notice is not None and notice.error != CAME_BACK:
            await self._ledger.mark_notice(replace(notice, error=CAME_BACK))

    async def take(
        self, envelope: Envelope, unpacked: Unpacked, account: Account, *, has_files: bool
    ) -> tuple[Notice, ...] | None:
        """Do what a reply says and return what it is answered; None for a message that is no reply of this person's."""
        if unpacked.is_automatic:
            return () if _tokens_in(envelope, "reply") else None
        for text in _tokens_in(envelope, "reply"):
            known = await self._tokens.known_reply(text)
            if known is not None and known.owner.username == account.username:
                if known.kind is not TokenKind.REPLY:
                    return await self._letters.take(known, envelope, unpacked)
                command = read_command(unpacked.comment)
                if command is None and has_files:
                    return ()  # its receipt says what became of them
                return await self._obey(envelope, unpacked, known, command)
        return None

    async def _obey(
        self, envelope: Envelope, unpacked: Unpacked, known: Known, command: Command | None
    ) -> tuple[Notice, ...]:
        kind, outcomes = await self._carry_out(envelope, known, command)
        if kind == "done":
            return ()  # each change owes its own notice
        submission = await self._ledger.submission(known.submission.id) if known.submission else None
        if submission is None:
            return ()
        context = answered(
            kind,
            submission,
            reader=known.owner,
            head=self._answer.letterhead(),
            at=envelope.received_at,
            outcomes=outcomes,
        )
        notice = Notice(
            id=f"{envelope.id}-r1",
            template="answer",
            username=known.owner.username,
            address=known.owner.email,
            context=plain(context),
            submission=submission.id,
            due_at=envelope.received_at,
            first_due_at=envelope.received_at,
            in_reply_to=unpacked.message_id or None,
        )
        return (notice,)

    async def _carry_out(
        self, envelope: Envelope, known: Known, command: Command | None
    ) -> tuple[str, Sequence[Outcome]]:
        """Return which answer is due, and what became of each wish in it."""
        if known.expires_at <= envelope.received_at:
            return "expired", ()
        if command is None:
            return "unknown", ()
        if command.word not in _WISHES:
            return command.word.lower(), ()
        if (refusal := self._access.refusal(known.owner, Approach.EMAIL)) is not None:
            return "refused", [Outcome(str(command.word), refusal.sentence)]  # who may agree by reply, and no more
        if await self._tokens.spent_by(known) not in (None, envelope.id):
            return "used", ()
        done, outcomes = await self._change(envelope, known, command)
        if done:
            await self._tokens.spend(known, envelope.id)
        return ("refused", outcomes) if outcomes else ("done", ())

    async def _change(self, envelope: Envelope, known: Known, command: Command) -> tuple[int, list[Outcome]]:
        """Do it to each file that is meant; return how many it was done to, and why not to the others."""
        wish = _WISHES[command.word]
        files, outcomes = _meant(known, command)
        done = [file for file in files if await self._was_done(file, wish.event, envelope, known.owner)]
        left = [file for file in files if file not in done]
        if not command.numbers:
            left = [f for f in left if wish.can_be_done(f)] or [f for f in left if wish.concerns(f) and not done]
        for file in left:
            refusal = await self._try(file, command.word, Actor.of(known.owner))
            if refusal is None:
                done.append(file)
            else:
                outcomes.append(Outcome(file.name, refusal.sentence))
        if not done and not outcomes:
            outcomes.append(Outcome(str(command.word), wish.nothing))
        return len(done), outcomes

    async def _try(self, file: FileRecord, word: Word, by: Actor) -> Refusal | None:
        deed = self._decisions.accept if word is Word.ACCEPT else self._decisions.recall
        answer = await deed(file.id, by=by)
        if isinstance(answer, Refusal) and answer.code in _AT_ONCE:
            raise Transient(answer.sentence)
        return answer if isinstance(answer, Refusal) else None

    async def _was_done(self, file: FileRecord, event: Event, envelope: Envelope, owner: Account) -> bool:
        """Return whether an earlier try of this very message did it, and a stop came between."""
        past = await self._ledger.history(file.id)
        return any(
            row.event == event and row.actor == owner.username and row.at >= envelope.received_at for row in past
        )


def _meant(known: Known, command: Command) -> tuple[list[FileRecord], list[Outcome]]:
    """Return the files that a command is about, and a sentence for each number that is none."""
    files = dict(numbered(known.submission)) if known.submission else {}
    if not command.numbers:
        return list(files.values()), []
    unheard = [
        Outcome(f"Number {n}", "There is no file of this number in it.") for n in command.numbers if n not in files
    ]
    return [files[n] for n in command.numbers if n in files], unheard


def _tokens_in(envelope: Envelope, kind: str) -> list[str]:
    """Return the tokens of the recipients `kind+TOKEN@…`."""
    locals_ = (recipient.partition("@")[0].lower() for recipient in envelope.recipients)
    return [local.partition("+")[2] for local in locals_ if local.startswith(f"{kind}+")]
