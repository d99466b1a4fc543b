"""Purge: no byte goes a second early, none outlives its term, and nothing that tells of a child stays (SPEC 10)."""

import zipfile
from dataclasses import replace
from io import BytesIO

import pytest

from gateway.core.model import DropState, Status
from gateway.core.retention import Terms
from gateway.errors import Transient
from tests.scenarios.harness import GOOD, HEAD, STAFF, Scene
from tests.scenarios.invariants import MARKER
from tests.scenarios.stand_ins import StubbornLedger

TERM = 90 * 86_400  # seconds
PUPIL = "tilly-brambleworth"  # an invented pupil, where a sender writes one
NAME = f"8301102_SEN{PUPIL}20261120.zip"


def zip_about_a_pupil() -> bytes:
    found = BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        archive.writestr(f"{PUPIL}/report.txt", "invented")
    return found.getvalue()


class TestTheTerm:
    """Received + 90 x 86,400 seconds, by our own clock."""

    async def test_ends_at_its_second_and_not_one_before(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        scene.clock.advance(TERM - 1)
        assert await scene.house.purge.pass_once() == 0
        assert await scene.house.purge.due() == []
        assert await scene.house.archive.places() != []
        scene.clock.advance(1)
        assert len(await scene.house.purge.due()) == 1
        assert await scene.house.purge.pass_once() == 1
        assert await scene.house.archive.places() == []
        del scene.promises[:]

    async def test_of_rejected_bytes_is_their_own(self, scene: Scene) -> None:
        await scene.email(HEAD, (GOOD, b"good"), ("nonsense.pdf", b"bad"))
        await scene.idle()
        scene.clock.advance(14 * 86_400 - 1)
        await scene.idle()
        assert len(await scene.house.archive.places()) == 2
        scene.clock.advance(1)
        await scene.idle()
        (left,) = await scene.house.archive.places()
        assert left == (await scene.file(GOOD)).place
        assert {f.status for f in await scene.files()} == {Status.SENT, Status.REJECTED}
        scene.promises = [p for p in scene.promises if p.name == GOOD]

    async def test_of_no_days_destroys_at_once(self, scene: Scene) -> None:
        scene.house.policy.current = replace(scene.house.policy.current, terms=Terms(days=0, rejected_days=0))
        await scene.email(HEAD, (GOOD, b"good"), ("nonsense.pdf", b"bad"))
        await scene.idle()
        assert await scene.house.archive.places() == []
        assert len(scene.notices_to(HEAD)) == 1
        del scene.promises[:]

    async def test_is_fixed_at_receipt_whatever_is_configured_later(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"x")
        await scene.idle()
        scene.house.policy.current = replace(scene.house.policy.current, terms=Terms(days=0))
        await scene.idle()
        assert await scene.house.archive.places() != []


class TestWhatGoes:
    """With the bytes go the comment, the tags, the entries, the subject, and the description in the name."""

    async def sent(self, scene: Scene) -> None:
        """Send a file whose every field tells of a pupil, and a repeat of it, and another version."""
        data = zip_about_a_pupil()
        await scene.email(HEAD, (NAME, data), text=f"This is about {PUPIL}.", Subject=f"{PUPIL} #{PUPIL}")
        await scene.idle()
        await scene.email(HEAD, (NAME, data), text=f"Again {PUPIL}.", Subject=PUPIL)
        await scene.email(HEAD, (NAME, data + b""), ("8301102_XXXX" + PUPIL + ".pdf", b"bad"), text=PUPIL)
        await scene.upload(HEAD, NAME, data[:-22] + data[-22:] + b"")
        await scene.idle()
        del scene.promises[:]

    async def test_is_named_nowhere_any_more(self, scene: Scene) -> None:
        await self.sent(scene)
        before = await scene.file(NAME)
        assert PUPIL in (before.comment or "") + "".join(before.tags) + "".join(before.entries)
        assert scene.mentions(PUPIL) != []
        scene.clock.advance(TERM)
        await scene.idle()
        (after,) = [f for f in await scene.files() if f.service == "SEN"]
        assert after.name == "8301102_SEN…20261120.zip"
        assert (after.comment, after.tags, after.entries, after.place) == (None, (), (), None)
        assert scene.dropped("SEN") == {}
        await scene.stop()  # the last connection writes the log of the database back into it
        assert scene.mentions(PUPIL) == []
        await scene.start()

    async def test_is_in_no_file_while_the_daemon_goes_on(self, scene: Scene) -> None:
        """A daemon runs for months: what the write-ahead log of the ledger held must go as well."""
        await self.sent(scene)
        scene.clock.advance(TERM)
        await scene.idle()
        assert scene.mentions(PUPIL) == []

    async def test_leaves_what_the_law_wants_kept(self, scene: Scene) -> None:
        await scene.upload(HEAD, NAME, zip_about_a_pupil())
        await scene.idle()
        before = await scene.file(NAME)
        scene.clock.advance(TERM)
        await scene.idle()
        (after,) = await scene.files()
        kept = ("id", "school", "service", "status", "sent_by", "sent_by_user", "sent_at", "size", "sha256", "date")
        assert [getattr(after, k) for k in kept] == [getattr(before, k) for k in kept]
        assert after.purged_at == scene.clock.now()
        assert [h.event for h in await scene.house.ledger.history(after.id)][-1] == "destroy"
        del scene.promises[:]


class TestOurCopyInADropFolder:
    """Goes with the bytes when nobody touched it; what a service changed or took is the service's."""

    async def test_goes_when_it_is_untouched(self, scene: Scene) -> None:
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.idle()
        scene.clock.advance(TERM)
        await scene.idle()
        assert scene.dropped("INFO") == {}
        del scene.promises[:]

    @pytest.mark.parametrize("changed", [b"their notes in it", b"OURS"])
    async def test_stays_when_the_service_changed_it(self, scene: Scene, changed: bytes) -> None:
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.idle()
        (scene.drop_folder("INFO") / GOOD).write_bytes(changed)
        scene.known.others.add(f"INFO/{GOOD}")
        scene.clock.advance(TERM)
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: changed}
        del scene.promises[:]

    async def test_goes_when_its_share_is_back(self, scene: Scene) -> None:
        """The share was away when the term ended: our copy on it must not outlive its term for that."""
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.upload(HEAD, NAME, zip_about_a_pupil())
        await scene.idle()
        marker = scene.drop_folder("INFO") / MARKER
        marker.unlink()
        scene.clock.advance(TERM)
        await scene.idle()
        assert await scene.house.archive.places() == []
        assert scene.dropped("SEN") == {}
        assert scene.dropped("INFO") == {GOOD: b"ours"}
        marker.touch()
        scene.clock.advance(60)
        await scene.idle()
        assert scene.dropped("INFO") == {}
        del scene.promises[:]

    async def test_that_waited_for_its_folder_is_never_made(self, scene: Scene) -> None:
        marker = scene.drop_folder("INFO") / MARKER
        marker.unlink()
        await scene.upload(HEAD, GOOD, b"ours")
        await scene.idle()
        marker.touch()
        scene.clock.advance(TERM)
        await scene.house.purge.pass_once()
        await scene.idle()
        assert scene.dropped("INFO") == {}
        (drop,) = [d for d in await scene.house.ledger.drops() if d.target != "pickup"]
        assert drop.state is DropState.WITHDRAWN
        del scene.promises[:]


