"""Sample deployments, laid out once a run and copied for each story."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.daemons import Daemon, daemon_in
from tests.scenarios.harness import Scene, copy_of, lay_out_sample, scene_in


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `gateway init --sample` lays out; not to be changed."""
    return lay_out_sample(tmp_path_factory.mktemp("sample") / "deployment")


@pytest.fixture
def deployment(sample: Path, tmp_path: Path) -> Path:
    """A deployment of the test's own."""
    return copy_of(sample, tmp_path / "deployment")


@pytest.fixture
async def scene(deployment: Path) -> AsyncIterator[Scene]:
    """An open house; the invariants are checked when the story is over."""
    async with scene_in(deployment) as scene:
        yield scene


@pytest.fixture
async def daemon(deployment: Path) -> AsyncIterator[Daemon]:
    """A real daemon, not started yet; stopped and checked when the story is over."""
    async with daemon_in(deployment) as daemon:
        yield daemon
