"""A house with its workers in the test's hands, and portals into it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from tests.inbound.sftp.live import LiveDoor, door_in
from tests.inbound.sftp.person import Person
from tests.scenarios.conftest import deployment, sample, scene  # noqa: F401  # fixtures
from tests.scenarios.harness import Scene, scene_in


@pytest.fixture
def person(scene: Scene) -> Callable[[str], Person]:  # noqa: F811
    """Return a session of a person; sessions of one person share a desk."""
    return Person.maker(scene)


@pytest.fixture
async def live_scene(deployment: Path) -> AsyncIterator[Scene]:  # noqa: F811
    """A house in real time."""
    async with scene_in(deployment, clock=SystemClock()) as opened:
        yield opened


@pytest.fixture
async def door(live_scene: Scene) -> AsyncIterator[LiveDoor]:
    """The SFTP door of a house, on loopback, with the limits as shipped."""
    async with door_in(live_scene) as door:
        yield door
