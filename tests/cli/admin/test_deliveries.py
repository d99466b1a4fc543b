"""What is owed to services: listed by its file's filters, and tried again on request."""

from dataclasses import replace

import pytest

from gateway.app import House
from gateway.core.model import DropState
from tests.cli.admin.mailbag import GOOD, OFFICER, send
from tests.cli.conftest import Deployment

MARKER = ".gateway-drop-folder"


@pytest.fixture
def stuck(deployment: Deployment) -> Deployment:
    """A deployment with a delivery that was given up."""
    marker = deployment.folder / "drops" / "SEN" / MARKER
    marker.unlink()
    send(deployment)

    async def give_up(house: House) -> None:
        (drop,) = [d for d in await house.ledger.drops() if d.state is DropState.DUE]
        await house.ledger.mark_drop(replace(drop, state=DropState.GIVEN_UP), expected=DropState.DUE)

    deployment.in_house(give_up)
    marker.touch()
    return deployment


def listed(deployment: Deployment, *line: str) -> list[tuple[str, str]]:
    return [
        (row["target"].partition(":")[0], row["state"]) for row in deployment.ask("admin", "deliveries", "list", *line)
    ]


def drop_all(deployment: Deployment) -> None:
    async def work(house: House) -> None:
        await house.dropper.pass_once()

    deployment.in_house(work)


def test_deliveries_are_listed_newest_first_by_state_and_by_their_file(stuck: Deployment) -> None:
    assert sorted(listed(stuck)) == [("folder", "given-up"), ("pickup", "done")]
    assert listed(stuck, "--status", "given-up") == [("folder", "given-up")]
    assert listed(stuck, "--service", "INFO") == []
    assert listed(stuck, "--school", "8301102", "--search", "PLAN", "--status", "done") == [("pickup", "done")]
    assert "marker file" in stuck.run("admin", "deliveries", "list", "--status", "given-up").stdout


def test_a_delivery_is_tried_again_with_all_its_time(stuck: Deployment) -> None:
    (row,) = stuck.ask("admin", "deliveries", "list", "--status", "given-up")
    told = stuck.ask("admin", "deliveries", "retry", row["id"])
    assert (told["id"], told["state"], told["attempts"], told["error"]) == (row["id"], "due", 0, None)
    drop_all(stuck)
    assert (stuck.folder / "drops" / "SEN" / GOOD).read_bytes() == b"a plan"


def test_all_that_were_given_up_are_tried_again(stuck: Deployment) -> None:
    assert [row["state"] for row in stuck.ask("admin", "deliveries", "retry", "--all")] == ["due"]
    assert stuck.ask("admin", "deliveries", "retry", "--all") == []


def test_a_name_that_was_taken_before_the_trouble_is_looked_at_first(stuck: Deployment) -> None:
    """The process gave up between the rename and its mark: a second copy must not appear."""

    async def placed(house: House) -> str:
        (drop,) = await house.ledger.drops(state=DropState.GIVEN_UP)
        await house.ledger.mark_drop(replace(drop, placed_as=GOOD), expected=DropState.GIVEN_UP)
        return drop.id

    id = stuck.in_house(placed)
    (stuck.folder / "drops" / "SEN" / GOOD).write_bytes(b"a plan")
    assert stuck.ask("admin", "deliveries", "retry", id)["state"] == "placing"
    drop_all(stuck)
    assert sorted(p.name for p in (stuck.folder / "drops" / "SEN").iterdir()) == [MARKER, GOOD]


# (what happened to the file meanwhile, the delivery asked for, a word of the sentence)
REFUSALS = [
    ([], "pickup", "is done, so there is nothing to try again"),
    (["recall", "ID"], "folder", "is withdrawn"),
    (["receive", "ID", "--by", OFFICER], "nothing", "There is no delivery"),
]


@pytest.mark.parametrize(("before", "target", "word"), REFUSALS)
def test_what_can_t_be_tried_again_is_bad_data(stuck: Deployment, before: list[str], target: str, word: str) -> None:
    rows = {row["target"].partition(":")[0]: row for row in stuck.ask("admin", "deliveries", "list")}
    file = rows["pickup"]["file"]
    if before:
        assert stuck.run("admin", "files", *[file if w == "ID" else w for w in before]).exit_code == 0
    ran = stuck.run("admin", "deliveries", "retry", rows[target]["id"] if target in rows else f"{file}-9")
    assert ran.exit_code == 65
    assert word in ran.stderr


@pytest.mark.parametrize("line", [[], ["--all", "x"]])
def test_which_delivery_must_be_said(deployment: Deployment, line: list[str]) -> None:
    assert deployment.run("admin", "deliveries", "retry", *line).exit_code == 64
