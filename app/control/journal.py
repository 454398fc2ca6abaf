"""The journal's memory: the latest exchanges, and no more than fit."""

from __future__ import annotations

import logging
from collections import deque

from ..arm.journal import Exchange

_log = logging.getLogger("rsvault.requests")
KEPT = 10_000


class Journal:
    """Keeps the latest exchanges in memory."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)

    def record(self, exchange: Exchange) -> None:
        """Take note of an exchange."""
        self.exchanges.append(exchange)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "%s %s %s %s",
                exchange.method,
                exchange.path,
                exchange.status,
                exchange.operation_id,
            )
