"""The events of one world: what has happened in it, what happens now, and waiting for it.

control.events.record()
control.advance(by="P1D")
done = control.events.wait_for("job.completed", item="web-1")
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from threading import Event as Pause
from typing import Any
from urllib.parse import urlencode

from .connection import UNREACHABLE, Connection, ControlError, unexpected

LOST = "events.lost"
ENDED = "events.ended"
ABOUT_ITSELF = (LOST, ENDED)
"""What a stream says of itself, not of the world."""
LONGEST_SILENCE = 40.0
"""Seconds after which a stream is taken for dead, that is heard of at least every 15."""
SECONDS_BETWEEN, MOST_FAILURES = 1.0, 30
"""How often it is tried to reach a server again that has gone, one that restarts."""
SHOWN_AT_MOST = 40
"""How many events a message about one that did not happen lists."""


@dataclass(frozen=True)
class Event:
    """One thing that has happened; what it is not about is ``None``.

    ``number`` is its place in the stream. ``status`` is Azure's word for the state of the job,
    for the tier of the recovery point, or for the condition of the alert. ``error_code`` is why a
    job failed, ``alert`` the name of an alert's rule.
    """

    number: int
    kind: str
    virtual_time: datetime
    real_time: datetime
    subscription: str | None
    vault_id: str | None
    item_id: str | None
    item: str | None
    job_id: str | None
    recovery_point_id: str | None
    operation: str | None
    status: str | None
    error_code: str | None
    alert: str | None
    alert_id: str | None
    data: Mapping[str, Any]
    """All of it as the server sent it."""

    def __str__(self) -> str:
        about = (self.item, self.operation, self.alert, self.status, self.error_code)
        told = "  ".join(each for each in about if each)
        return f"{self.data['virtualTime']:<29}{self.kind:<33}{told}"


@dataclass(frozen=True)
class Recording:
    """Whether events are recorded, how many are kept, and the numbers they have come to."""

    recording: bool
    keep: int | None
    last: int
    lost: int


class EventsLost(ControlError):
    """Events came that are not kept any more: the bound was passed before they were read."""


class NotSeen(AssertionError):
    """What was waited for did not happen; the text says what did."""


class Events:
    """What happens in one world. ``filters`` are those of ``GET /_emulator/events``.

    They are ``kind`` (``"job.*"`` and such, or several), ``subscription``, ``vault`` and ``item``
    (a name or an ARM id), ``job``, ``operation`` (``"Backup"``), and
    ``after``: the number of an event, or ``"latest"``.
    Every method raises ``ControlError`` for a filter or a value that is none, and where nothing
    is recorded.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- whether anything is recorded --------------------------------------------------

    def record(self, keep: int | None = None) -> Recording:
        """Record what happens from now on; ``keep`` is how many of the latest events stay."""
        return _recording(
            self._connection.call(
                "PUT", "/events/recording", {} if keep is None else {"keep": keep}
            )
        )

    def recording(self) -> Recording:
        """Return what is recorded."""
        return _recording(self._connection.call("GET", "/events/recording"))

    def stop(self) -> Recording:
        """Record nothing any more, and forget what was recorded."""
        return _recording(self._connection.call("DELETE", "/events/recording"))

    # --- what happens ------------------------------------------------------------------

    def list(self, kind: Any = None, **filters: Any) -> list[Event]:
        """Return what is kept, the oldest first."""
        wanted = {**_given(kind, filters), "follow": "false"}
        with closing(self._connection.another()) as connection:
            return [each.event() for each in self._read(connection, wanted) if each.is_event]

    def follow(self, kind: Any = None, **filters: Any) -> Iterator[Event]:
        """Yield what is kept and then what happens, as it happens; it ends with the recording.

        A connection that breaks is made anew, without a gap. Raises ``EventsLost`` if there is
        one: more happened meanwhile than is kept.
        """
        return self._follow(_given(kind, filters))

    def wait_for(self, kind: Any = None, *, timeout: float = 30.0, **filters: Any) -> Event:
        """Return the first event that fits, which may have happened already.

        Raises ``NotSeen`` after ``timeout`` real seconds, with what happened instead. Nothing
        happens while a frozen clock stands: move it first.
        """
        wanted = _given(kind, filters)
        # The server keeps the time; of the answer more must not be read than what was waited for.
        within = {"follow": "true", "limit": "1", "wait": str(ceil(timeout))}
        path = f"/events?{urlencode({**wanted, **within})}"
        with (
            closing(self._connection.another()) as connection,
            connection.stream(path, {}, timeout + LONGEST_SILENCE) as lines,
        ):
            for message in _messages(lines):
                if message.is_event:
                    return message.event()
        happened = [str(each) for each in self.list()]
        told = "\n".join(happened[-SHOWN_AT_MOST:]) or "nothing"
        raise NotSeen(f"no event {wanted} in {timeout:g} seconds. What happened:\n{told}")

    def _follow(self, wanted: Mapping[str, str]) -> Iterator[Event]:
        place: str | None = None
        failures = 0
        with closing(self._connection.another()) as connection:
            while True:
                try:
                    for message in self._read(connection, wanted, place):
                        failures = 0
                        place = message.place or place
                        if message.kind == ENDED:
                            return
                        if message.is_event:
                            yield message.event()
                except ControlError as problem:
                    failures += 1
                    gone = problem.code == UNREACHABLE
                    if not gone or place is None or failures > MOST_FAILURES:
                        raise
                    Pause().wait(SECONDS_BETWEEN)

    def _read(
        self, connection: Connection, wanted: Mapping[str, str], place: str | None = None
    ) -> Iterator[_Message]:
        """Yield the messages of one stream, from after a place. Raises ``ControlError``."""
        headers = {} if place is None else {"Last-Event-ID": place}
        path = f"/events?{urlencode(wanted)}"
        with connection.stream(path, headers, LONGEST_SILENCE) as lines:
            for message in _messages(lines):
                if message.kind == LOST:
                    raise EventsLost(LOST, message.data)
                yield message


