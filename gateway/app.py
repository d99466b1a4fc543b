"""One place makes objects: the whole gateway, put together by plain constructor calls.

Owns the wiring, and what a reload replaces in it; what settings become is `parameters`. The daemon, the commands and
the scenario tests all call it; opening a house opens the ledger and makes the data folder, and no door (DESIGN 1).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields

from gateway.clock import SystemClock
from gateway.core.routing import TargetKind
from gateway.inbound.smtp.unpacker import MessageUnpacker
from gateway.live import Live, LiveCourier, LiveSettings, LiveTemplates
from gateway.outbound.folder import FolderDrops
from gateway.parameters import (
    archive_limits_of,
    hasher_of,
    mailbox_of,
    message_limits_of,
    policy_of,
    pusher_of,
    scanner_of,
)
from gateway.pipeline.answer import Answer
from gateway.pipeline.collect import Collect
from gateway.pipeline.correct import Correct
from gateway.pipeline.dailyemail import DailyEmails
from gateway.pipeline.decisions import Decisions
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.drop import Dropper
from gateway.pipeline.ingest import Ingest
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.notify import Notifier
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.publications import Publications
from gateway.pipeline.publish import Publish
from gateway.pipeline.purge import Purge
from gateway.pipeline.receive import Receive
from gateway.pipeline.recover import Recover
from gateway.pipeline.remind import Remind
from gateway.pipeline.reply import Reply
from gateway.pipeline.report import Report
from gateway.pipeline.requests import FileRequests
from gateway.pipeline.sweep import Sweep
from gateway.pipeline.telling import Telling
from gateway.pipeline.tokens import Tokens
from gateway.pipeline.transitions import Transitions
from gateway.pipeline.unread import Unread
from gateway.pipeline.ways import Folder, Inbox, Mailed, Pushed
from gateway.pipeline.withdraw import Withdraw
from gateway.pipeline.worker import Turn
from gateway.ports import Archive, Clock, Courier, Disk, Ledger, Spool
from gateway.rooms import PeopleRooms, build_people_rooms
from gateway.settings import Settings
from gateway.store.archive import DiskArchive
from gateway.store.contents import FileContents
from gateway.store.disk import PosixDisk
from gateway.store.hashing import Hasher
from gateway.store.ledger import open_ledger
from gateway.store.secret import SecretFile
from gateway.store.shares import ShareThreads
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from gateway.tables import Tables


@dataclass(frozen=True)
class Turns:
    """The wake-ups of the workers."""

    ingest: Turn
    drop: Turn
    notify: Turn
    purge: Turn
    collect: Turn
    sweep: Turn
    remind: Turn
    report: Turn
    requests: Turn
    renewals: Turn
    upkeep: Turn
    daily_emails: Turn
    unread: Turn


@dataclass(frozen=True)
class House(PeopleRooms):
    """The gateway without its doors: what commands use, and what the daemon opens doors to."""

    settings: Settings
    tables: Tables
    clock: Clock
    disk: Disk
    ledger: Ledger
    spool: Spool
    archive: Archive
    hasher: Hasher
    policy: LivePolicy
    templates: LiveTemplates
    directory: LiveDirectory
    receive: Receive
    ingest: Ingest
    dropper: Dropper
    remind: Remind
    requests: FileRequests
    daily_emails: DailyEmails
    unread: Unread
    notifier: Notifier
    purge: Purge
    collect: Collect
    sweep: Sweep
    decisions: Decisions
    publications: Publications
    report: Report
    tokens: Tokens
    transitions: Transitions
    recover: Recover
    turns: Turns
    live: Live

    def prepare(self, settings: Settings, tables: Tables) -> Callable[[], None]:
        """Return what puts new rules in force, all at once. Raises ConfigError, and changes nothing yet."""
        put_in_force = self.live.prepare(settings)

        def reload() -> None:
            put_in_force()
            self.policy.current = policy_of(settings, tables)
            self.templates.current = tables.templates

        return reload


@asynccontextmanager
async def open_house(
    settings: Settings,
    tables: Tables,
    *,
    clock: Clock | None = None,
    disk: Disk | None = None,
    courier: Courier | None = None,
) -> AsyncIterator[House]:
    """Open the ledger and put everything together; close it all at the end."""
    clock, disk = clock or SystemClock(), disk or PosixDisk()
    data = settings.storage.data
    disk.make_folder(str(data))
    own, shares, hasher = DiskThreads("disk"), ShareThreads(), hasher_of(settings)
    ledger = await open_ledger(str(data / "ledger.db"), clock=clock)
    try:
        house = build(
            settings,
            tables,
            clock=clock,
            disk=disk,
            courier=courier or LiveCourier(settings, clock),
            ledger=ledger,
            hasher=hasher,
            own=own,
            shares=shares,
        )
        await house.spool.prepare()
        await house.archive.prepare()
        await house.directory.pass_once()
        try:
            yield house
        finally:
            await house.dropper.close()
    finally:
        await ledger.close()
        hasher.close()
        shares.close()
        own.close()


def build(
    settings: Settings,
    tables: Tables,
    *,
    clock: Clock,
    disk: Disk,
    courier: Courier,
    ledger: Ledger,
    hasher: Hasher,
    own: DiskThreads,
    shares: ShareThreads,
) -> House:
    """Make every object; opens nothing and does nothing."""
    data = settings.storage.data
    policy, templates = LivePolicy(policy_of(settings, tables)), LiveTemplates(tables)
    directory = LiveDirectory(ledger, clock)
    turns = Turns(Turn(clock, lull=0.1, patience=10.0), *(Turn(clock) for _ in fields(Turns)[1:]))
    spool = DiskSpool(root=str(data / "spool"), disk=disk, threads=own, clock=clock)
    archive = DiskArchive(root=str(data / "archive"), disk=disk, threads=own)
    unpacker = MessageUnpacker(spool=spool, disk=disk, threads=own, limits=message_limits_of(settings))
    folder = FolderDrops(disk=disk, shares=shares)
    answer = Answer(directory, policy)
    telling = Telling(ledger, clock, directory, policy, answer, turns.notify.wake)
    people = build_people_rooms(telling, hasher, settings)
    inspect = Inspect(FileContents(own.run, archive_limits_of(settings)), scanner_of(settings, own))
    names = NamedLocks()
    transitions = Transitions(
        ledger=ledger, clock=clock, answer=answer, to_drop=turns.drop.wake, to_notify=turns.notify.wake
    )
    withdraw = Withdraw(ledger=ledger, folder=folder, clock=clock, policy=policy, transitions=transitions)
    correct = Correct(
        ledger=ledger,
        archive=archive,
        clock=clock,
        inspect=inspect,
        directory=directory,
        policy=policy,
        names=names,
    )
    decisions = Decisions(
        ledger=ledger, clock=clock, policy=policy, withdraw=withdraw, transitions=transitions, correct=correct
    )
    tokens = Tokens(ledger=ledger, directory=directory, policy=policy, secret=SecretFile(str(data / "reply.key"), disk))
    reply = Reply(
        ledger=ledger,
        clock=clock,
        directory=directory,
        tokens=tokens,
        decisions=decisions,
        answer=answer,
        letters=people.letters,
        access=people.access,
    )
    report = Report(telling)
    publish = Publish(
        spool=spool,
        archive=archive,
        ledger=ledger,
        directory=directory,
        policy=policy,
        inspect=inspect,
        unpacker=unpacker,
        report=report,
    )
    ingest = Ingest(
        spool=spool,
        archive=archive,
        ledger=ledger,
        clock=clock,
        directory=directory,
        policy=policy,
        inspect=inspect,
        unpacker=unpacker,
        answer=answer,
        publish=publish,
        to_drop=turns.drop.wake,
        to_notify=turns.notify.wake,
        names=names,
        reply=reply,
    )
    live = Live(LiveSettings(settings), people.login, inspect, unpacker, courier, own, clock)
    purge = Purge(ledger=ledger, archive=archive, spool=spool, folder=folder, clock=clock, policy=policy)
    return House(
        **vars(people),
        settings=settings,
        tables=tables,
        clock=clock,
        disk=disk,
        ledger=ledger,
        spool=spool,
        archive=archive,
        hasher=hasher,
        policy=policy,
        templates=templates,
        directory=directory,
        receive=Receive(
            spool=spool,
            ledger=ledger,
            clock=clock,
            directory=directory,
            policy=policy,
            answer=answer,
            to_ingest=turns.ingest.wake,
            to_notify=turns.notify.wake,
        ),
        ingest=ingest,
        dropper=Dropper(
            ledger=ledger,
            clock=clock,
            policy=policy,
            ways={
                TargetKind.PICKUP: Inbox(),
                TargetKind.FOLDER: Folder(ledger=ledger, archive=archive, folder=folder),
                TargetKind.EMAIL: Mailed(
                    ledger=ledger,
                    archive=archive,
                    mailbox=lambda: mailbox_of(live.settings.current, clock, own),
                    answer=answer,
                    policy=policy,
                    clock=clock,
                ),
                TargetKind.SFTP: Pushed(ledger=ledger, archive=archive, pusher=lambda: pusher_of(disk, own)),
            },
            transitions=transitions,
            answer=answer,
            to_notify=turns.notify.wake,
        ),
        collect=Collect(ledger=ledger, folder=folder, withdraw=withdraw),
        sweep=Sweep(ledger=ledger, folder=folder, policy=policy),
        remind=Remind(telling),
        requests=FileRequests(telling),
        daily_emails=DailyEmails(telling),
        unread=Unread(telling),
        notifier=Notifier(
            outbox=ledger,
            courier=courier,
            renderer=templates,
            clock=clock,
            policy=policy,
            tokens=tokens,
            complete=people.accounts.complete,
        ),
        purge=purge,
        decisions=decisions,
        publications=Publications(telling, archive=archive),
        report=report,
        tokens=tokens,
        transitions=transitions,
        recover=Recover(spool=spool, ledger=ledger, ingest=ingest),
        turns=turns,
        live=live,
    )
