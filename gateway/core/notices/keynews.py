"""What people are told of their keys: that they were changed, and that it is time for new ones.

Owns these contexts and their samples (Source: SPEC 9).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from gateway.core.notices.receipts import Letterhead, plain
from gateway.core.phrases import day, moment
from gateway.core.publickeys import KeyFact, PublicKey
from gateway.core.register import Account, Role

CHANGED, OLD = "keys-changed", "keys-old"


@dataclass(frozen=True)
class KeyRow:
    """One key, as its owner knows it."""

    fingerprint: str
    kind: str
    comment: str
    since: str  # a day; "" where it is not known
    last_used: str  # a day; "" for never


@dataclass(frozen=True)
class KeysChanged:
    """Keys that were added to an account, or removed."""

    authority: str
    contact: str
    reader: str
    username: str
    by: str  # "you", or an administrator's name
    at: str
    peer: str  # the address it was done from; "" by command
    added: tuple[KeyRow, ...]
    removed: tuple[KeyRow, ...]


@dataclass(frozen=True)
class DeviceRow:
    """One device whose password is old."""

    username: str
    since: str


@dataclass(frozen=True)
class KeysOld:
    """Keys, or passwords of devices, that never expire and have become old."""

    authority: str
    contact: str
    reader: str
    days: int
    keys: tuple[KeyRow, ...]
    devices: tuple[DeviceRow, ...]


def key_row(key: PublicKey, fact: KeyFact | None, zone: tzinfo) -> KeyRow:
    """Return a key with what is known of it."""
    return KeyRow(
        fingerprint=key.fingerprint,
        kind=key.kind,
        comment=key.comment,
        since=day(fact.added_at, zone) if fact else "",
        last_used=day(fact.last_used_at, zone) if fact and fact.last_used_at else "",
    )


def keys_changed(
    reader: Account,
    *,
    added: Sequence[PublicKey],
    removed: Sequence[PublicKey],
    by: str,
    peer: str,
    at: datetime,
    head: Letterhead,
) -> KeysChanged:
    """Return what the owner of an account is told of its keys; `by` is a username, or an administrator's name."""
    return KeysChanged(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        username=reader.username,
        by="you" if by == reader.username else by,
        at=moment(at, head.zone),
        peer=peer,
        added=tuple(key_row(key, None, head.zone) for key in added),
        removed=tuple(key_row(key, None, head.zone) for key in removed),
    )


def keys_old(
    reader: Account,
    *,
    keys: Sequence[tuple[PublicKey, KeyFact]],
    devices: Sequence[Account],
    days: int,
    head: Letterhead,
) -> KeysOld:
    """Return what somebody is told of their old keys, and of the devices that they answer for."""
    return KeysOld(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        days=days,
        keys=tuple(key_row(key, fact, head.zone) for key, fact in keys),
        devices=tuple(
            DeviceRow(device.username, day(device.password_set_at, head.zone) if device.password_set_at else "")
            for device in devices
        ),
    )


_AT = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
_HEAD = Letterhead("Derbyshire", "the files team, files-help@derbyshire.example, 01632 960123")
_READER = Account("p.varga", "Petra", "Varga", "petra.varga@leys.example", Role.STAFF, schools=("8302000",))
_KEY = PublicKey("ssh-ed25519", b"sample", "petra@office-pc")
_FACT = KeyFact("p.varga", _KEY.fingerprint, _AT - timedelta(days=400), "p.varga", _AT)


def sample_key_news() -> dict[str, tuple[Mapping[str, object], ...]]:
    """Return the contexts to try these templates with, by their names."""
    bare = PublicKey("ssh-rsa", b"another")
    device = Account(
        "leys.copier", "Copier", "Office", "copier@leys.example", Role.DEVICE, password_set_at=_AT - timedelta(days=400)
    )
    changed = (
        keys_changed(_READER, added=added, removed=removed, by=by, peer=peer, at=_AT, head=_HEAD)
        for added, removed, by, peer in (
            ((_KEY,), (bare,), "p.varga", "192.0.2.7"),
            ((_KEY, bare), (), "the clerk", ""),
            ((), (bare,), "p.varga", "192.0.2.7"),
        )
    )
    unused = KeyFact("p.varga", bare.fingerprint, _FACT.added_at, "p.varga")
    old = (
        keys_old(_READER, keys=keys, devices=devices, days=365, head=_HEAD)
        for keys, devices in ((((_KEY, _FACT), (bare, unused)), (device,)), (((_KEY, _FACT),), ()), ((), (device,)))
    )
    return {CHANGED: tuple(map(plain, changed)), OLD: tuple(map(plain, old))}
