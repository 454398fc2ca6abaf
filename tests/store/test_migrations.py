"""Migrations: they lead to the very tables that an empty database gets at once."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_mock_engine, insert, make_url, select, text

from app.store.database import Database
from app.store.schema import (
    HEAD,
    alembic_config,
    downgrade,
    ensure_schema,
    migrations_folder,
    upgrade,
)
from app.store.tables import disk_sets, metadata

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
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path / 'world.db'}")
    with database.writing() as opened:
        yield opened
    database.close()


def one_line(sql: str | None) -> str:
    return " ".join((sql or "").replace("(", " ( ").replace(")", " ) ").split())


def schema(connection: Connection) -> set[tuple[str, str, str, str]]:
    rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
    return {(row.type, row.name, row.tbl_name, one_line(row.sql)) for row in rows}


def stamp(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def created_at_once() -> set[tuple[str, str, str, str]]:
    database = Database("memory")
    with database.writing() as connection:
        ensure_schema(connection)
        found = schema(connection)
    database.close()
    return found


def test_a_migrated_database_has_the_schema_of_a_new_one(connection: Connection) -> None:
    upgrade(connection)
    assert schema(connection) == created_at_once()
    assert stamp(connection) == [HEAD]


def test_the_tables_have_nothing_that_no_migration_makes(connection: Connection) -> None:
    upgrade(connection)
    options = {"compare_type": True, "compare_server_default": True}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_the_version_that_is_stamped_is_the_newest_migration(connection: Connection) -> None:
    assert ScriptDirectory.from_config(alembic_config(connection)).get_heads() == [HEAD]


def test_the_schema_is_ensured_only_once(connection: Connection) -> None:
    ensure_schema(connection)
    connection.execute(insert(disk_sets).values(key=1, document={}))
    before = schema(connection)
    ensure_schema(connection)
    assert schema(connection) == before
    assert connection.execute(select(disk_sets.c.key)).scalars().all() == [1]


def test_an_older_database_is_migrated_when_it_is_opened(connection: Connection) -> None:
    upgrade(connection)
    downgrade(connection)
    assert stamp(connection) == []
    ensure_schema(connection)
    assert schema(connection) == created_at_once()
    assert stamp(connection) == [HEAD]


def test_a_downgrade_to_the_base_leaves_no_table(connection: Connection) -> None:
    upgrade(connection)
    downgrade(connection)
    assert {name for kind, name, *_ in schema(connection) if kind == "table"} == {"alembic_version"}


def test_a_database_of_a_newer_version_is_refused(connection: Connection) -> None:
    ensure_schema(connection)
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match=rf"--database .*'9999'.* up to {HEAD}"):
        ensure_schema(connection)


def test_a_failure_halfway_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'world.db'}")
    with suppress(KeyboardInterrupt), database.writing() as connection:
        upgrade(connection)
        raise KeyboardInterrupt
    with database.reading() as connection:
        assert schema(connection) == set()
    database.close()


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


def test_on_postgresql_both_ways_are_written_in_the_same_statements() -> None:
    at_once: list[str] = []
    dialect = make_url("postgresql+psycopg://").get_dialect()()
    engine = create_mock_engine(
        "postgresql+psycopg://",
        lambda sql, *_, **__: at_once.append(str(sql.compile(dialect=dialect))),
    )
    metadata.create_all(engine, checkfirst=False)
    migrated = written_for("postgresql")
    assert {one_line(sql) for sql in at_once} == {one_line(sql) for sql in migrated}


def written_for(dialect: str) -> list[str]:
    config = Config(output_buffer=io.StringIO())
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes.update(metadata=metadata, dialect=dialect)
    command.upgrade(config, "head", sql=True)
    assert isinstance(config.output_buffer, io.StringIO)
    lines = config.output_buffer.getvalue().splitlines()
    statements = "\n".join(line for line in lines if not line.startswith("--")).split(";")
    return [sql for sql in statements if sql.strip() and "alembic_version" not in sql]
