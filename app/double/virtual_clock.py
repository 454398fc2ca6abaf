"""The clock of a test: virtual now, and the ways to move it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from ..client import ControlPlane
from ..control_client.clock import Clock, Mode


class VirtualClock:
    """Time in the emulated world; it stands until it is advanced, or a client waits."""

    def __init__(self, control: ControlPlane) -> None:
        self._control = control

    @property
    def now(self) -> datetime:
        """Virtual now, in UTC."""
        return self._control.clock().now

    def advance(
        self,
        by: str | timedelta | None = None,
        *,
        to: str | datetime | None = None,
        until: Literal["idle"] | None = None,
    ) -> datetime:
        """Move on by a length of time such as ``"P30D"``, or to an instant; return the new now.

        ``until="idle"`` moves to the end of all jobs and operations that run. Everything that is
        due on the way has happened when this returns. Raises ``ControlError`` for what the control
        plane refuses, such as an instant that is past.
        """
        return self._control.advance(by=by, to=to, until=until).now

    def run(
        self,
        mode: Mode | None = None,
        *,
        rate: int | None = None,
        skip_on_wait: str | None = None,
    ) -> Clock:
        """Change how time passes in this test; the next one finds it as the options have it.

        ``skip_on_wait`` says what a client that polls does to the clock: ``finish``, ``step``,
        ``polls=N`` or ``off``.
        """
        return self._control.set_clock(mode, rate, skip_on_wait)


def job_id(job: Any) -> str:
    """Return the id of a job: of the text itself, of an ARM id, of an SDK's object or its JSON."""
    found = job.get("name") if isinstance(job, Mapping) else getattr(job, "name", job)
    if not isinstance(found, str) or not found:
        raise TypeError(f"{job!r} is no job: give its id, or what an SDK's client returned for it")
    return found.rstrip("/").rpartition("/")[2]