@dataclass(frozen=True)
class _Message:
    """One message of a stream: a number alone only moves the reader's place."""

    place: str | None
    kind: str
    data: str

    @property
    def is_event(self) -> bool:
        return bool(self.data) and self.kind not in ABOUT_ITSELF

    def event(self) -> Event:
        """Return what it tells. Raises ``ControlError`` if it is none of rsvault's."""
        try:
            return _event(int(self.place or 0), json.loads(self.data))
        except (KeyError, TypeError, ValueError) as problem:
            raise unexpected(self.data) from problem


def _messages(lines: Iterator[str]) -> Iterator[_Message]:
    """Yield the messages of a stream, with those that only have a number."""
    found: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, text = line.partition(":")
            found[name] = text.removeprefix(" ")
            continue
        yield _Message(found.get("id"), found.get("event", "message"), found.get("data", ""))
        found = {}


def _given(kind: Any, filters: Mapping[str, Any]) -> dict[str, str]:
    kinds = kind if kind is None or isinstance(kind, str) else ",".join(kind)
    wanted = {"kind": kinds, **filters}
    return {name: str(each) for name, each in wanted.items() if each is not None}


def _recording(answer: Mapping[str, Any]) -> Recording:
    try:
        return Recording(answer["recording"], answer["keep"], answer["last"], answer["lost"])
    except KeyError as problem:
        raise unexpected(json.dumps(answer)) from problem


def _event(number: int, data: Mapping[str, Any]) -> Event:
    return Event(
        number=number,
        kind=data["kind"],
        virtual_time=datetime.fromisoformat(data["virtualTime"]),
        real_time=datetime.fromisoformat(data["realTime"]),
        subscription=data["subscription"],
        vault_id=data["vaultId"],
        item_id=data["itemId"],
        item=data["item"],
        job_id=data["jobId"],
        recovery_point_id=data["recoveryPointId"],
        operation=data["operation"],
        status=data["status"],
        error_code=data["errorCode"],
        alert=data["alert"],
        alert_id=data["alertId"],
        data=data,
    )
