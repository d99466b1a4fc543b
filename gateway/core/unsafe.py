"""Names that no computer should be given: the fault `unsafe-name` (Source: SPEC 3; FIELD-NOTES A.2).

Owns the list of what makes a name unsafe, whoever sent it and whatever else it says. It judges a name as it stands and
mends nothing.
"""

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

MAX_BYTES = 200  # of UTF-8: leaves room below the 255 of a file system for what we add
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
EDGES = "." + SPACES  # what Windows drops, or nobody sees, at the ends of a name
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Windows opens the device, whatever the extension: learn.microsoft.com, "Naming Files, Paths, and Namespaces".
DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"] + [port + n for port in ("COM", "LPT") for n in "123456789¹²³"]
)


def what_is_unsafe(name: str) -> str | None:
    """Return in one sentence what makes a name unsafe, or None when it is safe. Takes any text."""
    # Most names are plain, and of plain text no character has to be looked up.
    problems = _OF_ANY_TEXT if name.isascii() and name.isprintable() else _PROBLEMS
    return next((sentence for is_so, sentence in problems if is_so(name)), None)


def _has(*categories: str) -> Callable[[str], bool]:
    return lambda name: any(unicodedata.category(c) in categories for c in name)


def _is_too_long(name: str) -> bool:
    return len(name.encode("utf-8", "surrogatepass")) > MAX_BYTES


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip(" ").upper() in DEVICES


_Problem: TypeAlias = tuple[Callable[[str], bool], str]

# What no plain text has: ASCII that can be printed.
_OF_CHARACTERS: tuple[_Problem, ...] = (
    # The separators of lines and of paragraphs are controls in all but their category: they break logs and headers.
    (_has("Cc", "Zl", "Zp"), "The name has an invisible control character in it."),
    (
        lambda name: any(c in BIDIRECTIONAL for c in name),
        "The name has an invisible mark that turns the writing round.",
    ),
    (_has("Cn"), "The name has a character in it that no alphabet knows."),
    (_has("Cs"), "The name was damaged on its way: it has half a character in it."),
)
_PROBLEMS: tuple[_Problem, ...] = (
    (lambda name: name == "", "The file has no name."),
    (_is_too_long, f"The name is longer than {MAX_BYTES} bytes."),
    (lambda name: "/" in name or "\\" in name, "The name has a slash in it, as if it were a folder and a file."),
    *_OF_CHARACTERS,
    (lambda name: name.strip(EDGES) != name, "The name begins or ends with a space or a dot."),
    (_is_device, "The name is one that Windows keeps for itself (CON, PRN, AUX, NUL, COM1, LPT1 and the like)."),
)
_OF_ANY_TEXT = tuple(problem for problem in _PROBLEMS if problem not in _OF_CHARACTERS)
