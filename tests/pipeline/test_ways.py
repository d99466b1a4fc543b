"""Ways: mailboxes and servers of services, real ones on loopback; trouble there delays nobody else (issue 5, 1)."""

import email
import email.policy
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from gateway.core.admission import Refusal
from gateway.core.model import Drop, DropState, Status
from gateway.core.routing import Receive, Target, TargetKind
from gateway.pipeline.decisions import Actor
from tests.outbound.relay import relay
from tests.outbound.sftpserver import Remote, sftp_server
from tests.scenarios.harness import STAFF, Scene, scene_in
from tests.scenarios.invariants import MARKER

SEN = "8304053_SENplan20261120.docx"
EP = "8304053_EPreport20261120.docx"
MAILBOX = Target(TargetKind.EMAIL, address="sen@derbyshire.example")
ADMINISTRATOR = "files-help@derbyshire.example"


@asynccontextmanager
async def scene_with_relay(deployment: Path, port: int) -> AsyncIterator[Scene]:
    """Open a deployment whose relay listens on a port."""
    config = deployment / "gateway.toml"
    config.write_text(config.read_text().replace("smtp://127.0.0.1:1025", f"smtp://127.0.0.1:{port}"))
    async with scene_in(deployment) as scene:
        scene.set_notices(administrator=ADMINISTRATOR)
        yield scene


def set_targets(scene: Scene, *targets: Target, code: str = "SEN") -> None:
    policy = scene.house.policy
    services = dict(policy.current.catalogue.services)
    services[code] = replace(services[code], targets=targets, receive=Receive.ON_DELIVERY)
    policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))


async def send(scene: Scene, *names: str, data: bytes = b"a plan") -> None:
    await scene.email(STAFF, *((name, data) for name in names), text="For Tuesday.")
    await scene.idle()
    scene.promises.clear()


async def the_drop(scene: Scene, name: str = SEN) -> Drop:
    drops = await scene.house.ledger.drops(file=(await scene.file(name)).id)
    (found,) = [d for d in drops if d.target != "pickup"]
    return found


async def until(scene: Scene, state: DropState, *, most: int = 300) -> Drop:
    """Let time pass until a drop is in a state."""
    for _ in range(most):
        drop = await the_drop(scene)
        if drop.state is state:
            return drop
        scene.clock.advance(3600)
        await scene.idle()
    raise AssertionError(f"it is still {drop}")


class TestAMailbox:
    """The file attached, over the relay; delivered is received, and can't be taken back."""

    async def test_gets_the_file_with_its_facts(self, deployment: Path) -> None:
        async with relay() as (server, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, MAILBOX)
            await send(scene, SEN)
            ((sender, recipient, letter),) = server.letters
            message = email.message_from_bytes(letter, policy=email.policy.default)
            (part,) = message.iter_attachments()  # type: ignore[attr-defined]
            assert (sender, recipient) == (ADMINISTRATOR, MAILBOX.address)
            assert (part.get_filename(), part.get_content()) == (SEN, b"a plan")
            text = message.get_body().get_content()  # type: ignore[attr-defined]
            assert "Jonas Abernethy" in text
            assert "For Tuesday." in text
            assert SEN not in message["Subject"]
            file = await scene.file(SEN)
            assert (file.status, file.received_by) == (Status.RECEIVED, "SEN (delivery)")

    async def test_can_t_be_asked_for_it_back(self, deployment: Path) -> None:
        async with relay() as (_, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, MAILBOX)
            await send(scene, SEN)
            by = Actor.of(scene.account(STAFF))
            got = await scene.house.decisions.recall((await scene.file(SEN)).id, by=by)
            assert isinstance(got, Refusal)

    async def test_gets_nothing_of_what_was_undone_in_time(self, deployment: Path) -> None:
        async with relay() as (server, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, MAILBOX)
            scene.house.policy.current = replace(scene.house.policy.current, undo_seconds=300.0)
            await send(scene, SEN)
            by = Actor.of(scene.account(STAFF))
            assert not isinstance(await scene.house.decisions.recall((await scene.file(SEN)).id, by=by), Refusal)
            scene.clock.advance(400)
            await scene.idle()
            assert server.letters == []

    @pytest.mark.parametrize("largest", [3, 0])
    async def test_that_is_too_small_is_told_that_the_file_waits_in_the_inbox(
        self, deployment: Path, largest: int
    ) -> None:
        """The target's own limit, and the relay's answer when that is lower."""
        async with relay(END="552 5.3.4 too large") as (server, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, replace(MAILBOX, max_bytes=largest))
            await send(scene, SEN)
            assert server.letters == []
            (word,) = scene.courier.to(MAILBOX.address)
            assert word.subject == "A file for SEN waits in the Inbox"
            assert SEN not in word.text
            file = await scene.file(SEN)
            assert (file.status, file.delivered_at) == (Status.SENT, scene.clock.now())  # nobody has it yet
            officer = Actor.of(scene.account("nadia.rowbotham"))
            assert not isinstance(await scene.house.decisions.receive(file.id, by=officer), Refusal)

    async def test_that_is_refused_asks_a_person_at_once(self, deployment: Path) -> None:
        async with relay(RCPT="550 no such mailbox") as (_, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, MAILBOX)
            await send(scene, SEN)
            drop = await the_drop(scene)
            assert (drop.state, drop.attempts) == (DropState.GIVEN_UP, 1)
            (alert,) = scene.courier.to(ADMINISTRATOR)
            assert "550 no such mailbox" in alert.text
            assert (await scene.file(SEN)).status is Status.SENT

    async def test_behind_a_relay_that_is_down_for_a_day_gets_it_the_day_after(self, deployment: Path) -> None:
        async with relay(RCPT="450 try later") as (server, port), scene_with_relay(deployment, port) as scene:
            set_targets(scene, MAILBOX)
            await send(scene, SEN, EP)
            assert scene.dropped("EP") == {EP: b"a plan"}  # no other service waits
            for _ in range(24):
                scene.clock.advance(3600)
                await scene.idle()
            assert server.letters == []
            server.answers["RCPT"] = "250 ok"
            await until(scene, DropState.DONE)
            assert len(server.letters) == 1
            assert f"Message-ID: <{(await the_drop(scene)).id}@gateway.test>".encode() in server.letters[0][2]


