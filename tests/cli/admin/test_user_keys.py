"""`gateway admin users key`: what opens an account, by command."""

from pathlib import Path

import asyncssh
import pytest

from gateway.core.mail import NoticeQuery
from tests.cli.conftest import Deployment

WHO = "samir.okonjo"


def key_file(folder: Path, kind: str = "ssh-ed25519", **more: int) -> tuple[Path, str]:
    key = asyncssh.generate_private_key(kind, comment="a@desk", **more)
    path = folder / f"{key.get_fingerprint()[7:15].replace('/', '_')}.pub"
    path.write_bytes(key.export_public_key())
    return path, key.get_fingerprint()


def test_keys_are_added_listed_and_removed(deployment: Deployment, tmp_path: Path) -> None:
    (first, one), (second, two) = key_file(tmp_path), key_file(tmp_path)
    for path in (first, second, second):
        assert deployment.ask("admin", "--as", "the clerk", "users", "key", "add", WHO, str(path))["username"] == WHO
    rows = deployment.ask("admin", "users", "key", "list", WHO.upper())
    assert [(r["fingerprint"], r["comment"], r["added_by"], r["last_used_at"]) for r in rows] == [
        (one, "a@desk", "the clerk", None),
        (two, "a@desk", "the clerk", None),
    ]
    left = deployment.ask("admin", "users", "key", "remove", WHO, one)
    assert [row["fingerprint"] for row in left["keys"]] == [two]
    notices = deployment.in_house(lambda house: house.ledger.notices(NoticeQuery(template="keys-changed")))
    assert len(notices) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("add", "nobody", "GOOD"), 'no account "nobody"'),
        (("list", "nobody"), 'no account "nobody"'),
        (("remove", WHO, "SHA256:none"), "has no key SHA256:none"),
        (("add", WHO, "SHORT"), "RSA key of 2048 bits"),
        (("add", WHO, "/nothing/there"), "can't be read"),
    ],
)
def test_what_can_not_be_is_bad_data(deployment: Deployment, tmp_path: Path, line: tuple[str, ...], words: str) -> None:
    files = {"GOOD": str(key_file(tmp_path)[0]), "SHORT": str(key_file(tmp_path, "ssh-rsa", key_size=2048)[0])}
    ran = deployment.run("admin", "users", "key", *(files.get(word, word) for word in line))
    assert (ran.exit_code, words in ran.stderr) == (65, True), ran.stderr


def test_a_weak_key_is_refused_for_a_new_account_too(deployment: Deployment, tmp_path: Path) -> None:
    path, _ = key_file(tmp_path, "ssh-rsa", key_size=2048)
    person = "--forename Ada --surname Person --email ada@leysjunior.example --role staff --school 8302000"
    ran = deployment.run("admin", "users", "add", "ada.person", *person.split(), "--key", str(path))
    assert (ran.exit_code, "RSA key of 2048 bits" in ran.stderr) == (65, True)
