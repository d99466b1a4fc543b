"""The rooms of documents for schools: how they go out, and who is told of them.

Owns their putting together.
"""

from dataclasses import dataclass

from gateway.pipeline.dailyemail import DailyEmails
from gateway.pipeline.publications import Publications
from gateway.pipeline.publish import Publish
from gateway.pipeline.report import Report
from gateway.pipeline.unread import Unread
from gateway.rooms.ground import Ground


@dataclass(frozen=True)
class DocumentRooms:
    """What commands, workers and ingest use of them."""

    publish: Publish
    publications: Publications
    report: Report
    daily_emails: DailyEmails
    unread: Unread


def build_document_rooms(ground: Ground) -> DocumentRooms:
    """Make every one of them; does nothing."""
    report = Report(ground.telling)
    return DocumentRooms(
        publish=Publish(
            spool=ground.spool,
            archive=ground.archive,
            ledger=ground.ledger,
            directory=ground.directory,
            policy=ground.policy,
            inspect=ground.inspect,
            unpacker=ground.unpacker,
            report=report,
        ),
        publications=Publications(ground.telling, archive=ground.archive),
        report=report,
        daily_emails=DailyEmails(ground.telling),
        unread=Unread(ground.telling),
    )
