"""A folder of thousands: true to the last line, made as it is read, in packets that each client takes."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.core.listed import Listed, ListedFiles
from gateway.core.model import Status
from gateway.inbound.sftp.flow import Limits
from gateway.inbound.sftp.lines import Leaves, Lines, OpenLines
from gateway.inbound.sftp.listing import Entry, Listing, names_at_once
from gateway.inbound.sftp.rooms import Leaf
from gateway.inbound.sftp.shown import AT_ONCE, shown_names
from tests.inbound.sftp.live import LiveDoor
from tests.inbound.sftp.memory import NOW
from tests.inbound.sftp.person import GOOD, JONAS, NADIA, SAMIR, YUSUF, Person
from tests.inbound.sftp.test_view import INBOX, REJECTED, SENT, record

PUTTY, OPENSSH = "SSH-2.0-PuTTY_Release_0.78", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"


def sent(count: int) -> Iterator[Listed]:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    for n in reversed(range(count)):
        name = GOOD if n % 3 == 0 else f"8302000_SENplan{n}.pdf"
        yield Listed(
            id=f"{n:026}-01", name=name, service="SEN", sent_by_user=SAMIR, sent_at=at + timedelta(hours=n), size=n,
            private=False,
        )  # fmt: skip


def test_a_name_is_found_out_when_it_is_asked_for() -> None:
    judged: list[str] = []

    def watched() -> Iterator[Listed]:
        for file in sent(50):
            judged.append(file.id)
            yield file

    names = shown_names(watched(), UTC)
    assert not judged
    assert [next(names)[0] for _ in range(3)] == ["8302000_SENplan49.pdf", GOOD, "8302000_SENplan47.pdf"]
    assert len(judged) == 3


def test_each_is_shown_once_and_those_whose_name_is_another_come_last() -> None:
    files = list(sent(50))
    shown = list(shown_names(files, UTC))
    assert sorted(file.id for _, file in shown) == sorted(file.id for file in files)
    assert len({name.lower() for name, _ in shown}) == len(files)
    own = [name == file.name for name, file in shown]
    assert own == sorted(own, reverse=True)
    assert own.count(False) == 16  # of the seventeen that were sent under one name, the newest keeps it


ODD = (
    *("CON.txt", "a ", "Ü.pdf", "ü.PDF", "tab\t.pdf", "a\nb.pdf", "a/b.pdf", "", ".hidden", "comma.PDF", "x" * 300),
    *("\udce9.pdf", "8302000_SENPLAN3.pdf", "8302000_SENplan3.PDF"),
)
GIVEN = st.sampled_from([*ODD, *(f"8302000_SENplan{n}.pdf" for n in range(700))])


@settings(deadline=None)
@given(st.lists(GIVEN))
@example([f"8302000_SENplan{n}.pdf" for n in range(450)])
@example([GOOD] * 450)
@example([f"8302000_SENplan{n % 150}.pdf" for n in range(450)])
def test_some_hundreds_at_a_time_are_shown_as_one_by_one(names: list[str]) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    count = len(names)
    files = ListedFiles.of(
        Listed(f"{count - n:026}-01", name, "SEN", SAMIR, at - timedelta(minutes=n), n, False)
        for n, name in enumerate(names)
    )
    lines = Lines(files, UTC)
    together = list(lines.together())
    assert all(0 < len(shown.names) == len(shown.files) <= AT_ONCE for shown in together)
    shown = [(name, file) for some in together for name, file in zip(*some, strict=True)]
    assert shown == list(lines) == list(shown_names(files, UTC))
    assert all(lines.find(name) == file.id for name, file in shown[::50])


@pytest.mark.parametrize(("greeting", "most"), [("", 34_000), (PUTTY, 34_000), (OPENSSH, 131_072)])
def test_a_packet_of_the_longest_names_is_one_that_the_client_takes(greeting: str, most: int) -> None:
    entries = [Entry(f"{n:05}" + "ü" * 125, 0o100440, 1 << 40, int(NOW.timestamp())) for n in range(3000)]
    listing = Listing(entries, now=NOW)
    seen = 0
    while batch := listing.next_batch(names_at_once(greeting)):
        assert sum(map(len, batch)) + 13 < most  # length, type, id and count stand before them
        seen += len(batch)
    assert seen == len(entries)


def test_who_says_nothing_of_it_gets_what_every_client_takes() -> None:
    assert Limits().max_names == names_at_once("") == names_at_once(PUTTY)


@pytest.mark.parametrize(("who", "folder"), [(SAMIR, SENT), (NADIA, INBOX)])
async def test_a_listing_says_of_each_what_a_look_at_it_says(door: LiveDoor, who: str, folder: str) -> None:
    for n in range(120):
        name = GOOD if n < 3 else f"8302000_SENplan{n}.pdf"
        await record(door.scene, name=name, sent_at=door.scene.clock.now() - timedelta(hours=n))
    async with door.connect(who) as connection, connection.start_sftp_client() as sftp:
        listed = {str(entry.filename): entry for entry in await sftp.readdir(folder)}
        assert len(listed) == 120
        for name, entry in listed.items():
            told = await sftp.stat(f"{folder}/{name}")
            said = entry.attrs
            assert (said.size, said.mtime, said.permissions) == (told.size, told.mtime, told.permissions), name
    assert sum("(2026-" in name for name in listed) == 2


async def test_rejected_files_are_listed_as_a_look_at_each_says_and_count_for_what_one_holds_open(
    door: LiveDoor,
) -> None:
    wrong = {"service": None, "status": Status.REJECTED, "reason": "no-service-code", "faults": ("no-service-code",)}
    for n in range(60):
        at = door.scene.clock.now() - timedelta(hours=n)
        await record(door.scene, name="8302000_plan.pdf" if n < 3 else f"8302000_plan{n}.pdf", sent_at=at, **wrong)
    (await door.door.desk(SAMIR)).lines = OpenLines(most=60)
    async with door.connect(SAMIR) as connection, connection.start_sftp_client() as sftp:
        listed = {str(entry.filename): entry.attrs for entry in await sftp.readdir(REJECTED)}
        assert len(listed) == 120
        assert {name.removesuffix(".reason.txt") for name in listed} == {n for n in listed if n.endswith(".pdf")}
        for name, said in listed.items():
            told = await sftp.stat(f"{REJECTED}/{name}")
            assert (said.size, said.mtime, said.permissions) == (told.size, told.mtime, told.permissions), name
        handle = await sftp._handler.opendir(REJECTED.encode())  # type: ignore[attr-defined]
        with pytest.raises(asyncssh.SFTPFailure, match="Too many large folders are open"):
            await sftp.listdir(REJECTED)
        await sftp._handler.close(handle)  # type: ignore[attr-defined]
        assert len(await sftp.listdir(REJECTED)) == 120


def test_a_leaf_is_made_when_it_is_asked_for() -> None:
    made: list[int] = []

    def make(files: Sequence[int]) -> Iterator[str]:
        for file in files:
            made.append(file)
            yield str(file)

    leaves = Leaves(range(50), make)
    some = iter(leaves)
    assert len(leaves) == 50
    assert not made
    assert [next(some) for _ in range(3)] == ["0", "1", "2"]
    assert made == [0, 1, 2]


async def test_a_look_at_an_older_file_of_a_name_finds_its_own_bytes(scene, person) -> None:
    for n in range(3):
        await record(scene, name=GOOD, sent_at=scene.clock.now() - timedelta(hours=n))
    samir: Person = person(SAMIR)
    found = [await samir.leaf(f"{SENT}/{name}") for name in await samir.ls(SENT)]
    assert all(isinstance(leaf, Leaf) for leaf in found)
    assert len({await samir.read(f"{SENT}/{leaf.name}") for leaf in found}) == 3


async def test_a_month_is_shown_for_one_file_behind_many_that_are_their_senders_alone(scene, person) -> None:
    """The last few of the month are looked at first; who sees none of these is shown what is behind them."""
    now = scene.clock.now()
    common = {"school": "8304053", "sent_by_user": JONAS}
    await record(scene, name="8304053_SENplan.pdf", sent_at=now - timedelta(hours=1), **common)
    for n in range(25):
        name = f"8304053_SAFEconcern{n}.pdf"
        await record(scene, name=name, service="SAFE", private=True, sent_at=now, **common)
    assert await person(YUSUF).ls("/Sent Files") == ["2026-11"]
    assert await person(YUSUF).ls(SENT) == ["8304053_SENplan.pdf"]


async def test_a_month_of_what_is_others_alone_is_not_shown(scene, person) -> None:
    for n in range(25):
        name = f"8304053_SAFEconcern{n}.pdf"
        await record(scene, name=name, school="8304053", service="SAFE", private=True, sent_by_user=JONAS)
    assert await person(YUSUF).ls("/Sent Files") == []
    assert await person(JONAS).ls("/Sent Files") == ["2026-11"]


class Reading:
    """One person's open folders, of ten files each."""

    def __init__(self, *, most: int) -> None:
        self.open_lines = OpenLines(most=most)
        self.looks_at_once = 0
        self._looking = 0

    async def look(self) -> Lines:
        self._looking += 1
        self.looks_at_once = max(self.looks_at_once, self._looking)
        await asyncio.sleep(0)  # noqa: TID251
        self._looking -= 1
        return Lines(ListedFiles.of(sent(10)), UTC)

    async def open(self) -> Iterator[Entry] | None:
        lines = await self.open_lines.open(self.look)
        return None if lines is None else (Entry(name, 0, 0, 0) for name, _ in lines)


