"""The name of what a copier sends: it can't follow the naming rule, so the rule is followed for it.

Owns that name: the device's own school and code, the description from the subject, the day on which it came. Nothing in
the message can lead a file elsewhere. A copier whose names read without a fault, for that school and code, keeps them.
Pure (Source: SPEC 9; FIELD-NOTES A.4).
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from gateway.core.nameparts import cut
from gateway.core.names import LONGEST_DESCRIPTION, Reading
from gateway.core.register import Account

_WITHOUT_SUBJECT = "scan"
_TAG = re.compile(r"#\w+")
_WORD = re.compile(r"[a-z0-9]+")
_EXTENSIONS = {  # of a part without one, by its type
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def device_name(
    name: str, *, device: Account, subject: str, content_type: str, on: date, read: Callable[[str], Reading]
) -> str:
    """Return the name under which a device's file is taken; `read` reads a name as this device's."""
    school, code = (*device.schools, "")[0], (*device.services, "")[0]
    as_sent = read(name)
    if not as_sent.faults and (as_sent.school, as_sent.service) == (school, code):
        return name
    ending = cut(name).ending.lower() or _ending_of(content_type)
    return f"{school}_{code}{_description(subject)}{on:%Y%m%d}{ending}"


def _ending_of(content_type: str) -> str:
    extension = _EXTENSIONS.get(content_type.partition(";")[0].strip().lower(), "")
    return f".{extension}" if extension else ""


def _description(subject: str) -> str:
    """Return a subject as a description: small letters and digits, words joined by hyphens; tags are told elsewhere."""
    spread = unicodedata.normalize("NFKD", _TAG.sub(" ", subject)).casefold()
    plain = "".join(c for c in spread if not unicodedata.combining(c))
    return "-".join(_WORD.findall(plain))[:LONGEST_DESCRIPTION].strip("-") or _WITHOUT_SUBJECT
