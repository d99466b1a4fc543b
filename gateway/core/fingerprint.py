"""By what a message is known when its sender's mail system hands it over a second time.

Owns what has to be the same: who sent it and to which of our addresses, its Message-ID, its subject and text, and each
of its parts to the byte. A Message-ID is chosen by the sender and may be that of another message, so it is never
enough; one that was not read whole has no fingerprint, since what was not read may differ. Who sends a message on as it
was ("redirect") keeps its Message-ID and means it as a new one. Pure (Source: SPEC 4; RFC 5322 3.6.6; FIELD-NOTES A.3).
"""

import json
from hashlib import sha256

from gateway.core.contents import Unpacked, UnpackedPart
from gateway.core.submission import Envelope


def fingerprint_of(envelope: Envelope, unpacked: Unpacked | None) -> str | None:
    """Return the fingerprint of a message; None for an upload, and for what can't be told from others."""
    if unpacked is None or not unpacked.message_id.strip() or not _is_read_whole(unpacked):
        return None
    facts = (
        envelope.username,
        sorted({recipient.casefold() for recipient in envelope.recipients}),
        unpacked.message_id.strip(),
        unpacked.subject,
        unpacked.comment,
        [_facts_of(part) for part in unpacked.parts],
        *filter(None, (unpacked.resent,)),  # without it the fingerprint is what it always was
    )
    return sha256(json.dumps(facts).encode()).hexdigest()


def _is_read_whole(unpacked: Unpacked) -> bool:
    return not unpacked.faults and all(part.sha256 for part in unpacked.parts)


def _facts_of(part: UnpackedPart) -> tuple[object, ...]:
    return part.number, part.name, part.content_type, part.size, part.sha256
