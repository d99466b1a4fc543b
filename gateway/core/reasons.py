"""Why a file was rejected, and what to do better: stable codes, each with one plain sentence for people.

Owns the words. A sentence says what was found, what was expected and what to do; `Facts` make it exact. It is for the
sender alone when it carries facts, since a run of capitals may be a surname: for anybody else, `sentence_for(code)`
without facts. Nothing of a description ever stands in one. ASCII, so that every mail system and client shows it.
(Source: SPEC 2 "reason", SPEC 3 faults, warnings and further reasons.)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a file was rejected. The faults of a name come first, in the order in which they are looked for."""

    UNSAFE_NAME = "unsafe-name"
    NO_DFE_NUMBER = "no-dfe-number"
    UNKNOWN_LA = "unknown-la"
    UNKNOWN_SCHOOL = "unknown-school"
    CLOSED_SCHOOL = "closed-school"
    NOT_YOUR_SCHOOL = "not-your-school"
    NO_SERVICE_CODE = "no-service-code"
    UNKNOWN_SERVICE_CODE = "unknown-service-code"
    TYPE_NOT_ALLOWED = "type-not-allowed"
    EMPTY_FILE = "empty-file"
    TOO_LARGE = "too-large"
    INFECTED = "infected"
    NOT_SCANNABLE = "not-scannable"
    UNSAFE_ARCHIVE = "unsafe-archive"
    TRUNCATED = "truncated"
    NO_FILE = "no-file"
    ENCRYPTED_MESSAGE = "encrypted-message"
    CLOUD_LINK_ONLY = "cloud-link-only"
    REJECTED_BY_OFFICER = "rejected-by-officer"


class NameWarning(StrEnum):
    """What let a file through and should be better next time, in the order in which it is told."""

    SEPARATOR = "separator"
    DESCRIPTION = "description"
    NO_DATE = "no-date"
    DATE_PARTIAL = "date-partial"
    DATE_NOT_REAL = "date-not-real"
    DATE_AHEAD = "date-ahead"
    NO_EXTENSION = "no-extension"
    OLD_DFE_NUMBER = "old-dfe-number"


PATTERN = "nnnnnnn_CODEdescriptionyyyymmdd.pdf"


@dataclass(frozen=True)
class Facts:
    """What was found in one name, as far as a sentence may say it; empty where it isn't known."""

    example: str = PATTERN  # a good name, with the reader's own number where that is known
    example_service: str = ""  # the name of the service that the example is for
    la_codes: tuple[str, ...] = ()  # served here
    own: tuple[str, ...] = ()  # DfE numbers that the sender may send for
    unsafe: str = ""  # what makes the name unsafe: a sentence
    digits: str = ""  # the digits at the start, of any script, when they are no DfE number
    has_brackets: bool = False  # the name begins with one: (830)1102
    number: str = ""  # the seven digits
    authority: str = ""  # the LA whose number that is, when it isn't ours
    successor: str = ""  # the number that followed a closed school's
    is_proposed: bool = False  # the school is not open yet
    has_separator: bool = False  # one that we take stands after the number
    run: str = ""  # the upper-case letters where the code belongs
    is_code: bool = False  # the run is one
    lacks_code: bool = False  # there is none to be read
    near: tuple[str, ...] = ()  # codes one letter away from the run
    system: str = ""  # the national system whose names carry this run
    extension: str = ""
    accepts: tuple[str, ...] = ()  # extensions that the service takes


