"""What every test begins with: a log as the library ships it, whatever a command set up in the test before."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_as_shipped() -> Iterator[None]:
    """Forget how an earlier test had the log set up."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
