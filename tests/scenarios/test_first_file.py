"""The first file of a newcomer: real clients, a real daemon, real commands, from the keyboard to the drop (SPEC 13)."""

import asyncio
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.daemons import PASSWORD, Daemon, words_of
from tests.scenarios.invariants import sha256

pytestmark = pytest.mark.clients

USERNAME, ADDRESS = "p.varga", "petra.varga@leysjunior.example"
HEAD_ADDRESS = "samir.okonjo@leysjunior.example"
PDF = b"%PDF-1.4\n% An invented report.\n%%EOF\n"
GOOD_MAILED, BAD_MAILED = "8302000_INFOeyfsreturn20261120.pdf", "8302000_info_phonics20261120.pdf"
GOOD_UPLOADED, BAD_UPLOADED = "8302000_SENreview20261120.pdf", "Acronyms.pdf"

FIELDS = [  # of a file in --json, in the order in which SPEC 13 promises them
    *("id", "submission", "name", "school", "service", "status", "reason", "remark", "warnings", "channel", "sent_by"),
    *("sent_by_user", "sent_at", "received_by", "received_by_user", "received_at", "delivered_at", "size", "sha256"),
    *("comment", "tags", "supersedes", "expires_at"),
]


async def run(*command: object, typed: str = "", cwd: Path) -> tuple[int, str]:
    """Run a program of this host; return its exit code and all that it said."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT, cwd=cwd
    )
    said, _ = await program.communicate(typed.encode())
    assert program.returncode is not None
    return program.returncode, said.decode(errors="replace")


@pytest.fixture
async def desk(daemon: Daemon, tmp_path: Path) -> Path:
    """Return the secretary's folder, with files and a key in it; the account was made by the command."""
    folder = tmp_path / "desk"
    folder.mkdir()
    for name in (GOOD_MAILED, BAD_MAILED, GOOD_UPLOADED, BAD_UPLOADED):
        (folder / name).write_bytes(PDF + name.encode() + b"\n%%EOF\n")
    daemon.key.write_private_key(str(folder / "key"))
    (folder / "key").chmod(0o600)
    daemon.key.write_public_key(str(folder / "key.pub"))
    await daemon.set_up()
    await daemon.start()
    code, said, complaint = await daemon.run(
        *("admin", "users", "add", USERNAME, "--forename", "Petra", "--surname", "Varga", "--email", ADDRESS),
        *("--role", "staff", "--school", "8302000", "--key", str(folder / "key.pub"), "--password-stdin", "--activate"),
        given=PASSWORD + "\n",
    )
    assert code == 0, complaint
    assert "Petra Varga" in said
    return folder


async def swaks(daemon: Daemon, desk: Path, name: str) -> str:
    """Send one attachment by email, as the README does."""
    code, said = await run(
        *("swaks", "--server", "localhost", "--port", daemon.port("smtp"), "--tls", "--auth", "PLAIN"),
        *("--auth-user", USERNAME, "--auth-password", PASSWORD, "--from", ADDRESS, "--to", "files@gateway.test"),
        *("--header", "Subject: A file #eyfs", "--body", "Please find it attached.", "--attach", f"@{desk / name}"),
        cwd=desk,
    )
    assert code == 0, said
    return said


async def sftp(daemon: Daemon, desk: Path, *commands: str) -> tuple[int, str]:
    """Run a batch of commands over SFTP with OpenSSH."""
    options = ["-o", "UserKnownHostsFile=known_hosts", "-o", "StrictHostKeyChecking=accept-new", "-F", "none"]
    return await run(
        *("sftp", "-b", "-", "-P", daemon.port("sftp"), "-i", "key", *options, f"{USERNAME}@127.0.0.1"),
        typed="\n".join(commands) + "\n",
        cwd=desk,
    )


async def files(daemon: Daemon, *filters: str) -> dict[str, dict[str, Any]]:
    """Return what `admin files list` says, by name."""
    code, said, complaint = await daemon.run("admin", "files", "list", "--json", *filters)
    assert code == 0, complaint
    return {file["name"]: file for file in json.loads(said)}


