"""`gateway admin retention`: what is due to be destroyed, and its destruction (Source: SPEC 10, 13)."""

from dataclasses import replace
from datetime import datetime

import click

from gateway.cli.admin.documents import of_service
from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import MOMENT, Filters, Moment, instant, with_filters
from gateway.cli.render import Column, Kind, Row, iso, print_json
from gateway.cli.shapes import document_json, file_json
from gateway.core.documents import Document, DocumentState
from gateway.core.model import FileRecord, Status

COLUMNS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("school", "School"),
    Column("service", "Service"),
    Column("status", "Status"),
    Column("sent_at", "Date sent", Kind.TIME),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("size", "Size", Kind.SIZE),
)
DUE = (COLUMNS[0], Column("kind", "Kind"), *COLUMNS[1:])
DOCUMENTS = (
    Column("id", "Id"),
    Column("name", "Name"),
    Column("folder", "Folder"),
    Column("reach", "Schools", Kind.NUMBER),
    Column("state", "State"),
    Column("sent_at", "Came", Kind.TIME),
    Column("expires_at", "Kept until", Kind.TIME),
    Column("size", "Size", Kind.SIZE),
)
_ALL = 1_000_000  # documents at the most in one answer


@click.group()
def retention() -> None:
    """What is due to be destroyed, and its destruction."""


@retention.command("due", short_help="List whose bytes are to be destroyed, newest first.")
@click.option("--at", type=MOMENT, help="As it will be then; else now.")
@click.option("--documents", is_flag=True, help="Documents for schools alone.")
@click.option("--files", is_flag=True, help="Files from schools alone.")
@with_filters(statuses=(*Status, *DocumentState))
@on_errand
async def list_due(errand: Errand, *, at: Moment | None, documents: bool, files: bool, filters: Filters) -> None:
    """List files and documents whose bytes are to be destroyed, newest first."""
    if documents and files:
        raise click.UsageError("expected --documents or --files, or neither for both")
    when = errand.now() if at is None else instant(at, errand.zone)
    rows: list[Row] = (
        [] if documents else [{"kind": "file", **file_json(f)} for f in await _wanted_files(errand, when, filters)]
    )
    rows += [] if files else [_document_row(d) for d in await _wanted_documents(errand, when, filters)]
    rows.sort(key=lambda row: str(row["id"]), reverse=True)
    errand.screen.listing(rows, DUE, empty="Nothing is due.")


@retention.command("purge")
@click.option("--dry-run", is_flag=True, help="Say what would be destroyed, and destroy nothing.")
@on_errand
async def purge(errand: Errand, dry_run: bool) -> None:
    """Destroy what is due now; never anything before its term."""
    now = errand.now()
    due = await _due(errand, now)
    documents = await errand.ledger.due_documents(now, _ALL)
    if not dry_run:
        while await errand.house.purge.pass_once(actor=errand.actor):
            pass  # a pass has a limit
    after = [await errand.ledger.file(file.id) or file for file in due]
    found = [await errand.ledger.document(document.id) for document in documents]
    _report(errand, after, [a.document for a in found if a], at=now, dry_run=dry_run)


async def _due(errand: Errand, at: datetime) -> list[FileRecord]:
    return list(reversed(await errand.house.purge.due(at)))


async def _wanted_files(errand: Errand, at: datetime, filters: Filters) -> list[FileRecord]:
    """Return the files that are due at a time, of the filters; a state of documents alone is none of theirs."""
    due, states = await _due(errand, at), [word for word in filters.status if word in set(Status)]
    if filters == Filters() or (filters.status and not states):
        return due if filters == Filters() else []
    narrowed = replace(filters, status=tuple(states))
    wanted = {file.id for file in await errand.ledger.files(narrowed.files(zone=errand.zone, now=errand.now()))}
    return [file for file in due if file.id in wanted]


async def _wanted_documents(errand: Errand, at: datetime, filters: Filters) -> list[Document]:
    """Return the documents that are due at a time, of the filters; a status of files alone is none of theirs."""
    due, states = await errand.ledger.due_documents(at, _ALL), [w for w in filters.status if w not in set(Status)]
    if filters == Filters() or (filters.status and not states):
        return due if filters == Filters() else []
    narrowed = replace(filters, status=tuple(states))
    found = await errand.ledger.documents(narrowed.documents(zone=errand.zone, now=errand.now()))
    wanted = {document.id for document in of_service(found, filters.service, await errand.ledger.directory())}
    return [document for document in due if document.id in wanted]


def _document_row(document: Document) -> Row:
    """Return a document as a row."""
    row = document_json(document)
    return {"kind": "document", **row, "status": row["state"], "school": None, "service": None}


def _report(errand: Errand, found: list[FileRecord], documents: list[Document], *, at: datetime, dry_run: bool) -> None:
    destroyed = [file for file in found if file.purged_at is not None]
    if errand.screen.as_json:
        print_json(
            {
                "dry_run": dry_run,
                "at": iso(at),
                "due": len(found),
                "destroyed": len(destroyed),
                "files": [file_json(file) for file in found],
                "documents": [document_json(document) for document in documents],
            }
        )
        return
    errand.screen.listing([file_json(file) for file in found], COLUMNS, empty="Nothing is due.")
    if found:
        said = f"{len(found)} due; nothing was destroyed (dry run)." if dry_run else f"{len(destroyed)} destroyed."
        click.echo(said)
    if documents:
        errand.screen.heading("Documents for schools")
        errand.screen.table([document_json(document) for document in documents], DOCUMENTS)
        gone = sum(document.purged_at is not None for document in documents)
        click.echo(f"{len(documents)} due; none was destroyed (dry run)." if dry_run else f"{gone} destroyed.")
