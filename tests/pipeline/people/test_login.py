"""Login: nothing tells a guesser whether an account exists, and guessing is shut out (SPEC 9)."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gateway.core.admission import Refusal
from gateway.core.codes import CodeFor, OneTimeCode
from gateway.core.register import Account, AccountState
from gateway.core.standing import Approach
from gateway.pipeline.people.login import SHUT_OUT, WRONG, GuessLimits, Login
from gateway.ports import Ledger
from tests.scenarios.harness import HEAD, Scene

PASSWORD = "Harvest-Moon-42"


@dataclass
class CountingHasher:
    """Fits one password to one hash, and counts the work."""

    asked: list[str | None] = field(default_factory=list)
    gate: asyncio.Event | None = None  # the work takes until it is set

    async def verify(self, hash: str | None, password: str) -> bool:
        """Compare."""
        self.asked.append(hash)
        if self.gate is not None:
            await self.gate.wait()
        return (hash, password) == ("the hash", PASSWORD)


@dataclass
class Guesser:
    """Somebody at the door."""

    scene: Scene
    hasher: CountingHasher
    login: Login

    async def says(
        self, username: str, password: str, *, peer: str = "192.0.2.9", by: Approach = Approach.MAIL_LOGIN
    ) -> object:
        """Try; return the account, or the refusal."""
        return await self.login.verify_password(username, password, peer=peer, by=by)


@pytest.fixture
async def guesser(scene: Scene) -> Guesser:
    await scene.set_account(HEAD, password_hash="the hash")
    hasher = CountingHasher()
    limits = GuessLimits(tries=3, address_tries=6, window=600, shut_for=900)
    login = Login(scene.house.access, scene.house.ledger, scene.clock, hasher, limits)
    return Guesser(scene, hasher, login)


async def test_the_right_password_opens_the_door(guesser: Guesser) -> None:
    assert isinstance(await guesser.says(HEAD, PASSWORD), Account)
    assert isinstance(await guesser.says(HEAD.upper(), PASSWORD), Account)


async def test_wrong_and_unknown_are_the_same_words_and_the_same_work(guesser: Guesser) -> None:
    answers = [await guesser.says(name, "guess") for name in (HEAD, "nobody.atall", "")]
    assert answers == [WRONG, WRONG, WRONG]
    assert guesser.hasher.asked == ["the hash", None, None]


async def test_an_account_without_a_password_is_as_wrong_as_any(guesser: Guesser) -> None:
    assert await guesser.says("samir.okonjo", "") == WRONG
    assert guesser.hasher.asked == [None]


class TestGuessing:
    """Is shut out by account and by address, and let in again by the clock."""

    @pytest.mark.parametrize("username", [HEAD, "nobody.atall"])
    async def test_shuts_an_account_whether_it_exists_or_not(self, guesser: Guesser, username: str) -> None:
        answers = [await guesser.says(username, "guess", peer=f"192.0.2.{n}") for n in range(5)]
        assert answers == [WRONG, WRONG, WRONG, SHUT_OUT, SHUT_OUT]
        assert len(guesser.hasher.asked) == 3

    async def test_shuts_out_the_right_password_too_until_its_time_is_over(self, guesser: Guesser) -> None:
        for _ in range(3):
            await guesser.says(HEAD, "guess")
        guesser.scene.clock.advance(899)
        assert await guesser.says(HEAD, PASSWORD) == SHUT_OUT
        guesser.scene.clock.advance(1)
        assert isinstance(await guesser.says(HEAD, PASSWORD), Account)

    async def test_shuts_an_address_for_every_account(self, guesser: Guesser) -> None:
        for n in range(6):
            await guesser.says(f"nobody{n}", "guess")
        assert await guesser.says(HEAD, PASSWORD) == SHUT_OUT
        assert isinstance(await guesser.says(HEAD, PASSWORD, peer="192.0.2.10"), Account)

    @pytest.mark.parametrize("username", [HEAD, "nobody.atall"])
    async def test_counts_those_that_wait_for_no_answer(self, guesser: Guesser, username: str) -> None:
        guesser.hasher.gate = asyncio.Event()
        for number in (1, 2, 3):
            guess = asyncio.create_task(guesser.says(username, "guess"))
            while len(guesser.hasher.asked) < number:
                await asyncio.sleep(0)  # noqa: TID251
            guess.cancel()
            await asyncio.wait([guess])
        guesser.hasher.gate.set()
        assert await guesser.says(username, PASSWORD) == SHUT_OUT

    async def test_is_forgotten_after_its_window(self, guesser: Guesser) -> None:
        for _ in range(5):
            assert await guesser.says(HEAD, "guess") == WRONG
            guesser.scene.clock.advance(301)

    async def test_is_forgiven_to_who_knows_the_password(self, guesser: Guesser) -> None:
        for _ in range(2):
            await guesser.says(HEAD, "guess")
        await guesser.says(HEAD, PASSWORD)
        assert [await guesser.says(HEAD, "guess") for _ in range(2)] == [WRONG, WRONG]
        assert isinstance(await guesser.says(HEAD, PASSWORD), Account)

    async def test_in_many_connections_at_once_wins_nothing(self, guesser: Guesser) -> None:
        """All of them pass the door before the first is found wrong; the right one among them must not get in."""
        guesser.hasher.gate = asyncio.Event()
        words = [*(f"guess{n}" for n in range(5)), PASSWORD]
        tries = [asyncio.create_task(guesser.says(HEAD, word)) for word in words]
        while len(guesser.hasher.asked) < len(words):
            await guesser.scene.house.ledger.directory_version()
        guesser.hasher.gate.set()
        answers = await asyncio.gather(*tries)
        assert answers == [WRONG, WRONG, WRONG, SHUT_OUT, SHUT_OUT, SHUT_OUT]


@pytest.mark.parametrize("state", [s for s in AccountState if s is not AccountState.ACTIVE])
async def test_what_is_wrong_with_an_account_is_said_after_the_right_password_only(
    guesser: Guesser, state: AccountState
) -> None:
    await guesser.scene.set_account(HEAD, state=state)
    assert await guesser.says(HEAD, "guess") == WRONG
    answer = await guesser.says(HEAD, PASSWORD)
    assert isinstance(answer, Refusal)
    assert answer.code == f"account-{state}"
    assert len(guesser.hasher.asked) == 2


async def test_who_came_in_is_recorded(guesser: Guesser) -> None:
    account = await guesser.says(HEAD, PASSWORD)
    assert isinstance(account, Account)
    await guesser.login.note(account, peer="192.0.2.9", channel="email", how="password")
    assert await guesser.scene.house.ledger.logins() == {HEAD: guesser.scene.clock.now()}


async def test_who_was_added_a_moment_ago_by_a_command_comes_in(guesser: Guesser) -> None:
    scene = guesser.scene
    newcomer = replace(scene.account(HEAD), username="new.comer", email="new.comer@millbeck.example")
    await scene.house.ledger.add_account(newcomer, actor="a test", at=scene.clock.now(), why="new")
    assert isinstance(await guesser.says("new.comer", PASSWORD), Account)


async def test_who_was_suspended_a_moment_ago_by_a_command_does_not(guesser: Guesser) -> None:
    scene = guesser.scene
    suspended = replace(scene.account(HEAD), state=AccountState.SUSPENDED)
    await scene.house.ledger.put_account(suspended, actor="a test", at=scene.clock.now(), event="suspend")
    refusal = await guesser.says(HEAD, PASSWORD)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "account-suspended"


class TestGuessingAtACode:
    """Leaves nothing by which a guesser could see that there is one."""

    async def test_is_counted_without_a_new_register(self, guesser: Guesser) -> None:
        ledger = await self.mailed(guesser)
        version = await ledger.directory_version()
        for left in (4, 3):
            assert await guesser.says(HEAD, "WRNG-WRNG-WRNG", by=Approach.PASSWORD) == WRONG
            assert await self.tries_left(guesser) == left
        assert await ledger.directory_version() == version

    async def test_is_over_after_its_tries_in_this_process_and_in_the_next(self, guesser: Guesser) -> None:
        ledger = await self.mailed(guesser)
        guesser.login.limit(GuessLimits(tries=99, address_tries=99))
        for _ in range(7):
            await guesser.says(HEAD, "WRNG-WRNG-WRNG", by=Approach.PASSWORD)
        assert await self.tries_left(guesser) == 0
        guesser.hasher.asked.clear()
        await guesser.says(HEAD, "WRNG-WRNG-WRNG", by=Approach.PASSWORD)
        assert guesser.hasher.asked == ["the hash"]  # the code is no more compared with
        rows = [row.detail["tries_left"] for row in await ledger.trail(subject=HEAD) if row.action == "wrong-code"]
        assert rows == [0, 1, 2, 3, 4]
        again = Login(guesser.scene.house.access, ledger, guesser.scene.clock, guesser.hasher)
        await guesser.scene.set_account("samir.okonjo", forename="Sam")  # the register is read anew, as at a start
        assert await again.prove(HEAD, "WRNG-WRNG-WRNG", peer="192.0.2.9", by=Approach.PASSWORD) == WRONG
        assert guesser.hasher.asked == ["the hash"] * 2

    async def test_of_many_at_once_each_is_counted(self, guesser: Guesser) -> None:
        await self.mailed(guesser)
        guesser.login.limit(GuessLimits(tries=99, address_tries=99))
        tries = [guesser.says(HEAD, f"WRNG-WRNG-WRN{n}", by=Approach.PASSWORD) for n in range(4)]
        assert await asyncio.gather(*tries) == [WRONG] * 4
        assert await self.tries_left(guesser) == 1
        guesser.hasher.asked.clear()
        await guesser.says(HEAD, "WRNG-WRNG-WRNG", by=Approach.PASSWORD)
        await guesser.says(HEAD, "WRNG-WRNG-WRNG", by=Approach.PASSWORD)
        assert guesser.hasher.asked == ["the code", "the hash"]

    async def mailed(self, guesser: Guesser) -> Ledger:
        """Give the head a code."""
        until = guesser.scene.clock.now() + timedelta(hours=1)
        await guesser.scene.set_account(HEAD, code=OneTimeCode("the code", CodeFor.PASSWORD, until, 5))
        return guesser.scene.house.ledger

    async def tries_left(self, guesser: Guesser) -> int:
        account = (await guesser.scene.house.ledger.directory()).account(HEAD)
        assert account is not None
        assert account.code is not None
        return account.code.tries
