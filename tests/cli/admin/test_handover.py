"""Bytes that leave otherwise than by their route: a copy for an administrator, and destruction on request."""

from pathlib import Path

from gateway.app import House
from gateway.core.trail import AuditEntry
from tests.cli.admin.mailbag import GOOD, find, send
from tests.cli.conftest import Deployment


def trail(deployment: Deployment, id: str, action: str) -> list[AuditEntry]:
    async def work(house: House) -> list[AuditEntry]:
        return [entry for entry in await house.ledger.trail(subject=id) if entry.action == action]

    return deployment.in_house(work)


def test_an_export_copies_the_bytes_and_stands_in_the_trail(deployment: Deployment, tmp_path: Path) -> None:
    id = send(deployment)
    folder = tmp_path / "out"
    folder.mkdir()
    told = deployment.ask("admin", "--as", "it.admin", "files", "export", id, "--to", str(folder), "--reason", "Case 7")
    assert told["exported_to"] == str(folder / GOOD)
    assert (folder / GOOD).read_bytes() == b"a plan"
    assert (folder / GOOD).stat().st_mode & 0o777 == 0o600
    assert [p.name for p in folder.iterdir()] == [GOOD]
    (entry,) = trail(deployment, id, "export")
    assert (entry.actor, entry.detail["reason"]) == ("it.admin", "Case 7")
    assert find(deployment, id).status == "Sent"


def test_an_export_never_replaces_a_file(deployment: Deployment, tmp_path: Path) -> None:
    id = send(deployment)
    (tmp_path / GOOD).write_text("mine")
    ran = deployment.run("admin", "files", "export", id, "--to", str(tmp_path), "--reason", "x")
    assert ran.exit_code == 65
    assert (tmp_path / GOOD).read_text() == "mine"


def test_an_export_into_no_folder_is_bad_data(deployment: Deployment, tmp_path: Path) -> None:
    id = send(deployment)
    ran = deployment.run("admin", "files", "export", id, "--to", str(tmp_path / "none"), "--reason", "x")
    assert ran.exit_code == 65
    assert trail(deployment, id, "export") == []


def test_bytes_that_changed_on_the_disk_are_not_handed_out(deployment: Deployment, tmp_path: Path) -> None:
    id = send(deployment)
    (found,) = (p for p in (deployment.folder / "data" / "archive").rglob("*") if p.is_file())
    found.chmod(0o600)
    found.write_bytes(b"A PLAN")
    ran = deployment.run("admin", "files", "export", id, "--to", str(tmp_path), "--reason", "x")
    assert ran.exit_code == 75
    assert "not those that were received" in ran.stderr
    assert list(tmp_path.glob("*.docx")) == []
    assert list(tmp_path.glob(".*.part")) == []


def test_a_deletion_destroys_the_bytes_and_masks_the_record(deployment: Deployment) -> None:
    id = send(deployment)
    told = deployment.ask(
        "admin",
        "--as",
        "it.admin",
        "files",
        "delete",
        id,
        "--reason",
        "Sent by mistake",
        "--requested-by",
        "R. Ashdown",
    )
    assert (told["name"], told["held"], told["status"]) == ("8301102_SEN…20261120.docx", False, "Sent")
    assert told["purged_at"] is not None
    assert [p for p in (deployment.folder / "data" / "archive").rglob("*") if p.is_file()] == []
    assert [p.name for p in (deployment.folder / "drops" / "SEN").iterdir()] == [".gateway-drop-folder"]
    (entry,) = trail(deployment, id, "delete")
    assert (entry.actor, entry.detail["reason"]) == ("it.admin", "Sent by mistake (requested by R. Ashdown)")


def test_a_copy_that_can_t_be_reached_is_said_to_be_left(deployment: Deployment) -> None:
    id = send(deployment)
    marker = deployment.folder / "drops" / "SEN" / ".gateway-drop-folder"
    marker.unlink()
    ran = deployment.run("admin", "files", "delete", id, "--reason", "x", "--requested-by", "y")
    assert ran.exit_code == 75
    assert "Its copy in a drop folder can't be reached" in ran.stderr
    assert [p for p in (deployment.folder / "data" / "archive").rglob("*") if p.is_file()] == []
    marker.touch()
    deployment.run("admin", "retention", "purge")
    assert find(deployment, id).purged_at is not None


def test_a_second_deletion_is_bad_data(deployment: Deployment) -> None:
    id = send(deployment)
    line = ("admin", "files", "delete", id, "--reason", "x", "--requested-by", "y")
    assert deployment.run(*line).exit_code == 0
    ran = deployment.run(*line)
    assert ran.exit_code == 65
    assert "are not held any more" in ran.stderr
    assert "export" in deployment.run("admin", "files", "--help").stdout
