"""Re-routing: to the right service, and out of sight of the wrong one (SPEC 6)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.core.admission import Refusal
from gateway.core.model import FileRecord, Status
from tests.pipeline.deciding import (
    ADMINISTRATOR,
    OFFICER,
    SAFE,
    SEN,
    actor,
    collect,
    events,
    now,
    sent,
    set_service,
)
from tests.scenarios.harness import STAFF, Scene


class TestReRouting:
    """To the right service: Sent again, for new readers only, and the school learns the right code."""

    async def test_takes_it_from_one_service_and_brings_it_to_the_other(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, FileRecord)
        assert (got.status, got.service) == (Status.SENT, "EP")
        assert (got.received_by, got.received_by_user, got.received_at, got.delivered_at) == (None,) * 4
        assert got.remark == "not scanned; re-routed from SEN"
        assert scene.dropped("SEN") == {}
        await scene.idle()
        assert scene.dropped("EP") == {SEN: b"a plan"}
        assert got.expires_at == file.expires_at
        assert [e for e, _ in await events(scene, file)].count("receive") == 1  # the first reading is kept
        mail = scene.notices_to(STAFF)[-1]
        assert mail.subject == "A file of yours went to EP instead of SEN"
        assert "8304053_EPplan20261120.docx" in mail.text

    async def test_waits_for_the_undo_window_again(self, scene: Scene) -> None:
        file = await sent(scene)
        scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, FileRecord)
        assert got.remark == "not scanned; re-routed from SEN; leaves at 09:05"
        await scene.idle()
        assert scene.dropped("EP") == {}
        scene.clock.advance(300)
        await scene.idle()
        assert (await now(scene, file)).remark == "not scanned; re-routed from SEN; Delivered"

    async def test_who_lost_it_can_decide_nothing_about_it(self, scene: Scene) -> None:
        file = await sent(scene)
        await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        got = await scene.house.decisions.receive(file.id, by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == "not-officer"

    @pytest.mark.parametrize(("code", "refused"), [("SEN", "same-service"), ("SENX", "unknown-service-code")])
    async def test_to_no_other_service_is_refused(self, scene: Scene, code: str, refused: str) -> None:
        file = await sent(scene)
        got = await scene.house.decisions.reroute(file.id, code, by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == refused
        assert scene.dropped("SEN") == {SEN: b"a plan"}

    async def test_to_a_service_that_does_not_take_such_files_is_refused(self, scene: Scene) -> None:
        set_service(scene, "EP", accepts=frozenset({"pdf"}))
        set_service(scene, "HR", max_bytes=3)
        file = await sent(scene)
        for code, refused in (("EP", "type-not-allowed"), ("HR", "too-large")):
            got = await scene.house.decisions.reroute(file.id, code, by=actor(scene, OFFICER))
            assert isinstance(got, Refusal)
            assert got.code == refused

    async def test_never_shows_a_private_file_to_more_people_of_the_school(self, scene: Scene) -> None:
        file = await sent(scene, SAFE)
        got = await scene.house.decisions.reroute(file.id, "SEN", by=actor(scene, "beatrix.olney"))
        assert isinstance(got, FileRecord)
        assert got.private

    async def test_of_a_file_that_was_collected_is_refused(self, scene: Scene) -> None:
        file = await sent(scene)
        collect(scene, "SEN", SEN)
        got = await scene.house.decisions.reroute(file.id, "EP", by=actor(scene, OFFICER))
        assert isinstance(got, Refusal)
        assert got.code == "collected"
        assert scene.dropped("EP") == {}

    async def test_twice_at_once_goes_one_way(self, scene: Scene) -> None:
        file = await sent(scene)
        decisions = scene.house.decisions
        got = await asyncio.gather(*(decisions.reroute(file.id, code, by=ADMINISTRATOR) for code in ("EP", "FIN")))
        assert [isinstance(one, FileRecord) for one in got].count(True) == 1
        await scene.idle()
        after = await now(scene, file)
        assert sorted(c for c in ("SEN", "EP", "FIN") if scene.dropped(c)) == [after.service]
