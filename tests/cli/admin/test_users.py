"""`gateway admin users`: who is added, with what, and who is not."""

import os
import pty
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from click.testing import Result

from gateway.app import House
from gateway.clock import SystemClock
from gateway.core.register import Account
from tests.cli.conftest import Deployment

PERSON = (
    "ada.person --forename Ada --surname Person --email ada.person@leysjunior.example --role staff --school 8302000"
)
OFFICER = "o.ficer --forename Oda --surname Ficer --email oda@derbyshire.example --role officer --service sen"
FIELDS = (
    "username forename surname name email role state schools services has_password password_set_at keys activated_at "
    "policy_version is_stale last_login_at password_expires_at requested_at requested_by verified_at verified_by "
    "evidence code_for code_expires_at waiting_days is_late agreements suspensions"
)


def add(deployment: Deployment, line: str, *more: str, given: str | bytes | None = None) -> Result:
    return deployment.run("admin", "--as", "the clerk", "users", "add", *line.split(), *more, given=given)


def account(deployment: Deployment, username: str) -> Account:
    directory = deployment.in_house(lambda house: house.ledger.directory())
    found = directory.account(username)
    assert found is not None
    return found


def shown(deployment: Deployment, username: str) -> Any:
    return deployment.ask("admin", "users", "show", username)


def test_who_is_added_has_to_activate_the_account(deployment: Deployment) -> None:
    ran = add(deployment, PERSON)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == "Ada Person has the account ada.person and can use it once it is activated.\n"
    user = shown(deployment, "Ada.Person")
    assert " ".join(user) == FIELDS
    assert (user["state"], user["schools"], user["role"]) == ("verified", ["8302000"], "staff")
    assert (user["has_password"], user["activated_at"], user["policy_version"]) == (False, None, None)


def test_the_answer_is_the_account_that_was_added(deployment: Deployment) -> None:
    line = [*PERSON.split(), "--activate"]
    added, found = deployment.ask("admin", "users", "add", *line), shown(deployment, "ada.person")
    assert added == {key: found[key] for key in added}


def test_with_activate_the_administrator_vouches_for_person_and_policy(deployment: Deployment) -> None:
    assert add(deployment, PERSON, "--activate").exit_code == 0
    user = shown(deployment, "ada.person")
    assert (user["state"], bool(user["activated_at"]), user["policy_version"]) == ("active", True, "2026-11")
    (row, *_) = deployment.in_house(lambda house: house.ledger.trail(subject="ada.person"))
    assert row.actor == "the clerk"


def test_a_password_from_stdin_opens_the_door_and_is_kept_nowhere(deployment: Deployment) -> None:
    assert add(deployment, PERSON, "--activate", "--password-stdin", given="Tulip7gärden\r\nmore").exit_code == 0
    found = account(deployment, "ada.person")
    assert found.password_set_at is not None

    async def fits(house: House) -> list[bool]:
        return [await house.hasher.verify(found.password_hash, word) for word in ("Tulip7gärden", "Tulip7gärden\r")]

    assert deployment.in_house(fits) == [True, False]
    data = deployment.folder / "data"
    assert not [path for path in data.rglob("*") if path.is_file() and b"Tulip7g" in path.read_bytes()]


def test_a_key_comes_from_a_file_and_is_shown_by_its_fingerprint(deployment: Deployment, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="ada@desk")
    (tmp_path / "ada.pub").write_bytes(key.export_public_key())
    assert add(deployment, PERSON, "--key", str(tmp_path / "ada.pub")).exit_code == 0
    assert account(deployment, "ada.person").keys == (key.export_public_key().decode().strip(),)
    assert shown(deployment, "ada.person")["keys"] == [f"{key.get_fingerprint()} (ssh-ed25519) ada@desk"]


