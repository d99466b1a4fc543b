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


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a test after what is the same in every process: keys are made anew, and workers compare names."""
    return f"{argname}-{val.split()[0]}" if isinstance(val, str) and " AAAA" in val else None
