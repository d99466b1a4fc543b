"""Why a part of a message is no file, in the words of its sender.

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
}


def words_for(code: str) -> str:
    """Return what a person reads for a code."""
    return WORDS.get(code, code)
