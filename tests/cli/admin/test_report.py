"""Reports: what nobody received, by service, with what is late and when the first is destroyed (SPEC 6, 13)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app import House
from gateway.core.model import FileQuery
from gateway.pipeline.decisions import Actor
from tests.cli.admin.mailbag import GOOD, send
from tests.cli.conftest import Deployment


@pytest.fixture
def waiting(deployment: Deployment) -> Deployment:
    """A deployment with one file that waits for SEN."""
    send(deployment)
    return deployment


def test_what_waits_is_shown_by_service(waiting: Deployment) -> None:
    (row,) = waiting.ask("admin", "report", "uncollected")
    (file,) = waiting.ask("admin", "files", "list")
    assert row == {
        "service": "SEN",
        "name": "SEN",
        "files": 1,
        "late": 0,
        "undelivered": 0,
        "oldest_at": file["sent_at"],
        "expires_at": file["expires_at"],
    }
    assert "Waiting since" in waiting.run("admin", "report", "uncollected").stdout


def test_what_was_received_waits_no_more(waiting: Deployment) -> None:
    async def receive(house: House) -> None:
        (file,) = await house.ledger.files(FileQuery(search=GOOD))
        await house.decisions.receive(file.id, by=Actor("it.admin", "it.admin"))

    waiting.in_house(receive)
    assert waiting.ask("admin", "report", "uncollected") == []
    assert "every file was received" in waiting.run("admin", "report", "uncollected").stdout


def test_what_has_waited_for_so_many_working_days_is_late(waiting: Deployment) -> None:
    config = waiting.folder / "gateway.toml"
    config.write_text(config.read_text().replace("uncollected_working_days = 5", "uncollected_working_days = 0"))
    assert waiting.ask("admin", "report", "uncollected")[0]["late"] == 0  # 0 is never

    async def wait_long(house: House) -> None:
        policy = house.policy.current
        reminders = replace(policy.reminders, uncollected_days=5)
        today = policy.day_of(house.clock.now())
        assert replace(policy, reminders=reminders).late_on(house.clock.now() - timedelta(days=30)) <= today
        assert replace(policy, reminders=reminders).late_on(house.clock.now()) > today

    waiting.in_house(wait_long)


@pytest.mark.parametrize(("line", "number"), [("--service SEN", 1), ("--service EP", 0), ("--search nothing", 0)])
def test_it_takes_the_portals_filters(waiting: Deployment, line: str, number: int) -> None:
    assert len(waiting.ask("admin", "report", "uncollected", *line.split())) == number
