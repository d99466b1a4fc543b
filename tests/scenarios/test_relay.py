"""A mail relay on a bad day, over real sockets: away, then 4xx, then nothing at all, then 5xx (issue 5; SPEC 11)."""

import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gateway.core.mail import Mail, Notice, NoticeQuery, NoticeState, Posted
from gateway.parameters import courier_of
from gateway.settings import NoticesSettings
from tests.outbound.relay import relay
from tests.scenarios.harness import GOOD, HEAD, Scene, scene_in


class Line:
    """The way to a relay, whose port changes when the relay comes back."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self.scene: Scene | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def send(self, mails: Sequence[Mail]) -> list[Posted]:
        """Send over a real connection; one second is as long as anybody is waited for."""
        assert self.scene is not None
        told = self.scene.settings.notices.model_dump(by_alias=True)
        notices = NoticesSettings(**{**told, "relay": f"smtp://127.0.0.1:{self.port}", "timeout_seconds": 1})
        settings = self.scene.settings.model_copy(update={"notices": notices})
        return await courier_of(settings, self.scene.clock).send(mails)


async def receipt(scene: Scene) -> Notice:
    """Return the newest receipt."""
    return (await scene.house.ledger.notices(NoticeQuery(template="receipt")))[0]


async def hours(scene: Scene, number: int) -> None:
    for _ in range(number):
        scene.clock.advance(3600)
        await scene.idle()


async def test_a_bad_day_loses_no_notice_and_fails_no_file(deployment: Path) -> None:
    line = Line()
    async with scene_in(deployment, courier=line) as scene:
        line.scene = scene
        await scene.upload(HEAD, GOOD, b"for info")
        await scene.idle()
        assert scene.dropped("INFO") == {GOOD: b"for info"}  # the file goes its way all the same
        await hours(scene, 24)  # nobody listens
        away = await receipt(scene)
        assert (away.state, "refused" in (away.error or "")) == (NoticeState.DUE, True)
        async with relay() as (server, line.port):
            server.answers["RCPT"] = "451 4.3.0 Please try later"
            await hours(scene, 3)
            assert (await receipt(scene)).error == "451 4.3.0 Please try later"
            server.answers["RCPT"] = None
            await hours(scene, 2)
            assert (await receipt(scene)).state is NoticeState.DUE
            server.silence.set()
            server.answers["RCPT"] = "250 ok"
            await hours(scene, 2)
            assert (await receipt(scene)).state is NoticeState.SENT
            assert [to for _, to, _ in server.letters] == [scene.account(HEAD).email]
            await hours(scene, 3)  # what was sent is not sent again
            assert len(server.letters) == 1
            server.answers["RCPT"] = "550 5.1.1 No such mailbox"
            await scene.upload(HEAD, "8301102_INFOother20261121.docx", b"another")
            await scene.idle()
            refused = await receipt(scene)
            assert (refused.state, refused.error) == (NoticeState.GIVEN_UP, "550 5.1.1 No such mailbox")
            assert len(scene.dropped("INFO")) == 2
            server.answers["RCPT"] = "250 ok"
            await scene.house.ledger.mark_notice(replace(refused, state=NoticeState.DUE, due_at=scene.clock.now()))
            await scene.idle()
            assert (await receipt(scene)).state is NoticeState.SENT
            assert len(server.letters) == 2
