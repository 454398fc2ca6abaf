"""A world's database: memory or file, readers that leave no trace, writers that queue up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.store.database import ALLOWED, Database
from app.store.resource_tables import resource_groups
from app.store.schema import ensure_schema
from app.store.tables import disk_sets, policies
from tests.conftest import FreshDatabase
from tests.postgresql import PostgreSQL

GROUP = {"subscription": "s", "name": "g", "location": "westeurope"}


def new_world(url: str) -> Database:
    database = Database(url)
    with database.writing() as connection:
        ensure_schema(connection)
    return database


def file_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'world.db'}"


def add(connection: Connection, key: int, count: int = 0) -> None:
    connection.execute(insert(disk_sets).values(key=key, document={"count": count}))


def keys(database: Database) -> list[int]:
    with database.reading() as connection:
        return list(connection.execute(select(disk_sets.c.key)).scalars())


@pytest.mark.parametrize("url", ["memory", "sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_a_memory_world_is_kept_between_transactions_and_then_lost(url: str) -> None:
    with closing(new_world(url)) as database:
        assert database.is_memory
        with database.writing() as connection:
            add(connection, 1)
        assert keys(database) == [1]
    with closing(new_world(url)) as database:
        assert keys(database) == []


def test_two_memory_worlds_know_nothing_of_each_other() -> None:
    with closing(new_world("memory")) as one, closing(new_world("memory")) as other:
        with one.writing() as connection:
            add(connection, 1)
        assert (keys(one), keys(other)) == ([1], [])


def test_a_stored_world_survives_its_process(stored_world: str) -> None:
    with closing(new_world(stored_world)) as database:
        assert not database.is_memory
        with database.writing() as connection:
            add(connection, 1)
    with closing(new_world(stored_world)) as database:
        assert keys(database) == [1]


@pytest.fixture(params=["memory", "stored"])
def url(request: pytest.FixtureRequest, fresh_world: FreshDatabase, stored_world: str) -> str:
    """A database of each kind; PostgreSQL has one."""
    return fresh_world() if request.param == "memory" else stored_world


def test_what_a_reader_writes_is_refused_or_rolled_back(url: str) -> None:
    with closing(new_world(url)) as database:
        with suppress(DBAPIError), database.reading() as connection:
            add(connection, 1)
        with suppress(DBAPIError), database.reading() as connection:
            connection.exec_driver_sql("CREATE TABLE stray (id INTEGER)")
        assert keys(database) == []
        with database.reading() as connection:
            assert not connection.dialect.has_table(connection, "stray")


def test_a_writer_that_fails_leaves_nothing(url: str) -> None:
    with closing(new_world(url)) as database:
        with suppress(KeyboardInterrupt), database.writing() as connection:
            add(connection, 1)
            raise KeyboardInterrupt
        assert keys(database) == []


def test_a_reader_sees_one_state_while_others_write(stored_world: str) -> None:
    with closing(new_world(stored_world)) as database, database.reading() as reader:
        assert reader.execute(select(disk_sets)).all() == []
        with database.writing() as writer:
            add(writer, 1)
        assert reader.execute(select(disk_sets)).all() == []


def test_writers_of_one_world_wait_for_each_other(stored_world: str) -> None:
    """Each reads, then writes: writers that begin as readers fail with "database is locked"."""
    worlds = [new_world(stored_world) for _ in range(4)]
    with worlds[0].writing() as connection:
        add(connection, 1)
    together = threading.Barrier(len(worlds))

    def count(database: Database) -> None:
        together.wait()
        for _ in range(25):
            with database.writing() as connection:
                increment(connection)

    with ThreadPoolExecutor() as pool:
        list(pool.map(count, worlds))
    with worlds[0].reading() as connection:
        assert connection.execute(select(disk_sets.c.document)).scalar_one() == {"count": 100}
    for database in worlds:
        database.close()


def increment(connection: Connection) -> None:
    found = connection.execute(select(disk_sets.c.document)).scalar_one()
    connection.execute(update(disk_sets).values(document={"count": found["count"] + 1}))


def test_a_second_writer_begins_when_the_first_has_ended(stored_world: str) -> None:
    with closing(new_world(stored_world)) as one, closing(new_world(stored_world)) as two:
        begun = threading.Event()

        def write_second() -> list[int]:
            begun.set()
            with two.writing() as connection:
                return list(connection.execute(select(disk_sets.c.key)).scalars())

        with ThreadPoolExecutor() as pool:
            with one.writing() as connection:
                waiting = pool.submit(write_second)
                begun.wait()
                add(connection, 1)
            assert waiting.result() == [1]


def test_rows_go_with_what_they_belong_to(url: str) -> None:
    with closing(new_world(url)) as database:
        with (
            pytest.raises(IntegrityError, match=r"(?i)foreign key"),
            database.writing() as connection,
        ):
            connection.execute(insert(policies).values(orphan()))
        with database.writing() as connection:
            connection.execute(insert(resource_groups).values(folded="g", id="G", tags={}, **GROUP))


def orphan() -> dict[str, object]:
    return {
        "key": 1,
        "vault_key": 2,
        "folded_name": "p",
        "name": "p",
        "document": {},
        "changed_at": 0,
    }


def test_an_integer_of_eight_bytes_is_kept_exactly(url: str) -> None:
    with closing(new_world(url)) as database:
        with database.writing() as connection:
            add(connection, (1 << 63) - 1)
        assert keys(database) == [(1 << 63) - 1]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("world.db", "Could not parse"),
        ("sqlite:/world.db", "Could not parse"),
        ("sqlite://world.db", "Invalid SQLite URL"),
        ("sqlite://host:port/world.db", "invalid literal"),
        ("mysql://user:secret@host/world", "'mysql' is not supported"),
        ("sqlite+aiosqlite:///world.db", "'sqlite+aiosqlite' is not supported"),
        ("postgresql+asyncpg://host/world", "'postgresql+asyncpg' is not supported"),
        ("postgresql://user:secret@host:port/world", "invalid literal"),
        ("nonsense://", "'nonsense' is not supported"),
    ],
)
def test_a_url_that_is_wrong_is_refused_with_what_is_allowed(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^--database is wrong: ") as raised:
        Database(url)
    message = str(raised.value)
    assert reason in message
    assert message.endswith(ALLOWED)
    assert "\n" not in message
    assert "secret" not in message


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="unable to open database file") as raised:
        Database(f"sqlite:///{tmp_path}/missing/world.db")
    assert str(raised.value).startswith(f"--database sqlite+pysqlite:///{tmp_path}/missing/world")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_bytes(b"not a database" * 100)
    with pytest.raises(OSError, match=r"world\.db: .*file is not a database"):
        Database(file_url(tmp_path))
    assert (tmp_path / "world.db").read_bytes() == b"not a database" * 100


def test_a_world_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    new_world(file_url(tmp_path)).close()
    with pytest.raises(OSError, match="readonly database"):
        Database(f"sqlite:///file:{tmp_path / 'world.db'}?mode=ro&uri=true")


def test_a_database_of_another_program_is_not_taken_over(tmp_path: Path) -> None:
    with closing(Database(file_url(tmp_path))) as database:
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES ('abcdef012345')"))
        with pytest.raises(ValueError, match="--database holds no world"), database.writing() as it:
            ensure_schema(it)


def test_a_world_that_its_server_hung_up_on_is_met_again(postgresql: PostgreSQL) -> None:
    with closing(new_world(postgresql.fresh())) as database:
        assert database.leads()
        name = database.engine.url.database
        postgresql.execute(
            # Wait until they are gone: what is asked of one that is going fails.
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            f"WHERE datname = '{name}'"
        )
        assert keys(database) == []
        with database.writing() as connection:
            add(connection, 1)
        assert keys(database) == [1]
        assert not database.leads(), "the lock went with the connection"
        assert database.leads()


def test_one_of_two_processes_leads_until_it_is_gone(postgresql: PostgreSQL) -> None:
    url = postgresql.fresh()
    with closing(new_world(url)) as second:
        with closing(new_world(url)) as first:
            assert [first.leads(), second.leads(), first.leads()] == [True, False, True]
        assert second.leads()


def test_texts_compare_by_code_point_on_every_dialect(url: str) -> None:
    names = ["B", "a", "_", "ä", "Z", "-", "b", "~", "1"]
    with closing(new_world(url)) as database, database.writing() as connection:
        for name in names:
            row = GROUP | {"folded": name, "id": name, "tags": {}}
            connection.execute(insert(resource_groups).values(row))
        found = connection.execute(
            select(resource_groups.c.folded).order_by(resource_groups.c.folded)
        )
        assert list(found.scalars()) == sorted(names)
