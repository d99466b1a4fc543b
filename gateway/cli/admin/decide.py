"""`gateway admin files reject | reroute | recall | receive | accept`: what an administrator decides for somebody else.

Owns the commands' words. What may be decided is `pipeline.decisions`; what it refuses leaves with 65 and its sentence,
what may go better in a minute with 75 (Source: SPEC 6, 13).
"""

from typing import TYPE_CHECKING

import click

from gateway.cli.admin.errand import Errand, on_errand
from gateway.cli.filters import SERVICE_CODE
from gateway.cli.shapes import file_json
from gateway.core.admission import Refusal
from gateway.core.model import FileRecord
from gateway.errors import NotThere, Transient

if TYPE_CHECKING:
    from gateway.pipeline.transitions import Actor


@click.command("reject", short_help="Reject a file, also one that was received.")
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="For the sender: what is wrong, and what to do.")
@on_errand
async def reject_file(errand: Errand, id: str, reason: str) -> None:
    """Reject a file, also after it was received; the sender and the headteacher are told by whom.

    A file that an officer rejected without saying why is given this reason, and the sender is told it.
    """
    if not reason.strip():
        raise click.BadParameter("expected a reason: the sender reads it", param_hint="--reason")
    answer = await errand.house.decisions.reject(_id(id), by=_administrator(errand), why=reason)
    _show(errand, answer, id, "was rejected.")


@click.command("reroute", short_help="Hand a file to the service that it is for.")
@click.argument("id")
@click.argument("code", type=SERVICE_CODE)
@on_errand
async def reroute_file(errand: Errand, id: str, code: str) -> None:
    """Hand a file to another service; whoever had it can't read it any more, and the sender learns the right code."""
    answer = await errand.house.decisions.reroute(_id(id), code, by=_administrator(errand))
    _show(errand, answer, id, f"is on its way to {code}.")


@click.command("recall")
@click.argument("id")
@on_errand
async def recall_file(errand: Errand, id: str) -> None:
    """Take a file back for its school, as long as nobody received it."""
    answer = await errand.house.decisions.recall(_id(id), by=_administrator(errand))
    _show(errand, answer, id, "was recalled.")


@click.command("receive")
@click.argument("id")
@click.option("--by", "username", required=True, metavar="USER", help="The officer who has it: a username.")
@on_errand
async def receive_file(errand: Errand, id: str, username: str) -> None:
    """Record that a named officer of its service has a file."""
    officer = (await errand.ledger.directory()).account(username)
    if officer is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    from gateway.pipeline.transitions import Actor

    answer = await errand.house.decisions.receive(_id(id), by=Actor.of(officer), why=f"recorded by {errand.actor}")
    _show(errand, answer, id, f"was received by {officer.full_name}.")


@click.command("accept", short_help="Send a rejected file under its right name.")
@click.argument("id")
@click.option("--as-name", metavar="NAME", help="The name that it shall have; else the correction that was offered.")
@on_errand
async def accept_file(errand: Errand, id: str, as_name: str | None) -> None:
    """Send a rejected file whose bytes are held, under its right name; nothing is sent again."""
    answer = await errand.house.decisions.accept(_id(id), by=_administrator(errand), name=as_name)
    _show(errand, answer, id, "was sent.")


COMMANDS = (reject_file, reroute_file, recall_file, receive_file, accept_file)


def _id(id: str) -> str:
    return id.strip().lower()


def _administrator(errand: Errand) -> "Actor":
    from gateway.pipeline.transitions import Actor  # a listing of files need not wait for it

    return Actor(errand.actor, errand.actor)


def _show(errand: Errand, answer: FileRecord | Refusal, id: str, done: str) -> None:
    """Show the file as it is now. Raises NotThere or Transient for what was refused."""
    from gateway.pipeline.decisions import NOT_THERE, TRY_AGAIN

    if isinstance(answer, FileRecord):
        errand.screen.action(file_json(answer), sentence=f"{answer.name} {done}")
        return
    if answer == NOT_THERE:
        raise NotThere(f"There is no file {id}. `gateway admin files list` shows the ids.")
    raise Transient(answer.sentence) if answer.code in TRY_AGAIN else NotThere(answer.sentence)
