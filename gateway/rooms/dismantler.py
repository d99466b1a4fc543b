"""`python -m gateway.rooms.dismantler`: the process that takes messages apart, put together.

Owns its beginning: it lets the doors go first, leaves no picture of its memory, and ends with the gateway.
"""

import os
import resource
import socket
import sys

from gateway.beside import be_deaf, end_with_the_gateway
from gateway.inbound.smtp.dismantlerprocess import work
from gateway.store.disk import PosixDisk

_NICE = 10  # who waits for a 250 goes first


def main(channel: str, lifeline: str) -> None:
    """Work until the gateway closes its end, or is gone. Both are numbers of inherited descriptors."""
    be_deaf()
    end_with_the_gateway(int(lifeline))
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)  # allowed by the unit file
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold what schools sent
    line = socket.socket(fileno=int(channel))
    work(line.makefile("rb"), line.sendall, PosixDisk())


if __name__ == "__main__":
    main(*sys.argv[1:])
