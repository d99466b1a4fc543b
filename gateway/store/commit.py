"""One folder's fsync, shared by all who renamed into it at about the same time.

Owns the rule of a group commit: a sync that *started* after my rename has carried it, whoever asked for it; one that
was already under way may not have (Source: SPEC 11; docs/decisions/0002-sealed-spool-entry.md).
"""

import threading

from gateway.ports import Disk


class FolderCommit:
    """Blocking, and safe from many threads."""

    def __init__(self, disk: Disk, folder: str) -> None:
        """Take the folder."""
        self._disk = disk
        self._folder = folder
        self._turn = threading.Lock()  # one sync at a time; whoever waits for it may find it done
        self._started = 0
        self._carried = 0  # number of the last sync that succeeded

    def sync(self) -> None:
        """Return when every rename that happened before this call is durable. Raises OSError."""
        wanted = self._started + 1  # the one under way, if any, started before our call
        with self._turn:
            if self._carried >= wanted:
                return
            self._started += 1
            self._disk.sync_folder(self._folder)
            self._carried = self._started
