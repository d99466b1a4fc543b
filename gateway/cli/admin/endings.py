"""`gateway admin users suspend | revoke | reinstate`: access that ends, and comes back, in one command.

Owns the commands' words. Who is meant and what is refused is `people.suspend`; the daemon ends what is under way
within seconds (Source: SPEC 9, 13).
"""

from collections.abc import Callable, Mapping, Sequence

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import DFE_NUMBER
from gateway.cli.render import Column, Kind, Row, iso
from gateway.cli.shapes import account_json
from gateway.core.admission import Refusal
from gateway.core.register import Account, AccountState
from gateway.core.suspension import Suspension
from gateway.errors import NotThere
from gateway.pipeline.people.suspend import Whom

_CHANGED = (Column("username", "Username"), Column("name", "Name"), Column("role", "Role"), Column("state", "State"))

_GROUNDS = (
    Column("ground", "Ground"),
    Column("at", "Since", Kind.TIME),
    Column("by", "By"),
    Column("reason", "Reason"),
)

_ENDED = {
    AccountState.SUSPENDED: "is suspended; sessions that are open end within seconds.",
    AccountState.REVOKED: "is closed; sessions that are open end within seconds.",
}
_AGAIN = {
    AccountState.ACTIVE: "has access again.",
    AccountState.VERIFIED: "can be activated (again): `gateway admin users activate` sends a new code.",
    AccountState.REQUESTED: "is requested again, and has to be verified.",
}


def _with_whom(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command USER, --school and --reason."""
    wants = (
        click.argument("username", metavar="[USER]", required=False),
        click.option("--school", type=DFE_NUMBER, help="Everybody of this school, instead of one person."),
        click.option("--reason", required=True, metavar="TEXT", help="For the audit trail."),
    )
    for want in reversed(wants):
        command = want(command)
    return command


@click.command("suspend", short_help="Take access away until it is given back.")
@_with_whom
@on_errand
async def suspend_user(errand: Errand, username: str | None, school: str | None, reason: str) -> None:
    """Take access away until it is given back: every path is closed within seconds, sessions included."""
    whom = _whom(username, school)
    answer = await errand.house.suspend.suspend(whom, reason=reason_of(reason), by=errand.actor)
    _show(errand, whom, answer, _ENDED)


@click.command("revoke", short_help="Close an account for good.")
@_with_whom
@on_errand
async def revoke_user(errand: Errand, username: str | None, school: str | None, reason: str) -> None:
    """Close an account for good: its password and its keys are gone, its records stay."""
    whom = _whom(username, school)
    answer = await errand.house.suspend.revoke(whom, reason=reason_of(reason), by=errand.actor)
    _show(errand, whom, answer, _ENDED)


@click.command("reinstate", short_help="Give access back to who was suspended.")
@_with_whom
@on_errand
async def reinstate_user(errand: Errand, username: str | None, school: str | None, reason: str) -> None:
    """Give access back to who was suspended; who was closed has to be activated again.

    With --school: to those who were suspended with it, and to nobody who was suspended before.
    """
    whom = _whom(username, school)
    answer = await errand.house.suspend.reinstate(whom, reason=reason_of(reason), by=errand.actor)
    _show(errand, whom, answer, _AGAIN)


COMMANDS = (suspend_user, revoke_user, reinstate_user)


def reason_of(text: str) -> str:
    """Return a reason as it is kept. Raises BadParameter when nothing is said."""
    if not text.strip():
        raise click.BadParameter("expected a reason: it stands in the audit trail", param_hint="--reason")
    return text.strip()


def people_rows(errand: Errand, accounts: Sequence[Account]) -> list[Row]:
    """Return accounts as rows."""
    return [account_json(account, rules=errand.house.access.rules) for account in accounts]


def suspension_json(ground: Suspension) -> Row:
    """Return one ground on which an account is suspended."""
    return {"ground": ground.ground, "reason": ground.reason, "by": ground.actor, "at": iso(ground.at)}


def show_grounds(errand: Errand, grounds: Sequence[Suspension]) -> None:
    """Show why an account is suspended; nothing when it is not."""
    if grounds:
        errand.screen.heading("Suspended")
        errand.screen.table([suspension_json(ground) for ground in grounds], _GROUNDS)


def _whom(username: str | None, school: str | None) -> Whom:
    if (username is None) == (school is None):
        raise click.UsageError("expected one username, or --school with a DfE number")
    return Whom(username, school)


def _show(errand: Errand, whom: Whom, answer: tuple[Account, ...] | Refusal, done: Mapping[AccountState, str]) -> None:
    """Show who was changed. Raises NotThere for what was refused."""
    if isinstance(answer, Refusal):
        raise NotThere(answer.sentence)
    if whom.school is None:
        for account in answer:
            sentence = f"{account.full_name} ({account.username}) {done[account.state]}"
            errand.screen.action(*people_rows(errand, [account]), sentence=sentence)
        return
    errand.screen.listing(
        people_rows(errand, answer), _CHANGED, empty=f"Nobody of school {whom.school} was to be changed."
    )
