"""`gateway admin users`: people, their accounts, and what opens the doors to them (Source: SPEC 9, 13).

An account that is added is VERIFIED: the authority knows the person, who still has to activate it. With `--activate`
the administrator vouches for the person and for the policy, signed on paper, and the account is ACTIVE at once.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.cli.admin.dailyemail import daily_email
from gateway.cli.admin.endings import COMMANDS as ENDINGS
from gateway.cli.admin.endings import show_grounds, suspension_json
from gateway.cli.admin.errand import Errand, on_errand, run_errand
from gateway.cli.admin.keys import read_public_keys
from gateway.cli.admin.person import with_person
from gateway.cli.admin.reviews import change_address, review
from gateway.cli.admin.userkeys import key
from gateway.cli.admin.wayin import COMMANDS as WAY_IN
from gateway.cli.admin.wayin import waiting_of, waits
from gateway.cli.filters import Filters, with_filters
from gateway.cli.render import Column, Kind, json_option, print_json
from gateway.cli.shapes import account_json, agreement_json
from gateway.core.agreement import Agreement
from gateway.core.newcomer import Newcomer, objections
from gateway.core.publickeys import read_keys
from gateway.core.register import Account, AccountState, Role
from gateway.errors import NotThere

COLUMNS = (
    Column("username", "Username"),
    Column("name", "Name"),
    Column("role", "Role"),
    Column("state", "State"),
    Column("schools", "Schools"),
    Column("services", "Services"),
    Column("email", "Email"),
    Column("last_login_at", "Last login", Kind.TIME),
    Column("waits", "Waits"),
)
_CARD = (
    *COLUMNS[:7],
    Column("has_password", "Password"),
    Column("password_set_at", "Password set on", Kind.TIME),
    Column("password_expires_at", "Password expires on", Kind.TIME),
    Column("keys", "Keys"),
    Column("policy_version", "Policy accepted"),
    Column("requested_at", "Requested on", Kind.TIME),
    Column("requested_by", "Requested by"),
    Column("verified_at", "Verified on", Kind.TIME),
    Column("verified_by", "Verified by"),
    Column("evidence", "Evidence"),
    Column("code_expires_at", "Code valid to", Kind.TIME),
    Column("activated_at", "Activated on", Kind.TIME),
    Column("last_login_at", "Last login", Kind.TIME),
    Column("is_stale", "Notices came back"),
)
_LONGEST_PASSWORD = 1024  # bytes on stdin


@click.group()
def users() -> None:
    """People, their accounts, and what opens the doors to them."""


for command in (*ENDINGS, *WAY_IN, key, review, change_address, daily_email):
    users.add_command(command)


@users.command("list", short_help="List accounts by username.")
@with_filters(statuses=tuple(AccountState))
@on_errand
async def list_users(errand: Errand, filters: Filters) -> None:
    """List accounts by username; the time is that of the request, else of the activation.

    --sent-by is who asked for the account.
    """
    directory = await errand.ledger.directory()
    logins = await errand.ledger.logins()
    found = [a for _, a in sorted(directory.accounts.items()) if _is_wanted(a, filters) and _began(a, filters, errand)]
    rules = errand.house.access.rules
    rows = [{**account_json(a, rules=rules, last_login=logins.get(a.username)), **waiting_of(errand, a)} for a in found]
    if not errand.screen.as_json:
        promised = errand.house.settings.accounts.promised_days
        rows = [{**row, "waits": waits(row, promised)} for row in rows]
    errand.screen.listing(rows, COLUMNS, empty="There is no such account.")


@users.command("show")
@click.argument("username")
@on_errand
async def show_user(errand: Errand, username: str) -> None:
    """Show one account."""
    account = (await errand.ledger.directory()).account(username)
    if account is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    last_login = (await errand.ledger.logins()).get(account.username)
    grounds = await errand.ledger.suspensions(account.username)
    row = {
        **account_json(account, rules=errand.house.access.rules, last_login=last_login),
        **waiting_of(errand, account),
        "agreements": [agreement_json(word) for word in await errand.ledger.agreements(account.username)],
        "suspensions": [suspension_json(ground) for ground in grounds],
    }
    if errand.screen.as_json:
        print_json(row)
    else:
        errand.screen.card(row, _CARD)
        show_grounds(errand, grounds)


@users.command("add")
@click.argument("username", metavar="USERNAME")
@with_person(Role)
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="A file with the person's public SSH key.")
@click.option("--password", "asks_password", is_flag=True, help="Ask for the person's own password, twice.")
@click.option("--password-stdin", is_flag=True, help="Read the person's own password from standard input.")
@click.option("--activate", is_flag=True, help="Vouch for the person, and that the policy was signed on paper.")
@json_option
@click.pass_context
def add_user(
    ctx: click.Context,
    /,
    *,
    key_file: Path | None,
    asks_password: bool,
    password_stdin: bool,
    activate: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Add an account for one person, or for one copier."""
    # Read by whoever calls, before root becomes the owner of the data: the key may lie where only the caller reads.
    password = _read_password(asks=asks_password, from_stdin=password_stdin)
    keys = read_public_keys(key_file) if key_file else ()
    newcomer = _newcomer(password=password, **said)
    run_errand(ctx, lambda errand: _add(errand, newcomer, keys=keys, activate=activate), as_json=as_json)


