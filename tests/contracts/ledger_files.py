"""What every ledger keeps of submissions and files (the port `Submissions`; SPEC 6, 13; DESIGN 3, step 6)."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from gateway.core.listed import listed_of
from gateway.core.model import DropState, FileQuery, FileRecord, Status
from gateway.core.submission import PartFate
from gateway.errors import Permanent
from gateway.ports import Ledger
from tests.contracts.ledger_values import (
    NAME,
    SCHOOL,
    a_change,
    a_drop,
    a_file,
    a_notice,
    a_part,
    a_submission,
    full_file,
    refused_file,
    submission_id,
)
from tests.fakes import MORNING, ManualClock

HOUR = timedelta(hours=1)

# Files of the listing tests, newest first: four, three, two, one.
ONE = a_file(1, name="8301102_SENreport20261101.pdf")
TWO = a_file(2, name="8302000_FINbudget 100%.xlsx", school="8302000", service="FIN", sent_at=MORNING + HOUR)
THREE = a_file(
    3,
    status=Status.RECEIVED,
    sent_by="Ben O'Dell",
    sent_by_user="bodell",
    sent_at=MORNING + 2 * HOUR,
    delivered_at=MORNING + 2 * HOUR,
)
FOUR = refused_file(4, name="holiday_Ümlaut.PDF", school=None, sent_at=MORNING + 3 * HOUR)

# (what the row says, the query, the files that it lists)
LISTINGS: list[tuple[str, FileQuery, list[FileRecord]]] = [
    ("everything, newest first", FileQuery(), [FOUR, THREE, TWO, ONE]),
    ("one school", FileQuery(school=SCHOOL), [THREE, ONE]),
    ("the schools of a person", FileQuery(schools=(SCHOOL, "8302000")), [THREE, TWO, ONE]),
    ("a person without schools sees nothing", FileQuery(schools=()), []),
    ("one service", FileQuery(service="SEN"), [THREE, ONE]),
    ("the services of an officer", FileQuery(services=("FIN", "SEN")), [THREE, TWO, ONE]),
    ("an officer without services sees nothing", FileQuery(services=()), []),
    ("one status", FileQuery(status=(Status.RECEIVED,)), [THREE]),
    ("either status", FileQuery(status=(Status.SENT, Status.REJECTED)), [FOUR, TWO, ONE]),
    ("a sender by username, case ignored", FileQuery(sent_by="BODELL"), [THREE]),
    ("a sender by whole name, case ignored", FileQuery(sent_by="ben o'dell"), [THREE]),
    ("a part of a name is no sender", FileQuery(sent_by="ben"), []),
    ("since includes its moment", FileQuery(since=MORNING + 2 * HOUR), [FOUR, THREE]),
    ("until excludes its moment", FileQuery(until=MORNING + 2 * HOUR), [TWO, ONE]),
    ("a search looks in the name, case ignored", FileQuery(search="REPORT"), [ONE]),
    ("a search folds beyond ASCII", FileQuery(search="ÜMLAUT"), [FOUR]),
    ("a decomposed letter is the same letter", FileQuery(search="u\u0308mlaut"), [FOUR]),
    ("a percent sign is a percent sign", FileQuery(search="100%"), [TWO]),
    ("a percent sign stands for nothing else", FileQuery(search="FIN%xlsx"), []),
    ("an underscore is an underscore", FileQuery(search="8301102_SEN"), [THREE, ONE]),
    ("an underscore stands for nothing else", FileQuery(search="SEN_report"), []),
    ("a backslash is a backslash", FileQuery(search="\\"), []),
    ("one submission", FileQuery(submission=submission_id(2)), [TWO]),
    ("whose bytes we hold", FileQuery(has_bytes=True), [THREE, TWO, ONE]),
    ("whose bytes we don't hold", FileQuery(has_bytes=False), [FOUR]),
    ("what was delivered", FileQuery(is_delivered=True), [THREE]),
    ("a page", FileQuery(limit=2), [FOUR, THREE]),
    ("the page after", FileQuery(limit=2, after=THREE.id), [TWO, ONE]),
    ("every field narrows", FileQuery(school=SCHOOL, status=(Status.SENT,), since=MORNING, limit=9), [ONE]),
]


class FileContract:
    """Submissions and their files."""

    async def test_what_was_recorded_is_there_with_every_field(self, ledger: Ledger) -> None:
        file, other = full_file(1, 1), replace(refused_file(1), id=f"{submission_id(1)}-02")
        ignored = PartFate(3, None, "image/png", 77, "ignored", "signature picture")
        sent = a_submission(file, other)
        sent = replace(sent, parts=(*sent.parts, ignored))
        await ledger.record(sent)
        assert [f.name for f in fields(file) if getattr(file, f.name) in (None, (), "")] == ["purged_at"]
        assert await ledger.file(file.id) == file
        assert await ledger.submission(sent.id) == replace(sent, history=())
        assert await ledger.history(file.id) == [sent.history[0]]
        assert await ledger.has_submission(sent.id)

    async def test_what_was_not_recorded_is_not_there(self, ledger: Ledger) -> None:
        assert not await ledger.has_submission("nothing")
        assert await ledger.submission("nothing") is None
        assert await ledger.file("nothing") is None
        assert await ledger.history("nothing") == []

    async def test_a_repeat_of_a_submission_changes_nothing(self, ledger: Ledger) -> None:
        first = a_submission(a_file(), drops=(a_drop(a_file()),), notices=(a_notice(),))
        await ledger.record(first)
        rows = len(await ledger.trail())
        another = replace(a_file(), name="another.pdf")
        await ledger.record(replace(a_submission(another, a_file(1, 2)), notices=(a_notice("second"),)))
        assert await ledger.submission(first.id) == replace(first, history=(), drops=(), notices=())
        assert len(await ledger.drops()) == 1
        assert await ledger.notice("second") is None
        assert len(await ledger.trail()) == rows

    async def test_a_submission_is_recorded_whole_or_not_at_all(self, ledger: Ledger) -> None:
        await ledger.record(a_submission(a_file(1)))
        twice = replace(a_file(2), id=a_file(1).id)  # its second file has an id that is taken
        with pytest.raises(Permanent):
            await ledger.record(replace(a_submission(a_file(2), twice), notices=(a_notice("second"),)))
        assert not await ledger.has_submission(submission_id(2))
        assert [f.id for f in await ledger.files(FileQuery())] == [a_file(1).id]
        assert await ledger.notice("second") is None

    async def test_one_that_fails_does_not_take_its_neighbours_along(self, ledger: Ledger) -> None:
        await ledger.record(a_submission(a_file(0)))
        bad = a_submission(a_file(500), a_file(500))
        good = [a_submission(a_file(n)) for n in range(1, 40)]
        jobs = [ledger.record(s) for s in (*good[:20], bad, *good[20:])]
        answers = await asyncio.gather(*jobs, return_exceptions=True)
        assert [type(a) for a in answers if a is not None] == [Permanent]
        assert [await ledger.has_submission(s.id) for s in good] == [True] * 39
        assert not await ledger.has_submission(bad.id)

    async def test_a_submission_without_a_file_is_recorded_too(self, ledger: Ledger) -> None:
        nothing = a_submission(outcome="cloud-link-only", parts=(PartFate(1, None, "text/plain", 9, "ignored"),))
        await ledger.record(nothing)
        assert await ledger.submission(nothing.id) == nothing

    async def test_a_submission_is_found_by_its_fingerprint_while_it_is_young(self, ledger: Ledger) -> None:
        later, first, other = (
            a_submission(a_file(number), fingerprint=mark, received_at=MORNING + hours * HOUR)
            for number, mark, hours in ((1, "ab", 2), (2, "ab", 0), (3, "cd", 0))
        )
        for submission in (later, first, other, a_submission(a_file(4))):
            await ledger.record(submission)
        found = await ledger.submission_like("ab", since=MORNING)
        assert found == replace(first, history=())
        found = await ledger.submission_like("ab", since=MORNING + HOUR)
        assert found == replace(later, history=())
        assert await ledger.submission_like("ab", since=MORNING + 3 * HOUR) is None
        assert await ledger.submission_like("a", since=MORNING) is None

    async def test_a_fingerprint_goes_with_the_bytes(self, ledger: Ledger) -> None:
        """The name of what was destroyed could be guessed by it."""
        file = full_file(1)
        await ledger.record(a_submission(file, fingerprint="ab"))
        await ledger.mark_destroying([file.id], MORNING)
        await ledger.mark_destroyed(file, actor="gateway")
        assert await ledger.submission_like("ab", since=MORNING) is None

    async def test_half_a_surrogate_pair_in_a_name_stops_nothing(self, ledger: Ledger) -> None:
        odd = refused_file(name="report\udce9.pdf", reason="unsafe-name")
        await ledger.record(a_submission(odd))
        found = await ledger.file(odd.id)
        assert found is not None
        assert found.name == "report\ufffd.pdf"

    @pytest.mark.parametrize(("rule", "query", "listed"), LISTINGS, ids=[row[0] for row in LISTINGS])
    async def test_a_file_query_narrows(
        self, ledger: Ledger, rule: str, query: FileQuery, listed: list[FileRecord]
    ) -> None:
        for file in (TWO, FOUR, ONE, THREE):
            await ledger.record(a_submission(file))
        assert [f.name for f in await ledger.files(query)] == [f.name for f in listed], rule
        assert list(await ledger.listed(query)) == [listed_of(f) for f in listed], rule

    async def test_a_long_listing_is_by_id_like_every_other(self, ledger: Ledger) -> None:
        """What began earlier may have come later: the newest is the same one in each view."""
        files = [a_file(n, sent_at=MORNING + (n * 7 % 450) * HOUR) for n in range(450)]
        for file in files:
            await ledger.record(a_submission(file))
        query = FileQuery(school=SCHOOL, has_bytes=True)
        assert list(await ledger.listed(query)) == [listed_of(file) for file in await ledger.files(query)]
        assert [file.id for file in await ledger.listed(query)] == sorted((f.id for f in files), reverse=True)

    async def test_twins_are_the_schools_held_files_of_that_name(self, ledger: Ledger) -> None:
        held, newer = a_file(1, name="8301102_SENé.pdf"), a_file(2, name="8301102_senÉ.PDF")
        strangers = (
            a_file(3, name=held.name, school="8302000"),
            a_file(4),
            refused_file(5, name=held.name, school=SCHOOL),
        )
        for file in (held, newer, *strangers):
            await ledger.record(a_submission(file))
        assert await ledger.twins(school=SCHOOL, name="8301102_SENe\u0301.PDF") == [newer, held]

    async def test_a_transition_is_written_with_all_that_follows(self, ledger: Ledger) -> None:
        sent = a_file()
        await ledger.record(a_submission(sent, drops=(a_drop(sent, 1), a_drop(sent, 2))))
        rerouted = replace(sent, service="FIN", remark="re-routed", delivered_at=None)
        change = a_change(
            rerouted,
            expected=Status.SENT,
            event="reroute",
            drops=(a_drop(sent, 3, service="FIN"),),
            withdraw=(a_drop(sent, 1).id,),
            notices=(a_notice("told"),),
        )
        assert await ledger.apply(change)
        assert await ledger.file(sent.id) == rerouted
        assert [h.event for h in await ledger.history(sent.id)] == ["route", "reroute"]
        states = {d.id[-1]: d.state for d in await ledger.drops(file=sent.id)}
        assert states == {"1": DropState.WITHDRAWN, "2": DropState.DUE, "3": DropState.DUE}
        assert await ledger.notice("told") == a_notice("told")

    async def test_an_inbox_has_the_schools_of_what_was_delivered_and_is_held(self, ledger: Ledger) -> None:
        here = {"delivered_at": MORNING, "service": "SEN"}
        await ledger.record(
            a_submission(
                a_file(part=1, school="8302000", **here),
                a_file(part=2, school="8302000", **here),
                a_file(part=3, school="8301102", **here, status=Status.RECEIVED),
                a_file(part=4, school="8303308", service="SEN", delivered_at=None),
                a_file(part=5, school="8304053", **here, status=Status.REJECTED),
                a_file(part=6, school="8304055", **{**here, "service": "EP"}),
                a_file(part=7, school="8304056", **here, place=None),
            )
        )
        assert await ledger.inbox_schools(service="SEN") == ["8301102", "8302000"]
        assert await ledger.inbox_schools(service="SEN", school="8302000") == ["8302000"]
        assert await ledger.inbox_schools(service="SEN", school="8303308") == []

    async def test_a_listed_drop_is_withdrawn_even_when_it_was_done(self, ledger: Ledger) -> None:
        file, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        await ledger.mark_drop(replace(drop, state=DropState.DONE, done_at=MORNING), expected=DropState.DUE)
        recalled = replace(file, status=Status.RECALLED)
        await ledger.apply(a_change(recalled, expected=Status.SENT, event="recall", withdraw=(drop.id,)))
        assert [d.state for d in await ledger.drops()] == [DropState.WITHDRAWN]

    async def test_only_its_own_drops_are_withdrawn(self, ledger: Ledger) -> None:
        mine, other = a_file(1), a_file(2)
        for file in (mine, other):
            await ledger.record(a_submission(file, drops=(a_drop(file),)))
        recalled = replace(mine, status=Status.RECALLED)
        await ledger.apply(a_change(recalled, expected=Status.SENT, event="recall", withdraw=(a_drop(other).id,)))
        assert [d.state for d in await ledger.drops()] == [DropState.DUE, DropState.DUE]

    async def test_a_transition_from_another_status_writes_nothing(self, ledger: Ledger) -> None:
        file = a_file()
        await ledger.record(a_submission(file, drops=(a_drop(file),)))
        rows = len(await ledger.trail())
        late = a_change(
            replace(file, status=Status.RECEIVED),
            expected=Status.RECEIVED,
            drops=(a_drop(file, 2),),
            withdraw=(a_drop(file).id,),
            notices=(a_notice("told"),),
        )
        assert not await ledger.apply(late)
        assert await ledger.file(file.id) == file
        assert len(await ledger.history(file.id)) == 1
        assert [d.state for d in await ledger.drops()] == [DropState.DUE]
        assert await ledger.notice("told") is None
        assert len(await ledger.trail()) == rows

    async def test_of_a_recall_and_a_collection_one_wins(self, ledger: Ledger) -> None:
        files = [a_file(n) for n in range(20)]
        for file in files:
            await ledger.record(a_submission(file))
        jobs = [
            ledger.apply(a_change(replace(file, status=status), expected=Status.SENT))
            for file in files
            for status in (Status.RECALLED, Status.RECEIVED)
        ]
        won = await asyncio.gather(*jobs)
        assert [won[n] + won[n + 1] for n in range(0, 40, 2)] == [1] * 20
        assert {f.status for f in await ledger.files(FileQuery())} <= {Status.RECALLED, Status.RECEIVED}

    async def test_a_transition_of_an_unknown_file_is_refused(self, ledger: Ledger) -> None:
        assert not await ledger.apply(a_change(a_file(), expected=Status.SENT))

    async def test_a_delivery_meanwhile_is_not_undone_by_a_receipt(self, ledger: Ledger) -> None:
        seen, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(seen, drops=(drop,)))
        await ledger.mark_drop(replace(drop, state=DropState.DONE, done_at=MORNING + HOUR), expected=DropState.DUE)
        await ledger.apply(a_change(replace(seen, status=Status.RECEIVED), expected=Status.SENT))
        received = await ledger.file(seen.id)
        assert received is not None
        assert received.delivered_at == MORNING + HOUR

    async def test_another_service_has_not_been_delivered_to(self, ledger: Ledger) -> None:
        file, drop = a_file(), a_drop(a_file())
        await ledger.record(a_submission(file, drops=(drop,)))
        await ledger.mark_drop(replace(drop, state=DropState.DONE, done_at=MORNING), expected=DropState.DUE)
        await ledger.apply(a_change(replace(file, service="FIN"), expected=Status.SENT, event="reroute"))
        rerouted = await ledger.file(file.id)
        assert rerouted is not None
        assert rerouted.delivered_at is None

    async def test_counts_name_every_state(self, ledger: Ledger, clock: ManualClock) -> None:
        file = a_file()
        await ledger.record(a_submission(file, drops=(a_drop(file),), notices=(a_notice(),)))
        await ledger.record(a_submission(refused_file(2)))
        clock.advance(90)
        counts = await ledger.counts()
        assert {key: number for key, number in counts.items() if number} == {
            "files.Sent": 1,
            "files.Rejected": 1,
            "drops.due": 1,
            "notices.due": 1,
            "drops.oldest-due": 90,
            "notices.oldest-due": 90,
        }
        assert {"files.Recalled", "drops.given-up", "notices.given-up"} < set(counts)

    async def test_the_part_that_became_a_file_says_so(self, ledger: Ledger) -> None:
        await ledger.record(a_submission(a_file()))
        found = await ledger.submission(submission_id(1))
        assert found is not None
        assert found.parts == (a_part(a_file()),)
        assert found.parts[0].name == NAME
