"""The states of a document are a table, and these are facts about the whole of it (SPEC 7)."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from gateway.core.documents import (
    DOCUMENT_STEPS,
    DocumentEvent,
    DocumentState,
    document_refusal,
    document_step,
    drawn_documents,
)
from gateway.core.retention import what_stays_of_document
from tests.contracts.ledger_values import a_document
from tests.fakes import MORNING

ENDED = {DocumentState.DELETED, DocumentState.DESTROYED}


def test_one_row_a_state_and_event() -> None:
    assert len({(s.source, s.event) for s in DOCUMENT_STEPS}) == len(DOCUMENT_STEPS)


def test_what_ended_never_comes_back() -> None:
    assert {s.target for s in DOCUMENT_STEPS if s.source in ENDED} <= ENDED


def test_a_held_document_is_published_by_nobody() -> None:
    assert document_step(DocumentState.HELD, DocumentEvent.PUBLISH) is None


@pytest.mark.parametrize("state", DocumentState)
def test_every_state_ends_with_its_bytes(state: DocumentState) -> None:
    gone = what_stays_of_document(a_document(state=state), purged_at=MORNING)
    assert gone.state in ENDED
    assert gone.place is None


@pytest.mark.parametrize(("state", "event"), list(product(DocumentState, DocumentEvent)))
def test_what_the_table_refuses_has_a_sentence(state: DocumentState, event: DocumentEvent) -> None:
    sentence = document_refusal(a_document(state=state, detail="Because."), event)
    assert (sentence is None) == (document_step(state, event) is not None)
    assert sentence is None or (sentence.endswith(".") and "{" not in sentence)


def test_a_destroyed_document_says_so() -> None:
    document = replace(a_document(), purged_at=MORNING)
    assert document_refusal(document, DocumentEvent.DELETE) == "Its bytes were destroyed at the end of their term."


def test_masking_leaves_number_and_type_and_nothing_else() -> None:
    stays = what_stays_of_document(a_document(), purged_at=MORNING)
    assert (stays.name, stays.sent_name) == ("….pdf", "8301102….pdf")
    again = what_stays_of_document(stays, purged_at=MORNING)
    assert (again.name, again.sent_name) == (stays.name, stays.sent_name)


def test_the_picture_is_drawn_from_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "states.md"
    assert drawn_documents() in page.read_text(encoding="utf-8")
