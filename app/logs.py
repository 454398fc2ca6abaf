"""What the house writes to stderr: one line an event, for people or as JSON.

Every room logs through the standard library; how it looks is decided here alone. A message that
has ``fields`` is an event: its text is for people, its fields are for machines.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

from .domain.instants import SECOND, wire

CHATTY = ("uvicorn.error", "apscheduler", "httpx", "alembic")
"""What these call information is debugging to us."""


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Log from ``level`` on, as ``text`` or ``json``, to stderr unless told otherwise."""
    # No line tells from where in the source and on which thread it comes; to find that out is
    # a third of what a line costs (docs.python.org/3/howto/logging.html#optimization).
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = False
    logging.logMultiprocessing = False
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING if level == "info" else logging.NOTSET)


class TextLines(logging.Formatter):
    """Lines for a terminal: local time, level, room, message; a traceback follows below."""

    def __init__(self) -> None:
        super().__init__()
        self._second = -1
        self._shown = ""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return a record's first line."""
        created = record.created
        second = int(created)
        if second != self._second:
            self._second, self._shown = second, self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        millis = int((created - second) * 1000)
        room = record.name.removeprefix("rsvault.")
        return (
            f"{self._shown}.{millis:03d} {record.levelname.lower():<8} {room:<9} {record.message}"
        )


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, an event's fields, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line = {
            "time": wire(int(record.created * SECOND)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record.msg, "fields", dict)())
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
