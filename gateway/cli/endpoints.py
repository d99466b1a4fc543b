"""Whether the daemon runs and where it listens, as `data/run/endpoints.json` says.

Owns the reading of that file, which is a contract: every key always there, written when all listen, removed at a clean
stop. A file whose process is gone was left by a kill: it counts as not running (Source: SPEC 13).
"""

import json
import os
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
    if not _is_alive(written["pid"]):
        return Endpoints()
    return Endpoints(written["pid"], written["ready_at"], {door: written[door] for door in DOORS})


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but there
        return True
    return True
