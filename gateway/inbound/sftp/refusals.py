"""What a portal says no to, in sentences: one value, and the words.

Owns the words. FAILURE is the one code whose text most clients show; NO_SUCH_FILE is what they act on without a word
(Source: SPEC 5; FIELD-NOTES A.1).
"""

from dataclasses import dataclass

from gateway.core.admission import Refusal
from gateway.errors import DiskFull, NotThere
from gateway.inbound.sftp.packets import StatusCode


@dataclass(frozen=True)
class No:
    """A refusal: the sentence that the client shows, where it shows any."""

    sentence: str
    code: StatusCode = StatusCode.FAILURE

    @classmethod
    def of(cls, refusal: Refusal) -> "No":
        """Return the refusal of a use-case."""
        return cls(refusal.sentence)


NOT_THERE = No("There is no file or folder of this name.", StatusCode.NO_SUCH_FILE)
IS_FOLDER = No("This is a folder.")
IS_FILE = No("This is a file, not a folder.")
TOO_MANY_LISTINGS = No("Too many large folders are open in your sessions. Close one, or connect anew, then try again.")
NO_LINKS = No("Links are not known here.")

# Sending
SEND_ONLY = No("Files can be put into Send Files only, with several schools into that of one; it sends them.")
NOT_PUT_HERE = No(
    "Files can't be put here. Documents for schools go into the right folder of Send to Schools; a file of an Inbox "
    "can be moved to Not Ours or Rejected of its service."
)
LITTER = No("Your computer made this file by itself, so it is not taken.")
NO_FOLDERS = No("Folders can't be made here. Put the files straight into Send Files; several can go in one zip.")
FOLDERS_STAY = No("Folders can't be removed here.")
NOT_READABLE = No("An upload can't be read back here. Once it is complete, look for the file in Sent Files.")
SENT_ALREADY = No("This file was sent already. To send it again, upload it whole (put, not reput).")
SENT_AS_IT_IS = No(
    "This file was sent already, so its name can't be changed. Recall it (remove it in Sent Files) and send it again."
)
THERE_ALREADY = No("There is an upload of this name in Send Files already.")
REMOVED = "This upload was removed from Send Files before it was complete, so nothing was sent. Please send it again."
TAKEN_OVER = "This upload went on in another connection of yours, so it ended here."
TOO_MANY_UNFINISHED = No(
    "Too many of your uploads are unfinished. Finish or remove some of those in Send Files, then send this one again."
)
NO_ROOM = No("The gateway has no room for more files just now. Please try again later; its administrator can see this.")

# What was sent
RENAMES_HERE = No(
    "Only these can be renamed: an upload in Send Files; a rejected file in Rejected Files, to a good name, which "
    "sends it; and, by an officer, a file of an Inbox, into Rejected or Not Ours."
)
REMOVES_HERE = No("Nothing can be removed here.")
REASON_STAYS = No("This page goes with the rejected file and can't be changed or removed.")
REJECTED_STAYS = No("Rejected files go by themselves after some days. To send this one, rename it to a good name.")
RESENT_ONLY = No("To send a rejected file, rename it in Rejected Files (or move it to Send Files) under a good name.")
SENT_STAYS = No("What was sent can't be renamed. Remove it here to recall it, then send it again under another name.")
WAITS = No(
    "This file waits for the malware scan, which gives no answer just now. It was sent and is safe with us; it can be "
    "read and recalled as soon as it was scanned."
)
TOO_MANY_RECALLS = No(
    "That were too many recalls in a minute, so no more are taken in this session for now. "
    "If you mean it, go on in a minute."
)
INBOX_STAYS = No("Files stay in the Inbox. Move this one to Rejected, or to the right service in Not Ours.")
TURNED_FROM_INBOX = No("Move a file of this service's own Inbox here; nothing else can be put here.")
DOCUMENT_GONE = "The authority deleted this document while you read it, so it can't be read any more."
NO_LONGER_YOURS = "This file was taken back or handed on while you read it, so it can't be read any more."


def documents_stay(contact: str) -> No:
    """Return the refusal of whatever would change the authority's documents: it says whom to ask."""
    return No(
        f"Documents from the authority can't be changed or deleted here. To have one deleted, please ask: {contact}"
    )


def try_again(trouble: object) -> No:
    """Return the refusal for trouble of ours that passes by itself."""
    if isinstance(trouble, DiskFull):  # its own words are for the administrator: a school would clear out its own disk
        return NO_ROOM
    return No(f"The gateway can't take it just now: {trouble} Please try again in a few minutes.")


def sentence_of(trouble: Exception) -> str:
    """Return what a person is told of a surprise that carries a sentence."""
    if isinstance(trouble, DiskFull):
        return NO_ROOM.sentence
    return str(trouble) if isinstance(trouble, NotThere) else f"{trouble} Please try again in a few minutes."
