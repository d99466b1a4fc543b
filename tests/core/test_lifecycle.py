"""The lifecycle is a table, and these are facts about the whole of it (SPEC 6)."""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.core.lifecycle import STEPS, TABLE, By, Event, drawn, refusal, step
from gateway.core.model import Channel, FileRecord, Status

GATEWAY = Path(__file__).parents[2] / "gateway"
AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
FILE = FileRecord(
    id="f-01",
    submission="f",
    name="8301102_INFOeyfsreturn20170731.docx",
    school="8301102",
    service="INFO",
    status=Status.SENT,
    channel=Channel.SFTP,
    sent_by="Ada Example",
    sent_by_user="ada",
    sent_at=AT,
    size=1,
    sha256="00",
    expires_at=None,
)


def test_each_status_and_event_has_one_row_at_the_most():
    assert len(TABLE) == len(STEPS)


def test_every_status_can_be_reached_and_every_event_is_used():
    assert {s.target for s in STEPS} == set(Status)
    assert {s.event for s in STEPS} == set(Event)


def test_a_file_begins_sent_or_rejected_and_in_no_other_way():
    assert {s.target for s in STEPS if s.source is None} == {Status.SENT, Status.REJECTED}


def test_nothing_but_receiving_makes_a_file_received():
    makes = {s.event for s in STEPS if s.target is Status.RECEIVED and s.source is not Status.RECEIVED}
    assert makes == {Event.RECEIVE}


def test_a_received_file_is_never_recalled():
    assert step(Status.RECEIVED, Event.RECALL) is None


def test_an_officer_may_reject_after_reading():
    found = step(Status.RECEIVED, Event.REJECT)
    assert found is not None
    assert found.target is Status.REJECTED


@pytest.mark.parametrize("event", [Event.RECALL, Event.REROUTE])
def test_recall_and_reroute_take_every_drop_back_first(event):
    assert all(s.withdraws for s in STEPS if s.event is event)


def test_only_the_senders_school_recalls_and_accepts():
    assert {s.by for s in STEPS if s.event in (Event.RECALL, Event.ACCEPT)} == {By.SENDER}


def test_destruction_changes_no_status():
    assert all(s.source is s.target for s in STEPS if s.event is Event.DESTROY)


def test_a_recalled_file_stays_recalled():
    assert {s.target for s in STEPS if s.source is Status.RECALLED} == {Status.RECALLED}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", [e for e in Event if e not in (Event.ROUTE, Event.REFUSE)])
def test_what_the_table_lacks_is_refused_with_a_sentence(status, event):
    file = replace(FILE, status=status, received_by="Owen Example")
    sentence = refusal(file, event)
    assert (sentence is None) == ((status, event) in TABLE)
    assert sentence is None or sentence.endswith(".")


def test_the_refusal_of_a_recall_names_who_received_it():
    file = replace(FILE, status=Status.RECEIVED, received_by="Owen Example")
    assert "Owen Example" in (refusal(file, Event.RECALL) or "")


def test_nothing_but_destruction_happens_to_a_destroyed_file():
    gone = replace(FILE, purged_at=AT)
    assert refusal(gone, Event.RECALL) is not None
    assert refusal(gone, Event.DESTROY) is None


def test_the_page_of_states_shows_this_table():
    page = Path(__file__).parents[2] / "docs" / "states.md"
    assert drawn() in page.read_text(encoding="utf-8")


def _calls(path: Path, name: str) -> bool:
    """Return whether a module calls a function or a method of this name."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(getattr(call, "id", getattr(call, "attr", "")) == name for call in calls)


def test_every_change_of_a_status_is_made_in_one_place() -> None:
    """`pipeline.transitions` asks the table, and writes the row of history and the notices in one transaction."""
    modules = {str(path.relative_to(GATEWAY)): path for path in GATEWAY.rglob("*.py")}
    assert [name for name, path in modules.items() if _calls(path, "Change")] == ["pipeline/transitions.py"]
    assert all(_calls(modules["pipeline/transitions.py"], name) for name in ("step", "Change", "History", "apply"))


def test_no_statement_writes_a_status_but_the_compare_and_set() -> None:
    """In SQL: a file's status is set where it is inserted, and by the one statement that compares it."""
    found = []
    for path in (GATEWAY / "store" / "sql").glob("*.sql"):
        for block in path.read_text().split("-- name: ")[1:]:
            name, _, body = block.partition("\n")
            if "UPDATE files" in body and re.search(r"SET[^W]*\bstatus\s*=", body):
                found.append((name, "AND status = :expected" in body))
    assert found == [("change_file", True)]
