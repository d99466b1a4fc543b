"""A school day in the ledger, for the listings: what two schools sent, and what became of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.app import House
from gateway.core.mail import Notice, NoticeState
from gateway.core.model import Channel, Drop, DropState, FileRecord, History, Status
from gateway.core.submission import PartFate, Submission

DAY = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
NOON = DAY + timedelta(hours=2)
EVIL = "8302000_FINbill\x1b[2J\u202e20261120.pdf"

PHONICS = FileRecord(
    id="01kphonics", submission="01kmail", name="8301102_INFOphonics20261120.docx", school="8301102", service="INFO",
    status=Status.SENT, channel=Channel.EMAIL, sent_by="Ruth Ashdown", sent_by_user="ruth.ashdown", sent_at=DAY,
    size=1234, sha256="aa", expires_at=DAY + timedelta(days=90), comment="For Monday", warnings=("no-date",),
)  # fmt: skip
MISNAMED = replace(
    PHONICS, id="01kmisnamed", name="8301102_INFOphonics.exe", status=Status.REJECTED, reason="type-not-allowed",
    faults=("type-not-allowed",), comment=None, warnings=(), place=None,
)  # fmt: skip
REVIEW = FileRecord(
    id="01ksftpreview", submission="01ksftp", name="8302000_SENreview20261120.pdf", school="8302000", service="SEN",
    status=Status.RECEIVED, channel=Channel.SFTP, sent_by="Samir Okonjo", sent_by_user="samir.okonjo", sent_at=NOON,
    size=5, sha256="bb", expires_at=NOON + timedelta(days=90), received_by="Nadia Rowbotham",
    received_by_user="nadia.rowbotham", received_at=NOON + timedelta(hours=1),
)  # fmt: skip
BILL = replace(
    REVIEW, id="01ksftpxbill", submission="01ksftpx", name=EVIL, service="FIN", status=Status.RECALLED,
    received_by=None, received_by_user=None, received_at=None, sent_at=NOON + timedelta(minutes=5),
)  # fmt: skip
NEWEST_FIRST = [BILL.id, REVIEW.id, PHONICS.id, MISNAMED.id]

RECEIPT = Notice(
    "01kreceipt", "receipt", "ruth.ashdown", "ruth.ashdown@millbeck.example", {}, "01kmail", due_at=DAY,
    first_due_at=DAY, state=NoticeState.SENT, sent_at=DAY,
)  # fmt: skip
_REJECTION = replace(
    RECEIPT, id="01krejection", template="rejection", state=NoticeState.GIVEN_UP, attempts=9, sent_at=None,
    error="450 try later",
)  # fmt: skip
_RECEIPT_FOR_LEYS = replace(
    RECEIPT, id="01kreceiptleys", username="samir.okonjo", address="samir.okonjo@leysjunior.example",
    submission="01ksftp", due_at=NOON, first_due_at=NOON,
)  # fmt: skip


async def tell(house: House) -> None:
    """Record the day."""
    await house.ledger.record(
        Submission(
            id="01kmail", channel=Channel.EMAIL, received_at=DAY, username="ruth.ashdown", verified_by="password",
            peer="127.0.0.1", subject="Phonics", message_id="<1@millbeck.example>",
            parts=(
                PartFate(1, None, "text/plain", 12, "ignored", "text-body"),
                PartFate(2, PHONICS.name, "application/msword", 1234, "taken", file_id=PHONICS.id),
                PartFate(3, MISNAMED.name, "application/x-exe", 1234, "rejected", "type-not-allowed", MISNAMED.id),
            ),
            files=(PHONICS, MISNAMED),
            history=(
                History(PHONICS.id, DAY, "ruth.ashdown", "route", Status.SENT),
                History(MISNAMED.id, DAY, "gateway", "refuse", Status.REJECTED, "type-not-allowed"),
            ),
            drops=(
                Drop("01kdrop", PHONICS.id, "INFO", "pickup", DropState.DONE, DAY, DAY, 1, PHONICS.name, done_at=DAY),
                Drop("01kdrop2", PHONICS.id, "INFO", "folder:/x", DropState.GIVEN_UP, DAY, DAY, 7, error="It is away."),
            ),
            notices=(RECEIPT, _REJECTION),
        )
    )  # fmt: skip
    for file, notices in ((REVIEW, (_RECEIPT_FOR_LEYS,)), (BILL, ())):
        await house.ledger.record(
            Submission(
                id=file.submission, channel=Channel.SFTP, received_at=file.sent_at, username=file.sent_by_user,
                verified_by="publickey", files=(file,), notices=notices,
                history=(History(file.id, file.sent_at, file.sent_by_user, "route", Status.SENT),),
            )
        )  # fmt: skip
