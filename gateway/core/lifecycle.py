"""What may become of a file, as one table; its picture in `docs/states.md` is drawn from it.

Owns the statuses' transitions, who may cause each, and the sentence for those that are refused. It changes nothing: the
use-cases ask here, then write with a compare-and-set (Source: SPEC 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.model import FileRecord, Status


class Event(StrEnum):
    """What can happen to a file."""

    ROUTE = "route"  # a name without faults: to its service
    REFUSE = "refuse"  # the gateway itself rejects
    DELIVER = "deliver"  # a drop lies where the service reads
    RECEIVE = "receive"  # a named officer took it, or the service is received on delivery
    ASK_BACK = "ask-back"  # its school recalls it, and the share with its copy does not answer yet
    RECALL = "recall"
    REJECT = "reject"  # an officer, with a reason
    EXPLAIN = "explain"  # the reason of a rejection that was given none
    REROUTE = "reroute"  # an officer hands it to the right service
    ACCEPT = "accept"  # the sender takes the correction of held bytes
    DESTROY = "destroy"  # its term has come


class By(StrEnum):
    """Who may cause an event."""

    GATEWAY = "the gateway"
    SENDER = "the sender's school"
    OFFICER = "an officer of its service"


@dataclass(frozen=True)
class Step:
    """One row of the table: from a status (None: not recorded before), by an event, to a status."""

    source: Status | None
    event: Event
    target: Status
    by: By
    withdraws: bool = False  # every drop must be taken back first, and it is refused when one can't be


STEPS: tuple[Step, ...] = (
    Step(None, Event.ROUTE, Status.SENT, By.GATEWAY),
    Step(None, Event.REFUSE, Status.REJECTED, By.GATEWAY),
    Step(Status.SENT, Event.DELIVER, Status.SENT, By.GATEWAY),
    Step(Status.RECEIVED, Event.DELIVER, Status.RECEIVED, By.GATEWAY),
    Step(Status.SENT, Event.RECEIVE, Status.RECEIVED, By.OFFICER),
    Step(Status.SENT, Event.ASK_BACK, Status.SENT, By.SENDER),
    Step(Status.SENT, Event.RECALL, Status.RECALLED, By.SENDER, withdraws=True),
    Step(Status.SENT, Event.REFUSE, Status.REJECTED, By.GATEWAY, withdraws=True),
    Step(Status.SENT, Event.REJECT, Status.REJECTED, By.OFFICER),
    Step(Status.RECEIVED, Event.REJECT, Status.REJECTED, By.OFFICER),
    Step(Status.REJECTED, Event.EXPLAIN, Status.REJECTED, By.OFFICER),
    Step(Status.SENT, Event.REROUTE, Status.SENT, By.OFFICER, withdraws=True),
    Step(Status.RECEIVED, Event.REROUTE, Status.SENT, By.OFFICER, withdraws=True),
    Step(Status.REJECTED, Event.ACCEPT, Status.SENT, By.SENDER),
    Step(Status.SENT, Event.DESTROY, Status.SENT, By.GATEWAY),
    Step(Status.RECEIVED, Event.DESTROY, Status.RECEIVED, By.GATEWAY),
    Step(Status.REJECTED, Event.DESTROY, Status.REJECTED, By.GATEWAY),
    Step(Status.RECALLED, Event.DESTROY, Status.RECALLED, By.GATEWAY),
)

TABLE: Mapping[tuple[Status | None, Event], Step] = {(s.source, s.event): s for s in STEPS}

_REFUSALS: Mapping[tuple[Status, Event], str] = {
    (Status.RECEIVED, Event.RECALL): "It was received by {by} and can't be recalled; ask the service to reject it.",
    (Status.REJECTED, Event.RECALL): "It was rejected, so there is nothing to recall.",
    (Status.RECALLED, Event.RECALL): "It was recalled before.",
    (Status.RECEIVED, Event.RECEIVE): "It was received before, by {by}.",
    (Status.RECALLED, Event.RECEIVE): "The school recalled it.",
    (Status.RECALLED, Event.REJECT): "The school recalled it, so there is nothing to reject.",
    (Status.REJECTED, Event.REJECT): "It was rejected before.",
    (Status.REJECTED, Event.RECEIVE): "It was rejected, so there is nothing to receive.",
}


def step(source: Status | None, event: Event) -> Step | None:
    """Return the row for an event, or None where the lifecycle refuses it."""
    return TABLE.get((source, event))


def refusal(file: FileRecord, event: Event) -> str | None:
    """Return the sentence for an event that this file's status refuses, or None where it is allowed."""
    if file.purged_at is not None and event is not Event.DESTROY:
        return "Its bytes were destroyed at the end of their term."
    if step(file.status, event) is not None:
        return None
    text = _REFUSALS.get((file.status, event), "A file that is {status} can't be changed in this way.")
    return text.format(by=file.received_by or "the service", status=file.status)


def drawn() -> str:
    """Return the table as Markdown, for `docs/states.md`."""
    head = "| from | event | to | by | takes every drop back first |\n|---|---|---|---|---|\n"
    rows = (
        f"| {s.source or '(new)'} | {s.event} | {s.target} | {s.by} | {'yes' if s.withdraws else 'no'} |\n"
        for s in STEPS
    )
    return head + "".join(rows)
