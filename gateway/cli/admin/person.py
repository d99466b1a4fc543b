"""A person on the command line: the options that say who somebody is, and for whom they work.

Owns the options, for accounts that are added and for those that are asked for; whether a person can have one is
`core.newcomer` (Source: SPEC 8, 9, 13).
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from gateway.cli.filters import DFE_NUMBER, SERVICE_CODE
from gateway.core.register import Role

F = TypeVar("F", bound=Callable[..., Any])


def with_person(roles: Iterable[Role]) -> Callable[[F], F]:
    """Give a command the options; they arrive as `forename`, `surname`, `email`, `role`, `schools` and `services`."""
    words = click.Choice([str(role) for role in roles], case_sensitive=False)
    options = (
        click.option("--forename", required=True, metavar="NAME", help="As colleagues know the person."),
        click.option("--surname", required=True, metavar="NAME", help="The family name."),
        click.option("--email", required=True, help="The person's own address at work."),
        click.option("--role", required=True, type=words, help="What the person does here."),
        click.option("--school", "schools", multiple=True, type=DFE_NUMBER, help="A school to send for; repeat it."),
        click.option("--service", "services", multiple=True, type=SERVICE_CODE, help="An officer's; repeat it."),
    )

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
