"""How many are inside, and who guessed passwords.

Owns the counts of connections (all, and by address) and of failed logins by address. When it is full, whoever has been
quiet the longest without sending anything is shown out, so that idle strangers keep nobody from being served.

Source: SPEC 4, 9.
"""

import asyncio
import functools
import ipaddress
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from gateway.core.register import Account
from gateway.inbound.smtp.desk import Network, SmtpLimits
from gateway.inbound.smtp.replies import MADE_ROOM, SHUTTING_DOWN, TOO_MANY_HERE, TOO_MANY_OF_YOURS, Reply
from gateway.ports import Clock

_MAX_ADDRESSES = 10_000  # whose failed logins are remembered
_KNOWN = 1_000  # addresses of which is remembered what they are: asked more than once a message
_GRACE = 1.0  # seconds in which a guest is not yet idle


class Guest(Protocol):
    """Somebody with a connection."""

    def origin(self) -> str:
        """Return where they come from, as `address_key` says; "" where addresses are not counted."""
        ...

    def idle_since(self) -> float | None:
        """Return since when they keep us waiting and may be shown out; None when they may not."""
        ...

    def show_out(self, reply: Reply) -> None:
        """Say this and close."""
        ...

    def retire(self) -> None:
        """Close, at once or when the message under way is finished."""
        ...

    def review(self, may_stay: Callable[[Account], bool]) -> None:
        """End it if the account that signed in may no longer be here."""
        ...


@functools.lru_cache(_KNOWN)
def plain_address(text: str) -> str:
    """Return an IP address without its zone, and an IPv4 one that came in IPv6's clothes as itself."""
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    return str((ip.ipv4_mapped or ip) if ip.version == 6 else ip)


def address_key(address: str) -> str:
    """Return what is counted as one address: an IPv6 client commands a whole /64."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((int(ipaddress.IPv6Address(address)) >> 64 << 64, 64)))


def is_among(address: str, networks: Iterable[Network]) -> bool:
    """Whether a client's address lies in one of the networks; who comes by a Unix socket is on this host."""
    ip = _ip(address or "127.0.0.1")
    return any(ip in network for network in networks)


@functools.lru_cache(_KNOWN)
def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address)


class Door:
    """The guests of all listeners."""

    def __init__(self, clock: Clock) -> None:
        """Open, with nobody inside."""
        self._clock = clock
        self._guests: set[Guest] = set()
        self._of_address: Counter[str] = Counter()
        self._guesses: dict[str, deque[float]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._is_closing = False

    def __len__(self) -> int:
        """Return how many are inside."""
        return len(self._guests)

    def enter(self, guest: Guest, limits: SmtpLimits) -> Reply | None:
        """Let somebody in, or return why not."""
        if self._is_closing:
            return SHUTTING_DOWN
        origin = guest.origin()
        if origin and self._of_address[origin] >= limits.max_connections_per_address:
            if not self._make_room(g for g in self._guests if g.origin() == origin):
                return TOO_MANY_OF_YOURS
        elif len(self._guests) >= limits.max_connections and not self._make_room(self._guests):
            return TOO_MANY_HERE
        self._guests.add(guest)
        self._of_address[origin] += 1
        self._empty.clear()
        return None

    def leave(self, guest: Guest) -> None:
        """Forget somebody; harmless for who never came in or was shown out."""
        if guest not in self._guests:
            return
        self._guests.discard(guest)
        self._of_address[guest.origin()] -= 1
        if not self._of_address[guest.origin()]:
            del self._of_address[guest.origin()]
        if not self._guests:
            self._empty.set()

    async def close(self, *, grace: float) -> None:
        """Let nobody in, let each finish the message under way, and show the rest out after `grace` seconds."""
        self._is_closing = True
        for guest in tuple(self._guests):
            guest.retire()
        try:
            async with asyncio.timeout(grace):
                await self._empty.wait()
        except TimeoutError:
            for guest in tuple(self._guests):
                guest.show_out(SHUTTING_DOWN)

    def review(self, may_stay: Callable[[Account], bool]) -> None:
        """Show out who signed in and may no longer be here."""
        for guest in tuple(self._guests):
            guest.review(may_stay)

    def note_wrong_password(self, origin: str) -> None:
        """Remember a failed login."""
        if origin not in self._guesses and len(self._guesses) >= _MAX_ADDRESSES:
            del self._guesses[next(iter(self._guesses))]  # the one that began guessing first
        self._guesses.setdefault(origin, deque(maxlen=1000)).append(self._clock.monotonic())

    def is_shut_out(self, origin: str, limits: SmtpLimits) -> bool:
        """Whether too many logins failed from there lately."""
        guesses = self._guesses.get(origin)
        if guesses is None or not limits.max_auth_failures_per_address:
            return False
        while guesses and guesses[0] <= self._clock.monotonic() - limits.auth_window_seconds:
            guesses.popleft()
        if not guesses:
            del self._guesses[origin]
        return len(guesses) >= limits.max_auth_failures_per_address

    def _make_room(self, guests: Iterable[Guest]) -> bool:
        """Show out the guest who has been idle the longest; False when all are at work."""
        waiting = [(since, guest) for guest in guests if (since := guest.idle_since()) is not None]
        if not waiting:
            return False
        since, guest = min(waiting, key=lambda pair: pair[0])
        if self._clock.monotonic() - since < _GRACE:
            return False
        self.leave(guest)
        guest.show_out(MADE_ROOM)
        return True
