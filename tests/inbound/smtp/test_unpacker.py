"""A spooled message becomes files beside the spool, again and again if need be (Source: SPEC 4, 11; DESIGN 3)."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from gateway.core.contents import Unpacked
from gateway.core.model import Channel
from gateway.core.submission import Envelope
from gateway.errors import DiskFull, Transient
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.unpacker import MessageUnpacker, limits_for
from gateway.ports import Disk
from gateway.store.disk import PosixDisk
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from tests.fakes import WAYS_TO_DIE, FullDisk, ManualClock, dies, dying
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import BASE64, HTML, PDF, PLAIN, attachment, base64_lines, multipart, part

LARGE = bytes(range(256)) * 2_000
WINMAIL = part(
    base64_lines(tnef.envelope(tnef.file(b"in it", tnef.name_of("8301102_SENb.pdf")))),
    "Content-Type: application/ms-tnef; name=winmail.dat",
    BASE64,
)
LOGO = part(base64_lines(b"png"), "Content-Type: image/png; name=logo.png", "Content-Disposition: inline", BASE64)
LETTER = multipart(
    part("Grüße\r\n-- \r\nHannah\r\n".encode(), PLAIN),
    LOGO,
    attachment(PDF, "8301102_SENa.pdf"),
    WINMAIL,
    part(b"Q", "Content-Type: application/pdf; name=broken.pdf", BASE64),
    attachment(LARGE, "8301102_SENc.pdf"),
    headers=("Subject: Plans #SEN", "Message-ID: <1@leys.example>", "From: h.ashdown@leys.example"),
)
WHOLE = {"3": PDF, "5": b"in it", "7": LARGE}  # the files that must lie beside the message


def spool_on(disk: Disk, root: Path, threads: DiskThreads) -> DiskSpool:
    return DiskSpool(root=str(root / "spool"), disk=disk, threads=threads, clock=ManualClock())


def unpacker_on(disk: Disk, root: Path, threads: DiskThreads, limits: MessageLimits | None = None) -> MessageUnpacker:
    spool = spool_on(disk, root, threads)
    return MessageUnpacker(spool=spool, disk=disk, threads=threads, limits=limits or MessageLimits())


async def spooled(raw: bytes, root: Path, threads: DiskThreads) -> Envelope:
    spool = spool_on(PosixDisk(), root, threads)
    await spool.prepare()
    intake = spool.begin()
    intake.write(raw)
    return await intake.seal(channel=Channel.EMAIL, username="h.ashdown", verified_by="dmarc leys.example")


async def unpacked(raw: bytes, root: Path, threads: DiskThreads, limits: MessageLimits | None = None) -> Unpacked:
    return await unpacker_on(PosixDisk(), root, threads, limits).unpack(await spooled(raw, root, threads))


def lying(root: Path) -> dict[str, bytes]:
    """The decoded parts on the disk."""
    return {path.suffix[1:]: path.read_bytes() for path in (root / "spool" / "parts").glob("*/*")}


async def test_files_lie_beside_the_message_and_nothing_else_does(tmp_path, threads):
    found = await unpacked(LETTER, tmp_path, threads)
    assert lying(tmp_path) == WHOLE
    for each in found.parts:
        assert bool(each.path) == (str(each.number) in WHOLE)
        if each.path:
            data = Path(each.path).read_bytes()
            assert (each.size, each.sha256) == (len(data), hashlib.sha256(data).hexdigest())


async def test_the_pipeline_hears_the_fate_of_every_part(tmp_path, threads):
    found = await unpacked(LETTER, tmp_path, threads)
    assert [(each.number, each.name, each.is_file, each.is_whole, each.why) for each in found.parts] == [
        (1, None, False, False, "text-body"),
        (2, "logo.png", False, False, "signature-picture"),
        (3, "8301102_SENa.pdf", True, True, ""),
        (4, "winmail.dat", False, False, "opened-tnef"),
        (5, "8301102_SENb.pdf", True, True, ""),
        (6, "broken.pdf", True, False, "base64-incomplete"),
        (7, "8301102_SENc.pdf", True, True, ""),
    ]
    assert [each.container for each in found.parts] == ["", "", "", "", "winmail.dat", "", ""]
    assert [each.content_type for each in found.parts][2:4] == ["application/octet-stream", "application/ms-tnef"]


async def test_the_pipeline_hears_what_the_header_and_the_text_say(tmp_path, threads):
    found = await unpacked(LETTER, tmp_path, threads)
    assert (found.subject, found.message_id) == ("Plans #SEN", "<1@leys.example>")
    assert (found.comment, found.tags) == ("Grüße", ("sen",))
    assert not found.is_automatic
    assert (found.cause, found.faults) == ("", ())


async def test_a_letter_without_a_file_has_a_cause_and_makes_no_folder(tmp_path, threads):
    found = await unpacked(part(b"See https://1drv.ms/x", HTML, "Auto-Submitted: auto-replied"), tmp_path, threads)
    assert (found.cause, found.is_automatic) == ("cloud-link-only", True)
    assert list((tmp_path / "spool" / "parts").iterdir()) == []


async def test_the_limits_of_the_operator_hold(tmp_path, threads):
    found = await unpacked(LETTER, tmp_path, threads, MessageLimits(parts=3))
    assert found.faults == ("too-many-parts",)
    assert lying(tmp_path) == {"3": PDF}


async def test_what_the_spool_sealed_behind_the_message_is_no_part_of_it(tmp_path, threads):
    body = b"the last line, without its end"
    found = await unpacked(part(body, "Content-Type: a/b; name=x"), tmp_path, threads)
    assert lying(tmp_path) == {"1": body}
    assert found.faults == ()


async def test_it_can_be_done_again(tmp_path, threads):
    envelope = await spooled(LETTER, tmp_path, threads)
    first = await unpacker_on(PosixDisk(), tmp_path, threads).unpack(envelope)
    assert await unpacker_on(PosixDisk(), tmp_path, threads).unpack(envelope) == first
    assert lying(tmp_path) == WHOLE


async def test_what_an_attempt_left_behind_is_not_taken_for_a_part(tmp_path, threads):
    envelope = await spooled(LETTER, tmp_path, threads)
    for number in range(1, 8):
        left = Path(f"{spool_on(PosixDisk(), tmp_path, threads).parts(envelope.id)}{number}")
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"x" * 3_000_000)
    found = await unpacker_on(PosixDisk(), tmp_path, threads).unpack(envelope)
    assert {each.number: Path(each.path).read_bytes() for each in found.parts if each.path} == {
        int(number): data for number, data in WHOLE.items()
    }


async def test_the_memory_of_a_message_that_was_taken_apart_is_for_others(tmp_path, threads):
    class Noting(PosixDisk):
        def __init__(self) -> None:
            self.uncached: list[str] = []

        def uncache(self, fd: int) -> None:
            self.uncached.append(os.readlink(f"/proc/self/fd/{fd}"))
            super().uncache(fd)

    disk, envelope = Noting(), await spooled(LETTER, tmp_path, threads)
    await unpacker_on(disk, tmp_path, threads).unpack(envelope)
    assert disk.uncached == [spool_on(disk, tmp_path, threads).path(envelope.id)]


@pytest.mark.parametrize("way", WAYS_TO_DIE)
async def test_it_can_be_done_again_after_a_death_at_any_moment(way, tmp_path, threads):
    root = tmp_path / "count"
    counting = dying(way, at=None, graveyard=tmp_path / "graves" / "count")
    await unpacker_on(counting, root, threads).unpack(await spooled(LETTER, root, threads))
    assert counting.count > 10
    for moment in range(counting.count + 1):
        root = tmp_path / str(moment)
        envelope = await spooled(LETTER, root, threads)
        disk = dying(way, at=moment, graveyard=tmp_path / "graves" / str(moment))
        assert await dies(unpacker_on(disk, root, threads).unpack(envelope)) == (moment < counting.count)
        disk.die()
        await comes_back(envelope, root, threads)


async def comes_back(envelope: Envelope, root: Path, threads: DiskThreads) -> None:
    """The next start unpacks the message as if nothing had been, and forgets it without a trace."""
    spool = spool_on(PosixDisk(), root, threads)
    await spool.prepare()
    found = await unpacker_on(PosixDisk(), root, threads).unpack(envelope)
    assert lying(root) == WHOLE
    assert [each.sha256 for each in found.parts if each.path] == [
        hashlib.sha256(data).hexdigest() for data in WHOLE.values()
    ]
    await spool.forget(envelope.id)
    assert not [path for path in (root / "spool").rglob("*") if path.is_file()]


async def test_a_full_disk_is_trouble_that_passes_and_leaves_no_file_open(tmp_path, threads):
    envelope = await spooled(LETTER, tmp_path, threads)
    for room in (0, 10, len(PDF), len(PDF) + 5, len(PDF) + 5 + 70_000):
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(DiskFull):
            await unpacker_on(FullDisk(room), tmp_path, threads).unpack(envelope)
        assert len(os.listdir("/proc/self/fd")) == before
    await unpacker_on(PosixDisk(), tmp_path, threads).unpack(envelope)
    assert lying(tmp_path) == WHOLE


async def test_a_message_that_can_t_be_opened_is_trouble_that_passes(tmp_path, threads):
    envelope = await spooled(LETTER, tmp_path, threads)
    os.unlink(spool_on(PosixDisk(), tmp_path, threads).path(envelope.id))
    with pytest.raises(Transient) as told:
        await unpacker_on(PosixDisk(), tmp_path, threads).unpack(envelope)
    assert isinstance(told.value.__cause__, OSError)
    assert told.value.__cause__.errno == errno.ENOENT


@pytest.mark.parametrize(("size", "seconds"), [(1, 1.7), (50_000_000, 1.7), (300_000_000, 10.0)])
def test_only_a_message_beyond_fifty_megabytes_may_take_more_cpu(size, seconds):
    limits = MessageLimits(parts=7)
    assert limits_for(size, limits) == MessageLimits(parts=7, cpu_seconds=seconds)
