"""`gateway admin documents`: what schools get from the authority: publish, confirm, list, show, delete.

Owns the commands' words. What may be decided is `pipeline.publications`; what it refuses leaves with 65 and its
sentence (Source: SPEC 7, 13).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.admin.publishing import publish
from gateway.cli.admin.unopened import BY, list_unopened
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, print_json
from gateway.cli.shapes import audience_json, document_json
from gateway.core.admission import Refusal
from gateway.core.documents import Document, DocumentState
from gateway.core.register import Directory
from gateway.errors import NotThere

if TYPE_CHECKING:
    from gateway.pipeline.transitions import Actor

COLUMNS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("folder", "Folder"),
    Column("reach", "Schools", Kind.NUMBER),
    Column("state", "State"),
    Column("published_by", "Published by"),
    Column("sent_at", "Came", Kind.TIME),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("info", "Info"),
)
_CARD = (
    Column("id", "Id"),
    Column("publication", "Publication"),
    Column("name", "Name"),
    Column("sent_name", "Sent as"),
    Column("folder", "Folder"),
    Column("head_only", "Heads only"),
    Column("state", "State"),
    Column("reason", "Reason"),
    Column("detail", "Detail"),
    Column("remark", "Remark"),
    Column("channel", "Channel"),
    Column("published_by", "Published by"),
    Column("sent_at", "Came", Kind.TIME),
    Column("published_at", "Published on", Kind.TIME),
    Column("confirmed_by", "Confirmed by"),
    Column("confirmed_at", "Confirmed on", Kind.TIME),
    Column("size", "Size", Kind.SIZE),
    Column("sha256", "SHA-256"),
    Column("supersedes", "Supersedes"),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("deleted_by", "Deleted by"),
    Column("deleted_at", "Deleted on", Kind.TIME),
    Column("delete_reason", "Deleted because"),
    Column("requested_by", "Requested by"),
    Column("purged_at", "Destroyed on", Kind.TIME),
)
_AUDIENCE = (
    Column("school", "School"),
    Column("name", "Name"),
    Column("first_read_at", "First read", Kind.TIME),
    Column("first_read_by", "By"),
    Column("readers", "Readers", Kind.NUMBER),
    Column("replaced_by", "Replaced by"),
)
_HISTORY = (
    Column("at", "When", Kind.TIME),
    Column("actor", "Who"),
    Column("event", "What"),
    Column("why", "Why"),
)


@click.group()
def documents() -> None:
    """What schools get from the authority."""


documents.add_command(publish)


@documents.command("list", short_help="List documents, newest first.")
@with_filters(statuses=tuple(DocumentState))
@click.option("--folder", metavar="KEY", help="Of this folder only: a key of routing/folders.toml.")
@click.option("--publication", metavar="ID", help="Published together under this id.")
@click.option("--unread", is_flag=True, help="That a school (--school: this one) has not opened.")
@click.option("--by", type=click.Choice(BY), help="Of --unread: how many, school by school or publisher by publisher.")
@on_enquiry
async def list_documents(
    enquiry: Enquiry, filters: Filters, *, folder: str | None, publication: str | None, unread: bool, by: str | None
) -> None:
    """List documents, newest first; --service: published by its officers, --sent-by: by this person."""
    if by and not unread:
        raise click.UsageError("--by is for --unread")
    asked = filters.documents(zone=enquiry.zone, now=enquiry.now())
    query = replace(asked, folder=folder, publication=publication, unread=unread)
    found = of_service(await enquiry.ledger.documents(query), filters.service, await enquiry.ledger.directory())
    if unread:
        await list_unopened(enquiry, found, school=filters.school, by=by)
        return
    rows = [document_json(document) for document in found]
    if not enquiry.screen.as_json:
        rows = [{**row, "info": row["reason"] or row["delete_reason"] or row["remark"]} for row in rows]
    enquiry.screen.listing(rows, COLUMNS, empty="There is no such document.")


@documents.command("show", short_help="Show one document, and who has read it.")
@click.argument("id")
@on_enquiry
async def show_document(enquiry: Enquiry, id: str) -> None:
    """Show one document: its schools, who of them read it, and what happened to it."""
    found = await enquiry.ledger.document(_id(id))
    if found is None:
        raise NotThere(f"There is no document {id}. `gateway admin documents list` shows the ids.")
    register = await enquiry.ledger.directory()
    audience = [
        audience_json(row, register.school(row.school)) for row in await enquiry.ledger.audience(found.document.id)
    ]
    trail = [
        {"at": row.at.isoformat(), "actor": row.actor, "event": row.action, "why": row.detail.get("why")}
        for row in reversed(await enquiry.ledger.trail(subject=found.document.id))
    ]
    card = document_json(found.document, found.schools)
    if enquiry.screen.as_json:
        print_json({**card, "audience": audience, "history": trail})
        return
    enquiry.screen.card(card, _CARD)
    for heading, rows, columns in (("Schools", audience, _AUDIENCE), ("History", trail, _HISTORY)):
        if rows:
            enquiry.screen.heading(heading)
            enquiry.screen.table(rows, columns)


@documents.command("confirm", short_help="Let out what waits for a confirmation.")
@click.argument("id")
@on_errand
async def confirm_documents(errand: Errand, id: str) -> None:
    """Let out what waits for a confirmation: one document, or all that was published together under this id."""
    answer = await errand.house.publications.confirm(_id(id), by=_administrator(errand))
    if isinstance(answer, Refusal):
        raise NotThere(_sentence(answer, id))
    if errand.screen.as_json:
        print_json([document_json(document) for document in answer])
        return
    for document in answer:
        errand.screen.action({}, sentence=_let_out(document))


@documents.command("delete")
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the record.")
@click.option("--requested-by", required=True, metavar="WHO", help="Who asked for it; it stays in the record.")
@on_errand
async def delete_document(errand: Errand, id: str, reason: str, requested_by: str) -> None:
    """Take a document away from everybody, at once and for ever. Its record stays."""
    for option, text in (("--reason", reason), ("--requested-by", requested_by)):
        if not text.strip():
            raise click.BadParameter("expected words: they stay in the record", param_hint=option)
    before = await errand.ledger.document(_id(id))
    by = _administrator(errand)
    answer = await errand.house.publications.delete(
        _id(id), by=by, why=" ".join(reason.split()), requested_by=" ".join(requested_by.split())
    )
    if isinstance(answer, Refusal) or before is None:
        raise NotThere(_sentence(answer, id) if isinstance(answer, Refusal) else id)
    now = await errand.ledger.document(answer.id)
    shown = now.document if now else replace(answer)
    is_kept = shown.purged_at is None
    copy = "our copy is kept until the hold on it ends" if is_kept else "our copy is destroyed"
    sentence = f"{before.document.name} is deleted: no school sees it any more, and {copy}."
    errand.screen.action(document_json(shown), sentence=sentence)


def of_service(found: Sequence[Document], code: str | None, directory: Directory) -> list[Document]:
    """Return the documents whose publisher is an officer of a service; without one, all."""
    publishers = {account.username for account in directory.accounts.values() if code in account.services}
    return [document for document in found if code is None or document.published_by_user in publishers]


def _let_out(document: Document) -> str:
    """Return what became of a document at its confirmation."""
    if document.state is DocumentState.HELD:
        return f"{document.name} is held: {document.detail}"
    schools = "1 school" if document.reach == 1 else f"{document.reach} schools"
    return f"{document.name} is with {schools} now.{f' ({document.remark})' if document.remark else ''}"


def _id(id: str) -> str:
    return id.strip().lower()


def _administrator(errand: Errand) -> "Actor":
    from gateway.pipeline.transitions import Actor  # a listing of documents need not wait for it

    return Actor(errand.actor, errand.actor)


def _sentence(refusal: Refusal, id: str) -> str:
    if refusal.code == "not-there":
        return f"There is no document or publication {id}. `gateway admin documents list` shows the ids."
    return refusal.sentence
