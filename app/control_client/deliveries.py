"""Deliveries through the control plane: whom alerts were told, and wait until all are told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

from .connection import Connection, unexpected

Rows = list[dict[str, Any]]


class Deliveries:
    """What action groups are told of alerts; ``control.deliveries``::

    control.deliveries.wait()
    control.deliveries.list(action_group="oncall", state="Delivered")
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        alert: str | None = None,
        action_group: str | None = None,
        state: str | None = None,
        subscription: str | None = None,
    ) -> Rows:
        """Return what was told and is to be told, the oldest first, each with its ``payload``.

        ``alert`` is an id or a GUID, ``action_group`` an id or a name, ``state`` one of Waiting,
        Sending, Delivered, Failed, NotSent. Raises ``ControlError`` for what there is not.
        """
        wanted = {
            "alert": alert,
            "actionGroup": action_group,
            "state": state,
            "subscription": subscription,
        }
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        found: Rows = []
        while True:
            answer = self._connection.call("GET", f"/deliveries?{query}")
            try:
                found += [dict(each) for each in answer["value"]]
            except (KeyError, TypeError, ValueError) as problem:
                raise unexpected(json.dumps(answer)) from problem
            if "nextLink" not in answer:
                return found
            query = urlsplit(str(answer["nextLink"])).query

    def wait(
        self, timeout: int = 30, *, hurry: bool = True, subscription: str | None = None
    ) -> dict[str, int]:
        """Wait until nothing is left to tell, and return how many deliveries are in each state.

        With a ``subscription`` only what is told of its alerts matters, and is counted.
        With ``hurry`` what waits for its next attempt gets it at once; without, it is left
        waiting. Raises ``TimeoutError`` if it did not come to that in ``timeout`` seconds.
        """
        asked = {"timeoutSeconds": timeout, "hurry": hurry}
        query = "" if subscription is None else f"?{urlencode({'subscription': subscription})}"
        answer = self._connection.call("POST", f"/deliveries/settle{query}", asked, patient=True)
        try:
            settled, waiting = bool(answer["settled"]), int(answer["waiting"])
            states = {str(name): int(count) for name, count in answer["states"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise unexpected(json.dumps(answer)) from problem
        if not settled:
            raise TimeoutError(
                f"{waiting} deliveries are not at their end after {timeout} seconds; "
                "deliveries.list(state='Waiting') tells which"
            )
        return states

    def key(self) -> str:
        """Return what webhooks are signed with, as libraries of Standard Webhooks take it."""
        answer = self._connection.call("GET", "/deliveries/key")
        try:
            return str(answer["signingSecret"])
        except (KeyError, TypeError) as problem:
            raise unexpected(json.dumps(answer)) from problem
