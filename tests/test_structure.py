"""The shape of the code, measured: functions that fit in the head, files that fit a noun, imports without circles."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import quantiles

import pytest

HOUSE = Path(__file__).parent.parent
LONGEST_FUNCTION = 50  # lines
NINETIETH = 25  # lines at the most, of nine functions in ten
LONGEST_FILE = 350  # lines
TREES = ("gateway", "tests")


def files_of(tree: str) -> list[Path]:
    return sorted(path for path in (HOUSE / tree).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions_of(tree: str) -> Iterator[tuple[str, int]]:
    """Yield each function with its lines, from `def` to its end."""
    for path in files_of(tree):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield f"{path.relative_to(HOUSE)}: {node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("tree", TREES)
def test_no_function_is_longer_than_fifty_lines(tree: str) -> None:
    assert [(name, lines) for name, lines in functions_of(tree) if lines > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("tree", TREES)
def test_nine_functions_in_ten_are_short(tree: str) -> None:
    assert quantiles([lines for _, lines in functions_of(tree)], n=10)[-1] <= NINETIETH


def test_no_file_is_longer_than_its_noun_needs() -> None:
    lengths = {str(path.relative_to(HOUSE)): len(path.read_text().splitlines()) for path in files_of("gateway")}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_file_opens_with_its_contract() -> None:
    assert [str(path) for path in files_of("gateway") if not ast.get_docstring(parsed(path))] == []


# Circles: two files that need each other are one, or have a third below them. An import in a function counts too.


def module_of(path: Path) -> str:
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_by(path: Path, modules: set[str]) -> set[str]:
    """Return the modules of the house that a file imports; not those that it only names in types."""
    found = set()
    for node in _at_run_time(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & modules) or ({node.module} & modules)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & modules
    return found - {module_of(path)}


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from _at_run_time(child)


def test_no_two_files_need_each_other() -> None:
    paths = {module_of(path): path for path in files_of("gateway")}
    needs = {module: imported_by(path, set(paths)) for module, path in paths.items()}
    while free := [module for module, needed in needs.items() if not needed & needs.keys()]:
        for module in free:
            del needs[module]
    assert needs == {}, "these stand in a circle, or above one"
