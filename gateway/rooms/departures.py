"""The rooms through which a file leaves: dropped for its service, collected from there, destroyed when its term ends.

Owns their putting together, and which way each kind of target has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.routing import TargetKind
from gateway.parameters import mailbox_of, pusher_of
from gateway.pipeline.collect import Collect
from gateway.pipeline.drop import Dropper
from gateway.pipeline.purge import Purge
from gateway.pipeline.sweep import Sweep
from gateway.pipeline.ways import Folder, Inbox, Mailed, Pushed, Way
from gateway.rooms.decisions import DecisionRooms
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class DepartureRooms:
    """What commands and workers use of them."""

    dropper: Dropper
    collect: Collect
    sweep: Sweep
    purge: Purge


def build_departure_rooms(ground: Ground, *, deciding: DecisionRooms) -> DepartureRooms:
    """Make every one of them; does nothing."""
    ledger, folder, clock, policy = ground.ledger, ground.folder, ground.clock, ground.policy
    return DepartureRooms(
        dropper=Dropper(
            ledger=ledger,
            clock=clock,
            policy=policy,
            ways=_ways(ground),
            transitions=deciding.transitions,
            answer=ground.answer,
            to_notify=ground.turns.notify.wake,
            withdraw=deciding.withdraw,
            recalls=deciding.recalls,
        ),
        collect=Collect(ledger=ledger, folder=folder, withdraw=deciding.withdraw),
        sweep=Sweep(ledger=ledger, folder=folder, policy=policy),
        purge=Purge(
            ledger=ledger, archive=ground.archive, spool=ground.spool, folder=folder, clock=clock, policy=policy
        ),
    )


def _ways(ground: Ground) -> Mapping[TargetKind, Way]:
    """Return the way for each kind of target; what talks to a network is made anew each time it is needed."""
    ledger, archive, clock, own = ground.ledger, ground.archive, ground.clock, ground.own
    return {
        TargetKind.PICKUP: Inbox(),
        TargetKind.FOLDER: Folder(ledger=ledger, archive=archive, folder=ground.folder),
        TargetKind.EMAIL: Mailed(
            ledger=ledger,
            archive=archive,
            mailbox=lambda: mailbox_of(ground.in_force.current, clock, own),
            answer=ground.answer,
            policy=ground.policy,
            clock=clock,
        ),
        TargetKind.SFTP: Pushed(ledger=ledger, archive=archive, pusher=lambda: pusher_of(ground.disk, own)),
    }
