"""Terms are elapsed seconds from receipt; waits grow and end with a person (SPEC 6, 10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.model import Channel, FileRecord, Status
from gateway.core.retention import Terms, what_stays
from gateway.core.retry import next_attempt
from gateway.core.routing import Retry

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)  # a day before the clocks go back, 90 days span the change


def test_ninety_days_are_ninety_times_86400_seconds():
    assert Terms().for_sent(AT) - AT == timedelta(seconds=90 * 86_400)


def test_zero_days_are_due_at_once():
    assert Terms(days=0).for_sent(AT) == AT


def test_rejected_bytes_never_outlive_the_term_of_a_sent_file():
    assert Terms(days=3, rejected_days=14).for_rejected(AT, "no-dfe-number") == Terms(days=3).for_sent(AT)


def test_quarantined_bytes_have_a_clock_of_their_own():
    assert Terms().for_rejected(AT, "infected") - AT == timedelta(days=30)
    assert Terms().for_rejected(AT, "type-not-allowed") - AT == timedelta(days=14)


def test_what_stays_of_a_file_says_nothing_of_a_child():
    file = FileRecord(
        id="f-01",
        submission="f",
        name="8301102_SENalexexample20261020.pdf",
        school="8301102",
        service="SEN",
        status=Status.SENT,
        channel=Channel.EMAIL,
        sent_by="Ada Example",
        sent_by_user="ada",
        sent_at=AT,
        size=3,
        sha256="ab",
        expires_at=AT,
        comment="about Alex",
        tags=("alex",),
        entries=("alex.pdf",),
        correction="8301102_SENalex.pdf",
        detail="Alex",
        place="8301102/2026-10/f-01",
        date="20261020",
        extension="pdf",
    )
    stays = what_stays(file, purged_at=AT)
    assert "alex" not in repr(stays).casefold()
    assert (stays.sha256, stays.size, stays.school, stays.service) == ("ab", 3, "8301102", "SEN")
    assert stays.name == "8301102_SEN…20261020.pdf"
    assert what_stays(replace(stays, purged_at=None), purged_at=AT) == stays


RULE = Retry(first=5, factor=2, longest=60, give_up_after=3600)


def wait(attempts: int, jitter: float = 0.0) -> float:
    again = next_attempt(RULE, attempts=attempts, first_due_at=AT, now=AT, jitter=jitter)
    assert again is not None
    return (again - AT).total_seconds()


def test_waits_double_up_to_the_longest():
    assert [wait(n) for n in (1, 2, 3, 4, 5, 500)] == [5, 10, 20, 40, 60, 60]


def test_jitter_lengthens_a_wait_by_a_quarter_at_the_most():
    assert wait(1, jitter=1.0) == 6.25


def test_after_its_time_a_person_must_act():
    assert next_attempt(RULE, attempts=3, first_due_at=AT, now=AT + timedelta(hours=1)) is None
