"""The sealer, seen from the event loop: small submissions are handed to a process of ours and become our word there.

Owns the life of that process, the memory that it shares with us, and who waits for which answer. It is a help and
never a need: without it, or when it has its hands full, the gateway's own threads seal. When it ends, whoever waits is
told to try again: what was not answered was not promised. One that stands still is ended, so that nobody waits for ever
(Source: SPEC 11; docs/decisions/0018).
"""

import asyncio
import mmap
import os
import socket
from dataclasses import dataclass, replace

from gateway import log
from gateway.beside import IS_POSSIBLE, Beside, begin
from gateway.core.submission import Envelope
from gateway.errors import Transient
from gateway.ports import Clock, Wake
from gateway.store.sealerprocess import ANSWER, FAULT, HELLO, LONGEST, SLAB, SLABS, order_for
from gateway.store.threads import DiskThreads, Outcome, trouble_of

_PATIENCE = 10.0  # seconds for what it still does at our end
_LONGEST_WAIT = 30.0  # seconds for an answer; with a look each 15 seconds, less than a service manager waits for a stop
_NOT_BEGUN = "The process that seals could not begin. The gateway seals by itself, and tries again in a while."
_MODULE = "gateway.store.sealerprocess"


class Sealer:
    """At most one process. Nothing here blocks."""

    def __init__(self, *, root: str, threads: DiskThreads, clock: Clock, ended: Wake) -> None:
        """Take the folder of the spool, where what blocks is done, and whom to wake when it ends; starts nothing."""
        self._root = root
        self._threads = threads
        self._clock = clock
        self._wake = ended
        self._line: _Line | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether there is a process, and it has said that it is ready."""
        return self._line is not None and self._line.is_at_work

    async def pass_once(self) -> int:
        """Start the process if there is none, end one that stands still. Raises Transient for one that ended."""
        if self._line is not None and self._line.is_over:
            return await self._bury(self._line)
        if self._line is not None and self._line.end_if_it_stands_still():
            raise Transient(f"The process that seals gave no answer for {_LONGEST_WAIT:.0f} seconds, and is ended.")
        if self._line is None and IS_POSSIBLE:
            await self._start()
        return 0

    async def _start(self) -> None:
        try:
            process = await self._threads.obtain(_start, self._root, release=_Process.see_off)
        except Transient as trouble:  # the host does not allow it: nothing that another try in a second would change
            log.transient(stage="sealer", why=f"{_NOT_BEGUN} The reason: {trouble}")
            return
        self._line = _Line(process, self._clock, ended=self._wake)

    async def _bury(self, line: "_Line") -> int:
        await self.close()
        if line.has_begun:
            raise Transient("The process that seals ended. Until there is another one, the gateway seals by itself.")
        log.transient(stage="sealer", why=f"{_NOT_BEGUN} The reason may stand before this, in its own words.")
        return 0  # tried again at the next look: what ends at its start would end each second

    def seal(self, data: memoryview, draft: Envelope, *, digested: bool) -> asyncio.Future[Envelope] | None:
        """Begin to make these bytes our word. None when it can't be done here: then nothing was begun."""
        return self._line.seal(data, draft, digested=digested) if self._line is not None else None

    async def close(self) -> None:
        """Let it finish what it does, and go; safe to repeat."""
        line, self._line = self._line, None
        if line is not None:
            line.hang_up(Transient("The gateway is stopping."))
            await self._threads.run(line.process.see_off)


class _Line:
    """One process of the sealer, and what is between us."""

    def __init__(self, process: "_Process", clock: Clock, *, ended: Wake) -> None:
        self.has_begun = False
        self.is_at_work = False
        self.is_over = False
        self._has_fault = False  # of ours: another version's code, after an update beneath a gateway that runs on
        self.process = process
        self._clock = clock
        self._channel, self._memory = process.beside.channel, process.memory
        self._ended = ended
        self._free = list(range(SLABS))
        self._waiting: dict[int, _Asked] = {}  # by slab, the longest first
        asyncio.get_running_loop().add_reader(self._channel, self._hear)

    def seal(self, data: memoryview, draft: Envelope, *, digested: bool) -> asyncio.Future[Envelope] | None:
        if not self.is_at_work or self._has_fault or not self._free or len(data) > SLAB:
            return None
        slab = self._free[-1]
        order = order_for(slab, len(data), draft, digested=digested)
        if len(order) > LONGEST:
            return None
        self._memory[slab * SLAB : slab * SLAB + len(data)] = data
        try:
            self._channel.send(order)
        except OSError:  # as many orders wait as the system holds, or the process is gone and `_hear` will know
            return None
        self._free.pop()
        flight: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[slab] = _Asked(flight, draft, self._clock.monotonic())
        return flight

    def end_if_it_stands_still(self) -> bool:
        """End the process when somebody has waited too long; say so once. `_hear` learns that it is gone, and tells."""
        oldest = next(iter(self._waiting.values()), None)
        if not self.is_at_work or oldest is None or self._clock.monotonic() < oldest.at + _LONGEST_WAIT:
            return False
        self.is_at_work = False
        self.process.beside.child.kill()
        return True

    def hang_up(self, why: Transient) -> None:
        """Tell who waits, and close our end; safe to repeat."""
        if self.is_over:
            return
        self.is_over, self.is_at_work = True, False
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        for asked in self._waiting.values():
            Outcome(None, why).reach(asked.flight)
        self._waiting.clear()

    def _hear(self) -> None:
        try:
            said = self._channel.recv(LONGEST)
        except BlockingIOError:
            return
        except ConnectionError:
            said = b""
        if not said:
            self.hang_up(Transient("The gateway was interrupted while it stored this. Please send it again."))
            self._ended()
        elif not self.has_begun:
            self.has_begun = self.is_at_work = True
            self._has_fault = said != HELLO
        else:
            for slab, trouble, digest in ANSWER.iter_unpack(said):
                self._take(slab, trouble, digest.rstrip(b"\0").decode())

    def _take(self, slab: int, trouble: int, digest: str) -> None:
        asked = self._waiting.pop(slab)
        self._free.append(slab)
        self._has_fault = self._has_fault or trouble == FAULT
        _outcome(asked.draft, trouble, digest=digest).reach(asked.flight)


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order that was not answered yet."""

    flight: asyncio.Future[Envelope]
    draft: Envelope
    at: float


@dataclass(frozen=True)
class _Process:
    """The process, and the memory that both see."""

    beside: Beside
    memory: mmap.mmap

    def see_off(self) -> None:
        """Close our ends, and wait until it is gone; blocks. It finishes what it has, unless the disk hangs."""
        self.beside.let_go()
        self.memory.close()
        self.beside.see_off(_PATIENCE)


def _start(root: str) -> _Process:
    memory = os.memfd_create("sealer")
    try:
        os.ftruncate(memory, SLABS * SLAB)
        shared = mmap.mmap(memory, SLABS * SLAB)
        folders = (f"{root}/incoming", f"{root}/ready")
        return _Process(begin(_MODULE, *folders, kind=socket.SOCK_SEQPACKET, keep=(memory,)), shared)
    finally:
        os.close(memory)


def _outcome(draft: Envelope, trouble: int, *, digest: str) -> Outcome:
    if trouble == FAULT:
        return Outcome(
            None, RuntimeError("The process that seals met a fault of ours; its own words stand before this.")
        )
    if trouble:
        return Outcome(None, trouble_of(OSError(trouble, os.strerror(trouble))))
    return Outcome(replace(draft, sha256=digest), None)
