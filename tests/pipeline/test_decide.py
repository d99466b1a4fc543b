"""Decide: the same facts give the same record; each reason in its order (SPEC 3, 6, 10)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.contents import Inspection
from gateway.core.model import Channel, DropState, FileRecord, Status
from gateway.core.names import Reading, read_name
from gateway.core.register import Account, AccountState, Directory, Role, School
from gateway.core.retention import Terms
from gateway.core.routing import Catalogue, Service, Target, TargetKind
from gateway.core.submission import Envelope
from gateway.pipeline.decide import (
    CLEAN,
    Candidate,
    decide,
    drops_for,
    due_after_undo,
    is_same_bytes,
    newest_other,
    past_of,
)
from gateway.pipeline.policy import Policy

AT = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)  # half past midnight on the first of July where the authority is
PICKUP, FOLDER = Target(TargetKind.PICKUP), Target(TargetKind.FOLDER, path="/srv/info")
INFO = Service("INFO", "EYFS", accepts=frozenset({"pdf"}), targets=(PICKUP, FOLDER), max_bytes=1000)
SAFE = Service("SAFE", "Safeguarding", accepts=frozenset({"pdf"}), targets=(PICKUP,), private=True)
POLICY = Policy(
    la_codes=frozenset({"830"}),
    catalogue=Catalogue({"INFO": INFO, "SAFE": SAFE}),
    zone=ZoneInfo("Europe/London"),
    undo_seconds=60,
)
DIRECTORY = Directory(schools={n: School(n, f"School {n}") for n in ("8301102", "8302000")})
HEAD = Account("head", "Ruth", "Ashdown", "r@x.example", Role.HEAD, AccountState.ACTIVE, schools=("8301102",))
TRUST = replace(HEAD, username="trust", schools=("8301102", "8302000"))
ENVELOPE = Envelope("01k", Channel.EMAIL, AT, 100, "aa", "head", "password")
GOOD = "8301102_INFOa20260630.pdf"


def reading(name: str, account: Account = HEAD) -> Reading:
    return read_name(name, POLICY.rules(DIRECTORY), on=POLICY.day_of(AT), schools=frozenset(account.schools))


def file(
    name: str = GOOD,
    *,
    account: Account = HEAD,
    envelope: Envelope = ENVELOPE,
    seen: Inspection = CLEAN,
    policy: Policy = POLICY,
    older: FileRecord | None = None,
    **candidate: object,
) -> FileRecord:
    facts = {"number": 2, "path": "/spool/2", "size": 100, "sha256": "aa"} | candidate
    return decide(
        Candidate(name=name, **facts),  # type: ignore[arg-type]
        envelope=envelope,
        account=account,
        reading=reading(name, account),
        seen=seen,
        policy=policy,
        older=older,
    )


def test_the_same_facts_give_the_same_record() -> None:
    assert file() == file()
    assert file().id == "01k-02"


def test_the_month_of_the_place_is_the_authoritys() -> None:
    assert file().place == "8301102/2026-07/01k-02"


@pytest.mark.parametrize(
    ("name", "facts", "reason"),
    [
        ("8301102_XXXXa.pdf", {"size": 0, "is_whole": False}, "unknown-service-code"),  # the name before the bytes
        (GOOD, {"size": 0, "is_whole": False}, "truncated"),  # cut at its first byte: nobody can say that it is empty
        (GOOD, {"size": 0}, "empty-file"),
        (GOOD, {"size": 2000, "is_whole": False}, "truncated"),
        (GOOD, {"size": 1001, "seen": Inspection("rejected", "infected")}, "too-large"),
        (GOOD, {"size": 1000, "seen": Inspection("rejected", "infected")}, "infected"),
        (GOOD, {"seen": Inspection("rejected")}, "not-scannable"),
        (GOOD, {}, None),
    ],
)
def test_the_first_fault_is_the_reason(name: str, facts: dict[str, object], reason: str | None) -> None:
    found = file(name, **facts)  # type: ignore[arg-type]
    assert found.reason == reason
    assert found.status is (Status.REJECTED if reason else Status.SENT)
    assert (found.rejected_by, bool(found.detail)) == (("the gateway", True) if reason else (None, False))
    assert found.faults == ((reason,) if reason else ())


@pytest.mark.parametrize(
    ("seen", "days"),
    [
        (CLEAN, 90),
        (Inspection("rejected", "truncated"), 14),
        (Inspection("rejected", "infected"), 30),
    ],
)
def test_each_kind_of_bytes_has_its_own_term(seen: Inspection, days: int) -> None:
    assert file(seen=seen).expires_at == AT + timedelta(seconds=days * 86_400)


def test_a_term_is_of_seconds_and_not_of_calendar_days() -> None:
    """The ninety days over the end of summer time have an hour more on the wall."""
    received = datetime(2026, 10, 1, 0, 0, tzinfo=ZoneInfo("Europe/London"))
    found = file(envelope=replace(ENVELOPE, received_at=received.astimezone(UTC)))
    assert found.expires_at is not None
    assert (found.expires_at - received).total_seconds() == 90 * 86_400


def test_no_rejected_bytes_are_kept_beyond_the_term_of_good_ones() -> None:
    short = replace(POLICY, terms=Terms(days=3))
    assert file(seen=Inspection("rejected", "truncated"), policy=short).expires_at == AT + timedelta(days=3)


def test_what_was_not_kept_has_no_place_and_no_term() -> None:
    found = file(path="", is_whole=False)
    assert (found.place, found.expires_at, found.reason) == (None, None, "truncated")


class TestWhoseFileItIs:
    """A rejected file counts for a school only where that is certain."""

    @pytest.mark.parametrize(
        ("name", "account", "folder", "school"),
        [
            ("8302000_INFOa.pdf", HEAD, None, "8301102"),  # another's number: the sender's only school
            ("nonsense.pdf", HEAD, None, "8301102"),
            ("nonsense.pdf", TRUST, None, None),
            ("nonsense.pdf", TRUST, "8302000", "8302000"),  # a person put it into that school's folder
            ("8302000_XXXXa.pdf", TRUST, "8301102", "8302000"),  # the name says which of theirs
            ("8309999_INFOa.pdf", TRUST, None, None),
        ],
    )
    def test_is_never_taken_from_a_name_that_is_not_theirs(
        self, name: str, account: Account, folder: str | None, school: str | None
    ) -> None:
        found = file(name, account=account, envelope=replace(ENVELOPE, school=folder))
        assert found.status is Status.REJECTED
        assert found.school == school


def test_a_private_service_marks_its_files_whatever_becomes_of_them() -> None:
    name = "8301102_SAFEa20260630.pdf"
    assert file(name).private
    assert file(name, size=0).private
    assert not file().private


def test_only_a_file_that_was_sent_supersedes_another() -> None:
    older = replace(file(), id="01j-01", sha256="bb")
    assert file(older=older).supersedes == "01j-01"
    assert file(older=older, size=0).supersedes is None


@pytest.mark.parametrize("status", Status)
def test_a_duplicate_is_of_what_is_sent_or_received(status: Status) -> None:
    counts = status in (Status.SENT, Status.RECEIVED)
    earlier = replace(file(), status=status)
    same = Candidate(1, GOOD, "/spool/1", 100, "aa")
    other = replace(same, sha256="bb")
    assert is_same_bytes(earlier, same.sha256) == counts
    assert not is_same_bytes(earlier, other.sha256)
    assert newest_other([earlier], other) == (earlier if counts else None)
    assert newest_other([earlier], same) is None


def test_a_file_is_owed_one_drop_for_each_target() -> None:
    due = due_after_undo(AT, POLICY)
    drops = drops_for(file(), INFO, due_at=due)
    assert [(d.id, d.target, d.state, d.due_at, d.first_due_at) for d in drops] == [
        ("01k-02-1", "pickup", DropState.DUE, AT + timedelta(seconds=60), due),
        ("01k-02-2", FOLDER.name, DropState.DUE, due, due),
    ]
    again = drops_for(file(), INFO, due_at=due, run="x7-")
    assert not {d.id for d in drops} & {d.id for d in again}


def test_the_history_begins_with_the_decision() -> None:
    assert (past_of(file()).event, past_of(file()).why) == ("route", "to INFO")
    assert (past_of(file(size=0)).event, past_of(file(size=0)).why) == ("refuse", "empty-file")


@pytest.mark.parametrize(("name", "private"), [("8301102_SAFEReport20260630.pdf", True), ("notes.pdf", False)])
def test_a_fault_in_a_name_never_shows_a_private_file_to_colleagues(name: str, private: bool) -> None:
    rejected = file(name)
    assert (rejected.status, rejected.private) == (Status.REJECTED, private)
