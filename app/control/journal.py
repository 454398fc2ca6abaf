"""The journal's memory: the latest exchanges, and no more than fit; and a log's line of each."""

from __future__ import annotations

import logging
from collections import deque

from ..arm.journal import Exchange

_log = logging.getLogger("rsvault.requests")
KEPT = 10_000
_WATCHING = frozenset({"Emulator_GetHealth", "Emulator_GetMetrics", "Emulator_GetClock"})
"""What machines ask again and again: a line of each would drown the others."""


class Journal:
    """Keeps the latest exchanges in memory."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)

    def record(self, exchange: Exchange) -> None:
        """Take note of an exchange."""
        self.exchanges.append(exchange)
        level = logging.DEBUG if exchange.operation_id in _WATCHING else logging.INFO
        if _log.isEnabledFor(level):
            _log.log(level, exchange)
