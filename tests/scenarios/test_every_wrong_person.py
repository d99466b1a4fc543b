"""Every path and every wrong person on it, in one table: what they are told, and that nothing came of it (SPEC 9).

A row is a path; a column is why somebody is the wrong person. Where a path is theirs all the same, it says THEIRS. A
daemon with real clients; each person has whatever the path asks for: the password, the key, the code, the address.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import aiosmtplib
import asyncssh
import pytest

from gateway.app import open_house
from gateway.core.codes import CodeFor, OneTimeCode, plain_code
from gateway.core.register import Account, AccountState, Role
from gateway.store.hashing import Hasher
from gateway.tables import read_deployment
from tests.inbound.smtp.zone import Zone, name_server
from tests.scenarios.daemons import CLOCK, GONE, PASSWORD, Daemon, words_of
from tests.scenarios.harness import GOOD, HEAD, letter
from tests.scenarios.test_wrong_person import Change, change, is_now

SCHOOL, CODE = "8301102", "7KQM-X2RD-HW4P"
HOME: Zone = {("millbeck.example", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"]}
LONG_AGO = timedelta(days=400)
THEIRS = ""  # nobody is refused: this path asks for nothing that they lack

# Why somebody is the wrong person: what is otherwise with them than with a member of Millbeck's staff.
PEOPLE: dict[str, Change] = {
    "other.school": is_now(schools=("8302000",)),
    "suspended": is_now(state=AccountState.SUSPENDED),
    "revoked": is_now(state=AccountState.REVOKED),
    "expired": lambda account: replace(account, password_set_at=CLOCK.now() - LONG_AGO),
    "not.agreed": is_now(policy_version=None),
    "not.verified": is_now(state=AccountState.REQUESTED, policy_version=None),
    "not.activated": is_now(state=AccountState.VERIFIED, policy_version=None),
    "device": is_now(role=Role.DEVICE, services=("INFO",)),
    "other.officer": is_now(role=Role.OFFICER, schools=(), services=("SEN",)),
    "moved.officer": is_now(role=Role.OFFICER, schools=(), services=()),
    "former.officer": is_now(role=Role.OFFICER, schools=(), services=("INFO",), state=AccountState.REVOKED),
}
SUSPENDED, CLOSED = "Your account is suspended", "Your account was closed"
NOT_VERIFIED, NOT_ACTIVATED = "not yet verified", "not activated yet"
NO_SENDER = "Your account may not send files for a school"
DEVICE, NOT_THERE = "A device account sends by email only", "NoSuchFile"


@dataclass
class Client(asyncssh.SSHClient):
    """A program that shows what it is told, and answers each question alike."""

    answer: str = ""
    told: list[str] = field(default_factory=list)
    asked: int = 0

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(str(exc or ""))

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.told.append(msg)

    def kbdint_auth_requested(self) -> str | None:
        self.asked += 1
        return "" if self.answer and self.asked == 1 else None

    def kbdint_challenge_received(self, name: str, text: str, lang: str, prompts: list[object]) -> list[str]:
        self.told += [name, text]
        return [self.answer for _ in prompts]


async def by_sftp(daemon: Daemon, who: str, *, answer: str = "", **options: object) -> str:
    """Come in over SFTP, and do what they must not; return what they were told, or "" when it was done."""
    program = Client(answer)
    facts = {"username": who, "known_hosts": None, "config": None, "client_factory": lambda: program, **options}
    facts["local_addr"] = (f"127.0.1.{1 + list(PEOPLE).index(who)}", 0)  # one who was refused slows their own address
    try:
        async with (
            asyncssh.connect("127.0.0.1", daemon.port("sftp"), **facts) as connection,  # type: ignore[arg-type]
            connection.start_sftp_client() as client,
        ):
            if who.endswith("officer"):
                await client.readdir("/INFO/Inbox")
            else:
                async with client.open(f"Send Files/{SCHOOL}_INFO{who.replace('.', '')}20261120.docx", "wb") as file:
                    await file.write(b"x")
    except (*GONE, asyncssh.SFTPError) as refused:
        return f"{' '.join(program.told)} {type(refused).__name__} {refused}"
    return THEIRS


async def by_password(daemon: Daemon, who: str) -> str:
    return await by_sftp(daemon, who, client_keys=None, password=PASSWORD, preferred_auth="password")


async def by_questions(daemon: Daemon, who: str) -> str:
    return await by_sftp(daemon, who, client_keys=None, answer=PASSWORD, preferred_auth="keyboard-interactive")


async def by_key(daemon: Daemon, who: str) -> str:
    return await by_sftp(daemon, who, client_keys=[daemon.key], preferred_auth="publickey")


async def by_code(daemon: Daemon, who: str) -> str:
    return await by_sftp(daemon, who, client_keys=None, answer=CODE, preferred_auth="keyboard-interactive")


async def by_mail(
    daemon: Daemon, who: str, *, signs_in: bool, to: str = "files@gateway.test", text: str = "", attaches: bool = True
) -> str:
    """Send a message; return what the door said, or "" when it was taken."""
    address = f"{who}@millbeck.example"
    files = [(f"{SCHOOL}_INFO{who.replace('.', '')}20261120.docx", b"x")] if attaches else []
    client = aiosmtplib.SMTP(hostname="localhost", port=daemon.port("smtp"), start_tls=True, timeout=30)
    client.tls_context = daemon.trusted()
    try:
        async with client:
            if signs_in:
                await client.login(who, PASSWORD)
            await client.sendmail(address, [to], letter(address, *files, text=text))
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return " ".join(one.message for one in refused.recipients)
    except aiosmtplib.SMTPException as refused:
        return str(refused)
    return THEIRS


async def by_mail_login(daemon: Daemon, who: str) -> str:
    return await by_mail(daemon, who, signs_in=True)


async def by_address(daemon: Daemon, who: str) -> str:
    return await by_mail(daemon, who, signs_in=False)


async def by_anothers_token(daemon: Daemon, who: str) -> str:
    """Recall the headteacher's file by the address that they were told, having proved who they are themselves."""
    (receipt,) = daemon.relay.to(daemon.address(HEAD))
    token = str(receipt["Reply-To"])
    return await by_mail(daemon, who, signs_in=False, to=token, text="RECALL", attaches=False)


