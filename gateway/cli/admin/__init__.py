"""`gateway admin`: what an administrator sees and changes, a noun a file.

Owns the actor: whose name stands in the record of everything that is changed here (Source: SPEC 13).
"""

from dataclasses import replace

import click

from gateway.cli.owner import actor_name
from gateway.cli.root import LazyGroup, Part, invocation

NOUNS = {
    "status": Part("gateway.cli.admin.status:status_command", "Is it running, what is stuck, what is on the disk."),
    "files": Part("gateway.cli.admin.files:files", "What was sent, and what became of it."),
    "documents": Part("gateway.cli.admin.documents:documents", "What schools get: publish, confirm, see, delete."),
    "deliveries": Part("gateway.cli.admin.deliveries:deliveries", "What is owed to services, and another try."),
    "failed": Part("gateway.cli.admin.failed:failed", "What no program could work on: another try, or its end."),
    "requests": Part("gateway.cli.admin.requests:requests", "What schools are asked to send, and who has not yet."),
    "users": Part("gateway.cli.admin.users:users", "People, their accounts, and what opens the doors to them."),
    "incident": Part("gateway.cli.admin.incident:incident", "Investigations at schools: access suspended, files held."),
    "schools": Part("gateway.cli.admin.schools:schools", "The schools of the register."),
    "services": Part("gateway.cli.admin.services:services", "The services, as routing/ names them."),
    "notices": Part("gateway.cli.admin.notices:notices", "Emails that went out, and those that are still owed."),
    "report": Part("gateway.cli.admin.report:report", "Traffic, rejections, what waits, how schools use it."),
    "retention": Part("gateway.cli.admin.retention:retention", "What is due to be destroyed, and its destruction."),
}


@click.group(cls=LazyGroup, parts=NOUNS)
@click.option("--as", "actor", metavar="NAME", help="Who stands in the records; else SUDO_USER or the login name.")
@click.pass_context
def admin(ctx: click.Context, actor: str | None) -> None:
    """See what is stuck and put it right; keep the register. Runs as the owner of the data folder."""
    if actor is not None and not (actor.strip() and actor.isprintable()):
        raise click.BadParameter("expected a name to stand in the records", param_hint="--as")
    # Asked now: once root has become the owner of the data, the login name is not to be had.
    ctx.obj = replace(invocation(ctx), actor=actor_name(actor))
