"""A database that is kept open for a module's comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from app.store.database import Database
from app.store.schema import ensure_schema
from tests.conftest import FreshDatabase
from tests.oracle.by_hand import Protect, protected


@pytest.fixture(scope="module")
def database(fresh_world: FreshDatabase) -> Iterator[Database]:
    """A database with nothing in it but its schema."""
    with closing(Database(fresh_world())) as opened:
        with opened.writing() as connection:
            ensure_schema(connection)
        yield opened


@pytest.fixture
def protect(database: Database) -> Protect:
    """Put a VM under a policy, in an empty world."""
    return partial(protected, database)
