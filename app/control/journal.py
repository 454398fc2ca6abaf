"""The journal's memory: the latest exchanges, as many and as much as fits; a log's line of each."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..arm.door import CONTROL_PREFIX, PAGES
from ..arm.journal import Exchange

_log = logging.getLogger("rsvault.requests")
_WATCHING = frozenset(
    {
        "Emulator_GetHealth",
        "Emulator_GetMetrics",
        "Emulator_GetClock",
        "Emulator_ListJournal",
    }
)
"""What machines ask again and again: a line of each would drown the others."""
ITS_OWN = f"{CONTROL_PREFIX}/journal"
RESET = "Emulator_Reset"
_FIXED = 4_000
"""About what an exchange takes besides its bodies, in bytes: its objects, headers and names."""
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})(?:/|$)", re.IGNORECASE)
_CHOSEN = re.compile(r"(?:^|&)subscription=([0-9a-f-]{36})(?:&|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """An exchange with its place in the journal, and about how many bytes it takes."""

    sequence: int
    exchange: Exchange
    size: int

    @property
    def is_control(self) -> bool:
        """Whether the control plane was asked, not Azure."""
        return self.exchange.path.lower().startswith(CONTROL_PREFIX)

    @property
    def subscription(self) -> str | None:
        """The subscription it is about, in lower case: of the path, or chosen for a verb."""
        found = _SUBSCRIPTION.match(self.exchange.path)
        if found is None and self.is_control:
            found = _CHOSEN.search(self.exchange.query)
        return found and found[1].lower()


class Journal:
    """Keeps the latest exchanges in memory: at most so many, of at most so many bytes.

    Sequence numbers begin at 1 and are never given twice, whatever is dropped or cleared.
    """

    def __init__(self, most: int, most_bytes: int, began: Mapping[str, Any] | None = None) -> None:
        """``began`` is the clock, as the control plane shows it, of a world that begins now."""
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[Kept] = deque()
        self._waiting: set[asyncio.Event] = set()
        self._stopped = False
        self.size = 0
        self.last = 0
        self.lost = 0
        """The highest sequence number that was kept once and is no more."""
        self.began_after = 0
        """The sequence number of the latest reset, after which the present world began."""
        self.began = began
        """The clock as it was then; ``None`` if the world is older than this journal."""

    def record(self, exchange: Exchange) -> None:
        """Take note of an exchange."""
        if self._most and _is_kept(exchange):
            self._keep(exchange)
        level = logging.DEBUG if exchange.operation_id in _WATCHING else logging.INFO
        if _log.isEnabledFor(level):
            _log.log(level, exchange)

    def kept(self) -> tuple[Kept, ...]:
        """Return what is kept, the oldest first."""
        return tuple(self._kept)

    def forget(self, subscription: str | None = None) -> int:
        """Drop everything, or what is about one subscription; return how many exchanges."""
        gone = [each for each in self._kept if subscription in (None, each.subscription)]
        if gone:
            dropped = {each.sequence for each in gone}
            self._kept = deque(each for each in self._kept if each.sequence not in dropped)
            self.size -= sum(each.size for each in gone)
            self.lost = max(self.lost, gone[-1].sequence)
        return len(gone)

    async def news_after(self, sequence: int, seconds: float) -> None:
        """Return once something is kept after a sequence number, or after so many seconds."""
        if self.last > sequence or self._stopped:
            return
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(news)

    def stop(self) -> None:
        """Let nobody wait any longer: the server stops."""
        self._stopped = True
        self._tell()

    def _keep(self, exchange: Exchange) -> None:
        exchange = self._fitting(exchange)
        size = _size_of(exchange)
        self.last += 1
        if exchange.operation_id == RESET and exchange.status == 200:
            self._begin_again(exchange)
        self._kept.append(Kept(self.last, exchange, size))
        self.size += size
        while len(self._kept) > self._most or self.size > self._most_bytes:
            oldest = self._kept.popleft()
            self.size -= oldest.size
            self.lost = max(self.lost, oldest.sequence)
        if self._waiting:
            self._tell()

    def _fitting(self, exchange: Exchange) -> Exchange:
        """Return an exchange without the bodies that are too large for the whole journal."""
        for body in ("content", "answer"):
            if exchange.messages is not None and _size_of(exchange) > self._most_bytes:
                without = replace(exchange.messages, **{body: None})  # type: ignore[arg-type]
                exchange = replace(exchange, messages=without)
        return exchange

    def _begin_again(self, reset: Exchange) -> None:
        """Note that the world begins again, if all of it was emptied."""
        if "subscription=" not in reset.query.lower() and reset.messages is not None:
            self.began_after = self.last
            self.began = json.loads(reset.messages.answer or b"null")

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()


def _size_of(exchange: Exchange) -> int:
    messages = exchange.messages
    if messages is None:
        return _FIXED
    return _FIXED + len(messages.content or b"") + len(messages.answer or b"")


def _is_kept(exchange: Exchange) -> bool:
    """Tell whether an exchange says what became of the world, or of a client's wish.

    Of the control plane only what may change the world does, and the journal is not its own
    subject. The pages for browsers are nobody's client.
    """
    first = exchange.path.lower().strip("/").partition("/")[0]
    if f"/{first}" == CONTROL_PREFIX:
        about_itself = exchange.path.lower().startswith(ITS_OWN)
        return exchange.method not in ("GET", "HEAD") and not about_itself
    return exchange.operation_id is not None or first not in PAGES
