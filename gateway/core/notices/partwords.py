"""Why a part of a message is no file, or one that did not come through, in the words of its sender.

Owns the words for the codes that the email door gives to such parts; a code that is not here stands as it is. Pure
(Source: SPEC 4).
"""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "text-body": "the text of your message",
    "signature-picture": "a picture in the text or the signature",
    "signature": "a digital signature",
    "calendar": "an invitation or calendar entry",
    "vcard": "a contact card",
    "encrypted-wrapper": "an encrypted wrapper that only its reader can open",
    "signed-wrapper": "a signed wrapper that only a mail program can open",
    "delivery-report": "a report about another message",
    "exchange-split": "a piece of text that your mail server split off",
    "resource-fork": "added by a Mac, not a file of yours",
    "ole-object": "an object inside the text",
    "elsewhere": "a link to a file that is kept elsewhere",
    "opened-message": "an attached message; what was in it is listed below",
    "opened-tnef": "a wrapper of Outlook; what was in it is listed below",
    "no-file-in-tnef": "a wrapper of Outlook with no file in it",
    "unreadable-tnef": "a wrapper of Outlook that can't be read",
    "empty-multipart": "an empty part",
    "for-postmaster": "attached to a message for postmaster, where no files are taken",
    "recall-request": "a request of Outlook to recall a message",
    "too-many-parts": "all that came after this: not read",
    "not-yours-to-send": "a file, which your account could not send at that moment",
    "cpu": "all that came after this: not read",
}


def words_for(code: str) -> str:
    """Return what a person reads for a code."""
    return WORDS.get(code, code)


_TOO_WORDY = (
    "The part of the message that holds the file is described at such length that we did not read it. Please attach "
    "the file to a new message."
)
_CUT: Mapping[str, str] = {  # what kept a file from us, although the message arrived
    "part-too-large": "The file is larger than email may carry here, and nothing of it was kept. Please send it by "
    "SFTP.",
    "too-deep": "The file lies deeper in attached messages than we open them, and nothing of it was kept. Please "
    "attach the file itself to a new message.",
    "header-too-large": _TOO_WORDY,
    "too-many-headers": _TOO_WORDY,
    "cpu": "Your message is so intricate that we stopped reading it within this file, and nothing of it was kept. "
    "Please send the file again, in a message of its own or by SFTP.",
    "too-many-parts": "Your message holds more parts than one message may, and this file was not read to its end. "
    "Please send it again, in a message of its own or by SFTP.",
    "unknown-encoding": "The file came in a form that mail systems do not know, and nothing of it was kept. Please "
    "attach it to a new message, in another mail program if that is possible.",
}


def words_for_cut(code: str) -> str:
    """Return the sentence for a file that did not come through; "" where its reason says all that there is to say."""
    return _CUT.get(code, "")
