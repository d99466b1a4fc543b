"""A file that waits for the scanner is Sent with a remark, and nothing passes unscanned meanwhile (SPEC 2, 6, 11)."""

from dataclasses import dataclass

import pytest

from gateway.core.contents import Inspection
from gateway.core.model import Status
from tests.inbound.sftp.person import GOOD, JONAS, NADIA, PDF, RUTH, SAMIR, YUSUF, Person
from tests.inbound.sftp.test_view import SENT, record, status

SECRET = "8304053_SAFEconcern20261120.pdf"


@dataclass
class Switch:
    """A scanner that somebody turns off and on."""

    says: Inspection

    async def scan(self, path, *, size):
        return self.says


@pytest.fixture
def scanner(scene):
    """A scanner that gives no answer yet."""
    return turned_off(scene)


def turned_off(scene):
    """Give a house a scanner that gives no answer."""
    switch, inspect = Switch(Inspection("wait")), scene.house.live.inspect
    inspect.look_with(inspect._contents, switch)
    return switch


async def put(scene, who, name=GOOD, data=PDF):
    """Send a file, and let ingest find that it can't be scanned."""
    assert await who.put(name, data) is None
    await scene.idle()


async def test_it_is_sent_with_a_remark_and_dropped_nowhere(scene, person, scanner):
    samir = person(SAMIR)
    await put(scene, samir)
    assert await samir.ls("/Sent Files") == ["2026-11"]
    assert await samir.ls(SENT) == [GOOD]
    assert (await samir.leaf(f"{SENT}/{GOOD}")).size == len(PDF)
    assert await status(samir) == [
        [GOOD, "Samir Okonjo", "22/11/2026 09:00", "Sent", "waiting for the scan", "", ""],
    ]
    assert scene.dropped("SEN") == {}
    assert await person(NADIA).ls("/SEN/Inbox") == []
    scanner.says = Inspection("clean")
    await scene.idle()


async def test_it_can_be_neither_read_nor_recalled_nor_renamed_and_the_sentence_says_why(scene, person, scanner):
    samir = person(SAMIR)
    await put(scene, samir)
    there = f"{SENT}/{GOOD}"
    for answer in (await samir.read(there), await samir.rm(there), await samir.mv(there, f"{SENT}/other.pdf")):
        assert "waits for the malware scan" in answer.sentence
        assert "safe with us" in answer.sentence
    scanner.says = Inspection("clean")
    await scene.idle()
    assert await samir.read(there) == PDF


@pytest.mark.parametrize(
    ("says", "becomes"),
    [(Inspection("clean"), Status.SENT), (Inspection("rejected", "infected"), Status.REJECTED)],
    ids=["clean", "infected"],
)
async def test_it_is_what_the_scan_says_as_soon_as_there_is_an_answer(scene, person, scanner, says, becomes):
    samir = person(SAMIR)
    await put(scene, samir)
    before = await status(samir)
    scanner.says = says
    await scene.idle()
    (row,) = await status(samir)
    assert row[3] == becomes
    assert row != before[0]
    assert await samir.ls("/Sent Files") == (["2026-11"] if becomes is Status.SENT else [])


async def test_after_a_stop_it_is_seen_again(scene, person, scanner):
    await put(scene, person(SAMIR))
    await scene.stop()
    await scene.start()
    assert await Person.maker(scene)(SAMIR).ls("/Sent Files") == []
    again = turned_off(scene)
    await scene.house.recover.pass_once()
    assert await Person.maker(scene)(SAMIR).ls(SENT) == [GOOD]
    again.says = Inspection("clean")
    await scene.idle()
    assert scene.dropped("SEN") == {GOOD: PDF}


async def test_it_is_seen_by_those_who_would_see_it_when_it_is_sent(scene, person, scanner):
    """A private service's by its sender alone; another school's by nobody."""
    await put(scene, person(JONAS), SECRET)
    await put(scene, person(JONAS), "8304053_SENplan20261120.pdf")
    assert await person(JONAS).ls(SENT) == ["8304053_SENplan20261120.pdf", SECRET]
    assert await person(YUSUF).ls(SENT) == ["8304053_SENplan20261120.pdf"]
    assert [row[0] for row in await status(person(YUSUF))] == ["8304053_SENplan20261120.pdf"]
    assert await person(RUTH).ls("/Sent Files") == []
    assert await status(person(RUTH)) == []
    scanner.says = Inspection("clean")
    await scene.idle()


async def test_files_of_a_message_wait_too_and_what_will_be_rejected_is_not_called_sent(scene, person, scanner):
    await scene.email(SAMIR, (GOOD, PDF), ("8302000_SENplan.exe", b"x"), ("holiday photo.jpg", b"x"))
    await scene.idle()
    assert await person(SAMIR).ls(SENT) == [GOOD]
    assert [row[0] for row in await status(person(SAMIR))] == [GOOD]
    scanner.says = Inspection("clean")
    await scene.idle()
    assert len(await status(person(SAMIR))) == 3


async def test_a_version_that_waits_stands_before_the_one_that_is_held(scene, person, scanner):
    samir = person(SAMIR)
    scanner.says = Inspection("clean")
    await put(scene, samir)
    scene.clock.advance(60)
    scanner.says = Inspection("wait")
    await put(scene, samir, data=PDF + b"more\n%%EOF\n")
    dated = f"{SENT}/{GOOD[:-4]} (2026-11-22 09.00.00).pdf"
    assert await samir.ls(SENT) == [GOOD, dated.rpartition("/")[2]]
    assert "waits for the malware scan" in (await samir.read(f"{SENT}/{GOOD}")).sentence
    assert await samir.read(dated) == PDF
    scanner.says = Inspection("clean")
    await scene.idle()


async def test_another_file_can_still_be_recalled(scene, person, scanner):
    samir = person(SAMIR)
    held = await record(scene, name="8302000_SENother20261120.pdf")
    await put(scene, samir)
    assert await samir.rm(f"{SENT}/{held.name}") is None
    scanner.says = Inspection("clean")
    await scene.idle()
