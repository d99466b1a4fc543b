"""`gateway admin users suspend|revoke|reinstate`, `gateway admin incident`: who is meant, and what is refused."""

import pytest

from tests.cli.conftest import Deployment

HEAD, OTHER, SCHOOL = "samir.okonjo", "ruth.ashdown", "8302000"
TWO_PEOPLE = "8302118"  # a school with more than one
REASON = ("--reason", "left the school")


def state(deployment: Deployment, username: str = HEAD) -> str:
    return str(deployment.ask("admin", "users", "show", username)["state"])


def do(deployment: Deployment, *line: str) -> tuple[int, str]:
    ran = deployment.run("admin", "--as", "the clerk", *line)
    return ran.exit_code, ran.stdout + ran.stderr


def test_one_person_is_suspended_and_reinstated_and_the_record_says_by_whom_and_why(deployment: Deployment) -> None:
    code, said = do(deployment, "users", "suspend", HEAD, *REASON)
    assert (code, said) == (
        0,
        "Samir Okonjo (samir.okonjo) is suspended; sessions that are open end within seconds.\n",
    )
    shown = deployment.ask("admin", "users", "show", HEAD)
    (ground,) = shown["suspensions"]
    assert (ground["ground"], ground["reason"], ground["by"]) == ("by hand", "left the school", "the clerk")
    assert state(deployment, OTHER) == "active"
    assert do(deployment, "users", "reinstate", HEAD, *REASON)[0] == 0
    assert (state(deployment), deployment.ask("admin", "users", "show", HEAD)["suspensions"]) == ("active", [])


def test_a_school_is_suspended_whole_and_gets_back_whom_that_took(deployment: Deployment) -> None:
    people = [a["username"] for a in deployment.ask("admin", "users", "list", "--school", TWO_PEOPLE)]
    assert len(people) > 1
    assert do(deployment, "users", "suspend", people[0], *REASON)[0] == 0
    changed = deployment.ask("admin", "users", "suspend", "--school", TWO_PEOPLE, *REASON)
    assert sorted(a["username"] for a in changed) == sorted(people)
    assert {state(deployment, name) for name in people} == {"suspended"}
    back = deployment.ask("admin", "users", "reinstate", "--school", TWO_PEOPLE, *REASON)
    assert sorted(a["username"] for a in back) == sorted(people[1:])
    assert state(deployment, people[0]) == "suspended"


def test_who_is_closed_comes_back_only_to_be_activated(deployment: Deployment) -> None:
    assert do(deployment, "users", "revoke", HEAD, *REASON)[0] == 0
    shown = deployment.ask("admin", "users", "show", HEAD)
    assert (shown["state"], shown["has_password"], shown["keys"]) == ("revoked", False, [])
    assert do(deployment, "users", "reinstate", HEAD, *REASON)[0] == 0
    assert state(deployment) == "verified"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((("users", "suspend", "nobody", *REASON),), 'There is no account "nobody"'),
        ((("users", "suspend", HEAD, *REASON),) * 2, "is suspended already"),
        ((("users", "revoke", HEAD, *REASON),) * 2, "is closed already"),
        ((("users", "revoke", HEAD, *REASON), ("users", "suspend", HEAD, *REASON)), "nothing to suspend"),
        ((("users", "reinstate", HEAD, *REASON),), "neither suspended nor closed"),
        ((("users", "suspend", "--school", "8309999", *REASON),), "no school 8309999"),
        ((("incident", "open", "--school", "8309999"),), "no school 8309999"),
        ((("incident", "open", "--school", SCHOOL, "--user", "nobody"),), 'no account "nobody"'),
        ((("incident", "close", "nothing", *REASON),), "no open incident nothing"),
        ((("incident", "open", "--school", SCHOOL), ("users", "reinstate", HEAD, *REASON)), "still open"),
    ],
)
def test_what_can_not_be_is_bad_data_with_its_sentence(
    deployment: Deployment, lines: tuple[tuple[str, ...], ...], words: str
) -> None:
    *before, last = lines
    for line in before:
        assert do(deployment, *line)[0] == 0
    code, said = do(deployment, *last)
    assert code == 65
    assert words in said


@pytest.mark.parametrize(
    "line",
    [
        ("users", "suspend", HEAD),
        ("users", "suspend", HEAD, "--reason", " "),
        ("users", "suspend", *REASON),
        ("users", "suspend", HEAD, "--school", SCHOOL, *REASON),
    ],
)
def test_without_a_reason_or_with_nobody_meant_it_is_wrong_usage(deployment: Deployment, line: tuple[str, ...]) -> None:
    assert do(deployment, *line)[0] == 64
    assert state(deployment) == "active"


def test_an_incident_takes_all_of_a_school_and_who_is_named_and_gives_them_back(deployment: Deployment) -> None:
    assert do(deployment, "users", "suspend", HEAD, *REASON)[0] == 0
    opened = deployment.ask("admin", "incident", "open", "--school", SCHOOL, "--user", OTHER.upper())
    assert (opened["reason"], opened["state"]) == ("pending investigation", "open")
    assert {HEAD, OTHER} <= set(opened["parties"])
    assert {state(deployment, name) for name in opened["parties"]} == {"suspended"}
    assert [i["id"] for i in deployment.ask("admin", "incident", "list", "--open")] == [opened["id"]]
    closed = deployment.ask("admin", "incident", "close", opened["id"], "--reason", "no case")
    assert (closed["state"], closed["closed_why"]) == ("closed", "no case")
    assert HEAD not in [a["username"] for a in closed["reinstated"]]
    assert (state(deployment), state(deployment, OTHER)) == ("suspended", "active")
    assert deployment.ask("admin", "incident", "list", "--open") == []
    code, said = do(deployment, "incident", "list")
    assert (code, opened["id"] in said) == (0, True)
