"""Whether the daemon runs and where it listens, as `data/run/endpoints.json` says.

Owns the reading of that file, which is a contract: every key always there, written when all listen, removed at a clean
stop. A file whose process is gone was left by a kill or a power cut, also when another process has that number by now:
it counts as not running (Source: SPEC 13).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DOORS = ("smtp", "smtps", "lmtp", "relay", "sftp")


@dataclass(frozen=True)
class Endpoints:
    """Where the daemon listens; nowhere while it is down."""

    pid: int | None = None
    ready_at: str | None = None
    doors: Mapping[str, list[str]] = field(default_factory=lambda: {door: [] for door in DOORS})

    @property
    def is_running(self) -> bool:
        """Whether there is a daemon."""
        return self.pid is not None


def read_endpoints(data: Path) -> Endpoints:
    """Return what the running daemon wrote, or no endpoints when none runs on this data folder."""
    try:
        written = json.loads((data / "run" / "endpoints.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Endpoints()
    if not _holds(written["pid"], data / "gateway.lock"):
        return Endpoints()
    return Endpoints(written["pid"], written["ready_at"], {door: written[door] for door in DOORS})


def _holds(pid: int, lock: Path) -> bool:
    """Whether this process has the lock of the data folder, asked of the kernel: to try it could keep a daemon out."""
    try:
        inode = lock.stat().st_ino
    except FileNotFoundError:
        return False
    held = (line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines())
    return any(words[1] == "FLOCK" and words[4] == str(pid) and words[5].endswith(f":{inode}") for words in held)
