"""Errors that the database is to blame for, told apart from faults of ours, in every dialect."""

from __future__ import annotations

import sqlite3
from enum import Enum

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Trouble(Enum):
    """What can be wrong with a database while it is used."""

    GONE = "gone"
    BUSY = "busy"
    FULL = "full"


_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_CANTOPEN: Trouble.GONE,
    sqlite3.SQLITE_CORRUPT: Trouble.GONE,
    sqlite3.SQLITE_IOERR: Trouble.GONE,
    sqlite3.SQLITE_NOTADB: Trouble.GONE,
    sqlite3.SQLITE_PERM: Trouble.GONE,
    sqlite3.SQLITE_READONLY: Trouble.GONE,
}
# Classes of SQLSTATE (appendix A of PostgreSQL's manual), the longest that fits counts.
_POSTGRESQL = {
    "08": Trouble.GONE,  # connection exception
    "25006": Trouble.GONE,  # read only: a standby after a failover
    "40": Trouble.BUSY,  # serialization failure, deadlock
    "53": Trouble.BUSY,  # too many connections, out of memory
    "53100": Trouble.FULL,  # disk full
    "55": Trouble.BUSY,  # lock not available
    "57": Trouble.GONE,  # shut down, starting up, or ended by an administrator
    "58": Trouble.GONE,  # its own disk fails it
}


def trouble_of(problem: BaseException) -> Trouble | None:
    """Return what is wrong with the database, or ``None`` if the error is not its fault.

    Hot paths run on the driver's connection, so drivers' errors come bare as well as wrapped.
    """
    if isinstance(problem, PoolTimeout):
        return Trouble.BUSY
    if isinstance(problem, DBAPIError):
        cause: BaseException | None = problem.orig
        if problem.connection_invalidated:
            return Trouble.GONE
    else:
        cause = problem
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if type(cause).__module__.partition(".")[0] == "psycopg":
        return _of_postgresql(cause)
    return None


def _of_postgresql(cause: BaseException | None) -> Trouble | None:
    state: str | None = getattr(cause, "sqlstate", None)
    if state is None:  # the driver's own: it has no connection (any longer)
        lost = type(cause).__name__ in ("OperationalError", "ConnectionTimeout")
        return Trouble.GONE if lost else None
    return _POSTGRESQL.get(state, _POSTGRESQL.get(state[:2]))
