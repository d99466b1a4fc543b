"""What every test begins with: a log as the library ships it, whatever a command set up in the test before, and time.

Owns too what tests of the disk have in common.
"""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from gateway import log
from gateway.store.threads import DiskThreads

# On a busy machine an example may take any time; the profile that Hypothesis chose for where it runs stays as it is.
settings.register_profile("at-any-pace", settings.default, deadline=None)
settings.load_profile("at-any-pace")


@pytest.fixture(autouse=True)
def log_as_shipped() -> Iterator[None]:
    """Forget how an earlier test had the log set up: once it is, it keeps what writes its lines."""
    structlog.reset_defaults()
    log._log = log._Lines()
    yield
    structlog.reset_defaults()


@pytest.fixture
def nothing_stays_open() -> Iterator[None]:
    """No handle is open after the test that was not before."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def threads() -> Iterator[DiskThreads]:
    """Threads for a disk, closed at the end."""
    threads = DiskThreads(count=2)
    yield threads
    threads.close()


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a test after what is the same in every process: keys are made anew, and workers compare names."""
    return f"{argname}-{val.split()[0]}" if isinstance(val, str) and " AAAA" in val else None
