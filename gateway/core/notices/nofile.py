"""The notice to the sender of a message that brought no file: why there was none, and what to do.

Owns its context and the sentence for each cause. Renders nothing (Source: SPEC 4; FIELD-NOTES A.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.core.notices.partlist import Part, parts_of, unread_sentence
from gateway.core.phrases import moment
from gateway.core.reasons import Reason, sentence_for
from gateway.core.register import Account
from gateway.core.steps import Steps, in_one_go

if TYPE_CHECKING:
    from gateway.core.notices.receipts import Letterhead
    from gateway.core.submission import Submission

NOT_READ = "not-read"  # the cause when a limit was reached before any file was found
CAUSES: Mapping[str, str] = {
    "no-file": sentence_for(Reason.NO_FILE),
    "nothing-attached": sentence_for(Reason.NO_FILE),
    "cloud-link-only": sentence_for(Reason.CLOUD_LINK_ONLY),
    "encrypted-message": sentence_for(Reason.ENCRYPTED_MESSAGE),
    "signed-message": "Your message was signed (S/MIME) in the way that wraps up all of it, so we could not reach the "
    'file in it. Please send it again without "Sign". Or ask whoever looks after your mail program to have it sign in '
    'clear text: in Outlook that is "Send clear text signed message".',
    "no-file-in-tnef": "Your message came as a winmail.dat, the form that Outlook gives to rich text, and there was no "
    "file in it. Please attach the file, choose plain text or HTML as the format, and send the message again.",
    "no-file-in-letter": "A message was attached to yours, and there was no file in it. If that message is itself what "
    "you want to send, give it a name as below, which may end in .eml or .msg, and attach it again; else please attach "
    "the file.",
    "for-postmaster": "You wrote to postmaster, where a person reads and no files are taken. Your words were handed "
    "on, and nothing of what you attached was kept. Please send the file to the gateway's address for files.",
    "recall-request": 'Outlook asked us to recall a message of yours ("Recall This Message"). That works only within '
    "one Exchange, and nothing was taken back. To take back a file, reply to its receipt with the word RECALL, or "
    "delete it from Sent Files over SFTP; both work until the service has received it.",
}


@dataclass(frozen=True)
class NoFile:
    """What the sender of a message without a file gets."""

    authority: str
    contact: str
    reader: str
    submission: str
    sent_at: str
    cause: str
    sentence: str
    parts: tuple[Part, ...]


def no_file_steps(submission: "Submission", *, reader: Account, head: "Letterhead") -> Steps[NoFile]:
    """Return what the sender of a message without a file gets; `submission.outcome` is the cause."""
    sentence = unread_sentence(submission) if submission.outcome == NOT_READ else ""
    return NoFile(
        authority=head.authority,
        contact=head.contact,
        reader=reader.forename,
        submission=submission.id,
        sent_at=moment(submission.received_at, head.zone),
        cause=submission.outcome,
        sentence=sentence or CAUSES.get(submission.outcome, CAUSES["no-file"]),
        parts=(yield from parts_of(submission, {})),
    )


no_file = in_one_go(no_file_steps)
