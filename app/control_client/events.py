"""The events of one world: what has happened in it, what happens now, and waiting for it.

control.events.record()
control.advance(by="P1D")
done = control.events.wait_for("job.completed", item="web-1")
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from .connection import Connection, ControlError, unexpected

LOST = "events.lost"
ENDED = "events.ended"
ABOUT_ITSELF = (LOST, ENDED)
"""What a stream says of itself, not of the world."""
LONGEST_SILENCE = 40.0
"""Seconds after which a stream is taken for dead, that is heard of at least every 15."""


@dataclass(frozen=True)
class Event:
    """One thing that has happened; what it is not about is ``None``.

    ``number`` is its place in the stream. ``status`` is Azure's word for the state of the job,
    or for the tier of the recovery point. ``error_code`` is why a job failed.
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
    data: Mapping[str, Any]
    """All of it as the server sent it."""

    def __str__(self) -> str:
        about = (self.item, self.operation, self.status, self.error_code)
        told = "  ".join(each for each in about if each)
        return f"{self.number:>6}  {self.data['virtualTime']:<28}{self.kind:<32}{told}"


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
    (a name or an ARM id), ``job``, and ``after``: the number of an event, or ``"latest"``.
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
        with closing(self._read(kind, filters, follow=False)) as found:
            return list(found)

    def follow(self, kind: Any = None, **filters: Any) -> Iterator[Event]:
        """Yield what is kept and then what happens, as it happens; it ends with the recording.

        A connection that breaks is made anew, without a gap. Raises ``EventsLost`` if there is
        one: more happened meanwhile than is kept.
        """
        return self._read(kind, filters, follow=True)

    def wait_for(self, kind: Any = None, *, timeout: float = 30.0, **filters: Any) -> Event:
        """Return the first event that fits, which may have happened already.

        Raises ``NotSeen`` after ``timeout`` real seconds, with what happened instead. Nothing
        happens while a frozen clock stands: move it first.
        """
        wanted = {**_given(kind, filters), "follow": "true", "limit": "1"}
        path = f"/events?{urlencode(wanted)}"
        # Of its own, as a timeout leaves an answer half read.
        with closing(self._connection.another()) as connection:
            until = time.monotonic() + timeout
            try:
                with connection.stream(path, {}, max(timeout, 0.001)) as lines:
                    for message in _messages(lines):
                        if message.is_event:
                            return message.event()
                        if time.monotonic() > until:
                            break
            except ControlError as problem:
                if time.monotonic() < until:
                    raise
                raise self._not_seen(wanted, timeout) from problem
        raise self._not_seen(wanted, timeout)

    def _not_seen(self, wanted: Mapping[str, str], timeout: float) -> NotSeen:
        asked = {name: each for name, each in wanted.items() if name not in ("follow", "limit")}
        happened = [str(each) for each in self.list()]
        told = "\n".join(happened[-40:]) or "nothing"
        return NotSeen(f"no event {asked} in {timeout:g} seconds. What happened:\n{told}")

    def _read(self, kind: Any, filters: Mapping[str, Any], *, follow: bool) -> Iterator[Event]:
        query = urlencode({**_given(kind, filters), "follow": str(follow).lower()})
        place: str | None = None
        with closing(self._connection.another()) as connection:
            while True:
                headers = {} if place is None else {"Last-Event-ID": place}
                try:
                    with connection.stream(f"/events?{query}", headers, LONGEST_SILENCE) as lines:
                        for message in _messages(lines):
                            place = message.place or place
                            if message.kind == LOST:
                                raise EventsLost(LOST, message.data)
                            if message.kind == ENDED:
                                return
                            if message.is_event:
                                yield message.event()
                except EventsLost:
                    raise
                except ControlError as problem:
                    if not follow or place is None or problem.code != "Unreachable":
                        raise
                    time.sleep(1)
                    continue
                if not follow:
                    return
                time.sleep(0.2)


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
        data=data,
    )
