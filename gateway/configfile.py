"""A TOML file of the deployment, read into a frozen model: every fault at once, each with its key and line.

Knows TOML and pydantic, and no key of its own: `settings` and `tables` say what is right. Refuses a file that is
absent, unreadable, not UTF-8 or not TOML with one fault, and anything that its model doesn't allow with one fault each
(Source: SPEC 11; DESIGN 1).
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from gateway.errors import ConfigError, Fault

Key = tuple[str | int, ...]  # ("smtp", "relay", 0, "from")
KIND = "kind"  # the key that tells which of several forms a table has
T = TypeVar("T")
ModelT = TypeVar("ModelT", bound="Table")

_EXPECTED = {  # what pydantic calls a fault -> what we expected there; its own limits in braces
    "string_type": 'text in quotes, like "this"',
    "string_too_short": "a text that is not empty",
    "int_type": "a whole number, without quotes",
    "int_from_float": "a whole number",
    "float_type": "a number, without quotes",
    "bool_type": "true or false, without quotes",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "model_attributes_type": "a table of keys",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "too_short": "at least one entry",
    "literal_error": "{expected}",
    "union_tag_invalid": "kind to be one of {expected_tags}",
    "union_tag_not_found": 'a table with the key "kind"',
    "date_type": "a date without quotes, like 2026-12-25",
}


class Table(BaseModel):
    """One table of a TOML file: frozen, without unknown keys, without silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True, validate_by_name=True)


@dataclass(frozen=True)
class ConfigFile:
    """What stands in a TOML file, and on which line each key stands."""

    name: str  # as faults show it: relative to the deployment
    data: Mapping[str, Any]  # lists are tuples
    lines: Mapping[Key, int] = field(default_factory=dict)

    def value(self, key: Key) -> Any:
        """Return what stands at a key."""
        found: Any = self.data
        for part in key:
            found = found[part]
        return found

    def line(self, key: Key) -> int | None:
        """Return the line of a key, or of the nearest thing around it that has one."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def fault(self, key: Key, problem: str) -> Fault:
        """Return a fault at a key."""
        line = self.line(key)
        place = [] if line is None else [f"line {line}"]
        return Fault(self.name, ", ".join([self._spell(key), *place] if key else place), problem)

    def _spell(self, key: Key) -> str:
        """Return a key as an administrator looks for it: `[smtp] listen`, `[[service]] accepts`, `prefixes`."""
        names = [part for part in key if isinstance(part, str)]
        if len(names) == 1:
            return self._spell_table(names[0])
        table = ".".join(names[:-1])
        is_list = any(isinstance(part, int) for part in key[: key.index(names[-1])])
        return f"[[{table}]] {names[-1]}" if is_list else f"[{table}] {names[-1]}"

    def _spell_table(self, name: str) -> str:
        value = self.data.get(name)
        if isinstance(value, Mapping):
            return f"[{name}]"
        is_tables = isinstance(value, tuple) and value and isinstance(value[0], Mapping)
        return f"[[{name}]]" if is_tables else name


def read_toml(path: Path, *, name: str) -> ConfigFile:
    """Read a TOML file. Raises ConfigError when it is not there or is no TOML."""
    text = read_text(path, name=name)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax_fault(name, str(error)),)) from None
    return ConfigFile(name, _freeze(data), key_lines(text))


def read_text(path: Path, *, name: str) -> str:
    """Read a text file in UTF-8. Raises ConfigError when it is not there or can't be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = f"this file is missing; expected it at {path}"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8; expected a text file in UTF-8"
    except OSError as error:
        problem = f"this file can't be read ({error.strerror}); expected a file that the gateway's user may read"
    raise ConfigError((Fault(name, "", problem),))


def check_table(model: type[ModelT], file: ConfigFile, *, base: Path, at: Key = ()) -> ModelT:
    """Return a file, or the table at a key of it, as its model; relative paths are taken from `base`.

    Raises ConfigError with every fault.
    """
    try:
        return model.model_validate(file.value(at), context={"base": base})
    except ValidationError as error:
        details = _without_echoes(error.errors(include_url=False))
    found = [(_key_of(detail["loc"], file, at), _sentence(model, detail)) for detail in details]
    found.sort(key=lambda each: file.line(each[0]) or 0)
    raise ConfigError(tuple(file.fault(key, sentence) for key, sentence in found))