def _newcomer(*, username: str, role: str, password: str | None, **said: Any) -> Newcomer:
    said["schools"], said["services"] = _once(said["schools"]), _once(said["services"])
    return Newcomer(username=username.strip().lower(), role=Role(role), password=password, **said)


def _once(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


async def _add(errand: Errand, newcomer: Newcomer, *, keys: tuple[str, ...], activate: bool) -> None:
    _, unfit = read_keys("\n".join(keys), errand.house.policy.current.keys.rules)
    if faults := (*await _faults(errand, newcomer), *map(str, unfit)):
        raise NotThere("\n".join(faults))
    account = await _account(errand, newcomer, keys=keys, activate=activate)
    why = f"on paper, by {errand.actor}" if activate else ""
    policy, now = errand.house.tables.acceptable_use, errand.now()
    agreed = Agreement(policy.version, policy.digest, now, why) if activate else None
    await errand.ledger.add_account(account, actor=errand.actor, at=now, why=why, agreed=agreed)
    state = "and is active" if activate else "and can use it once it is activated"
    known = replace(account, policy_version=policy.version if activate else None)
    errand.screen.action(
        account_json(known, rules=errand.house.access.rules),
        sentence=f"{account.full_name} has the account {account.username} {state}.",
    )


async def _faults(errand: Errand, newcomer: Newcomer) -> tuple[str, ...]:
    """Return every reason why this account can't be, the password's included."""
    from gateway.pipeline.people.accounts import house_rules

    faults = objections(newcomer, house_rules(errand.house.policy.current, await errand.ledger.directory()))
    if newcomer.password is None:
        return faults
    of_password = await errand.house.passwords.judge(newcomer.password, of=newcomer.account())
    return (*faults, *(f"The password can't be used. {sentence}" for sentence in of_password))


async def _account(errand: Errand, newcomer: Newcomer, *, keys: tuple[str, ...], activate: bool) -> Account:
    now = errand.now()
    has_password = newcomer.password is not None
    return replace(
        newcomer.account(),
        state=AccountState.ACTIVE if activate else AccountState.VERIFIED,
        password_hash=await errand.house.hasher.hash(newcomer.password) if newcomer.password is not None else None,
        password_set_at=now if has_password else None,
        keys=keys,
        activated_at=now if activate else None,
    )


def _read_password(*, asks: bool, from_stdin: bool) -> str | None:
    if asks and from_stdin:
        raise click.UsageError("--password asks for it and --password-stdin reads it; expected one of them.")
    if from_stdin:
        return _password_from_stdin()
    if asks and not sys.stdin.isatty():
        raise click.UsageError("--password needs a terminal to ask at; in a script use --password-stdin.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True)) if asks else None


def _password_from_stdin() -> str:
    line = sys.stdin.buffer.readline(_LONGEST_PASSWORD + 2).rstrip(b"\r\n")
    try:
        password = line.decode("utf-8")
    except UnicodeDecodeError:
        raise NotThere("The password on standard input is no text in UTF-8.") from None
    if not password or len(line) > _LONGEST_PASSWORD:
        raise NotThere(f"Expected a password of 1 to {_LONGEST_PASSWORD} bytes as the first line of standard input.")
    return password


def _began(account: Account, filters: Filters, errand: Errand) -> bool:
    """Return whether an account was asked for, else activated, in the window that was asked for."""
    return filters.has_time(account.requested_at or account.activated_at, zone=errand.zone, now=errand.now())


def _is_wanted(account: Account, filters: Filters) -> bool:
    return (
        (filters.school is None or filters.school in account.schools)
        and (filters.service is None or filters.service in account.services)
        and (not filters.status or account.state in filters.status)
        and filters.is_by(account.requested_by)
        and filters.matches(account.username, account.full_name, account.email)
    )
