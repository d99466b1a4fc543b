"""What a reply is read as, and what it is answered (SPEC 4)."""

from dataclasses import replace

import pytest

from gateway.core.model import Status
from gateway.core.notices.replies import TONES, Command, Outcome, Word, answered, numbered, read_command
from gateway.core.notices.samples import _CORRECTED, _HEAD, _MIXED, _SENDER, _SENT

# (what somebody wrote, what is read, the rule)
ROWS: list[tuple[str, Command | None, str]] = [
    ("ACCEPT", Command(Word.ACCEPT), "the word alone"),
    ("accept", Command(Word.ACCEPT), "in small letters, alone"),
    ("  Recall.\n\nThank you", Command(Word.RECALL), "what stands on further lines is not read"),
    ("\n\nSTATUS", Command(Word.STATUS), "empty lines before it are passed over"),
    ("**HELP**", Command(Word.HELP), "marks around it, as programs put them"),
    ('"ACCEPT"', Command(Word.ACCEPT), "copied with its quotation marks"),
    ("ACCEPT 2", Command(Word.ACCEPT, (2,)), "one file alone"),
    ("RECALL 1, 3 and 4 please", Command(Word.RECALL, (1, 3, 4)), "several"),
    ("recall no. 2", Command(Word.RECALL, (2,)), "in small letters with a number"),
    ("ACCEPT 2 2", Command(Word.ACCEPT, (2,)), "each once"),
    ("ACCEPT the new name, and have a good day", Command(Word.ACCEPT), "in capitals, whatever follows"),
    ("RECALL the file of 22 November", Command(Word.RECALL), "a number in prose is no number of a file"),
    ("Accept my apologies for the delay", None, "a sentence that begins with the word is not the word"),
    ("Recall that we spoke on Monday", None, "nor this one"),
    ("help! I can't find my password", None, "nor this one"),
    ("ACCEPTED", None, "another word"),
    ("RECALLS", None, "another word"),
    ("Yes, ACCEPT", None, "it must be the first word"),
    ("Please recall it", None, "it must be the first word"),
    ("", None, "nothing"),
    (" \n \n", None, "nothing but blanks"),
    ("ACCEPT " + "1 " * 500, Command(Word.ACCEPT, (1,)), "a long line is read in no time"),
]


@pytest.mark.parametrize(("text", "command", "rule"), ROWS, ids=[row[2] for row in ROWS])
def test_a_reply_is_read_by_its_first_word(text: str, command: Command | None, rule: str) -> None:
    assert read_command(text) == command


def test_a_line_of_signs_is_read_in_no_time() -> None:
    assert read_command("accept " + "and " * 5000 + "x") is None


@pytest.mark.parametrize("kind", TONES)
def test_an_answer_says_what_can_be_done_next(kind: str) -> None:
    told = answered(kind, _MIXED, reader=_SENDER, head=_HEAD, at=_SENT.sent_at)
    assert (told.can_accept, told.accept_total, told.can_recall, told.takes_commands) == (True, 1, True, True)
    assert told.reply_until == (_SENT.expires_at.isoformat() if _SENT.expires_at else "")


def test_an_answer_offers_nothing_that_would_be_refused() -> None:
    received = replace(_SENT, status=Status.RECEIVED)
    told = answered("status", replace(_MIXED, files=(received,)), reader=_SENDER, head=_HEAD, at=_SENT.sent_at)
    assert (told.can_accept, told.can_recall, told.takes_commands) == (False, False, True)
    gone = replace(_CORRECTED, place=None, expires_at=None)
    told = answered("status", replace(_MIXED, files=(gone,)), reader=_SENDER, head=_HEAD, at=_SENT.sent_at)
    assert (told.can_accept, told.takes_commands, told.reply_until) == (False, False, "")


def test_an_answer_says_what_became_of_each_wish() -> None:
    outcome = Outcome("a.pdf", "It was recalled before.")
    assert answered("refused", _MIXED, reader=_SENDER, head=_HEAD, at=_SENT.sent_at, outcomes=[outcome]).outcomes == (
        outcome,
    )


def test_files_have_the_numbers_of_their_receipt() -> None:
    swapped = replace(_MIXED, parts=_MIXED.parts[1:3], files=_MIXED.files[1:])
    assert [(n, f.name) for n, f in numbered(swapped)] == [(2, _MIXED.files[1].name), (3, _MIXED.files[2].name)]
    assert [n for n, _ in numbered(replace(_MIXED, parts=()))] == [1, 2, 3]
