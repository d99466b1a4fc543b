"""What a notice says, and to whom it says less."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.core.discretion import heads_to_tell, is_delicate, mask_name
from gateway.core.model import Channel, FileRecord, Status
from gateway.core.notices.nofile import no_file
from gateway.core.notices.receipts import (
    NO_NAME,
    Letterhead,
    Receipt,
    plain,
    receipt,
    rejection,
)
from gateway.core.notices.replies import numbered
from gateway.core.phrases import day, moment, size_for_people
from gateway.core.reasons import Reason, sentence_for
from gateway.core.register import Account, AccountState, Directory, Role, School
from gateway.core.routing import Catalogue, Service
from gateway.core.submission import PartFate, Submission

AT = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
HEAD = Letterhead("Derbyshire", "files-help@derbyshire.example", LONDON)
CATALOGUE = Catalogue(
    {
        "SEN": Service(
            code="SEN", name="SEN", use="Special needs", hint="Plans go through the Hub.", aliases=("SEND",)
        ),
        "FIN": Service(code="FIN", name="Finance", use="Invoices"),
        "SAFE": Service(code="SAFE", name="Safeguarding", aliases=("SAFEGUARDING",), private=True),
        "HR": Service(code="HR", name="Occupational Health", private=True),
    }
)
SENDER = Account(
    "s.clerk", "Sam", "Clerk", "sam.clerk@leys.example", Role.STAFF, AccountState.ACTIVE, schools=("8302000",)
)
HEADTEACHER = replace(SENDER, username="h.head", forename="Hana", surname="Head", role=Role.HEAD)
DIRECTORY = Directory(
    schools={"8302000": School("8302000", "Leys Junior School"), "8301102": School("8301102", "Millbeck")},
    accounts={
        account.username: account
        for account in (
            SENDER,
            HEADTEACHER,
            replace(HEADTEACHER, username="o.other", schools=("8301102",)),
            replace(HEADTEACHER, username="g.gone", state=AccountState.SUSPENDED),
        )
    },
)
SENT = FileRecord(
    id="s-01",
    submission="s",
    name="8302000_SENjanedoe20260630.pdf",
    school="8302000",
    service="SEN",
    status=Status.SENT,
    channel=Channel.EMAIL,
    sent_by="Sam Clerk",
    sent_by_user="s.clerk",
    sent_at=AT,
    size=48_200,
    sha256="0" * 64,
    expires_at=AT + timedelta(days=90),
    place="8302000/2026-07/s-01",
    date="20260630",
    extension="pdf",
)
REJECTED = replace(
    SENT,
    id="s-02",
    name="8302000_SENDjanedoe20260630.pdf",
    service=None,
    status=Status.REJECTED,
    reason="unknown-service-code",
    faults=("unknown-service-code",),
    detail="SEND is not a service code. The nearest is SEN.",
    correction="8302000_SENjanedoe20260630.pdf",
    rejected_by="the gateway",
    comment="About Jane.",
    entries=("jane.pdf",),
    expires_at=AT + timedelta(days=14),
)


def submission_of(*files: FileRecord, **changes: object) -> Submission:
    made = Submission("s", Channel.EMAIL, AT, SENDER.username, "password", files=files)
    return replace(made, **changes)  # type: ignore[arg-type]


def receipt_of(submission: Submission, **options: object) -> Receipt:
    return receipt(submission, reader=SENDER, head=HEAD, catalogue=CATALOGUE, **options)  # type: ignore[arg-type]


# The receipt.


def test_a_receipt_tells_of_every_part_in_the_order_of_the_message() -> None:
    parts = (
        PartFate(1, SENT.name, "application/pdf", 48_200, "taken", "", SENT.id),
        PartFate(2, REJECTED.name, "application/pdf", 48_200, "rejected", "unknown-service-code", REJECTED.id),
        PartFate(3, "8302000_FINbudget20260101.csv", "text/csv", 900, "duplicate", "old-01", "old-01"),
        PartFate(4, None, "text/calendar", 900, "ignored", "an invitation"),
    )
    earlier = replace(SENT, id="old-01", service="FIN", status=Status.RECEIVED)
    told = receipt_of(submission_of(SENT, REJECTED, parts=parts), earlier=(earlier,))
    assert [(part.number, part.name, part.fate, part.service, part.why) for part in told.parts] == [
        (1, SENT.name, "Sent", "SEN", ""),
        (2, REJECTED.name, "Rejected", "", ""),
        (3, "8302000_FINbudget20260101.csv", "Already received", "FIN", ""),
        (4, "text/calendar", "Ignored", "", "an invitation"),
    ]
    assert (told.sent, told.rejected, told.repeated) == (1, 1, 1)
    repeated = told.files[-1]
    assert (repeated.earlier, repeated.earlier_status) == ("Wednesday 1 July 2026, 00:30", "Received")


def test_a_file_keeps_its_number_beside_a_second_one_of_the_same_bytes() -> None:
    parts = (
        PartFate(2, SENT.name, "application/pdf", 48_200, "taken", "", SENT.id),
        PartFate(3, SENT.name, "application/pdf", 48_200, "duplicate", SENT.id, SENT.id),
    )
    submission = submission_of(SENT, parts=parts)
    told = receipt_of(submission, earlier=(SENT,))
    assert [(file.number, file.fate) for file in told.files] == [(2, "Sent"), (3, "Already received")]
    assert [number for number, _ in numbered(submission)] == [2]  # RECALL 2 is about the file that is called 2


@pytest.mark.parametrize(
    ("remarks", "shared"),
    [
        (("not scanned", "not scanned"), "not scanned"),
        (("not scanned",), ""),  # one file says it itself
        (("not scanned", "not scanned; the same file came before"), ""),
        ((None, None), ""),
        ((), ""),
    ],
)
def test_what_is_remarked_on_each_of_several_files_is_said_once(remarks: tuple[str | None, ...], shared: str) -> None:
    files = [replace(SENT, id=f"s-1{n}", remark=remark) for n, remark in enumerate(remarks)]
    assert receipt_of(submission_of(*files, REJECTED)).shared_remark == shared


def test_of_a_file_without_a_name_nothing_more_is_said() -> None:
    nameless = replace(REJECTED, name="", reason="unsafe-name", faults=("unsafe-name", "no-dfe-number"))
    (file,) = receipt_of(submission_of(nameless)).files
    assert (file.name, file.more) == (NO_NAME, ())
    assert NO_NAME in copy_of(nameless)


def test_an_upload_has_no_parts_and_its_file_stands_for_them() -> None:
    told = receipt_of(submission_of(SENT, channel=Channel.SFTP))
    assert [(part.number, part.name, part.fate, part.service) for part in told.parts] == [(1, SENT.name, "Sent", "SEN")]
    assert told.channel == "upload"


def test_the_sender_reads_the_whole_name_the_exact_sentence_and_the_correction() -> None:
    (file,) = receipt_of(submission_of(REJECTED)).files
    assert file.name == REJECTED.name
    assert file.sentence == REJECTED.detail
    assert file.correction == REJECTED.correction
    assert file.entries == ("jane.pdf",)
    assert (file.is_held, file.until) == (True, "15 July 2026")


def test_without_an_exact_sentence_the_plain_one_stands_there() -> None:
    (file,) = receipt_of(submission_of(replace(REJECTED, detail=None))).files
    assert file.sentence == sentence_for("unknown-service-code")


def test_faults_after_the_first_are_told_too() -> None:
    both = replace(REJECTED, reason="unknown-school", faults=("unknown-school", "no-service-code"))
    (file,) = receipt_of(submission_of(both)).files
    assert file.more == (sentence_for("no-service-code"),)


def test_a_name_with_neither_number_nor_code_is_told_in_one_sentence() -> None:
    both = replace(REJECTED, reason="no-dfe-number", faults=("no-dfe-number", "no-service-code"))
    (file,) = receipt_of(submission_of(both)).files
    assert file.more == ()


@pytest.mark.parametrize("reason", list(Reason))
def test_the_codes_are_told_where_the_name_is_at_fault_and_no_correction_is_certain(reason: Reason) -> None:
    bare = replace(REJECTED, reason=reason, faults=(reason,), correction=None)
    of_names = list(Reason)[: list(Reason).index(Reason.TYPE_NOT_ALLOWED)]
    assert bool(receipt_of(submission_of(bare)).codes) == (reason in of_names)
    assert not receipt_of(submission_of(replace(bare, correction="8302000_SENx.pdf"))).codes


def test_one_file_without_a_correction_is_enough_for_the_codes() -> None:
    told = receipt_of(submission_of(SENT, REJECTED, replace(REJECTED, id="s-03", correction=None)))
    assert [code.code for code in told.codes] == ["FIN", "HR", "SAFE", "SEN"]


def test_warnings_are_advice_for_the_next_name() -> None:
    (file,) = receipt_of(submission_of(replace(SENT, warnings=("separator", "no-date")))).files
    assert len(file.advice) == 2
    assert "underscore" in file.advice[0]


def test_a_file_refused_before_its_first_byte_is_not_held_and_has_no_size() -> None:
    refused = replace(REJECTED, size=None, sha256=None, place=None, expires_at=None, channel=Channel.SFTP)
    (file,) = receipt_of(submission_of(refused)).files
    assert (file.size, file.is_held, file.until) == ("", False, "")


def test_a_long_zip_is_cut_and_says_how_much_more_there_is() -> None:
    (file,) = receipt_of(submission_of(replace(SENT, entries=tuple(f"{n}.pdf" for n in range(61))))).files
    assert (len(file.entries), file.more_entries) == (50, 11)


def test_a_context_survives_the_outbox() -> None:
    told = plain(receipt_of(submission_of(SENT, REJECTED)))
    assert json.loads(json.dumps(told))["files"][1]["correction"] == REJECTED.correction


# The headteacher's copy.


def copy_of(*files: FileRecord, head: Letterhead = HEAD) -> str:
    told = rejection(files, reader=HEADTEACHER, head=head, directory=DIRECTORY, catalogue=CATALOGUE)
    return json.dumps(plain(told), ensure_ascii=False)


def test_the_headteacher_reads_by_whom_when_and_why_and_a_masked_name() -> None:
    told = rejection((REJECTED,), reader=HEADTEACHER, head=HEAD, directory=DIRECTORY, catalogue=CATALOGUE)
    assert (told.school, told.sent_by, told.rejected_by) == ("8302000 Leys Junior School", "Sam Clerk", "the gateway")
    assert told.sent_at == "Wednesday 1 July 2026, 00:30"
    assert told.files[0].name == "8302000…20260630.pdf"
    assert told.files[0].sentence == sentence_for("unknown-service-code")


def test_nothing_that_the_sender_wrote_reaches_the_headteacher() -> None:
    told = copy_of(REJECTED, replace(REJECTED, name="Jane Doe", date=None, extension=None))
    assert [word for word in ("jane", "Doe", "About", "SEND is not") if word in told] == []
    assert "(a name that we do not show here)" in told


def test_an_authority_may_show_whole_names() -> None:
    told = copy_of(REJECTED, head=replace(HEAD, full_names=True))
    assert "8302000_SENDjanedoe20260630.pdf" in told


def test_the_comment_is_never_in_the_copy() -> None:
    assert "About Jane" not in copy_of(REJECTED, head=replace(HEAD, full_names=True))


def told_of(file: FileRecord, sender: Account = SENDER) -> list[str]:
    return [head.username for head in heads_to_tell(file, sender=sender, directory=DIRECTORY, catalogue=CATALOGUE)]


def test_the_active_headteacher_of_the_sender_s_school_is_told() -> None:
    assert told_of(REJECTED) == ["h.head"]


def test_a_headteacher_gets_no_copy_of_what_the_receipt_says_already() -> None:
    assert told_of(replace(REJECTED, sent_by_user="h.head"), HEADTEACHER) == []


def test_nobody_else_is_told_where_the_school_is_not_certain() -> None:
    assert told_of(replace(REJECTED, school=None)) == []


def test_the_school_of_a_name_that_is_not_the_sender_s_is_never_told() -> None:
    assert told_of(replace(REJECTED, school="8301102", name="8301102_SENx.pdf")) == []


@pytest.mark.parametrize(
    "name",
    [
        "8302000_SAFEconcern.exe",
        "8302000_SAFEGUARDINGconcern.pdf",  # an alias of a private service
        "8302000_safeconcern.pdf",
        "safeguarding concern about the head.docx",
        "HR_referral.pdf",
        "8302000_HRReferral.pdf",
    ],
)
def test_no_headteacher_is_told_of_what_may_be_about_a_headteacher(name: str) -> None:
    assert is_delicate(name, CATALOGUE)
    assert told_of(replace(REJECTED, name=name)) == []


def test_no_headteacher_is_told_of_a_private_file() -> None:
    assert told_of(replace(REJECTED, service="SAFE", private=True, name="8302000_x.pdf")) == []


@pytest.mark.parametrize("name", ["8302000_SENDreport.pdf", "8302000_SSHRstarters.pdf", "photo.jpg", "unsafe.pdf"])
def test_other_names_are_not_delicate(name: str) -> None:
    assert not is_delicate(name, CATALOGUE)


def test_without_private_services_no_name_is_delicate() -> None:
    assert not is_delicate("8302000_SAFEx.pdf", Catalogue())


# Masks.


@pytest.mark.parametrize(
    ("changes", "masked"),
    [
        ({}, "8302000_SEN…20260630.pdf"),
        ({"date": None}, "8302000_SEN….pdf"),
        ({"date": "V01", "extension": "DOCX"}, "8302000_SEN…V01.docx"),
        ({"service": None, "name": "8302000_JANEDOE.pdf", "date": None}, "8302000….pdf"),  # a run may be a surname
        ({"service": None, "name": "jane doe.pdf", "date": None}, "….pdf"),
        ({"service": None, "name": "83020001 jane", "date": None, "extension": None}, "…"),  # eight digits
        ({"name": "SENjanedoe20260630.pdf"}, "SEN…20260630.pdf"),
    ],
)
def test_a_masked_name_keeps_number_code_date_and_extension(changes: dict[str, str | None], masked: str) -> None:
    file = replace(SENT, **changes)  # type: ignore[arg-type]
    assert mask_name(file) == masked
    assert mask_name(replace(file, name=masked)) == masked  # twice is as once


# No file.


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("nothing-attached", "Please attach the file itself"),
        ("cloud-link-only", "a link to a file in the cloud"),
        ("encrypted-message", "encrypted"),
        ("signed-message", 'without "Sign"'),
        ("no-file-in-tnef", "winmail.dat"),
        ("no-file-in-letter", "A message was attached to yours"),
        ("something-new", "There was no file in your message"),
    ],
)
def test_a_message_without_a_file_is_told_its_cause(outcome: str, words: str) -> None:
    told = no_file(submission_of(outcome=outcome), reader=SENDER, head=HEAD)
    assert words in told.sentence
    assert told.cause == outcome


# Phrases.


def test_times_are_in_the_authority_s_zone() -> None:
    assert moment(AT, LONDON) == "Wednesday 1 July 2026, 00:30"
    assert moment(AT, UTC) == "Tuesday 30 June 2026, 23:30"
    assert day(AT, LONDON) == "1 July 2026"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (48_200, "48 KB"),
        (1_500_000, "1.5 MB"),
        (2_147_483_648, "2.1 GB"),
    ],
)
def test_sizes_are_in_the_unit_that_people_read(size: int, text: str) -> None:
    assert size_for_people(size) == text
