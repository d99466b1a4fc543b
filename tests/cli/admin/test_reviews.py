"""`gateway admin users review`, `users address`, `schools list --stale`: what people are asked, and what came of it."""

from dataclasses import replace

import pytest

from gateway.app import House
from tests.cli.conftest import Deployment

HEAD, SCHOOL = "samir.okonjo", "8302000"


def test_a_review_is_begun_and_shown(deployment: Deployment) -> None:
    begun = deployment.ask("admin", "--as", "the clerk", "users", "review", "start", "--school", SCHOOL)
    assert (begun["asked"], begun["unanswered"], begun["started_by"]) == (1, 1, "the clerk")
    assert [(letter["school"], letter["username"]) for letter in begun["letters"]] == [(SCHOOL, HEAD)]
    assert [review["id"] for review in deployment.ask("admin", "users", "review", "list")] == [begun["id"]]
    assert deployment.ask("admin", "users", "review", "show") == begun
    ran = deployment.run("admin", "users", "review", "show", begun["id"])
    assert (ran.exit_code, HEAD in ran.stdout) == (0, True)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (("review", "start", "--school", "8309999"), 65, "no school 8309999"),
        (("review", "show"), 65, "no such review"),
        (("address", "nobody", "--new", "a@b.example"), 65, 'no account "nobody"'),
        (("address", HEAD, "--new", "office@b.example"), 65, "several people read"),
        (("address", HEAD, "--new", "samir@gmail.com"), 65, "an address at home"),
        (("address", HEAD, "--new", "ruth.ashdown@millbeck.example"), 65, "belongs to another account"),
        (("address", HEAD, "--new", "Samir.Okonjo@leysjunior.example"), 65, "is the address of samir.okonjo already"),
        (("address", HEAD, "--new", "a@b.example", "--at-once"), 64, "--at-once needs --reason"),
    ],
)
def test_what_can_not_be_has_its_code_and_sentence(
    deployment: Deployment, line: tuple[str, ...], code: int, words: str
) -> None:
    ran = deployment.run("admin", "users", *line)
    assert (ran.exit_code, words in ran.stderr) == (code, True), ran.stderr


def test_an_address_waits_for_both_words_or_changes_at_once_with_a_reason(deployment: Deployment) -> None:
    asked = deployment.ask("admin", "users", "address", HEAD, "--new", "samir@leys-academy.example")
    assert (asked["email"], asked["asked"]["new"]) == ("samir.okonjo@leysjunior.example", "samir@leys-academy.example")
    why = ("--at-once", "--reason", "the school telephoned")
    done = deployment.ask("admin", "users", "address", HEAD, "--new", "samir@leys-academy.example", *why)
    assert done["email"] == "samir@leys-academy.example"


def test_an_address_that_works_again_loses_its_mark(deployment: Deployment) -> None:
    address = "samir.okonjo@leysjunior.example"

    async def mark(house: House) -> None:
        at = house.clock.now()
        await house.ledger.amend_account(HEAD, lambda a: replace(a, is_stale=True), actor="x", at=at, event="x")

    deployment.in_house(mark)
    refused = deployment.run("admin", "users", "address", HEAD, "--new", address)
    assert (refused.exit_code, "add --at-once --reason TEXT" in refused.stderr) == (65, True)
    why = ("--at-once", "--reason", "the mailbox was full")
    ran = deployment.run("admin", "users", "address", HEAD, "--new", address.upper(), *why)
    assert (ran.exit_code, f"{address}, from which mail comes back no more" in ran.output) == (0, True)
    assert deployment.ask("admin", "schools", "list", "--stale") == []
    assert deployment.ask("admin", "notices", "list") == []  # nothing was changed that anybody must hear of


def test_schools_with_stale_addresses_are_listed(deployment: Deployment) -> None:
    assert deployment.ask("admin", "schools", "list", "--stale") == []

    async def mark(house: House) -> None:
        at = house.clock.now()
        await house.ledger.amend_account(HEAD, lambda a: replace(a, is_stale=True), actor="x", at=at, event="x")

    deployment.in_house(mark)
    (row,) = deployment.ask("admin", "schools", "list", "--stale")
    assert (row["number"], row["stale"]) == (SCHOOL, [f"{HEAD} <samir.okonjo@leysjunior.example>"])
