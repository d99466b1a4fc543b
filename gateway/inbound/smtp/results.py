"""Authentication-Results: what a mail server that we trust found out about a message.

Owns the reading of one field value (RFC 8601 2.2) into an authserv-id and its results. Whom to trust, and what follows,
is decided in `sender`. Anything that doesn't follow the grammar ends the reading there: what stands behind it is not
believed. The authserv-id must stand in front, plain: in quotes, or behind a comment or an odd blank, it is
another way to write a name that the relay takes out of what comes from outside. Never raises; linear in its input.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_CHARS = 16_384  # of one value that are read

_COMMENT_STEP = re.compile(r"[^()\\]+|\\.?|[()]", re.DOTALL)
_SERVER = re.compile(r"[ \t]*[!#-'*-:<>-~]+(?=[ \t;(]|\Z)")
_FORM = r"[ \t\r\n]*(?:(?P<open>\()|(?P<mark>%s)|\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<word>%s))"
_TOKEN = re.compile(_FORM % ("[;=]", r"[^\s;=()\"]+"), re.DOTALL)
_VALUE = re.compile(_FORM % (";", r"[^\s;()\"]+"), re.DOTALL)  # base64 in header.b has its own "="


class _Token(NamedTuple):
    mark: str  # ";" or "=", else ""
    text: str


@dataclass(frozen=True)
class Result:
    """One `method=verdict` with its properties."""

    method: str  # lower case: dmarc, dkim, spf
    verdict: str  # lower case: pass, fail, none, temperror
    properties: tuple[tuple[str, str], ...] = ()  # ("header.from", "school.example"); names in lower case

    def property(self, name: str) -> str:
        """Return the value of a property; "" where it is absent or given twice."""
        found = [value for known, value in self.properties if known == name]
        return found[0] if len(found) == 1 else ""


@dataclass(frozen=True)
class AuthenticationResults:
    """One field."""

    authserv_id: str  # lower case; "" when it can't be read
    results: tuple[Result, ...] = field(default=())

    def of(self, method: str) -> tuple[Result, ...]:
        """Return the results of one method."""
        return tuple(result for result in self.results if result.method == method)


def read_results(text: str) -> AuthenticationResults:
    """Read one value, unfolded."""
    if _SERVER.match(text) is None:
        return AuthenticationResults("")
    sentences = _sentences(_tokens(text[:MAX_CHARS]))
    if not sentences or not sentences[0] or sentences[0][0].mark:
        return AuthenticationResults("")
    results = []
    for sentence in sentences[1:]:
        result = _result(sentence)
        if result is None:
            break
        results.append(result)
    return AuthenticationResults(sentences[0][0].text.lower(), tuple(results))


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, form = 0, _TOKEN
    while (match := form.match(text, at)) is not None:
        at, kind = match.end(), match.lastgroup
        if kind == "open":
            at = _after_comment(text, at)  # and what is expected is what was expected before it
            continue
        said = match[kind or 0]
        if kind == "quoted":
            said = re.sub(r"\\(.)", r"\1", said)
        found.append(_Token(said if kind == "mark" else "", said))
        form = _VALUE if found[-1].mark == "=" else _TOKEN
    if text[at:].strip():
        found.append(_Token(";", ";"))  # unreadable: ends the sentence, and the next is empty
        found.append(_Token("=", "="))
    return found


def _after_comment(text: str, at: int) -> int:
    depth = 1
    while depth and (step := _COMMENT_STEP.match(text, at)) is not None:
        at = step.end()
        depth += {"(": 1, ")": -1}.get(step[0], 0)
    return at


def _sentences(tokens: list[_Token]) -> list[list[_Token]]:
    found: list[list[_Token]] = [[]]
    for token in tokens:
        if token.mark == ";":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _result(sentence: list[_Token]) -> Result | None:
    """Read `dkim=pass header.d=school.example`; None for anything else, also for the lone word `none`."""
    pairs: list[tuple[str, str]] = []
    if len(sentence) % 3:
        return None
    for name, equals, value in zip(sentence[::3], sentence[1::3], sentence[2::3], strict=True):
        if name.mark or equals.mark != "=" or value.mark:
            return None
        pairs.append((name.text.lower(), value.text))
    if not pairs:
        return None
    method, verdict = pairs[0]
    properties = tuple(pair for pair in pairs[1:] if pair[0] != "reason")
    return Result(method.partition("/")[0], verdict.lower(), properties)
