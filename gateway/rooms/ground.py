"""What every room stands on: the rules in force, the ledger and the disk, who is who, and the wake-ups of the workers.

Owns their putting together, and takes what was opened already; opens nothing itself (DESIGN 1).
"""

from dataclasses import dataclass, fields

from gateway.inbound.smtp.dismantler import Dismantler
from gateway.inbound.smtp.unpacker import MessageUnpacker
from gateway.live import LiveSettings, LiveTemplates
from gateway.outbound.folder import FolderDrops
from gateway.parameters import archive_limits_of, message_limits_of, policy_of, scanner_of
from gateway.pipeline.answer import Answer
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.pace import Pace
from gateway.pipeline.policy import LivePolicy
from gateway.pipeline.telling import Telling
from gateway.pipeline.worker import Turn
from gateway.ports import Archive, Clock, Courier, Disk, Ledger, Spool
from gateway.settings import Settings
from gateway.store.archive import DiskArchive
from gateway.store.contents import FileContents
from gateway.store.hashing import Hasher
from gateway.store.sealer import Sealer
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
    set_aside: Turn
    sealer: Turn
    dismantler: Turn


@dataclass(frozen=True)
class Opened:
    """What was opened for a house, and is closed when it is left."""

    clock: Clock
    disk: Disk
    courier: Courier
    ledger: Ledger
    hasher: Hasher
    own: DiskThreads  # for our own disk
    shares: ShareThreads  # for the folders of services, which may hang


@dataclass(frozen=True)
class Ground(Opened):
    """What the rooms are given."""

    settings: Settings  # as at the start; those in force are `in_force`
    tables: Tables
    in_force: LiveSettings
    policy: LivePolicy
    templates: LiveTemplates
    directory: LiveDirectory
    turns: Turns
    sealer: Sealer  # starts with the daemon
    dismantler: Dismantler  # in service with the daemon
    spool: Spool
    archive: Archive
    folder: FolderDrops
    unpacker: MessageUnpacker
    inspect: Inspect
    names: NamedLocks  # by school and name of a file
    answer: Answer
    telling: Telling


def lay_ground(settings: Settings, tables: Tables, opened: Opened) -> Ground:
    """Make all of it; does nothing."""
    data, clock, disk, own = settings.storage.data, opened.clock, opened.disk, opened.own
    policy, directory = LivePolicy(policy_of(settings, tables)), LiveDirectory(opened.ledger, clock)
    turns = Turns(Turn(clock, lull=0.1, patience=10.0), *(Turn(clock) for _ in fields(Turns)[1:]))
    sealer = Sealer(root=str(data / "spool"), threads=own, clock=clock, ended=turns.sealer.wake)
    spool = DiskSpool(root=str(data / "spool"), disk=disk, threads=own, clock=clock, elsewhere=sealer.seal)
    dismantler = Dismantler(threads=own, clock=clock, wake=turns.dismantler.wake)
    unpacker = MessageUnpacker(
        spool=spool, disk=disk, threads=own, limits=message_limits_of(settings), elsewhere=dismantler.take_apart
    )
    answer = Answer(directory, policy, Pace(clock))
    return Ground(
        **vars(opened),
        settings=settings,
        tables=tables,
        in_force=LiveSettings(settings),
        policy=policy,
        templates=LiveTemplates(tables),
        directory=directory,
        turns=turns,
        sealer=sealer,
        dismantler=dismantler,
        spool=spool,
        archive=DiskArchive(root=str(data / "archive"), disk=disk, threads=own),
        folder=FolderDrops(disk=disk, shares=opened.shares),
        unpacker=unpacker,
        inspect=Inspect(FileContents(own.run, archive_limits_of(settings)), scanner_of(settings, own)),
        names=NamedLocks(),
        answer=answer,
        telling=Telling(opened.ledger, clock, directory, policy, answer, turns.notify.wake),
    )
