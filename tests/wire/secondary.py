"""What the tests of the secondary region build worlds from, and how they ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    RESTORE,
    ROOT,
    STORAGE_ID,
    VAULT_ID,
    advance,
    back_up,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    vm_body,
    vm_id,
)

REGION = "northeurope"
"""The pair of West Europe, where the vault is."""
FAR = f"{ROOT}/providers/Microsoft.RecoveryServices/locations/{REGION}"
ITEMS = f"{VAULT_ID}/backupProtectedItems"
TARGET = f"{ROOT}/resourceGroups/restored"
STAGING = STORAGE_ID.replace("staging", "farstaging")
NETWORK = f"{TARGET}/providers/Microsoft.Network/virtualNetworks/far-net"
DISKS = f"{TARGET}/providers/Microsoft.Compute/disks"
OPTED_IN = {
    "redundancySettings": {
        "standardTierStorageRedundancy": "GeoRedundant",
        "crossRegionRestore": "Enabled",
    }
}
INVALID = "BMSUserErrorInvalidInput"


def put_vault_with_vm(arm: httpx.Client, **vm: Any) -> None:
    """Build a vault that has opted in, and a VM in it under a daily policy at 22:00."""
    put_group(arm)
    put_vault(arm, properties=OPTED_IN)
    put_policy(arm)
    advance(arm, until="idle")
    done(arm.put(vm_id(), json=vm_body() | vm))
    protect(arm)


def put_targets(arm: httpx.Client, location: str = REGION) -> None:
    """Put what a restore goes to: a group, a storage account, a network."""
    put_group(arm, TARGET)
    put_storage(arm, STAGING, location=location)
    subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    done(arm.put(NETWORK, json={"location": location, "properties": space}))


def replicated(arm: httpx.Client, **vm: Any) -> dict[str, Any]:
    """Build a world whose VM has one point in the secondary region, and return it."""
    put_vault_with_vm(arm, **vm)
    put_targets(arm)
    advance(arm, until={"job": back_up(arm)})
    advance(arm, by="PT48H")
    found = listed(arm, f"{POINTS}/")
    return found[-1]


def aad(arm: httpx.Client, region: str = FAR) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(f"{region}/backupAadProperties")).json()
    return found


def ask_token(
    arm: httpx.Client, point: str, body: Mapping[str, Any] | None = None, item: str = ITEM_ID
) -> httpx.Response:
    path = f"{item}/recoveryPoints/{point}/accessToken"
    return arm.post(path, json=aad(arm) if body is None else body)


def token(arm: httpx.Client, point: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = done(ask_token(arm, point["name"])).json()["properties"]
    return found


def request(**more: Any) -> dict[str, Any]:
    """Return a request for the restore of disks in the secondary region; None leaves one out."""
    sent = RESTORE["properties"] | {
        "region": REGION,
        "storageAccountId": STAGING,
        "targetResourceGroupId": TARGET,
    }
    return {name: value for name, value in (sent | more).items() if value is not None}


def new_vm() -> dict[str, Any]:
    return {
        "recoveryType": "AlternateLocation",
        "targetVirtualMachineId": f"{TARGET}/providers/Microsoft.Compute/virtualMachines/copy-1",
        "virtualNetworkId": NETWORK,
        "subnetId": f"{NETWORK}/subnets/default",
    }


def trigger(
    arm: httpx.Client, details: Mapping[str, Any], at: str = FAR, **more: Any
) -> httpx.Response:
    sent = {"crossRegionRestoreAccessDetails": details, "restoreRequest": request(**more)}
    return arm.post(f"{at}/backupCrossRegionRestore", json=sent)


def job_of(arm: httpx.Client, answer: httpx.Response) -> str:
    """Return the job of a restore that was begun."""
    assert answer.status_code == 202, answer.text
    status = done(arm.get(answer.headers["azure-asyncoperation"])).json()
    return str(status["properties"]["jobId"])


def ask_job(arm: httpx.Client, name: str) -> httpx.Response:
    return arm.post(f"{FAR}/backupCrrJob", json={"resourceId": VAULT_ID, "jobName": name})


def jobs(arm: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = arm.post(f"{FAR}/backupCrrJobs", json={"resourceId": VAULT_ID}, params=query)
    found: list[dict[str, Any]] = done(answer).json()["value"]
    return found


def restored(arm: httpx.Client, point: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Restore a point in the secondary region to the end, and return the disks of the target."""
    name = job_of(arm, trigger(arm, token(arm, point), **more))
    found = done(ask_job(arm, name)).json()["properties"]
    assert found["status"] == "Completed", found
    return listed(arm, DISKS)


def refusal_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("target", "")
