"""What the tests of file shares build worlds from: an account, shares, policies, and the steps
that lead to a protected share."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    FABRIC_ID,
    GROUP_ID,
    VAULT_ID,
    done,
    finish,
    listed,
    put_group,
    put_storage,
    put_vault,
)

ACCOUNT_ID = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/files1"
CONTAINER_ID = f"{FABRIC_ID}/protectionContainers/StorageContainer;storage;group-1;files1"
SHARE_POLICY_ID = f"{VAULT_ID}/backupPolicies/shares"
STORAGE = {"$filter": "backupManagementType eq 'AzureStorage'"}
CONTAINERS = f"{VAULT_ID}/backupProtectionContainers"
PROTECTABLE = f"{VAULT_ID}/backupProtectableItems"
LOCK_ID = f"{ACCOUNT_ID}/providers/Microsoft.Authorization/locks/AzureBackupProtectionLock"
TIMES = ["2026-01-01T22:00:00Z"]


def put_share(arm: httpx.Client, share: str = "share-1", **properties: Any) -> None:
    path = f"{ACCOUNT_ID}/fileServices/default/shares/{share}"
    done(arm.put(path, json={"properties": {"shareQuota": 100} | properties}))


def share_world(arm: httpx.Client, *shares: str) -> None:
    """Build a group, a vault, and a storage account with shares in it."""
    put_group(arm)
    put_vault(arm)
    put_storage(arm, ACCOUNT_ID)
    for share in shares or ("share-1",):
        put_share(arm, share)


def kept(days: int) -> dict[str, Any]:
    duration = {"count": days, "durationType": "Days"}
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {"retentionTimes": TIMES, "retentionDuration": duration},
    }


def share_policy(days: int = 5, snapshots: int | None = None) -> dict[str, Any]:
    """Return a daily policy: of snapshots alone, or vaulted with ``snapshots`` days of them."""
    retention: dict[str, Any] = {"retentionPolicy": kept(days)}
    if snapshots is not None:
        vault = {"snapshotRetentionInDays": snapshots, "vaultRetention": kept(days)}
        retention = {"vaultRetentionPolicy": vault}
    return {
        "properties": {
            "backupManagementType": "AzureStorage",
            "workLoadType": "AzureFileShare",
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": TIMES,
            },
            **retention,
            "timeZone": "UTC",
        }
    }


def put_share_policy(arm: httpx.Client, policy: str = SHARE_POLICY_ID, **how: Any) -> None:
    done(arm.put(policy, json=share_policy(**how)))


def container_body(account: str = ACCOUNT_ID, **properties: Any) -> dict[str, Any]:
    sent = {
        "containerType": "StorageContainer",
        "backupManagementType": "AzureStorage",
        "sourceResourceId": account,
        "friendlyName": account.rpartition("/")[2],
    }
    return {"properties": sent | properties}


def register(arm: httpx.Client, **properties: Any) -> httpx.Response:
    answer = arm.put(CONTAINER_ID, json=container_body(**properties))
    return finish(arm, answer)


def protectable(arm: httpx.Client) -> list[dict[str, Any]]:
    return listed(arm, PROTECTABLE, **STORAGE)


def share_item_id(arm: httpx.Client, share: str = "share-1") -> str:
    """Return the path of the item of a share that is not protected yet."""
    [name] = [each["name"] for each in protectable(arm) if share in each["properties"].values()]
    return f"{CONTAINER_ID}/protectedItems/{name}"


def share_item_body(**properties: Any) -> dict[str, Any]:
    sent = {"protectedItemType": "AzureFileShareProtectedItem", "sourceResourceId": ACCOUNT_ID}
    return {"properties": sent | properties}


def protect_share(arm: httpx.Client, share: str = "share-1", policy: str = SHARE_POLICY_ID) -> str:
    """Protect a share that is known, and return the path of its item."""
    path = share_item_id(arm, share)
    finish(arm, arm.put(path, json=share_item_body(policyId=policy)))
    return path
