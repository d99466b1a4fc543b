"""The sums of reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.core.model import Channel, Status
from gateway.core.register import Account, AccountState, Directory, Role, School, SchoolStatus
from gateway.core.tallies import (
    REJECTION_KEYS,
    TRAFFIC_KEYS,
    Rejections,
    SchoolUse,
    Tally,
    Traffic,
    grouped,
    rejections,
    school_use,
    traffic,
)

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday
LATER = AT + timedelta(hours=1)
SENT = Tally("8301102", "SEN", Status.SENT, None, Channel.EMAIL, 3, 300, AT, AT)
TALLIES = [
    SENT,
    replace(SENT, status=Status.RECEIVED, channel=Channel.SFTP, files=2, bytes=50, last_at=LATER),
    replace(SENT, status=Status.RECALLED, channel=Channel.COMMAND, files=1, bytes=5),
    replace(SENT, status=Status.REJECTED, reason="empty-file", service=None, files=4, bytes=0),
    replace(SENT, status=Status.REJECTED, reason="no-dfe-number", school=None, service=None, files=5, bytes=7),
]


def test_traffic_adds_up_what_became_of_what_came() -> None:
    assert traffic(grouped(TALLIES, TRAFFIC_KEYS["service"])) == [
        Traffic("", files=9, sent=0, received=0, rejected=9, recalled=0, by_email=9, by_sftp=0, bytes=7, last_at=AT),
        Traffic("SEN", 6, sent=3, received=2, rejected=0, recalled=1, by_email=3, by_sftp=2, bytes=355, last_at=LATER),
    ]
    assert traffic({"2026-10": []}) == []


def test_rejections_stand_with_the_most_frequent_first() -> None:
    rejected = [tally for tally in TALLIES if tally.status is Status.REJECTED]
    assert rejections(grouped(rejected, REJECTION_KEYS["reason"])) == [
        Rejections("no-dfe-number", 5, schools=0, last_at=AT),
        Rejections("empty-file", 4, schools=1, last_at=AT),
    ]


def test_each_open_school_stands_there_also_with_nothing_and_a_closed_one_while_it_sent() -> None:
    head = Account("h", "H", "H", "h@x.example", Role.HEAD, AccountState.ACTIVE, ("8302000",))
    gone = replace(head, username="g", state=AccountState.REVOKED)
    closed = {number: School(number, "Closed", status=SchoolStatus.CLOSED) for number in ("8301102", "8309000")}
    directory = Directory({**closed, "8302000": School("8302000", "Leys")}, {}, {"h": head, "g": gone})
    assert school_use(TALLIES, {"8302000": 3}, directory) == [
        SchoolUse("8301102", "Closed", people=0, heads=0, files=10, rejected=4, last_at=LATER, unread=0),
        SchoolUse("8302000", "Leys", people=1, heads=1, files=0, rejected=0, last_at=None, unread=3),
    ]