async def test_a_well_named_file_by_email(daemon: Daemon, desk: Path) -> None:
    assert "250 2.0.0 Accepted as" in await swaks(daemon, desk, GOOD_MAILED)
    await daemon.idle()
    data = (desk / GOOD_MAILED).read_bytes()
    assert daemon.dropped("INFO") == {GOOD_MAILED: data}
    file = (await files(daemon))[GOOD_MAILED]
    assert list(file)[: len(FIELDS)] == FIELDS  # more may follow, none may go
    expected = {
        "school": "8302000", "service": "INFO", "status": "Sent", "reason": None, "warnings": [], "channel": "email",
        "sent_by": "Petra Varga", "sent_by_user": USERNAME, "received_by": None, "received_by_user": None,
        "received_at": None, "size": len(data), "sha256": sha256(data), "comment": "Please find it attached.",
        "tags": ["eyfs"], "supersedes": None,
    }  # fmt: skip
    assert {key: file[key] for key in expected} == expected
    times = [datetime.fromisoformat(file[key]) for key in ("sent_at", "delivered_at", "expires_at")]
    assert all(at.tzinfo is not None for at in times)
    assert (times[2] - times[0]).total_seconds() == 90 * 86_400
    assert "Delivered" in file["remark"]
    (receipt,) = daemon.relay.to(ADDRESS)
    assert receipt["Subject"] == "Your file was sent"
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert GOOD_MAILED in words_of(receipt)
    assert file["submission"] in words_of(receipt)
    assert daemon.relay.to(HEAD_ADDRESS) == []


async def test_a_misnamed_file_by_email(daemon: Daemon, desk: Path) -> None:
    await swaks(daemon, desk, BAD_MAILED)
    await daemon.idle()
    file = (await files(daemon, "--status", "Rejected"))[BAD_MAILED]
    assert (file["status"], file["reason"], file["service"]) == ("Rejected", "no-service-code", None)
    assert daemon.dropped("INFO") == {}
    (receipt,) = daemon.relay.to(ADDRESS)
    assert receipt["Subject"] == "Your file was rejected: what to do"
    text = words_of(receipt)
    assert "No Service Code in filename" in text
    assert "8302000_INFO_phonics20261120.pdf" in text
    (copy,) = daemon.relay.to(HEAD_ADDRESS)
    assert "phonics" not in words_of(copy)
    assert "Petra Varga" in words_of(copy)


async def test_a_well_named_file_over_sftp(daemon: Daemon, desk: Path) -> None:
    code, said = await sftp(daemon, desk, f'put {GOOD_UPLOADED} "Send Files/"')
    assert code == 0, said
    await daemon.idle()
    assert daemon.dropped("SEN") == {GOOD_UPLOADED: (desk / GOOD_UPLOADED).read_bytes()}
    file = (await files(daemon, "--service", "SEN"))[GOOD_UPLOADED]
    assert (file["status"], file["channel"]) == ("Sent", "sftp")
    code, said = await sftp(daemon, desk, 'ls -1 "Sent Files"/*', "get Status.csv")
    assert GOOD_UPLOADED in said
    assert GOOD_UPLOADED in (desk / "Status.csv").read_text(encoding="utf-8-sig")


async def test_a_misnamed_file_over_sftp(daemon: Daemon, desk: Path) -> None:
    code, said = await sftp(daemon, desk, f'put {BAD_UPLOADED} "Send Files/"')
    assert code != 0, said
    await daemon.idle()
    file = (await files(daemon))[BAD_UPLOADED]
    assert (file["status"], file["reason"], file["size"], file["sha256"]) == ("Rejected", "no-dfe-number", None, None)
    code, said = await sftp(daemon, desk, 'ls -1 "Rejected Files"/*')
    assert f"{BAD_UPLOADED}.reason.txt" in said
    (receipt,) = daemon.relay.to(ADDRESS)
    assert BAD_UPLOADED in words_of(receipt)
    assert len(daemon.relay.to(HEAD_ADDRESS)) == 1


async def test_the_endpoints_say_where_and_since_when(daemon: Daemon, desk: Path) -> None:
    found = daemon.endpoints()
    assert list(found) == ["smtp", "smtps", "lmtp", "relay", "sftp", "pid", "ready_at"]
    assert daemon.process is not None
    assert found["pid"] == daemon.process.pid
    assert datetime.fromisoformat(found["ready_at"]).tzinfo is not None
    assert (found["lmtp"], found["relay"]) == ([], [])
    for door in ("smtp", "smtps", "sftp"):
        (place,) = found[door]
        host, _, port = place.rpartition(":")
        assert host == "127.0.0.1"
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()


async def test_a_name_can_be_asked_before_anything_is_sent(daemon: Daemon, desk: Path) -> None:
    code, said, _ = await daemon.run("name", GOOD_MAILED, BAD_MAILED, "--school", "8302000")
    assert code == 65
    assert "8302000_INFO_phonics20261120.pdf" in said
