"""`gateway admin users request | verify | activate | password`: a person's way in, step by step.

Owns the commands' words. The steps themselves, and who is told of each, are `people.accounts` (Source: SPEC 9, 13).
"""

from collections.abc import Iterable
from typing import Any

import click

from gateway.cli.admin.errand import Enquiry, Errand, on_errand
from gateway.cli.admin.person import with_person
from gateway.cli.render import Row
from gateway.cli.shapes import account_json
from gateway.core.newcomer import Newcomer, free_username, objections, waiting_days
from gateway.core.register import Account, Role
from gateway.errors import NotThere

_PEOPLE = [role for role in Role if role is not Role.DEVICE]


@click.command("request", short_help="Note that somebody asked for an account.")
@click.argument("username", metavar="[USERNAME]", required=False)
@with_person(_PEOPLE)
@click.option("--by", "asked_by", metavar="NAME", default="", help="Who asked for it, when it was not you.")
@on_errand
async def request_user(errand: Errand, username: str | None, role: str, asked_by: str, **said: Any) -> None:
    """Note that somebody asked for an account: it waits to be verified. Without USERNAME one is made of the name."""
    said["schools"], said["services"] = (tuple(dict.fromkeys(said[name])) for name in ("schools", "services"))
    directory = await errand.ledger.directory()
    name = username.strip().lower() if username else free_username(said["forename"], said["surname"], directory)
    newcomer = Newcomer(username=name, role=Role(role), **said)
    from gateway.pipeline.people.accounts import house_rules

    if faults := objections(newcomer, house_rules(errand.house.policy.current, directory)):
        raise NotThere("\n".join(faults))
    by = asked_by.strip() or errand.actor
    account = await errand.house.accounts.request(newcomer.account(), by=by, actor=errand.actor)
    days = errand.house.settings.accounts.promised_days
    _show(errand, account, f"waits to be verified; the account is promised within {days} days.")


@click.command("verify", short_help="Say that a person is known, and on what evidence.")
@click.argument("username")
@click.option("--evidence", required=True, metavar="TEXT", help="What shows who it is: the reference of a form.")
@on_errand
async def verify_user(errand: Errand, username: str, evidence: str) -> None:
    """Say that the authority knows this person, and on what evidence: the code for the first login is mailed."""
    if not evidence.strip():
        raise click.BadParameter("expected what shows who it is, like the reference of a form", param_hint="--evidence")
    account = await errand.house.accounts.verify(username, evidence=evidence.strip(), actor=errand.actor)
    _show(errand, account, f"is verified; a one-time code goes to {account.email}.")


@click.command("activate", short_help="Mail a one-time code for the first login.")
@click.argument("username")
@on_errand
async def activate_user(errand: Errand, username: str) -> None:
    """Mail a (new) one-time code for the first login; an earlier one is void."""
    account = await errand.house.accounts.send_activation(username, actor=errand.actor)
    _show(errand, account, f"is not active yet; a one-time code goes to {account.email}.")


@click.command("password", short_help="Reset a forgotten password, by a one-time code.")
@click.argument("username")
@on_errand
async def reset_password(errand: Errand, username: str) -> None:
    """Reset a forgotten password: the old one is void, a one-time code is mailed, the headteacher is told."""
    account = await errand.house.accounts.reset_password(username, actor=errand.actor)
    _show(errand, account, f"has no password any more; a one-time code for a new one goes to {account.email}.")


@click.command("form", short_help="Mail a headteacher the form to ask for accounts.")
@click.argument("username")
@on_errand
async def send_form(errand: Errand, username: str) -> None:
    """Mail a headteacher the form by which they ask for accounts: a reply to it is a request for each person."""
    head = (await errand.ledger.directory()).account(username)
    if head is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    await errand.house.forms.send(head, actor=errand.actor)
    _show(errand, head, f"is sent the form at {head.email}.")


COMMANDS = (request_user, verify_user, activate_user, reset_password, send_form)


def waiting_of(enquiry: Enquiry, account: Account) -> Row:
    """Return how long somebody has waited for the account, and whether that is longer than was promised."""
    days, promised = waiting_days(account, enquiry.now()), enquiry.settings.accounts.promised_days
    return {"waiting_days": days, "is_late": days is not None and days >= promised}


def waits(row: Row, promised: int) -> str:
    """Return the same as people read it."""
    days = row["waiting_days"]
    if days is None:
        return ""
    return f"{days} of {promised} days{', LATE' if row['is_late'] else ''}"


def late_and_waiting(enquiry: Enquiry, accounts: Iterable[Account]) -> Row:
    """Return how many wait to be verified or activated, and who waits longer than was promised."""
    waiting = [(a, row) for a in accounts if (row := waiting_of(enquiry, a))["waiting_days"] is not None]
    late = [
        {"username": a.username, "state": str(a.state), "waiting_days": row["waiting_days"]}
        for a, row in waiting
        if row["is_late"]
    ]
    return {"waiting": len(waiting), "promised_days": enquiry.settings.accounts.promised_days, "late": late}


def _show(errand: Errand, account: Account, sentence: str) -> None:
    row = account_json(account, rules=errand.house.access.rules)
    errand.screen.action(row, sentence=f"{account.full_name} ({account.username}) {sentence}")
