"""`gateway admin notices`: the emails that went out, and those that are still owed (Source: SPEC 6, 13)."""

from dataclasses import replace

import click

from gateway.cli.admin import dailyemail
from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import DFE_NUMBER, Filters, with_filters
from gateway.cli.render import Column, Kind, Row, print_json
from gateway.cli.shapes import notice_json
from gateway.core.mail import Notice, NoticeQuery, NoticeState
from gateway.core.model import FileQuery
from gateway.core.notices.dailyemail import TEMPLATE as DIGEST
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


@notices.command("list", short_help="List notices, newest first.")
@with_filters(statuses=tuple(NoticeState))
@on_enquiry
async def list_notices(enquiry: Enquiry, filters: Filters) -> None:
    """List notices, newest first; --service and --sent-by are of the files that a notice is about."""
    found = await enquiry.ledger.notices(filters.notices(zone=enquiry.zone, now=enquiry.now()))
    if filters.service or filters.sent_by:
        about = await enquiry.ledger.files(FileQuery(service=filters.service, sent_by=filters.sent_by))
        submissions = {file.submission for file in about}
        found = [notice for notice in found if notice.submission in submissions]
    wanted = [notice for notice in found if not filters.status or notice.state in filters.status]
    enquiry.screen.listing([notice_json(notice) for notice in wanted], COLUMNS, empty="There is no such notice.")


@notices.command("show")
@click.argument("id")
@on_enquiry
async def show_notice(enquiry: Enquiry, id: str) -> None:
    """Show one notice with its words."""
    notice = await enquiry.ledger.notice(id.strip().lower())
    if notice is None:
        raise NotThere(f"There is no notice {id}. `gateway admin notices list` shows the ids.")
    row = {**notice_json(notice), **_words(enquiry, notice)}
    if enquiry.screen.as_json:
        print_json(row)
        return
    enquiry.screen.card(row, _CARD)
    enquiry.screen.text(str(row["text"] or "Its words were destroyed with the files that it was about."))


@notices.command("preview", short_help="Show how a notice reads, with invented people.")
@click.argument("template")
@click.option("--school", type=DFE_NUMBER, help="Of `digest`: what readers of this school would get now.")
@on_errand
async def preview_notice(errand: Errand, template: str, school: str | None) -> None:
    """Show how a notice reads, with invented people and files, by the templates in force."""
    if school is not None:
        if template != DIGEST:
            raise click.UsageError("--school is for `preview digest` alone")
        await dailyemail.preview(errand, school)
        return
    from gateway.core.notices.samples import sample_contexts  # many, and made only to be shown

    samples = sample_contexts()
    if template not in samples:
        raise NotThere(f'There is no notice "{template}". They are: {", ".join(sorted(samples))}.')
    # By the template itself, not by the words that would stand in for it: its faults are to be seen here.
    letter = errand.house.tables.templates.by_name[template].render(samples[template][0])
    if errand.screen.as_json:
        print_json({"template": template, "subject": letter.subject, "text": letter.text, "html": letter.html})
        return
    errand.screen.card({"subject": letter.subject}, (Column("subject", "Subject"),))
    errand.screen.text(letter.text)


@notices.command("retry", short_help="Let a notice be sent again now.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every notice that was given up.")
@on_errand
async def retry_notices(errand: Errand, ids: tuple[str, ...], every: bool) -> None:
    """Let a notice be sent again, now: one that was given up, or that waits for its next try."""
    if bool(ids) == every:
        raise click.UsageError("expected one or more ids, or --all")
    if every:
        given_up = await errand.ledger.notices(NoticeQuery(state=NoticeState.GIVEN_UP))
        rows = [notice_json(await _retry(errand, notice)) for notice in given_up if notice.context]
        errand.screen.listing(rows, COLUMNS, empty="No notice was given up.")
        return
    rows = [notice_json(await _retry(errand, await _to_retry(errand, id))) for id in ids]
    for row in rows if not errand.screen.as_json else ():
        errand.screen.action(row, sentence=f"{row['id']} is sent again now.")
    if errand.screen.as_json:
        errand.screen.action(rows[0], sentence="") if len(rows) == 1 else errand.screen.listing(rows, (), empty="")


async def _to_retry(errand: Errand, id: str) -> Notice:
    notice = await errand.ledger.notice(id.strip().lower())
    if notice is None:
        raise NotThere(f"There is no notice {id}. `gateway admin notices list` shows the ids.")
    if notice.state is NoticeState.SENT:
        raise NotThere(f"{notice.id} was sent, so there is nothing to try again.")
    if not notice.context:
        raise NotThere(f"{notice.id} can't be sent any more: its words were destroyed with the files it was about.")
    return notice


async def _retry(errand: Errand, notice: Notice) -> Notice:
    """Make a notice due now, with all the time that it had at first."""
    now = errand.now()
    again = replace(notice, state=NoticeState.DUE, due_at=now, first_due_at=now, attempts=0, error=None)
    await errand.ledger.mark_notice(again)
    return again


def _words(enquiry: Enquiry, notice: Notice) -> Row:
    """Return the notice as it reads; its words go with the bytes that it was about."""
    if not notice.context:
        return {"subject": None, "text": None, "html": None}
    letter = enquiry.tables.templates.render(notice.template, notice.context)
    return {"subject": letter.subject, "text": letter.text, "html": letter.html}
