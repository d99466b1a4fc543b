"""Which methods are asked of whom, and that nobody learns a role from it (SPEC 5, 9)."""

import asyncssh
import pytest

from gateway.core.register import Account, AccountState, Role
from gateway.inbound.sftp.requirements import Requirements
from tests.inbound.sftp.live import PASSWORD, WRONG, door_in
from tests.inbound.sftp.person import JONAS, NADIA, SAMIR
from tests.scenarios.harness import Scene

KEY, WORD = "publickey", "password"
HEAD, OFFICER = (Account(r, "A", "B", "a@b.example", Role(r), AccountState.ACTIVE) for r in ("head", "officer"))
ASKED = Requirements(((KEY,), (WORD,)), {Role.OFFICER: ((KEY, WORD),), Role.STAFF: ((KEY,),)})


def test_a_role_has_its_own_sets_and_the_others_the_usual_ones() -> None:
    assert ASKED.is_met({WORD}, HEAD)
    assert not ASKED.is_met({WORD}, OFFICER)
    assert not ASKED.is_met({KEY}, OFFICER)
    assert ASKED.is_met({KEY, WORD}, OFFICER)


@pytest.mark.parametrize("account", [None, HEAD, OFFICER])
def test_before_anything_is_proved_everybody_is_offered_the_same(account: Account | None) -> None:
    assert ASKED.asks_for(KEY, (), account)
    assert ASKED.asks_for(WORD, (), account)


def test_after_the_first_the_role_decides() -> None:
    assert ASKED.asks_for(WORD, {KEY}, OFFICER)
    assert not ASKED.asks_for(WORD, {KEY}, HEAD)


@pytest.fixture
def by_role() -> dict[str, object]:
    """Officers need both; staff only their key."""
    return {"require": ((KEY,), (WORD,)), "require_by_role": {Role.OFFICER: ((KEY, WORD),), Role.STAFF: ((KEY,),)}}


async def test_an_officer_needs_both_and_a_headteacher_either(scene: Scene, by_role: dict[str, object]) -> None:
    async with door_in(scene, **by_role) as door:
        for username in (NADIA, SAMIR):
            await door.key_of(username)
            await door.give_password(username)
        async with door.connect(SAMIR) as connection:
            await connection.start_sftp_client()
        for way in ({"password": PASSWORD}, {}):
            with pytest.raises(asyncssh.PermissionDenied):
                async with door.connect(NADIA, **way):
                    pass
        both = {"client_keys": [door.keys[NADIA]], "password": PASSWORD}
        async with door.connect(NADIA, **both) as connection:
            await connection.start_sftp_client()


async def test_who_needs_a_key_hears_so_after_the_right_password_and_not_before(
    live_scene: Scene, by_role: dict[str, object]
) -> None:
    async with door_in(live_scene, **by_role) as door:
        await door.give_password(JONAS)
        for word, is_told in ((WRONG, False), (PASSWORD, True)):
            heard: list[str] = []

            class Client(asyncssh.SSHClient):
                def auth_banner_received(self, msg: str, lang: str) -> None:
                    heard.append(msg)  # noqa: B023

            with pytest.raises(asyncssh.PermissionDenied):
                async with door.connect(JONAS, password=word, client_factory=Client, preferred_auth="password"):
                    pass
            assert any("opened by a key" in line for line in heard) is is_told
        async with door.connect(JONAS) as connection:
            await connection.start_sftp_client()
