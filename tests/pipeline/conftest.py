"""The stage of the scenarios, for one step of the pipeline: a sample deployment, and an open house in it."""

from tests.scenarios.conftest import deployment, sample, scene  # noqa: F401  # fixtures
