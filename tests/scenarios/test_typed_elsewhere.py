"""One password, typed on different systems and sent by different programs: the daemon takes each of them (SPEC 9)."""

import asyncssh
import pytest

from gateway.store.hashing import Hasher
from tests.scenarios.daemons import GONE, Daemon
from tests.scenarios.harness import HEAD
from tests.scenarios.test_ending_access import answer_to_login
from tests.scenarios.test_wrong_person import change, is_now, ssh

SET = "Cafe\u0301 \ufb01tting7T\u00fclips"  # as a Mac types it, with a ligature that was pasted
TYPED = (
    SET,
    "Caf\u00e9 fitting7T\u00fclips",  # Windows
    "Cafe\u0301\u00a0fitting7Tu\u0308lips",  # a Mac whose owner holds Option over the space bar
    "Caf\u00e9 fitt\u00ading7T\u00fclips",  # pasted, with a soft hyphen
)


class Typist(asyncssh.SSHClient):
    """Answers each question with one password."""

    def __init__(self, password: str) -> None:
        self.password = password

    def kbdint_auth_requested(self) -> str:
        return ""

    def kbdint_challenge_received(
        self, _name: str, _text: str, _lang: str, prompts: list[tuple[str, bool]]
    ) -> list[str]:
        return [self.password for _ in prompts]


async def by_questions(daemon: Daemon, typed: str) -> None:
    options = {"client_factory": lambda: Typist(typed), "preferred_auth": "keyboard-interactive"}
    async with ssh(daemon, HEAD, client_keys=None, **options) as client:
        await client.listdir(".")


async def by_password(daemon: Daemon, typed: str) -> None:
    async with ssh(daemon, HEAD, client_keys=None, password=typed, preferred_auth="password") as client:
        await client.listdir(".")


async def test_every_door_takes_it_however_it_was_typed(daemon: Daemon) -> None:
    await daemon.set_up(HEAD)
    quick = Hasher(time_cost=1, memory_kib=8)
    await change(daemon, HEAD, is_now(password_hash=await quick.hash(SET)))
    quick.close()
    await daemon.start()
    for typed in TYPED:
        await by_questions(daemon, typed)
        await by_password(daemon, typed)
        assert (await answer_to_login(daemon, HEAD, typed)).startswith("235"), typed
    for other in ("Cafe fitting7T\u00fclips", "Caf\u00e9 Fitting7T\u00fclips"):
        with pytest.raises(GONE):
            await by_password(daemon, other)
        assert (await answer_to_login(daemon, HEAD, other)).startswith("535")
