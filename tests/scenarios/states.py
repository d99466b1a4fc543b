"""The states that `docs/states.md` calls legal, and those that a deployment is in: the page is held to the disk.

A state of a submission is what there is of it in `incoming/`, `ready/`, the archive and the ledger; a state of a drop
is its row, its temporary name and its own name in the folder. What is there is "+", what is not is "-".
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.invariants import Books, Row

PAGE = Path(__file__).parents[2] / "docs" / "states.md"
State = tuple[str, ...]
_MEANS = {"+ or half": ["+"], "+ or -": ["+", "-"], "any": ["+", "-"]}


def legal_submissions() -> set[State]:
    """Return the page's states of a submission: incoming, ready, archive, ledger row."""
    return set(_rows_below("| incoming |", columns=4))


def legal_drops() -> set[State]:
    """Return the page's states of a drop: row, temporary name, own name."""
    return set(_rows_below("| row | temporary name |", columns=3))


def _rows_below(head: str, *, columns: int) -> Iterator[State]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(head)) + 2
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[start:]):
        cells = [cell.strip() for cell in line.strip("|").split("|")][:columns]
        yield from itertools.product(*(_MEANS.get(cell, [cell]) for cell in cells))


def submissions_in(folder: Path) -> dict[str, State]:
    """Return the state of every submission that anything is there of; set aside ones are for a person."""
    data, books = folder / "data", Books(folder / "data")
    incoming = {p.name for p in (data / "spool" / "incoming").iterdir()}
    ready = {p.name for p in (data / "spool" / "ready").iterdir()}
    archived = {p.name.partition("-")[0] for p in (data / "archive").rglob("*-*") if p.is_file()}
    rows = {s["id"]: "+" for s in books.submissions}
    rows |= {f["submission"]: "+ destroying" for f in (*books.files, *books.documents) if f["destroying_at"]}
    failed = {p.name.partition(".")[0] for p in (data / "spool" / "failed").iterdir()}
    return {
        id: (_sign(id in incoming), _sign(id in ready), _sign(id in archived), rows.get(id, "-"))
        for id in (incoming | ready | archived | rows.keys()) - failed
    }


def drops_in(folder: Path) -> dict[str, State]:
    """Return the state of every drop into a folder."""
    books = Books(folder / "data")
    files = {file["id"]: file for file in books.files}
    return {d["id"]: _drop(d, files[d["file"]], folder) for d in books.drops if d["target"] != "pickup"}


def _drop(drop: Row, file: Row, folder: Path) -> State:
    place = folder / "drops" / drop["service"]
    own = place / (drop["placed_as"] or file["name"])
    is_own = drop["placed_as"] is not None and own.exists()
    return drop["state"], _sign((place / f".{drop['id']}.part").exists()), _sign(is_own)


def _sign(is_there: bool) -> str:
    return "+" if is_there else "-"
