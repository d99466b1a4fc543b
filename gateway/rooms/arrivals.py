"""The rooms through which a file comes in: received at a door, ingested from the spool, recovered after a stop.

Owns their putting together.
"""

from dataclasses import dataclass

from gateway.pipeline.ingest import Ingest
from gateway.pipeline.publish import Publish
from gateway.pipeline.receive import Receive
from gateway.pipeline.recover import Recover
from gateway.pipeline.reply import Reply
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class ArrivalRooms:
    """What doors and workers use of them."""

    receive: Receive
    ingest: Ingest
    recover: Recover


def build_arrival_rooms(ground: Ground, *, publish: Publish, reply: Reply) -> ArrivalRooms:
    """Make every one of them; does nothing."""
    ledger, turns = ground.ledger, ground.turns
    ingest = Ingest(
        spool=ground.spool,
        archive=ground.archive,
        ledger=ledger,
        clock=ground.clock,
        directory=ground.directory,
        policy=ground.policy,
        inspect=ground.inspect,
        unpacker=ground.unpacker,
        answer=ground.answer,
        publish=publish,
        to_drop=turns.drop.wake,
        to_notify=turns.notify.wake,
        names=ground.names,
        reply=reply,
    )
    return ArrivalRooms(
        receive=Receive(
            spool=ground.spool,
            ledger=ledger,
            clock=ground.clock,
            directory=ground.directory,
            policy=ground.policy,
            answer=ground.answer,
            to_ingest=turns.ingest.wake,
            to_notify=turns.notify.wake,
        ),
        ingest=ingest,
        recover=Recover(spool=ground.spool, ledger=ledger, ingest=ingest),
    )
