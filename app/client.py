"""The control plane from Python: typed calls to ``/_emulator``, over HTTP and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlencode

from .control_client.clock import Advancing, Clock, Mode, duration, instant, shown
from .control_client.connection import (
    DEFAULT_URL,
    SECONDS_TO_ANSWER,
    UNREACHABLE,
    Connection,
    ControlError,
    unexpected,
)
from .control_client.deliveries import Deliveries
from .control_client.events import Event, Events
from .control_client.faults import Faults
from .control_client.journal import Exchange, Journal
from .control_client.worlds import Exported, SavedWorld, Seeding, Worlds

__all__ = [
    "DEFAULT_URL",
    "UNREACHABLE",
    "Advancing",
    "Clock",
    "ControlError",
    "ControlPlane",
    "Event",
    "Events",
    "Exchange",
    "Exported",
    "Health",
    "Journal",
    "SavedWorld",
    "Seeding",
    "Worlds",
]


@dataclass(frozen=True)
class Health:
    """A server that answers, and what it said about itself."""

    status: str
    version: str
    database: str
    details: Mapping[str, Any]
    """The whole answer, with whatever else it holds."""


class ControlPlane:
    """The control plane of one server.

    It keeps its connection, so close it or use it in a ``with`` block::

        with ControlPlane("http://127.0.0.1:8080") as control:
            control.advance(by="P30D")

    Proxies of the environment are not used: an emulator is a neighbour. ``patience`` is how many
    seconds an answer may take; an advance may take as long as it needs.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        ca_file: str | Path | None = None,
        control_token: str | None = None,
        patience: float = SECONDS_TO_ANSWER,
    ) -> None:
        self._connection = Connection(url, ca_file, control_token, patience)
        self.worlds = Worlds(self._connection)
        """Seed and export worlds, save and restore them."""
        self.faults = Faults(self._connection)
        """What is made to go wrong: arm, list, disarm."""
        self.events = Events(self._connection)
        """What happens in the world: list, follow, wait for it."""
        self.deliveries = Deliveries(self._connection)
        """What action groups are told of alerts: list, wait."""
        self.journal = Journal(self._connection)
        """What clients asked and got; ``control_client/journal.py`` has its calls."""

    def __enter__(self) -> ControlPlane:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._connection.close()

    def health(self) -> Health:
        """Ask whether the server answers, which version it is, and where its world is kept."""
        answer = self._connection.call("GET", "/health")
        return Health(
            str(answer.get("status")),
            str(answer.get("version")),
            str(answer.get("database")),
            answer,
        )

    def metrics(self) -> str:
        """Read the server's figures, in Prometheus' text form."""
        return self._connection.ask("GET", "/metrics").text

    def plan(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the report of a plan: of policies and VMs, or of a vault (docs/planning.md)."""
        return self._connection.call("POST", "/plan", document, patient=True)

    def limits(self) -> dict[str, int | None]:
        """Read the limits that the world goes by, by name; ``None`` is off."""
        answer = self._connection.call("GET", "/limits")
        try:
            return {each["name"]: each["limit"] for each in answer["value"]}
        except (KeyError, TypeError) as problem:
            raise unexpected(json.dumps(answer)) from problem

    def regions(self) -> list[dict[str, Any]]:
        """Read every region: its ``name``, its ``state``, its ``secondary`` and its ``outages``."""
        answer = self._connection.call("GET", "/regions")
        try:
            return [dict(each) for each in answer["value"]]
        except (KeyError, TypeError, ValueError) as problem:
            raise unexpected(json.dumps(answer)) from problem

    def take_down(self, region: str) -> dict[str, Any]:
        """Let a region go down; nothing there answers or happens until it is brought back."""
        return self._connection.call("PATCH", "/regions", {"region": region, "state": "down"})

    def bring_back(self, region: str) -> dict[str, Any]:
        """Let a region that is down work again."""
        return self._connection.call("PATCH", "/regions", {"region": region, "state": "up"})

    def clock(self) -> Clock:
        """Read the virtual clock."""
        return shown(self._connection.call("GET", "/clock"))

    def set_clock(
        self,
        mode: Mode | None = None,
        rate: int | None = None,
        skip_on_wait: str | None = None,
    ) -> Clock:
        """Change how time passes; what is left out stays as it is.

        ``skip_on_wait`` is ``off`` (or ``clock``), ``step``, ``finish`` (or ``instant``), or
        ``polls=N``.
        """
        wanted = {"mode": mode, "rate": rate, "skipOnWait": skip_on_wait}
        body = {name: value for name, value in wanted.items() if value is not None}
        return shown(self._connection.call("PATCH", "/clock", body))

    def advance(
        self,
        by: str | timedelta | None = None,
        to: str | datetime | None = None,
        until: Literal["idle"] | None = None,
        job: str | None = None,
        progress: Callable[[Clock], None] | None = None,
    ) -> Clock:
        """Move the clock on, and return once everything due by then has happened.

        Give one of: ``by``, a length of time such as ``"P120D"``; ``to``, an instant;
        ``until="idle"``, to the end of everything that runs; ``job``, to the end of that job.
        ``progress`` is given the clock each second that the advance lasts.
        """
        given = {
            "by": None if by is None else {"by": duration(by)},
            "to": None if to is None else {"to": instant(to)},
            "until": None if until is None else {"until": until},
            "job": None if job is None else {"until": {"job": job}},
        }
        bodies = [body for body in given.values() if body is not None]
        if len(bodies) != 1:
            raise ValueError(f"advance takes exactly one of {', '.join(given)}")

        def advance() -> Clock:
            return shown(self._connection.call("POST", "/clock/advance", bodies[0], patient=True))

        return advance() if progress is None else self._watched(advance, progress)

    def reset(self, subscription: str | None = None) -> Clock:
        """Empty the world, and return the clock of its new epoch.

        Of one subscription only its resources go; the clock, which others share, goes on.
        """
        query = "" if subscription is None else f"?{urlencode({'subscription': subscription})}"
        return shown(self._connection.call("POST", f"/reset{query}"))

    def _watched(self, advance: Callable[[], Clock], progress: Callable[[Clock], None]) -> Clock:
        done: Future[Clock] = Future()

        def work() -> None:
            try:
                done.set_result(advance())
            except BaseException as problem:  # handed over to the thread that waits
                done.set_exception(problem)

        # A daemon, so that a program that is interrupted need not wait for the answer.
        threading.Thread(target=work, name="rsvault advance", daemon=True).start()
        with closing(self._connection.another()) as watching:
            while not wait([done], timeout=1).done:
                # One answer that does not come is no reason to give up the advance.
                with suppress(ControlError):
                    progress(shown(watching.call("GET", "/clock")))
        return done.result()
