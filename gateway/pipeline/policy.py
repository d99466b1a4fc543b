"""The rules in force: what an authority configured, as values that the use-cases read.

Owns the one place where a reload takes effect: `LivePolicy.current` is replaced whole, or not at all (Source: SPEC 11).
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gateway.core.agreement import AcceptableUse
from gateway.core.names import Rules
from gateway.core.passwords import PasswordRules
from gateway.core.publickeys import KeyRules
from gateway.core.register import Directory
from gateway.core.requests import ReminderDays
from gateway.core.retention import Terms
from gateway.core.routing import Catalogue, Folder, Retry
from gateway.core.standing import AccessRules
from gateway.core.workdays import after_working_days


@dataclass(frozen=True)
class NoticePolicy:
    """How people are told."""

    sender: str = "gateway@localhost"  # the From address
    authority: str = "the authority"
    contact: str = ""  # whom to ask, as people read it
    full_names: bool = False  # show whole names of files to others than the sender
    sftp_receipts: bool = True  # a receipt for each accepted upload, as for each email
    headteacher_copies: bool = True
    administrator: str = ""  # address for alerts; "" where the contact names none
    tell_received: bool = False  # a notice to the sender when an officer took the file
    reply_domain: str = ""  # of reply+…@ and bounce+…@; "" where there are none
    takes_replies: bool = False  # receipts carry a reply address that takes commands
    postmaster_a_day: int = 20  # messages for postmaster@ that are handed on
    an_hour: int = 60  # notices to one address at the most; more wait
    a_day: int = 300


@dataclass(frozen=True)
class Reminders:
    """When the authority's own people are told unasked."""

    at: time = time(8, 0)  # of the day, in the authority's time zone
    uncollected_days: int = 5  # working days that a file waits before its service is told; 0 is never
    warning_days: int = 7  # before the purge; 0 is never
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True)
class RequestPolicy:
    """Whether the authority asks its schools for files, and when it reminds those who have not sent."""

    enabled: bool = False
    days: ReminderDays = field(default_factory=ReminderDays)


@dataclass(frozen=True)
class AccountPolicy:
    """How accounts are begun, kept and ended."""

    acceptable_use: AcceptableUse = field(default_factory=AcceptableUse)
    grace_days: int = 14  # in which a new version of the acceptable use policy waits for everybody's word
    password_days: int = 90  # after which a password has expired; 0 is never
    remind_day: int = 80  # of a password, on which its owner is reminded for the first time
    remind_daily_from: int = 85  # day from which on they are reminded daily
    passwords: PasswordRules = field(default_factory=PasswordRules)
    promised_days: int = 14  # from the request to the account
    activation_hours: int = 336  # for which the code of the first login is valid
    code_minutes: int = 15  # for which the code beside an expired password is valid
    code_tries: int = 5
    codes_a_day: int = 5  # beside an expired password
    login_minutes: int = 15  # for reading the policy and choosing a password
    shared_mailboxes: frozenset[str] = frozenset()  # what stands before the @ of a mailbox that several people read
    home_domains: frozenset[str] = frozenset()
    sftp: str = ""  # what a person types: "sftp -P 2222 {username}@files.example"; "" where there is no such door


@dataclass(frozen=True)
class DocumentPolicy:
    """How documents reach the schools."""

    folders: tuple[Folder, ...] = ()
    confirm_above: int = 25  # schools; for more, somebody must confirm
    second_person: bool = False  # who confirms must be another than who published
    head_only: bool = False  # whether there are documents for headteachers alone
    digest_at: time = time(16, 0)  # of the day, in the authority's time zone
    unread_days: int = 14  # before the end of what nobody opened, when that is told; 0 is never

    def folder(self, key: str) -> Folder | None:
        """Return the folder of this key."""
        return next((folder for folder in self.folders if folder.key == key), None)


@dataclass(frozen=True)
class KeyPolicy:
    """What a public key must be, and when it is old."""

    rules: KeyRules = field(default_factory=KeyRules)
    rotate_days: int = 365  # 0 is never
    remind_again_days: int = 90


@dataclass(frozen=True)
class Upkeep:
    """What becomes of access that nobody uses, or nobody confirms."""

    unused_report_days: int = 180  # 0 is never
    unused_suspend_days: int = 210  # 0 is never
    review_remind_days: int = 14
    review_report_days: int = 28


@dataclass(frozen=True)
class Policy:
    """Everything an authority decides, in force at one moment."""

    la_codes: frozenset[str]
    catalogue: Catalogue
    zone: ZoneInfo
    terms: Terms = field(default_factory=Terms)
    notices: NoticePolicy = field(default_factory=NoticePolicy)
    reminders: Reminders = field(default_factory=Reminders)
    requests: RequestPolicy = field(default_factory=RequestPolicy)
    accounts: AccountPolicy = field(default_factory=AccountPolicy)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    upkeep: Upkeep = field(default_factory=Upkeep)
    documents: DocumentPolicy = field(default_factory=DocumentPolicy)
    drop_retry: Retry = field(default_factory=Retry)
    notice_retry: Retry = field(default_factory=lambda: Retry(first=30.0, longest=3600.0, give_up_after=5 * 86400.0))
    undo_seconds: float = 0.0
    max_file_bytes: int = 2 << 30  # of one upload
    unfinished_hours: int = 24  # for which an upload that was cut off can go on

    def rules(self, directory: Directory) -> Rules:
        """Return what the name grammar is read with."""
        return Rules(la_codes=self.la_codes, catalogue=self.catalogue, directory=directory)

    def access(self, directory: Directory) -> AccessRules:
        """Return what is asked of an account besides its state."""
        version = self.accounts.acceptable_use.version
        return AccessRules(
            policy_version=version,
            policy_since=directory.policies.get(version),
            grace_days=self.accounts.grace_days,
            password_days=self.accounts.password_days,
        )

    def late_on(self, since: datetime) -> date:
        """Return the day on which a file that waits since then has waited too long; the last of all days is never."""
        if not self.reminders.uncollected_days:
            return date.max
        return after_working_days(self.day_of(since), self.reminders.uncollected_days, self.reminders.holidays)

    def day_of(self, at: datetime) -> date:
        """Return the authority's calendar day of a time."""
        return at.astimezone(self.zone).date()


class LivePolicy:
    """The policy in force; `current` is replaced at a reload."""

    def __init__(self, policy: Policy) -> None:
        """Start with one."""
        self.current = policy
