"""A line to the database: one connection whose transactions the driver itself begins and ends.

SQLAlchemy believes it in one long transaction; its own begin and end cost ten times as much.
One line is enough for all reads of a process and one for all writes, as nothing waits within one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine


class Line:
    """A connection that is kept open; the dialects say what begins and ends a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open()

    def _open(self) -> None:
        self.connection = self._engine.connect()
        self.connection.begin()
        self.driver: Any = self.connection.connection.driver_connection

    def _reopen(self) -> None:
        # An earlier attempt to open it may have failed, and left one that is closed.
        if not self.connection.closed:
            self.connection.invalidate()
            self.connection.close()
        self._open()

    def close(self) -> None:
        """Let go of the connection."""
        self.connection.close()
