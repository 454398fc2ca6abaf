"""What a client does to a world, step by step, and the worlds that come of it.

The clock is frozen, the seed and the start are given: played twice, the script leaves the same
rows after each step, down to the last id. That is what a killed world is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import httpx
from sqlalchemy import Engine, NullPool, Table, create_engine, select

from app.store.metadata import metadata
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    RESUME,
    STOP,
    UNDELETE,
    VAULT_ID,
    item_body,
    item_id,
    listed,
    policy_body,
    vm_body,
    vm_id,
)

Rows = dict[str, list[Any]]
Path = str | Callable[[httpx.Client], str]

NOT_COMPARED = {"base_real_at", "advance_from", "advance_to"}
"""Columns of the world's row that tell of the machine's time and of a process that ran."""

EARLY = f"{VAULT_ID}/backupPolicies/early"
ITEM_2 = item_id("vm-2")
BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
STAGING = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/staging"


@dataclass(frozen=True)
class Step:
    """One request. One that ``spans`` crosses time in several transactions, of which a kill may
    leave some; every other is one transaction, of which it leaves all or nothing."""

    name: str
    method: str
    path: Path
    body: dict[str, Any] | None = None
    spans: bool = False

    def send(self, arm: httpx.Client) -> httpx.Response:
        """Send it to where the client's base URL leads."""
        assert isinstance(self.path, str), "a script is resolved before it is played again"
        return arm.request(self.method, self.path, json=self.body)


def _put(name: str, path: str, body: dict[str, Any]) -> Step:
    return Step(f"put {name}", "PUT", path, body)


def _advance(**how: Any) -> Step:
    (word,) = how.values()
    return Step(f"advance {word}", "POST", "/_emulator/clock/advance", how, spans=True)


def _protect(vm: str, policy: str) -> Step:
    body = item_body(policyId=policy, sourceResourceId=vm_id(vm))
    return _put(f"protection of {vm}", item_id(vm), body)


def _newest_job(arm: httpx.Client) -> str:
    found = listed(arm, f"{VAULT_ID}/backupJobs")
    return f"{VAULT_ID}/backupJobs/{found[0]['name']}"


def _poll(name: str) -> Step:
    """Ask for the newest job: the clock leaps to its end (skip-on-wait finish)."""
    return Step(f"poll {name}", "GET", _newest_job, spans=True)


def _cancel(arm: httpx.Client) -> str:
    return f"{_newest_job(arm)}/cancel"


def _restore(arm: httpx.Client) -> str:
    return f"{listed(arm, POINTS)[-1]['id']}/restore"


SCRIPT: tuple[Step, ...] = (
    _put("group", GROUP_ID, {"location": "westeurope"}),
    _put("vm-1", vm_id("vm-1"), vm_body()),
    _put("vm-2", vm_id("vm-2"), vm_body(gigabytes=500, os="Windows")),
    _put("staging", STAGING, {"location": "westeurope", "kind": "StorageV2",
                              "sku": {"name": "Standard_LRS"}}),
    _put("vault", VAULT_ID, {"location": "westeurope"}),
    _advance(until="idle"),
    _put("policy", POLICY_ID, policy_body(days=7)),
    _put("early policy", EARLY, policy_body(at="06:00", days=9, instant=1)),
    _protect("vm-1", POLICY_ID),
    _poll("protection"),
    _protect("vm-2", EARLY),
    Step("back up vm-1", "POST", f"{ITEM_ID}/backup", BACKUP),
    _poll("backup"),
    _advance(to="2026-01-03T12:00:00Z"),
    Step("back up vm-2", "POST", f"{ITEM_2}/backup", BACKUP),
    Step("cancel the backup", "POST", _cancel),
    _advance(until="idle"),
    _put("edited policy", POLICY_ID, policy_body(at="21:00", days=8, instant=1)),
    Step("restore", "POST", _restore, RESTORE),
    _poll("restore"),
    Step("power off vm-1", "POST", f"{vm_id('vm-1')}/powerOff"),
    Step("stop", "PUT", ITEM_ID, STOP),
    _advance(to="2026-01-15T00:00:00Z"),
    Step("resume", "PUT", ITEM_ID, RESUME),
    Step("delete", "DELETE", ITEM_2),
    _advance(to="2026-01-17T00:00:00Z"),
    Step("undelete", "PUT", ITEM_2, UNDELETE),
    _protect("vm-2", EARLY),
    _advance(to="2026-02-20T00:00:00Z"),
    Step("delete again", "DELETE", ITEM_2),
    _advance(to="2026-03-10T00:00:00Z"),
    Step("delete vm-2", "DELETE", vm_id("vm-2")),
    Step("reset", "POST", "/_emulator/reset"),
    _put("group after the reset", GROUP_ID, {"location": "westeurope"}),
)  # fmt: skip


def resolved(step: Step, arm: httpx.Client) -> Step:
    """Return the step with a path that does not depend on what was answered before."""
    return step if isinstance(step.path, str) else replace(step, path=step.path(arm))


@lru_cache
def reader(url: str) -> Engine:
    """Return an engine that keeps no connection: what is killed must find nobody else there."""
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(driver, poolclass=NullPool)


def rows_of(url: str, *tables: Table) -> Rows:
    """Return every row of some tables, or of all."""
    with reader(url).connect() as connection:
        return {
            table.name: sorted(
                (_compared(table.name, row._asdict()) for row in connection.execute(select(table))),
                key=repr,
            )
            for table in tables or metadata.sorted_tables
        }


def _compared(table: str, row: dict[str, Any]) -> dict[str, Any]:
    if table != "world":
        return row
    return {name: value for name, value in row.items() if name not in NOT_COMPARED}


def difference(left: Rows, right: Rows) -> dict[str, tuple[list[Any], list[Any]]]:
    """Return the rows that only one of two worlds holds, by table."""
    found = {
        name: (
            [row for row in left[name] if row not in right[name]],
            [row for row in right[name] if row not in left[name]],
        )
        for name in left
        if left[name] != right[name]
    }
    return {name: rows for name, rows in found.items() if any(rows)}


def told(answer: httpx.Response) -> tuple[int, str]:
    """Return what an answer says, whatever port it came from."""
    address = f"{answer.request.url.scheme}://{answer.request.url.netloc.decode()}"
    return answer.status_code, answer.text.replace(address, "")
