"""A person at a terminal: a program that asks, and somebody who waits for the question and types.

with Terminal("sftp", "-P", "2222", "a.person@127.0.0.1") as sftp:
    sftp.expect("Password: ")
    sftp.answer("Tulip7garden")
    sftp.expect("sftp>")
"""

import os
import pty
import select
import signal
from contextlib import suppress
from types import TracebackType

_PATIENCE = 60.0  # seconds; a loaded machine is slow


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.said = ""  # everything that it showed
        self._seen = 0  # how much of that was expected already
        self._pid, self._fd = pty.fork()
        if self._pid == 0:  # the child; a failure here must not run the test a second time
            try:
                os.execvp(words[0], words)
            finally:
                os._exit(127)

    def expect(self, text: str) -> str:
        """Wait until it shows this; return what it showed since the last time."""
        while text not in self.said[self._seen :]:
            if not self._read():
                raise AssertionError(f"expected {text!r}, and it showed {self.said[self._seen :]!r}")
        found = self.said.index(text, self._seen) + len(text)
        told, self._seen = self.said[self._seen : found], found
        return told

    def answer(self, line: str) -> None:
        """Type a line."""
        os.write(self._fd, line.encode() + b"\n")

    def end(self) -> str:
        """Wait for its end; return what it showed since the last time."""
        while self._read():
            pass
        told, self._seen = self.said[self._seen :], len(self.said)
        return told

    def _read(self) -> bool:
        if not select.select([self._fd], [], [], _PATIENCE)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux's way to say that the other side of a terminal is gone
            return False
        self.said += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
