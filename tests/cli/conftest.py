"""A deployment laid out by `gateway init --sample`, one for each test, and a way to give it commands."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result

from gateway.app import House, open_house
from gateway.cli.load import StayingCourier
from gateway.cli.root import root
from gateway.tables import read_deployment

T = TypeVar("T")


@dataclass(frozen=True)
class Deployment:
    """A folder that `gateway init` filled."""

    folder: Path

    @property
    def config(self) -> Path:
        """Return its configuration."""
        return self.folder / "gateway.toml"

    def run(self, *line: str, given: str | bytes | None = None) -> Result:
        """Run a command, as its users do."""
        return CliRunner().invoke(root, ["-c", str(self.config), *line], input=given)

    def ask(self, *line: str) -> Any:
        """Return the JSON that a command answers."""
        ran = self.run(*line, "--json")
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.stdout)

    def in_house(self, work: Callable[[House], Awaitable[T]]) -> T:
        """Do something with its ledger, spool and archive."""

        async def inside() -> T:
            settings, tables = read_deployment(self.config)
            async with open_house(settings, tables, courier=StayingCourier()) as house:
                return await work(house)

        return asyncio.run(inside())


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One deployment, to be copied: its paths are relative."""
    folder = tmp_path_factory.mktemp("sample") / "deployment"
    ran = CliRunner().invoke(root, ["init", "--sample", str(folder)])
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.fixture
def deployment(sample: Path, tmp_path: Path) -> Deployment:
    """A deployment of the test's own."""
    return Deployment(shutil.copytree(sample, tmp_path / "deployment"))
