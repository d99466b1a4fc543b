"""The JSON of our records is a contract: its fields, their order, and what is never in it."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime

import asyncssh
import pytest

from gateway.cli import shapes
from gateway.cli.render import Row
from gateway.core.mail import Notice
from gateway.core.model import Channel, Drop, FileRecord, History, Status
from gateway.core.register import Account, Directory, Role, School, SchoolStatus, Succession
from gateway.core.routing import Service, Target, TargetKind
from gateway.core.standing import AccessRules
from gateway.core.submission import PartFate, Submission

AT = datetime(2026, 11, 22, 14, 5, 9, tzinfo=UTC)
SPEC_13 = [
    "id", "submission", "name", "school", "service", "status", "reason", "remark", "warnings", "channel", "sent_by",
    "sent_by_user", "sent_at", "received_by", "received_by_user", "received_at", "delivered_at", "size", "sha256",
    "comment", "tags", "supersedes", "expires_at",
]  # fmt: skip
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPyVQ9yjhmW9J6Kd0Y2bC8vNnT0yYt1b6n0p6bq3zXk ada@desk"

FILE = FileRecord(
    id="01k", submission="01j", name="8302000_SENzoë20261122.pdf", school="8302000", service="SEN", status=Status.SENT,
    channel=Channel.SFTP, sent_by="Ada Person", sent_by_user="ada.person", sent_at=AT, size=5, sha256="ab",
    expires_at=AT, warnings=("description",), tags=("urgent",), place="8302000/2026-11/01k",
)  # fmt: skip
ADA = Account(
    "ada.person", "Ada", "Person", "ada@leys.example", Role.HEAD, schools=("8302000",), password_hash="$argon2id$x",
    password_set_at=AT, keys=(KEY,),
)  # fmt: skip
REGISTER = Directory(
    schools={"8302000": School("8302000", "Leys Junior School")},
    successions={"8302222": Succession("8302222", "8302000", date(2027, 8, 31))},
    accounts={"ada.person": ADA},
)
SEN = Service("SEN", "SEN", targets=(Target(TargetKind.PICKUP), Target(TargetKind.FOLDER, path="/d/SEN")))

EVERY: dict[str, Row] = {
    "file": shapes.file_json(FILE),
    "history": shapes.history_json(History("01k", AT, "gateway", "route", Status.SENT)),
    "drop": shapes.drop_json(Drop("d", "01k", "SEN", "pickup", due_at=AT)),
    "notice": shapes.notice_json(Notice("n", "receipt", "", "ada@leys.example", {"comment": "secret"}, due_at=AT)),
    "submission": shapes.submission_json(Submission("01j", Channel.EMAIL, AT, "ada.person", "password")),
    "part": shapes.part_json(PartFate(1, None, "text/plain", 5, "ignored", "text body")),
    "account": shapes.account_json(ADA, rules=AccessRules(), last_login=AT),
    "school": shapes.school_json(School("8302222", "Old", status=SchoolStatus.CLOSED, closed_on=AT.date()), REGISTER),
    "service": shapes.service_json(SEN, REGISTER),
}


def test_a_file_has_the_fields_of_the_contract_in_their_order() -> None:
    assert list(EVERY["file"])[: len(SPEC_13)] == SPEC_13


def test_a_file_is_plain_json() -> None:
    row = json.loads(json.dumps(EVERY["file"]))
    assert {key: row[key] for key in SPEC_13} == {
        "id": "01k", "submission": "01j", "name": "8302000_SENzoë20261122.pdf", "school": "8302000", "service": "SEN",
        "status": "Sent", "reason": None, "remark": None, "warnings": ["description"], "channel": "sftp",
        "sent_by": "Ada Person", "sent_by_user": "ada.person", "sent_at": "2026-11-22T14:05:09.000000+00:00",
        "received_by": None, "received_by_user": None, "received_at": None, "delivered_at": None, "size": 5,
        "sha256": "ab", "comment": None, "tags": ["urgent"], "supersedes": None,
        "expires_at": "2026-11-22T14:05:09.000000+00:00",
    }  # fmt: skip


def test_every_field_of_a_file_is_told_but_its_place_on_our_disk() -> None:
    assert {field.name for field in fields(FileRecord)} - set(EVERY["file"]) == {"place"}
    assert EVERY["file"]["held"] is True


@pytest.mark.parametrize("name", EVERY)
def test_absent_is_null_and_never_an_empty_text(name: str) -> None:
    row = json.loads(json.dumps(EVERY[name]))
    assert "" not in row.values()


def test_what_opens_a_door_is_in_no_answer() -> None:
    text = json.dumps(EVERY)
    assert "argon2" not in text
    assert KEY.split()[1] not in text
    assert EVERY["account"]["has_password"] is True


def test_a_key_is_named_as_ssh_keygen_names_it() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="ada@desk")
    line = key.export_public_key().decode().strip()
    assert shapes.fingerprint(line) == f"{key.get_fingerprint()} (ssh-ed25519) ada@desk"


def test_the_words_of_a_notice_are_not_in_a_listing() -> None:
    assert "secret" not in json.dumps(EVERY["notice"])


def test_a_school_tells_its_successor_and_its_people() -> None:
    assert (EVERY["school"]["successor"], EVERY["school"]["accepted_until"]) == ("8302000", "2027-08-31")
    leys = shapes.school_json(REGISTER.schools["8302000"], REGISTER)
    assert (leys["people"], leys["heads"]) == (["ada.person"], [])  # not active, so not told as the head


def test_a_service_tells_where_it_takes_its_files() -> None:
    targets = EVERY["service"]["targets"]
    assert isinstance(targets, list)
    assert [(target["kind"], target["path"]) for target in targets] == [("pickup", None), ("folder", "/d/SEN")]
