"""The drivers of both databases, counted: each statement and commit burns the fuses of a dial.

Nothing of ours is touched: SQLAlchemy is asked to make its connections of classes that count.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from tests.kills.dial import Dial, Slot


def count(dial: Dial) -> None:
    """Count on a dial what this process asks of its databases from now on."""
    watch = _Watch(dial)

    class Watched(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.set_trace_callback(watch.before)

        def commit(self) -> None:
            changes = self.in_transaction
            super().commit()
            if changes:
                watch.after_commit()

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            commits = watch.before(query)
            if commits and dial.burn(Slot.IN_COMMIT):
                self.connection.pgconn.send_query(b"COMMIT")
                self.connection.pgconn.flush()
                watch.die()
            super().execute(query, *arguments, **options)
            if commits:
                watch.after_commit()
            return self

    def connect(dialect: Any, _record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        if dialect.name == "sqlite":
            options["factory"] = Watched
            return None
        return psycopg.Connection.connect(*arguments, cursor_factory=Cursor, **options)

    event.listen(Engine, "do_connect", connect)


class _Watch:
    def __init__(self, dial: Dial) -> None:
        self._dial = dial

    def before(self, query: Any) -> bool:
        """Note a statement that is about to run; tell whether it is a commit."""
        self._dial[Slot.STATEMENTS] += 1
        if self._dial.burn(Slot.BEFORE_STATEMENT):
            self.die()
        commits = bool(query == "COMMIT")
        if commits and self._dial.burn(Slot.BEFORE_COMMIT):
            self.die()
        return commits

    def after_commit(self) -> None:
        """Note a commit that the database has confirmed; nobody else knows of it yet."""
        self._dial[Slot.COMMITS] += 1
        if self._dial.burn(Slot.AFTER_COMMIT):
            self.die()

    def die(self) -> None:
        os.kill(os.getpid(), self._dial[Slot.SIGNAL])