@pytest.mark.parametrize("step", ["mark_destroying", "mark_destroyed"])
async def test_a_busy_ledger_delays_a_purge_and_ends_it_later(scene: Scene, step: str) -> None:
    await scene.restart(wrap=lambda ledger: StubbornLedger(ledger, step, Transient("busy"), times=2))
    await scene.email(HEAD, (GOOD, b"one"), ("8301102_INFOtwo20261120.docx", b"two"))
    await scene.house.ingest.pass_once()
    scene.clock.advance(TERM)
    tries = 0
    for _ in range(4):
        try:
            await scene.house.purge.pass_once()
        except Transient:
            tries += 1
    assert tries == 2
    await scene.idle()
    assert await scene.house.archive.places() == []
    del scene.promises[:]


async def test_more_than_a_batch_is_destroyed_in_passes(scene: Scene) -> None:
    for _ in range(3):
        files = [(f"8301102_INFO{scene.clock.new_id()}.txt", scene.clock.new_id().encode()) for _ in range(100)]
        await scene.email(HEAD, *files)
    await scene.house.ingest.pass_once()
    scene.clock.advance(TERM)
    assert await scene.house.purge.pass_once() == 200
    assert await scene.house.purge.pass_once() == 100
    assert await scene.house.purge.pass_once() == 0
    del scene.promises[:]


class TestUnfinishedUploads:
    """Kept for a day, so that they can go on; then removed."""

    async def test_are_removed_after_a_day_and_not_before(self, scene: Scene) -> None:
        await scene.park(HEAD, GOOD, b"half")
        scene.clock.advance(86_399)
        await scene.idle()
        assert len(await scene.house.spool.parked()) == 1
        scene.clock.advance(1)
        await scene.idle()
        assert await scene.house.spool.parked() == []
        assert await scene.house.ledger.unfinished() == []

    async def test_that_go_on_after_a_day_hold_up_no_other(self, scene: Scene) -> None:
        await scene.park(HEAD, GOOD, b"half")
        await scene.park(STAFF, "8304053_INFOreturn20261120.docx", b"half")
        scene.clock.advance(86_400)
        (oldest, *_) = await scene.house.ledger.unfinished()
        intake = await scene.house.spool.resume(oldest.id)
        await scene.house.purge.pass_once()
        assert await scene.house.spool.parked() == [oldest.id]
        await intake.park()
        await scene.idle()
        assert await scene.house.spool.parked() == []


class TestARecordWithoutBytes:
    """A name that was refused at OPEN may tell of a child: it is kept no longer than rejected bytes."""

    async def test_keeps_its_words_for_the_term_of_rejected_bytes(self, scene: Scene) -> None:
        await scene.upload(HEAD, f"{PUPIL}.pdf", b"never read")
        await scene.idle()
        scene.clock.advance(14 * 86_400 - 1)
        await scene.idle()
        assert (await scene.files())[0].name == f"{PUPIL}.pdf"
        scene.clock.advance(1)
        await scene.idle()
        (file,) = await scene.files()
        assert (file.name, file.reason, file.status) == ("….pdf", "no-dfe-number", Status.REJECTED)
        assert scene.mentions(PUPIL) == []

    async def test_is_found_after_a_restart_and_only_once(self, scene: Scene) -> None:
        await scene.upload(HEAD, f"{PUPIL}.pdf", b"never read")
        await scene.idle()
        await scene.restart()
        scene.clock.advance(14 * 86_400)
        await scene.idle()
        first = await scene.house.ledger.history((await scene.files())[0].id)
        await scene.restart()
        await scene.idle()
        assert await scene.house.ledger.history((await scene.files())[0].id) == first
        assert [h.event for h in first] == ["refuse", "destroy"]
