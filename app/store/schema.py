"""Bringing a database to the present schema.

An empty database gets the tables at once and is stamped; only an older one needs Alembic, whose
import costs a third of a second. A test holds both ways equal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import DDL, Connection, event, inspect, text

from . import (  # noqa: F401 - these are what the metadata is of
    alert_tables,
    container_tables,
    delivery_tables,
    event_tables,
    fault_tables,
    log_tables,
    tables,
    world_tables,
)
from .metadata import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"

CREATE_RSV_HASH = """
CREATE OR REPLACE FUNCTION rsv_hash(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT ('x0' || substr(md5(value), 1, 15))::bit(64)::bigint $$
"""
"""PostgreSQL's twin of ``domain.ids.hash_60``."""

event.listen(
    metadata,
    "before_create",
    DDL(CREATE_RSV_HASH).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7310011)"
"""SQLite's write lock is taken already; on PostgreSQL several processes may start at once."""


def ensure_schema(connection: Connection) -> None:
    """Create the tables in an empty database, or migrate an older one.

    Raises ``ValueError`` for a database that a newer rsvault, or another program, has made.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ONE_AT_A_TIME)
    if not inspect(connection).has_table("alembic_version"):
        metadata.create_all(connection)
        _stamp(connection)
        return
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != HEAD:
        upgrade(connection)


def _stamp(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision on this connection's transaction."""
    from alembic import command  # costs 0.3 s and is rarely needed
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), revision)
    except CommandError as problem:
        raise ValueError(
            f"--database holds no world that this rsvault can read ({problem}); it knows schemas "
            f"up to {HEAD}: install a newer rsvault, or choose another database"
        ) from problem


def downgrade(connection: Connection, revision: str = "base") -> None:
    """Take migrations back down to a revision on this connection's transaction."""
    from alembic import command

    command.downgrade(alembic_config(connection), revision)


def alembic_config(connection: Connection) -> Config:
    """Return what Alembic needs to work on this connection's transaction, without any file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def migrations_folder() -> Path:
    """Return where the migrations are: inside the installed package, or beside ``app``."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"
