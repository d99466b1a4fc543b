"""The engine on standard input and output, files in memory: what `sftp -D` starts instead of an SSH connection.

On the standard error, at the end, the names that were closed and those that were abandoned.
"""

import os
import sys

from gateway.inbound.sftp.protocol import Engine, Limits
from tests.inbound.sftp.memory import MemoryPortal


class Output:
    """A channel that a pipe is behind; its reader takes everything, so that nothing ever has to wait."""

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def main() -> None:
    portal = MemoryPortal()
    engine = Engine(portal, channel=Output(), limits=Limits(), wake=lambda: None)
    while data := os.read(0, 65536):
        engine.feed(data)
    engine.end()
    for file in portal.opened:
        sys.stderr.write(f"{file.path} {' '.join(file.ends)} {len(file.data)}\n")


if __name__ == "__main__":
    main()
