"""One email or one upload: the envelope that is sealed with its bytes, and the record of all that it became.

Frozen values only. Times are aware and in UTC; sizes are bytes (Source: SPEC 2, 4, 10).
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.core.documents import Addressed, Order
from gateway.core.mail import Notice
from gateway.core.model import Channel, Drop, FileRecord, History


@dataclass(frozen=True)
class Envelope:
    """Who sent the spooled bytes, and how we know: sealed with them, so that a crash loses neither."""

    id: str  # the submission's id, sortable
    channel: Channel
    received_at: datetime
    size: int  # bytes, as spooled
    sha256: str  # of those bytes; "" of a message, whose parts have one each
    username: str  # the account that sent it
    verified_by: str  # how: "password", "publickey", "relay mx.example.org: dmarc school.example"
    name: str | None = None  # of the file (SFTP); a message carries its names inside
    peer: str = ""  # address of the client
    recipients: tuple[str, ...] = ()  # as given to RCPT
    sender: str = ""  # the verified address (email)
    school: str | None = None  # whose folder it was put into, by a person with several schools
    order: Order | None = None  # for documents: in which folder they are published, and for whom


@dataclass(frozen=True)
class PartFate:
    """One leaf part of a submission and what became of it."""

    number: int
    name: str | None
    content_type: str
    size: int
    fate: str  # taken, rejected, held, ignored, duplicate
    why: str = ""  # reason code, or why it was ignored
    file_id: str | None = None


@dataclass(frozen=True)
class Submission:
    """What one email or one upload became: everything that is recorded in one transaction."""

    id: str
    channel: Channel
    received_at: datetime
    username: str
    verified_by: str
    peer: str = ""
    subject: str | None = None
    message_id: str | None = None
    outcome: str = ""  # "", or why there is no file: no-file, cloud-link-only, encrypted-message …
    fingerprint: str | None = None  # by which a copy of a message is known while its bytes are kept
    parts: tuple[PartFate, ...] = ()
    files: tuple[FileRecord, ...] = ()
    history: tuple[History, ...] = ()
    drops: tuple[Drop, ...] = ()
    notices: tuple[Notice, ...] = ()
    documents: tuple[Addressed, ...] = ()  # what an officer or an administrator published with it
