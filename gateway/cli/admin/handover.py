"""`gateway admin files export | delete`: bytes that leave the gateway otherwise than by their route and their term.

Owns the copy that an administrator takes out, whole or not at all, and the destruction on request; both stand in the
audit trail with who wanted it and why (Source: SPEC 10, 13).
"""

import hashlib
import os
from pathlib import Path

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.shapes import file_json
from gateway.core.model import FileRecord
from gateway.errors import NotThere, Transient
from gateway.ports import Archive

_PIECE = 1 << 20  # bytes in memory


@click.command("export", short_help="Write a copy of a file's bytes into a folder.")
@click.argument("id")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A folder that is there.")
@click.option("--reason", required=True, metavar="TEXT", help="For the audit trail.")
@on_errand
async def export_file(errand: Errand, id: str, folder: Path, reason: str) -> None:
    """Write a copy of a file's bytes into a folder; its status stays as it is."""
    file = await _held(errand, id)
    if not reason.strip():
        raise click.BadParameter("expected a reason: it stands in the audit trail", param_hint="--reason")
    if not folder.is_dir():
        raise NotThere(f"There is no folder {folder}; make it, writable for the owner of the data.")
    # In the trail before the bytes leave: a copy that nobody knows of is worse than a row about none.
    await errand.ledger.note(
        at=errand.now(), actor=errand.actor, action="export", subject=file.id, detail={"reason": reason.strip()}
    )
    target = folder / file.name
    await _copy(errand.house.archive, file, target)
    errand.screen.action(
        {**file_json(file), "exported_to": str(target)}, sentence=f"{file.name} was copied to {target}."
    )


@click.command("delete", short_help="Destroy a file's bytes before their term.")
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="For the audit trail.")
@click.option("--requested-by", required=True, metavar="WHO", help="Who wants it, for the audit trail.")
@on_errand
async def delete_file(errand: Errand, id: str, reason: str, requested_by: str) -> None:
    """Destroy a file's bytes before their term, and mask its record as the term would; it can't be undone."""
    file = await _held(errand, id)
    if not (reason.strip() and requested_by.strip()):
        raise click.UsageError("expected a reason and who requested it: both stand in the audit trail")
    # In one sentence: of the words beside a destroyed file's trail, its reasons alone are kept.
    why = f"{reason.strip()} (requested by {requested_by.strip()})"
    await errand.ledger.note(
        at=errand.now(), actor=errand.actor, action="delete", subject=file.id, detail={"reason": why}
    )
    await errand.ledger.mark_destroying([file.id], errand.now())
    await errand.house.purge.pass_once(actor=errand.actor)
    after = await errand.ledger.file(file.id) or file
    if after.purged_at is None and any(begun.id == file.id for begun in await errand.ledger.destroying()):
        raise Transient(
            f"The bytes of {file.id} are destroyed, and nobody sees it any more. Its copy in a drop folder can't be "
            "reached just now; the gateway takes it back as soon as it can."
        )
    if after.purged_at is None:
        raise NotThere(f"{file.id} is on hold, so it can't be destroyed before the hold is released.")
    errand.screen.action(file_json(after), sentence=f"{file.id} was destroyed.")


COMMANDS = (export_file, delete_file)


async def _held(errand: Errand, id: str) -> FileRecord:
    """Return a file whose bytes we hold. Raises NotThere."""
    file = await errand.ledger.file(id.strip().lower())
    if file is None:
        raise NotThere(f"There is no file {id}. `gateway admin files list` shows the ids.")
    if file.place is None:
        raise NotThere(f"The bytes of {file.id} are not held{' any more' if file.purged_at else ''}.")
    return file


async def _copy(archive: Archive, file: FileRecord, target: Path) -> None:
    """Write the bytes under a temporary name, check their digest, and rename; never over another file."""
    if target.exists():
        raise NotThere(f"There is a file {target} already; choose another folder.")
    under_way = target.with_name(f".{file.id}.part")
    try:
        digest = await _write(archive, file, under_way)
        if digest != file.sha256:
            raise Transient(f"The bytes of {file.id} are not those that were received. Look at the disk.")
        os.link(under_way, target)
    except OSError as trouble:
        raise Transient(f"It could not be written to {target.parent}: {trouble.strerror}.") from trouble
    finally:
        under_way.unlink(missing_ok=True)


async def _write(archive: Archive, file: FileRecord, path: Path) -> str:
    digest, offset = hashlib.sha256(), 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as out:
        while piece := await archive.read(file.place or "", offset, _PIECE):
            out.write(piece)
            digest.update(piece)
            offset += len(piece)
        os.fsync(out.fileno())
    return digest.hexdigest()