async def by_command(daemon: Daemon, who: str) -> str:
    """Have it recorded, by an administrator, that they have the file."""
    (file,) = [row for row in daemon.rows("files") if row["name"] == GOOD]
    code, _, complaint = await daemon.run("admin", "--as", "clerk", "files", "receive", str(file["id"]), "--by", who)
    assert code in (0, 65)
    return complaint if code else THEIRS


Path = Callable[[Daemon, str], Awaitable[str]]

NOT_YOURS = "You are registered to send for 8302000"
TABLE: dict[Path, dict[str, str]] = {
    by_password: {
        "other.school": NOT_YOURS,
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": "PermissionDenied",  # asked for a new password, and this program has none
        "not.agreed": "something to read and to answer",
        "not.verified": NOT_VERIFIED,
        "not.activated": NOT_ACTIVATED,
        "device": DEVICE,
        "other.officer": NOT_THERE,
        "moved.officer": NOT_THERE,
        "former.officer": CLOSED,
    },
    by_questions: {
        "other.school": NOT_YOURS,
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": "Choose a new password",
        "not.agreed": "You did not agree",
        "not.verified": NOT_VERIFIED,
        "not.activated": NOT_ACTIVATED,
        "device": DEVICE,
        "other.officer": NOT_THERE,
        "moved.officer": NOT_THERE,
        "former.officer": CLOSED,
    },
    by_key: {
        "other.school": NOT_YOURS,
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": THEIRS,  # keys do not expire
        "not.agreed": "You have not agreed",
        "not.verified": NOT_VERIFIED,
        "not.activated": NOT_ACTIVATED,
        "device": DEVICE,
        "other.officer": NOT_THERE,
        "moved.officer": NOT_THERE,
        "former.officer": CLOSED,
    },
    by_code: {
        "other.school": "Choose a new password",
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": "Choose a new password",
        "not.agreed": "You did not agree",
        "not.verified": NOT_VERIFIED,
        "not.activated": "You did not agree",
        "device": DEVICE,
        "other.officer": "Choose a new password",
        "moved.officer": "Choose a new password",
        "former.officer": CLOSED,
    },
    by_mail_login: {
        "other.school": THEIRS,  # the message is taken, and its file rejected
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": "Your password has expired",
        "not.agreed": "You have not agreed",
        "not.verified": NOT_VERIFIED,
        "not.activated": NOT_ACTIVATED,
        "device": "port 465",
        "other.officer": NO_SENDER,
        "moved.officer": NO_SENDER,
        "former.officer": CLOSED,
    },
    by_address: {
        "other.school": THEIRS,
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "expired": THEIRS,  # no password is asked for
        "not.agreed": "You have not agreed",
        "not.verified": NOT_VERIFIED,
        "not.activated": NOT_ACTIVATED,
        "device": DEVICE,
        "other.officer": NO_SENDER,
        "moved.officer": NO_SENDER,
        "former.officer": CLOSED,
    },
    by_anothers_token: {
        **dict.fromkeys(PEOPLE, "sent to somebody else"),
        "suspended": SUSPENDED,
        "revoked": CLOSED,
        "not.verified": NOT_VERIFIED,
        "device": DEVICE,
        "former.officer": CLOSED,
    },
    by_command: {
        **dict.fromkeys(PEOPLE, "officer"),
        "suspended": "is suspended",
        "revoked": "is revoked",
        "not.verified": "is requested",
        "not.activated": "is verified",
        "former.officer": "is revoked",
    },
}


