"""`gateway admin users review` and `address`: what people are asked about access, and about their own address.

Owns the commands' words. Who is asked, and what an answer changes, is `people.review` and `people.addresses`
(Source: SPEC 9, 13).
"""

import click

from gateway.cli.admin.endings import people_rows
from gateway.cli.admin.errand import Enquiry, Errand, on_enquiry, on_errand
from gateway.cli.filters import DFE_NUMBER, Filters, with_filters
from gateway.cli.render import Column, Kind, Row, iso, print_json
from gateway.core.addresses import AddressChange
from gateway.core.newcomer import Newcomer, objections_to_address
from gateway.core.register import Account
from gateway.core.reviews import Letter, Review, open_letters
from gateway.errors import NotThere

_REVIEWS = (
    Column("id", "Id"),
    Column("started_at", "Started", Kind.TIME),
    Column("started_by", "By"),
    Column("asked", "Schools"),
    Column("unanswered", "Unanswered"),
)
_LETTERS = (
    Column("school", "School"),
    Column("username", "Asked"),
    Column("sent_at", "Sent", Kind.TIME),
    Column("reminded_at", "Reminded", Kind.TIME),
    Column("answered_at", "Answered", Kind.TIME),
    Column("answer", "Answer"),
)


@click.group("review")
def review() -> None:
    """The termly review: each headteacher says who shall have access."""


@review.command("start", short_help="Mail each headteacher the list of who has access.")
@click.option("--school", "schools", multiple=True, type=DFE_NUMBER, help="Only this school; repeat it. Else all.")
@on_errand
async def start_review(errand: Errand, schools: tuple[str, ...]) -> None:
    """Mail each headteacher the list of who has access; a reply KEEP or REMOVE <person> is applied."""
    directory = await errand.ledger.directory()
    for number in schools:
        if directory.school(number) is None:
            raise NotThere(f"There is no school {number} in the register; `gateway admin schools list` shows them.")
    started = await errand.house.review.start(by=errand.actor, schools=schools)
    row = _review_json(started)
    alone = sorted({letter.school for letter in started.letters if not letter.username})
    more = f" Nobody can be asked for {', '.join(alone)}: no active headteacher." if alone else ""
    errand.screen.action(row, sentence=f"Review {started.id} has begun: {row['asked']} schools are asked.{more}")


@review.command("list", short_help="List reviews, newest first.")
@with_filters(
    statuses=("open", "answered"), only=("school", "status", "sent_by", "since", "until", "academic_year", "search")
)
@on_enquiry
async def list_reviews(enquiry: Enquiry, filters: Filters) -> None:
    """List reviews, newest first; the time is that of the beginning, --sent-by is who began it."""
    rows = [
        _review_json(found)
        for found in await enquiry.ledger.reviews()
        if (filters.school is None or any(letter.school == filters.school for letter in found.letters))
        and (not filters.status or ("open" if open_letters(found.letters) else "answered") in filters.status)
        and filters.is_by(found.started_by)
        and filters.has_time(found.started_at, zone=enquiry.zone, now=enquiry.now())
        and filters.matches(found.id, *(letter.username for letter in found.letters))
    ]
    enquiry.screen.listing(
        rows, _REVIEWS, empty="There is no such review. `gateway admin users review start` begins one."
    )


@review.command("show", short_help="Show a review: who was asked, who answered.")
@click.argument("id", required=False)
@on_errand
async def show_review(errand: Errand, id: str | None) -> None:
    """Show a review, the latest unless one is named: who was asked, who answered what."""
    reviews = await errand.ledger.reviews()
    found = next((each for each in reviews if id is None or each.id == id.strip().lower()), None)
    if found is None:
        raise NotThere("There is no such review. `gateway admin users review list` shows them.")
    row = _review_json(found)
    if errand.screen.as_json:
        print_json(row)
        return
    errand.screen.card(row, _REVIEWS)
    errand.screen.heading("Letters")
    errand.screen.listing([_letter_json(each) for each in found.letters], _LETTERS, empty="Nobody was asked.")


@click.command("address", short_help="Change somebody's address, once it is confirmed.")
@click.argument("username", metavar="USER")
@click.option("--new", "address", required=True, metavar="ADDRESS", help="The person's own new address at work.")
@click.option(
    "--at-once", is_flag=True, help="Change it now: you have seen that it is theirs, and the old one is gone."
)
@click.option("--reason", metavar="TEXT", help="With --at-once: how you know, for the audit trail.")
@on_errand
async def change_address(errand: Errand, username: str, address: str, at_once: bool, reason: str | None) -> None:
    """Change somebody's address, once it is confirmed from the old one and from the new one."""
    if at_once and not (reason and reason.strip()):
        raise click.UsageError("--at-once needs --reason: how you know that the address is theirs")
    account = (await errand.ledger.directory()).account(username)
    if account is None:
        raise NotThere(f'There is no account "{username}". `gateway admin users list` shows them.')
    is_same = address.casefold() == account.email.casefold()
    if is_same and not (at_once and account.is_stale):
        raise NotThere(_is_theirs(account))
    if not is_same and (faults := await _objections(errand, account, address)):
        raise NotThere("\n".join(faults))
    addresses, by, why = errand.house.addresses, errand.actor, (reason or "").strip()
    if at_once:
        change = await addresses.change_at_once(account, account.email if is_same else address, by=by, why=why)
    else:
        change = await addresses.ask(account, address, by=by)
    done = (await errand.ledger.directory()).account(username)
    assert done is not None, "accounts are never removed"
    sentence = (
        f"The address of {done.username} is {done.email}, from which mail comes back no more."
        if is_same
        else f"The address of {done.username} is {done.email} now."
        if at_once
        else f"{change.old} and {change.new} were asked; it changes when both have answered CONFIRM, until "
        f"{errand.screen.when(change.until)}."
    )
    errand.screen.action({**people_rows(errand, [done])[0], "asked": _change_json(change)}, sentence=sentence)


def _is_theirs(account: Account) -> str:
    theirs = f"{account.email} is the address of {account.username} already."
    return f"{theirs} If our mail reaches it again, add --at-once --reason TEXT." if account.is_stale else theirs


async def _objections(errand: Errand, account: Account, address: str) -> tuple[str, ...]:
    from gateway.pipeline.people.accounts import house_rules

    rules = house_rules(errand.house.policy.current, await errand.ledger.directory())
    as_new = Newcomer(account.username, account.forename, account.surname, address, account.role)
    return objections_to_address(as_new, rules)


def _review_json(found: Review) -> Row:
    return {
        "id": found.id,
        "started_at": iso(found.started_at),
        "started_by": found.started_by,
        "asked": len({letter.school for letter in found.letters}),
        "unanswered": len({letter.school for letter in open_letters(found.letters)}),
        "letters": [_letter_json(letter) for letter in found.letters],
    }


def _letter_json(letter: Letter) -> Row:
    return {
        "id": letter.id,
        "school": letter.school,
        "username": letter.username or None,
        "sent_at": iso(letter.sent_at),
        "reminded_at": iso(letter.reminded_at),
        "reported_at": iso(letter.reported_at),
        "answered_at": iso(letter.answered_at),
        "answer": letter.answer,
    }


def _change_json(change: AddressChange) -> Row:
    return {
        "id": change.id,
        "old": change.old,
        "new": change.new,
        "until": iso(change.until),
        "old_confirmed_at": iso(change.old_at),
        "new_confirmed_at": iso(change.new_at),
    }
