"""Worlds of a server: seed and export them, save and restore them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .clock import Clock, shown
from .connection import Connection, ControlError, unexpected


@dataclass(frozen=True)
class SavedWorld:
    """A saved world: the instant of its clock, and whose rows it has; ``None`` is everybody's."""

    name: str
    subscription: str | None
    saved_at: datetime


@dataclass(frozen=True)
class Exported:
    """A world as a document, and what the format could not carry."""

    document: dict[str, Any]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Seeding:
    """How far a seed is that runs: which instant it has reached on its way."""

    start: datetime
    now: datetime
    end: datetime

    @property
    def share(self) -> float:
        """How much of the way lies behind, from 0 to 1."""
        span = self.end - self.start
        return (self.now - self.start) / span if span else 1.0


class Worlds:
    """The worlds of one server; errors are ``ControlError``.

    What takes a ``subscription`` leaves all others alone, so that suites can share a server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seed(
        self,
        document: Mapping[str, Any] | str | Path,
        subscription: str | None = None,
        *,
        check: bool = False,
        progress: Callable[[Seeding], None] | None = None,
    ) -> datetime:
        """Make a document's world part of the present one; return the instant it is then.

        ``document`` is a mapping, a text in YAML or JSON, or the path of a file. All of it is made,
        or nothing and the error says where it is wrong. ``check`` only looks for what is wrong.
        ``progress`` is told each second how far the history is.
        """
        content = _content(document)
        query = {"subscription": subscription, "check": "true" if check else None}

        def seed() -> dict[str, Any]:
            path = _path("/seed", query)
            return self._connection.call("POST", path, content=content, patient=True)

        answer = seed() if progress is None else self._watched(seed, progress)
        try:
            return datetime.fromisoformat(answer["now"])
        except (KeyError, TypeError, ValueError) as problem:
            raise unexpected(json.dumps(answer)) from problem

    def export(self, subscription: str | None = None) -> Exported:
        """Return the present world, or one subscription of it, as a document."""
        response = self._connection.ask("GET", _path("/world", {"subscription": subscription}))
        left_out = json.loads(response.headers.get("x-rsvault-left-out", "[]"))
        document: dict[str, Any] = response.json()
        return Exported(document, tuple(left_out))

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of a world's document."""
        return self._connection.call("GET", "/schemas/world")

    def save(self, name: str, subscription: str | None = None) -> SavedWorld:
        """Save the present world, or one subscription of it, in place of one of that name."""
        path = _path(f"/worlds/{quote(name, safe='')}", {"subscription": subscription})
        return _saved(self._connection.call("PUT", path))

    def restore(self, name: str, subscription: str | None = None) -> Clock:
        """Put a saved world, or one subscription of it, in place of the present one."""
        path = f"/worlds/{quote(name, safe='')}/restore"
        query = {"subscription": subscription}
        return shown(self._connection.call("POST", _path(path, query), patient=True))

    def list(self) -> list[SavedWorld]:
        """Return the saved worlds, by name."""
        answer = self._connection.call("GET", "/worlds")
        try:
            return [_saved(each) for each in answer["value"]]
        except (KeyError, TypeError) as problem:
            raise unexpected(json.dumps(answer)) from problem

    def delete(self, name: str) -> bool:
        """Forget a saved world; tell whether there was one."""
        response = self._connection.ask("DELETE", f"/worlds/{quote(name, safe='')}")
        return response.status_code == 200

    def _watched(
        self, seed: Callable[[], dict[str, Any]], progress: Callable[[Seeding], None]
    ) -> dict[str, Any]:
        done: Future[dict[str, Any]] = Future()

        def work() -> None:
            try:
                done.set_result(seed())
            except BaseException as problem:  # handed over to the thread that waits
                done.set_exception(problem)

        threading.Thread(target=work, name="rsvault seed", daemon=True).start()
        with closing(self._connection.another()) as watching:
            while not wait([done], timeout=1).done:
                with suppress(ControlError):
                    told = _seeding(watching.call("GET", "/seed"))
                    if told is not None:
                        progress(told)
        return done.result()


def _content(document: Mapping[str, Any] | str | Path) -> bytes:
    if isinstance(document, Path):
        return document.read_bytes()
    if isinstance(document, str):
        return document.encode()
    return json.dumps(document).encode()


def _path(path: str, query: Mapping[str, str | None]) -> str:
    told = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(told)}" if told else path


def _saved(answer: Mapping[str, Any]) -> SavedWorld:
    try:
        saved_at = datetime.fromisoformat(answer["savedAt"])
        return SavedWorld(answer["name"], answer["subscription"], saved_at)
    except (KeyError, TypeError, ValueError) as problem:
        raise unexpected(json.dumps(answer)) from problem


def _seeding(answer: Mapping[str, Any]) -> Seeding | None:
    if not answer["running"]:
        return None
    start, now, end = (datetime.fromisoformat(answer[name]) for name in ("from", "now", "to"))
    return Seeding(start, now, end)
