"""Alembic's environment: which connection to migrate, and which tables it should end up with.

The application hands over both in ``config.attributes`` (app/store/schema.py). Without them
this is a developer at the command line, who names the database:

    alembic -x database=sqlite:///world.db revision --autogenerate -m "what changes"
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import context
from sqlalchemy import JSON, Connection, MetaData

PARENT = Path(__file__).resolve().parents[1]
PACKAGE = PARENT.name if (PARENT / "store").is_dir() else "app"
"""The package's name: an installed one holds this folder, a checkout has it beside ``app``."""


def target() -> MetaData:
    """Return the tables as the code has them."""
    given: MetaData | None = context.config.attributes.get("metadata")
    if given is not None:
        return given
    tables: MetaData = import_module(f"{PACKAGE}.store.schema").metadata
    return tables


@contextmanager
def connected() -> Iterator[Connection]:
    """Yield the connection to migrate; whoever handed one over commits it."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        yield given
        return
    url = context.get_x_argument(as_dictionary=True).get("database", "memory")
    database = import_module(f"{PACKAGE}.store.database").Database(url)
    try:
        with database.writing() as connection:
            yield connection
    finally:
        database.close()


def differs(
    _context: Any, column: Any, _ours: Any, found: str | None, _default: Any, wanted: str | None
) -> bool | None:
    """Compare the defaults of documents, for which PostgreSQL has no ``=``; leave others to it."""
    if not isinstance(column.type, JSON):
        return None
    return (found or "").removesuffix("::json").strip("'") != (wanted or "").strip("'")


def migrate() -> None:
    """Run the migrations, or write them as SQL for the dialect that was asked for."""
    if context.is_offline_mode():
        dialect = context.config.attributes.get("dialect", "postgresql")
        context.configure(dialect_name=dialect, target_metadata=target(), literal_binds=True)
        context.run_migrations()
        return
    with connected() as connection:
        context.configure(
            connection=connection,
            target_metadata=target(),
            render_as_batch=True,
            compare_server_default=differs,
        )
        context.run_migrations()


migrate()
