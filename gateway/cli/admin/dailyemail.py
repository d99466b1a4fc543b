"""`gateway admin users daily-email` and `notices preview digest --school`: who gets the daily email, and what it says.

Owns the choice, which a person makes by asking the authority: headteachers get the email anyway (Source: SPEC 7, 13).
"""

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.render import Column, Row, print_json
from gateway.core.notices.dailyemail import TEMPLATE
from gateway.core.notices.receipts import plain
from gateway.core.register import Account, Role
from gateway.errors import NotThere

COLUMNS = (
    Column("username", "Username"),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("schools", "Schools"),
    Column("daily_email", "Daily email"),
)
_WHOSE = {
    Role.HEAD: "{name} is a headteacher, and gets the daily email anyway.",
    Role.OFFICER: "{name} is an officer: the daily email is for people of schools.",
    Role.DEVICE: "{name} is a copier: the daily email is for people.",
}


@click.command("daily-email", short_help="Choose who gets the daily email of documents.")
@click.argument("username", required=False)
@click.option("--on/--off", "wants", default=None, help="Whether this person gets it.")
@on_errand
async def daily_email(errand: Errand, username: str | None, wants: bool | None) -> None:
    """Give a person of a school's staff the daily email of new documents, or take it away; list who gets it."""
    directory, chosen = await errand.ledger.directory(), await errand.ledger.digest_choices()
    if username is None:
        if wants is not None:
            raise click.UsageError("expected a username with --on or --off")
        readers = [a for _, a in sorted(directory.accounts.items()) if _gets_it(a, chosen)]
        errand.screen.listing([_row(a, chosen) for a in readers], COLUMNS, empty="Nobody gets the daily email.")
        return
    account = directory.account(username)
    if account is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    if wants is None:
        errand.screen.listing([_row(account, chosen)], COLUMNS, empty="")
        return
    if account.role in _WHOSE:
        raise NotThere(_WHOSE[account.role].format(name=account.full_name))
    await errand.ledger.choose_digest(account.username, wants=wants, actor=errand.actor, at=errand.now())
    gets = "gets the daily email of new documents" if wants else "gets no daily email of new documents any more"
    errand.screen.action(_row(account, await errand.ledger.digest_choices()), sentence=f"{account.full_name} {gets}.")


async def preview(errand: Errand, school: str) -> None:
    """Show what the readers of a school would get now."""
    if (await errand.ledger.directory()).school(school) is None:
        raise NotThere(f"There is no school {school} in the register.")
    rows = [
        {"template": TEMPLATE, "username": reader.username, "address": reader.email, **_words(errand, plain(email))}
        for reader, email in await errand.house.daily_emails.waiting_for(school)
    ]
    if errand.screen.as_json:
        print_json(rows)
        return
    for number, row in enumerate(rows):
        if number:
            errand.screen.heading("")
        errand.screen.card(row, (Column("address", "To"), Column("subject", "Subject")))
        errand.screen.text(str(row["text"]))
    if not rows:
        errand.screen.text(
            f"No daily email would go to {school} now: nothing has come since the last one, or nobody reads it there "
            "(`gateway admin users daily-email` lists who does)."
        )


def _words(errand: Errand, context: dict[str, object]) -> Row:
    letter = errand.house.tables.templates.render(TEMPLATE, context)
    return {"subject": letter.subject, "text": letter.text, "html": letter.html}


def _gets_it(account: Account, chosen: frozenset[str]) -> bool:
    is_reader = account.role is Role.HEAD or (account.role is Role.STAFF and account.username in chosen)
    return is_reader and account.is_active and bool(account.email)


def _row(account: Account, chosen: frozenset[str]) -> Row:
    return {
        "username": account.username,
        "name": account.full_name,
        "role": str(account.role),
        "schools": list(account.schools),
        "daily_email": _gets_it(account, chosen),
    }