_PLAIN: Mapping[Reason, str] = {
    Reason.UNSAFE_NAME: "The filename has a form or a character that not every computer can keep. Please rename the "
    f"file with plain letters, digits and an underscore, as in {PATTERN}, and send it again.",
    Reason.NO_DFE_NUMBER: "The filename does not begin with a seven-digit DfE number. Please put your school's number "
    f"in front, as in {PATTERN}, and send the file again.",
    Reason.UNKNOWN_LA: "The DfE number in the filename belongs to another local authority. Please check it, and send "
    "the file again under your own school's number.",
    Reason.UNKNOWN_SCHOOL: "The DfE number in the filename is not in our register of schools. Please check it digit by "
    "digit, and send the file again.",
    Reason.CLOSED_SCHOOL: "The DfE number in the filename is that of a school that is not open. Please use the number "
    "that the school has today, and send the file again.",
    Reason.NOT_YOUR_SCHOOL: "The DfE number in the filename is that of a school that you are not registered to send "
    "for. Please use your own school's number, also for a pupil who came from another school.",
    Reason.NO_SERVICE_CODE: "No Service Code in filename: after the DfE number come an underscore and the service's "
    f"code in capitals, as in {PATTERN}. Please add the code and send the file again.",
    Reason.UNKNOWN_SERVICE_CODE: "The capitals after the DfE number are not the code of a service. Please take a code "
    "from the list, write the description after it in lower case, and send the file again.",
    Reason.TYPE_NOT_ALLOWED: "The service does not take files of this type. Please save the file as another type, a "
    "PDF for example, and send it again.",
    Reason.EMPTY_FILE: "The file is empty (0 bytes). Please open it on your computer to see that it holds what you "
    "meant to send, save it, and send it again.",
    Reason.TOO_LARGE: "The file is larger than we can take. Please split it into smaller files; one that is too large "
    "for email may still pass over SFTP.",
    Reason.INFECTED: "Our virus scanner found something harmful in the file, and nobody at the authority can open it. "
    "Please do not send it again, and tell whoever looks after your school's computers today.",
    Reason.NOT_SCANNABLE: "The file could not be checked for viruses, most often because it has a password. Please "
    "remove the password and send it again: it is encrypted on its way to us.",
    Reason.UNSAFE_ARCHIVE: "The zip file holds something that is not safe to unpack. Please make a new zip of the "
    "files alone, with no zip inside it, and send that.",
    Reason.TRUNCATED: "The file did not arrive whole, and nothing of it was passed on. Please send it again.",
    Reason.NO_FILE: "There was no file in your message. Please attach the file itself, and send the message again.",
    Reason.ENCRYPTED_MESSAGE: "Your message was encrypted, so we could not reach the file in it. Please send it again "
    'without "Encrypt", "Protect" or "Confidential mode": it is encrypted on its way to us.',
    Reason.CLOUD_LINK_ONLY: "Your message holds a link to a file in the cloud and not the file, and we never follow "
    'links. Please attach the file itself (in Outlook, "Attach as copy") and send the message again.',
    Reason.REJECTED_BY_OFFICER: "An officer of the authority rejected the file. The sender was told the reason if "
    "one was given; please put that right, or ask the service, and send the file again.",
}

_ADVICE: Mapping[NameWarning, str] = {
    NameWarning.SEPARATOR: "Between the DfE number and the service code, please put one underscore and nothing else.",
    NameWarning.DESCRIPTION: "After the service code, please say what the file is in a few lower-case letters, with no "
    "capitals, spaces or brackets.",
    NameWarning.NO_DATE: "At the end of the name, please put the date as yyyymmdd, or a version such as V01.",
    NameWarning.DATE_PARTIAL: "The date at the end of the name has no day: please write it as yyyymmdd.",
    NameWarning.DATE_NOT_REAL: "The digits at the end of the name are not a date: please write year, month and day as "
    "yyyymmdd.",
    NameWarning.DATE_AHEAD: "The date at the end of the name is more than a year ahead: please check it.",
    NameWarning.NO_EXTENSION: "The name has no extension: please keep the ending, such as .pdf, that says what type of "
    "file it is.",
    NameWarning.OLD_DFE_NUMBER: "The name carries the school's old DfE number: please use the new one, since the old "
    "one is taken for a limited time.",
}


def sentence_for(reason: str, facts: Facts | None = None) -> str:
    """Return the sentence of a reason: the exact one where facts are given, else the one that fits everybody."""
    code = Reason(reason)
    tell = _EXACT.get(code)
    return tell(facts) if facts and tell else _PLAIN[code]


def advice_for(warning: str) -> str:
    """Return the sentence that says how to do it next time."""
    return _ADVICE[NameWarning(warning)]


def _unsafe_name(facts: Facts) -> str:
    return f"{facts.unsafe} Please rename the file, as in {facts.example}, and send it again."


def _no_dfe_number(facts: Facts) -> str:
    parts = [_what_stands_for_the_number(facts)]
    if facts.lacks_code:
        parts.append("There is also No Service Code in filename: it comes after the number, in capitals.")
    parts.append(f"Please name the file as in {facts.example}, and send it again.")
    return " ".join(parts) + _for_another_system(facts)


def _what_stands_for_the_number(facts: Facts) -> str:
    if facts.has_brackets:
        return "The DfE number is written with brackets: please write its seven digits and nothing else."
    if not facts.digits:
        return "The name does not begin with a DfE number."
    if not facts.digits.isascii():
        return "The number at the start is not typed with the plain digits 0 to 9."
    count = len(facts.digits)
    found = f"The name begins with {count} digit{'s' * (count != 1)}, and a DfE number has seven"
    return f"{found}{_MISTAKEN_FOR_THE_NUMBER.get(count, '')}."


