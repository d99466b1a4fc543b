"""What an authority sets in `gateway.toml` reaches the use-cases, key by key."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from gateway.parameters import policy_of
from gateway.pipeline.policy import Policy
from gateway.settings import read_settings
from gateway.tables import Tables

MINIMAL = """
[authority]
la_codes = ["830"]
name = "Derbyshire"
contact = "the files team, files-help@derbyshire.example, 01632 960123"
[smtp]
addresses = ["files@derbyshire.example"]
"""
HOLIDAY = date(2026, 12, 25)


def policy(place: Path, text: str = "") -> Policy:
    (place / "gateway.toml").write_text(MINIMAL + text, encoding="utf-8")
    return policy_of(read_settings(place / "gateway.toml"), replace(Tables(), holidays=frozenset({HOLIDAY})))


# (keys, what they become, with a value that is not the default)
ROWS = [
    ("[notices]\ntell_received = true", lambda p: p.notices.tell_received, True),
    ("[notices]\nsftp_receipts = false", lambda p: p.notices.sftp_receipts, False),
    ("[notices]\nreplies = false", lambda p: p.notices.takes_replies, False),
    ('[notices]\nremind_at = "16:30"', lambda p: p.reminders.at, time(16, 30)),
    ("[notices]\nuncollected_working_days = 0", lambda p: p.reminders.uncollected_days, 0),
    ("[notices]\npurge_warning_days = 21", lambda p: p.reminders.warning_days, 21),
    ("[documents]\nunread_warning_days = 0", lambda p: p.documents.unread_days, 0),
    ('[documents]\ndigest_at = "07:30"', lambda p: p.documents.digest_at, time(7, 30)),
    ("[requests]\nenabled = true", lambda p: p.requests.enabled, True),
    ("[requests]\nremind_days_before = [14]", lambda p: p.requests.days.before, (14,)),
    ("[requests]\nremind_days_after = []", lambda p: p.requests.days.after, ()),
    ("[routing]\nundo_seconds = 300", lambda p: p.undo_seconds, 300.0),
    ("[retention]\nrejected_days = 7", lambda p: p.terms.rejected_days, 7),
]


@pytest.mark.parametrize(("text", "told", "value"), ROWS, ids=[row[0].partition("\n")[2] for row in ROWS])
def test_a_key_is_what_the_use_cases_read(tmp_path: Path, text: str, told, value: object) -> None:  # type: ignore[no-untyped-def]
    assert told(policy(tmp_path, text)) == value
    assert told(policy(tmp_path)) != value


def test_alerts_go_to_the_address_in_the_contact_and_replies_to_our_own_domain(tmp_path: Path) -> None:
    made = policy(tmp_path)
    assert made.notices.administrator == "files-help@derbyshire.example"
    assert made.notices.reply_domain == "derbyshire.example"
    assert made.reminders.holidays == {HOLIDAY}
