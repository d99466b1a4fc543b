"""Text from outside, as it may be shown: nothing in it is obeyed, and nothing hides.

Owns which characters are shown as escapes. A name of a file can hold any (Source: SPEC 3, 6, 13).
"""

import re
import unicodedata

_UNSHOWABLE = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")  # control, direction, nobody's, half a character, line breaks
_BREAK = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


def visible(text: str) -> str:
    """Return a text with each character that a terminal could obey, or that hides, as an escape."""
    if text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _UNSHOWABLE else c for c in text)


def visible_line(text: str) -> str:
    """Do so, and make it one line: who breaks it in a name would write what looks like ours."""
    return text if text.isprintable() else visible(_BREAK.sub(" ", text))


def visible_lines(text: str) -> str:
    """Do so, and leave the lines as they are."""
    return text if text.isprintable() else "\n".join(map(visible, text.split("\n")))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