@dataclass
class Findings:
    """The faults of several files or rows: gathered, then raised together."""

    faults: list[Fault] = field(default_factory=list)

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Return what `read` returns, or None after noting its faults."""
        try:
            return read()
        except ConfigError as error:
            self.faults += error.faults
            return None

    def raise_them(self) -> None:
        """Raise ConfigError if there are any."""
        if self.faults:
            raise ConfigError(tuple(self.faults))


def suggest(word: str, known: Sequence[str]) -> str:
    """Return `did you mean …?`, or what is known, as the end of a sentence."""
    near = difflib.get_close_matches(word.casefold(), [each.casefold() for each in known], n=1)
    hit = next((each for each in known if near and each.casefold() == near[0]), None)
    return f'did you mean "{hit}"?' if hit else f"expected one of {', '.join(sorted(known))}"


def show(value: object) -> str:
    """Return a value as TOML writes it, shortened."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, tuple):
        return "[" + ", ".join(show(each) for each in value[:3]) + (", …]" if len(value) > 3 else "]")
    text = re.sub(r"://[^/\s]*@", "://…@", str(value))  # a password is shown to nobody
    short = text if len(text) <= 60 else text[:59] + "…"
    return f'"{short}"' if isinstance(value, str) else short


def _sentence(model: type[BaseModel], detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "this key is missing; it has no default"
    if kind == "extra_forbidden":
        *table, key = detail["loc"]
        what = "table" if isinstance(detail["input"], Mapping) else "key"
        return f'there is no {what} "{key}" here; {suggest(str(key), _keys_at(model, tuple(table)))}'
    if kind == "value_error":
        return f"found {show(detail['input'])}; {context['error']}"
    expected = _EXPECTED.get(kind)
    wanted = f"expected {expected.format(**context)}" if expected else detail["msg"]
    return f"found {show(detail['input'])}; {wanted}"


def _key_of(loc: Key, file: ConfigFile, at: Key) -> Key:
    """Return where a fault stands in the file: pydantic puts the kind of a table behind its index."""
    key = at
    for part in loc:
        value = file.value(key) if isinstance(part, str) and key and isinstance(key[-1], int) else None
        is_kind = isinstance(value, Mapping) and value.get(KIND) == part and part not in value
        if not is_kind and part != "[key]":  # what pydantic adds for the key of a table
            key = (*key, part)
    return key


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where it only misses the entries that have faults of their own."""
    faulty = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    return [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in faulty]


def _keys_at(model: type[BaseModel], key: Key) -> list[str]:
    """Return the keys that a table at this place may have; of tables of several kinds, those of the kind at hand."""
    models = [model]
    for part in key:
        fields = [each.model_fields[part] for each in models if isinstance(part, str) and part in each.model_fields]
        if fields:
            models = [inner for each in fields for inner in _models_in(each.annotation)]
        elif isinstance(part, str):
            models = [each for each in models if part in get_args(each.model_fields[KIND].annotation)]
    return [each.alias or name for model in models for name, each in model.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models_in(each)]


def _syntax_fault(name: str, message: str) -> Fault:
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", message)
    if found is None:
        return Fault(name, "", f"this is not TOML: {message}")
    what, line, column = found.groups()
    where = f"line {line}, column {column}" if line else "at its end"
    return Fault(name, where, f"this is not TOML: {what[:1].lower()}{what[1:]}; expected lines like: key = value")


def _freeze(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _freeze(each) for key, each in value.items()}
    return tuple(_freeze(each) for each in value) if isinstance(value, list) else value


_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' r"'''.*?'''|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|#[^\n]*|[\[\]{}]|\n", re.DOTALL
)
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_DOTTED})\s*=")


def key_lines(text: str) -> dict[Key, int]:
    """Return the line of each table and key of a valid TOML text; what stands inside a value has none of its own."""
    return dict(_find_keys(text))


def _find_keys(text: str) -> Iterator[tuple[Key, int]]:
    inside = _lines_inside_values(text)
    table: Key = ()
    counts: dict[Key, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if number in inside:
            continue
        if header := _HEADER.match(line):
            table = _resolve(_split(header[2]), counts, is_new=header[1] == "[[")
            yield table, number
        elif assigned := _ASSIGNED.match(line):
            yield (*table, *_split(assigned[1])), number


def _lines_inside_values(text: str) -> set[int]:
    """Return the lines that begin inside a list, an inline table or a long text."""
    inside: set[int] = set()
    line, depth = 1, 0
    for token in _TOKEN.finditer(text):
        breaks = token[0].count("\n")
        if breaks and (token[0] != "\n" or depth):
            inside.update(range(line + 1, line + breaks + 1))
        line += breaks
        depth += (token[0] in "[{") - (token[0] in "]}")
    return inside


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _resolve(names: tuple[str, ...], counts: dict[Key, int], *, is_new: bool) -> Key:
    """Return the full key of a table header: `[[x]]` begins a new entry, `[x.y]` is in the last one."""
    key: Key = ()
    for position, name in enumerate(names, start=1):
        key = (*key, name)
        if is_new and position == len(names):
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = (*key, counts[key])
    return key
