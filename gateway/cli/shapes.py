"""What programs read of our records: the fields of `--json`, which are a contract (Source: SPEC 13).

Owns the names and the order of the fields. Absent is null, never left out; times are ISO 8601 in UTC. No password hash,
and no place on our disk, is ever in one. A field may be added at the end; none may go.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from gateway.cli.render import Row, iso
from gateway.core.agreement import Agreement
from gateway.core.documents import Audience, Document
from gateway.core.mail import Notice
from gateway.core.model import Drop, FileRecord, History
from gateway.core.register import Account, Directory, School
from gateway.core.routing import Service, Target
from gateway.core.standing import AccessRules
from gateway.core.submission import PartFate, Submission


def file_json(file: FileRecord) -> Row:
    """Return a file: the fields of SPEC 13 in their order, then what else we know."""
    return {
        "id": file.id,
        "submission": file.submission,
        "name": file.name,
        "school": file.school,
        "service": file.service,
        "status": str(file.status),
        "reason": file.reason,
        "remark": file.remark,
        "warnings": list(file.warnings),
        "channel": str(file.channel),
        "sent_by": file.sent_by,
        "sent_by_user": file.sent_by_user,
        "sent_at": iso(file.sent_at),
        "received_by": file.received_by,
        "received_by_user": file.received_by_user,
        "received_at": iso(file.received_at),
        "delivered_at": iso(file.delivered_at),
        "size": file.size,
        "sha256": file.sha256,
        "comment": file.comment,
        "tags": list(file.tags),
        "supersedes": file.supersedes,
        "expires_at": iso(file.expires_at),
        **_more_of_file(file),
    }


def _more_of_file(file: FileRecord) -> Row:
    return {
        "faults": list(file.faults),
        "correction": file.correction,
        "detail": file.detail,
        "entries": list(file.entries),
        "rejected_by": file.rejected_by,
        "status_at": iso(file.status_at),
        "held": file.place is not None,
        "purged_at": iso(file.purged_at),
        "date": file.date,
        "extension": file.extension,
        "private": file.private,
    }


def document_json(document: Document, schools: Iterable[str] | None = None) -> Row:
    """Return a document; with the schools that it is for, where they were asked for."""
    return {
        "id": document.id,
        "submission": document.submission,
        "publication": document.publication,
        "name": document.name,
        "sent_name": document.sent_name,
        "folder": document.folder,
        "head_only": document.head_only,
        "everyone": document.everyone,
        "reach": document.reach,
        "state": str(document.state),
        "channel": str(document.channel),
        "published_by": document.published_by,
        "published_by_user": document.published_by_user,
        "sent_at": iso(document.sent_at),
        "published_at": iso(document.published_at),
        "size": document.size,
        "sha256": document.sha256,
        "expires_at": iso(document.expires_at),
        "reason": document.reason,
        "detail": document.detail,
        "remark": document.remark,
        "supersedes": document.supersedes,
        "confirmed_by": document.confirmed_by,
        "confirmed_at": iso(document.confirmed_at),
        "deleted_by": document.deleted_by,
        "deleted_at": iso(document.deleted_at),
        "delete_reason": document.delete_reason,
        "requested_by": document.requested_by,
        "purged_at": iso(document.purged_at),
        "held": document.place is not None,
        **({} if schools is None else {"schools": list(schools)}),
    }


def audience_json(audience: Audience, school: School | None) -> Row:
    """Return one school of a document, and whether it was read there."""
    return {
        "school": audience.school,
        "name": school.name if school else None,
        "replaced_by": audience.replaced_by,
        "first_read_at": iso(audience.first_read_at),
        "first_read_by": audience.first_read_by,
        "readers": audience.readers,
    }


def history_json(change: History) -> Row:
    """Return one change of a file."""
    return {
        "at": iso(change.at),
        "actor": change.actor,
        "event": change.event,
        "status": str(change.status),
        "why": change.why or None,
    }


def drop_json(drop: Drop) -> Row:
    """Return one delivery."""
    return {
        "id": drop.id,
        "file": drop.file,
        "service": drop.service,
        "target": drop.target,
        "state": str(drop.state),
        "due_at": iso(drop.due_at),
        "attempts": drop.attempts,
        "placed_as": drop.placed_as,
        "error": drop.error,
        "done_at": iso(drop.done_at),
    }


def notice_json(notice: Notice) -> Row:
    """Return one notice, without its words."""
    return {
        "id": notice.id,
        "submission": notice.submission,
        "template": notice.template,
        "username": notice.username or None,
        "address": notice.address,
        "state": str(notice.state),
        "due_at": iso(notice.due_at),
        "attempts": notice.attempts,
        "error": notice.error,
        "sent_at": iso(notice.sent_at),
    }


def submission_json(submission: Submission) -> Row:
    """Return how a submission came to us."""
    return {
        "id": submission.id,
        "channel": str(submission.channel),
        "received_at": iso(submission.received_at),
        "username": submission.username,
        "verified_by": submission.verified_by,
        "peer": submission.peer or None,
        "subject": submission.subject,
        "message_id": submission.message_id,
        "outcome": submission.outcome or None,
    }


def part_json(part: PartFate) -> Row:
    """Return one part of a submission and what became of it."""
    return {
        "number": part.number,
        "name": part.name,
        "content_type": part.content_type,
        "size": part.size,
        "fate": part.fate,
        "why": part.why or None,
        "file_id": part.file_id,
    }


def account_json(account: Account, *, rules: AccessRules, last_login: datetime | None = None) -> Row:
    """Return an account: what opens the door to it is said, and never shown."""
    return {
        "username": account.username,
        "forename": account.forename,
        "surname": account.surname,
        "name": account.full_name,
        "email": account.email,
        "role": str(account.role),
        "state": str(account.state),
        "schools": list(account.schools),
        "services": list(account.services),
        "has_password": account.password_hash is not None,
        "password_set_at": iso(account.password_set_at),
        "keys": [fingerprint(line) for line in account.keys],
        "activated_at": iso(account.activated_at),
        "policy_version": account.policy_version,
        "is_stale": account.is_stale,
        "last_login_at": iso(last_login),
        "password_expires_at": iso(rules.expiry_of(account)),
        "requested_at": iso(account.requested_at),
        "requested_by": account.requested_by,
        "verified_at": iso(account.verified_at),
        "verified_by": account.verified_by,
        "evidence": account.evidence,
        "code_for": str(account.code.purpose) if account.code else None,
        "code_expires_at": iso(account.code.until) if account.code else None,
    }


def agreement_json(word: Agreement) -> Row:
    """Return one person's word to the acceptable use policy."""
    return {
        "version": word.version,
        "digest": word.digest or None,
        "at": iso(word.at),
        "how": word.how,
        "peer": word.peer or None,
    }


