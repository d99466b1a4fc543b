"""The rooms in which people decide about a file that is recorded: recall, reject, re-route, receive, accept.

Owns their putting together.
"""

from dataclasses import dataclass

from gateway.pipeline.correct import Correct
from gateway.pipeline.decisions import Decisions
from gateway.pipeline.recalls import Recalls
from gateway.pipeline.transitions import Transitions
from gateway.pipeline.withdraw import Withdraw
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class DecisionRooms:
    """What commands, doors and other rooms use of them."""

    transitions: Transitions
    withdraw: Withdraw
    recalls: Recalls
    decisions: Decisions


def build_decision_rooms(ground: Ground) -> DecisionRooms:
    """Make every one of them; does nothing."""
    ledger, clock, policy, turns = ground.ledger, ground.clock, ground.policy, ground.turns
    transitions = Transitions(
        ledger=ledger, clock=clock, answer=ground.answer, to_drop=turns.drop.wake, to_notify=turns.notify.wake
    )
    withdraw = Withdraw(ledger=ledger, folder=ground.folder, clock=clock, policy=policy, transitions=transitions)
    recalls = Recalls(
        ledger=ledger, clock=clock, directory=ground.directory, withdraw=withdraw, transitions=transitions
    )
    correct = Correct(
        ledger=ledger,
        archive=ground.archive,
        clock=clock,
        inspect=ground.inspect,
        directory=ground.directory,
        policy=policy,
        names=ground.names,
    )
    return DecisionRooms(
        transitions=transitions,
        withdraw=withdraw,
        recalls=recalls,
        decisions=Decisions(
            ledger=ledger,
            clock=clock,
            policy=policy,
            withdraw=withdraw,
            transitions=transitions,
            correct=correct,
            recalls=recalls,
        ),
    )
