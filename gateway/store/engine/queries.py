"""The SQL of the ledger by name, as it stands in `store/sql/*.sql`.

Owns the format of those files: a section begins with `-- name: insert_file`, other comment lines are for readers, and
`{file_columns}` stands for the section of that name. It knows no engine (Source: DESIGN 5).
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

SQL_FOLDER = Path(__file__).parent.parent / "sql"

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_INCLUDE = re.compile(r"\{(\w+)\}")

Values = Mapping[str, object]  # named parameters


@cache
def load_queries() -> Mapping[str, str]:
    """Return every section of every file, included ones filled in. Raises ValueError for a name that stands twice."""
    sections: dict[str, str] = {}
    for file in sorted(SQL_FOLDER.glob("*.sql")):
        for name, text in read_sections(file.read_text(encoding="utf-8")):
            if name in sections:
                raise ValueError(f"{file.name}: there are two queries of the name {name}")
            sections[name] = text
    return {name: _filled(text, sections) for name, text in sections.items()}


def read_sections(text: str) -> list[tuple[str, str]]:
    """Return (name, SQL) of each section of a file, in order."""
    pieces = _NAME.split(text)[1:]
    return [(name, _COMMENT.sub("", body).strip()) for name, body in zip(pieces[::2], pieces[1::2], strict=True)]


def _filled(text: str, sections: Mapping[str, str]) -> str:
    while _INCLUDE.search(text):
        text = _INCLUDE.sub(lambda found: sections[found[1]], text)
    return text


def compose(
    queries: Mapping[str, str],
    base: str,
    values: Values,
    *,
    limit: int | None = None,
    order: str = "order",
    columns: str = "",
) -> tuple[str, Values]:
    """Return a listing and its parameters: the base query, a condition for each value, an order, a limit.

    The condition of a value is the section `base_value`. A tuple is a list to choose from; an empty one chooses none.
    `columns` names another SELECT of the same rows than the base.
    """
    wanted = " AND ".join(queries[f"{base}_{name}"] for name in values)
    parts = [queries[columns or base], f"WHERE {wanted}" if wanted else "", queries[f"{base}_{order}"]]
    if limit is not None:
        parts.append(queries["limit"])
        values = {**values, "limit": limit}
    return _spread(" ".join(filter(None, parts)), values)


def _spread(sql: str, values: Values) -> tuple[str, Values]:
    """Give each element of a tuple a parameter of its own."""
    spread: dict[str, object] = {}
    for name, value in values.items():
        if not isinstance(value, tuple):
            spread[name] = value
            continue
        elements = {f"{name}_{n}": element for n, element in enumerate(value)}
        spread |= elements
        sql = re.sub(rf":{name}\b", _names(elements), sql)
    return sql, spread


def _names(elements: Iterable[str]) -> str:
    return ", ".join(f":{e}" for e in elements) or "NULL"  # IN (NULL) is true of nothing
