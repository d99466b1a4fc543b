"""`gateway admin retention`: what is due is told before, and destroyed only when its term has come."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.app import House
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.submission import Submission
from tests.cli.admin import story
from tests.cli.conftest import Deployment

BYTES = b"Anna reads well."


@pytest.fixture
def kept(deployment: Deployment) -> Deployment:
    """A deployment with one file whose term is over, and one whose isn't."""

    async def keep(house: House) -> None:
        now = house.clock.now()
        for id, expires_at in (("01kold", now - timedelta(hours=1)), ("01kyoung", now + timedelta(days=80))):
            await house.ledger.record(submission(await stored(house, id, expires_at=expires_at)))

    deployment.in_house(keep)
    return deployment


async def stored(house: House, id: str, *, expires_at: datetime) -> FileRecord:
    """Put a file's bytes into the archive and return its record."""
    spooled = Path(house.settings.storage.data) / f"spool/ready/{id}-source"
    spooled.write_bytes(BYTES)
    place = f"8302000/2026-08/{id}"
    await house.archive.keep(str(spooled), place, size=len(BYTES))
    spooled.unlink()
    return replace(
        story.REVIEW, id=id, submission=f"{id}-s", size=len(BYTES), sha256=hashlib.sha256(BYTES).hexdigest(),
        expires_at=expires_at, place=place, comment="For Monday",
    )  # fmt: skip


def submission(file: FileRecord) -> Submission:
    """Return the submission of one file."""
    return Submission(
        id=file.submission, channel=Channel.SFTP, received_at=file.sent_at, username=file.sent_by_user,
        verified_by="publickey", files=(file,),
    )  # fmt: skip


def ids(rows: Any) -> list[str]:
    return [row["id"] for row in rows]


def held(deployment: Deployment) -> list[Path]:
    archive = deployment.folder / "data" / "archive"
    return [path for path in archive.rglob("*") if path.is_file() and BYTES in path.read_bytes()]


def test_what_is_due_now_is_listed(kept: Deployment) -> None:
    assert ids(kept.ask("admin", "retention", "due")) == ["01kold"]


def test_what_will_be_due_is_listed_newest_first(kept: Deployment) -> None:
    assert ids(kept.ask("admin", "retention", "due", "--at", "2099-01-01")) == ["01kyoung", "01kold"]
    assert ids(kept.ask("admin", "retention", "due", "--at", "2026-01-01T00:00Z")) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--school 8302000", ["01kold"]),
        ("--school 8301102", []),
        ("--status Sent", []),
        ("--search review", ["01kold"]),
    ],
)
def test_what_is_due_can_be_narrowed(kept: Deployment, line: str, expected: list[str]) -> None:
    assert ids(kept.ask("admin", "retention", "due", *line.split())) == expected


def test_a_dry_run_destroys_nothing(kept: Deployment) -> None:
    answer = kept.ask("admin", "retention", "purge", "--dry-run")
    assert (answer["dry_run"], answer["due"], answer["destroyed"], ids(answer["files"])) == (True, 1, 0, ["01kold"])
    assert len(held(kept)) == 2
    assert "nothing was destroyed" in kept.run("admin", "retention", "purge", "--dry-run").stdout


def test_a_purge_destroys_what_is_due_and_nothing_else(kept: Deployment) -> None:
    answer = kept.ask("admin", "--as", "the clerk", "retention", "purge")
    assert (answer["dry_run"], answer["due"], answer["destroyed"], ids(answer["files"])) == (False, 1, 1, ["01kold"])
    assert answer["files"][0]["purged_at"] is not None
    assert answer["files"][0]["comment"] is None
    assert [path.name for path in held(kept)] == ["01kyoung"]
    assert ids(kept.ask("admin", "retention", "due")) == []


def test_who_purged_stands_in_the_history(kept: Deployment) -> None:
    assert kept.run("admin", "--as", "the clerk", "retention", "purge").exit_code == 0
    file = kept.ask("admin", "files", "show", "01kold")
    assert file["status"] == Status.RECEIVED
    assert file["history"][-1]["actor"] == "the clerk"


def test_a_second_purge_finds_nothing(kept: Deployment) -> None:
    kept.run("admin", "retention", "purge")
    assert kept.run("admin", "retention", "purge").stdout == "Nothing is due.\n"


def test_nothing_but_the_answer_is_on_stdout(kept: Deployment) -> None:
    ran = kept.run("admin", "retention", "purge")
    assert ran.stdout.splitlines()[-1] == "1 destroyed."
    assert "purged" not in ran.stdout
