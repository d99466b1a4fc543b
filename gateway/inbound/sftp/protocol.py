"""An SFTP version 3 server without any I/O: bytes in, requests out; replies in, bytes out.

Owns one session from its first byte to its end. A write's data goes to the portal as it arrives, in slices, and is
never put together here. Every path, name and file is the portal's business. What can't be read as SFTP raises
ProtocolError; what is only unknown is answered so. Source: SPEC 5; draft-ietf-secsh-filexfer-02.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from gateway.inbound.sftp.dispatch import Dispatch
from gateway.inbound.sftp.flow import Channel, Flow, Limits
from gateway.inbound.sftp.handles import Handles
from gateway.inbound.sftp.packets import ProtocolError
from gateway.inbound.sftp.requests import Requests
from gateway.inbound.sftp.stream import Stream

__all__ = ["Channel", "Engine", "Limits", "ProtocolError", "Requests"]

F = TypeVar("F")

_NOTHING: Final = memoryview(b"")


class Engine(Generic[F]):
    """One session: feed it what the channel brings, end it when the channel is gone.

    Requests are called from within `feed` and `go_on` alone, and only these raise ProtocolError. Giving a reply
    calls nobody back: when it makes room for requests that wait, `wake` is called, and shall have `go_on` called
    soon after (an asyncio session passes a function that does `loop.call_soon`).
    """

    def __init__(self, requests: Requests[F], *, channel: Channel, limits: Limits, wake: Callable[[], object]) -> None:
        self._channel = channel
        self._flow = Flow(channel, max_outstanding=limits.max_outstanding, wake=wake)
        self._handles: Handles[F] = Handles(most=limits.max_handles, abandon=requests.abandon)
        dispatch = Dispatch(requests, flow=self._flow, handles=self._handles, limits=limits)
        self._stream = Stream(dispatch, max_packet=limits.max_packet)
        self._is_working = False
        self._is_paused = False  # the channel was asked to bring nothing more
        self._held = _NOTHING  # what waits for room

    @property
    def is_idle(self) -> bool:
        """Nothing is held back, and no reply is owed: the moment for a clean end after the client's EOF."""
        return not self._held and not self._flow.outstanding

    def feed(self, data: bytes | memoryview) -> None:
        """Work through what came, or as much as there is room for; the rest is kept for `go_on`."""
        if self._is_working:
            return
        held, self._held = self._held, _NOTHING
        view = memoryview(bytes(held) + data) if held else memoryview(data)
        self._is_working = True  # stays so if anything below raises: the place in the stream is lost then
        rest = self._work_through(view)
        self._is_working = False
        if self._flow.is_full:
            self._hold(rest)
        elif self._is_paused:
            self._is_paused = False
            self._channel.resume_reading()

    def go_on(self) -> None:
        """Take up again what was held back; harmless when nothing was."""
        held, self._held = self._held, _NOTHING
        self.feed(held)

    def pause(self, reason: str) -> None:
        """Hand on nothing more until every reason given here is taken back: the channel's buffer, a slow disk."""
        self._flow.pause(reason)

    def resume(self, reason: str) -> None:
        self._flow.resume(reason)

    def end(self) -> None:
        """The channel is gone: abandon what the client didn't close, drop the replies that are still owed."""
        self._flow.end()
        self._handles.end()

    def _hold(self, rest: memoryview) -> None:
        if self._flow.is_ended:
            return
        # a buffer that its owner may write to again is copied
        self._held = rest if rest.readonly else memoryview(bytes(rest))
        self._flow.is_waiting = True
        if not self._is_paused:
            self._is_paused = True
            self._channel.pause_reading()

    def _work_through(self, view: memoryview) -> memoryview:
        """Hand on until there is no more, or no more room; return the rest."""
        at, end = 0, len(view)
        flow, step = self._flow, self._stream.step
        while at < end and not flow.is_full:
            at = step(view, at)
        return view[at:]
