"""A nursery for a run of the tests, and databases that outlive the processes on them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.conftest import FreshDatabase, with_api_version
from tests.kills.mortals import Nursery
from tests.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """What starts the processes that are killed."""
    with closing(Nursery(tmp_path_factory.mktemp("processes"))) as opened:
        yield opened


@pytest.fixture(scope="session")
def shelf(
    dialect: str, postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> FreshDatabase:
    """Make an empty database of the dialect that several processes can share."""
    if dialect == "postgresql":
        return postgresql.fresh
    folder = tmp_path_factory.mktemp("worlds")
    numbers = itertools.count(1)
    return lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"


@pytest.fixture(scope="session")
def caller() -> Iterator[httpx.Client]:
    """A client that is led from one server to the next: making one costs as much as a server."""
    with httpx.Client(timeout=600, event_hooks={"request": [with_api_version]}) as client:
        yield client
