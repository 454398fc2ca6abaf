"""Deleted vaults: remembered, undeleted with their items, and gone with the last of these."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POLICY_ID,
    RESUME,
    ROOT,
    SUBSCRIPTION,
    UNDELETE,
    VAULT_ID,
    Served,
    advance,
    delete_item,
    done,
    finish,
    item,
    item_body,
    item_id,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    times,
    vm_id,
)
from tests.wire.databases import CONTAINER_PATH, registration
from tests.wire.protected_databases import (
    SALES,
    back_up_database,
    database_body,
    points,
    sql_world,
)
from tests.wire.shares import (
    CONTAINER_ID,
    container_body,
    protect_share,
    put_share_policy,
    share_item_body,
    share_world,
)
from tests.wire.shares import register as register_account
from tests.wire.test_resource_graph import AZ, ask

DELETED = f"{LOCATION_ID}/deletedVaults"
TODAY = {"api-version": "2026-10-01"}
OTHER_GROUP = f"{ROOT}/resourceGroups/group-2"


@pytest.fixture
def backed_up(protected: httpx.Client) -> httpx.Client:
    """A client of a world whose item has three recovery points, at 2026-01-04T00:00:00Z."""
    advance(protected, to="2026-01-04T00:00:00Z")
    return protected


def drop(arm: httpx.Client, vault: str = VAULT_ID) -> dict[str, Any]:
    """Delete a vault at the instant it is, and return the entry that is new."""
    before = {each["id"] for each in listed(arm, DELETED)}
    done(arm.delete(vault))
    (found,) = [each for each in listed(arm, DELETED) if each["id"] not in before]
    return found


def undelete(arm: httpx.Client, deleted: dict[str, Any], group: str = GROUP_ID) -> httpx.Response:
    body = {"properties": {"recoveryResourceGroupId": group}}
    return arm.post(f"{deleted['id']}/undelete", json=body, params=TODAY)


# --- remembered --------------------------------------------------------------------------


def test_a_vault_with_soft_deleted_items_is_listed_until_they_are_purged(
    backed_up: httpx.Client,
) -> None:
    backed_up.delete(ITEM_ID)
    advance(backed_up, by="P2D")
    deleted = drop(backed_up)
    group, _, guid = deleted["name"].partition("_")
    assert (group, len(guid)) == ("group-1", 36)
    assert deleted == {
        "id": f"{DELETED}/{deleted['name']}",
        "name": deleted["name"],
        "type": "Microsoft.RecoveryServices/locations/deletedVaults",
        "location": "westeurope",
        "properties": {
            "vaultId": VAULT_ID,
            "vaultDeletionTime": "2026-01-06T00:00:00Z",
            "purgeAt": "2026-01-18T00:00:00Z",
        },
    }
    assert done(backed_up.get(deleted["id"].upper())).json() == deleted


def test_the_last_purge_of_its_items_is_that_of_the_vault(backed_up: httpx.Client) -> None:
    put_vm(backed_up, "vm-2")
    protect(backed_up, "vm-2")
    delete_item(backed_up)
    advance(backed_up, to="2026-01-05T12:00:00Z")
    done(backed_up.delete(item_id("vm-2")))
    assert drop(backed_up)["properties"]["purgeAt"] == "2026-01-19T12:00:00Z"


def test_an_empty_vault_is_purged_as_it_is_deleted_and_stays_listed(vault: httpx.Client) -> None:
    now = done(vault.get("/_emulator/clock")).json()["now"]
    deleted = drop(vault)
    assert deleted["properties"]["vaultDeletionTime"] == deleted["properties"]["purgeAt"] == now
    advance(vault, by="P400D")
    assert listed(vault, DELETED) == [deleted]
    assert refused(undelete(vault, deleted)) == (409, "BMSUserErrorDeletedVaultPurged")


def test_deleted_vaults_are_listed_by_region_and_subscription(vault: httpx.Client) -> None:
    drop(vault)
    assert listed(vault, DELETED.replace("westeurope", "northeurope")) == []
    assert len(listed(vault, DELETED.replace("westeurope", "West Europe"))) == 1
    other = DELETED.replace("11111111-2222", "99999999-2222")
    assert listed(vault, other) == []


def test_several_deleted_vaults_of_one_name_are_told_apart(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    found = [drop(backed_up)]
    for _ in range(3):
        put_vault(backed_up)
        found.append(drop(backed_up))
    assert len({each["name"] for each in found}) == 4
    assert {each["properties"]["vaultId"] for each in found} == {VAULT_ID}
    finish(backed_up, undelete(backed_up, found[0]))
    assert item(backed_up)["isScheduledForDeferredDelete"] is True
    assert len(listed(backed_up, DELETED)) == 3


def test_the_list_of_deleted_vaults_has_pages(vault: httpx.Client) -> None:
    names = {drop(vault)["name"]}
    for _ in range(2):
        put_vault(vault)
        names.add(drop(vault)["name"])
    first = done(vault.get(DELETED, params={"$top": "2"})).json()
    assert {each["name"] for each in first["value"]} <= names


# --- undeleted ---------------------------------------------------------------------------


def test_undelete_brings_the_vault_back_as_it_was(backed_up: httpx.Client) -> None:
    identity = {"type": "SystemAssigned"}
    done(backed_up.patch(VAULT_ID, json={"tags": {"env": "test"}, "identity": identity}))
    delete_item(backed_up)
    before = done(backed_up.get(VAULT_ID)).json()
    policies = listed(backed_up, f"{VAULT_ID}/backupPolicies")
    jobs = listed(backed_up, f"{VAULT_ID}/backupJobs")
    points = times(backed_up)
    deleted = drop(backed_up)
    advance(backed_up, by="P10D")
    answer = undelete(backed_up, deleted)
    assert answer.status_code == 202
    path = f"{deleted['id']}/operations/"
    for header in ("azure-asyncoperation", "location"):
        assert path in answer.headers[header]
    finish(backed_up, answer)
    after = done(backed_up.get(VAULT_ID)).json()
    assert after | {"etag": ""} == before | {"etag": ""}
    assert listed(backed_up, f"{VAULT_ID}/backupPolicies") == policies
    assert listed(backed_up, f"{VAULT_ID}/backupJobs") == jobs
    assert listed(backed_up, DELETED) == []
    assert refused(backed_up.get(deleted["id"])) == (404, "ResourceNotFound")
    assert item(backed_up)["isScheduledForDeferredDelete"] is True
    finish(backed_up, backed_up.put(ITEM_ID, json=UNDELETE))
    assert times(backed_up) == points
    finish(backed_up, backed_up.put(ITEM_ID, json=RESUME))
    assert item(backed_up)["protectionState"] == "Protected"


def test_undelete_is_possible_until_the_last_instant(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    deleted = drop(backed_up)
    advance(backed_up, to="2026-01-17T23:59:59.999999Z")
    assert undelete(backed_up, deleted).status_code == 202
    done(backed_up.put(ITEM_ID, json=UNDELETE))
    advance(backed_up, by="P30D")
    assert len(times(backed_up)) == 3


def test_a_vault_is_purged_on_the_dot(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    deleted = drop(backed_up)
    advance(backed_up, to="2026-01-18T00:00:00Z")
    assert refused(undelete(backed_up, deleted)) == (409, "BMSUserErrorDeletedVaultPurged")
    assert listed(backed_up, DELETED) == [deleted]


def test_a_vault_whose_name_is_taken_comes_back_in_another_group(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    deleted = drop(backed_up)
    put_vault(backed_up)
    assert refused(undelete(backed_up, deleted)) == (409, "BMSUserErrorVaultNameTaken")
    assert listed(backed_up, DELETED) == [deleted]
    put_group(backed_up, OTHER_GROUP)
    finish(backed_up, undelete(backed_up, deleted, OTHER_GROUP))
    there = VAULT_ID.replace("group-1", "group-2")
    assert done(backed_up.get(there)).json()["id"] == there
    assert item(backed_up, item_id(vault=there))["isScheduledForDeferredDelete"] is True
    assert refused(backed_up.get(ITEM_ID)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert [each["id"] for each in listed(backed_up, f"{ROOT}/resources")].count(there) == 1


def test_a_vault_that_went_with_its_group_needs_a_group_again(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    done(backed_up.delete(GROUP_ID))
    advance(backed_up, until="idle")
    (deleted,) = listed(backed_up, DELETED)
    assert refused(undelete(backed_up, deleted)) == (404, "ResourceGroupNotFound")
    put_group(backed_up)
    finish(backed_up, undelete(backed_up, deleted))
    done(backed_up.get(VAULT_ID))


@pytest.mark.parametrize(
    "group",
    [
        "",
        "group-1",
        f"{GROUP_ID}/x",
        "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/group-1",
    ],
)
def test_the_group_to_come_back_to_is_named_by_its_id(backed_up: httpx.Client, group: str) -> None:
    delete_item(backed_up)
    deleted = drop(backed_up)
    answer = undelete(backed_up, deleted, group)
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert "recoveryResourceGroupId" in answer.json()["error"]["message"]


def test_a_deleted_vault_that_never_was_is_not_found(vault: httpx.Client) -> None:
    nobody = {"id": f"{DELETED}/group-1_00000000-0000-0000-0000-000000000000"}
    assert refused(vault.get(nobody["id"])) == (404, "ResourceNotFound")
    assert refused(undelete(vault, nobody)) == (404, "ResourceNotFound")
    status = vault.get(f"{nobody['id']}/operations/{'0' * 8}-0000-0000-0000-{'0' * 12}")
    assert refused(status) == (404, "OperationNotFound")


def test_a_vm_that_another_vault_protects_by_now_stays_with_it(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    deleted = drop(backed_up)
    other = VAULT_ID.replace("vault-1", "vault-2")
    put_vault(backed_up, other)
    protect(backed_up, policy=f"{other}/backupPolicies/DefaultPolicy")
    finish(backed_up, undelete(backed_up, deleted))
    assert item(backed_up, item_id(vault=other))["protectionState"] == "IRPending"
    answer = backed_up.put(ITEM_ID, json=UNDELETE)
    assert refused(answer) == (409, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")


def test_containers_come_back_soft_deleted_with_their_vault(arm: httpx.Client) -> None:
    """A server and an account that another vault registered meanwhile are its own until then."""
    sql_world(arm)
    back_up_database(arm)
    share_world(arm)
    register_account(arm)
    put_share_policy(arm)
    share = protect_share(arm)
    for path in (SALES, share):
        delete_item(arm, path)
    refusal = arm.delete(VAULT_ID)
    assert refused(refusal) == (400, "ServiceResourceNotEmptyWithContainerDetails")
    assert "sql-1" in refusal.text
    assert "files1" in refusal.text
    containers = {CONTAINER_PATH: registration(), CONTAINER_ID: container_body()}
    for path in containers:
        finish(arm, arm.delete(path))
    deleted = drop(arm)
    elsewhere = VAULT_ID.replace("vault-1", "vault-2")
    put_vault(arm, elsewhere)
    for path, body in containers.items():
        finish(arm, arm.put(path.replace(VAULT_ID, elsewhere), json=body))
    finish(arm, undelete(arm, deleted))
    for kind in ("AzureWorkload", "AzureStorage"):
        query = {"$filter": f"backupManagementType eq '{kind}'"}
        assert listed(arm, f"{VAULT_ID}/backupProtectionContainers", **query) == []
        [found] = listed(arm, f"{VAULT_ID}/backupDeletedProtectionContainers", **query)
        assert found["properties"]["registrationStatus"] == "SoftDeleted"
    back = {
        SALES: database_body(isRehydrate=True),
        share: share_item_body(isRehydrate=True),
    }
    taken = (409, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    for path, body in containers.items():
        assert refused(arm.put(path, json=body)) == taken
    for path, body in back.items():
        assert refused(arm.put(path, json=body)) == (409, "BMSUserErrorContainerNotRegistered")
    for path, body in containers.items():
        finish(arm, arm.delete(path.replace(VAULT_ID, elsewhere)))
        finish(arm, arm.put(path, json=body))
    for path, body in back.items():
        finish(arm, arm.put(path, json=body))
        assert item(arm, path)["protectionState"] == "ProtectionStopped"
    assert len(points(arm)) == 1


def test_an_undeleted_vault_may_be_deleted_again(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    for _ in range(2):
        finish(backed_up, undelete(backed_up, drop(backed_up)))
    again = drop(backed_up)
    assert listed(backed_up, DELETED) == [again]


def test_azs_query_finds_the_items_of_a_deleted_vault(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    deleted = drop(backed_up)
    in_options = {"options": {"subscriptions": [SUBSCRIPTION]}}
    (found,) = ask(backed_up, AZ % deleted["name"], **in_options)
    assert found["id"].startswith(f"{deleted['id']}/backupFabrics/Azure/protectionContainers/")
    assert found["dataSourceType"] == "AzureIaasVM/VM"
    finish(backed_up, undelete(backed_up, deleted))
    assert ask(backed_up, AZ % deleted["name"], **in_options) == []


# --- as it was before 2025 ---------------------------------------------------------------


def test_the_older_service_refuses_a_vault_with_soft_deleted_items(serve: Served) -> None:
    arm = serve(vault_soft_delete="off")
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    delete_item(arm)
    answer = arm.delete(VAULT_ID)
    assert refused(answer) == (400, "ServiceResourceNotEmptyWithBackendMessage")
    assert "backup items still present in soft delete state" in answer.json()["error"]["message"]
    answer = arm.delete(GROUP_ID)
    assert answer.status_code == 409
    assert "soft delete state: vm-1" in answer.text
    advance(arm, by="P14D")
    drop(arm)
    assert refused(arm.get(VAULT_ID)) == (404, "ResourceNotFound")


# --- clean-up code of clients ------------------------------------------------------------


def test_terraforms_purge_on_destroy_deletes_what_is_soft_deleted_too(
    backed_up: httpx.Client,
) -> None:
    """Its purge_protected_items_from_vault_on_destroy lists without a filter and deletes each."""
    put_vm(backed_up, "vm-2")
    protect(backed_up, "vm-2")
    delete_item(backed_up)
    found = listed(backed_up, f"{VAULT_ID}/backupProtectedItems")
    assert [each["properties"]["friendlyName"] for each in found] == ["vm-1", "vm-2"]
    for each in found:
        answer = backed_up.delete(each["id"], params={"api-version": "2023-02-01"})
        assert answer.status_code in (200, 202, 204)
        advance(backed_up, until="idle")
    assert backed_up.delete(VAULT_ID, params={"api-version": "2024-01-01"}).status_code == 200
    assert refused(backed_up.get(VAULT_ID)) == (404, "ResourceNotFound")


def test_terraform_recovers_what_it_finds_soft_deleted_and_protects_it(
    backed_up: httpx.Client,
) -> None:
    delete_item(backed_up)
    assert item(backed_up)["isScheduledForDeferredDelete"] is True
    rehydrate = item_body(isRehydrate=True, sourceResourceId=vm_id())
    finish(backed_up, backed_up.put(ITEM_ID, json=rehydrate))
    normal = item_body(policyId=POLICY_ID, sourceResourceId=vm_id(), workloadType="VM")
    finish(backed_up, backed_up.put(ITEM_ID, json=normal))
    found = item(backed_up)
    assert (found["protectionState"], found["policyId"]) == ("Protected", POLICY_ID)
