"""One place makes objects: the whole gateway, put together by plain constructor calls.

Owns the wiring, and the change of settings into the values that the use-cases read. The daemon, the commands and the
scenario tests all call it; opening a house opens the ledger and makes the data folder, and no door (DESIGN 1, idea 5).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.clock import SystemClock
from gateway.core.retention import Terms
from gateway.core.routing import Retry, TargetKind
from gateway.errors import ConfigError, Fault
from gateway.inbound.smtp.limits import MessageLimits
from gateway.inbound.smtp.unpacker import MessageUnpacker
from gateway.outbound.folder import FolderDrops
from gateway.outbound.scanner import Clamd
from gateway.pipeline.answer import Answer
from gateway.pipeline.collect import Collect
from gateway.pipeline.correct import Correct
from gateway.pipeline.decisions import Decisions
from gateway.pipeline.directory import LiveDirectory
from gateway.pipeline.drop import Dropper
from gateway.pipeline.ingest import Ingest
from gateway.pipeline.inspect import Inspect
from gateway.pipeline.locks import NamedLocks
from gateway.pipeline.login import GuessLimits, Login
from gateway.pipeline.notify import Notifier
from gateway.pipeline.policy import LivePolicy, NoticePolicy, Policy, Reminders
from gateway.pipeline.purge import Purge
from gateway.pipeline.receive import Receive
from gateway.pipeline.recover import Recover
from gateway.pipeline.remind import Remind
from gateway.pipeline.reply import Reply
from gateway.pipeline.tokens import Tokens
from gateway.pipeline.transitions import Transitions
from gateway.pipeline.ways import Folder, Inbox, Mailed, Pushed
from gateway.pipeline.withdraw import Withdraw
from gateway.pipeline.worker import Turn
from gateway.ports import Archive, Clock, Courier, Disk, Ledger, Mailbox, Pusher, Rendered, Spool
from gateway.settings import NoticesSettings, Settings
from gateway.store.archive import DiskArchive
from gateway.store.contents import ArchiveLimits, FileContents
from gateway.store.disk import PosixDisk
from gateway.store.hashing import Hasher
from gateway.store.ledger import open_ledger
from gateway.store.secret import SecretFile
from gateway.store.spool import DiskSpool
from gateway.store.threads import DiskThreads
from gateway.tables import Tables

if TYPE_CHECKING:
    from gateway.outbound.courier import SmtpCourier


class LiveTemplates:
    """The Renderer port, by the templates in force; `current` is replaced at a reload."""

    def __init__(self, tables: Tables) -> None:
        """Start with these."""
        self.current = tables.templates

    def render(self, template: str, context: Mapping[str, object]) -> Rendered:
        """Return the notice."""
        return self.current.render(template, context)


@dataclass(frozen=True)
class Turns:
    """The wake-ups of the workers."""

    ingest: Turn
    drop: Turn
    notify: Turn
    purge: Turn
    collect: Turn
    remind: Turn


@dataclass(frozen=True)
class House:
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
    login: Login
    receive: Receive
    ingest: Ingest
    dropper: Dropper
    remind: Remind
    notifier: Notifier
    purge: Purge
    collect: Collect
    decisions: Decisions
    tokens: Tokens
    transitions: Transitions
    recover: Recover
    turns: Turns

    def reload(self, settings: Settings, tables: Tables) -> None:
        """Put new rules in force, all at once."""
        self.policy.current = policy_of(settings, tables)
        self.templates.current = tables.templates


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
    # A share that hangs must hold up neither the spool nor another service: the threads for drops are their own.
    own, shares, hasher = DiskThreads("disk"), DiskThreads("drops"), Hasher()
    ledger = await open_ledger(str(data / "ledger.db"), clock=clock)
    try:
        house = build(
            settings,
            tables,
            clock=clock,
            disk=disk,
            courier=courier or courier_of(settings, clock),
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
    shares: DiskThreads,
) -> House:
    """Make every object; opens nothing and does nothing."""
    data = settings.storage.data
    policy, templates = LivePolicy(policy_of(settings, tables)), LiveTemplates(tables)
    directory = LiveDirectory(ledger, clock)
    turns = Turns(Turn(clock, lull=0.03, patience=1.5), *(Turn(clock) for _ in range(5)))
    spool = DiskSpool(root=str(data / "spool"), disk=disk, threads=own, clock=clock)
    archive = DiskArchive(root=str(data / "archive"), disk=disk, threads=own)
    folder = FolderDrops(disk=disk, threads=shares)
    answer = Answer(directory, policy)
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
    reply = Reply(ledger=ledger, clock=clock, directory=directory, tokens=tokens, decisions=decisions, answer=answer)
    ingest = Ingest(
        spool=spool,
        archive=archive,
        ledger=ledger,
        clock=clock,
        directory=directory,
        policy=policy,
        inspect=inspect,
        unpacker=MessageUnpacker(spool=spool, disk=disk, threads=own, limits=message_limits_of(settings)),
        answer=answer,
        to_drop=turns.drop.wake,
        to_notify=turns.notify.wake,
        names=names,
        reply=reply,
    )
    purge = Purge(ledger=ledger, archive=archive, spool=spool, folder=folder, clock=clock, policy=policy)
    return House(
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
        login=Login(directory, ledger, clock, hasher, guess_limits_of(settings)),
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
                    mailbox=lambda: mailbox_of(settings, clock, own),
                    answer=answer,
                    policy=policy,
                    clock=clock,
                ),
                TargetKind.SFTP: Pushed(ledger=ledger, archive=archive, pusher=lambda: pusher_of(disk, own)),
            },
            withdraw=withdraw,
            transitions=transitions,
            answer=answer,
            to_notify=turns.notify.wake,
        ),
        collect=Collect(ledger=ledger, folder=folder, withdraw=withdraw),
        remind=Remind(
            ledger=ledger,
            clock=clock,
            directory=directory,
            policy=policy,
            answer=answer,
            to_notify=turns.notify.wake,
        ),
        notifier=Notifier(
            outbox=ledger, courier=courier, renderer=templates, clock=clock, policy=policy, tokens=tokens
        ),
        purge=purge,
        decisions=decisions,
        tokens=tokens,
        transitions=transitions,
        recover=Recover(spool=spool, ledger=ledger, ingest=ingest),
        turns=turns,
    )


def policy_of(settings: Settings, tables: Tables) -> Policy:
    """Return the rules that an authority set."""
    told = settings.notices
    return Policy(
        la_codes=frozenset(settings.authority.la_codes),
        catalogue=tables.catalogue,
        zone=ZoneInfo(settings.authority.timezone),
        terms=Terms(settings.retention.days, settings.retention.rejected_days, settings.retention.quarantine_days),
        notices=NoticePolicy(
            sender=settings.notice_sender,
            authority=settings.authority.name,
            contact=settings.authority.contact,
            full_names=told.names == "full",
            headteacher_copies=told.headteacher_copies,
            administrator=settings.authority.contact_address or "",
            tell_received=told.tell_received,
            sftp_receipts=told.sftp_receipts,
            reply_domain=settings.smtp.domain,
            takes_replies=told.replies,
            an_hour=told.max_per_hour,
            a_day=told.max_per_day,
        ),
        reminders=Reminders(
            at=told.remind_at,
            uncollected_days=told.uncollected_working_days,
            warning_days=told.purge_warning_days,
            holidays=tables.holidays,
        ),
        notice_retry=Retry(first=30.0, longest=3600.0, give_up_after=told.give_up_hours * 3600.0),
        undo_seconds=float(settings.routing.undo_seconds),
        max_file_bytes=settings.sftp.max_file_bytes,
        unfinished_hours=settings.sftp.unfinished_hours,
    )


def guess_limits_of(settings: Settings) -> GuessLimits:
    """Return when a guesser is shut out."""
    told = settings.guessing
    return GuessLimits(
        tries=told.max_failures_per_account,
        address_tries=told.max_failures_per_address,
        window=float(told.window_seconds),
        shut_for=float(told.shut_out_seconds),
    )


def archive_limits_of(settings: Settings) -> ArchiveLimits:
    """Return what an archive may claim to hold."""
    told = settings.inspect
    return ArchiveLimits(entries=told.max_entries, unpacked_bytes=told.max_unpacked_bytes, ratio=told.max_ratio)


def message_limits_of(settings: Settings) -> MessageLimits:
    """Return how far a message is taken apart."""
    told = settings.message
    return MessageLimits(
        header_bytes=told.max_header_bytes, header_lines=told.max_headers, parts=told.max_parts, depth=told.max_depth
    )


def scanner_of(settings: Settings, threads: DiskThreads) -> Clamd | None:
    """Return the scanner that every file must pass, if one is set."""
    told = settings.inspect
    return Clamd(told.scanner, run=threads.run, timeout=float(told.timeout_seconds)) if told.scanner else None


def mailbox_of(settings: Settings, clock: Clock, threads: DiskThreads) -> Mailbox:
    """Return the way to services' mailboxes: the relay that takes our notices."""
    from gateway.outbound.letter import Writer  # only the daemon delivers
    from gateway.outbound.mailbox import MailDrops

    writer = Writer(settings.notice_sender, settings.authority.name)
    return MailDrops(carrier=courier_of(settings, clock), writer=writer, threads=threads, clock=clock)


def pusher_of(disk: Disk, threads: DiskThreads) -> Pusher:
    """Return the way to services' own servers."""
    from gateway.outbound.push import SftpDrops  # only the daemon delivers

    return SftpDrops(disk=disk, threads=threads)


def courier_of(settings: Settings, clock: Clock) -> "SmtpCourier":
    """Return the way to the relay."""
    from gateway.outbound.courier import SmtpCourier  # most commands send nothing

    told = settings.notices
    return SmtpCourier(
        relay=told.relay,
        sender=settings.notice_sender,
        authority=settings.authority.name,
        username=told.username,
        password=relay_password(told),
        ca_file=told.ca_file,
        timeout=float(told.timeout_seconds),
        clock=clock,
    )


def relay_password(told: NoticesSettings) -> str:
    """Return the password for the relay; "" where there is no login. Raises ConfigError when its file can't be used."""
    if told.password_file is None:
        return ""
    try:
        return told.password_file.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        problem = f"{told.password_file} can't be read: {error.strerror}; expected the relay's password in it"
    except UnicodeDecodeError:
        problem = f"{told.password_file} holds no text; expected the relay's password in UTF-8"
    raise ConfigError((Fault("gateway.toml", "[notices] password_file", problem),))
