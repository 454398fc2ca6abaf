"""What the tests over the wire build worlds from: names, ids, bodies, and the requests that send
them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

Served = Callable[..., httpx.Client]
"""Starts a server with options of its own and returns a client of it."""

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUP_ID = f"{ROOT}/resourceGroups/group-1"
VAULT_ID = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-1"
POLICY_ID = f"{VAULT_ID}/backupPolicies/daily"
HOURLY_ID = f"{VAULT_ID}/backupPolicies/hourly"
LOCATION_ID = f"{ROOT}/providers/Microsoft.RecoveryServices/locations/westeurope"
FABRIC_ID = f"{VAULT_ID}/backupFabrics/Azure"
VM_TYPE = "Microsoft.Compute/virtualMachines"
REQUEST_IDS = (
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "x-ms-routing-request-id",
    "date",
)
"""Headers that differ from one request to the next, whatever is asked."""


def vm_id(vm: str = "vm-1") -> str:
    return f"{GROUP_ID}/providers/{VM_TYPE}/{vm}"


def container_id(vm: str = "vm-1", vault: str = VAULT_ID) -> str:
    short = f"iaasvmcontainerv2;group-1;{vm.lower()}"
    return f"{vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{short}"


def item_id(vm: str = "vm-1", vault: str = VAULT_ID) -> str:
    short = f"iaasvmcontainerv2;group-1;{vm.lower()}"
    return f"{container_id(vm, vault)}/protectedItems/VM;{short}"


ITEM_ID = item_id()
POINTS = f"{ITEM_ID}/recoveryPoints"


def vm_body(*, gigabytes: int = 30, os: str = "Linux") -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {
                "osDisk": {"createOption": "FromImage", "diskSizeGB": gigabytes, "osType": os},
                "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8}],
            },
        },
    }


def policy_body(
    *, at: str = "22:00", days: int = 30, instant: int | None = 2, **more: Any
) -> dict[str, Any]:
    times = [f"2026-01-01T{at}:00Z"]
    properties: dict[str, Any] = {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": times,
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": times,
                "retentionDuration": {"count": days, "durationType": "Days"},
            },
        },
    }
    if instant is not None:
        properties["instantRpRetentionRangeInDays"] = instant
    return {"properties": properties | more}


def item_body(**properties: Any) -> dict[str, Any]:
    return {"properties": {"protectedItemType": VM_TYPE, **properties}}


STOP = item_body(protectionState="ProtectionStopped", policyId="")
SUSPEND = item_body(protectionState="BackupsSuspended", policyId="")
UNDELETE = item_body(protectionState="ProtectionStopped", policyId="", isRehydrate=True)
RESUME = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())
STORAGE_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/staging"
RESTORE = {
    "properties": {
        "objectType": "IaasVMRestoreRequest",
        "recoveryType": "RestoreDisks",
        "region": "westeurope",
        "sourceResourceId": vm_id(),
        "targetResourceGroupId": GROUP_ID,
        "storageAccountId": STORAGE_ID,
    }
}


def done(answer: httpx.Response) -> httpx.Response:
    """Return an answer that is no refusal."""
    assert answer.is_success, (answer.request.method, answer.request.url, answer.text)
    return answer


def put_group(arm: httpx.Client, group: str = GROUP_ID) -> None:
    done(arm.put(group, json={"location": "westeurope"}))


def put_vm(arm: httpx.Client, vm: str = "vm-1", **body: Any) -> None:
    done(arm.put(vm_id(vm), json=vm_body(**body)))


def put_storage(arm: httpx.Client, account: str = STORAGE_ID, **body: Any) -> None:
    """Create the storage account that restores are staged in."""
    sent = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}} | body
    done(arm.put(account, json=sent))


def put_user_identity(arm: httpx.Client, identity_id: str) -> None:
    done(arm.put(identity_id, json={"location": "westeurope"}))


def put_vault(arm: httpx.Client, vault: str = VAULT_ID, **body: Any) -> dict[str, Any]:
    answer = done(arm.put(vault, json={"location": "westeurope", **body}))
    found: dict[str, Any] = answer.json()
    return found


def put_policy(arm: httpx.Client, policy: str = POLICY_ID, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.put(policy, json=policy_body(**body))).json()
    return found


def put_hourly(
    arm: httpx.Client,
    start: str = "08:00",
    interval: int = 4,
    hours: int = 12,
    instant: int = 2,
    **more: Any,
) -> dict[str, Any]:
    """Put an Enhanced policy that runs several times a day, and return its properties."""
    at = f"2026-01-01T{start}:00Z"
    properties = {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": interval,
                "scheduleWindowStartTime": at,
                "scheduleWindowDuration": hours,
            },
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": [at],
                "retentionDuration": {"count": 30, "durationType": "Days"},
            },
        },
        "instantRpRetentionRangeInDays": instant,
        "timeZone": "UTC",
    }
    answer = done(arm.put(HOURLY_ID, json={"properties": properties | more}))
    found: dict[str, Any] = answer.json()["properties"]
    return found


def protect(arm: httpx.Client, vm: str = "vm-1", policy: str = POLICY_ID) -> httpx.Response:
    """Protect a VM in the vault of its policy, and wait until Azure would be done."""
    vault = policy.partition("/backupPolicies/")[0]
    body = item_body(policyId=policy, sourceResourceId=vm_id(vm))
    return finish(arm, arm.put(item_id(vm, vault), json=body))


def finish(arm: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Poll an operation once; the clock leaps to its end (skip-on-wait finish)."""
    done(answer)
    status = done(arm.get(answer.headers["azure-asyncoperation"]))
    assert status.json()["status"] == "Succeeded", status.text
    return answer


