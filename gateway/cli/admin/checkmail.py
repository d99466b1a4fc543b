"""`gateway admin schools check-mail`: whether mail from a domain or an address would pass here, and why not.

Owns the reasons that lie with us: what the settings allow, and who is registered. What the DNS says is
`inbound.smtp.prospects`. Changes nothing and sends nothing but DNS questions (Source: SPEC 4, 13).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import click

from gateway.cli.admin.errand import Errand
from gateway.cli.exits import DATA
from gateway.cli.render import Screen, print_json
from gateway.core.admission import may_send
from gateway.core.register import Account, Directory
from gateway.core.standing import Approach
from gateway.core.visible import visible
from gateway.errors import NotThere, Transient
from gateway.inbound.smtp.alignment import normal_domain
from gateway.inbound.smtp.prospects import Prospects, look_up
from gateway.inbound.smtp.strangers import name_server
from gateway.pipeline.people.access import Access
from gateway.settings import Settings

_SILENCE = (
    "What {domain} says about its mail can't be known just now: {trouble}. Until it can, mail from there is told to "
    "come again, and is not refused. Please try again in some minutes; if other domains can be looked up and this one "
    "can't, its own name server is at fault, which the school's IT can put right."
)


@dataclass(frozen=True)
class Findings:
    """What there is to tell."""

    asked: str  # the domain or the address
    prospects: Prospects
    accounts: tuple[str, ...]  # usernames of who may send from there
    hindrances: tuple[str, ...]  # sentences; without any, its mail would pass
    remarks: tuple[str, ...]

    @property
    def would_pass(self) -> bool:
        """Whether mail from there would be taken, if it is what it says it is."""
        return not self.hindrances


async def check_mail(errand: Errand, asked: str) -> None:
    """Show the findings; leave with 65 when its mail would not pass. Raises NotThere, Transient."""
    domain = _domain(asked)
    settings = errand.house.settings
    try:
        prospects = await look_up(domain, names=name_server(settings.dns))
    except Transient as trouble:
        raise Transient(_SILENCE.format(domain=domain, trouble=trouble)) from trouble
    people = list(_people(asked, domain, await errand.ledger.directory()))
    may_not = partial(_refusal, errand.house.access)
    findings = Findings(
        asked,
        prospects,
        accounts=tuple(sorted(a.username for a in people if may_not(a) is None)),
        hindrances=tuple(_hindrances(asked, prospects, settings=settings, people=[(a, may_not(a)) for a in people])),
        remarks=tuple(_remarks(settings)),
    )
    _show(findings, errand.screen)
    if not findings.would_pass:
        click.get_current_context().exit(DATA)


def _domain(asked: str) -> str:
    """Return the domain in what was asked for, in ASCII."""
    domain = normal_domain(asked.rpartition("@")[2])
    if not domain or asked.startswith("@"):
        raise NotThere(
            f"{asked} is neither a domain nor an email address; expected one like leys.example or office@leys.example."
        )
    return domain


def _hindrances(
    asked: str, prospects: Prospects, *, settings: Settings, people: Sequence[tuple[Account, str | None]]
) -> Iterator[str]:
    if not settings.smtp.verify_domains:
        yield (
            "[smtp] verify_domains is off in gateway.toml, so whoever sends to the public listeners must sign in; "
            "what stands in the DNS decides nothing there."
        )
    if not prospects.can_pass:
        yield f"Neither SPF nor DKIM could prove mail from {prospects.domain}: ask the school's IT to set one up."
    if not people:
        yield f"Nobody with {'this address' if '@' in asked else f'an address at {prospects.domain}'} is registered."
    elif all(refusal for _, refusal in people):
        yield from dict.fromkeys(f"{account.username}: {refusal}" for account, refusal in people)


def _remarks(settings: Settings) -> Iterator[str]:
    if settings.smtp.relay or settings.lmtp.listen:
        yield "Mail through your own mail server is judged by what that server found (Authentication-Results)."
    yield "Who signs in with a username and a password needs none of these records."
    yield "A file is taken only for a school of its sender; that is checked by its name, not here."


def _people(asked: str, domain: str, directory: Directory) -> Iterator[Account]:
    """Yield whose address was meant."""
    if "@" in asked:
        account = directory.by_address(asked)
        yield from () if account is None else (account,)
        return
    for account in directory.accounts.values():
        if normal_domain(account.email.rpartition("@")[2]) == domain:
            yield account


def _refusal(access: Access, account: Account) -> str | None:
    """Return why an account may send nothing by email."""
    refusal = access.refusal(account, Approach.EMAIL)
    if refusal is not None:
        return refusal.sentence.replace("{contact}", "the contact")
    return None if may_send(account) else "this account may send for no school."


def _show(findings: Findings, screen: Screen) -> None:
    if screen.as_json:
        print_json(_as_json(findings))
        return
    passes = "would pass, when it is what it says it is" if findings.would_pass else "would not pass"
    click.echo(visible(f"Mail from {findings.asked} {passes}."))
    for hindrance in findings.hindrances:
        click.echo(visible(f"  - {hindrance}"))
    for clue in findings.prospects.clues:
        screen.heading(clue.kind)
        for line in (*clue.records, clue.sentence):
            click.echo(visible(line))
    screen.heading("To know")
    for remark in findings.remarks:
        click.echo(visible(remark))


def _as_json(findings: Findings) -> dict[str, object]:
    return {
        "asked": findings.asked,
        "domain": findings.prospects.domain,
        "would_pass": findings.would_pass,
        "hindrances": list(findings.hindrances),
        "accounts": list(findings.accounts),
        "records": [asdict(clue) for clue in findings.prospects.clues],
        "remarks": list(findings.remarks),
    }
