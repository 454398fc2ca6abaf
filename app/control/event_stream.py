"""The stream of events: what is kept, then what comes, as server-sent events.

Whoever moves the world may be another process, so each process that has listeners looks at the
number of the latest event several times a second, once for all of them. A listener reads what is
after its own place in small batches: nothing is kept for it, however slow it is.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf
from typing import Any

from fastapi.sse import format_sse_event
from sqlalchemy import Row, select

from ..arm.errors import of_database
from ..domain import ids
from ..domain.alerts import ALERT_TYPE
from ..domain.instants import wire
from ..engine import events as recorded
from ..engine.events import Recording
from ..engine.worker import Engine
from ..store.event_tables import events
from ..workloads.table import WORKLOADS
from .event_filters import LATEST, Wanted

_log = logging.getLogger("rsvault.events")

LOOK_SECONDS = 0.1
"""How often a process that has listeners looks for news."""
BEAT_SECONDS = 15.0
"""After how much silence a listener is told that the connection is alive."""
AT_ONCE = 500
"""How many events are read at a time."""
LOST = "events.lost"
"""The event that tells a listener that what came after its place is not kept any more."""
ENDED = "events.ended"
"""The event that tells a listener that nothing is recorded any more."""
RETRY_MILLISECONDS = 1000
_CONTAINERS = "/backupFabrics/Azure/protectionContainers"


class Listeners:
    """Those who listen in one process, and what lets all of them look again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self.stopped = False

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def join(self) -> Iterator[asyncio.Event]:
        """Yield the event that is set each time there may be news."""
        news = asyncio.Event()
        self._waiting.add(news)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield news
        finally:
            self._waiting.discard(news)
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def stop(self) -> None:
        """Let every stream end: the server stops."""
        self.stopped = True
        self._tell()

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()

    async def _look(self) -> None:
        seen: Recording | None = None
        while True:
            found = None
            # A database that is away is the listeners' matter: they read it themselves.
            with suppress(Exception), self._engine.database.reading() as connection:
                found = recorded.recording(connection)
            if found is None or found != seen:
                seen = found
                self._tell()
            await asyncio.sleep(LOOK_SECONDS)


async def stream(engine: Engine, listeners: Listeners, wanted: Wanted) -> AsyncIterator[bytes]:
    """Yield the events that are asked for, from the oldest that is kept, as they go over the wire.

    It ends when the server stops, when recording does, and as ``wanted`` says.
    """
    place, left = _Place(wanted), wanted.limit
    loop = asyncio.get_running_loop()
    ends_at = inf if wanted.wait is None else loop.time() + wanted.wait
    with listeners.join() as news:
        yield format_sse_event(retry=RETRY_MILLISECONDS)
        while not listeners.stopped:
            news.clear()
            found = place.read(engine)
            if found is None:
                return
            rows = found.rows[:left]
            for part in found.parts(rows):
                yield part
            left = None if left is None else left - len(rows)
            seconds = min(BEAT_SECONDS, ends_at - loop.time())
            if left == 0 or seconds <= 0 or found.ends(follow=wanted.follow):
                return
            if found.more:
                await asyncio.sleep(0)  # others want to be served too
            elif not await _comes(news, seconds) and loop.time() < ends_at:
                # The number keeps a listener's place where nothing of what came was for it.
                yield format_sse_event(comment="alive", id=str(place.seen))


async def _comes(news: asyncio.Event, seconds: float) -> bool:
    """Tell, after so many seconds at most, whether there may be news."""
    try:
        async with asyncio.timeout(seconds):
            return await news.wait()
    except TimeoutError:
        return False


