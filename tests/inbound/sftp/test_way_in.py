"""A person's way in over SSH: the code, the policy, a password of their own, a new one for an expired one (SPEC 9)."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncssh
import pytest

from gateway.core.agreement import AcceptableUse, Agreement, PolicyText
from gateway.core.register import AccountState
from gateway.inbound.sftp.conversation import pages_of
from tests.inbound.sftp.live import LiveDoor, door_in, eventually
from tests.scenarios.harness import HEAD, Scene
from tests.terminal import Terminal

SAMIR = "samir.okonjo"  # headteacher of Leys Junior, with no password or key as shipped
OLD, NEW = "Harvest-Moon-42", "Tulip7garden"
CODE = re.compile(r"^ {3}([2-9A-Z]{4}(?:-[2-9A-Z]{4})+)$", re.MULTILINE)
needs_openssh = pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH is not installed")
needs_putty = pytest.mark.skipif(shutil.which("psftp") is None, reason="PuTTY's psftp is not installed")


@pytest.fixture
async def door(scene: Scene) -> AsyncIterator[LiveDoor]:
    async with door_in(scene, auth_tries=20) as live:
        live.door.slowing.FIRST = 0.0
        yield live


async def begin(door: LiveDoor, username: str = SAMIR) -> str:
    """Put a person before their first login; return the code of the mail."""
    await door.scene.set_account(username, state=AccountState.VERIFIED, policy_version=None, activated_at=None)
    await door.scene.house.accounts.send_activation(username, actor="the clerk")
    return await mailed_code(door)


async def mailed_code(door: LiveDoor) -> str:
    await door.scene.idle()
    await door.scene.house.directory.pass_once()
    found = CODE.search(door.scene.courier.taken[-1].text)
    assert found is not None, door.scene.courier.taken[-1].text
    return found[1]


async def said_at_login(door: LiveDoor) -> list[Agreement]:
    """Return to what somebody agreed at a login; the sample register has everybody's word already."""
    return [word for word in await door.scene.house.ledger.agreements(SAMIR) if word.how == "login"]


async def expire(door: LiveDoor, username: str = SAMIR) -> None:
    """Give a person a password that has expired."""
    await door.give_password(username, OLD)
    await door.scene.set_account(username, password_set_at=door.scene.clock.now() - timedelta(days=90))


class Typist(asyncssh.SSHClient):
    """Answers questions from a list, and keeps what it was shown."""

    def __init__(self, *answers: str, changes: tuple[tuple[str, str], ...] = ()) -> None:
        self.answers, self.changes = list(answers), list(changes)
        self.shown: list[str] = []

    def kbdint_auth_requested(self) -> str | None:
        return "" if self.answers else None  # nobody tries for ever

    def kbdint_challenge_received(self, name, instructions, lang, prompts):
        self.shown += [name, instructions, *(prompt for prompt, _ in prompts)]
        return [self.answers.pop(0) if self.answers else "" for _ in prompts]

    def password_auth_requested(self) -> str | None:
        return self.answers.pop(0) if self.answers else None

    def password_change_requested(self, prompt, lang):
        self.shown.append(prompt)
        return self.changes.pop(0) if self.changes else NotImplemented

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.shown.append(msg)

    @property
    def words(self) -> str:
        return "\n".join(self.shown)


async def comes_in(door: LiveDoor, typist: Typist, *, by: str = "keyboard-interactive", username: str = SAMIR) -> bool:
    """Log in with a password and nothing else; return whether it was enough."""
    options = {"client_keys": None, "preferred_auth": by, "client_factory": lambda: typist}
    try:
        async with door.connect(username, **options) as connection, connection.start_sftp_client() as sftp:
            await sftp.listdir("/")
            return True
    except (asyncssh.PermissionDenied, asyncssh.ConnectionLost, asyncssh.DisconnectError):
        return False


async def test_the_first_login_is_one_conversation(door: LiveDoor) -> None:
    code = await begin(door)
    typist = Typist(code, "AGREE", NEW, NEW)
    assert await comes_in(door, typist)
    use = door.scene.tables.acceptable_use
    assert (
        use.text.strip() in "".join(typist.shown).replace("\n\n\n", "\n\n") or use.text.splitlines()[0] in typist.words
    )
    account = door.scene.account(SAMIR)
    assert (account.state, account.policy_version, account.code) == (AccountState.ACTIVE, use.version, None)
    assert account.activated_at == account.password_set_at == door.scene.clock.now()
    (word,) = await said_at_login(door)
    assert (word.version, word.digest, word.how, word.peer) == (use.version, use.digest, "login", "127.0.0.1")
    assert await comes_in(door, Typist(NEW))
    assert await comes_in(door, Typist(NEW), by="password")
    assert not await comes_in(door, Typist(code))


