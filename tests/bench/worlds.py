"""Worlds to measure: over HTTP as a user makes them, and in process with thousands of VMs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy import insert

from app.domain.instants import DAY, parse, to_datetime
from app.domain.policies import read_vm
from app.domain.policy_documents import vm_policy
from app.engine import protection, vm_sources
from app.engine.worker import Engine
from app.main import open_world
from app.settings import Settings
from app.store.resource_tables import resource_groups
from app.store.tables import policies, vaults
from app.workloads import azure_vm

START = "2026-01-01T12:00:00Z"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/web"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/web-1"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/safe"
POLICY = f"{VAULT}/backupPolicies/daily"
ITEM = (
    f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;web;web-1"
    "/protectedItems/VM;iaasvmcontainerv2;web;web-1"
)
VERSION = "api-version=2025-04-01"
_AT = ["2026-01-01T22:00:00Z"]
_WINDOW = ["2026-01-01T09:00:00Z"]

Request = tuple[str, str, Any]


def policy(days: int, *, gfs: bool = False) -> dict[str, Any]:
    """Return a daily policy's properties, with weekly to yearly retention if asked for."""
    retention: dict[str, Any] = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": _kept(days, "Days"),
    }
    if gfs:
        first = {"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First"]}
        by_week = {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": first}
        retention["weeklySchedule"] = {"daysOfTheWeek": ["Sunday"], **_kept(12, "Weeks")}
        retention["monthlySchedule"] = {**by_week, **_kept(60, "Months")}
        yearly = {"monthsOfYear": ["January"], **_kept(10, "Years")}
        retention["yearlySchedule"] = {**by_week, **yearly}
    return {
        "backupManagementType": "AzureIaasVM",
        "instantRpRetentionRangeInDays": 2,
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": _AT,
        },
        "retentionPolicy": retention,
        "timeZone": "UTC",
    }


def _kept(count: int, kind: str) -> dict[str, Any]:
    return {"retentionTimes": _AT, "retentionDuration": {"count": count, "durationType": kind}}


def four_policies() -> list[dict[str, Any]]:
    """Return the properties of four: daily to yearly, weekly, and Enhanced hourly and daily."""
    daily, weekly, hourly, enhanced = (policy(30, gfs=each == 0) for each in range(4))
    sunday = {"daysOfTheWeek": ["Sunday"]}
    weekly["schedulePolicy"] |= {
        "scheduleRunFrequency": "Weekly",
        "scheduleRunDays": sunday["daysOfTheWeek"],
    }
    weekly["instantRpRetentionRangeInDays"] = 5
    weekly["retentionPolicy"] = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": sunday | _kept(12, "Weeks"),
    }
    window = {"scheduleWindowStartTime": _WINDOW[0], "scheduleWindowDuration": 12}
    _enhance(hourly, "Hourly", {"interval": 4, **window})
    hourly["retentionPolicy"]["dailySchedule"]["retentionTimes"] = _WINDOW
    _enhance(enhanced, "Daily", {"scheduleRunTimes": _AT})
    return [daily, weekly, hourly, enhanced]


def _enhance(properties: dict[str, Any], frequency: str, schedule: dict[str, Any]) -> None:
    properties["policyType"] = "V2"
    properties["schedulePolicy"] = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": frequency,
        f"{frequency.lower()}Schedule": schedule,
    }


def small_world() -> list[Request]:
    """Return what makes a group, a VM, a vault and a policy that protects the VM."""
    machine = {
        "location": "westeurope",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "imageReference": {
                    "publisher": "Canonical",
                    "offer": "ubuntu-24_04-lts",
                    "sku": "server",
                    "version": "latest",
                },
                "osDisk": {"createOption": "FromImage", "diskSizeGB": 30},
                "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 64}],
            },
            "networkProfile": {"networkInterfaces": []},
        },
    }
    vault = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
    item = {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "policyId": POLICY,
        "sourceResourceId": VM,
    }
    return [
        ("PUT", f"{GROUP}?{VERSION}", {"location": "westeurope"}),
        ("PUT", f"{VM}?{VERSION}", machine),
        ("PUT", f"{VAULT}?{VERSION}", vault),
        ("PUT", f"{POLICY}?{VERSION}", {"properties": policy(30, gfs=True)}),
        ("PUT", f"{ITEM}?{VERSION}", {"properties": item}),
    ]


