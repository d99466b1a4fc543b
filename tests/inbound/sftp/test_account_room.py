"""`My Account`: what it shows to whom, and the file of keys that can be put there (SPEC 5, 9)."""

import asyncssh
import pytest

from gateway.core.register import AccountState
from gateway.inbound.sftp.packets import OpenFlags
from tests.inbound.sftp.person import CALLUM, DORA, NADIA, REPUT, RUTH, SAMIR, No, Person
from tests.scenarios.harness import Scene

ROOM = "/My Account"
PAGES = ["Who I am.txt", "Who has access.txt", "Keys.txt", "authorized_keys"]


def line(kind: str = "ssh-ed25519", **more: int) -> str:
    return asyncssh.generate_private_key(kind, comment="a@desk", **more).export_public_key().decode().strip()


@pytest.fixture
def make(scene: Scene):
    return Person.maker(scene)


async def put(person: Person, text: str, name: str = "authorized_keys", **more: object) -> No | None:
    return await person.put(name, text.encode(), folder=ROOM, **more)


async def page(person: Person, name: str) -> str:
    data = await person.read(f"{ROOM}/{name}")
    assert isinstance(data, bytes)
    return data.decode()


@pytest.mark.parametrize("username", [SAMIR, DORA, NADIA])
async def test_everybody_has_it_beside_their_rooms(make, username: str) -> None:
    person = make(username)
    assert (await person.ls("/"))[-1] == "My Account"
    assert await person.ls(ROOM) == PAGES


async def test_it_says_who_i_am_and_when_my_password_expires(scene: Scene, make) -> None:
    await scene.set_account(SAMIR, password_hash="$x", password_set_at=scene.clock.now(), is_stale=True)
    said = await page(make(SAMIR), "Who I am.txt")
    for words in ("Samir Okonjo", "headteacher", "8302000 Leys Junior School", "expires on 20 February 2027"):
        assert words in said
    assert "samir.okonjo@leysjunior.example (our messages to it came back" in said
    assert "SEN" in await page(make(NADIA), "Who I am.txt")


async def test_it_says_who_else_has_access_to_my_schools_and_to_no_other(scene: Scene, make) -> None:
    said = await page(make(DORA), "Who has access.txt")
    assert "Dora Whitlam (you), staff" in said
    assert "Morag Fairlie, headteacher" in said
    assert "Samir" not in said
    await scene.house.ledger.suspend(
        ["morag.fairlie"], ground="by hand", reason="x", actor="a test", at=scene.clock.now()
    )
    await scene.house.directory.pass_once()
    assert "Morag" not in await page(make(DORA), "Who has access.txt")


async def test_keys_that_are_put_replace_those_that_were_there_and_their_owner_is_told(scene: Scene, make) -> None:
    samir, first, second = make(SAMIR), line(), line()
    assert await put(samir, f"# mine\n{first}\n{second}\n") is None
    assert scene.account(SAMIR).keys == (first, second)
    assert await put(samir, second) is None
    assert scene.account(SAMIR).keys == (second,)
    await scene.idle()
    told = scene.notices_to(SAMIR)
    assert len(told) == 2
    assert "192.0.2.7" in told[0].text
    assert asyncssh.import_public_key(first).get_fingerprint() in told[1].text
    facts = await scene.house.ledger.key_facts(SAMIR)
    assert [fact.added_by for fact in facts] == [SAMIR]
    assert f"since 22 November 2026, by {SAMIR}; not used yet" in await page(make(SAMIR), "Keys.txt")


async def test_the_same_keys_again_are_no_change(scene: Scene, make) -> None:
    text = line()
    for _ in range(2):
        assert await put(make(SAMIR), text) is None
    await scene.idle()
    assert len(scene.notices_to(SAMIR)) == 1


