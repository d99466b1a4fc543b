"""A process of ours beside the gateway: how it begins, what it is given, how it ends.

Owns its beginning (our own code, by the same interpreter, with the descriptors that it is given and no others), the
socket between us, and its lifeline: a pipe that closes with the gateway's end, whatever brought that about (Source:
docs/decisions/0018, 0019).
"""

import fcntl
import io
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

IS_POSSIBLE = sys.platform == "linux"
# glibc gives a large block back to the system at once, and is given the next one anew, page by page: up to these sizes
# (bytes) it keeps what it has. A message of 100 KB cost 120 page faults, a third of the system's time for it.
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 20)}
_LAST = 1.0  # seconds for the end of what was killed
_HOUSE = str(Path(__file__).parents[1])  # where this package lies
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # for the gateway; service managers send them to the group


@dataclass(frozen=True)
class Beside:
    """The process, and our ends of what is between us."""

    child: subprocess.Popen[bytes]
    channel: socket.socket  # does not block
    lifeline: io.FileIO  # nothing is ever written to it

    def let_go(self) -> None:
        """Close our ends; safe to repeat."""
        self.channel.close()
        self.lifeline.close()

    def see_off(self, patience: float) -> None:
        """Wait until it is gone, for so many seconds; then end it. Blocks, but not for ever: a disk may hold it."""
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.child.kill()
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(_LAST)


def begin(module: str, *args: str, kind: socket.SocketKind, keep: Sequence[int] = ()) -> Beside:
    """Start a module of ours. Its arguments: its end of the socket, its end of the lifeline, what it keeps, `args`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    end, start = os.pipe()
    lifeline = io.FileIO(start, "wb")
    try:
        ours.setblocking(False)
        return Beside(_spawn(module, (theirs.fileno(), end, *keep), args), ours, lifeline)
    except BaseException:
        ours.close()
        lifeline.close()
        raise
    finally:
        theirs.close()
        os.close(end)


def _spawn(module: str, numbers: Sequence[int], args: Sequence[str]) -> subprocess.Popen[bytes]:
    paths = [_HOUSE, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(  # noqa: S603  # our own code, and numbers and folders of our own
        # -P: what lies in the folder in which we were started is no code of ours
        [sys.executable, "-P", "-m", module, *map(str, numbers), *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=numbers,
        process_group=0,  # the terminal's signals are for the gateway
        env={**os.environ, **_MEMORY, "PYTHONPATH": os.pathsep.join(paths)},
    )


# In the process.


def be_deaf() -> None:
    """Leave the signals of terminals and service managers to the gateway."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def end_with_the_gateway(lifeline: int) -> None:
    """Let the system end this process, whatever it does, when the gateway's end of the lifeline is closed."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)  # SIGIO ends a process
    gone = select.poll()
    gone.register(lifeline, select.POLLHUP)
    if gone.poll(0):  # before we asked for the signal
        sys.exit()
