"""Review: once a term each headteacher says who shall have access to their school.

Owns the start of a review, what an answer changes, and what is due when none comes: a reminder, then a report. Who is
removed loses this school; whom nothing is left is suspended, and the administrator decides. Safe to repeat: what is
owed for a letter has an id of that letter (Source: SPEC 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.core.mail import Notice
from gateway.core.notices.accessnews import (
    REVIEW,
    REVIEW_ANSWER,
    REVIEW_REPORT,
    Access,
    ReviewAnswered,
    Reviewed,
    ReviewReport,
    Unanswered,
    access_of,
    names_of,
    school_title,
)
from gateway.core.notices.replies import Outcome
from gateway.core.phrases import day
from gateway.core.register import Account, Role
from gateway.core.reviews import ANSWERS_FOR, Letter, Review, asked_about, meant_by, open_letters, read_answer
from gateway.core.submission import Envelope
from gateway.errors import NotThere
from gateway.pipeline.answer import ADMINISTRATOR
from gateway.pipeline.telling import Telling


class AccessReview:
    """The reviews of access."""

    def __init__(self, telling: Telling) -> None:
        """Take the parts."""
        self._ledger = telling.ledger
        self._clock = telling.clock
        self._directory = telling.directory
        self._policy = telling.policy
        self._answer = telling.answer
        self._to_notify = telling.to_notify

    # The beginning

    async def start(self, *, by: str, schools: Sequence[str] = ()) -> Review:
        """Ask the headteachers of these schools, or of all; a school without one has a letter to nobody."""
        directory = await self._directory.fresh()
        numbers = schools or sorted({number for person in directory.accounts.values() for number in person.schools})
        at, id = self._clock.now(), self._clock.new_id()
        letters = [
            Letter(self._clock.new_id(), id, number, username, at)
            for number in numbers
            if asked_about(directory.people_of(number))
            for username in [head.username for head in directory.heads_of(number)] or [""]
        ]
        review = Review(id, at, by, tuple(letters))
        await self._ledger.start_review(review, [await self._ask(letter) for letter in letters if letter.username])
        self._to_notify()
        return review

    async def _ask(self, letter: Letter, *, is_reminder: bool = False) -> Notice:
        reader = self._directory.current.accounts[letter.username]
        head, at = self._answer.letterhead(), self._clock.now()
        context = Reviewed(
            authority=head.authority,
            contact=head.contact,
            reader=reader.forename,
            school=school_title(letter.school, self._directory.current),
            people=await self._people(letter.school, reader),
            is_reminder=is_reminder,
            asked_on=day(letter.sent_at, head.zone),
            letter=letter.id,
            reply_until=(letter.sent_at + ANSWERS_FOR).isoformat(),
        )
        id = f"{letter.id}-{'reminder' if is_reminder else 'review'}"
        return self._answer.unasked(id, REVIEW, context, at=at, reader=reader)

    async def _people(self, school: str, reader: Account) -> tuple[Access, ...]:
        activity, head = await self._ledger.last_activity(), self._answer.letterhead()
        return tuple(
            access_of(person, reader=reader, last=activity.get(person.username), head=head)
            for person in self._now(school)
        )

    def _now(self, school: str) -> tuple[Account, ...]:
        return asked_about(self._directory.current.people_of(school))

    # An answer

    async def take(
        self, letter: Letter, text: str, *, envelope: Envelope, message_id: str | None
    ) -> tuple[Notice, ...]:
        """Do what an answer says; return the notices that answer it."""
        reader = (await self._directory.fresh()).accounts[letter.username]
        answer = read_answer(text)
        outcomes = [await self._remove(named, letter, reader) for named in answer.removes]
        if not answer.is_empty:
            words = "; ".join((*(["KEEP"] if answer.keeps else []), *(f"REMOVE {name}" for name in answer.removes)))
            said = words if letter.answer is None or words == letter.answer else f"{letter.answer}; {words}"
            done = replace(letter, answered_at=letter.answered_at or envelope.received_at, answer=said)
            await self._ledger.put_letters(
                [done], actor=reader.username, at=envelope.received_at, event="answer-review"
            )
        await self._directory.fresh()
        return (await self._answered(letter, reader, outcomes, envelope, message_id, is_empty=answer.is_empty),)

    async def _remove(self, named: str, letter: Letter, reader: Account) -> Outcome:
        """End a person's access to the school, and say what became of it."""
        person = self._meant(named, letter, reader)
        if person is None:
            return Outcome(named, "There is nobody of this name in the list, or more than one. Nothing was changed.")
        if person.username == reader.username:
            return Outcome(person.full_name, "This is you; to end your own access, please ask the authority.")
        if letter.school not in person.schools:
            return Outcome(person.full_name, "Their access to this school has ended already.")
        try:
            await self._end(person, letter, reader)
        except NotThere as changed:
            return Outcome(person.full_name, str(changed))
        return Outcome(person.full_name, "Their access to this school has ended.")

    def _meant(self, named: str, letter: Letter, reader: Account) -> Account | None:
        """Return who is meant, also one whose access ended before; never by a number, since lists change."""
        everybody = self._directory.current.accounts.values()
        near = [person for person in everybody if set(person.schools) & set(reader.schools)]
        return meant_by(named, self._now(letter.school)) or meant_by(named, near)

    async def _end(self, person: Account, letter: Letter, reader: Account) -> None:
        at, why = self._clock.now(), f"review {letter.review}, answered by {reader.username}"
        if person.schools == (letter.school,):
            await self._ledger.suspend(
                [person.username], ground=f"review {letter.school}", reason=why, actor=reader.username, at=at
            )
            return

        def without(account: Account) -> Account:
            return replace(account, schools=tuple(s for s in account.schools if s != letter.school))

        await self._ledger.amend_account(
            person.username, without, actor=reader.username, at=at, event="remove-school", why=why
        )

    async def _answered(
        self,
        letter: Letter,
        reader: Account,
        outcomes: Sequence[Outcome],
        envelope: Envelope,
        message_id: str | None,
        *,
        is_empty: bool,
    ) -> Notice:
        head = self._answer.letterhead()
        context = ReviewAnswered(
            authority=head.authority,
            contact=head.contact,
            reader=reader.forename,
            school=school_title(letter.school, self._directory.current),
            is_understood=not is_empty,
            outcomes=tuple(outcomes),
            people=await self._people(letter.school, reader),
            letter=letter.id,
            reply_until=(letter.sent_at + ANSWERS_FOR).isoformat(),
        )
        notice = self._answer.unasked(
            f"{envelope.id}-r1", REVIEW_ANSWER, context, at=envelope.received_at, reader=reader
        )
        return replace(notice, is_answer=True, in_reply_to=message_id)

    # What is due

    async def pass_once(self) -> int:
        """Remind of, and report, letters that nobody answered; return how many notices that were."""
        owed = sum([await self._look(review) for review in await self._ledger.reviews()])
        if owed:
            self._to_notify()
        return owed

    async def _look(self, review: Review) -> int:
        now, upkeep = self._clock.now(), self._policy.current.upkeep
        unanswered = open_letters(review.letters)
        reminded = [
            await self._remind(letter, now)
            for letter in unanswered
            if letter.reminded_at is None and _is_over(letter, upkeep.review_remind_days, now)
        ]
        late = [
            letter
            for letter in unanswered
            if letter.reported_at is None and _is_over(letter, upkeep.review_report_days, now)
        ]
        return sum(reminded) + (await self._report(review, late, now) if late else 0)

    async def _remind(self, letter: Letter, now: datetime) -> int:
        reader = self._directory.current.account(letter.username) if letter.username else None
        can_be = reader is not None and reader.is_active and reader.role is Role.HEAD
        told = [await self._ask(letter, is_reminder=True)] if can_be else []
        await self._ledger.put_letters(
            [replace(letter, reminded_at=now)], actor="gateway", at=now, event="remind-review", notices=told
        )
        return len(told)

    async def _report(self, review: Review, letters: Sequence[Letter], now: datetime) -> int:
        head, directory = self._answer.letterhead(), self._directory.current
        asked: dict[str, list[Account]] = {}
        for letter in letters:
            person = directory.account(letter.username) if letter.username else None
            asked.setdefault(letter.school, []).extend([person] if person else [])
        context = ReviewReport(
            authority=head.authority,
            contact=head.contact,
            reader=ADMINISTRATOR,
            review=review.id,
            started_on=day(review.started_at, head.zone),
            unanswered=tuple(_unanswered(asked, school_title(number, directory), number) for number in asked),
        )
        id = f"{review.id}-report-{self._policy.current.day_of(now)}"
        is_told = bool(self._policy.current.notices.administrator)
        told = [self._answer.unasked(id, REVIEW_REPORT, context, at=now)] if is_told else []
        reported = [replace(letter, reported_at=now) for letter in letters]
        await self._ledger.put_letters(reported, actor="gateway", at=now, event="report-review", notices=told)
        return len(told)


def _is_over(letter: Letter, days: int, now: datetime) -> bool:
    return now - letter.sent_at >= timedelta(days=days)


def _unanswered(asked: Mapping[str, Sequence[Account]], title: str, number: str) -> Unanswered:
    return Unanswered(title, names_of(asked[number]))
