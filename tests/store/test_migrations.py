"""Migrations: they lead to the very tables that an empty database gets at once."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

from app.store.database import Database
from app.store.metadata import metadata
from app.store.schema import (
    HEAD,
    alembic_config,
    downgrade,
    ensure_schema,
    migrations_folder,
    upgrade,
)
from app.store.tables import disk_sets
from tests.postgresql import PostgreSQL
from tests.store.shapes import Shape, shape

PROJECT = Path(__file__).parents[2]
UPGRADE = """
from rsvault.store.database import Database
from rsvault.store.schema import migrations_folder, upgrade
database = Database("memory")
with database.writing() as connection:
    upgrade(connection)
print(migrations_folder())
"""


@pytest.fixture
def database(stored_world: str) -> Iterator[Database]:
    """An empty database of each dialect."""
    opened = Database(stored_world)
    yield opened
    opened.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.writing() as opened:
        yield opened


def stamp(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


@pytest.fixture
def at_once(database: Database) -> Shape:
    """The shape of a database that gets its tables at once; the database is left empty."""
    with database.engine.connect() as undone:
        ensure_schema(undone)
        return shape(undone)


def test_a_migrated_database_has_the_schema_of_a_new_one(
    at_once: Shape, connection: Connection
) -> None:
    upgrade(connection)
    assert shape(connection) == at_once
    assert stamp(connection) == [HEAD]


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX ix_items_policy_key",
        "DROP INDEX ix_jobs_due_at; CREATE INDEX ix_jobs_due_at ON jobs (due_at)",
        "DROP INDEX ix_items_source_folded; CREATE UNIQUE INDEX ix_items_source_folded "
        "ON items (source_folded)",
        "ALTER TABLE operations DROP COLUMN job_id",
        "ALTER TABLE operations DROP COLUMN job_id; "
        "ALTER TABLE operations ADD COLUMN job_id VARCHAR(33)",
        "ALTER TABLE operations DROP COLUMN job_id; "
        "ALTER TABLE operations ADD COLUMN job_id VARCHAR(32) DEFAULT 'x'",
        "ALTER TABLE operations DROP COLUMN job_id; "
        "ALTER TABLE operations ADD COLUMN job_id VARCHAR(32) DEFAULT '' NOT NULL",
        "DROP TABLE disk_sets; CREATE TABLE disk_sets (key BIGINT NOT NULL, "
        "document JSON NOT NULL, CONSTRAINT pk_other PRIMARY KEY (key))",
        "DROP TABLE disk_sets; CREATE TABLE disk_sets (document JSON NOT NULL, "
        "key BIGINT NOT NULL, CONSTRAINT pk_disk_sets PRIMARY KEY (key))",
        "DROP TABLE disk_sets",
        "CREATE TABLE more (key BIGINT)",
    ],
)
def test_a_difference_between_two_schemas_is_seen(
    at_once: Shape, connection: Connection, change: str
) -> None:
    upgrade(connection)
    for statement in change.split(";"):
        connection.exec_driver_sql(statement)
    assert shape(connection) != at_once


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE disk_sets ADD CONSTRAINT more UNIQUE (key)",
        "ALTER TABLE disk_sets ADD CONSTRAINT more CHECK (key > 0)",
        "ALTER TABLE policies DROP CONSTRAINT fk_policies_vault_key_vaults; "
        "ALTER TABLE policies ADD CONSTRAINT fk_policies_vault_key_vaults "
        "FOREIGN KEY (vault_key) REFERENCES vaults (key)",
        'ALTER TABLE operations ALTER COLUMN job_id TYPE VARCHAR(32) COLLATE "POSIX"',
        "CREATE OR REPLACE FUNCTION rsv_hash(value text) RETURNS bigint LANGUAGE sql "
        "IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT 1::bigint'",
    ],
)
def test_a_difference_that_postgresql_alone_can_make_is_seen(
    postgresql: PostgreSQL, change: str
) -> None:
    with closing(Database(postgresql.fresh())) as database, database.writing() as connection:
        ensure_schema(connection)
        before = shape(connection)
        for statement in change.split("; "):
            connection.exec_driver_sql(statement)
        assert shape(connection) != before


@pytest.mark.parametrize(
    ("table", "was", "becomes"),
    [
        ("policies", " ON DELETE CASCADE", ""),
        ("recovery_points", " WITHOUT ROWID", ""),
        ("disk_sets", "document JSON NOT NULL", "document JSON NOT NULL UNIQUE"),
        ("disk_sets", "document JSON NOT NULL", "document JSON NOT NULL CHECK (key > 0)"),
    ],
)
def test_a_difference_that_sqlite_makes_by_a_new_table_is_seen(
    table: str, was: str, becomes: str
) -> None:
    with closing(Database("memory")) as database, database.writing() as connection:
        ensure_schema(connection)
        before = shape(connection)
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master"))
        made = {row.name: row.sql for row in rows}
        assert was in made[table]
        indexes = [each["name"] for each in before[table]["indexes"]]
        connection.exec_driver_sql(f"DROP TABLE {table}")
        for sql in (made[table].replace(was, becomes), *(made[index] for index in indexes)):
            connection.exec_driver_sql(sql)
        after = shape(connection)
    assert {name for name in before if after[name] != before[name]} == {table}


def test_the_tables_have_nothing_that_no_migration_makes(connection: Connection) -> None:
    upgrade(connection)
    command.check(alembic_config(connection))


def test_the_version_that_is_stamped_is_the_newest_migration(connection: Connection) -> None:
    assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [HEAD]


def test_the_schema_is_ensured_only_once(connection: Connection) -> None:
    ensure_schema(connection)
    connection.execute(insert(disk_sets).values(key=1, document={}))
    before = shape(connection)
    ensure_schema(connection)
    assert shape(connection) == before
    assert connection.execute(select(disk_sets.c.key)).scalars().all() == [1]


@pytest.mark.parametrize("revision", ["base", "0001"])
def test_an_older_database_is_migrated_when_it_is_opened(
    at_once: Shape, connection: Connection, revision: str
) -> None:
    upgrade(connection)
    downgrade(connection, revision)
    assert stamp(connection) == [each for each in [revision] if each != "base"]
    ensure_schema(connection)
    assert shape(connection) == at_once
    assert stamp(connection) == [HEAD]


def test_a_downgrade_takes_away_what_its_migration_brought(connection: Connection) -> None:
    upgrade(connection, "0001")
    before = shape(connection)
    upgrade(connection)
    downgrade(connection, "0001")
    assert shape(connection) == before


def test_a_downgrade_to_the_base_leaves_no_table(connection: Connection) -> None:
    upgrade(connection)
    downgrade(connection)
    assert inspect(connection).get_table_names() == ["alembic_version"]


def test_a_database_of_a_newer_version_is_refused(connection: Connection) -> None:
    ensure_schema(connection)
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match=rf"--database .*'9999'.* up to {HEAD}"):
        ensure_schema(connection)


def test_a_failure_halfway_leaves_the_database_as_it_was(database: Database) -> None:
    with suppress(KeyboardInterrupt), database.writing() as connection:
        upgrade(connection)
        raise KeyboardInterrupt
    with database.reading() as connection:
        assert inspect(connection).get_table_names() == []


def test_the_installed_package_finds_its_migrations(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "app", tmp_path / "rsvault")
    shutil.copytree(PROJECT / "migrations", tmp_path / "rsvault/migrations")
    assert run_in(tmp_path, "-c", UPGRADE).stdout == f"{tmp_path / 'rsvault/migrations'}\n"


def test_a_developer_runs_alembic_in_the_checkout(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'world.db'}"
    run_in(PROJECT, "-m", "alembic", "-x", f"database={url}", "upgrade", "head")
    check = run_in(PROJECT, "-m", "alembic", "-x", f"database={url}", "check")
    assert "No new upgrade operations detected" in check.stdout


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )


def test_the_migrations_can_be_written_as_sql_for_postgresql() -> None:
    config = Config(output_buffer=io.StringIO())
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes.update(metadata=metadata, dialect="postgresql")
    command.upgrade(config, "head", sql=True)
    assert isinstance(config.output_buffer, io.StringIO)
    written = config.output_buffer.getvalue()
    assert {f"CREATE TABLE {table} (" for table in metadata.tables} <= set(written.splitlines())
    assert "CREATE OR REPLACE FUNCTION rsv_hash" in written
