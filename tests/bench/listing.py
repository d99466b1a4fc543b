"""SFTP, how long a month of thousands of files takes to list, with and without those of other schools beside it."""

import asyncio
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from gateway.clock import SystemClock
from gateway.core.model import Channel, FileRecord, History, Status
from gateway.core.submission import PartFate, Submission
from gateway.store.ledger import open_ledger
from tests.bench.contenders import Server
from tests.bench.sftp import run

SCHOOL = "8302000"
OTHERS = tuple(f"83{number:05}" for number in range(60))
AT_THE_CLIENT = "at the client"
AGAIN = 10  # listings in one session: what is left of the others when one is taken away is theirs alone


def fill(server: Server, *, own: int, others: int) -> None:
    """Record files of this month as if they had come in turn; nobody asks for their bytes."""
    share = [SCHOOL] * own + [OTHERS[n % len(OTHERS)] for n in range(others)]
    turn = sorted(range(len(share)), key=lambda n: n * 7919 % len(share))
    asyncio.run(_record(server, [share[n] for n in turn]))


async def _record(server: Server, schools: Sequence[str]) -> None:
    clock = SystemClock()
    ledger = await open_ledger(str(server.folder / "data" / "ledger.db"), clock=clock, patience=60.0)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(milliseconds=len(schools))  # noqa: TID251
    pending: list[asyncio.Task[None]] = []
    for number, school in enumerate(schools):
        submission = _sent(clock.new_id(), school, number, at + timedelta(milliseconds=number))
        pending.append(asyncio.create_task(ledger.record(submission)))
        if len(pending) == 500:
            await asyncio.gather(*pending)
            pending.clear()
    await asyncio.gather(*pending)
    await ledger.close()


def _sent(id: str, school: str, number: int, at: datetime) -> Submission:
    file = FileRecord(
        id=f"{id}-01",
        submission=id,
        name=f"{school}_SENreviewplan{number}V01.pdf",
        school=school,
        service="SEN",
        status=Status.SENT,
        channel=Channel.SFTP,
        sent_by="Head Teacher",
        sent_by_user="head.teacher",
        sent_at=at,
        size=number,
        sha256=f"{number:064x}",
        expires_at=at + timedelta(days=90),
        place=f"{school}/bench/{id}-01",
        delivered_at=at,
        status_at=at,
        remark="not scanned; Delivered",
    )
    part = PartFate(1, file.name, "", number, "taken", file_id=file.id)
    past = History(file.id, at, "gateway", "route", Status.SENT)
    return Submission(id, Channel.SFTP, at, "head.teacher", "publickey", parts=(part,), files=(file,), history=(past,))


def lay(server: Server, count: int) -> None:
    """Put as many files into a folder of the same name, for a server that lists a disk."""
    month = server.folder / "Sent Files" / f"{datetime.now(UTC):%Y-%m}"  # noqa: TID251
    month.mkdir(parents=True)
    for number in range(count):
        (month / f"{SCHOOL}_SENreviewplan{number}V01.pdf").touch()


def listed(server: Server) -> dict[str, float]:
    """Return the milliseconds of one listing of the month: by OpenSSH's sftp, and of the server's processor time.

    With neither connection nor login: the same session with one listing is taken off.
    """
    ls = f'ls -1 "Sent Files/{datetime.now(UTC):%Y-%m}"\n'  # noqa: TID251
    once = [_taken(server, ls) for _ in range(5)]
    often = [_taken(server, ls * (AGAIN + 1)) for _ in range(3)]
    least, most = (map(statistics.median, zip(*times, strict=True)) for times in (once, often))
    client, processor = ((b - a) / AGAIN * 1000 for a, b in zip(least, most, strict=True))
    return {AT_THE_CLIENT: client, "processor time": processor}


def _taken(server: Server, batch: str) -> tuple[float, float]:
    before = server.processor()
    return run(server, batch), server.processor() - before
