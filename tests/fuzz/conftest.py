"""The servers that are fuzzed, each with the world of the explorer's examples."""

from __future__ import annotations

import httpx
import pytest

from tests.fuzz.worlds import ExampleWorld


@pytest.fixture
def example_world(arm: httpx.Client) -> ExampleWorld:
    """The world of the explorer's examples on the dialect's server."""
    return ExampleWorld(arm)
