"""`gateway admin status`: whether it runs, and what a person must look at."""

import json
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.app import House
from gateway.core.mail import NoticeState
from gateway.store.lock import DataLock
from tests.cli.admin import story
from tests.cli.conftest import Deployment

KEYS = "running pid ready_at endpoints files documents drops notices accounts stuck spool free_bytes keep_free_bytes"


def status(deployment: Deployment) -> Any:
    return deployment.ask("admin", "status")


def test_a_new_deployment_is_down_and_has_nothing_stuck(deployment: Deployment) -> None:
    report = status(deployment)
    assert " ".join(report) == KEYS
    assert (report["running"], report["pid"]) == (False, None)
    assert report["endpoints"] == {"smtp": [], "smtps": [], "lmtp": [], "relay": [], "sftp": []}
    assert report["files"] == {"Sent": 0, "Received": 0, "Rejected": 0, "Recalled": 0}
    assert report["stuck"] == {"drops": [], "notices": [], "failed": []}
    assert report["spool"] == {"unprocessed": 0, "oldest": None, "oldest_at": None, "unfinished": 0}
    assert report["free_bytes"] > 0
    said = deployment.run("admin", "status").stdout
    assert "The gateway is not running." in said
    assert "Nothing is stuck." in said


def test_a_disk_that_is_too_full_for_new_files_says_so(deployment: Deployment) -> None:
    """Senders are told that the administrator can see it; "Nothing is stuck" alone would hide it."""
    assert "refused" not in deployment.run("admin", "status").stdout
    text = deployment.config.read_text(encoding="utf-8")
    deployment.config.write_text(text.replace("keep_free_bytes = 1_073", "keep_free_bytes = 1_073_000_000"), "utf-8")
    assert "so that new files are refused" in deployment.run("admin", "status").stdout
    report = status(deployment)
    assert report["free_bytes"] < report["keep_free_bytes"]


def test_where_it_listens_is_told_while_it_runs(deployment: Deployment) -> None:
    doors = {"smtp": ["127.0.0.1:40025"], "smtps": [], "lmtp": [], "relay": [], "sftp": ["127.0.0.1:40022"]}
    (deployment.folder / "data" / "run").mkdir(exist_ok=True)
    written = {**doors, "pid": os.getpid(), "ready_at": "2026-11-22T09:00:00+00:00"}
    (deployment.folder / "data" / "run" / "endpoints.json").write_text(json.dumps(written))
    lock = DataLock(deployment.folder / "data")
    lock.take()
    report = status(deployment)
    said = deployment.run("admin", "status").stdout
    lock.release()
    assert (report["running"], report["pid"], report["endpoints"]) == (True, os.getpid(), doors)
    assert "127.0.0.1:40022" in said


def test_files_drops_and_notices_are_counted_by_where_they_stand(deployment: Deployment) -> None:
    deployment.in_house(story.tell)
    report = status(deployment)
    assert report["files"] == {"Sent": 1, "Received": 1, "Rejected": 1, "Recalled": 1}
    assert (report["drops"]["done"], report["drops"]["given-up"]) == (1, 1)
    assert (report["notices"]["sent"], report["notices"]["given-up"]) == (2, 1)


def test_what_was_given_up_is_stuck(deployment: Deployment) -> None:
    deployment.in_house(story.tell)
    stuck = status(deployment)["stuck"]
    assert [drop["id"] for drop in stuck["drops"]] == ["01kdrop2"]
    assert [notice["id"] for notice in stuck["notices"]] == ["01krejection"]
    said = deployment.run("admin", "status").stdout
    assert "It is away." in said
    assert "450 try later" in said


@pytest.mark.parametrize(
    ("ago", "attempts", "is_stuck"),
    [
        (timedelta(hours=1), 0, True),  # long past due
        (timedelta(seconds=0), 0, False),  # due just now
        (timedelta(hours=-1), 0, False),  # not due yet
        (timedelta(hours=-1), 3, True),  # failed before, waits for the next try
    ],
)
def test_what_is_late_or_failed_before_is_stuck(
    deployment: Deployment, ago: timedelta, attempts: int, is_stuck: bool
) -> None:
    async def owe(house: House) -> None:
        due = house.clock.now() - ago
        notice = replace(
            story.RECEIPT, state=NoticeState.DUE, due_at=due, first_due_at=due, sent_at=None, attempts=attempts
        )
        await house.ledger.owe([notice])

    deployment.in_house(owe)
    assert bool(status(deployment)["stuck"]["notices"]) == is_stuck


def test_what_is_promised_and_not_recorded_is_told_with_its_age(deployment: Deployment) -> None:
    async def promise(house: House) -> list[str]:
        ids = []
        for name in ("first", "second"):
            intake = house.spool.begin()
            intake.write(b"bytes")
            envelope = await intake.seal(channel="sftp", username="x", verified_by="publickey", name=name)
            ids.append(envelope.id)
        return ids

    first, _ = deployment.in_house(promise)
    spool = status(deployment)["spool"]
    assert (spool["unprocessed"], spool["oldest"]) == (2, first)
    assert spool["oldest_at"].endswith("+00:00")
    assert "2 unprocessed, the oldest since " in deployment.run("admin", "status").stdout


def test_what_was_set_aside_is_stuck(deployment: Deployment) -> None:
    async def set_aside(house: House) -> str:
        intake = house.spool.begin()
        intake.write(b"bytes")
        envelope = await intake.seal(channel="sftp", username="x", verified_by="publickey", name="n")
        await house.spool.set_aside(envelope.id, "It can't be read.")
        return envelope.id

    id = deployment.in_house(set_aside)
    assert status(deployment)["stuck"]["failed"] == [{"submission": id}]
    assert id in deployment.run("admin", "status").stdout