def test_an_officer_has_services(deployment: Deployment) -> None:
    assert add(deployment, OFFICER, "--service", "INFO", "--service", "SEN").exit_code == 0
    assert shown(deployment, "o.ficer")["services"] == ["SEN", "INFO"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (PERSON.replace("8302000", "8309999"), "There is no school 8309999"),
        (PERSON.replace("8302000", "8302245"), "School 8302245 is closed"),
        (OFFICER.replace("sen", "SENX"), "There is no service SENX"),
        (PERSON.replace("ada.person --f", "Samir.Okonjo --f"), "is taken"),
        (PERSON.replace("ada.person@", "SAMIR.OKONJO@"), "belongs to another account"),
        (PERSON.replace("ada.person@", "office@"), "several people read"),
        (PERSON.replace("leysjunior.example", "gmail.com"), "an address at home"),
        (PERSON.replace("--role staff", "--role officer"), "An officer needs the service"),
        (OFFICER.replace("--service sen", ""), "An officer needs the service"),
        (OFFICER.replace("--role officer", "--role head"), "School staff need the school"),
    ],
)
def test_what_a_rule_forbids_is_bad_data_with_its_sentence(deployment: Deployment, line: str, sentence: str) -> None:
    ran = add(deployment, line, "--activate")
    assert (ran.exit_code, ran.stdout) == (65, "")
    assert sentence in ran.stderr


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("person\n", "It has 6 characters"),
        ("", "Expected a password"),
        ("\n", "Expected a password"),
        (b"\xff\xfeTulip7garden", "no text in UTF-8"),
        ("Aa1" * 400, "Expected a password of 1 to 1024 bytes"),
    ],
)
def test_a_password_that_cant_be_used_is_bad_data(deployment: Deployment, given: str | bytes, sentence: str) -> None:
    ran = add(deployment, PERSON, "--password-stdin", given=given)
    assert (ran.exit_code, ran.stdout) == (65, "")
    assert sentence in ran.stderr


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (PERSON.replace("--role staff", "--role pupil"), "'head', 'staff', 'officer', 'device'"),
        (PERSON.replace("8302000", "Leys"), "a DfE number of seven digits"),
        (PERSON.replace("--surname Person", ""), "Missing option '--surname'"),
        (PERSON + " --password --password-stdin", "expected one of them"),
        (PERSON + " --password", "needs a terminal"),
    ],
)
def test_a_line_that_is_not_understood_is_a_usage_error(deployment: Deployment, line: str, sentence: str) -> None:
    ran = add(deployment, line)
    assert ran.exit_code == 64
    assert sentence in ran.stderr


def test_a_person_who_was_refused_is_not_there(deployment: Deployment) -> None:
    assert add(deployment, PERSON, "--password-stdin", given="weak\n").exit_code == 65
    assert deployment.run("admin", "users", "show", "ada.person").exit_code == 65


@pytest.mark.parametrize(
    ("line", "usernames"),
    [
        ("--school 8302000", ["samir.okonjo"]),
        ("--service SEN", ["nadia.rowbotham"]),
        ("--search ASHDOWN", ["ruth.ashdown"]),
        ("--status suspended", []),
    ],
)
def test_people_are_found(deployment: Deployment, line: str, usernames: list[str]) -> None:
    found = deployment.ask("admin", "users", "list", *line.split())
    assert [user["username"] for user in found] == usernames


def test_everybody_is_listed_by_username(deployment: Deployment) -> None:
    usernames = [user["username"] for user in deployment.ask("admin", "users", "list")]
    assert len(usernames) >= 15
    assert usernames == sorted(usernames)
    assert "Samir Okonjo" in deployment.run("admin", "users", "list").stdout


def at_a_terminal(deployment: Deployment, *typed: str) -> tuple[int, str]:
    """Add a person at a terminal, typing these lines when asked; return the exit code and what was shown."""
    ours, theirs = pty.openpty()
    line = ["-c", str(deployment.config), "admin", "users", "add", *PERSON.split(), "--password"]
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", *line], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as command:
        os.close(theirs)
        shown = ""
        for words in typed:
            shown += until_asked(ours)
            os.write(ours, f"{words}\n".encode())
        shown += until_asked(ours)
    os.close(ours)
    return command.returncode, shown