async def test_every_line_of_the_policy_is_shown_in_parts_that_openssh_does_not_cut(door: LiveDoor) -> None:
    typist = Typist(await begin(door), "AGREE", NEW, NEW)
    assert await comes_in(door, typist)
    for line in door.scene.tables.acceptable_use.text.splitlines():
        assert line in typist.words
    assert max(len(part.encode()) for part in typist.shown) < 1024


def test_a_text_is_cut_between_lines_only() -> None:
    text = "".join(f"{n} {'é' * 300}\n" for n in range(9))
    pages = list(pages_of(text))
    assert "".join(pages) == text
    assert all(page.endswith("\n") and len(page.encode()) <= 900 for page in pages)


CHOSEN = ("Short1", "Short1", "Okonjo77x", "Okonjo77x", "Password1", "Password1", NEW, "x", NEW, NEW)


async def test_each_mistake_is_explained_and_may_be_mended(door: LiveDoor) -> None:
    code = await begin(door)
    typist = Typist(
        code, "yes", "agree", "Short1", "Short1", "Okonjo77x", "Okonjo77x", "Password1", "Password1", NEW, "x", NEW, NEW
    )
    assert await comes_in(door, typist)
    for words in (
        '"yes" is not AGREE',
        "It has 6 characters; at least 8 are needed.",
        "It contains the surname.",
        "among the passwords that guessers try first",
        "The two were not the same.",
    ):
        assert words in typist.words


async def test_who_does_not_agree_is_not_in_and_nothing_is_changed(door: LiveDoor) -> None:
    typist = Typist(await begin(door), *["no"] * 5)
    assert not await comes_in(door, typist)
    assert "You did not agree" in typist.words
    assert door.scene.account(SAMIR).state is AccountState.VERIFIED
    assert await said_at_login(door) == []


async def test_who_leaves_in_the_middle_can_begin_again_with_the_same_code(door: LiveDoor) -> None:
    code = await begin(door)
    assert not await comes_in(door, Typist(code, "AGREE", *["x", "y"] * 5))
    assert await comes_in(door, Typist(code, "AGREE", NEW, NEW))


async def test_a_code_ends_after_its_wrong_tries(door: LiveDoor) -> None:
    code = await begin(door)
    for n in range(5):
        assert not await comes_in(door, Typist(f"WRNG-WRNG-WR2{n}"))
    assert (await door.scene.house.ledger.directory()).account(SAMIR).code.tries == 0
    assert not await comes_in(door, Typist(code, "AGREE", NEW, NEW))


async def test_a_code_ends_with_its_time_and_a_new_one_takes_its_place(door: LiveDoor) -> None:
    late = await begin(door)
    hours = door.scene.settings.accounts.activation_hours
    door.scene.clock.advance(hours * 3600 + 1)
    assert not await comes_in(door, Typist(late))
    await door.scene.house.accounts.send_activation(SAMIR, actor="the clerk")
    first = await mailed_code(door)
    await door.scene.house.accounts.send_activation(SAMIR, actor="the clerk")
    second = await mailed_code(door)
    assert not await comes_in(door, Typist(first))
    assert await comes_in(door, Typist(second, "AGREE", NEW, NEW))


async def test_the_code_is_nowhere_at_rest(door: LiveDoor) -> None:
    code = await begin(door)
    bare = code.replace("-", "").encode()
    for path in door.scene.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert code.encode() not in data, path
            assert bare not in data, path


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.REVOKED, AccountState.REQUESTED])
async def test_a_code_never_revives_who_was_taken_away(door: LiveDoor, state: AccountState) -> None:
    code = await begin(door)
    await door.scene.set_account(SAMIR, state=state)
    typist = Typist(code, "AGREE", NEW, NEW)
    assert not await comes_in(door, typist)
    assert "Your account" in typist.words
    assert (door.scene.account(SAMIR).state, door.scene.account(SAMIR).password_hash) == (state, None)


async def test_who_is_suspended_within_the_conversation_stays_so(door: LiveDoor) -> None:
    class Late(Typist):
        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            answers = super().kbdint_challenge_received(name, instructions, lang, prompts)
            return self.wait(answers) if len(prompts) == 2 else answers

        async def wait(self, answers):
            await door.scene.set_account(SAMIR, state=AccountState.SUSPENDED)
            return answers

    typist = Late(await begin(door), "AGREE", NEW, NEW)
    assert not await comes_in(door, typist)
    assert door.scene.account(SAMIR).state is AccountState.SUSPENDED
    assert door.scene.account(SAMIR).password_hash is None


