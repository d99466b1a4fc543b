"""What a person wrote: the text of a message to a comment, its subject to tags.

Owns where a letter ends and its signature or the quoted thread begins, and a crude reading of HTML. Works on
bounded text, is linear in it, and never raises. The comment travels with the files; it never routes.

Source: SPEC 4 ("The text body, trimmed, is the comment").
"""

import html
import re
import unicodedata
from collections.abc import Iterator

COMMENT_CHARS = 2_000
TAGS = 20  # of one subject

_TAG = re.compile(r"(?<![\w#&/])#(\w[\w-]{0,39})")
_HIDDEN = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "head", "title")}
_BREAKING = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "ul", "ol", "blockquote", "hr"})
_BLANKS = re.compile(r"\s+")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})")
_TAGS_OF_HTML = 20_000  # of a page that are passed
_LINE_CHARS = 20_000  # of a line that are looked at
_LINES = 2_000  # of a text that are looked at
_HTML_CHARS = 20_000  # of the text in a page that are kept

_END = re.compile(  # a line from which on the text is not the letter any more
    r"--\s?"
    r"|_{20,}"
    r"|-{2,}\s?(?:original|forwarded) message\s?-{2,}"
    r"|begin forwarded message:"
    r"|on .{5,200} wrote:"
    r"|sent from my .{2,40}|get outlook for .{2,40}|sent from outlook for .{2,40}",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?from:\*?\s", re.IGNORECASE)
_SENT = re.compile(r"\*?(?:sent|date):\*?\s", re.IGNORECASE)


def make_comment(plain: str, page: str, *, limit: int = COMMENT_CHARS) -> str:
    """The comment in a text body, or, where there is none, in an HTML body."""
    lines = (plain if plain.strip() else read_html(page)).splitlines()[:_LINES]
    letter = (_visible(line) for line in _letter(lines) if not line.lstrip().startswith(">"))
    return _squeezed(_enough(letter, limit))[:limit].strip()


def find_tags(subject: str) -> tuple[str, ...]:
    """The `#words` of a subject, in lower case, each once, in order."""
    return tuple(dict.fromkeys([word.lower() for word in _TAG.findall(subject)]))[:TAGS]


def read_html(page: str) -> str:
    """The text of a page: no tags, scripts or styles; a break for each block."""
    text = "".join(_html_pieces(page))[:_HTML_CHARS]
    return html.unescape(text).replace("\xa0", " ")


def _letter(lines: list[str]) -> Iterator[str]:
    """The lines before the signature and the quoted thread."""
    for number, line in enumerate(lines):
        following = lines[number + 1 : number + 5]
        if _END.fullmatch(line[:300].strip()):
            return
        if (folded := _with_next(line, following)) and _END.fullmatch(folded):
            return
        if _FROM.match(line) and any(_SENT.match(other) for other in following):
            return
        yield line


def _with_next(line: str, following: list[str]) -> str:
    """A line that begins "On …", with the next one: mailers fold "On … wrote:"."""
    if not line.startswith("On ") or not following:
        return ""
    return f"{line[:150].strip()} {following[0][:150].strip()}"


def _visible(line: str) -> str:
    """Without control, bidirectional and half characters."""
    line = line[:_LINE_CHARS].replace("\t", " ")
    if line.isprintable():  # then there is none of them in it; to look at each character takes a hundred times as long
        return line.strip()
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cf", "Cs")).strip()


def _enough(lines: Iterator[str], chars: int) -> list[str]:
    """The lines in which so many characters are; what stands behind them is not looked at."""
    found: list[str] = []
    while chars > 0 and (line := next(lines, None)) is not None:
        found.append(line)
        chars -= len(line)
    return found


def _squeezed(lines: list[str]) -> str:
    """Lines joined, with at most one empty line between two."""
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip()


def _html_pieces(page: str) -> Iterator[str]:
    at, size = 0, 0
    for _ in range(_TAGS_OF_HTML):
        opening = page.find("<", at)
        text = _BLANKS.sub(" ", page[at : opening if opening >= 0 else len(page)][:_HTML_CHARS])
        size += len(text)
        yield text
        if opening < 0 or size >= _HTML_CHARS:
            return
        instead, at = _pass_tag(page, opening)
        yield instead


def _pass_tag(page: str, opening: int) -> tuple[str, int]:
    """What a reader sees in place of the tag at `opening`, and where the page goes on behind it."""
    if page.startswith("<!--", opening):
        return "", _behind(page, "-->", opening)
    if page.startswith(("<!", "<?"), opening):
        return "", _behind(page, ">", opening)
    match = _TAG_NAME.match(page, opening)
    if match is None:
        return "<", opening + 1
    name = match[1].lower()
    if name in _HIDDEN and not page.startswith("</", opening):
        closing = _HIDDEN[name].search(page, opening)
        opening = closing.start() if closing else len(page)
    return "\n" if name in _BREAKING else "", _behind(page, ">", opening)


def _behind(page: str, mark: str, at: int) -> int:
    """Where `mark` ends; the end of the page when it is missing, so that no page is searched twice."""
    found = page.find(mark, at)
    return len(page) if found < 0 else found + len(mark)
