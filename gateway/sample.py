"""The sample register in `config/sample` and the sample's `gateway.toml`: what `gateway init --sample` begins with.

Reads three CSV files once; the living register is in the ledger. All schools and people in them are invented. Refuses
what doesn't agree: every fault of the three files at once (Source: SPEC 8, 13; DESIGN 1).
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.configfile import Findings, Key, key_lines
from gateway.core.register import Account, AccountState, Role, School, Succession
from gateway.errors import ConfigError, Fault
from gateway.gias import Row, read_day, read_rows, read_schools

PEOPLE = ("username", "forename", "surname", "email", "role", "schools", "services")
SUCCESSIONS = ("old", "new", "until")
_MANY = re.compile(r"[;\s]+")

SAMPLE_KEYS: Mapping[Key, object] = {  # what differs from the shipped gateway.toml
    ("authority", "contact"): "the files team, files-help@gateway.test, 01632 960123",
    ("smtp", "listen"): ["127.0.0.1:0"],
    ("smtp", "listen_tls"): ["127.0.0.1:0"],
    ("smtp", "addresses"): ["files@gateway.test"],
    ("smtp", "hostname"): "gateway.test",
    ("smtp", "verify_domains"): False,  # all is invented and on loopback: no DNS tells of these domains
    ("sftp", "listen"): ["127.0.0.1:0"],
    ("notices", "relay"): "smtp://127.0.0.1:1025",
}


@dataclass(frozen=True)
class Sample:
    """The register as the sample has it."""

    schools: tuple[School, ...]
    successions: tuple[Succession, ...]
    accounts: tuple[Account, ...]  # active, without passwords, keys or a policy accepted


def read_sample(folder: Path) -> Sample:
    """Read the sample register. Raises ConfigError with every fault."""
    found = Findings()
    schools = found.attempt(lambda: read_schools(folder / "schools.csv", name="schools.csv"))
    numbers = None if schools is None else frozenset(school.number for school in schools)
    successions = found.attempt(lambda: _read_successions(folder / "successions.csv", numbers))
    accounts = found.attempt(lambda: _read_people(folder / "people.csv", numbers))
    if schools is None or successions is None or accounts is None:
        raise ConfigError(tuple(found.faults))
    return Sample(schools, successions, accounts)


def sample_settings(text: str) -> str:
    """Return the shipped `gateway.toml` with the sample's values, comments as they are."""
    return set_keys(text, SAMPLE_KEYS)


def set_keys(text: str, values: Mapping[Key, object]) -> str:
    """Return a TOML text with other values, which must stand on one line each; KeyError for a key that is not there."""
    lines, places = text.split("\n"), key_lines(text)
    for key, value in values.items():
        lines[places[key] - 1] = f"{key[-1]} = {json.dumps(value)}"  # of texts and lists of them, JSON is TOML
    return "\n".join(lines)


def _read_successions(path: Path, numbers: Collection[str] | None) -> tuple[Succession, ...]:
    links, faults = [], []
    for line, row in read_rows(path, name=path.name, needed=SUCCESSIONS):
        until = read_day(row["until"])
        if until is None:
            problem = f'found "{row["until"]}" as the last day of {row["old"]}; expected a day like 31-08-2027'
            faults.append(Fault(path.name, f"line {line}", problem))
        else:
            links.append(Succession(row["old"], row["new"], until))
        faults += [Fault(path.name, f"line {line}", p) for p in _unknown((row["old"], row["new"]), numbers)]
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(links)


def _read_people(path: Path, numbers: Collection[str] | None) -> tuple[Account, ...]:
    accounts: list[Account] = []
    faults: list[Fault] = []
    for line, row in read_rows(path, name=path.name, needed=PEOPLE):
        problems = [*_person_problems(row, accounts), *_unknown(_several(row["schools"]), numbers)]
        faults += [Fault(path.name, f"line {line}", problem) for problem in problems]
        if not problems:
            accounts.append(_read_person(row))
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(accounts)


def _person_problems(row: Row, others: list[Account]) -> Iterator[str]:
    """Yield what is wrong with a person's row, sentences for the administrator."""
    empty = [column for column in PEOPLE[:5] if not row[column]]
    if empty:
        yield f"the column {empty[0]} is empty; expected something in each of {', '.join(PEOPLE[:5])}"
    if row["username"] != row["username"].casefold():
        yield f'found "{row["username"]}" as the username; expected lower case'
    if row["role"] not in list(Role):
        yield f'found "{row["role"]}" as the role; expected one of {", ".join(Role)}'
    if any(row["username"] == other.username for other in others):
        yield f"the username {row['username']} stands there twice; expected it once"
    if any(row["email"].casefold() == other.email.casefold() for other in others):
        yield f"the address {row['email']} stands there twice; expected each person's own"


def _unknown(wanted: tuple[str, ...], numbers: Collection[str] | None) -> Iterator[str]:
    for number in wanted:
        if numbers is not None and number not in numbers:
            yield f"{number} is no school in schools.csv; expected a DfE number that is there"


def _read_person(row: Row) -> Account:
    return Account(
        username=row["username"],
        forename=row["forename"],
        surname=row["surname"],
        email=row["email"],
        role=Role(row["role"]),
        state=AccountState.ACTIVE,
        schools=_several(row["schools"]),
        services=_several(row["services"]),
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(word for word in _MANY.split(text) if word)