def settle(client: httpx.Client) -> None:
    """Let everything that was begun come to its end."""
    client.post("/_emulator/clock/advance", json={"until": "idle"}).raise_for_status()


def make_small_world(client: httpx.Client) -> None:
    """Make the small world on a server, and wait until its VM is protected."""
    for method, path, body in small_world():
        client.request(method, path, json=body).raise_for_status()
        settle(client)


def a_job(client: httpx.Client) -> str:
    """Back the VM up now; return the path of the job once it has ended."""
    body = {"properties": {"objectType": "IaasVMBackupRequest"}}
    client.post(f"{ITEM}/backup?{VERSION}", json=body).raise_for_status()
    settle(client)
    jobs = client.get(f"{VAULT}/backupJobs?{VERSION}").raise_for_status().json()["value"]
    backups = [job for job in jobs if job["properties"]["operation"] == "Backup"]
    return str(backups[0]["id"])


def protected(database: str, vms: int, days: int, *, gfs: bool = False) -> Engine:
    """Return a world in this process: so many VMs under one daily policy."""
    return fleet(database, vms, [policy(days, gfs=gfs)])


def fleet(database: str, vms: int, policies_of_it: Sequence[dict[str, Any]]) -> Engine:
    """Return a world in this process: VMs that take turns to be under some policies."""
    start = parse(START)
    engine = open_world(
        Settings(database=database, clock_mode="frozen", start_time=to_datetime(start))
    )
    documents = [vm_policy(properties, None, start) for properties in policies_of_it]
    rules = [read_vm(document) for document in documents]
    with engine.database.writing() as connection:
        connection.execute(insert(resource_groups).values(_GROUP_ROW))
        connection.execute(insert(vaults).values({**_VAULT_ROW, **_born(start)}))
        for key, document in enumerate(documents, 1):
            name = "daily" if key == 1 else f"policy-{key}"
            names = {"key": key, "vault_key": 1, "folded_name": name, "name": name}
            connection.execute(
                insert(policies).values({**names, "document": document, "changed_at": start})
            )
        for number in range(vms):
            rule = rules[number % len(rules)]
            assert rule is not None
            protection.enable(
                connection,
                engine.rules,
                vault_key=1,
                name=azure_vm.name_of("web", f"vm-{number}"),
                source=_source(number),
                policy_key=number % len(rules) + 1,
                policy=rule,
                now=start,
            )
    return engine


def target(days: int) -> int:
    """Return the instant so many days after the start."""
    return parse(START) + days * DAY


_GROUP_ROW: dict[str, Any] = {
    "folded": "/g",
    "id": "/g",
    "subscription": SUBSCRIPTION,
    "name": "web",
    "location": "westeurope",
    "tags": {},
}
_VAULT_ROW: dict[str, Any] = {
    "key": 1,
    "folded": "/v",
    "id": "/v",
    "subscription": SUBSCRIPTION,
    "group_folded": "/g",
    "name": "safe",
    "location": "westeurope",
    "tags": {},
    "sku": {},
    "properties": {},
}


def _born(start: int) -> dict[str, int]:
    return {"created_at": start, "changed_at": start, "provisioned_at": start}


def _source(number: int) -> vm_sources.Source:
    disk = {"lun": -1, "name": "os", "sizeGB": 64, "sku": "Premium_LRS"}
    disk |= {"origin": f"disk-{number}", "content_at": None}
    return vm_sources.Source(
        f"{GROUP}/vm-{number}",
        f"vm-{number}",
        "westeurope",
        True,
        "Linux",
        "Standard_D2s_v5",
        [disk],
    )
