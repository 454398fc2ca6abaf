"""The tasks of a job, as the wire shows them."""

from __future__ import annotations

from typing import Any

from ...domain.instants import iso_duration


def task(
    name: str, started_at: int | None, ended_at: int | None, now: int, status: str
) -> dict[str, Any]:
    """Return a task of a job: how it stands, and for how long it has run."""
    until = ended_at if ended_at is not None else now
    length = 0 if started_at is None or status in ("NotStarted", "Skipped") else until - started_at
    return {
        "taskId": name,
        "taskType": "Normal",
        "duration": iso_duration(length),
        "status": status,
    }
