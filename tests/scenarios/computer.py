"""A school's computer: the programs that are installed on it, its files, and the gateway that it sends to.

One daemon serves a whole module of tests, each with names of its own. Programs run to their end, as in a script.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import paramiko
import pytest

from tests.scenarios.daemons import PASSWORD, ROOT, Daemon, Relay
from tests.scenarios.invariants import Books, Row

WHO, SCHOOL = "samir.okonjo", "8302000"
OFFICER = "nadia.rowbotham"
OTHER = "ruth.ashdown"  # of another school
WHOLE = (
    b"%PDF-1.4\n1 0 obj\n" + os.urandom(200_000).replace(b"%%EOF", b"") + b"\n%%EOF\n"
)  # no whole number of any blocks


@dataclass
class Ended:
    """What a program did."""

    code: int
    said: str  # on both streams


@dataclass
class Computer:
    """The programs of one school, and the gateway."""

    folder: Path  # of the computer
    gateway: Path  # the deployment
    port: int
    key: asyncssh.SSHKey

    # Its files

    def file(self, description: str, data: bytes = WHOLE, *, ending: str = "pdf") -> Path:
        """Make a file of a good name."""
        path = self.folder / f"{SCHOOL}_SEN{description}20261120.{ending}"
        path.write_bytes(data)
        return path

    # Its programs

    def run(self, *words: object, given: str = "", env: Mapping[str, str] | None = None, seconds: float = 60) -> Ended:
        """Run a program to its end."""
        done = subprocess.run(
            [str(word) for word in words],
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            timeout=seconds,
            check=False,
            env={**os.environ, "HOME": str(self.folder), **(env or {})},
        )
        return Ended(done.returncode, done.stdout.decode(errors="replace"))

    @property
    def ssh_options(self) -> list[str]:
        """Return what OpenSSH's programs need to know."""
        said = {
            "IdentityFile": self.folder / "key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        return ["-F", "none", *(word for key, value in said.items() for word in ("-o", f"{key}={value}"))]

    def sftp(self, *commands: str, flags: tuple[str, ...] = (), who: str = WHO) -> Ended:
        """Run OpenSSH's sftp in a batch."""
        words = ["sftp", "-q", *flags, "-P", self.port, *self.ssh_options, "-b", "-", f"{who}@127.0.0.1"]
        return self.run(*words, given="\n".join(commands) + "\n")

    def scp(self, *words: object) -> Ended:
        """Run OpenSSH's scp; `gw:` stands for the gateway."""
        there = [str(word).replace("gw:", f"{WHO}@127.0.0.1:") for word in words]
        return self.run("scp", "-P", self.port, *self.ssh_options, *there)

    @property
    def putty_options(self) -> list[object]:
        """Return what PuTTY's programs need to know."""
        fingerprint = asyncssh.import_public_key(self._host_key()).get_fingerprint()
        return ["-batch", "-P", self.port, "-pw", PASSWORD, "-hostkey", fingerprint]

    def _host_key(self) -> str:
        return (self.folder / "known_hosts").read_text().split(" ", 1)[1]

    def psftp(self, *commands: str) -> Ended:
        """Run PuTTY's psftp in a batch."""
        script = self.folder / "psftp.txt"
        script.write_text("\n".join(commands) + "\n")
        return self.run("psftp", *self.putty_options, "-b", script, f"{WHO}@127.0.0.1")

    def pscp(self, *words: object) -> Ended:
        """Run PuTTY's pscp; `gw:` stands for the gateway."""
        there = [str(word).replace("gw:", f"{WHO}@127.0.0.1:") for word in words]
        return self.run("pscp", "-sftp", *self.putty_options, *there)

    def lftp(self, *commands: str) -> Ended:
        """Run lftp in the folder Send Files."""
        ssh = " ".join(["ssh", "-a", "-x", *self.ssh_options])
        script = [
            f"set sftp:connect-program '{ssh}'",
            "set net:max-retries 1",
            "set cmd:fail-exit yes",
            f"open -u {WHO}, -p {self.port} sftp://127.0.0.1",
            "cd 'Send Files'",
            *commands,
        ]
        return self.run("lftp", "-c", "; ".join(script))

    def curl(self, *words: object, path: str) -> Ended:
        """Run curl."""
        url = f"sftp://127.0.0.1:{self.port}/{path.replace(' ', '%20')}"
        hosts = ["--insecure"]  # Debian's libssh2 reads no known_hosts with a port
        return self.run("curl", "-sS", *hosts, "-u", f"{WHO}:{PASSWORD}", *words, url)

    def rclone(self, *words: object, flags: tuple[str, ...] = (), who: str = WHO) -> Ended:
        """Run rclone; `gw:` stands for the gateway."""
        remote = f":sftp,host=127.0.0.1,port={self.port},user={who},key_file={self.folder / 'key'}:"
        there = [str(word).replace("gw:", remote) for word in words]
        return self.run("rclone", "--retries", "1", "--low-level-retries", "1", *flags, *there)

    @contextmanager
    def sshfs(self, who: str = WHO) -> Iterator[Path]:
        """Mount the gateway as a folder."""
        mounted = self.folder / "mounted"
        mounted.mkdir(exist_ok=True)
        ended = self.run("sshfs", "-p", self.port, *self.ssh_options[2:], f"{who}@127.0.0.1:/", mounted)
        if ended.code:
            pytest.skip(f"FUSE doesn't work here: {ended.said}")
        try:
            yield mounted
        finally:
            self.run("fusermount3", "-u", mounted)

    @contextmanager
    def paramiko(self, who: str = WHO) -> Iterator[paramiko.SFTPClient]:
        """Connect with paramiko."""
        client = paramiko.SSHClient()
        client.load_host_keys(str(self.folder / "known_hosts"))
        key = paramiko.Ed25519Key.from_private_key_file(str(self.folder / "key"))
        client.connect("127.0.0.1", self.port, who, pkey=key, allow_agent=False, look_for_keys=False)
        with client, client.open_sftp() as sftp:
            yield sftp

    # What became of it

    def record(self, name: str, *, seconds: float = 20) -> Row:
        """Return the newest record of a name, once there is one."""
        return until(lambda: self._records(name), f"{name} was recorded", seconds=seconds)[-1]

    def _records(self, name: str) -> list[Row]:
        return [row for row in Books(self.gateway / "data").files if row["name"] == name]

    def was_taken(self, path: Path, data: bytes = WHOLE) -> bool:
        """Return whether this very file reached its service."""
        dropped = self.gateway / "drops" / "SEN" / path.name
        assert self.record(path.name)["status"] == "Sent"
        return until(lambda: dropped.is_file() and dropped.read_bytes() == data, f"{path.name} was dropped")

    def has_no_record(self, name: str) -> bool:
        """Return whether nothing is known of a name, after all that came before it was worked off."""
        marker = self.file(f"marker{time.monotonic_ns()}".translate(str.maketrans("0123456789", "abcdefghij")))
        assert self.sftp(f'put {marker} "Send Files/"').code == 0
        self.record(marker.name)
        return not self._records(name)

    @property
    def months(self) -> tuple[str, str]:
        """Return where this month's files stand, sent and rejected."""
        listed = self.sftp('ls -1 "Sent Files"').said
        month = max(re.findall(r"20\d\d-\d\d", listed) or ["none"])
        return f"Sent Files/{month}", f"Rejected Files/{month}"


def until(condition: Callable[[], object], what: str, *, seconds: float = 20) -> object:
    """Wait until something is so, and return it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} seconds until {what}"
        time.sleep(0.01)
    return found


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where a program is not installed, and say which."""
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


def _drops_under_way(data: Path) -> list[Row]:
    return [drop for drop in Books(data).drops if drop["state"] not in ("done", "withdrawn", "given-up")]


@contextmanager
def computer_of(deployment: Path, folder: Path) -> Iterator[Computer]:
    """Start a daemon, and furnish a computer that may send to it; at the end everything must be whole."""
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / "key"))
    (folder / "key").chmod(0o600)
    daemon = Daemon(deployment, Relay(), key=key)
    asyncio.run(daemon.set_up(WHO, OFFICER, OTHER))
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "-c", str(daemon.config), "run"],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        until(lambda: daemon.endpoints().get("pid") == process.pid or process.poll() is not None, "it listened")
        port = daemon.port("sftp")
        host_key = asyncssh.read_private_key(str(deployment / "ssh" / "host_ed25519")).export_public_key().decode()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}")
        yield Computer(folder, deployment, port, key)
        # A stop waits a second for the last drop; on a slow disk it is cut off between its two names: no fault.
        until(lambda: not _drops_under_way(deployment / "data"), "the last drops were done")
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        assert process.wait(40) == 0, (folder / "daemon.log").read_text()[-4000:]
    daemon.assert_whole()
