"""azurerm_backup_container_storage_account and azurerm_backup_protected_file_share, call by call.

What the provider sends and reads, as its source of August 2026 has it (terraform-wire 2.7, 2.8).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.wire.builders import SUBSCRIPTION, VAULT_ID, code_of, done, finish, now
from tests.wire.shares import (
    ACCOUNT_ID,
    CONTAINER_ID,
    SHARE_POLICY_ID,
    put_share_policy,
    share_policy,
    share_world,
)

NEW = {"api-version": "2023-02-01"}
OLD = {"api-version": "2021-12-01"}
STORAGE = "backupManagementType eq 'AzureStorage'"


def operation_of(answer: httpx.Response, surface: str) -> str:
    """Read the operation's id from the Location, as the provider does: pairs of key and value."""
    path = urlsplit(answer.headers["location"]).path.strip("/").split("/")
    assert len(path) % 2 == 0, path
    return dict(zip(path[::2], path[1::2], strict=True))[surface]


def wait_for_container(arm: httpx.Client, operation: str) -> None:
    """Succeeded must be seen five times in a row."""
    for _ in range(5):
        status = done(arm.get(f"{VAULT_ID}/backupOperations/{operation}", params=OLD)).json()
        assert status["status"] == "Succeeded"
        assert "error" not in status
        assert status["startTime"].endswith("Z")
        assert status["endTime"].endswith("Z")


def register(arm: httpx.Client) -> None:
    missing = arm.get(CONTAINER_ID, params=NEW)
    assert (missing.status_code, code_of(missing)) == (404, "BMSUserErrorContainerNotFound")
    body = {
        "properties": {
            "containerType": "StorageContainer",
            "backupManagementType": "AzureStorage",
            "friendlyName": "files1",
            "sourceResourceId": ACCOUNT_ID,
        }
    }
    answer = arm.put(CONTAINER_ID, json=body, params=NEW)
    assert answer.status_code == 202
    wait_for_container(arm, operation_of(answer, "operationResults"))
    read = done(arm.get(CONTAINER_ID, params=NEW)).json()["properties"]
    assert read["containerType"] == "StorageContainer"
    assert read["sourceResourceId"] == ACCOUNT_ID


def inquire(arm: httpx.Client) -> None:
    answer = arm.post(f"{CONTAINER_ID}/inquire", params=NEW | {"$filter": STORAGE})
    assert answer.status_code == 202
    operation = operation_of(answer, "operationResults")
    result = arm.get(f"{CONTAINER_ID}/operationResults/{operation}", params=OLD)
    while result.status_code == 202:
        result = arm.get(f"{CONTAINER_ID}/operationResults/{operation}", params=OLD)
    assert result.status_code == 204


def system_name(arm: httpx.Client, share: str) -> str:
    """Return the name that Azure Backup has for a share: of the first page of either list."""
    found = done(arm.get(f"{VAULT_ID}/backupProtectableItems", params=NEW | {"$filter": STORAGE}))
    for each in found.json()["value"]:
        properties = each["properties"]
        assert properties["protectableItemType"] == "AzureFileShare"
        if (properties["friendlyName"], properties["parentContainerFriendlyName"]) == (
            share,
            "files1",
        ):
            return str(each["name"])
    for each in done(arm.get(f"{VAULT_ID}/backupProtectedItems", params=NEW)).json()["value"]:
        properties = each["properties"]
        assert properties["protectedItemType"] == "AzureFileShareProtectedItem"
        if properties["friendlyName"] == share:
            assert properties["sourceResourceId"].lower() == ACCOUNT_ID.lower()
            return str(each["name"])
    raise AssertionError(f"fileshare '{share}' not found in protectable or protected fileshares")


def protect(arm: httpx.Client, policy: str, *, is_new: bool = True) -> str:
    inquire(arm)
    path = f"{CONTAINER_ID}/protectedItems/{system_name(arm, 'share-1')}"
    if is_new:
        assert arm.get(path, params=NEW).status_code == 404
    body: dict[str, Any] = {
        "properties": {
            "protectedItemType": "AzureFileShareProtectedItem",
            "friendlyName": "share-1",
            "policyId": policy,
            "sourceResourceId": ACCOUNT_ID,
            "workloadType": "AzureFileShare",
        }
    }
    finish(arm, arm.put(path, json=body, params=NEW))
    read = done(arm.get(path, params=NEW)).json()["properties"]
    assert read["sourceResourceId"] == ACCOUNT_ID
    assert read["friendlyName"] == "share-1"
    assert read["policyId"] == policy
    return path


def unregister(arm: httpx.Client) -> None:
    answer = arm.delete(CONTAINER_ID, params=NEW)
    assert answer.status_code == 202
    wait_for_container(arm, operation_of(answer, "backupOperationResults"))
    assert arm.get(CONTAINER_ID, params=NEW).status_code == 404


@pytest.fixture
def shares(arm: httpx.Client) -> httpx.Client:
    share_world(arm)
    put_share_policy(arm)
    return arm


def test_a_container_is_registered_read_and_unregistered(shares: httpx.Client) -> None:
    register(shares)
    unregister(shares)


def test_a_share_is_protected_moved_to_another_policy_and_let_go(shares: httpx.Client) -> None:
    register(shares)
    path = protect(shares, SHARE_POLICY_ID)
    other = f"{VAULT_ID}/backupPolicies/others"
    done(shares.put(other, json=share_policy(days=9)))
    assert protect(shares, other, is_new=False).lower() == path.lower()
    finish(shares, shares.delete(path, params=NEW))
    unregister(shares)


def test_what_was_soft_deleted_is_in_the_way_of_the_next_creation(shares: httpx.Client) -> None:
    register(shares)
    path = protect(shares, SHARE_POLICY_ID)
    finish(shares, shares.delete(path, params=NEW))
    inquire(shares)
    assert system_name(shares, "share-1").lower() == path.rpartition("/")[2].lower()
    left = done(shares.get(path, params=NEW)).json()["properties"]
    assert left["isScheduledForDeferredDelete"]


def test_no_operation_takes_longer_than_the_timeout_of_a_read(shares: httpx.Client) -> None:
    began = now(shares)
    register(shares)
    assert (began[:10], now(shares)[:16]) == ("2026-01-01", "2026-01-01T00:00")
    assert SUBSCRIPTION in CONTAINER_ID
