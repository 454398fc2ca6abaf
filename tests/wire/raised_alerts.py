"""What the tests of alerts ask for: the alerts that were raised, and what makes some."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import ROOT, advance, back_up, done, listed

PROVIDER = "providers/Microsoft.AlertsManagement"
ALERTS = f"{ROOT}/{PROVIDER}/alerts"
SUMMARY = f"{ROOT}/{PROVIDER}/alertsSummary"
FAULTS = "/_emulator/faults"


def alerts(arm: httpx.Client, **query: str) -> list[dict[str, Any]]:
    """All alerts of the last thirty days, the latest change first."""
    return listed(arm, ALERTS, **{"timeRange": "30d", "includeContext": "true", **query})


def essentials(arm: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return [each["properties"]["essentials"] for each in alerts(arm, **query)]


def told(arm: httpx.Client, **query: str) -> list[tuple[str, str, str, str]]:
    """What alerts tell, in the order in which they were raised."""
    return [
        (each["severity"], each["alertRule"], each["monitorCondition"], each["startDateTime"])
        for each in essentials(arm, sortBy="startDateTime", sortOrder="asc", **query)
    ]


def rules(arm: httpx.Client) -> list[str]:
    return [rule for _, rule, _, _ in told(arm)]


def arm_fault(arm: httpx.Client, fault: str, **how: Any) -> None:
    done(arm.post(FAULTS, json={"fault": fault, **how}))


def fail_once(arm: httpx.Client, fault: str = "snapshot-fails") -> str:
    """Let an on-demand backup fail, and return its job's id."""
    arm_fault(arm, fault, count=1)
    job_id = back_up(arm)
    advance(arm, until="idle")
    return job_id
