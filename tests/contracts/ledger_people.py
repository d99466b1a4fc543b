"""What every ledger keeps of people, unfinished uploads, marks and the audit trail (SPEC 8, 9, 10)."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import partial

import pytest

from gateway.core.agreement import Agreement, PolicyText
from gateway.core.codes import CodeFor, OneTimeCode
from gateway.core.mail import Notice, NoticeQuery
from gateway.core.model import Status, Unfinished
from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus, Succession
from gateway.errors import NotThere
from gateway.ports import Ledger
from tests.contracts.ledger_values import a_change, a_file, a_notice, a_submission, an_account, submission_id
from tests.fakes import MORNING

HOUR = timedelta(hours=1)
FULL = an_account(
    "bodell",
    role=Role.DEVICE,
    state=AccountState.SUSPENDED,
    schools=("8302000", "8301102"),
    services=("SEN", "FIN"),
    password_hash="$argon2id$1",
    password_set_at=MORNING,
    keys=("ssh-ed25519 AAAA b", "ssh-ed25519 BBBB a"),
    activated_at=MORNING,
    policy_version="2026-09",
    is_stale=True,
    requested_at=MORNING - HOUR,
    requested_by="aquill",
    verified_at=MORNING,
    verified_by="admin",
    evidence="form 12",
    code=OneTimeCode("$argon2id$2", CodeFor.PASSWORD, MORNING + HOUR, 5),
)
LEYS = School("8302000", "Leys Junior School", "112000", "Primary", SchoolStatus.CLOSED, date(2026, 8, 31))
LINK = Succession("8301102", "8302000", date(2026, 12, 31))


def _add_key(account: Account, line: str) -> Account:
    return replace(account, keys=(*account.keys, line))


class PeopleContract:
    """The register."""

    async def test_the_register_keeps_every_field_in_order(self, ledger: Ledger) -> None:
        await ledger.put_school(LEYS, actor="test", at=MORNING)
        await ledger.put_succession(LINK, actor="test", at=MORNING)
        await ledger.add_account(FULL, actor="test", at=MORNING)
        await ledger.add_account(an_account(), actor="test", at=MORNING)
        assert await ledger.directory() == Directory(
            schools={LEYS.number: LEYS},
            successions={LINK.old: LINK},
            accounts={"aquill": an_account(), "bodell": FULL},
        )

    async def test_a_school_and_a_succession_are_replaced_by_their_number(self, ledger: Ledger) -> None:
        for name, until in (("Leys Junior School", LINK.until), ("Leys Academy", date(2027, 1, 31))):
            await ledger.put_school(replace(LEYS, name=name), actor="test", at=MORNING)
            await ledger.put_succession(replace(LINK, until=until), actor="test", at=MORNING)
        found = await ledger.directory()
        assert [s.name for s in found.schools.values()] == ["Leys Academy"]
        assert [s.until for s in found.successions.values()] == [date(2027, 1, 31)]

    async def test_every_change_of_the_register_changes_its_version(self, ledger: Ledger) -> None:
        versions = [await ledger.directory_version()]
        await ledger.put_school(LEYS, actor="test", at=MORNING)
        versions.append(await ledger.directory_version())
        await ledger.put_succession(LINK, actor="test", at=MORNING)
        versions.append(await ledger.directory_version())
        await ledger.add_account(FULL, actor="test", at=MORNING)
        versions.append(await ledger.directory_version())
        await ledger.put_account(FULL, actor="test", at=MORNING, event="suspend")
        versions.append(await ledger.directory_version())
        assert len(set(versions)) == 5

    async def test_what_is_no_change_of_the_register_leaves_its_version(self, ledger: Ledger) -> None:
        before = await ledger.directory_version()
        await ledger.record(a_submission(a_file()))
        await ledger.note_login("aquill", at=MORNING, peer="192.0.2.7", how="sftp password")
        with pytest.raises(NotThere):
            await ledger.put_account(FULL, actor="test", at=MORNING, event="suspend")
        assert await ledger.directory_version() == before

    @pytest.mark.parametrize(
        ("taken", "words"),
        [
            (an_account("aquill", email="new@leys.example"), "an account named aquill already"),
            (an_account("AQuill", email="new@leys.example"), "an account named AQuill already"),
            (an_account("new", email="AQuill@Leys.example"), "registered for the account aquill already"),
        ],
    )
    async def test_a_taken_username_or_address_is_refused_with_a_sentence(
        self, ledger: Ledger, taken: Account, words: str
    ) -> None:
        await ledger.add_account(an_account(), actor="test", at=MORNING)
        with pytest.raises(NotThere, match=words):
            await ledger.add_account(taken, actor="test", at=MORNING)
        assert list((await ledger.directory()).accounts) == ["aquill"]

    async def test_accounts_without_an_address_do_not_get_in_each_others_way(self, ledger: Ledger) -> None:
        for username in ("copier1", "copier2"):
            await ledger.add_account(an_account(username, email=""), actor="test", at=MORNING)
        assert len((await ledger.directory()).accounts) == 2

    async def test_an_account_is_replaced_whole(self, ledger: Ledger) -> None:
        await ledger.add_account(FULL, actor="test", at=MORNING)
        new = {"schools": ("8301102",), "services": (), "keys": (), "state": AccountState.SUSPENDED}
        other = an_account("bodell", email="ben@brook.example", **new)
        await ledger.put_account(other, actor="test", at=MORNING, event="move", why="another school")
        assert (await ledger.directory()).account("bodell") == other

    async def test_replacing_who_is_not_there_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(NotThere, match="no account named aquill"):
            await ledger.put_account(an_account(), actor="test", at=MORNING, event="suspend")

    async def test_an_address_can_not_be_changed_to_anothers(self, ledger: Ledger) -> None:
        for account in (an_account(), FULL):
            await ledger.add_account(account, actor="test", at=MORNING)
        with pytest.raises(NotThere, match="registered for the account aquill"):
            await ledger.put_account(replace(FULL, email=an_account().email), actor="test", at=MORNING, event="address")
        assert (await ledger.directory()).account("bodell") == FULL

    async def test_an_account_is_amended_as_it_stands_at_that_moment(self, ledger: Ledger) -> None:
        await ledger.add_account(FULL, actor="test", at=MORNING)
        for n in range(3):  # each keeps what the others wrote
            after = await ledger.amend_account(
                "BOdell", partial(_add_key, line=f"ssh-ed25519 {n}"), actor="bodell", at=MORNING, event="add-key"
            )
        assert after == (await ledger.directory()).account("bodell")
        assert after == replace(FULL, keys=(*FULL.keys, "ssh-ed25519 0", "ssh-ed25519 1", "ssh-ed25519 2"))

    async def test_a_change_that_refuses_or_changes_nothing_leaves_no_trace(self, ledger: Ledger) -> None:
        await ledger.add_account(FULL, actor="test", at=MORNING)
        version, end = await ledger.directory_version(), await ledger.trail_end()

        def refuse(account: Account) -> Account:
            raise NotThere(f"{account.username} is suspended.")

        with pytest.raises(NotThere, match="bodell is suspended"):
            await ledger.amend_account("bodell", refuse, actor="test", at=MORNING, event="password")
        await ledger.amend_account("bodell", lambda account: account, actor="test", at=MORNING, event="password")
        assert (await ledger.directory_version(), await ledger.trail_end()) == (version, end)

    async def test_what_is_told_of_a_change_is_owed_with_it_or_not_at_all(self, ledger: Ledger) -> None:
        await ledger.add_account(FULL, actor="test", at=MORNING, notices=[a_notice("added", submission=None)])
        told = [a_notice("moved", submission=None)]

        def owing(before: Account, after: Account) -> list[Notice]:
            return told if before.email != after.email else []

        def refuse(_: Account) -> Account:
            raise NotThere("no")

        amend = partial(ledger.amend_account, "bodell", actor="test", at=MORNING, event="address", owing=owing)
        with pytest.raises(NotThere):
            await amend(refuse)
        await amend(lambda account: account)
        assert {n.id for n in await ledger.notices(NoticeQuery())} == {"added"}
        await amend(lambda account: replace(account, email="ben@brook.example"))
        assert {n.id for n in await ledger.notices(NoticeQuery())} == {"added", "moved"}

    async def test_amending_who_is_not_there_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(NotThere, match="no account named aquill"):
            await ledger.amend_account("aquill", lambda a: a, actor="test", at=MORNING, event="suspend")

    async def test_amending_to_anothers_address_is_refused(self, ledger: Ledger) -> None:
        for account in (an_account(), FULL):
            await ledger.add_account(account, actor="test", at=MORNING)
        with pytest.raises(NotThere, match="registered for the account aquill"):
            await ledger.amend_account(
                "bodell", lambda a: replace(a, email=an_account().email), actor="test", at=MORNING, event="address"
            )

    async def test_every_hash_is_kept_for_ever_and_a_rehash_takes_the_place_of_one(self, ledger: Ledger) -> None:
        await ledger.add_account(an_account(password_hash="h1", password_set_at=MORNING), actor="test", at=MORNING)
        for hours, value in ((1, "h2"), (2, "h3")):
            at = MORNING + hours * HOUR
            set_one = partial(replace, password_hash=value, password_set_at=at)
            await ledger.amend_account("aquill", set_one, actor="aquill", at=at, event="password")
        await ledger.amend_account(
            "aquill", partial(replace, password_hash=None), actor="admin", at=MORNING, event="forget-password"
        )
        assert await ledger.earlier_hashes("AQuill") == ["h3", "h2", "h1"]
        for _ in range(2):
            await ledger.rehash("aquill", old="h2", new="h2-dearer")
        assert await ledger.earlier_hashes("aquill") == ["h3", "h2-dearer", "h1"]
        assert await ledger.earlier_hashes("bodell") == []

    async def test_a_rehash_changes_the_hash_and_not_its_age(self, ledger: Ledger) -> None:
        account = an_account(password_hash="h1", password_set_at=MORNING)
        await ledger.add_account(account, actor="test", at=MORNING)
        before = await ledger.directory_version()
        await ledger.rehash("aquill", old="h1", new="h1-dearer")
        assert (await ledger.directory()).account("aquill") == replace(account, password_hash="h1-dearer")
        assert await ledger.directory_version() != before

    async def test_who_agreed_to_which_words_when_how_and_from_where_is_kept(self, ledger: Ledger) -> None:
        on_paper = Agreement("2026-09", "aa" * 32, MORNING, "on paper, by admin")
        at_login = Agreement("2026-11", "bb" * 32, MORNING + HOUR, "login", "192.0.2.7")
        await ledger.add_account(an_account(), actor="admin", at=MORNING, agreed=on_paper)
        assert (await ledger.directory()).accounts["aquill"].policy_version == "2026-09"
        after = await ledger.amend_account(
            "aquill", lambda a: a, actor="aquill", at=MORNING + HOUR, event="agree", agreed=at_login
        )
        assert after.policy_version == "2026-11"
        assert await ledger.agreements("AQuill") == [at_login, on_paper]
        last = (await ledger.trail(subject="aquill"))[0]
        assert (last.action, last.detail["agreed_to"], last.detail["peer"]) == ("agree", "bb" * 32, "192.0.2.7")

    async def test_the_versions_of_the_policy_are_known_by_their_text_and_their_day(self, ledger: Ledger) -> None:
        old = PolicyText("2026-09", "aa", "Be kind.\n", MORNING - 24 * HOUR)
        new = PolicyText("2026-11", "bb", "Be kinder.\n", MORNING)
        for policy in (old, new):
            before = await ledger.directory_version()
            await ledger.put_policy(policy)
            assert await ledger.directory_version() != before
        assert await ledger.policies() == [new, old]
        assert (await ledger.directory()).policies == {"2026-09": old.since, "2026-11": new.since}
        back = replace(old, since=MORNING + HOUR)  # comes in anew
        await ledger.put_policy(back)
        assert await ledger.policies() == [back, new]

    async def test_the_last_login_of_each_is_known(self, ledger: Ledger) -> None:
        for username, hours in (("aquill", 0), ("AQuill", 2), ("bodell", 1), ("aquill", 1)):
            await ledger.note_login(username, at=MORNING + hours * HOUR, peer="192.0.2.7", how="sftp password")
        assert await ledger.logins() == {"aquill": MORNING + 2 * HOUR, "bodell": MORNING + HOUR}

    async def test_times_of_other_zones_are_compared_as_moments(self, ledger: Ledger) -> None:
        earlier = (MORNING - HOUR / 2).astimezone(timezone(HOUR))  # its clock shows more
        for at in (MORNING, earlier):
            await ledger.note_login("aquill", at=at, peer="192.0.2.7", how="sftp password")
        assert await ledger.logins() == {"aquill": MORNING}

    async def test_a_time_without_a_zone_is_a_bug(self, ledger: Ledger) -> None:
        with pytest.raises(ValueError, match="zone"):
            await ledger.note_login("aquill", at=datetime(2026, 11, 22, 9), peer="192.0.2.7", how="sftp password")


class UploadContract:
    """Unfinished uploads, and marks."""

    async def test_unfinished_uploads_are_kept_by_id_oldest_first(self, ledger: Ledger) -> None:
        young = Unfinished("a", "aquill", "Send Files", "x.pdf.filepart", 10, MORNING + HOUR)
        old = Unfinished("b", "bodell", "Send Files", "y.pdf.part", 2**40, MORNING)
        await ledger.put_unfinished(young)
        await ledger.put_unfinished(replace(old, size=1))
        await ledger.put_unfinished(old)
        assert await ledger.unfinished() == [old, young]
        assert await ledger.unfinished("aquill") == [young]
        for _ in range(2):
            await ledger.drop_unfinished("a")
        assert await ledger.unfinished() == [old]

    async def test_a_mark_is_what_was_set_last(self, ledger: Ledger) -> None:
        assert await ledger.mark("digest") is None
        for value in ("2026-11-21", "2026-11-22"):
            await ledger.set_mark("digest", value)
        assert await ledger.mark("digest") == "2026-11-22"


class TrailContract:
    """The audit trail."""

    async def test_a_note_is_read_as_it_was_written(self, ledger: Ledger) -> None:
        detail = {"to": "/exports/ü", "reason": "request 12", "count": 3, "ok": True, "nothing": None, "list": ["a", 1]}
        await ledger.note(at=MORNING, actor="ofenn", action="export", subject="bodell", detail=detail)
        (entry,) = await ledger.trail()
        assert (entry.at, entry.actor, entry.action, entry.subject) == (MORNING, "ofenn", "export", "bodell")
        assert entry.detail == detail

    async def test_rows_come_newest_first_and_are_chained(self, ledger: Ledger) -> None:
        for n in range(3):
            await ledger.note(at=MORNING, actor="ofenn", action=f"look-{n}", subject="aquill", detail={})
        rows = await ledger.trail()
        assert [(r.sequence, r.action) for r in rows] == [(3, "look-2"), (2, "look-1"), (1, "look-0")]
        assert [r.previous for r in rows] == [rows[1].digest, rows[2].digest, ""]
        assert await ledger.trail(limit=2) == rows[:2]

    @pytest.mark.parametrize("subject", ["aquill", submission_id(7), "8301102"])
    async def test_rows_are_found_by_what_they_are_about(self, ledger: Ledger, subject: str) -> None:
        for about in (subject, "bodell", submission_id(8)):
            await ledger.note(at=MORNING, actor=subject, action="look", subject=about, detail={"at": subject})
        assert [r.subject for r in await ledger.trail(subject=subject)] == [subject]

    async def test_everything_that_changes_a_file_or_a_person_is_in_the_trail(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.put_school(LEYS, actor="admin", at=MORNING)
        await ledger.put_succession(LINK, actor="admin", at=MORNING)
        await ledger.add_account(an_account(), actor="admin", at=MORNING, why="form 12")
        await ledger.put_account(an_account(), actor="admin", at=MORNING, event="suspend", why="left")
        await ledger.record(a_submission(file))
        await ledger.apply(a_change(replace(file, status=Status.RECEIVED), expected=Status.SENT))
        told = [(r.actor, r.action, r.subject) for r in reversed(await ledger.trail())]
        assert told == [
            ("admin", "put-school", LEYS.number),
            ("admin", "put-succession", LINK.old),
            ("admin", "add-account", "aquill"),
            ("admin", "suspend", "aquill"),
            ("aquill", "record", file.submission),
            ("gateway", "route", file.id),
            ("ofenn", "receive", file.id),
        ]
        received = (await ledger.trail(subject=file.id))[0]
        assert received.detail["why"] == "as it should be"
        assert received.detail["sha256"] == file.sha256