async def test_two_people_may_have_the_same_key(scene: Scene, make) -> None:
    text = line()
    assert await put(make(SAMIR), text) is None
    assert await put(make(RUTH), text) is None
    assert scene.account(SAMIR).keys == scene.account(RUTH).keys == (text,)


async def test_programs_see_the_file_as_they_put_it(make) -> None:
    samir, text = make(SAMIR), f"{line()}\n\n\n"
    assert await put(samir, text) is None
    leaf = await samir.leaf(f"{ROOM}/authorized_keys")
    assert leaf.size == len(text)
    assert leaf.size in [item.size for item in await samir.portal.items(await samir.portal.find(ROOM))]
    assert text.strip() in await page(make(SAMIR), "authorized_keys")  # another session sees what counts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (line("ssh-rsa", key_size=2048), "Line 1: This is an RSA key of 2048 bits"),
        (f"{line()}\nhello", "Line 2: This is no public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "private key"),
        ("\n".join(line() for _ in range(11)), "There are 11 keys"),
        ("x" * 70_000, "larger than 64 KiB"),
        ("", "would remove your last key"),
    ],
)
async def test_what_is_not_good_changes_nothing_and_says_why(scene: Scene, make, text: str, words: str) -> None:
    samir, mine = make(SAMIR), line()
    assert await put(samir, mine) is None
    answer = await put(samir, text)
    assert isinstance(answer, No)
    assert words in answer.sentence
    assert scene.account(SAMIR).keys == (mine,)


async def test_nothing_else_can_be_put_removed_or_renamed_there(make) -> None:
    samir = make(SAMIR)
    assert await put(samir, line()) is None
    for answer in (
        await put(samir, "x", name="8302000_SENplan20261120.pdf"),
        await put(samir, "x", name="Who I am.txt"),
        await put(samir, line(), flags=REPUT),
        await put(samir, line(), flags=OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE),
        await samir.rm(f"{ROOM}/authorized_keys"),
        await samir.rm(f"{ROOM}/Who I am.txt"),
        await samir.mv(f"{ROOM}/authorized_keys", f"{ROOM}/other"),
        await samir.mv(f"{ROOM}/authorized_keys", "/Send Files/8302000_SENplan20261120.pdf"),
    ):
        assert isinstance(answer, No)


async def test_a_connection_that_breaks_changes_nothing(scene: Scene, make) -> None:
    samir = make(SAMIR)
    upload = await samir.begin("authorized_keys", line().encode(), folder=ROOM)
    await samir.portal.abandon(upload)
    assert scene.account(SAMIR).keys == ()


async def test_who_was_suspended_meanwhile_puts_no_key(scene: Scene, make) -> None:
    callum = make(CALLUM)
    await scene.house.ledger.suspend([CALLUM], ground="by hand", reason="x", actor="a test", at=scene.clock.now())
    answer = await put(callum, line())
    assert isinstance(answer, No)
    await scene.house.directory.pass_once()
    assert (scene.account(CALLUM).keys, scene.account(CALLUM).state) == ((), AccountState.SUSPENDED)


async def test_a_key_that_was_taken_away_meanwhile_does_not_come_back(scene: Scene, make) -> None:
    """A file that is open while an administrator removes a stolen key has that key in it still."""
    samir, stolen, mine = make(SAMIR), line(), line()
    assert await put(samir, f"{stolen}\n{mine}") is None
    upload = await samir.begin("authorized_keys", f"{stolen}\n{mine}".encode(), folder=ROOM)
    left = await scene.house.keys.remove(SAMIR, fingerprint(stolen), by="an administrator")
    assert left.account.keys == (mine,)
    answer = await samir.portal.close(upload)
    assert isinstance(answer, No)
    assert "changed while you put this file" in answer.sentence
    assert scene.account(SAMIR).keys == (mine,)
    assert await put(samir, line()) is None  # as it is now, it can be replaced


def fingerprint(line: str) -> str:
    return asyncssh.import_public_key(line).get_fingerprint()