@asynccontextmanager
async def town(daemon: Daemon, *, has_codes: bool, is_before: bool = False) -> AsyncIterator[None]:
    """Everybody, each with all that a path could ask for; and one file of the headteacher's."""
    async with name_server(HOME) as (_, port):
        dns = {"dns__servers": ["127.0.0.1"], "dns__port": port, "dns__timeout_seconds": 1}
        await daemon.set_up(HEAD, **{"smtp__verify_domains": True, **dns})
        await move_in(daemon, has_codes=has_codes, is_before=is_before)
        await daemon.start()
        assert "Accepted" in await daemon.email(HEAD, (GOOD, b"the headteacher's"))
        await daemon.idle()
        yield


async def move_in(daemon: Daemon, *, has_codes: bool, is_before: bool) -> None:
    settings, tables = read_deployment(daemon.config)
    quick, now = Hasher(time_cost=1, memory_kib=8), CLOCK.now()
    hash, hashed_code = await quick.hash(PASSWORD), await quick.hash(plain_code(CODE))
    quick.close()
    code = OneTimeCode(hashed_code, CodeFor.PASSWORD, now + timedelta(hours=1), 5) if has_codes else None
    async with open_house(settings, tables) as house:
        for who, how in PEOPLE.items():
            person = Account(
                who,
                "Pat",
                who.partition(".")[0],
                f"{who}@millbeck.example",
                Role.STAFF,
                AccountState.ACTIVE,
                schools=(SCHOOL,),
                password_hash=hash,
                password_set_at=now,
                keys=(daemon.key.export_public_key().decode().strip(),),
                activated_at=now,
                policy_version=tables.acceptable_use.version,
                code=code,
            )
            await house.ledger.add_account(person if is_before else how(person), actor="a test", at=now)


@pytest.mark.parametrize("path", TABLE, ids=lambda path: path.__name__)
async def test_the_wrong_person_is_refused_with_a_sentence_and_nothing_is_done(daemon: Daemon, path: Path) -> None:
    async with town(daemon, has_codes=path is by_code):
        told = {who: " ".join((await path(daemon, who)).split()) for who in PEOPLE}
        expected = TABLE[path]
        wrong = {w: s for w, s in told.items() if expected[w] not in s or bool(expected[w]) is not bool(s)}
        assert wrong == {}
        await daemon.idle()
        theirs = {who for who, said in TABLE[path].items() if said == THEIRS}
        sent = [row for row in daemon.rows("files") if row["name"] != GOOD and row["status"] == "Sent"]
        assert {row["sent_by_user"] for row in sent} == theirs - {"other.school"}
        (file,) = [row for row in daemon.rows("files") if row["name"] == GOOD]
        assert (file["status"], file["received_by_user"]) == ("Sent", None)
        assert await daemon.stop() == 0


# Who was the right person when they sent a file, and replies to its receipt as the wrong one.
REPLIES: dict[str, str] = {
    "other.school": "Only somebody of the sender's school can do this",
    "suspended": SUSPENDED,
    "revoked": CLOSED,
    "expired": THEIRS,  # no password is asked for
    "not.agreed": "You have not agreed",
    "not.verified": NOT_VERIFIED,
    "not.activated": NOT_ACTIVATED,
    "device": DEVICE,
    "other.officer": "Only somebody of the sender's school can do this",
    "moved.officer": "Only somebody of the sender's school can do this",
    "former.officer": CLOSED,
}


async def test_who_became_the_wrong_person_recalls_nothing_by_a_reply(daemon: Daemon) -> None:
    async with town(daemon, has_codes=False, is_before=True):
        for who in PEOPLE:
            assert await by_address(daemon, who) == ""
        await daemon.idle()
        tokens = {who: str(daemon.relay.to(f"{who}@millbeck.example")[0]["Reply-To"]) for who in PEOPLE}
        assert await daemon.stop() == 0
        for who, how in PEOPLE.items():
            await change(daemon, who, how)
        daemon.relay.notices.clear()
        await daemon.start()
        told = {}
        for who in PEOPLE:
            told[who] = await by_mail(daemon, who, signs_in=False, to=tokens[who], text="RECALL", attaches=False)
        await daemon.idle()
        status = {row["sent_by_user"]: row["status"] for row in daemon.rows("files")}
        said = {who: " ".join(map(words_of, daemon.relay.to(f"{who}@millbeck.example"))) for who in PEOPLE}
        wrong = {
            who: (told[who], status[who], said[who])
            for who, word in REPLIES.items()
            if (word not in told[who] + said[who]) or (status[who] == "Recalled") is not (word == THEIRS)
        }
        replies = {str(row["id"]) for row in daemon.rows("submissions") if row["outcome"] == "reply"}
        daemon.known.unanswered |= replies  # a recall is told by the notice of the file
        assert wrong == {}
        assert await daemon.stop() == 0


def test_the_table_has_every_path_and_every_person() -> None:
    assert all(row.keys() == PEOPLE.keys() for row in TABLE.values())