def back_up(arm: httpx.Client, item: str = ITEM_ID, until: str | None = None) -> str:
    """Start a backup and return the id of its job, which then still runs."""
    properties: dict[str, Any] = {"objectType": "IaasVMBackupRequest"}
    if until is not None:
        properties["recoveryPointExpiryTimeInUTC"] = until
    return job_of(arm, arm.post(f"{item}/backup", json={"properties": properties}))


def job_of(arm: httpx.Client, answer: httpx.Response) -> str:
    """Return the id of the job that an answered request has started."""
    done(answer)
    status = done(arm.get(answer.headers["azure-asyncoperation"])).json()
    return str(status["properties"]["jobId"])


def job(arm: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(f"{VAULT_ID}/backupJobs/{job_id}")).json()["properties"]
    return found


def item(arm: httpx.Client, path: str = ITEM_ID) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(path)).json()["properties"]
    return found


def listed(arm: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    """Return a list's every entry, page by page."""
    answer = done(arm.get(path, params=query)).json()
    found: list[dict[str, Any]] = answer["value"]
    while "nextLink" in answer:
        answer = done(arm.get(answer["nextLink"])).json()
        found += answer["value"]
    return found


def times(arm: httpx.Client, path: str = POINTS) -> list[str]:
    """Return the instants of an item's recovery points, newest first."""
    return [point["properties"]["recoveryPointTime"] for point in listed(arm, path)]


def tiers(point: dict[str, Any]) -> dict[str, str]:
    details = point["properties"]["recoveryPointTierDetails"]
    return {tier["type"]: tier["status"] for tier in details}


def delete_item(arm: httpx.Client, path: str = ITEM_ID) -> httpx.Response:
    return finish(arm, arm.delete(path))


def advance(arm: httpx.Client, **how: Any) -> str:
    """Move the clock and return the time."""
    return str(done(arm.post("/_emulator/clock/advance", json=how)).json()["now"])


def now(arm: httpx.Client) -> str:
    return str(done(arm.get("/_emulator/clock")).json()["now"])


def set_clock(arm: httpx.Client, **change: Any) -> None:
    done(arm.patch("/_emulator/clock", json=change))


def code_of(answer: httpx.Response) -> str:
    """Return the code of a refusal, which has ARM's envelope and nothing besides it."""
    assert answer.headers["content-type"] == "application/json; charset=utf-8", answer.text
    body = answer.json()
    assert list(body) == ["error"], body
    assert set(body["error"]) <= {"code", "message", "target", "details"}, body
    assert body["error"]["message"], body
    return str(body["error"]["code"])


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the error of a refusal that has this status."""
    assert answer.status_code == status, answer.text
    return dict(answer.json()["error"])


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return a refusal's status and code."""
    return answer.status_code, code_of(answer)