_MISTAKEN_FOR_THE_NUMBER = {
    4: ": the LA code comes first",
    6: " (six may be a school's URN)",
    8: " (eight may be a date, which comes last)",
}


def _unknown_la(facts: Facts) -> str:
    ours = f"the DfE numbers of our schools begin with {_any_of(facts.la_codes)}"
    check = "Please check the number, and send the file again"
    if facts.authority:
        found = f"{facts.number} is a number of {facts.authority} ({facts.number[:3]}); {ours}."
        check += f", or send it to {facts.authority} if it is for them"
    else:
        found = f"{facts.number} begins with {facts.number[:3]}; {ours}."
    return f"{found} {check}.{_yours(facts)}{_for_another_system(facts)}"


def _unknown_school(facts: Facts) -> str:
    return (
        f"{facts.number} is not the DfE number of any school in our register. "
        f"Please check it digit by digit, and send the file again.{_yours(facts)}"
    )


def _closed_school(facts: Facts) -> str:
    if facts.is_proposed:
        return f"The school with the DfE number {facts.number} is not open yet. Please send its files once it is."
    if facts.successor:
        return (
            f"The school with the DfE number {facts.number} has closed, and {facts.successor} took its place. "
            f"Please send the file again with {facts.successor} in front."
        )
    return (
        f"The school with the DfE number {facts.number} has closed. Please use the number that the school has today, "
        f"and send the file again.{_yours(facts)}"
    )


def _not_your_school(facts: Facts) -> str:
    if not facts.own:
        return f"{facts.number} is not a school that you may send for: you are not registered for any school yet."
    return (
        f"You are registered to send for {_any_of(facts.own)}, and this name begins with {facts.number}. "
        "Please use your own school's number, also for a pupil who came from another school."
    )


def _no_service_code(facts: Facts) -> str:
    where = f"after {facts.number} " if facts.number else "after the DfE number "
    if facts.is_code and not facts.has_separator:
        found = f"one underscore has to stand between the number and {facts.run}"
    else:
        found = f"{where}come an underscore and the service's code in capitals"
    return f"No Service Code in filename: {found}, as in {_example(facts)}. Please rename the file and send it again."


def _unknown_service_code(facts: Facts) -> str:
    if facts.system:
        return (
            f"{facts.run} marks a file for {facts.system}, which is not a service of ours. Please send it there; if it "
            f"is meant for us, name it as in {_example(facts)}."
        )
    near = f" The nearest {_codes(facts.near)}." if facts.near else ""
    return (
        f'"{facts.run}" is not a service code.{near} The code is all the capitals after the DfE number, and the '
        f"description after it is in lower case, as in {_example(facts)}. Please rename the file and send it again."
    )


def _for_another_system(facts: Facts) -> str:
    return f" ({facts.run} marks a file for {facts.system}: is it meant for that?)" if facts.system else ""


def _type_not_allowed(facts: Facts) -> str:
    return (
        f"{facts.run} does not take .{facts.extension} files. It takes: {', '.join(facts.accepts)}. "
        "Please save the file as one of these, and send it again."
    )


def _example(facts: Facts) -> str:
    return facts.example if facts.is_code else f"{facts.example} for {facts.example_service}"


def _yours(facts: Facts) -> str:
    if len(facts.own) != 1:
        return ""
    is_theirs = facts.own[0] == facts.number  # and can't be used any more: they may not know which one can
    return " Your authority can tell you which one that is." if is_theirs else f" Yours is {facts.own[0]}."


def _codes(codes: tuple[str, ...]) -> str:
    return f"code is {codes[0]}" if len(codes) == 1 else f"codes are {', '.join(codes[:-1])} and {codes[-1]}"


def _any_of(words: tuple[str, ...]) -> str:
    if len(words) > 5:
        return f"{', '.join(words[:5])} and {len(words) - 5} more"
    return " or ".join(words)


_EXACT: Mapping[Reason, Callable[[Facts], str]] = {
    Reason.UNSAFE_NAME: _unsafe_name,
    Reason.NO_DFE_NUMBER: _no_dfe_number,
    Reason.UNKNOWN_LA: _unknown_la,
    Reason.UNKNOWN_SCHOOL: _unknown_school,
    Reason.CLOSED_SCHOOL: _closed_school,
    Reason.NOT_YOUR_SCHOOL: _not_your_school,
    Reason.NO_SERVICE_CODE: _no_service_code,
    Reason.UNKNOWN_SERVICE_CODE: _unknown_service_code,
    Reason.TYPE_NOT_ALLOWED: _type_not_allowed,
}
