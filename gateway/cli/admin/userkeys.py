"""`gateway admin users key`: the public keys that open an account (Source: SPEC 9, 13).

Owns the commands' words. What a key must be is `core.publickeys`; its owner gets an email about each change.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.admin.errand import Errand, on_errand, run_errand
from gateway.cli.admin.keys import read_public_keys
from gateway.cli.render import Column, Kind, Row, iso, json_option
from gateway.core.admission import Refusal
from gateway.core.publickeys import key_of
from gateway.core.register import Account
from gateway.errors import NotThere

if TYPE_CHECKING:
    from gateway.pipeline.people.keys import KeyChange

COLUMNS = (
    Column("fingerprint", "Fingerprint"),
    Column("kind", "Kind"),
    Column("comment", "Comment"),
    Column("added_at", "Since", Kind.TIME),
    Column("added_by", "By"),
    Column("last_used_at", "Last used", Kind.TIME),
)


@click.group("key", short_help="Public keys that open an account.")
def key() -> None:
    """Public keys that open an account; their owner can change them over SFTP, in My Account."""


@key.command("list")
@click.argument("username", metavar="USER")
@on_errand
async def list_keys(errand: Errand, username: str) -> None:
    """List the keys of an account, with their age and last use."""
    account = await _account(errand, username)
    errand.screen.listing(await _rows(errand, account), COLUMNS, empty=f"{account.username} has no keys.")


@key.command("add", short_help="Add public keys to an account.")
@click.argument("username", metavar="USER")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def add_key(ctx: click.Context, username: str, file: Path, as_json: bool) -> None:
    """Add the public keys of a file to an account, beside those that it has."""
    text = "\n".join(read_public_keys(file))  # by whoever calls, before root becomes the owner of the data
    run_errand(ctx, lambda errand: _add(errand, username, text), as_json=as_json)


@key.command("remove")
@click.argument("username", metavar="USER")
@click.argument("fingerprint", metavar="SHA256:…")
@on_errand
async def remove_key(errand: Errand, username: str, fingerprint: str) -> None:
    """Take a key away; sessions that it opened end within seconds."""
    account = await _account(errand, username)
    await _show(errand, await errand.house.keys.remove(account.username, fingerprint, by=errand.actor))


async def _add(errand: Errand, username: str, text: str) -> None:
    account = await _account(errand, username)
    await _show(errand, await errand.house.keys.add(account.username, text, by=errand.actor))


async def _show(errand: Errand, answer: "KeyChange | Refusal") -> None:
    """Show the keys as they are now. Raises NotThere for what was refused."""
    if isinstance(answer, Refusal):
        raise NotThere(answer.sentence)
    done = [f"added {each.fingerprint}" for each in answer.added]
    done += [f"removed {each.fingerprint}" for each in answer.removed]
    row: Row = {"username": answer.account.username, "keys": await _rows(errand, answer.account)}
    errand.screen.action(row, sentence=f"{answer.account.username}: {', '.join(done) or 'nothing was changed'}.")


async def _rows(errand: Errand, account: Account) -> list[Row]:
    facts = {fact.fingerprint: fact for fact in await errand.ledger.key_facts(account.username)}
    rows: list[Row] = []
    for found in map(key_of, account.keys):
        fact = facts.get(found.fingerprint)
        rows.append(
            {
                "fingerprint": found.fingerprint,
                "kind": found.kind,
                "comment": found.comment or None,
                "added_at": iso(fact.added_at) if fact else None,
                "added_by": fact.added_by if fact else None,
                "last_used_at": iso(fact.last_used_at) if fact else None,
            }
        )
    return rows


async def _account(errand: Errand, username: str) -> Account:
    account = (await errand.ledger.directory()).account(username)
    if account is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    return account
