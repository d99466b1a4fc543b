"""Who may be told what of a file: the headteachers who get a copy, and a name with nothing in it that a person wrote.

Owns the rules, not the words: those are `core.notices`. Pure (Source: SPEC 6, 10).
"""

import re

from gateway.core.documents import Document
from gateway.core.listed import Kind
from gateway.core.model import FileRecord, Status
from gateway.core.register import Account, Directory
from gateway.core.routing import Catalogue

_NUMBER = re.compile(r"[0-9]{7}(?![0-9])")


def heads_to_tell(
    file: FileRecord, *, sender: Account, directory: Directory, catalogue: Catalogue
) -> tuple[Account, ...]:
    """Return the headteachers who get a copy when this file is rejected.

    Those of the sender's own school, where that is certain; nobody for a private service, and nobody for a name that
    may have been meant for one: it may be about the headteacher (SPEC 6).
    """
    if file.school is None or file.school not in sender.schools:
        return ()
    if file.private or is_delicate(file.name, catalogue):
        return ()
    return tuple(head for head in directory.heads_of(file.school) if head.username != sender.username)


def is_for_sender_alone(file: FileRecord | Kind, catalogue: Catalogue) -> bool:
    """Return whether the sender alone, of the school's people, may see a file.

    One of a private service; and a rejected one whose name says no service, or may have meant a private one: no fault
    may ever widen who can read a file (SPEC 3, 6).
    """
    service = catalogue.get(file.service or "")
    if file.private or (service is not None and service.private):
        return True
    return file.status is Status.REJECTED and (service is None or is_delicate(file.name, catalogue))


def is_delicate(name: str, catalogue: Catalogue) -> bool:
    """Return whether a word in a name begins like a private service: its code, or another word for it."""
    private = [service for service in catalogue.services.values() if service.private]
    marks = tuple(mark.upper() for service in private for mark in (service.code, *service.aliases))
    words = re.findall(r"[^\W\d_]+", name.upper())
    return bool(marks) and any(word.startswith(marks) for word in words)


def mask_name(file: FileRecord) -> str:
    """Return `830nnnn_CODE…yyyymmdd.ext`: nothing that a person wrote; masking twice changes nothing (SPEC 10)."""
    number = _NUMBER.match(file.name)
    front = "_".join(part for part in (number[0] if number else "", file.service or "") if part)
    return f"{front}…{file.date or ''}{'.' + file.extension.lower() if file.extension else ''}"


def mask_document_name(document: Document, name: str) -> str:
    """Return `830nnnn….ext`: the number in front, where there is one, and the type; masking twice changes nothing."""
    number = _NUMBER.match(name)
    return f"{number[0] if number else ''}…{'.' + document.extension.lower() if document.extension else ''}"