class TestAServer:
    """A push over SFTP, with the host key that was pinned."""

    @pytest.fixture
    async def remote(self, tmp_path: Path) -> AsyncIterator[Remote]:
        async with sftp_server(tmp_path / "service") as remote:
            yield remote

    async def test_gets_the_file(self, scene: Scene, remote: Remote) -> None:
        set_targets(scene, remote.target())
        await send(scene, SEN)
        assert remote.lying() == {SEN: b"a plan"}
        file = await scene.file(SEN)
        assert (file.status, file.received_by) == (Status.RECEIVED, "SEN (delivery)")
        assert (await the_drop(scene)).placed_as == SEN
        self.forget_places(scene)

    def forget_places(self, scene: Scene) -> None:
        """Tell the invariants that these drops lie in no folder of ours."""
        scene.known.away.add("SEN")

    async def test_that_is_down_for_days_loses_nothing_and_delays_no_other(self, scene: Scene, tmp_path: Path) -> None:
        async with sftp_server(tmp_path / "service") as remote:
            down = remote.target(host="127.0.0.1:1")
            set_targets(scene, down)
            await send(scene, SEN, EP)
            assert scene.dropped("EP") == {EP: b"a plan"}
            for _ in range(3 * 24):
                scene.clock.advance(3600)
                await scene.idle()
            assert (await the_drop(scene)).state is DropState.PLACING
            assert (await scene.file(SEN)).status is Status.SENT
            set_targets(scene, replace(down, host=remote.target().host))
            drop = await the_drop(scene)
            moved = replace(drop, target=remote.target().name)
            assert moved.target != drop.target  # another server is another target: the old drop asks a person
            drop = await until(scene, DropState.GIVEN_UP)
            assert "has no target" in (drop.error or "")
        self.forget_places(scene)

    async def test_that_comes_back_gets_what_waited_once(self, scene: Scene, remote: Remote) -> None:
        target = remote.target()
        hidden = remote.folder / "in"
        set_targets(scene, target)
        hidden.rename(remote.folder / "away")
        await send(scene, SEN, "8304053_SENb20261120.docx")
        scene.clock.advance(3 * 3600)
        await scene.idle()
        (remote.folder / "away").rename(hidden)
        scene.clock.advance(2 * 3600)
        await scene.idle()
        assert sorted(remote.lying()) == ["8304053_SENb20261120.docx", SEN]
        assert len(remote.renames) == 2
        self.forget_places(scene)

    async def test_with_a_false_host_key_asks_a_person_at_once(self, scene: Scene, remote: Remote) -> None:
        scene.set_notices(administrator=ADMINISTRATOR)
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        set_targets(scene, remote.target(host_key=other))
        await send(scene, SEN)
        assert (await the_drop(scene)).state is DropState.GIVEN_UP
        (alert,) = scene.courier.to(ADMINISTRATOR)
        assert "another host key" in " ".join(alert.text.split())
        assert remote.lying() == {}
        self.forget_places(scene)

    async def test_after_a_stop_between_the_push_and_its_mark_has_one_file(self, scene: Scene, remote: Remote) -> None:
        set_targets(scene, remote.target())
        await scene.email(STAFF, (SEN, b"a plan"))
        await scene.house.ingest.pass_once()
        placing = replace(await the_drop(scene), state=DropState.PLACING, placed_as=SEN)
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        (remote.folder / "in" / SEN).write_bytes(b"a plan")
        await scene.idle()
        assert remote.lying() == {SEN: b"a plan"}
        assert (await the_drop(scene)).state is DropState.DONE
        scene.promises.clear()
        self.forget_places(scene)


async def test_several_targets_each_have_their_own_state(deployment: Path, tmp_path: Path) -> None:
    async with (
        relay(RCPT="450 try later") as (server, port),
        sftp_server(tmp_path / "service") as remote,
        scene_with_relay(deployment, port) as scene,
    ):
        folder = Target(TargetKind.FOLDER, path=str(scene.drop_folder("SEN")))
        set_targets(scene, Target(TargetKind.PICKUP), folder, MAILBOX, remote.target())
        (scene.drop_folder("SEN") / MARKER).unlink()
        await send(scene, SEN)
        drops = await scene.house.ledger.drops(file=(await scene.file(SEN)).id)
        states = {d.target.partition(":")[0]: (d.state, d.attempts) for d in drops}
        assert states == {
            "pickup": (DropState.DONE, 1),
            "folder": (DropState.DUE, 1),
            "email": (DropState.PLACING, 1),
            "sftp": (DropState.DONE, 1),
        }
        assert remote.lying() == {SEN: b"a plan"}
        server.answers["RCPT"] = "250 ok"
        (scene.drop_folder("SEN") / MARKER).touch()
        scene.clock.advance(60)
        await scene.idle()
        assert len(server.letters) == 1
        assert scene.dropped("SEN") == {SEN: b"a plan"}
        shutil.rmtree(remote.folder)
        scene.known.away.add("SEN")