class _Found:
    """What one look has found: whether events were lost before, the events, how it goes on."""

    def __init__(self, recording: Recording, lost: dict[str, Any] | None) -> None:
        self._recording = recording
        self._lost = lost
        self.rows: list[Row[Any]] = []
        self.more = False

    def parts(self, rows: Sequence[Row[Any]]) -> Iterator[bytes]:
        """Yield the messages, of those events that are asked for still."""
        if self._lost is not None:
            yield _message(LOST, self._lost)
        for row in rows:
            yield _message(row.kind, shown(row), row.number)
        if self._recording.kept is None:
            yield _message(ENDED, {"last": self._recording.last})

    def ends(self, *, follow: bool) -> bool:
        """Tell whether the stream is over once this was told."""
        return not self.more and (not follow or self._recording.kept is None)


class _Place:
    """Where in the events one listener is."""

    def __init__(self, wanted: Wanted) -> None:
        self._conditions = wanted.conditions()
        self._wanted = wanted
        self.seen = wanted.after if isinstance(wanted.after, int) else 0
        self._began = False

    def read(self, engine: Engine) -> _Found | None:
        """Read the next events after this place, and go on to the last of them.

        ``None`` is for a database that is away: a listener comes back and goes on.
        """
        try:
            return self._read(engine)
        except Exception as problem:
            if of_database(problem) is None:
                raise
            _log.warning("a stream of events ends: %s", problem)
            return None

    def _read(self, engine: Engine) -> _Found:
        with engine.database.reading() as connection:
            recording = recorded.recording(connection)
            found = _Found(recording, self._missed(recording))
            query = (
                select(events)
                .where(events.c.number > self.seen, *self._conditions)
                .order_by(events.c.number)
                .limit(AT_ONCE)
            )
            found.rows = list(connection.execute(query))
        found.more = len(found.rows) == AT_ONCE
        self.seen = found.rows[-1].number if found.more else recording.last
        return found

    def _missed(self, recording: Recording) -> dict[str, Any] | None:
        """Go to the oldest event that is kept, and return what was missed if that is a leap."""
        begins, self._began = not self._began, True
        if begins and self._wanted.after is None:
            return None
        if begins and self._wanted.after == LATEST:
            self.seen = recording.last
            return None
        if recording.lost <= self.seen <= recording.last:
            return None
        after = self.seen
        # A number that was not given yet is of another world: what is here is all new.
        self.seen = min(recording.lost, recording.last)
        return {"after": after, "lostUpTo": recording.lost, "last": recording.last}


def _message(kind: str, data: dict[str, Any], number: int | None = None) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return format_sse_event(data_str=text, event=kind, id=None if number is None else str(number))


def shown(row: Row[Any]) -> dict[str, Any]:
    """Return an event as its data shows it."""
    item_id = _item_id(row)
    return {
        "kind": row.kind,
        "virtualTime": wire(row.at),
        "realTime": wire(row.real_at),
        "subscription": row.subscription,
        "vaultId": row.vault_id,
        "itemId": item_id,
        "item": row.entity_name,
        "jobId": _below(row.vault_id, "backupJobs", row.job_id and ids.guid(row.job_id)),
        "recoveryPointId": _below(item_id, "recoveryPoints", _point_name(row)),
        "operation": row.operation,
        "status": row.status,
        "errorCode": row.error_code,
        "alert": row.alert_rule,
        "alertId": row.alert_id and _alert_id(row),
    }


def _item_id(row: Row[Any]) -> str | None:
    if row.item_name is None or row.vault_id is None:
        return None
    container = f"{WORKLOADS[row.workload].container_types[0]};{row.container_name}"
    return f"{row.vault_id}{_CONTAINERS}/{container}/protectedItems/{row.item_name}"


def _point_name(row: Row[Any]) -> str | None:
    if row.taken_at is None or row.entropy is None:
        return None
    return ids.recovery_point_name(row.entropy, row.taken_at)


def _alert_id(row: Row[Any]) -> str:
    """Return the ARM id of an alert, which lies at the subscription of its vault."""
    place = f"/subscriptions/{row.subscription}/providers/{ALERT_TYPE}"
    return f"{place}/{ids.guid(row.alert_id)}"


def _below(parent: str | None, kind: str, name: str | None) -> str | None:
    return None if parent is None or name is None else f"{parent}/{kind}/{name}"