async def test_a_person_holds_only_so_much_open_until_it_is_read_or_closed() -> None:
    reading = Reading(most=30)
    held = [await reading.open() for _ in range(3)]
    assert all(held)
    assert await reading.open() is None
    assert len(list(held[0] or ())) == 10  # read to its end
    fourth = await reading.open()
    assert fourth is not None
    assert await reading.open() is None
    held.clear()  # closed, or the session ended
    del fourth
    assert all([await reading.open() for _ in range(3)])


async def test_one_folder_alone_may_be_larger_than_that() -> None:
    reading = Reading(most=5)
    first = await reading.open()
    assert first is not None
    assert await reading.open() is None
    assert len(list(first)) == 10


async def test_a_persons_looks_take_turns_so_that_many_at_once_hold_no_more() -> None:
    reading = Reading(most=1000)
    assert all(await asyncio.gather(*(reading.open() for _ in range(20))))
    assert reading.looks_at_once == 1


async def test_who_opens_too_much_is_told_so_and_an_empty_folder_opens_beside_it(door: LiveDoor) -> None:
    await record(door.scene)
    desk = await door.door.desk(SAMIR)
    desk.lines = OpenLines(most=2)
    async with door.connect(SAMIR) as connection, connection.start_sftp_client() as sftp:
        handler = sftp._handler  # type: ignore[attr-defined]  # its own listings close what they open
        handles = [await handler.opendir(SENT.encode()) for _ in range(2)]
        with pytest.raises(asyncssh.SFTPFailure, match="Too many large folders are open"):
            await handler.opendir(SENT.encode())
        assert await sftp.listdir("/Sent Files/2026-10") == []
        await handler.close(handles.pop())
        assert await sftp.listdir(SENT) == [GOOD]