def fingerprint(line: str) -> str:
    """Return a public key as `ssh-keygen -l` names it: its digest, and its comment."""
    kind, blob, *comment = line.split(maxsplit=2)
    digest = hashlib.sha256(base64.b64decode(blob)).digest()
    name = base64.b64encode(digest).decode("ascii").rstrip("=")
    return " ".join([f"SHA256:{name}", f"({kind})", *comment])


def school_json(school: School, directory: Directory) -> Row:
    """Return a school with its people and its old numbers."""
    link = directory.successions.get(school.number)
    return {
        "number": school.number,
        "name": school.name,
        "urn": school.urn or None,
        "phase": school.phase or None,
        "status": str(school.status),
        "closed_on": _day(school.closed_on),
        "successor": link.new if link else None,
        "accepted_until": _day(link.until) if link else None,
        "heads": _usernames(directory.heads_of(school.number)),
        "people": _usernames(directory.people_of(school.number)),
    }


def service_json(service: Service, directory: Directory) -> Row:
    """Return a service as its table row says, with its officers."""
    return {
        "code": service.code,
        "name": service.name,
        "use": service.use or None,
        "hint": service.hint or None,
        "aliases": list(service.aliases),
        "confusable": list(service.confusable),
        "accepts": sorted(service.accepts),
        "max_bytes": service.max_bytes or None,
        "targets": [_target_json(target) for target in service.targets],
        "receive": str(service.receive),
        "private": service.private,
        "digest": service.digest,
        "officers": _usernames(directory.officers_of(service.code)),
    }


def _target_json(target: Target) -> Mapping[str, object]:
    return {
        "kind": str(target.kind),
        "path": target.path or None,
        "address": target.address or None,
        "host": target.host or None,
        "remote_folder": target.remote_folder or None,
    }


def _usernames(accounts: Iterable[Account]) -> list[str]:
    return sorted(account.username for account in accounts)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
