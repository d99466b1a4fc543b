"""What an administrator does while somebody answers the questions of a login: it holds, and they are told (SPEC 9)."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import asyncssh
import pytest

from gateway.core.publickeys import key_of
from tests.inbound.sftp.live import LiveDoor, door_in, eventually
from tests.inbound.sftp.test_way_in import (
    NEW,
    OLD,
    SAMIR,
    Typist,
    begin,
    bring_in_policy,
    comes_in,
    expire,
    is_owed,
    mailed_code,
)
from tests.scenarios.daemons import PASSWORD, Daemon, daemon_in, until, words_of
from tests.scenarios.harness import HEAD, Scene
from tests.scenarios.test_wrong_person import EXPIRED, change
from tests.terminal import Terminal

THIRD = "Quiet9river"


@pytest.fixture
async def door(scene: Scene) -> AsyncIterator[LiveDoor]:
    async with door_in(scene, auth_tries=20) as live:
        live.door.slowing.FIRST = 0.0
        yield live


class Slow(Typist):
    """Somebody who thinks for a while about the last question that they answer, or about the change of a password."""

    def __init__(self, *answers: str, meanwhile: Callable[[], Awaitable[object]], changes=()) -> None:
        super().__init__(*answers, changes=changes)
        self.meanwhile = meanwhile

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        said = super().kbdint_challenge_received(name, instructions, lang, prompts)
        return said if self.answers or not prompts else self.think(said)

    def password_change_requested(self, prompt, lang):
        said = super().password_change_requested(prompt, lang)
        return self.think(said)

    async def think(self, said):
        await self.meanwhile()
        return said


async def reset(door: LiveDoor) -> None:
    """Do what `gateway admin users password` does."""
    door.scene.clock.advance(1)
    await door.scene.house.accounts.reset_password(SAMIR, actor="the clerk")


async def test_a_reset_in_the_conversation_holds(door: LiveDoor) -> None:
    await expire(door)
    typist = Slow(OLD, NEW, NEW, meanwhile=lambda: reset(door))
    assert not await comes_in(door, typist)
    assert "Your password was taken away by the authority meanwhile" in typist.words
    assert door.scene.account(SAMIR).password_hash is None
    assert not await comes_in(door, Typist(NEW))
    assert await comes_in(door, Typist(await mailed_code(door), NEW, NEW))


async def test_a_reset_in_the_request_to_change_a_password_holds(door: LiveDoor) -> None:
    """The old password comes with the new one, so it is asked for again, and is wrong by then."""
    await expire(door)
    typist = Slow(OLD, meanwhile=lambda: reset(door), changes=((OLD, NEW),))
    assert not await comes_in(door, typist, by="password")
    await door.scene.house.directory.pass_once()
    assert door.scene.account(SAMIR).password_hash is None
    assert not await comes_in(door, Typist(NEW), by="password")


async def test_a_new_code_in_the_conversation_takes_the_place_of_the_one_that_was_typed(door: LiveDoor) -> None:
    async def another() -> None:
        await door.scene.house.accounts.send_activation(SAMIR, actor="the clerk")
        later.append(await mailed_code(door))

    later: list[str] = []
    typist = Slow(await begin(door), "AGREE", NEW, NEW, meanwhile=another)
    assert not await comes_in(door, typist)
    assert "Your one-time code was used, replaced or withdrawn meanwhile" in typist.words
    assert door.scene.account(SAMIR).password_hash is None
    assert await comes_in(door, Typist(later[0], "AGREE", NEW, NEW))


async def test_of_two_conversations_of_one_person_the_first_to_end_counts(door: LiveDoor) -> None:
    code = await begin(door)

    async def other_window() -> None:
        door.scene.clock.advance(1)
        assert await comes_in(door, Typist(code, "AGREE", THIRD, THIRD))

    typist = Slow(code, "AGREE", NEW, NEW, meanwhile=other_window)
    assert not await comes_in(door, typist)
    assert "Your password was changed meanwhile" in typist.words
    assert not await comes_in(door, Typist(NEW))
    assert await comes_in(door, Typist(THIRD))


async def test_of_two_changes_of_a_password_the_first_to_end_counts(door: LiveDoor) -> None:
    await expire(door)

    async def other_window() -> None:
        door.scene.clock.advance(1)
        assert await comes_in(door, Typist(OLD, THIRD, THIRD))

    typist = Slow(OLD, NEW, NEW, meanwhile=other_window)
    assert not await comes_in(door, typist)
    assert "If that was you, log in with the other one" in typist.words
    assert await comes_in(door, Typist(THIRD))


async def test_a_hash_that_is_made_at_another_cost_meanwhile_stops_nobody(door: LiveDoor) -> None:
    await expire(door)
    passwords, hasher = door.scene.house.passwords, door.scene.house.hasher

    async def freshen() -> None:
        hasher._argon = type(hasher._argon)(2, 16, 1)  # as a reload sets it
        before = door.scene.account(SAMIR)
        await passwords.freshen(before, OLD)
        await door.scene.house.directory.pass_once()
        assert door.scene.account(SAMIR).password_hash != before.password_hash

    assert await comes_in(door, Slow(OLD, NEW, NEW, meanwhile=freshen))
    assert await comes_in(door, Typist(NEW))


async def test_a_reset_between_the_expired_password_and_the_code_beside_it_holds(door: LiveDoor) -> None:
    await expire(door)
    assert not await comes_in(door, Typist(OLD), by="password")
    await eventually(lambda: is_owed(door))
    code = await mailed_code(door)
    await reset(door)
    assert not await comes_in(door, Typist(f"{OLD} {code} {NEW}"), by="password")
    assert not await comes_in(door, Typist(f"{OLD} {code}"))
    await door.scene.house.directory.pass_once()
    assert door.scene.account(SAMIR).password_hash is None


async def test_a_key_that_is_taken_away_while_its_owner_reads_the_policy_agrees_to_nothing(door: LiveDoor) -> None:
    await door.key_of(SAMIR)
    await bring_in_policy(door, days_ago=14)
    (line,) = door.scene.account(SAMIR).keys

    async def take_away() -> None:
        await door.scene.house.keys.remove(SAMIR, key_of(line).fingerprint, by="the clerk")

    typist = Slow("AGREE", meanwhile=take_away)
    with pytest.raises(asyncssh.PermissionDenied):
        async with door.connect(SAMIR, client_keys=[door.keys[SAMIR]], client_factory=lambda: typist):
            pass
    assert "The key that you came with was taken from your account meanwhile" in typist.words
    assert door.scene.account(SAMIR).policy_version != "2026-12"


async def test_who_reads_while_a_newer_policy_comes_in_has_agreed_to_what_they_read(door: LiveDoor) -> None:
    policy = door.scene.house.policy

    async def comes_into_force() -> None:
        accounts = policy.current.accounts
        use = replace(accounts.acceptable_use, version="2027-01", text="Words that nobody has seen.\n")
        policy.current = replace(policy.current, accounts=replace(accounts, acceptable_use=use))

    shown = policy.current.accounts.acceptable_use
    await comes_in(door, Slow(await begin(door), "AGREE", NEW, NEW, meanwhile=comes_into_force))
    agreed = [word for word in await door.scene.house.ledger.agreements(SAMIR) if word.how == "login"]
    assert [(word.version, word.digest) for word in agreed] == [(shown.version, shown.digest)]


# With the daemon, OpenSSH and the command


@pytest.mark.clients
@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH is not installed")
async def test_openssh_is_told_of_a_reset_by_the_command_in_its_conversation(deployment) -> None:
    async with daemon_in(deployment) as daemon:
        await daemon.set_up(HEAD)
        await change(daemon, HEAD, EXPIRED)
        await daemon.start()
        sftp = await asyncio.to_thread(_until_the_new_password, daemon)
        code, _, complaint = await daemon.run("admin", "--as", "the clerk", "users", "password", HEAD)
        assert code == 0, complaint
        told = await asyncio.to_thread(_answer, sftp)
        assert "Your password was taken away by the authority meanwhile, so nothing was changed." in told
        (account,) = [row for row in daemon.rows("accounts").values() if row["username"] == HEAD]
        assert account["password_hash"] is None
        await until(lambda: daemon.relay.to(daemon.address(HEAD)), "the code was mailed")
        assert "one-time code" in words_of(daemon.relay.to(daemon.address(HEAD))[-1])


def _until_the_new_password(daemon: Daemon) -> Terminal:
    said = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "PubkeyAuthentication=no")
    options = [word for option in said for word in ("-o", option)]
    sftp = Terminal("sftp", "-F", "none", "-P", str(daemon.port("sftp")), *options, f"{HEAD}@127.0.0.1")
    sftp.__enter__()
    sftp.expect("Password: ")
    sftp.answer(PASSWORD)
    sftp.expect("New password: ")
    return sftp


def _answer(sftp: Terminal) -> str:
    with sftp:
        sftp.answer(NEW)
        sftp.expect("once more: ")
        sftp.answer(NEW)
        sftp.expect("Password: ")
        return sftp.said
