"""`gateway admin files`: what was sent, and what became of it (Source: SPEC 6, 13)."""

import click

from gateway.cli.admin import decide, handover
from gateway.cli.admin.errand import Enquiry, on_enquiry
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row, Screen, print_json
from gateway.cli.shapes import drop_json, file_json, history_json, notice_json, part_json, submission_json
from gateway.core.mail import NoticeQuery
from gateway.core.model import FileRecord
from gateway.core.submission import Submission
from gateway.errors import NotThere

COLUMNS = (  # the portal's table, with what an administrator needs to name a file
    Column("id", "Id"),
    Column("name", "Name"),
    Column("sent_by", "Sent by"),
    Column("sent_at", "Date sent", Kind.TIME),
    Column("status", "Status"),
    Column("info", "Info"),
    Column("received_at", "Received on", Kind.TIME),
    Column("received_by", "Received by"),
)
_CARD = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("school", "School"),
    Column("service", "Service"),
    Column("status", "Status"),
    Column("reason", "Reason"),
    Column("faults", "Faults"),
    Column("detail", "Detail"),
    Column("correction", "Correction"),
    Column("remark", "Remark"),
    Column("warnings", "Warnings"),
    Column("channel", "Channel"),
    Column("sent_by", "Sent by"),
    Column("sent_by_user", "Username"),
    Column("sent_at", "Date sent", Kind.TIME),
    Column("delivered_at", "Delivered on", Kind.TIME),
    Column("received_by", "Received by"),
    Column("received_at", "Received on", Kind.TIME),
    Column("rejected_by", "Rejected by"),
    Column("size", "Size", Kind.SIZE),
    Column("sha256", "SHA-256"),
    Column("comment", "Comment"),
    Column("tags", "Tags"),
    Column("entries", "Entries"),
    Column("supersedes", "Supersedes"),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("purged_at", "Destroyed on", Kind.TIME),
)
_SUBMISSION = (
    Column("id", "Id"),
    Column("received_at", "Received", Kind.TIME),
    Column("verified_by", "Verified by"),
    Column("peer", "Came from"),
    Column("subject", "Subject"),
    Column("message_id", "Message-ID"),
    Column("username", "Username"),
    Column("outcome", "No file, because"),
)
_PARTS = (
    Column("number", "Part", Kind.NUMBER),
    Column("name", "Name"),
    Column("content_type", "Type"),
    Column("size", "Size", Kind.SIZE),
    Column("fate", "Fate"),
    Column("why", "Why"),
    Column("file_id", "File"),
)
_HISTORY = (
    Column("at", "When", Kind.TIME),
    Column("actor", "Who"),
    Column("event", "What"),
    Column("status", "Status"),
    Column("why", "Why"),
)
_DROPS = (
    Column("target", "Target"),
    Column("state", "State"),
    Column("attempts", "Attempts", Kind.NUMBER),
    Column("due_at", "Due", Kind.TIME),
    Column("done_at", "Done", Kind.TIME),
    Column("placed_as", "Placed as"),
    Column("error", "Error"),
)
_NOTICES = (
    Column("id", "Id"),
    Column("template", "Notice"),
    Column("address", "To"),
    Column("state", "State"),
    Column("sent_at", "Sent", Kind.TIME),
    Column("error", "Error"),
)
_SECTIONS = (  # key of the JSON, heading, columns
    ("files", "Files", COLUMNS),
    ("history", "History", _HISTORY),
    ("drops", "Drops", _DROPS),
    ("notices", "Notices", _NOTICES),
    ("submission_parts", "Parts of the submission", _PARTS),
)


@click.group()
def files() -> None:
    """What was sent, and what became of it."""


for _command in (*decide.COMMANDS, *handover.COMMANDS):
    files.add_command(_command)


@files.command("list")
@with_filters()
@on_enquiry
async def list_files(enquiry: Enquiry, filters: Filters) -> None:
    """List files, newest first."""
    found = await enquiry.ledger.files(filters.files(zone=enquiry.zone, now=enquiry.now()))
    show_files(enquiry.screen, found, empty="There is no such file.")


@files.command("show", short_help="Show one file, or a message by its reference, with all that became of it.")
@click.argument("id")
@on_enquiry
async def show_file(enquiry: Enquiry, id: str) -> None:
    """Show one file: its history, drops and notices, and every part of what it came with.

    ID may also be the reference of a message or an upload: it stands in every notice, and in the mail log of its sender
    ("Accepted as ..."). Then all of that is shown, also where no file came with it.
    """
    wanted = id.strip().lower()
    file = await enquiry.ledger.file(wanted)
    submission = await enquiry.ledger.submission(file.submission if file else wanted)
    if file is None and submission is None:
        raise NotThere(f"There is no file {id}. `gateway admin files list` shows the ids.")
    whole = await _submission_story(enquiry, submission, id=file.submission if file else wanted)
    story = {**await _file_story(enquiry, file), **whole} if file else _with_files(whole, submission)
    if enquiry.screen.as_json:
        print_json(story)
    else:
        _tell(enquiry.screen, story)


def show_files(screen: Screen, found: list[FileRecord], *, empty: str) -> None:
    """Show files as the portal's table does."""
    if screen.as_json:
        print_json([file_json(file) for file in found])
    else:
        screen.listing([{**file_json(file), "info": _info(file)} for file in found], COLUMNS, empty=empty)


def _info(file: FileRecord) -> str | None:
    return file.reason or file.remark or ", ".join(file.warnings)


async def _file_story(enquiry: Enquiry, file: FileRecord) -> dict[str, object]:
    """Return what the ledger knows of a file alone."""
    return {
        **file_json(file),
        "history": [history_json(change) for change in await enquiry.ledger.history(file.id)],
        "drops": [drop_json(drop) for drop in await enquiry.ledger.drops(file=file.id)],
    }


async def _submission_story(enquiry: Enquiry, submission: Submission | None, *, id: str) -> dict[str, object]:
    """Return what the ledger knows of that with which a file came."""
    notices = await enquiry.ledger.notices(NoticeQuery(submission=id))
    return {
        "notices": [notice_json(notice) for notice in notices],
        "submission_record": submission_json(submission) if submission else None,
        "submission_parts": [part_json(part) for part in submission.parts] if submission else [],
    }


def _with_files(story: dict[str, object], submission: Submission | None) -> dict[str, object]:
    found = submission.files if submission else ()
    return {**story, "files": [{**file_json(file), "info": _info(file)} for file in found]}


def _tell(screen: Screen, story: Row) -> None:
    if "sha256" in story:
        screen.card(story, _CARD)
    if isinstance(record := story["submission_record"], dict):
        screen.heading("Submission")
        screen.card(record, _SUBMISSION)
    for key, heading, columns in _SECTIONS:
        rows = story.get(key)
        if isinstance(rows, list) and rows:
            screen.heading(heading)
            screen.table(rows, columns)
