"""`gateway admin failed`: what was set aside is seen, tried again, or let go (DESIGN 4)."""

import pytest

from gateway.app import House
from tests.cli.conftest import Deployment


@pytest.fixture
def one(deployment: Deployment) -> str:
    """Return the id of an upload that was set aside."""

    async def set_aside(house: House) -> str:
        intake = house.spool.begin()
        intake.write(b"bytes")
        envelope = await intake.seal(
            channel="sftp", username="x.y", verified_by="publickey", name="8301102_SENzebulon.pdf"
        )
        await house.spool.set_aside(envelope.id, "It can't be read.\nNot at all.")
        return envelope.id

    return deployment.in_house(set_aside)


def test_the_list_says_what_it_is_and_why(deployment: Deployment, one: str) -> None:
    (row,) = deployment.ask("admin", "failed", "list")
    assert {key: row[key] for key in ("id", "kind", "sent_by", "size", "is_bug")} == {
        "id": one,
        "kind": "an upload over SFTP",
        "sent_by": "x.y",
        "size": 5,
        "is_bug": False,
    }
    assert row["path"].endswith(f"spool/failed/{one}")
    assert deployment.ask("admin", "failed", "list", "--sent-by", "X.Y", "--search", "zebulon") == [row]
    assert deployment.ask("admin", "failed", "list", "--until", "2020-01-01") == []
    assert deployment.ask("admin", "failed", "list", "--sent-by", "somebody") == []


def test_show_says_all_that_was_written_down(deployment: Deployment, one: str) -> None:
    assert deployment.ask("admin", "failed", "show", one)["why_in_full"] == "It can't be read.\nNot at all."
    assert "Not at all." in deployment.run("admin", "failed", "show", one.upper()).stdout


def test_a_retry_puts_it_back_on_the_list_of_what_is_to_be_done(deployment: Deployment, one: str) -> None:
    assert deployment.ask("admin", "failed", "retry", one)["id"] == one
    assert deployment.ask("admin", "failed", "list") == []
    assert deployment.ask("admin", "status")["spool"]["unprocessed"] == 1
    assert deployment.ask("admin", "failed", "retry", "--all") == []


def test_what_is_let_go_is_gone_and_needs_a_reason(deployment: Deployment, one: str) -> None:
    for_what = ("--requested-by", "Ruth Ashdown")
    assert deployment.run("admin", "failed", "delete", one, "--reason", " ", *for_what).exit_code == 64
    assert deployment.ask("admin", "failed", "delete", one, "--reason", "sent again", *for_what)["id"] == one
    assert deployment.ask("admin", "failed", "list") == []
    assert deployment.ask("admin", "status")["stuck"]["failed"] == []


@pytest.mark.parametrize("deed", [("show",), ("retry",), ("delete", "--reason", "r", "--requested-by", "w")])
def test_an_id_that_is_not_there_is_said_to_be_so(deployment: Deployment, deed: tuple[str, ...]) -> None:
    got = deployment.run("admin", "failed", deed[0], "01nothing", *deed[1:])
    assert got.exit_code == 65
    assert "gateway admin failed list" in got.stderr


def test_retry_wants_ids_or_all(deployment: Deployment, one: str) -> None:
    assert deployment.run("admin", "failed", "retry").exit_code == 64
    assert deployment.run("admin", "failed", "retry", one, "--all").exit_code == 64
