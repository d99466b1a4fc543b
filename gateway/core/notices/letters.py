"""A notice as words: the text, its HTML twin, and the plain words that stand in for a template that fails.

Owns how lines are broken and how a text becomes a page; nothing in a notice is ever taken for markup. Pure, and never
raises, whatever the context holds: a notice can never fail a file (Source: SPEC 6, 11).
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from gateway.core.steps import Steps, collected, in_one_go
from gateway.core.visible import visible_line, visible_lines

WIDTH = 76  # letters a line: what every mail program shows unbroken

Context = Mapping[str, object]

_IN_LINES = frozenset({"comment", "policy", "note"})  # what people wrote in several lines; all else is one
_NUMBERED = re.compile(r" *[0-9]+\. ")
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font-family: sans-serif; max-width: 40em">
{blocks}
</body></html>
"""
_WITHIN = ("services", "schools", "folders")  # what files stand below
_HAPPENED: Mapping[str, str] = {  # the notice -> what it tells of, in words for a template that fails
    "rejected": "A file of yours was rejected by {by}.",
    "recalled": "A file of yours was recalled by {by}.",
    "rerouted": "A file of yours was handed from {old_service} to {service} by {by}.",
    "correction-accepted": "A file of yours was sent under a new name, by {by}.",
    "received": "A file of yours was received by {by}.",
    "not-recalled": "A file of yours could not be recalled: it was received by {by}.",
    "service-digest": "Files have come for {service}.",
    "uncollected": "Files wait, and nobody has collected them.",
    "set-aside": "The gateway can't go on with what lies in spool/failed/: gateway admin failed list. Number: {total}.",
    "undeliverable": "A delivery to {service} was given up. To try again: gateway admin deliveries retry {delivery}",
    "waits-in-inbox": "A file for {service} is too large for this mailbox and waits in the Inbox.",
    "digest": "New documents have come for your school: {total}.",
    "unread": "Documents for your school will be destroyed soon, and nobody has opened them yet: {total}.",
    "unread-summary": "Documents that you published were not opened by every school: {total}.",
    "file-request": "{authority} asks your school for a file: {title}. It is for {service}, by {until}.",
    "file-request-reminder": "No file that counts has come from your school yet: {title}, for {service}, by {until}.",
    "file-request-over": "The deadline has passed: {title}. Schools that have not sent: {missing_total}.",
    "keys-changed": "The keys of your account {username} were changed by {by}, on {at}.",
    "keys-old": "A key of yours, or the password of a copier, is more than {days} days old. Please change it.",
    "access-review": "Please say who shall have access for {school}: reply KEEP, or REMOVE and a name.",
    "access-review-answer": "This is about your answer to the review of access for {school}.",
    "access-review-report": "The review of access of {started_on} was not answered by every school.",
    "address-confirm": "The address of {username} is to be changed from {old} to {new}. Reply CONFIRM or REFUSE.",
    "address-changed": "The address of {username} was changed from {old} to {new}.",
    "address-stale": "Our messages to {person} at {address} come back.",
    "account-unused": "Your account {username} was not used for more than {days} days.",
    "accounts-unused": "Accounts were not used for more than {days} days.",
    "answer": "This is about your reply to a notice.",
    "activation": "Your account {username} is ready. Log in over SFTP with this one-time code as the password: {code}",
    "password-code": "For a new password of {username}, log in over SFTP with this one-time code: {code}",
    "password-reminder": "The password of your account {username} expires on {expires}.",
    "password-reset": "The password of {person} was reset by {by}.",
    "policy-changed": "The acceptable use policy changed. Please reply AGREE to this message.",
    "account-form": "Please reply with forename, surname, role, email and school of each person, a line each.",
    "account-requested": "{by} asked for an account for {person}: gateway admin users verify {username}",
    "account-answer": "This is about your reply: {subject}",
}


@dataclass(frozen=True)
class Letter:
    """A notice as text, and the same as a plain HTML page."""

    subject: str  # one line
    text: str
    html: str | None = None


def letter_steps(subject: str, text: str) -> Steps[Letter]:
    """Return a notice with its HTML twin, the same words: paragraphs, and what is set in or numbered as it stands."""
    blocks = yield from collected(_html_block(block) for block in text.strip("\n").split("\n\n"))
    return Letter(subject, text, _PAGE.format(subject=escape(subject), blocks="\n".join(blocks)))


letter_of = in_one_go(letter_steps)


def _html_block(block: str) -> str:
    """Return a paragraph; one whose lines must stand below each other keeps them."""
    is_set_in = any(line.startswith((" ", "-")) or _NUMBERED.match(line) for line in block.split("\n"))
    words = escape(block)
    return f'<pre style="white-space: pre-wrap">{words}</pre>' if is_set_in else f"<p>{words}</p>"


def wrap(text: str, indent: int = 0, hang: int = 0) -> str:
    """Return a text broken into lines of at most 76 letters; words longer than that stay whole.

    `indent` spaces stand before each line, and `hang` more before each but the first.
    """
    paragraphs = text.splitlines() or [""]
    return "\n".join(
        textwrap.fill(
            paragraph,
            WIDTH,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for paragraph in paragraphs
    )


def shown(context: Context) -> Context:
    """Return a context whose words are all safe to show: a name with line breaks writes no lines of ours."""
    return {key: _shown(value, is_one_line=key not in _IN_LINES) for key, value in context.items()}


def _shown(value: object, *, is_one_line: bool) -> object:
    if isinstance(value, str):
        return visible_line(value) if is_one_line else visible_lines(value)
    if isinstance(value, Mapping):
        return shown(value)
    if isinstance(value, list | tuple):
        return [_shown(each, is_one_line=is_one_line) for each in value]
    return value


def in_plain_words(context: Context, about: str = "") -> Letter:
    """Return a notice without a template: what happened, what became of each file, and whom to ask."""
    lines = [line for file in _files(context) for line in _plain_file(file)]
    parts = (
        _happened(context, about),
        "\n".join(lines),
        wrap(str(context.get("opening", "") or context.get("sentence", "") or context.get("error", ""))),
        f"Questions? Please ask:\n{wrap(str(context.get('contact', 'the authority')), 3)}",
        f"Reference: {context.get('submission') or context.get('delivery') or context.get('request') or ''}",
    )
    return letter_of("What became of your files", "\n\n".join(part for part in parts if part) + "\n")


def _happened(context: Context, about: str) -> str:
    form = _HAPPENED.get(about, "")
    return wrap(re.sub(r"\{(\w+)\}", lambda found: str(context.get(found[1], "")), form)) if form else ""


def _files(context: Context) -> Iterator[Context]:
    """Yield what a context tells of files, wherever it does."""
    if context.get("name"):
        yield context
    for key in ("files", "file", "outcomes", "rows", "documents", *_WITHIN):
        found = context.get(key)
        for each in found if isinstance(found, list | tuple) else (found,):
            if isinstance(each, Mapping) and key in _WITHIN:
                yield from _files(each)
            elif isinstance(each, Mapping):
                yield each


def _plain_file(file: Context) -> Iterator[str]:
    fate = str(file.get("fate", "") or file.get("status", ""))
    yield f"{fate}: {file.get('name', '')}" if fate else str(file.get("name", ""))
    if file.get("sentence"):
        yield wrap(str(file["sentence"]), 3)
    if file.get("correction"):
        yield f"   The right name would be: {file['correction']}"
