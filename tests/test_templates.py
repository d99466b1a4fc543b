"""The shipped notices, word for word, and what happens when a template is wrong.

The golden files in `data/notices` are what people get. Set GOLDEN=write to write them anew, then read the difference.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.core.documents import Addressed, Document
from gateway.core.model import Channel, Drop, DropState, FileRecord, Status
from gateway.core.names import Rules, read_name
from gateway.core.notices.accessnews_samples import sample_access_news
from gateway.core.notices.asking import asked, sample_asked
from gateway.core.notices.dailyemail import daily_email
from gateway.core.notices.digests import service_digest, uncollected, undeliverable, waits_in_inbox
from gateway.core.notices.document_samples import sample_published
from gateway.core.notices.keynews import CHANGED, OLD
from gateway.core.notices.letters import WIDTH, in_plain_words, shown, wrap
from gateway.core.notices.nofile import no_file
from gateway.core.notices.postmaster import sample_postmaster
from gateway.core.notices.receipts import Letterhead, plain, receipt, rejection
from gateway.core.notices.replies import TONES, Outcome, answered
from gateway.core.notices.samples import sample_contexts
from gateway.core.notices.tidings import tidings
from gateway.core.notices.unread import unread_summary
from gateway.core.notices.wayin import account_samples
from gateway.core.register import Directory
from gateway.core.requests import FileRequest
from gateway.core.setaside import sample_set_aside
from gateway.core.submission import PartFate, Submission
from gateway.noticetemplate import read_templates
from gateway.sample import read_sample
from gateway.settings import read_settings
from gateway.tables import read_tables
from gateway.templates import Templates
from tests.contracts.ledger_values import a_document

SHIPPED = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "data" / "notices"
SETTINGS = read_settings(SHIPPED / "gateway.toml")
TABLES = read_tables(SETTINGS)
SAMPLE = read_sample(SHIPPED / "config" / "sample")
DIRECTORY = Directory(
    schools={school.number: school for school in SAMPLE.schools},
    successions={link.old: link for link in SAMPLE.successions},
    accounts={account.username: account for account in SAMPLE.accounts},
)
HEAD = Letterhead("Derbyshire", SETTINGS.authority.contact, ZoneInfo("Europe/London"))
SENDER = DIRECTORY.accounts["samir.okonjo"]
AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
TRUST = DIRECTORY.accounts["femi.adeyinka"]  # two schools: fewer corrections are certain


def file_of(number: int, name: str, **changes: object) -> FileRecord:
    """Return the record that a file of this name from our sender becomes."""
    rules = Rules(frozenset({"830"}), TABLES.catalogue, DIRECTORY)
    reading = read_name(name, rules, on=date(2026, 11, 20), schools=frozenset(SENDER.schools))
    is_sent = reading.reason is None
    record = FileRecord(
        id=f"01kaj0golden000000000000aa-{number:02d}",
        submission="01kaj0golden000000000000aa",
        name=name,
        school="8302000",
        service=reading.service,
        status=Status.SENT if is_sent else Status.REJECTED,
        channel=Channel.EMAIL,
        sent_by=SENDER.full_name,
        sent_by_user=SENDER.username,
        sent_at=AT,
        size=48_200 * number,
        sha256="",
        expires_at=AT + timedelta(days=90 if is_sent else 14),
        reason=reading.reason,
        faults=reading.faults,
        warnings=reading.warnings,
        correction=reading.correction,
        detail=reading.sentence or None,
        place="8302000/2026-11/x",
        rejected_by=None if is_sent else "the gateway",
        date=reading.date or reading.version,
        extension=reading.extension,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def message_of(*files: FileRecord, parts: tuple[PartFate, ...] = (), **changes: object) -> Submission:
    own = tuple(
        PartFate(
            int(file.id[-2:]),
            file.name,
            "application/octet-stream",
            file.size or 0,
            "rejected" if file.reason else "taken",
            file.reason or "",
            file.id,
        )
        for file in files
    )
    made = Submission(
        "01kaj0golden000000000000aa", Channel.EMAIL, AT, SENDER.username, "password", parts=own + parts, files=files
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def receipt_for(submission: Submission, **options: object) -> Mapping[str, object]:
    made = receipt(submission, reader=SENDER, head=HEAD, catalogue=TABLES.catalogue, **options)  # type: ignore[arg-type]
    return plain(made)


GOOD = file_of(1, "8302000_INFOphonicsreturn20261120.csv")
LOGO = PartFate(9, "image001.png", "image/png", 4_000, "ignored", "a picture in the signature")
BODY = PartFate(1, None, "text/plain", 9, "ignored", "text-body")
UNREAD = PartFate(2, None, "", 0, "ignored", "too-many-parts")
EARLIER = replace(GOOD, id="earlier", sent_at=AT - timedelta(days=2), status=Status.RECEIVED)
REJECTED_BY_OFFICER = replace(
    GOOD,
    status=Status.REJECTED,
    reason="rejected-by-officer",
    detail="The second page is missing. Please scan both pages and send them as one file.",
    rejected_by="Nadia Rowbotham",
    expires_at=AT + timedelta(days=20),
)
LATER = AT + timedelta(days=6)


def told_of(after: FileRecord, *, by: str, before: FileRecord = GOOD, can_reply: bool = False) -> Mapping[str, object]:
    return plain(
        tidings(
            before, after, by=by, at=LATER, reader=SENDER, head=HEAD, catalogue=TABLES.catalogue, can_reply=can_reply
        )
    )


def copy_of(file: FileRecord) -> Mapping[str, object]:
    made = rejection((file,), reader=SENDER, head=HEAD, directory=DIRECTORY, catalogue=TABLES.catalogue)
    return plain(made)


def answer_of(kind: str) -> Mapping[str, object]:
    held = file_of(2, "8302000_SENDreview20261120.docx")
    received = replace(
        file_of(3, "8302000_FINbudget20261120.csv"),
        status=Status.RECEIVED,
        received_by="Olive Howarth",
        received_at=LATER,
        remark=None,
    )
    refused = Outcome(
        received.name, "It was received by Olive Howarth and can't be recalled; ask the service to reject it."
    )
    return plain(
        answered(
            kind,
            message_of(replace(GOOD, remark="Delivered"), held, received),
            reader=SENDER,
            head=HEAD,
            at=LATER,
            outcomes=(refused,) if kind == "refused" else (),
        )
    )


def digest_of(*files: FileRecord) -> Mapping[str, object]:
    made = service_digest(
        files, code="INFO", reader="Callum", at=LATER, head=HEAD, directory=DIRECTORY, catalogue=TABLES.catalogue
    )
    return plain(made)


def waiting(*, is_administrator: bool, is_last: bool) -> Mapping[str, object]:
    late = replace(GOOD, delivered_at=AT)
    lists = [("INFO", [late]), ("SEN", [file_of(2, "8302000_SENreview20261120.docx")])]
    return plain(
        uncollected(
            lists if is_administrator else lists[:1],
            reader="administrator" if is_administrator else "Callum",
            is_administrator=is_administrator,
            is_last=is_last,
            days=7 if is_last else 5,
            head=HEAD,
            directory=DIRECTORY,
            catalogue=TABLES.catalogue,
        )
    )


def undeliverable_of(file: FileRecord) -> Mapping[str, object]:
    drop = Drop(
        id=f"{file.id}-2",
        file=file.id,
        service="INFO",
        target="folder:/srv/drops/INFO",
        state=DropState.GIVEN_UP,
        first_due_at=AT,
        attempts=129,
        error="Drop folder /srv/drops/INFO: It is not there. Mount the share.",
    )
    made = undeliverable(drop, file, reader="administrator", head=HEAD, directory=DIRECTORY, catalogue=TABLES.catalogue)
    return plain(made)


LETTER_OF_LA = a_document(
    name="Term dates for 2027.pdf", published_at=AT, expires_at=AT + timedelta(days=90), published_by="Nadia Rowbotham"
)


def daily_of(documents: Mapping[str, list[Document]], *, full_names: bool = False) -> Mapping[str, object]:
    """Return what a headteacher of these schools gets of these documents."""
    reader, head = replace(SENDER, schools=tuple(documents)), replace(HEAD, full_names=full_names)
    return plain(
        daily_email(
            documents, reader=reader, at=AT + timedelta(hours=2), head=head, directory=DIRECTORY, folders=TABLES.folders
        )
    )


def asked_for(*schools: str, at: datetime = AT, **changes: object) -> Mapping[str, object]:
    """Return what a headteacher is told of a file request."""
    request = FileRequest(
        id="01kaj0golden000000000000aa",
        title="Phonics check",
        service="INFO",
        schools=schools,
        due_at=AT + timedelta(days=14),
        opened_at=AT,
        opened_by="it.admin",
        types=("xlsx", "csv"),
        word="phonics",
        note="Please use this year's form, which you find in LA Documents.",
    )
    return plain(
        asked(
            replace(request, **changes),
            reader=SENDER,
            schools=schools or ("8302000",),
            at=at,
            head=HEAD,
            directory=DIRECTORY,
            catalogue=TABLES.catalogue,
        )
    )


PUBLISHED = sample_published()

CASES: dict[str, tuple[str, Mapping[str, object]]] = {
    "published": ("published", PUBLISHED[0]),
    "published-confirmed": ("published", PUBLISHED[3]),
    "published-nothing": ("published", PUBLISHED[-1]),
    "published-again": ("published", PUBLISHED[4]),
    "receipt-sent": ("receipt", receipt_for(message_of(GOOD, parts=(LOGO,)))),
    "receipt-upload": ("receipt", receipt_for(message_of(GOOD, channel=Channel.SFTP, parts=()))),
    "receipt-advice": (
        "receipt",
        receipt_for(
            message_of(
                file_of(1, "8302000-SENreview 2026.pdf", comment="For Tuesday's review."),
                file_of(2, "8302000_FINinvoices202611.zip", entries=("one.pdf", "two.pdf"), remark="not scanned"),
            )
        ),
    ),
    "receipt-correction": ("receipt", receipt_for(message_of(file_of(1, "8302000_SENDreview20261120.docx")))),
    "receipt-correction-by-rename": (
        "receipt",
        receipt_for(message_of(file_of(1, "8302000_SENDreview20261120.docx")), can_rename=True),
    ),
    "receipt-correction-by-reply": (
        "receipt",
        receipt_for(message_of(file_of(1, "8302000_SENDreview20261120.docx")), can_reply=True),
    ),
    "receipt-codes": ("receipt", receipt_for(message_of(file_of(1, "8302000_ABCreview20261120.docx")))),
    "receipt-mixed": (
        "receipt",
        receipt_for(
            message_of(
                GOOD,
                file_of(2, "8303308_SENreview20261120.pdf"),
                file_of(3, "8302000_FINvideo20261120.mp4"),
                parts=(PartFate(4, GOOD.name, "text/csv", 48_200, "duplicate", "earlier", "earlier"), LOGO),
            ),
            earlier=(EARLIER,),
        ),
    ),
    "receipt-twice": (
        "receipt",
        receipt_for(
            message_of(
                replace(GOOD, remark="not scanned"),
                file_of(2, "8302000_SENreviewnotes20261120.pdf", remark="not scanned"),
                file_of(3, "8302000_FINbudget20261120.csv", remark="not scanned"),
                parts=(PartFate(4, GOOD.name, "text/csv", 48_200, "duplicate", GOOD.id, GOOD.id),),
            ),
            earlier=(GOOD,),
        ),
    ),
    "receipt-national-system": ("receipt", receipt_for(message_of(file_of(1, "8302000_CTF_8304053_001.xml")))),
    "rejection": (
        "rejection",
        plain(
            rejection(
                (file_of(1, "8302000_SENDjanedoe20261120.docx"),),
                reader=SENDER,
                head=HEAD,
                directory=DIRECTORY,
                catalogue=TABLES.catalogue,
            )
        ),
    ),
    "rejection-of-a-program": (
        "rejection",
        plain(
            rejection(
                (file_of(1, "8302000_SENDjanedoe20261120.docx"),),
                reader=SENDER,
                head=HEAD,
                directory=DIRECTORY,
                catalogue=TABLES.catalogue,
                is_sender_told=False,
            )
        ),
    ),
    "rejected": ("rejected", told_of(REJECTED_BY_OFFICER, by="Nadia Rowbotham")),
    "rejected-copy": ("rejection", copy_of(REJECTED_BY_OFFICER)),
    "recalled": ("recalled", told_of(replace(GOOD, status=Status.RECALLED), by=SENDER.full_name)),
    "recalled-by-another": ("recalled", told_of(replace(GOOD, status=Status.RECALLED), by="Ruth Ashdown")),
    "rerouted": ("rerouted", told_of(replace(GOOD, service="SEN"), by="Callum Eastwick", can_reply=True)),
    "correction-accepted": (
        "correction-accepted",
        told_of(
            file_of(1, "8302000_SENreview202611.docx", remark="not scanned"),
            before=file_of(1, "8302000_SENDreview202611.docx"),
            by=SENDER.full_name,
            can_reply=True,
        ),
    ),
    "not-recalled": ("not-recalled", told_of(replace(GOOD, status=Status.RECEIVED), by="INFO (folder)")),
    "received": ("received", told_of(replace(GOOD, status=Status.RECEIVED), by="Callum Eastwick")),
    "receipt-replies": ("receipt", receipt_for(message_of(GOOD, parts=(LOGO,)), can_reply=True)),
    "receipt-ignored": (
        "receipt",
        receipt_for(
            message_of(
                GOOD,
                parts=tuple(
                    PartFate(n, None, "text/plain", 9, "ignored", code)
                    for n, code in enumerate(("text-body", "calendar", "signature-picture"), start=2)
                ),
            )
        ),
    ),
    **{f"answer-{kind}": ("answer", answer_of(kind)) for kind in TONES},
    "service-digest": (
        "service-digest",
        digest_of(GOOD, replace(GOOD, supersedes="earlier", remark="re-routed from SEN")),
    ),
    "service-digest-one": ("service-digest", digest_of(GOOD)),
    "uncollected": ("uncollected", waiting(is_administrator=False, is_last=False)),
    "uncollected-all": ("uncollected", waiting(is_administrator=True, is_last=True)),
    "undeliverable": ("undeliverable", undeliverable_of(GOOD)),
    "set-aside": ("set-aside", sample_set_aside(HEAD, DIRECTORY)[0]),
    "set-aside-one": ("set-aside", sample_set_aside(HEAD, DIRECTORY)[1]),
    "waits-in-inbox": (
        "waits-in-inbox",
        plain(waits_in_inbox(GOOD, code="INFO", head=HEAD, directory=DIRECTORY, catalogue=TABLES.catalogue)),
    ),
    "digest": ("digest", daily_of({"8302000": [LETTER_OF_LA, replace(LETTER_OF_LA, head_only=True, folder="send")]})),
    "digest-of-schools": (
        "digest",
        daily_of(
            {"8302000": [LETTER_OF_LA], "8301102": [replace(LETTER_OF_LA, supersedes="earlier")]}, full_names=True
        ),
    ),
    "unread": ("unread", daily_of({"8302000": [LETTER_OF_LA, replace(LETTER_OF_LA, folder="send")]})),
    "unread-summary": (
        "unread-summary",
        plain(
            unread_summary(
                (
                    Addressed(replace(LETTER_OF_LA, reach=450), ("8301102", "8302000")),
                    Addressed(replace(LETTER_OF_LA, reach=30), tuple(sorted(DIRECTORY.schools)) * 2),
                ),
                reader="Nadia",
                days=14,
                head=HEAD,
                directory=DIRECTORY,
                folders=TABLES.folders,
            )
        ),
    ),
    "file-request": ("file-request", asked_for()),
    "file-request-reminder": ("file-request-reminder", asked_for(at=AT + timedelta(days=13))),
    "file-request-overdue": (
        "file-request-reminder",
        asked_for("8302000", "8301102", at=AT + timedelta(days=20), types=(), word="", note=""),
    ),
    "file-request-over": (
        "file-request-over",
        {**sample_asked()["file-request-over"][0], "request": "01kaj0golden000000000000aa"},
    ),
    "file-request-over-all": (
        "file-request-over",
        {**sample_asked()["file-request-over"][1], "request": "01kaj0golden000000000000aa"},
    ),
    "no-file": (
        "no-file",
        plain(no_file(message_of(parts=(LOGO,), outcome="nothing-attached"), reader=SENDER, head=HEAD)),
    ),
    "no-file-cloud-link": (
        "no-file",
        plain(no_file(message_of(outcome="cloud-link-only"), reader=SENDER, head=HEAD)),
    ),
    "no-file-in-letter": ("no-file", plain(no_file(message_of(outcome="no-file-in-letter"), reader=SENDER, head=HEAD))),
    "no-file-signed": ("no-file", plain(no_file(message_of(outcome="signed-message"), reader=SENDER, head=HEAD))),
    "no-file-postmaster": ("no-file", plain(no_file(message_of(outcome="for-postmaster"), reader=SENDER, head=HEAD))),
    "no-file-recall": ("no-file", plain(no_file(message_of(outcome="recall-request"), reader=SENDER, head=HEAD))),
    "no-file-not-read": (
        "no-file",
        plain(no_file(message_of(outcome="not-read", parts=(BODY, UNREAD)), reader=SENDER, head=HEAD)),
    ),
    "receipt-not-read": ("receipt", receipt_for(message_of(GOOD, parts=(UNREAD,)))),
}
CASES["postmaster"] = ("postmaster", {**sample_postmaster()[0], "submission": "01kaj0golden000000000000aa"})
CASES |= {
    f"{template}{f'-{number}' if number else ''}": (template, context)
    for template, contexts in account_samples(HEAD, DIRECTORY).items()
    for number, context in enumerate(contexts)
}


# About accounts and access, not about a submission: their samples, as an administrator previews them.
ABOUT_ACCESS = (CHANGED, OLD, *sample_access_news())
CASES |= {template: (template, sample_contexts()[template][0]) for template in ABOUT_ACCESS}


@pytest.mark.parametrize("case", CASES)
def test_a_notice_reads_as_its_golden_file(case: str) -> None:
    letter = TABLES.templates.render(*CASES[case])
    told = f"Subject: {letter.subject}\n\n{letter.text}"
    golden = GOLDEN / f"{case}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")


def test_each_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


# The HTML twin is made of the text, so one case a template shows its form.
TWINS = {template: case for case, (template, _) in reversed(CASES.items())}


@pytest.mark.parametrize("template", TWINS)
def test_the_html_twin_reads_as_its_golden_file(template: str) -> None:
    html = TABLES.templates.render(*CASES[TWINS[template]]).html or ""
    golden = GOLDEN / "html" / f"{template}.html"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(html, encoding="utf-8")
    assert html == golden.read_text(encoding="utf-8")


def test_every_template_has_golden_files() -> None:
    shipped = {path.stem for path in (SHIPPED / "config" / "notices").glob("*.txt")}
    assert set(TWINS) == shipped
    assert {path.stem for path in (GOLDEN / "html").iterdir()} == shipped


@pytest.mark.parametrize("case", CASES)
def test_no_line_is_too_long_but_for_a_name(case: str) -> None:
    template, context = CASES[case]
    letter = TABLES.templates.render(template, context)
    assert [line for line in letter.text.split("\n") if len(line) > WIDTH and line.count("_") == 0] == []
    assert "\n\n\n" not in letter.text
    assert len(letter.subject) <= WIDTH


ABOUT_MANY = ("service-digest", "uncollected", "published", "digest", "unread", "unread-summary", "set-aside")


@pytest.mark.parametrize("case", CASES)
def test_every_notice_says_whom_to_ask_and_its_reference(case: str) -> None:
    text = TABLES.templates.render(*CASES[case]).text
    assert SETTINGS.authority.contact in text
    is_of_none = CASES[case][0] in (*ABOUT_MANY, *ABOUT_ACCESS, *account_samples(HEAD, DIRECTORY))
    assert is_of_none or "01kaj0golden000000000000aa" in text


@pytest.mark.parametrize("case", CASES)
def test_no_name_stands_in_a_subject(case: str) -> None:
    assert "8302000" not in TABLES.templates.render(*CASES[case]).subject


def test_a_name_is_never_broken_even_if_it_is_long() -> None:
    name = f"8302000_SEND{'x y' * 50}.docx"
    correction = name.replace("SEND", "SEN")
    record = replace(file_of(1, name), correction=correction)
    text = TABLES.templates.render("receipt", receipt_for(message_of(record))).text
    assert f"\n      {correction}\n" in text


@pytest.mark.parametrize("template", sorted(sample_contexts()))
def test_no_name_writes_lines_of_ours_or_turns_them_round(template: str) -> None:
    """Each word of each sample brings what no word should: a line of its own, other directions, control characters."""
    for context in sample_contexts()[template]:
        said = TABLES.templates.render(template, spoilt(context))
        paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n|<p[^>]*>", said.text + said.html)]
        assert not any(paragraph.startswith("Your account is closed") for paragraph in paragraphs)
        assert not {"\u202e", "\0", "\r", "\u2028", "\x85", "\v"} & set(said.subject + said.text + said.html)


def spoilt(value: object) -> Any:
    if isinstance(value, str) and value:
        return f"{value}\r\n\r\n\u2028Your account is closed\u202e\0\x85\v"
    if isinstance(value, dict):
        return {key: each if key in {"comment", "policy", "note"} else spoilt(each) for key, each in value.items()}
    return [spoilt(each) for each in value] if isinstance(value, list | tuple) else value


def test_what_several_lines_were_written_in_stays_so() -> None:
    found = shown({"comment": "one\ntwo\u202e", "rows": [{"name": "a\r\nb\0", "number": 2}], "note": "c\nd"})
    assert found == {"comment": "one\ntwo\\u202e", "rows": [{"name": "a b\\x00", "number": 2}], "note": "c\nd"}


def test_what_stands_in_braces_in_a_name_is_no_template() -> None:
    text = TABLES.templates.render("receipt", receipt_for(message_of(file_of(1, "{{ 7 * 7 }}.pdf")))).text
    assert "{{ 7 * 7 }}.pdf" in text


@pytest.mark.parametrize("template", sorted(sample_contexts()))
def test_every_sample_renders_with_the_shipped_template(template: str) -> None:
    for context in sample_contexts()[template]:
        letter = TABLES.templates.by_name[template].render(context)
        assert letter.subject
        assert letter.text.endswith("\n")


# When a template fails.


@pytest.mark.parametrize("case", CASES)
def test_without_its_template_a_notice_still_says_what_became_of_each_file(case: str) -> None:
    template, context = CASES[case]
    letter = Templates().render(template, context)
    assert letter == in_plain_words(context, template)
    for file in files_in(context):
        assert file["name"] in letter.text
        assert file.get("correction", "") in letter.text
    assert SETTINGS.authority.contact in letter.text
    assert "{" not in letter.text


def files_in(context: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a context tells of files."""
    services = [file for service in context.get("services", ()) for file in service["files"]]
    schools = [school for school in context.get("schools", ()) if isinstance(school, dict)]
    services += [file for school in schools for folder in school["folders"] for file in folder["documents"]]
    own = [context["file"]] if isinstance(context.get("file"), dict) else []
    own += [context] if "name" in context else []
    files = context.get("files", ())
    return [
        *(files if isinstance(files, Sequence) else ()),
        *context.get("documents", ()),
        *context.get("rows", ()),
        *services,
        *own,
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_html_twin_says_the_same_words_and_nothing_else(case: str) -> None:
    letter = TABLES.templates.render(*CASES[case])
    shown = unescape(re.sub(r"<[^>]+>", "", (letter.html or "").partition("<body")[2].partition(">")[2]))
    assert shown.split() == letter.text.split()


def test_nothing_in_a_notice_is_taken_for_markup() -> None:
    evil = replace(file_of(1, "<script>alert(1)</script>&amp;.pdf"), comment="<b>bold</b>")
    letter = TABLES.templates.render("receipt", receipt_for(message_of(evil, GOOD)))
    assert "<script>" in letter.text
    assert "<script>" not in (letter.html or "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;.pdf" in (letter.html or "")
    assert TABLES.templates.render("nothing", {"name": "<i>"}).html is not None
    assert "<i>" not in (TABLES.templates.render("nothing", {"name": "<i>"}).html or "")


def test_a_context_of_an_older_version_falls_back_and_never_fails() -> None:
    letter = TABLES.templates.render("receipt", {"files": [{"fate": "Sent", "name": "a.pdf"}, 7], "contact": "us"})
    assert "Sent: a.pdf" in letter.text
    assert TABLES.templates.render("receipt", {}).text
    assert TABLES.templates.render("unknown", {"files": None}).text


def test_a_template_can_t_reach_into_python(tmp_path: Path) -> None:
    for path in (SHIPPED / "config" / "notices").iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "no-file.txt").write_text("Subject: x\n\n{{ reader.__class__.__mro__ }}\n")
    with pytest.raises(Exception, match=r"no-file\.txt: line 3: this fails with a sample notice"):
        read_templates(tmp_path, name="notices")


def test_a_subject_is_one_line(tmp_path: Path) -> None:
    for path in (SHIPPED / "config" / "notices").iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "no-file.txt").write_text("Subject: {{ sentence }}\n\ntext\n")
    templates = Templates(read_templates(tmp_path, name="notices"))
    letter = templates.render("no-file", {**CASES["no-file"][1], "sentence": "one\r\nBcc: two@x.example"})
    assert letter.subject == "one Bcc: two@x.example"


def test_wrapped_text_hangs_and_keeps_its_paragraphs() -> None:
    assert wrap("word " * 20, 3, 2).split("\n") == ["   " + "word " * 13 + "word", "     " + "word " * 5 + "word"]
    assert wrap("one\n\ntwo", 1) == " one\n\n two"
    assert wrap("") == ""
