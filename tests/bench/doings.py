"""What is done to a world while its statements are looked at: lists, due work, edits."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from app.domain.instants import DAY, parse
from tests.bench.worlds import (
    ITEM,
    POLICY,
    START,
    SUBSCRIPTION,
    VAULT,
    VERSION,
    a_job,
    make_small_world,
    policy,
    small_world,
)

Doing = Callable[[], Awaitable[Any]]

_FAR_IN = urlsafe_b64encode(f"[{parse(START) - 800 * DAY}]".encode()).decode()

ALERTS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts"


async def make(client: httpx.AsyncClient) -> tuple[str, str]:
    """Make the small world; return the paths of a job and of a recovery point in it.

    The setting-up code speaks synchronously.
    """
    steps = _Synchronous(client, asyncio.get_running_loop())
    return await asyncio.to_thread(_make, steps)


def _make(client: Any) -> tuple[str, str]:
    make_small_world(client)
    job = a_job(client)
    [point] = client.get(f"{ITEM}/recoveryPoints?{VERSION}").raise_for_status().json()["value"]
    return job, point["id"]


class _Synchronous:
    """The few verbs of ``httpx.Client`` that ``worlds`` uses, on a loop in another thread."""

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def request(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Send a request and wait for the answer."""
        sending = self._client.request(method, path, json=json)
        return asyncio.run_coroutine_threadsafe(sending, self._loop).result()

    def get(self, path: str) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path)

    def post(self, path: str, json: Any = None) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, json)


def doings(client: httpx.AsyncClient, job: str, point: str) -> dict[str, Doing]:
    """Return everything whose statements are looked at, in the order in which it is done."""

    def send(method: str, path: str, body: Any = None) -> Doing:
        async def act() -> None:
            (await client.request(method, path, json=body)).raise_for_status()

        return act

    def get(path: str) -> Doing:
        return send("GET", path)

    def jobs(text: str) -> Doing:
        return get(f"{VAULT}/backupJobs?{VERSION}&$filter={text}")

    def items(text: str) -> Doing:
        return get(f"{VAULT}/backupProtectedItems?{VERSION}&$filter={text}")

    def points(query: str) -> Doing:
        return get(f"{ITEM}/recoveryPoints?{VERSION}&{query}")

    three_days = send("POST", "/_emulator/clock/advance", {"by": "P3D"})
    protect = small_world()[-1]
    stopped = protect[2]["properties"] | {"protectionState": "ProtectionStopped", "policyId": ""}
    on_demand = {"properties": {"objectType": "IaasVMBackupRequest"}}
    return {
        "GET vault": get(f"{VAULT}?{VERSION}"),
        "GET job": get(f"{job}?{VERSION}"),
        "list jobs": get(f"{VAULT}/backupJobs?{VERSION}"),
        "list running jobs": jobs("status eq 'InProgress' and operation eq 'Backup'"),
        "list failed jobs": jobs("status eq 'Failed' and endTime eq '2030-01-01'"),
        "list restores": jobs("operation eq 'Restore' and startTime eq '2020-01-01'"),
        "list jobs of shares": jobs("backupManagementType eq 'AzureStorage'"),
        "list completed backups": jobs("operation eq 'Backup' and status eq 'Completed'"),
        "next page of jobs": get(
            f"{VAULT}/backupJobs?{VERSION}&$skipToken="
            + urlsafe_b64encode(b'[1767225600000000, 0, "f"]').decode()
        ),
        "list items of a policy": items("policyName eq 'DefaultPolicy'"),
        "list items by health": items("healthState eq 'ActionRequired'"),
        "list recovery points": get(f"{ITEM}/recoveryPoints?{VERSION}"),
        "a page of recovery points far in": points(f"$skipToken={_FAR_IN}"),
        "list recovery points between dates": points(
            "$filter=startDate eq '2024-01-01 12:00:00 AM' and endDate eq '2024-02-01 12:00:00 AM'"
        ),
        "GET recovery point": get(f"{point}?{VERSION}"),
        "GET item": get(f"{ITEM}?{VERSION}"),
        "list protected items": get(f"{VAULT}/backupProtectedItems?{VERSION}"),
        "list what could be protected": get(f"{VAULT}/backupProtectableItems?{VERSION}"),
        "list alerts": get(f"{ALERTS}?timeRange=30d&{VERSION}"),
        "list policies": get(f"{VAULT}/backupPolicies?{VERSION}"),
        "usages of a vault": get(f"{VAULT}/usages?{VERSION}"),
        "usage summaries": get(f"{VAULT}/backupUsageSummaries?{VERSION}"),
        "three days of due work": three_days,
        "edit a policy with items": send(
            "PUT", f"{POLICY}?{VERSION}", {"properties": policy(31, gfs=True)}
        ),
        "back up on demand": send("POST", f"{ITEM}/backup?{VERSION}", on_demand),
        "protect what is protected": send(*protect),
        "three days after an edit": three_days,
        "stop protection": send("PUT", protect[1], {"properties": stopped}),
        "resume protection": send(*protect),
    }
