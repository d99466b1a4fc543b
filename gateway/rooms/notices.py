"""The rooms of what people are written, and of what they answer.

Owns their putting together; what only documents are about is `rooms.documents`.
"""

from dataclasses import dataclass

from gateway.pipeline.notify import Notifier
from gateway.pipeline.remind import Remind
from gateway.pipeline.reply import Reply
from gateway.pipeline.requests import FileRequests
from gateway.pipeline.tokens import Tokens
from gateway.rooms.decisions import DecisionRooms
from gateway.rooms.ground import Ground
from gateway.rooms.people import PeopleRooms
from gateway.store.secret import SecretFile


@dataclass(frozen=True)
class NoticeRooms:
    """What doors, workers and ingest use of them."""

    tokens: Tokens
    reply: Reply
    notifier: Notifier
    remind: Remind
    requests: FileRequests


def build_notice_rooms(ground: Ground, *, people: PeopleRooms, deciding: DecisionRooms) -> NoticeRooms:
    """Make every one of them; does nothing."""
    ledger, clock, directory, policy = ground.ledger, ground.clock, ground.directory, ground.policy
    secret = SecretFile(str(ground.settings.storage.data / "reply.key"), ground.disk)
    tokens = Tokens(ledger=ledger, directory=directory, policy=policy, secret=secret)
    return NoticeRooms(
        tokens=tokens,
        reply=Reply(
            ledger=ledger,
            clock=clock,
            directory=directory,
            tokens=tokens,
            decisions=deciding.decisions,
            answer=ground.answer,
            letters=people.letters,
            access=people.access,
        ),
        notifier=Notifier(
            outbox=ledger,
            courier=ground.courier,
            renderer=ground.templates,
            clock=clock,
            policy=policy,
            tokens=tokens,
            complete=people.codes.complete,
        ),
        remind=Remind(ground.telling),
        requests=FileRequests(ground.telling),
    )
