"""What every ledger keeps of access that was taken away (the port `Suspensions`; SPEC 9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.register import AccountState
from gateway.core.suspension import BY_HAND, INACTIVE, Incident
from gateway.errors import NotThere
from gateway.ports import Ledger
from tests.contracts.ledger_values import SCHOOL, a_file, a_submission, an_account, refused_file
from tests.fakes import MORNING

HOUR = timedelta(hours=1)
TERM = MORNING + timedelta(days=90)
INCIDENT = Incident("01incident", SCHOOL, "pending investigation", MORNING, "an administrator", ("aquill", "bodell"))
FACTS = {"reason": "left", "actor": "an administrator", "at": MORNING}


async def two_people(ledger: Ledger) -> None:
    for username in ("aquill", "bodell"):
        account = an_account(username, email=f"{username}@leys.example", keys=("ssh-ed25519 AAAA a",))
        await ledger.add_account(replace(account, password_hash="$argon2id$1"), actor="test", at=MORNING)


async def state(ledger: Ledger, username: str = "aquill") -> AccountState:
    account = (await ledger.directory()).account(username)
    assert account is not None
    return account.state


class SuspensionContract:
    """Grounds, and incidents."""

    async def test_an_account_is_suspended_until_its_last_ground_ends(self, ledger: Ledger) -> None:
        await two_people(ledger)
        for ground in (BY_HAND, INACTIVE):
            assert await ledger.suspend(["AQuill"], ground=ground, **FACTS) == ("aquill",)
        assert await ledger.suspend(["aquill"], ground=INACTIVE, **FACTS) == ()
        assert await ledger.reinstate(["aquill"], grounds=[INACTIVE], **FACTS) == ()
        assert await state(ledger) is AccountState.SUSPENDED
        assert await ledger.reinstate(["aquill"], grounds=[BY_HAND], **FACTS) == ("aquill",)
        assert (await state(ledger), await state(ledger, "bodell")) == (AccountState.ACTIVE, AccountState.ACTIVE)
        assert await ledger.suspensions() == []
        assert [s.ended_by for s in await ledger.suspensions("aquill", in_force=False)] == ["an administrator"] * 2

    @pytest.mark.parametrize("was", [AccountState.REQUESTED, AccountState.VERIFIED, AccountState.ACTIVE])
    async def test_who_is_reinstated_is_what_they_were_and_no_more(self, ledger: Ledger, was: AccountState) -> None:
        await ledger.add_account(an_account(state=was), actor="test", at=MORNING)
        await ledger.suspend(["aquill"], ground=BY_HAND, **FACTS)
        assert await ledger.reinstate(["aquill"], grounds=None, **FACTS) == ("aquill",)
        assert await state(ledger) is was

    @pytest.mark.parametrize("end", ["suspend", "revoke"])
    async def test_no_other_change_gives_access_back(self, ledger: Ledger, end: str) -> None:
        await two_people(ledger)
        active = (await ledger.directory()).accounts["aquill"]  # as somebody read it before
        if end == "suspend":
            await ledger.suspend(["aquill"], ground=BY_HAND, **FACTS)
        else:
            await ledger.revoke(["aquill"], **FACTS)
        with pytest.raises(NotThere, match="meanwhile, so nothing was changed"):
            await ledger.put_account(replace(active, password_hash="$new"), actor="aquill", at=MORNING, event="reset")
        assert await state(ledger) in (AccountState.SUSPENDED, AccountState.REVOKED)

    async def test_who_is_closed_keeps_nothing_that_opens_a_door(self, ledger: Ledger) -> None:
        await two_people(ledger)
        await ledger.suspend(["aquill"], ground=BY_HAND, **FACTS)
        assert await ledger.revoke(["aquill", "nobody"], **FACTS) == ("aquill",)
        assert await ledger.revoke(["aquill"], **FACTS) == ()
        closed = (await ledger.directory()).accounts["aquill"]
        assert (closed.state, closed.password_hash, closed.keys) == (AccountState.REVOKED, None, ())
        assert await ledger.suspend(["aquill"], ground=BY_HAND, **FACTS) == ()
        assert await ledger.reinstate(["aquill"], grounds=None, **FACTS) == ("aquill",)
        assert await state(ledger) is AccountState.VERIFIED  # to be activated anew

    async def test_every_end_changes_the_version_and_stands_in_the_trail(self, ledger: Ledger) -> None:
        await two_people(ledger)
        before = await ledger.directory_version()
        await ledger.suspend(["aquill", "bodell"], ground=BY_HAND, **FACTS)
        assert await ledger.directory_version() > before
        (row, *_) = await ledger.trail(subject="bodell")
        assert (row.action, row.detail["state"], row.detail["why"]) == ("suspend", "suspended", "left")

    async def test_an_incident_gives_back_whom_it_took_and_nobody_else(self, ledger: Ledger) -> None:
        await two_people(ledger)
        await ledger.suspend(["bodell"], ground=BY_HAND, **FACTS)
        assert await ledger.open_incident(INCIDENT) == ("aquill",)
        assert await ledger.incidents(is_open=True) == [INCIDENT]
        assert await ledger.reinstate(["aquill"], grounds=None, **FACTS) == ()  # it is the incident's
        assert await ledger.close_incident(INCIDENT.id, **FACTS) == ("aquill",)
        assert (await state(ledger), await state(ledger, "bodell")) == (AccountState.ACTIVE, AccountState.SUSPENDED)
        assert [i.closed_why for i in await ledger.incidents()] == ["left"]
        assert await ledger.incidents(is_open=True) == []

    async def test_an_incident_gives_nothing_back_of_another_that_is_open(self, ledger: Ledger) -> None:
        await two_people(ledger)
        second = replace(INCIDENT, id="02incident", opened_at=MORNING + HOUR)
        for incident in (INCIDENT, second):
            await ledger.open_incident(incident)
        assert await ledger.close_incident(INCIDENT.id, **FACTS) == ()
        assert await state(ledger) is AccountState.SUSPENDED
        assert await ledger.close_incident(second.id, **FACTS) == ("aquill", "bodell")

    async def test_who_was_suspended_before_grounds_were_kept_stays_so_when_an_incident_closes(
        self, ledger: Ledger
    ) -> None:
        await ledger.add_account(an_account(state=AccountState.SUSPENDED), actor="test", at=MORNING)
        await ledger.open_incident(replace(INCIDENT, parties=("aquill",)))
        assert await ledger.close_incident(INCIDENT.id, **FACTS) == ()
        assert await state(ledger) is AccountState.SUSPENDED

    async def test_closing_what_is_not_open_is_refused(self, ledger: Ledger) -> None:
        await two_people(ledger)
        await ledger.open_incident(INCIDENT)
        await ledger.close_incident(INCIDENT.id, **FACTS)
        for id in (INCIDENT.id, "nothing"):
            with pytest.raises(NotThere, match="no open incident"):
                await ledger.close_incident(id, **FACTS)

    async def test_no_file_of_an_open_incident_is_due_and_each_is_when_it_closed(self, ledger: Ledger) -> None:
        await two_people(ledger)
        of_school = a_file(1, sent_by_user="somebody")
        of_party = a_file(2, school="8309999", sent_by_user="bodell", name="8309999_SENx20261120.pdf")
        other = a_file(3, school="8309999", sent_by_user="somebody", name="8309999_SENy20261120.pdf")
        for file in (of_school, of_party, other, refused_file(4)):
            await ledger.record(a_submission(file))
        await ledger.open_incident(INCIDENT)
        await ledger.record(a_submission(a_file(5)))  # what was accepted before, and is recorded now
        assert await ledger.due_files(TERM) == [other]
        await ledger.mark_destroying([of_school.id, of_party.id, other.id], TERM)
        assert await ledger.destroying() == [other]
        assert await ledger.on_hold([of_school.id, of_party.id, other.id, refused_file(4).id]) == {
            of_school.id,
            of_party.id,
            refused_file(4).id,
        }
        await ledger.close_incident(INCIDENT.id, **FACTS)
        assert [file.id for file in await ledger.due_files(TERM)] == [of_school.id, of_party.id, a_file(5).id]

    async def test_the_last_activity_is_a_login_or_something_sent(self, ledger: Ledger) -> None:
        await two_people(ledger)
        assert await ledger.last_activity() == {}
        await ledger.note_login("bodell", at=MORNING + HOUR, peer="192.0.2.7", how="sftp password")
        await ledger.record(a_submission(a_file(1)))
        found = await ledger.last_activity()
        assert found["bodell"] == MORNING + HOUR
        assert found["aquill"] == a_submission(a_file(1)).received_at