async def test_nothing_tells_whether_there_is_an_account(door: LiveDoor) -> None:
    await begin(door)
    shown = []
    for username in (SAMIR, "nobody.atall", HEAD):
        typist = Typist("ABCD-EFGH-JKMN")
        assert not await comes_in(door, typist, username=username)
        shown.append(typist.shown)
    assert shown[0] == shown[1] == shown[2]


# Expired


async def test_an_expired_password_is_changed_in_the_conversation(door: LiveDoor) -> None:
    await expire(door)
    typist = Typist(OLD, OLD, OLD, NEW, NEW)
    assert await comes_in(door, typist)
    assert "It was used before" in typist.words
    assert await comes_in(door, Typist(NEW))
    assert not await comes_in(door, Typist(OLD))


async def test_no_password_is_ever_used_twice(door: LiveDoor) -> None:
    await door.give_password(SAMIR, OLD)
    for before, after in ((OLD, "Second-Moon-43"), ("Second-Moon-43", NEW)):
        assert await comes_in(door, Typist(f"{before} CHANGE", after, after))
    typist = Typist(f"{NEW} CHANGE", OLD, OLD, "Second-Moon-43", "Second-Moon-43", "Third-Lamp-44", "Third-Lamp-44")
    assert await comes_in(door, typist)
    assert typist.words.count("It was used before") == 2


async def test_an_expired_password_is_changed_by_the_request_of_the_method_password(door: LiveDoor) -> None:
    await expire(door)
    typist = Typist(OLD, changes=((OLD, "short"), (OLD, NEW)))
    assert await comes_in(door, typist, by="password")
    assert "It has 5 characters" in typist.words
    assert not door.scene.courier.taken
    assert await comes_in(door, Typist(NEW), by="password")


async def test_who_can_do_neither_gets_a_code_beside_the_old_password(door: LiveDoor) -> None:
    await expire(door)
    assert not await comes_in(door, Typist(OLD), by="password")
    await eventually(lambda: is_owed(door))
    code = await mailed_code(door)
    assert "Your password has expired" in door.scene.courier.taken[-1].subject
    assert not await comes_in(door, Typist(code), by="password")  # of no use alone
    assert not await comes_in(door, Typist(f"Wrong-Moon-42 {code} {NEW}"), by="password")
    typist = Typist(f"{OLD} {code} short")
    assert not await comes_in(door, typist, by="password")
    assert "It has 5 characters" in typist.words
    assert await comes_in(door, Typist(f"{OLD} {code} {NEW}"), by="password")
    assert await comes_in(door, Typist(NEW), by="password")
    assert not await comes_in(door, Typist(f"{OLD} {code} Third-Lamp-44"), by="password")


async def test_who_leaves_the_question_unanswered_gets_the_code_too(door: LiveDoor) -> None:
    await expire(door)
    assert not await comes_in(door, Typist(OLD, *[OLD] * 10))  # a program that knows one answer
    await eventually(lambda: is_owed(door))
    code = await mailed_code(door)
    assert await comes_in(door, Typist(f"{OLD} {code} {NEW}"))


async def test_the_old_password_with_the_code_alone_comes_in_once(door: LiveDoor) -> None:
    await expire(door)
    assert not await comes_in(door, Typist(OLD), by="password")
    await eventually(lambda: is_owed(door))
    code = await mailed_code(door)
    assert await comes_in(door, Typist(f"{OLD} {code}"), by="password")
    assert not await comes_in(door, Typist(f"{OLD} {code}"), by="password")


@pytest.mark.parametrize("spoil", ["time", "tries"])
async def test_the_code_beside_it_ends_after_fifteen_minutes_or_five_tries(door: LiveDoor, spoil: str) -> None:
    await expire(door)
    assert not await comes_in(door, Typist(OLD), by="password")
    await eventually(lambda: is_owed(door))
    code = await mailed_code(door)
    if spoil == "time":
        door.scene.clock.advance(15 * 60)
    for _ in range(5 if spoil == "tries" else 0):
        assert not await comes_in(door, Typist(f"{OLD} WRNG-C2DE {NEW}"), by="password")
    assert not await comes_in(door, Typist(f"{OLD} {code} {NEW}"), by="password")


async def test_a_program_that_tries_all_night_is_mailed_no_more_than_so_many_codes(door: LiveDoor) -> None:
    await expire(door)
    for _ in range(8):
        await door.scene.house.accounts.send_expired_code(SAMIR)
        await door.scene.idle()
        door.scene.clock.advance(16 * 60)
    assert len(door.scene.courier.taken) == 5


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.REVOKED])
async def test_no_code_is_owed_to_who_was_shut_out_in_the_middle_of_a_login(
    door: LiveDoor, state: AccountState
) -> None:
    """The end of access ends the login, and the end of a login with an expired password mails a code."""
    await expire(door)
    await door.scene.set_account(SAMIR, state=state)
    await door.scene.house.accounts.send_expired_code(SAMIR)
    assert not await is_owed(door)


