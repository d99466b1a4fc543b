"""Set aside: the administrator is told once of each time, never more often than hourly, and decides (DESIGN 4)."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gateway.core.admission import Refusal
from gateway.core.mail import Mail
from gateway.core.setaside import MOST_ROWS, SetAside, told_why
from gateway.store.disk import PosixDisk
from tests.fakes import WAYS_TO_DIE, dies, dying
from tests.scenarios.harness import GOOD, HEAD, Scene
from tests.scenarios.stand_ins import DyingLedger

NOBODY = "nobody"


async def unknown(scene: Scene, number: int = 1, *, name: str = GOOD) -> list[str]:
    """Promise uploads of somebody who is in no register: no program can work on them."""
    ids = []
    for _ in range(number):
        intake = scene.house.receive.begin()
        intake.write(b"whose?")
        ids.append((await intake.seal(channel="sftp", username=NOBODY, verified_by="publickey", name=name)).id)
    scene.known.failed.update(ids)
    return ids


async def settle(scene: Scene) -> None:
    await scene.idle()
    await scene.house.set_asides.pass_once()
    await scene.idle()


def alerts(scene: Scene) -> list[Mail]:
    return [mail for mail in scene.courier.taken if "the gateway can't go on" in mail.subject]


async def test_the_administrator_is_told_once_what_it_is_since_when_and_what_to_do(scene: Scene) -> None:
    (id,) = await unknown(scene)
    for _ in range(3):
        await settle(scene)
        scene.clock.advance(3 * 3600)
    (mail,) = alerts(scene)
    assert mail.to == scene.house.policy.current.notices.administrator
    assert mail.subject == "A submission waits for you: the gateway can't go on with it"
    said = " ".join(mail.text.split())
    for words in (
        f"Id: {id}",
        "an upload over SFTP, 8301102….docx",
        "Set aside since: Sunday 22 November 2026",
        f"No account of the name in the envelope of {id} is in the register.",
        "gateway admin failed retry ID",
        "gateway admin failed delete ID --reason TEXT --requested-by WHO",
    ):
        assert words in said
    assert mail.html


async def test_very_many_are_one_mail_now_and_one_an_hour_later(scene: Scene) -> None:
    await unknown(scene, MOST_ROWS + 10)
    await settle(scene)
    await unknown(scene, 5)
    await settle(scene)
    (mail,) = alerts(scene)
    assert "and 10 more: gateway admin failed list" in mail.text
    scene.clock.advance(3601)
    await settle(scene)
    assert [m.subject.split()[0] for m in alerts(scene)] == [str(MOST_ROWS + 10), "5"]


async def test_without_an_address_of_the_administrator_nothing_is_marked_as_told(scene: Scene) -> None:
    address = scene.house.policy.current.notices.administrator
    scene.set_notices(administrator="")
    await unknown(scene)
    await settle(scene)
    assert alerts(scene) == []
    scene.set_notices(administrator=address)
    await settle(scene)
    assert len(alerts(scene)) == 1


async def test_a_retry_after_the_cause_is_put_right_ends_as_any_file(scene: Scene) -> None:
    (id,) = await unknown(scene)
    await settle(scene)
    scene.known.failed.clear()
    found = replace(scene.account(HEAD), username=NOBODY, email="nobody@elsewhere.example")
    await scene.house.ledger.add_account(found, actor="it.admin", at=scene.clock.now())
    await scene.house.directory.pass_once()
    got = await scene.house.set_asides.retry(id, actor="it.admin")
    assert isinstance(got, SetAside)
    await settle(scene)
    assert scene.dropped("INFO") == {GOOD: b"whose?"}
    assert await scene.house.spool.failed() == []
    scene.clock.advance(3601)
    await settle(scene)
    assert len(alerts(scene)) == 1
    trail = [(row.action, row.actor) for row in await scene.house.ledger.trail(subject=id)]
    assert trail == [("record", NOBODY), ("retry-set-aside", "it.admin")]


async def test_a_retry_that_fails_again_is_told_again(scene: Scene) -> None:
    (id,) = await unknown(scene)
    await settle(scene)
    scene.clock.advance(2 * 3600)
    await scene.house.set_asides.retry(id, actor="it.admin")
    await scene.house.ingest.pass_once()  # before the worker looked: it never saw failed/ without it
    await settle(scene)
    assert len(alerts(scene)) == 2
    assert await scene.house.spool.failed() == [id]


async def test_one_that_is_let_go_is_destroyed_and_the_trail_says_why(scene: Scene) -> None:
    (id,) = await unknown(scene)
    await settle(scene)
    scene.known.failed.clear()
    got = await scene.house.set_asides.delete(id, reason="sent again", requested_by="Ruth Ashdown", actor="it.admin")
    assert isinstance(got, SetAside)
    assert await scene.house.spool.failed() == []
    (row,) = await scene.house.ledger.trail(subject=id, limit=10)
    assert (row.action, row.actor) == ("delete-set-aside", "it.admin")
    assert row.detail["reason"] == "sent again"


async def test_what_is_not_there_is_refused(scene: Scene) -> None:
    got = await scene.house.set_asides.retry("01nothing", actor="it.admin")
    assert got == Refusal(
        "not-there", "There is nothing of the id 01nothing in failed/. `gateway admin failed list` shows the ids."
    )


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", [0, 1, 2])  # the mark that it is about to be told, the notice, the mark that it was
async def test_a_stop_at_any_write_owes_one_alert_of_each(scene: Scene, dies_at: int, after: bool) -> None:
    ids = await unknown(scene, 2)
    await scene.house.ingest.pass_once()
    disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
    await scene.restart(disk=disk, wrap=partial(DyingLedger, disk=disk, dies_at=dies_at, after=after))  # type: ignore[arg-type]
    assert await dies(scene.house.set_asides.pass_once())
    await scene.restart(disk=PosixDisk())
    await settle(scene)
    scene.clock.advance(3601)
    await settle(scene)
    (mail,) = alerts(scene)
    assert all(id in mail.text for id in ids)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("It can't be read.", ("It can't be read.", False)),
        ("", ("No reason was kept.", False)),
        (
            "Traceback (most recent call last):\n  File \"x\"\n    y\n    ^\nValueError: bad byte in 'Zebulon'\n",
            ("A fault of the gateway itself (ValueError).", True),
        ),
        (
            'Traceback (most recent call last):\n  File "x"\ngateway.x.Odd: Zebulon\nsaid on two lines',
            ("A fault of the gateway itself (Odd).", True),
        ),
    ],
)
def test_what_a_fault_of_ours_says_is_not_told(words: str, told: tuple[str, bool]) -> None:
    assert told_why(words) == told


async def test_the_mark_forgets_what_lies_there_no_more(scene: Scene) -> None:
    (id,) = await unknown(scene)
    await settle(scene)
    scene.known.failed.clear()
    for name in (id, f"{id}.why.txt"):
        (Path(scene.house.settings.storage.data) / "spool" / "failed" / name).unlink()
    await scene.house.set_asides.pass_once()
    assert json.loads(await scene.house.ledger.mark("set-aside") or "")["since"] == {}
