"""PostgreSQL: one world for several processes, with the same rules that SQLite's file has.

Writers come one after another, as under SQLite's write lock, so no transaction can deadlock or
lose another's update. Reads see one moment. One process leads: it moves time for all.
"""

from __future__ import annotations

import logging
import selectors
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from .lines import Line

_log = logging.getLogger("rsvault.engine")

LOCK_SECONDS = 30
"""How long a writer waits for another, and how long one may stand still in its transaction."""
LEAD_SECONDS = 10
"""How long a leader may keep silent, who asks once a second, before it has lost the lead."""

_WRITE_LOCK = 7_310_001
_LEAD_LOCK = 7_310_002


def create(url: URL) -> Engine:
    """Return an engine whose connections leave transactions to their lines.

    Raises ``ImportError`` if the driver is not installed.
    """
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": "rsvault", "connect_timeout": 10},
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.commit()


def try_to_write(connection: Connection) -> None:
    """Make a table and take it back. Raises SQLAlchemy's ``DBAPIError``."""
    connection.exec_driver_sql("BEGIN")
    connection.exec_driver_sql("CREATE TABLE rsvault_tries_to_write (id integer)")
    connection.exec_driver_sql("ROLLBACK")


class _Renewable(Line):
    def _meet_again(self) -> None:
        """Connect anew if the server has hung up since the last transaction."""
        if self.driver.closed or _has_hung_up(self.driver):
            self._reopen()

    def close(self) -> None:
        """Let go of the connection, which the server may have let go of before."""
        if not self.connection.closed:
            self.connection.invalidate()
        super().close()


def _has_hung_up(driver: Any) -> bool:
    """Tell whether there is something to read on a connection that waits for nothing."""
    with selectors.DefaultSelector() as selector:
        selector.register(driver.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))


class Reader(_Renewable):
    """The line of all reads: always in a transaction, which takes its snapshot at first use.

    Ending one and beginning the next are one message, so a read costs one journey more than its
    statements; between two reads it holds neither a snapshot nor a lock.
    """

    def _open(self) -> None:
        super()._open()
        self.driver.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin(self) -> None:
        """See to it that the connection is there."""
        self._meet_again()

    def end(self) -> None:
        """Let go of the moment that was read."""
        if not self.driver.closed:
            self.driver.execute("ROLLBACK AND CHAIN")


class Writer(_Renewable):
    """The line of all writes."""

    def _open(self) -> None:
        super()._open()
        # Whoever is stopped in the middle of a transaction must not stop all others.
        self.driver.execute(f"SET idle_in_transaction_session_timeout = '{LOCK_SECONDS}s'")

    def begin(self) -> None:
        """Begin a transaction and take the write lock, in one message."""
        self._meet_again()
        self.driver.execute(f"BEGIN; SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    def commit(self) -> None:
        """Keep what was written."""
        self.driver.execute("COMMIT")

    def roll_back(self) -> None:
        """Forget what was written; a server that has hung up has forgotten it already."""
        if not self.driver.closed:
            self.driver.execute("ROLLBACK")


class Lead:
    """The lead of the processes on one database: an advisory lock that dies with its holder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._held = False

    def take(self) -> bool:
        """Tell whether this process leads, and take the lead if it is free."""
        try:
            if self._connection is None:
                self._connection = self._meet()
            ask = "true" if self._held else f"pg_try_advisory_lock({_LEAD_LOCK})"
            held = self._connection.execute(text(f"SELECT {ask}")).scalar_one()
            if held and not self._held:
                _log.info("this process moves time for all on this database")
            self._held = held
        except DBAPIError:
            if self._held:
                _log.warning("the database is gone, and with it the lead")
            self._hang_up()
        return self._held

    def close(self) -> None:
        """Give the lead up; who hangs up without a word loses it a moment later."""
        if self._connection is not None and self._held:
            with suppress(DBAPIError):
                self._connection.execute(text(f"SELECT pg_advisory_unlock({_LEAD_LOCK})"))
        self._hang_up()

    def _meet(self) -> Connection:
        connection = self._engine.connect()
        # A process that is stopped keeps its connections: the server has to hang up on it.
        connection.exec_driver_sql(f"SET idle_session_timeout = '{LEAD_SECONDS}s'")
        return connection

    def _hang_up(self) -> None:
        self._held = False
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
