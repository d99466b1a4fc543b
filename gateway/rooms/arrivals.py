"""The rooms through which a file comes in: received at a door, ingested from the spool, recovered after a stop.

Owns their putting together.
"""

from dataclasses import dataclass

from gateway.pipeline.foldernames import FolderNames
from gateway.pipeline.ingest import Ingest
from gateway.pipeline.publish import Publish
from gateway.pipeline.receive import Receive
from gateway.pipeline.recover import Recover
from gateway.pipeline.reply import Reply
from gateway.pipeline.setaside import SetAsides
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class ArrivalRooms:
    """What doors and workers use of them."""

    receive: Receive
    ingest: Ingest
    recover: Recover
    set_asides: SetAsides


def build_arrival_rooms(ground: Ground, *, publish: Publish, reply: Reply) -> ArrivalRooms:
    """Make every one of them; does nothing."""
    ledger, turns = ground.ledger, ground.turns
    set_asides = SetAsides(ground.telling, ground.spool)
    folder_names = FolderNames(
        ledger=ledger, policy=ground.policy, is_there=lambda path: ground.own.run(ground.disk.exists, path)
    )
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
        to_alert=turns.set_aside.wake,
        set_asides=set_asides,
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
            unpacker=ground.unpacker,
            to_ingest=turns.ingest.wake,
            to_notify=turns.notify.wake,
        ),
        ingest=ingest,
        recover=Recover(spool=ground.spool, ledger=ledger, ingest=ingest, folder_names=folder_names),
        set_asides=set_asides,
    )
