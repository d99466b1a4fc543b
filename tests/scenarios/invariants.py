"""What must hold of a deployment when a story is over, read from its disk and its database with none of our code.

Every archived file has a row and every row with a place its exact bytes; every decision has its notices; no stray bytes
anywhere below the data folder or in a drop folder; every drop agrees with its folder; nothing is recorded twice.
"""

import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARKER = ".gateway-drop-folder"
TOP = {"gateway.lock", "ledger.db", "ledger.db-wal", "ledger.db-shm", "reply.key", "spool", "archive", "run"}
SPOOL = {"incoming", "ready", "parts", "failed"}
PRIVATE = re.compile(r"(?i)(?<![a-z])(SAFE|HR)")  # what may be about the headteacher, as the sample has it

Row = Mapping[str, Any]


@dataclass
class Known:
    """What the story did that looks odd from outside."""

    failed: set[str] = field(default_factory=set)  # ids that were set aside for a person
    unanswered: set[str] = field(default_factory=set)  # submissions of automatic mail
    collected: set[str] = field(default_factory=set)  # "INFO/name": taken by the service
    others: set[str] = field(default_factory=set)  # "INFO/name": put there by somebody else
    away: set[str] = field(default_factory=set)  # codes whose folder can't be looked into
    is_running: bool = False  # whether a daemon has its doors open


@dataclass(frozen=True)
class Promise:
    """A file that a sender was told we have."""

    name: str
    sha256: str
    username: str


def assert_whole(folder: Path, known: Known, promises: list[Promise], published: Sequence[str] = ()) -> None:
    """Check everything, and say all that is broken."""
    books = Books(folder / "data")
    broken = [*find_broken(folder, known), *find_forgotten(books, promises), *find_unpublished(books, published)]
    assert not broken, "\n".join(broken)


def find_broken(folder: Path, known: Known) -> Iterator[str]:
    """Yield a sentence for everything that is not as it must be."""
    books = Books(folder / "data")
    yield from _of_ledger(books)
    yield from _of_documents(books)
    yield from _of_archive(folder / "data" / "archive", books)
    yield from _of_spool(folder / "data" / "spool", books, known)
    yield from _of_data(folder / "data", known)
    yield from _of_decisions(books, known)
    yield from _of_drops(folder / "drops", books, known)


