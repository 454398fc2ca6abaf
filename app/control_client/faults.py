"""Faults through the control plane: what is armed, and the table of what can be."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from .clock import duration as written_duration
from .clock import instant
from .connection import Connection, unexpected

When = str | datetime | timedelta
Rows = list[dict[str, Any]]


class Faults:
    """What goes wrong in a world because somebody wants it to; ``control.faults``::

    control.faults.arm("transfer-fails", subject="web-1", count=1)
    control.faults.arm("throttled", subject="Vaults_*", probability=0.2, until="PT1H")
    control.faults.disarm_all()
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def arm(
        self,
        fault: str,
        *,
        subject: str | None = None,
        count: int | None = None,
        probability: float | None = None,
        after: When | None = None,
        until: When | None = None,
        duration: str | timedelta | None = None,
        code: str | None = None,
        subscription: str | None = None,
    ) -> dict[str, Any]:
        """Arm a fault of the table and return how it is armed, with its ``id``.

        ``after`` and ``until`` are instants or lengths of virtual time from now on. What is left
        out is: everything, without an end, always, from now on, until it is disarmed. Raises
        ``ControlError`` for what there is not, with the nearest right spelling.
        """
        given = {
            "fault": fault,
            "subject": subject,
            "count": count,
            "probability": probability,
            "after": _when(after),
            "until": _when(until),
            "duration": None if duration is None else written_duration(duration),
            "code": code,
            "subscription": subscription,
        }
        body = {name: value for name, value in given.items() if value is not None}
        return self._connection.call("POST", "/faults", body)

    def list(self, subscription: str | None = None) -> Rows:
        """Return what is armed: each with what is ``left`` of its count, and how often it
        ``struck``."""
        return self._values("GET", _path("", subscription))

    def catalogue(self) -> Rows:
        """Return the table of faults: name, points, code, effect, and the words of an error."""
        return self._values("GET", "/faults/catalogue")

    def disarm(self, fault: str, subscription: str | None = None) -> Rows:
        """Disarm a fault by its id, or all of a name, and return what they were."""
        return self._values("DELETE", _path(f"/{quote(fault, safe='')}", subscription))

    def disarm_all(self, subscription: str | None = None) -> Rows:
        """Disarm everything, or all of a subscription, and return what it was."""
        return self._values("DELETE", _path("", subscription))

    def _values(self, method: str, path: str) -> Rows:
        answer = self._connection.call(method, path)
        try:
            return [dict(each) for each in answer["value"]]
        except (KeyError, TypeError, ValueError) as problem:
            raise unexpected(json.dumps(answer)) from problem


def _path(below: str, subscription: str | None) -> str:
    query = "" if subscription is None else f"?subscription={quote(subscription, safe='')}"
    return f"/faults{below}{query}"


def _when(at: When | None) -> str | None:
    if at is None or isinstance(at, str):
        return at
    return written_duration(at) if isinstance(at, timedelta) else instant(at)
