"""`gateway admin notices`: the emails that went out, and those that are still owed (Source: SPEC 6, 13)."""

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, Row, print_json
from gateway.cli.shapes import notice_json
from gateway.core.model import FileQuery, Notice, NoticeState
from gateway.errors import NotThere

COLUMNS = (
    Column("id", "Id"),
    Column("template", "Notice"),
    Column("address", "To"),
    Column("state", "State"),
    Column("due_at", "Due", Kind.TIME),
    Column("sent_at", "Sent", Kind.TIME),
    Column("attempts", "Attempts", Kind.NUMBER),
    Column("error", "Error"),
)
_CARD = (*COLUMNS, Column("submission", "Submission"), Column("username", "Username"), Column("subject", "Subject"))


@click.group()
def notices() -> None:
    """Emails that went out, and those that are still owed."""


@notices.command("list")
@with_filters(statuses=tuple(NoticeState))
@on_errand
async def list_notices(errand: Errand, filters: Filters) -> None:
    """List notices, newest first; --service and --sent-by are of the files that a notice is about."""
    found = await errand.ledger.notices(filters.notices(zone=errand.zone, now=errand.now()))
    if filters.service or filters.sent_by:
        about = await errand.ledger.files(FileQuery(service=filters.service, sent_by=filters.sent_by))
        submissions = {file.submission for file in about}
        found = [notice for notice in found if notice.submission in submissions]
    wanted = [notice for notice in found if not filters.status or notice.state in filters.status]
    errand.screen.listing([notice_json(notice) for notice in wanted], COLUMNS, empty="There is no such notice.")


@notices.command("show")
@click.argument("id")
@on_errand
async def show_notice(errand: Errand, id: str) -> None:
    """Show one notice with its words."""
    notice = await errand.ledger.notice(id.strip().lower())
    if notice is None:
        raise NotThere(f"There is no notice {id}. `gateway admin notices list` shows the ids.")
    row = {**notice_json(notice), **_words(errand, notice)}
    if errand.screen.as_json:
        print_json(row)
        return
    errand.screen.card(row, _CARD)
    errand.screen.text(str(row["text"] or "Its words were destroyed with the files that it was about."))


def _words(errand: Errand, notice: Notice) -> Row:
    """Return the notice as it reads; its words go with the bytes that it was about."""
    if not notice.context:
        return {"subject": None, "text": None}
    letter = errand.house.tables.templates.render(notice.template, notice.context)
    return {"subject": letter.subject, "text": letter.text}
