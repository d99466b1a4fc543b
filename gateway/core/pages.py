"""The pages that a person finds among the files: the status table, and the reason beside a rejected file.

Owns their words and their form; knows no view and no disk. A cell never starts a formula, whoever named the file
(Source: SPEC 5; DESIGN 7).
"""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from gateway.core.model import FileRecord, Status
from gateway.core.notices.receipts import more_faults
from gateway.core.phrases import day
from gateway.core.reasons import sentence_for

COLUMNS = ("File name", "Sent by", "Date sent", "Status", "Info", "Received on", "Received by")
REASON_ENDING = ".reason.txt"
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # a formula; the wide forms count too
# At the start of a cell, and behind a semicolon: where that parts the cells of a language, a comma and quotes do not.
_FORMULA = re.compile(rf'(^|;)(?=[ "]*[{_STARTS}])')


def status_csv(files: Iterable[FileRecord], zone: tzinfo) -> bytes:
    """Return the portal's table of these files, for a spreadsheet: UTF-8 with its mark, CRLF."""
    return table_csv(COLUMNS, (_row(file, zone) for file in files))


def table_csv(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return a table for a spreadsheet: UTF-8 with its mark, CRLF, each cell in quotes.

    LibreOffice parts cells at semicolons too unless they are quoted, and remarks have some.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(_cell(text) for text in row)
    return out.getvalue().encode("utf-8-sig")


def _row(file: FileRecord, zone: tzinfo) -> tuple[str, ...]:
    return (
        file.name,
        file.sent_by,
        moment_cell(file.sent_at, zone),
        file.status,
        info_of(file),
        moment_cell(file.received_at, zone),
        file.received_by or "",
    )


def info_of(file: FileRecord) -> str:
    """Return what the portal's "i" says of a file: its reason, or its remark."""
    if file.status is Status.REJECTED:
        by = f" (by {file.rejected_by})" if file.rejected_by else ""
        return (file.detail or sentence_for(file.reason or "")) + by
    return file.remark or ""


def moment_cell(at: datetime | None, zone: tzinfo) -> str:
    """Return a time as a cell; none is an empty one."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{local.day:02}/{local.month:02}/{local.year} {local.hour:02}:{local.minute:02}"


def _cell(text: str) -> str:
    """A spreadsheet takes some first characters for a formula; an apostrophe before them makes it text."""
    return _FORMULA.sub(r"\1'", _printable(text))


def _printable(text: str) -> str:
    """Return text in one line, without characters that hide or turn round what stands beside them."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def reason_text(file: FileRecord, zone: tzinfo, *, contact: str) -> bytes:
    """Return what stands beside a rejected file: what was wrong, the name to use, what to do; for Windows too."""
    held = file.place is not None
    lines = [
        f"{_printable(file.name)} was rejected on {day(file.sent_at, zone)} by {file.rejected_by or 'the gateway'}.",
        "",
        file.detail or sentence_for(file.reason or ""),
        *more_faults(file),
        "",
        *_what_to_do(file, held=held),
    ]
    if held and file.expires_at:
        lines += ["", f"We keep the file until {day(file.expires_at, zone)}, then it is destroyed."]
    if contact:
        lines += ["", f"Questions: {contact}"]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8")


def _what_to_do(file: FileRecord, *, held: bool) -> list[str]:
    if file.correction and held:
        return ["To send it, rename it here to:", "", f"    {file.correction}"]
    if file.correction:
        return ["Send it again in Send Files under this name:", "", f"    {file.correction}"]
    if held and file.faults:
        return ["Once its name is right it can go: rename it here, or send it again in Send Files."]
    return ["Please put it right and send it again in Send Files."]