def until_asked(terminal: int) -> str:
    """Return what is shown until it waits for a line, or ends."""
    shown = ""
    while not shown.endswith(": "):
        try:
            shown += os.read(terminal, 1024).decode()
        except OSError:  # the other side is closed
            break
    return shown


def test_a_password_is_asked_for_twice_and_not_shown(deployment: Deployment) -> None:
    code, shown = at_a_terminal(deployment, "Tulip7garden", "Tulip7garden")
    assert code == 0, shown
    assert "Tulip7garden" not in shown
    assert account(deployment, "ada.person").password_hash is not None


def test_two_different_passwords_are_asked_for_again(deployment: Deployment) -> None:
    code, shown = at_a_terminal(deployment, "Tulip7garden", "Tulip7gardem", "Tulip8garden", "Tulip8garden")
    assert (code, shown.count("Password: ")) == (0, 2)


def test_a_request_is_verified_on_evidence_and_shows_how_long_it_has_waited(deployment: Deployment) -> None:
    said = "--forename Ada --surname Person --email ada.person@leysjunior.example --role staff --school 8302000"
    made = deployment.ask("admin", "--as", "the clerk", "users", "request", *said.split(), "--by", "Samir Okonjo")
    assert (made["username"], made["state"], made["requested_by"]) == ("a.person", "requested", "the clerk")
    (row,) = deployment.ask("admin", "users", "list", "--status", "requested")
    assert (row["waiting_days"], row["is_late"]) == (0, False)
    assert "0 of 14 days" in deployment.run("admin", "users", "list", "--status", "requested").stdout
    ran = deployment.run("admin", "users", "activate", "a.person")
    assert (ran.exit_code, "not verified yet" in ran.stderr) == (65, True)
    made = deployment.ask("admin", "--as", "the clerk", "users", "verify", "a.person", "--evidence", "form 12")
    assert (made["state"], made["verified_by"], made["evidence"]) == ("verified", "the clerk", "form 12")
    assert deployment.run("admin", "users", "verify", "a.person", "--evidence", "again").exit_code == 65
    assert "1 waiting" in deployment.run("admin", "status").stdout


def test_who_waits_longer_than_promised_is_late(deployment: Deployment) -> None:
    said = "--forename Ada --surname Person --email ada.person@leysjunior.example --role staff --school 8302000"
    deployment.ask("admin", "users", "request", *said.split())
    long_ago = SystemClock().now() - timedelta(days=20)

    async def backdate(house: House) -> None:
        await house.ledger.amend_account(
            "a.person", lambda a: replace(a, requested_at=long_ago), actor="test", at=long_ago, event="test"
        )

    deployment.in_house(backdate)
    assert "20 of 14 days, LATE" in deployment.run("admin", "users", "list").stdout
    report = deployment.ask("admin", "status")["accounts"]
    assert report == {
        "waiting": 1,
        "promised_days": 14,
        "late": [{"username": "a.person", "state": "requested", "waiting_days": 20}],
    }


@pytest.mark.parametrize("state", ["suspend", "revoke"])
def test_a_reset_revives_nobody(deployment: Deployment, state: str) -> None:
    add(deployment, PERSON, "--activate")
    deployment.run("admin", "users", state, "ada.person", "--reason", "left")
    for verb in ("password", "activate"):
        ran = deployment.run("admin", "users", verb, "ada.person")
        assert (ran.exit_code, "no access back" in ran.stderr) == (65, True), ran.stderr
    assert account(deployment, "ada.person").state == {"suspend": "suspended", "revoke": "revoked"}[state]


@pytest.mark.parametrize(
    ("password", "sentence"), [("Password1", "guessers try first"), ("Ada.Person9", "contains the username")]
)
def test_a_bad_password_is_refused_with_its_sentence(deployment: Deployment, password: str, sentence: str) -> None:
    ran = add(deployment, PERSON, "--activate", "--password-stdin", given=f"{password}\n")
    assert ran.exit_code == 65
    assert sentence in ran.stderr
