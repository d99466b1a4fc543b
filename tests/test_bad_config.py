"""Every kind of broken configuration says what is wrong, where, and what was expected.

Each folder of `data/bad_config` holds the files that differ from the shipped deployment (`remove.txt` names those that
are taken away), and `expected.txt`, all that an administrator is told.
"""

import shutil
from pathlib import Path

import pytest

from gateway.errors import ConfigError
from gateway.tables import read_deployment

SHIPPED = Path(__file__).parent.parent
CASES = sorted(path for path in (Path(__file__).parent / "data" / "bad_config").iterdir() if path.is_dir())


def lay_out(case: Path, place: Path) -> Path:
    """Lay out the shipped deployment with the files of a case; return its gateway.toml."""
    for folder in ("config", "routing"):
        shutil.copytree(SHIPPED / folder, place / folder)
    shutil.copy(SHIPPED / "gateway.toml", place)
    removed = case / "remove.txt"
    for name in removed.read_text().split() if removed.exists() else ():
        (place / name).unlink()
    shutil.copytree(case, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.txt", "remove.txt"))
    return place / "gateway.toml"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_broken_configuration_names_every_fault(case: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_deployment(lay_out(case, tmp_path))
    told = str(caught.value).replace(str(tmp_path), "DIR")
    assert told.splitlines() == (case / "expected.txt").read_text(encoding="utf-8").splitlines()


def test_there_are_many_kinds_of_broken_configurations() -> None:
    assert len(CASES) >= 50


def test_the_shipped_configuration_is_not_broken() -> None:
    settings, tables = read_deployment(SHIPPED / "gateway.toml")
    assert settings.folder == SHIPPED
    assert len(tables.catalogue.services) == 27
