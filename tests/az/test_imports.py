"""What az prints of an estate becomes a world, which az then sees as it saw the estate."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.worlds.importing import Import
from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION
from tests.wire.builders import done
from tests.worlds_of import small

pytestmark = pytest.mark.az

VAULT = "-g web -v safe"
LISTS = (
    "backup vault list",
    f"backup policy list {VAULT}",
    f"backup item list {VAULT}",
    f"backup container list {VAULT} --backup-management-type AzureIaasVM",
)


def estate() -> dict[str, Any]:
    """Return a world with VMs, one of them stopped, a share and a database."""
    document = small()
    [group] = document["resourceGroups"]
    group["virtualMachines"].append(
        {"name": "sql-1", "os": "Windows", "databases": [{"engine": "SQL", "databases": ["crm"]}]}
    )
    [vault] = group["vaults"]
    vault["softDelete"] = {"retentionDays": 30}
    vault["protectedItems"] += [
        {"virtualMachine": "idle", "since": "P5D", "state": "ProtectionStopped"},
        {
            "database": {"virtualMachine": "sql-1", "name": "crm"},
            "policy": "HourlyLogBackup",
            "since": "P5D",
        },
    ]
    return document


def test_lists_of_az_become_a_world_that_az_lists_alike(az: Az, arm: httpx.Client) -> None:
    done(arm.post(f"/_emulator/seed?subscription={SUBSCRIPTION}", json=estate()))
    before = {command: az(command) for command in LISTS}
    found = Import()
    for command, printed in before.items():
        found.read(command, json.dumps(printed).encode())
    document = found.document()
    assert all("az does not tell" in each for each in found.left_out)

    done(arm.post("/_emulator/reset"))
    done(arm.post("/_emulator/seed", json=document))
    after = {command: az(command) for command in LISTS}
    for command in LISTS:
        assert [each["id"] for each in after[command]] == [each["id"] for each in before[command]]
    [vault] = after[LISTS[0]]
    soft = vault["properties"]["securitySettings"]["softDeleteSettings"]
    assert soft["softDeleteRetentionPeriodInDays"] == 30
    assert [_told(each) for each in after[LISTS[1]]] == [_told(each) for each in before[LISTS[1]]]
    assert [_state(each) for each in after[LISTS[2]]] == [_state(each) for each in before[LISTS[2]]]


def _told(policy: dict[str, Any]) -> Any:
    properties = policy["properties"]
    return (
        properties["schedulePolicy"] if "schedulePolicy" in properties else properties["settings"]
    )


def _state(item: dict[str, Any]) -> tuple[str, str]:
    properties = item["properties"]
    return properties["friendlyName"], properties["policyName"]
