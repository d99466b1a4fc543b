"""What is set becomes what the parts are told: limits, rules, and the ways to scanner, relay and servers.

Owns the change of settings into values and adapters; knows no part that is given them, and puts nothing in force.
"""

import socket
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.core.passwords import PasswordRules
from gateway.core.publickeys import KeyRules
from gateway.core.requests import ReminderDays
from gateway.core.retention import Terms
from gateway.core.routing import Retry
from gateway.errors import ConfigError, Fault
from gateway.inbound.smtp.limits import MessageLimits
from gateway.outbound.scanner import Clamd
from gateway.pipeline.people.login import GuessLimits
from gateway.pipeline.policy import (
    AccountPolicy,
    DocumentPolicy,
    KeyPolicy,
    NoticePolicy,
    Policy,
    Reminders,
    RequestPolicy,
    Upkeep,
)
from gateway.ports import Clock, Disk, Mailbox, Pusher
from gateway.settings import NoticesSettings, Settings
from gateway.store.contents import ArchiveLimits
from gateway.store.hashing import Hasher
from gateway.store.threads import DiskThreads
from gateway.tables import Tables

if TYPE_CHECKING:
    from gateway.outbound.courier import SmtpCourier


def policy_of(settings: Settings, tables: Tables) -> Policy:
    """Return the rules that an authority set."""
    told = settings.notices
    return Policy(
        la_codes=frozenset(settings.authority.la_codes),
        catalogue=tables.catalogue,
        zone=ZoneInfo(settings.authority.timezone),
        terms=Terms(settings.retention.days, settings.retention.rejected_days, settings.retention.quarantine_days),
        notices=notice_policy_of(settings),
        reminders=Reminders(
            at=told.remind_at,
            uncollected_days=told.uncollected_working_days,
            warning_days=told.purge_warning_days,
            holidays=tables.holidays,
        ),
        requests=RequestPolicy(
            enabled=settings.requests.enabled,
            days=ReminderDays(settings.requests.remind_days_before, settings.requests.remind_days_after),
        ),
        accounts=account_policy_of(settings, tables),
        documents=document_policy_of(settings, tables),
        keys=KeyPolicy(
            KeyRules(settings.keys.min_rsa_bits, settings.keys.max_per_account),
            settings.keys.rotate_days,
            settings.keys.remind_again_days,
        ),
        upkeep=Upkeep(**settings.access.model_dump()),
        notice_retry=Retry(first=30.0, longest=3600.0, give_up_after=told.give_up_hours * 3600.0),
        undo_seconds=float(settings.routing.undo_seconds),
        max_file_bytes=settings.sftp.max_file_bytes,
        unfinished_hours=settings.sftp.unfinished_hours,
    )


def notice_policy_of(settings: Settings) -> NoticePolicy:
    """Return who is told of what, how often, and in whose name."""
    told, authority = settings.notices, settings.authority
    return NoticePolicy(
        sender=settings.notice_sender,
        authority=authority.name,
        contact=authority.contact,
        full_names=told.names == "full",
        headteacher_copies=told.headteacher_copies,
        administrator=authority.contact_address or "",
        postmaster_a_day=settings.smtp.postmaster_per_day,
        tell_received=told.tell_received,
        sftp_receipts=told.sftp_receipts,
        reply_domain=settings.smtp.domain,
        takes_replies=told.replies,
        an_hour=told.max_per_hour,
        a_day=told.max_per_day,
    )


def document_policy_of(settings: Settings, tables: Tables) -> DocumentPolicy:
    """Return how documents reach schools, and who is told of them."""
    told = settings.documents
    return DocumentPolicy(
        folders=tables.folders,
        confirm_above=told.confirm_above,
        second_person=told.second_person,
        head_only=told.head_only,
        digest_at=told.digest_at,
        unread_days=told.unread_warning_days,
    )


def account_policy_of(settings: Settings, tables: Tables) -> AccountPolicy:
    """Return how accounts are begun, kept and ended."""
    told, passwords = settings.accounts, settings.passwords
    return AccountPolicy(
        acceptable_use=tables.acceptable_use,
        grace_days=settings.policy.grace_days,
        password_days=passwords.expire_days,
        remind_day=passwords.remind_day,
        remind_daily_from=passwords.remind_daily_from_day,
        passwords=PasswordRules(
            passwords.min_length,
            passwords.min_upper,
            passwords.min_lower,
            passwords.min_digits,
            passwords.min_strength,
        ),
        promised_days=told.promised_days,
        activation_hours=told.activation_hours,
        code_minutes=told.code_minutes,
        code_tries=told.code_tries,
        codes_a_day=told.codes_a_day,
        login_minutes=told.login_minutes,
        shared_mailboxes=tables.shared_mailboxes,
        home_domains=tables.home_domains,
        sftp=_sftp_line(settings),
    )


def _sftp_line(settings: Settings) -> str:
    """Return what a person types to come in over SFTP; "" where that can't be known."""
    if not settings.sftp.listen:
        return ""
    host, port = settings.smtp.hostname or socket.gethostname(), settings.sftp.listen[0].port
    return f"sftp {f'-P {port} ' if port not in (0, 22) else ''}{{username}}@{host}"


def guess_limits_of(settings: Settings) -> GuessLimits:
    """Return when a guesser is shut out."""
    told = settings.guessing
    return GuessLimits(
        tries=told.max_failures_per_account,
        address_tries=told.max_failures_per_address,
        window=float(told.window_seconds),
        shut_for=float(told.shut_out_seconds),
    )


def hasher_of(settings: Settings) -> Hasher:
    """Return what makes and compares password hashes, at the costs that are set."""
    told = settings.passwords
    return Hasher(time_cost=told.hash_passes, memory_kib=told.hash_memory_kib, workers=told.hash_threads)


def archive_limits_of(settings: Settings) -> ArchiveLimits:
    """Return what an archive may claim to hold."""
    told = settings.inspect
    return ArchiveLimits(entries=told.max_entries, unpacked_bytes=told.max_unpacked_bytes, ratio=told.max_ratio)


def message_limits_of(settings: Settings) -> MessageLimits:
    """Return how far a message is taken apart."""
    told = settings.message
    return MessageLimits(
        header_bytes=told.max_header_bytes,
        header_lines=told.max_headers,
        parts=told.max_parts,
        part_bytes=told.max_part_bytes,
        depth=told.max_depth,
        comment_chars=told.max_comment_chars,
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