class Books:
    """The tables of a ledger, read at once."""

    def __init__(self, data: Path) -> None:
        """Read them."""
        with closing(sqlite3.connect(f"{(data / 'ledger.db').as_uri()}?mode=ro", uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            self.health = [row[0] for row in database.execute("PRAGMA integrity_check")]
            self.orphans = database.execute("PRAGMA foreign_key_check").fetchall()
            self.submissions = _table(database, "submissions")
            self.parts = _table(database, "parts")
            self.files = _table(database, "files")
            self.history = _table(database, "history")
            self.drops = _table(database, "drops")
            self.notices = _table(database, "notices")
            self.accounts = {row["username"]: row for row in _table(database, "accounts")}
            self.schools_of = Counter((r["username"], r["school"]) for r in _table(database, "account_schools"))
            self.documents = _table(database, "documents")
            self.document_ids = {row["id"] for row in self.documents}
            self.document_schools = _table(database, "document_schools")
            self.document_readings = _table(database, "document_readings")
            self.unfinished = {row["id"] for row in _table(database, "unfinished")}

    def is_of(self, username: str, school: str | None) -> bool:
        """Return whether an account sends for a school."""
        return (username, school) in self.schools_of

    def heads_of(self, school: str | None) -> set[str]:
        """Return the active headteachers of a school."""
        heads = (n for n, a in self.accounts.items() if (a["role"], a["state"]) == ("head", "active"))
        return {name for name in heads if self.is_of(name, school)}


def _table(database: sqlite3.Connection, name: str) -> list[Row]:
    return [dict(row) for row in database.execute(f"SELECT * FROM {name}")]


def _of_ledger(books: Books) -> Iterator[str]:
    if books.health != ["ok"]:
        yield f"the database is damaged: {books.health}"
    if books.orphans:
        yield f"rows refer to nothing: {books.orphans}"
    live = Counter((f["school"], f["name"], f["sha256"]) for f in books.files if f["status"] in ("Sent", "Received"))
    for (school, name, _), number in live.items():
        if number > 1 and not name.startswith(f"{school}_…"):
            yield f"{name} of {school} is recorded {number} times"
    for file in books.files:
        if file["destroying_at"]:
            yield f"the destruction of {file['id']} has not ended"
        if file["purged_at"] and (file["place"] or file["comment"] or file["tags"] != "[]" or "…" not in file["name"]):
            yield f"{file['id']} was destroyed and its record still tells of it"


def _of_archive(archive: Path, books: Books) -> Iterator[str]:
    lying = {str(p.relative_to(archive)): p for p in archive.rglob("*") if not p.is_dir()}
    held = [(row["place"], row) for row in (*books.files, *books.documents) if row["place"]]
    for place in lying.keys() - {place for place, _ in held}:
        yield f"archive/{place} has no row"
    for place, file in held:
        if place not in lying:
            yield f"the bytes of {file['id']} are gone"
        elif (digest := sha256(lying[place].read_bytes())) != file["sha256"]:
            yield f"{place} has {lying[place].stat().st_size} bytes of {digest}, its row {file['size']} of another"
        elif file.get("school") and not place.startswith(f"{file['school']}/"):
            yield f"{place} lies with another school than {file['school']}"


def _of_documents(books: Books) -> Iterator[str]:
    schools: dict[str, list[Row]] = {}
    for row in books.document_schools:
        schools.setdefault(row["document"], []).append(row)
    shown: Counter[tuple[str, ...]] = Counter()
    for document in books.documents:
        mine = schools.get(document["id"], [])
        if document["reach"] != len(mine):
            yield f"{document['id']} is for {document['reach']} schools and lists {len(mine)}"
        if document["destroying_at"]:
            yield f"the destruction of {document['id']} has not ended"
        if bool(document["purged_at"]) != (document["state"] in ("deleted", "destroyed")):
            yield f"{document['id']} is {document['state']} and was purged at {document['purged_at']}"
        if document["purged_at"] and (document["place"] or document["detail"] or "…" not in document["sent_name"]):
            yield f"{document['id']} was destroyed and its record still tells of it"
        if document["state"] == "published":
            key = (document["folder"], document["name_key"], str(document["head_only"]))
            shown.update((*key, row["school"]) for row in mine if row["replaced_by"] is None)
    yield from (f"{key} is shown {number} times" for key, number in shown.items() if number > 1)
    readers = {(row["document"], row["school"]) for row in books.document_schools}
    for reading in books.document_readings:
        if (reading["document"], reading["school"]) not in readers:
            yield f"{reading['username']} read {reading['document']}, which is none of {reading['school']}'s"


def _of_spool(spool: Path, books: Books, known: Known) -> Iterator[str]:
    for name in {p.name for p in spool.iterdir()} - SPOOL:
        yield f"spool/{name} is not known"
    for path in (*(spool / "ready").iterdir(), *(spool / "parts").glob("*/*")):
        yield f"{path.relative_to(spool)} was not worked off"
    incoming = {p.name for p in (spool / "incoming").iterdir()}
    for id in incoming ^ books.unfinished:
        yield f"incoming/{id} and the unfinished uploads disagree"
    failed = {p.name.removesuffix(".why.txt") for p in (spool / "failed").iterdir()}
    for id in failed ^ known.failed:
        why = spool / "failed" / f"{id}.why.txt"
        yield f"failed/{id}: {why.read_text() if why.exists() else 'expected, and not there'}"


def _of_data(data: Path, known: Known) -> Iterator[str]:
    for name in {p.name for p in data.iterdir()} - TOP:
        yield f"data/{name} is not known"
    running = {p.name for p in (data / "run").iterdir()} if (data / "run").exists() else set()
    expected = {"endpoints.json"} if known.is_running else set()
    if running != expected:
        yield f"data/run holds {sorted(running)} instead of {sorted(expected)}"


def _of_decisions(books: Books, known: Known) -> Iterator[str]:
    told: dict[str, set[str]] = {}
    for notice in books.notices:
        told.setdefault(notice["submission"], set()).add(notice["username"])
    files: dict[str, list[Row]] = {}
    for file in books.files:
        files.setdefault(file["submission"], []).append(file)
    ids = {row["id"] for row in (*books.files, *books.documents)}
    with_past = {h["file"] for h in books.history}
    for file in books.files:
        if file["id"] not in with_past:
            yield f"{file['id']} has no history"
    for part in books.parts:
        if part["fate"] in ("taken", "rejected", "duplicate") and part["file_id"] not in ids:
            yield f"part {part['number']} of {part['submission']} was {part['fate']} and has no file"
    # What is published over SFTP is told when a whole drop has come to rest; what a command published, on its screen.
    quiet = {d["submission"] for d in books.documents if d["channel"] != "email"}
    quiet |= {p["submission"] for p in books.parts if p["fate"] == "duplicate" and p["file_id"] in books.document_ids}
    ids = {s["id"] for s in books.submissions}
    quiet |= {s["id"] for s in books.submissions if s["outcome"].removeprefix("repeat of ") in ids}
    for submission in books.submissions:
        if submission["id"] not in known.unanswered and submission["id"] not in quiet:
            yield from _untold(submission, files.get(submission["id"], []), told.get(submission["id"], set()), books)


def _untold(submission: Row, files: list[Row], told: set[str], books: Books) -> Iterator[str]:
    if submission["outcome"] == "for-postmaster":  # a letter to a person, who answers it
        if "" not in told:
            yield f"the contact was not told of {submission['id']}"
        return
    sender = books.accounts[submission["username"]]
    if sender["role"] != "device" and sender["username"] not in told:
        yield f"{sender['username']} was never answered for {submission['id']}"
    if sender["role"] == "device":
        if not told:
            yield f"nobody was told of {submission['id']}, which {sender['username']} sent"
        told = told - {""}  # the administrator, where nobody of the school can be told
    for file in files:
        if file["rejected_by"] != "the gateway" or file["purged_at"] or PRIVATE.search(file["name"]):
            continue
        for head in books.heads_of(file["school"]) - told:
            yield f"{head} was not told that {file['id']} was rejected"
    for reader in told - {sender["username"]}:
        if not any(books.is_of(reader, f["school"]) and books.is_of(sender["username"], f["school"]) for f in files):
            yield f"{reader} was told of {submission['id']}, which is none of theirs"


def _of_drops(drops: Path, books: Books, known: Known) -> Iterator[str]:
    files = {file["id"]: file for file in books.files}
    expected: dict[str, Row] = {}
    for drop in books.drops:
        file, code = files[drop["file"]], drop["service"]
        if code != file["service"] and drop["state"] != "withdrawn":
            yield f"{drop['id']} takes a file of {file['service']} to {code}"
        if not drop["target"].startswith("folder:") or drop["placed_as"] is None or drop["state"] == "withdrawn":
            continue
        where = f"{code}/{drop['placed_as']}"
        if where in expected:
            yield f"two drops have the name {where}"
        expected[where] = file
    yield from _of_folders(drops, expected, known)


def _of_folders(drops: Path, expected: Mapping[str, Row], known: Known) -> Iterator[str]:
    lying = {str(p.relative_to(drops)): p for p in drops.rglob("*") if not p.is_dir() and p.name != MARKER}
    seen = {where for where in lying if where.partition("/")[0] not in known.away} - known.others
    for where in seen - expected.keys():
        yield f"drops/{where} is a stray"
    for where, file in expected.items():
        if where in known.collected or where.partition("/")[0] in known.away:
            continue
        if where not in lying:
            yield f"drops/{where} is gone and nobody collected it"
        elif sha256(lying[where].read_bytes()) != file["sha256"]:
            yield f"drops/{where} has other bytes than were sent"


def find_forgotten(books: Books, promises: list[Promise]) -> Iterator[str]:
    """Yield every promise that was not kept exactly once."""
    known = {file["id"] for file in books.files}
    found = Counter((f["name"], f["sha256"], f["sent_by_user"]) for f in books.files if f["status"] != "Rejected")
    rejected = {(f["name"], f["sha256"], f["sent_by_user"]) for f in books.files if f["status"] == "Rejected"}
    assert len(known) == len(books.files)
    for promise in promises:
        key = (promise.name, promise.sha256, promise.username)
        if found[key] > 1 or (not found[key] and key not in rejected):
            yield f"{promise.name} was acknowledged and is recorded {found[key]} times"


def find_unpublished(books: Books, published: Sequence[str]) -> Iterator[str]:
    """Yield every publication that was promised and became neither a document nor a repeat of one."""
    became = Counter(d["submission"] for d in books.documents)
    became.update(p["submission"] for p in books.parts if p["fate"] == "duplicate")
    yield from (f"publication {id} became {became[id]} documents" for id in published if became[id] != 1)


def sha256(data: bytes) -> str:
    """Return a digest as the ledger has it."""
    return hashlib.sha256(data).hexdigest()


def context_of(notice: Row) -> dict[str, Any]:
    """Return what a notice tells of."""
    found: dict[str, Any] = json.loads(notice["context"])
    return found