async def is_owed(door: LiveDoor) -> bool:
    return bool(await door.scene.house.ledger.due_notices(door.scene.clock.now(), 9))


# The policy


async def bring_in_policy(door: LiveDoor, *, days_ago: int) -> None:
    """Put a new version in force, as the daemon does it."""
    use = AcceptableUse("2026-12", "Be kinder than before.\n")
    house, scene = door.scene.house, door.scene
    accounts = replace(house.policy.current.accounts, acceptable_use=use)
    house.policy.current = replace(house.policy.current, accounts=accounts)
    since = scene.clock.now() - timedelta(days=days_ago)
    await house.ledger.put_policy(PolicyText(use.version, use.digest, use.text, since))
    await house.directory.pass_once()


async def test_within_the_days_of_grace_nothing_stops(door: LiveDoor) -> None:
    await door.give_password(SAMIR, OLD)
    await bring_in_policy(door, days_ago=13)
    assert await comes_in(door, Typist(OLD))
    assert await comes_in(door, Typist(OLD), by="password")
    async with door.connect(SAMIR):
        pass


async def test_after_them_the_login_asks_again(door: LiveDoor) -> None:
    await door.give_password(SAMIR, OLD)
    await bring_in_policy(door, days_ago=14)
    refused = Typist(OLD)
    assert not await comes_in(door, refused, by="password")
    assert "something to read and to answer" in refused.words
    typist = Typist(OLD, "AGREE")
    assert await comes_in(door, typist)
    assert "Be kinder than before." in typist.words
    assert await comes_in(door, Typist(OLD), by="password")
    assert [word.version for word in await said_at_login(door)] == ["2026-12"]


async def test_after_them_a_key_alone_is_asked_to_agree_and_nothing_else(door: LiveDoor) -> None:
    await door.key_of(SAMIR)
    await bring_in_policy(door, days_ago=14)
    silent = Typist()
    with pytest.raises(asyncssh.PermissionDenied):
        async with door.connect(SAMIR, client_keys=[door.keys[SAMIR]], client_factory=lambda: silent):
            pass
    assert "The acceptable use policy changed" in silent.words
    assert "Password: " not in silent.words
    typist = Typist("AGREE")
    async with door.connect(SAMIR, client_keys=[door.keys[SAMIR]], client_factory=lambda: typist):
        pass
    async with door.connect(SAMIR):
        pass


# Real programs


@needs_openssh
@pytest.mark.clients
async def test_openssh_shows_the_whole_conversation(door: LiveDoor) -> None:
    code = await begin(door)
    told = await asyncio.to_thread(_first_login, door, code)
    assert "You and your school answer for what you do with your account." in told  # the policy's last words
    assert "It has 5 characters; at least 8 are needed." in told
    assert door.scene.account(SAMIR).state is AccountState.ACTIVE


def _first_login(door: LiveDoor, code: str) -> str:
    with Terminal(*_sftp(door, "PubkeyAuthentication=no")) as sftp:
        sftp.expect("Password: ")
        sftp.answer(code.lower().replace("-", " "))
        _agree_and_choose(sftp)
        return sftp.said


def _agree_and_choose(program: Terminal) -> None:
    program.expect("agree to it: ")
    program.answer("AGREE")
    for password in ("short", NEW):
        program.expect("New password: ")
        program.answer(password)
        program.expect("once more: ")
        program.answer(password)
    program.expect("sftp> ")
    program.answer("bye")
    program.end()


@needs_openssh
@pytest.mark.clients
async def test_openssh_changes_an_expired_password_by_the_request(door: LiveDoor) -> None:
    await expire(door)
    told = await asyncio.to_thread(_change_by_request, door)
    assert "It has 5 characters" in told
    assert await comes_in(door, Typist(NEW))


def _change_by_request(door: LiveDoor) -> str:
    with Terminal(*_sftp(door, "PreferredAuthentications=password")) as sftp:
        sftp.expect("password: ")
        sftp.answer(OLD)
        for password in ("short", NEW):
            sftp.expect("old password: ")
            sftp.answer(OLD)
            sftp.expect("new password: ")
            sftp.answer(password)
            sftp.expect("new password: ")
            sftp.answer(password)
        sftp.expect("sftp> ")
        sftp.answer("bye")
        sftp.end()
        return sftp.said


def _sftp(door: LiveDoor, option: str) -> list[str]:
    said = ("StrictHostKeyChecking=yes", f"UserKnownHostsFile={door.known_hosts}", option)
    return ["sftp", "-F", "none", "-P", str(door.port), *(w for o in said for w in ("-o", o)), f"{SAMIR}@127.0.0.1"]
