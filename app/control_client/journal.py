"""The journal of one server: what its clients asked and got, and assertions about it.

with control.journal.recording() as asked:
    protect_everything()
assert asked("ProtectedItems_CreateOrUpdate", times=2, path="*/vm-*")
assert asked.never("ProtectedItems_Delete")
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from .connection import Connection, unexpected
from .replay import Replayed, replay

SHOWN_AT_MOST = 40
"""How many exchanges a message of a failed assertion lists."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, without secrets.

    ``virtual_time`` is when it was in the emulated world, ``None`` where the world was not asked;
    ``error_code`` is that of a refusal, ``ignored_keys`` are members of the body that nobody
    reads. ``request`` and ``response`` hold ``headers`` and one of ``body``, ``text``,
    ``base64``, ``omitted`` (docs/journal.md); they are empty where bodies were not asked for.
    """

    sequence: int
    method: str
    path: str
    query: str
    api_version: str | None
    operation_id: str | None
    status: int
    error_code: str | None
    correlation_id: str
    subscription: str | None
    client: str | None
    command: str | None
    virtual_time: datetime | None
    real_time: datetime
    milliseconds: float
    ignored_keys: tuple[str, ...]
    request: Mapping[str, Any]
    response: Mapping[str, Any]

    @property
    def sent(self) -> Any:
        """The JSON that the client sent, or ``None``."""
        return self.request.get("body")

    @property
    def got(self) -> Any:
        """The JSON that it was answered, or ``None``."""
        return self.response.get("body")

    def __str__(self) -> str:
        code = f" {self.error_code}" if self.error_code else ""
        ignored = f"  (ignored: {', '.join(self.ignored_keys)})" if self.ignored_keys else ""
        name = self.operation_id or "-"
        asked = f"{self.sequence:>6}  {self.method:<6} {self.status}{code}"
        return f"{asked}  {name}  {self.path}{ignored}"


class Asked(Sequence[Exchange]):
    """The exchanges that fit, true if they are as many as they should be.

    Its text says what was looked for, what was found, and what was asked instead.
    """

    def __init__(
        self,
        found: Sequence[Exchange],
        wish: str,
        holds: bool,
        instead: Sequence[Exchange],
    ) -> None:
        self._found = tuple(found)
        self._wish = wish
        self._instead = instead
        self.holds = holds

    def __bool__(self) -> bool:
        return self.holds

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, place: Any) -> Any:
        return self._found[place]

    def __repr__(self) -> str:
        return f"{self._wish}: {_times(len(self._found))}. {self._told()}"

    def _told(self) -> str:
        about, shown = ("They were", self._found) if self._found else ("Asked", self._instead)
        if not shown:
            return "Nothing else was asked either."
        lines = [str(each) for each in shown[-SHOWN_AT_MOST:]]
        instead = "" if self._found else " instead"
        if len(shown) > SHOWN_AT_MOST:
            instead += f" (the last {SHOWN_AT_MOST} of {len(shown)})"
        return "\n".join([f"{about}{instead}:", *lines])


class Journal:
    """What one server process noted; ``filters`` are those of ``GET /_emulator/journal``.

    A filter may be written in snake case: ``operation_id``, ``method``, ``path``, ``status``
    (``404`` or ``"4xx"``), ``error_code``, ``correlation_id``, ``subscription``, ``plane``,
    ``since``, ``until``, ``limit``. ``operation_id``, ``path`` and ``error_code`` take ``*``.
    Every method raises ``ControlError`` for a filter or a value that is none.
    """

    def __init__(self, connection: Connection, after: int = 0) -> None:
        self._connection = connection
        self._after = after
        self._until: int | None = None

    def exchanges(self, *, bodies: bool = True, **filters: Any) -> list[Exchange]:
        """Return what was asked, the oldest first; without ``bodies`` it takes less time."""
        answer = self.document(bodies=bodies, **filters)
        try:
            return [_exchange(each) for each in answer["value"]]
        except (KeyError, TypeError, ValueError) as problem:
            raise unexpected(json.dumps(answer)) from problem

    def document(self, *, bodies: bool = True, **filters: Any) -> dict[str, Any]:
        """Return the whole answer, which ``rsvault journal save`` writes and ``replay`` reads."""
        asked = {"since": self._after, **filters, "bodies": str(bodies).lower()}
        if self._until is not None:
            asked.setdefault("until", self._until)
        given = {_camel(name): value for name, value in asked.items() if value is not None}
        return self._connection.call("GET", f"/journal?{urlencode(given)}", patient=True)

    def exchange(self, sequence: int) -> dict[str, Any]:
        """Return one exchange, all of it. Raises ``ControlError`` if it is not kept (any more)."""
        return self._connection.call("GET", f"/journal/{sequence}")

    def asked(
        self, operation_id: str | None = None, *, times: int | None = None, **filters: Any
    ) -> Asked:
        """Look for requests: true if there are any, or exactly as many as ``times``.

        Requests of the control plane are left out unless ``plane`` says otherwise.
        """
        wanted = {"plane": "azure", "operation_id": operation_id, **filters}
        found = self.exchanges(**wanted)
        holds = bool(found) if times is None else len(found) == times
        wish = "asked" if times is None else f"asked {_times(times)}"
        return self._verdict(f"{_named(wanted)} should have been {wish}", found, holds)

    def never_asked(self, operation_id: str | None = None, **filters: Any) -> Asked:
        """Look for requests that should not be there: true if there are none."""
        wanted = {"plane": "azure", "operation_id": operation_id, **filters}
        found = self.exchanges(**wanted)
        return self._verdict(f"{_named(wanted)} should never have been asked", found, not found)

    def assert_asked(
        self, operation_id: str | None = None, *, times: int | None = None, **filters: Any
    ) -> Asked:
        """Raise ``AssertionError`` that tells what was asked instead, unless this was asked."""
        return _must(self.asked(operation_id, times=times, **filters))

    def assert_never_asked(self, operation_id: str | None = None, **filters: Any) -> Asked:
        """Raise ``AssertionError`` that tells when it was asked, if it was."""
        return _must(self.never_asked(operation_id, **filters))

    def recording(self) -> Recording:
        """Return the journal of a ``with`` block: what is asked from its beginning to its end."""
        return Recording(self._connection)

    def clear(self, subscription: str | None = None) -> int:
        """Forget what was noted, or what is about a subscription; return how many exchanges."""
        query = "" if subscription is None else f"?{urlencode({'subscription': subscription})}"
        answer = self._connection.call("DELETE", f"/journal{query}")
        return int(answer["forgotten"])

    def follow(self, **filters: Any) -> Iterator[Exchange]:
        """Yield what is asked from now on, as it is asked, without bodies; it never ends."""
        latest = self._latest()
        while True:
            # A filter may find none of what is new: the answer says how far it looked.
            answer = self.document(bodies=False, **filters, since=latest, wait=20)
            latest = int(answer["last"])
            yield from (_exchange(each) for each in answer["value"])

    def replay(self, document: Mapping[str, Any], *, reset: bool = False) -> Replayed:
        """Ask this server what a saved journal holds, and compare the answers to the byte.

        The server's world has to be as it began, or is emptied with ``reset``. Raises
        ``ControlError`` before anything is asked: the journal cannot be replayed, or the world is
        in use.
        """
        return replay(self._connection, document, reset=reset)

    def _latest(self) -> int:
        return int(self.document(bodies=False, since=0, until=0)["last"])

    def _verdict(self, wish: str, found: Sequence[Exchange], holds: bool) -> Asked:
        instead = () if found else self.exchanges(bodies=False, plane="azure")
        return Asked(found, wish, holds, instead)


class Recording(Journal):
    """A journal that begins and ends with a ``with`` block; also to be called, and iterated."""

    def __enter__(self) -> Recording:
        self._after = self._latest()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._until = self._latest()

    def __call__(
        self, operation_id: str | None = None, *, times: int | None = None, **filters: Any
    ) -> Asked:
        return self.asked(operation_id, times=times, **filters)

    def never(self, operation_id: str | None = None, **filters: Any) -> Asked:
        """Look for requests that should not be there: true if there are none."""
        return self.never_asked(operation_id, **filters)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges())


def _must(asked: Asked) -> Asked:
    if not asked.holds:
        raise AssertionError(repr(asked))
    return asked


def _named(wanted: Mapping[str, Any]) -> str:
    name = wanted.get("operation_id") or "a request"
    others = [
        f"{key}={value!r}"
        for key, value in wanted.items()
        if value is not None and key != "operation_id" and (key, value) != ("plane", "azure")
    ]
    return f"{name} ({', '.join(others)})" if others else str(name)


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def _exchange(shown: Mapping[str, Any]) -> Exchange:
    virtual = shown["virtualTime"]
    return Exchange(
        sequence=shown["sequence"],
        method=shown["method"],
        path=shown["path"],
        query=shown["query"],
        api_version=shown["apiVersion"],
        operation_id=shown["operationId"],
        status=shown["status"],
        error_code=shown["errorCode"],
        correlation_id=shown["correlationId"],
        subscription=shown["subscription"],
        client=shown["client"],
        command=shown["command"],
        virtual_time=None if virtual is None else datetime.fromisoformat(virtual),
        real_time=datetime.fromisoformat(shown["realTime"]),
        milliseconds=shown["milliseconds"],
        ignored_keys=tuple(shown["ignoredKeys"]),
        request=shown.get("request", {}),
        response=shown.get("response", {}),
    )
