"""Resource groups, subscriptions and regions over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
GROUPS = f"{ROOT}/resourceGroups"
VM = {
    "location": "westeurope",
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v3"},
        "storageProfile": {"osDisk": {"createOption": "FromImage"}},
    },
}


def put_group(arm: httpx.Client, name: str, **body: Any) -> httpx.Response:
    return arm.put(f"{GROUPS}/{name}", json={"location": "westeurope", **body})


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


# --- the group itself --------------------------------------------------------------------


def test_a_group_is_created_once_and_then_replaced(arm: httpx.Client) -> None:
    first = put_group(arm, "Group-A", tags={"env": "test"})
    second = put_group(arm, "group-a")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {
        "id": f"{GROUPS}/Group-A",
        "name": "Group-A",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "tags": {"env": "test"},
        "properties": {"provisioningState": "Succeeded"},
    }
    assert second.json()["name"] == "Group-A"
    assert "tags" not in second.json()


def test_a_group_is_found_in_any_casing_and_spelled_in_one(arm: httpx.Client) -> None:
    put_group(arm, "Group-A")
    found = arm.get(f"/SUBSCRIPTIONS/{SUBSCRIPTION}//resourcegroups/GROUP-a/")
    assert found.json()["id"] == f"{GROUPS}/Group-A"


def test_the_location_may_be_written_as_people_write_it(arm: httpx.Client) -> None:
    assert put_group(arm, "group-a", location="East US 2").json()["location"] == "eastus2"


def test_the_existence_of_a_group_is_answered_without_a_body(arm: httpx.Client) -> None:
    put_group(arm, "group-a")
    found, missing = arm.head(f"{GROUPS}/group-a"), arm.head(f"{GROUPS}/group-b")
    assert (found.status_code, found.content) == (204, b"")
    assert (missing.status_code, missing.content) == (404, b"")


def test_a_patch_replaces_the_tags_and_an_empty_one_changes_nothing(arm: httpx.Client) -> None:
    put_group(arm, "group-a", tags={"one": "1"})
    assert arm.patch(f"{GROUPS}/group-a", json={}).json()["tags"] == {"one": "1"}
    changed = arm.patch(f"{GROUPS}/group-a", json={"tags": {"two": "2"}})
    assert changed.json()["tags"] == {"two": "2"}


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("group-a", {}, 400, "LocationRequired"),
        ("group-a", {"location": "atlantis"}, 400, "LocationNotAvailableForResourceGroup"),
        ("group-a", {"location": 7}, 400, "InvalidRequestContent"),
        ("group-a", {"location": "x" * 5000}, 400, "InvalidRequestContent"),
        ("group-a", {"location": "westeurope", "tags": "env"}, 400, "InvalidRequestContent"),
        ("group-a", {"location": "westeurope", "tags": {"a": 1}}, 400, "InvalidRequestContent"),
        (
            "group-a",
            {"location": "westeurope", "tags": {"a?": ""}},
            400,
            "InvalidTagNameCharacters",
        ),
        ("group.", {"location": "westeurope"}, 400, "InvalidResourceGroup"),
        ("group!", {"location": "westeurope"}, 400, "InvalidResourceGroup"),
        ("g" * 91, {"location": "westeurope"}, 400, "InvalidResourceGroup"),
    ],
)
def test_a_wrong_group_is_refused_and_nothing_is_left_of_it(
    arm: httpx.Client, name: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = arm.put(f"{GROUPS}/{name}", json=body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert arm.get(GROUPS).json() == {"value": []}


def test_a_group_cannot_move(arm: httpx.Client) -> None:
    put_group(arm, "group-a")
    moved = put_group(arm, "group-a", location="eastus")
    assert (moved.status_code, code_of(moved)) == (409, "InvalidResourceGroupLocation")
    assert arm.get(f"{GROUPS}/group-a").json()["location"] == "westeurope"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_group_that_is_not_there_is_not_found(arm: httpx.Client, method: str) -> None:
    answer = arm.request(method, f"{GROUPS}/nowhere", json={} if method == "PATCH" else None)
    assert (answer.status_code, code_of(answer)) == (404, "ResourceGroupNotFound")


def test_the_name_of_a_group_may_hold_any_letter(arm: httpx.Client) -> None:
    created = put_group(arm, "größe_(1).x")
    assert created.json()["name"] == "größe_(1).x"
    assert arm.get(f"{GROUPS}/GRÖSSE_(1).x").status_code == 404
    assert arm.get(f"{GROUPS}/GRÖßE_(1).X").json()["name"] == "größe_(1).x"


# --- lists -------------------------------------------------------------------------------


def test_groups_are_listed_in_pages_that_lose_none(arm: httpx.Client) -> None:
    for number in range(205):
        put_group(arm, f"group-{number:03d}")
    first = arm.get(GROUPS).json()
    second = arm.get(first["nextLink"]).json()
    names = [each["name"] for each in (*first["value"], *second["value"])]
    assert len(first["value"]) == 200
    assert "nextLink" not in second
    assert names == [f"group-{number:03d}" for number in range(205)]


def test_groups_are_found_by_their_tags(arm: httpx.Client) -> None:
    put_group(arm, "group-a", tags={"env": "test"})
    put_group(arm, "group-b", tags={"env": "prod"})
    put_group(arm, "group-c")

    def named(text: str) -> list[str]:
        answer = arm.get(GROUPS, params={"$filter": text})
        return [each["name"] for each in answer.json()["value"]]

    assert named("tagName eq 'env'") == ["group-a", "group-b"]
    assert named("tagName eq 'env' and tagValue eq 'prod'") == ["group-b"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"$filter": "name eq 'x'"}, "InvalidFilterInQueryString"),
        ({"$filter": "tagValue eq 'x'"}, "InvalidFilterInQueryString"),
        ({"$filter": "tagName eq"}, "InvalidFilterInQueryString"),
        ({"$top": "0"}, "InvalidTopInQueryString"),
        ({"$top": "many"}, "InvalidTopInQueryString"),
        ({"$skiptoken": "bogus"}, "InvalidSkipToken"),
    ],
)
def test_a_list_refuses_what_it_does_not_understand(
    arm: httpx.Client, query: dict[str, str], code: str
) -> None:
    answer = arm.get(GROUPS, params=query)
    assert (answer.status_code, code_of(answer)) == (400, code)


def test_top_limits_a_list(arm: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        put_group(arm, name)
    answer = arm.get(GROUPS, params={"$top": "2"}).json()
    assert [each["name"] for each in answer["value"]] == ["a", "b"]


def test_the_resources_of_a_group_are_vaults_vms_and_disks(arm: httpx.Client, group: str) -> None:
    providers = f"{group}/providers"
    vault = {"location": "westeurope", "tags": {"env": "test"}, "properties": {}}
    arm.put(f"{providers}/Microsoft.RecoveryServices/vaults/vault-1", json=vault)
    arm.put(f"{providers}/Microsoft.Compute/virtualMachines/vm-1", json=VM)
    found = arm.get(f"{group}/resources", params={"$expand": "provisioningState,createdTime"})
    types = [each["type"] for each in found.json()["value"]]
    assert types == [
        "Microsoft.Compute/disks",
        "Microsoft.Compute/virtualMachines",
        "Microsoft.RecoveryServices/vaults",
    ]
    assert found.json()["value"][2] == {
        "id": f"{providers}/Microsoft.RecoveryServices/vaults/vault-1",
        "name": "vault-1",
        "type": "Microsoft.RecoveryServices/vaults",
        "location": "westeurope",
        "tags": {"env": "test"},
        "provisioningState": "Succeeded",
        "createdTime": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("resourceType eq 'microsoft.compute/VIRTUALMACHINES'", ["vm-1"]),
        ("resourceGroup eq 'GROUP-1' and name eq 'vault-1'", ["vault-1"]),
        ("tagName eq 'ENV'", ["vault-1"]),
        ("resourceType eq 'Microsoft.Network/virtualNetworks'", []),
    ],
)
def test_the_resources_of_a_subscription_are_filtered(
    arm: httpx.Client, group: str, text: str, names: list[str]
) -> None:
    providers = f"{group}/providers"
    vault = {"location": "westeurope", "tags": {"env": "test"}}
    arm.put(f"{providers}/Microsoft.RecoveryServices/vaults/vault-1", json=vault)
    arm.put(f"{providers}/Microsoft.Compute/virtualMachines/vm-1", json=VM)
    found = arm.get(f"{ROOT}/resources", params={"$filter": text, "$top": "10"})
    assert [each["name"] for each in found.json()["value"]] == names


# --- deletion ----------------------------------------------------------------------------


def test_deleting_a_group_is_polled_until_it_is_done(arm: httpx.Client, group: str) -> None:
    begun = arm.delete(group)
    assert begun.status_code == 202
    assert begun.headers["Retry-After"] == "1"
    assert begun.headers["Location"].startswith(f"{arm.base_url}{ROOT}/operationresults/")
    assert arm.get(begun.headers["Location"]).status_code == 200
    assert arm.get(group).status_code == 404


def test_a_poll_that_does_not_leap_says_that_the_deletion_still_runs(
    arm: httpx.Client, group: str, advance: Callable[[str], None]
) -> None:
    arm.patch("/_emulator/clock", json={"skipOnWait": "off"}).raise_for_status()
    try:
        location = arm.delete(group).headers["Location"]
        running = arm.get(location)
        assert (running.status_code, running.headers["Location"]) == (202, location)
        advance("PT10S")
        assert arm.get(location).status_code == 200
    finally:
        arm.patch("/_emulator/clock", json={"skipOnWait": "finish"}).raise_for_status()


def test_an_operation_of_another_subscription_is_not_found(arm: httpx.Client, group: str) -> None:
    location = arm.delete(group).headers["Location"]
    other = arm.get(location.replace(SUBSCRIPTION, "9" + SUBSCRIPTION[1:]))
    assert other.status_code == 404


def test_a_group_takes_everything_in_it_along(arm: httpx.Client, group: str) -> None:
    vault = f"{group}/providers/Microsoft.RecoveryServices/vaults/vault-1"
    vm = f"{group}/providers/Microsoft.Compute/virtualMachines/vm-1"
    arm.put(vault, json={"location": "westeurope"})
    arm.put(vm, json=VM)
    assert arm.delete(group).status_code == 202
    assert put_group(arm, "group-1").status_code == 201
    assert arm.get(vault).status_code == 404
    assert arm.get(vm).status_code == 404
    assert arm.get(f"{group}/resources").json() == {"value": []}


def test_a_group_whose_vault_protects_a_vm_stays_whole(arm: httpx.Client, group: str) -> None:
    vm = protected_vm(arm, group)
    blocked = arm.delete(group)
    assert (blocked.status_code, code_of(blocked)) == (409, "ResourceGroupDeletionBlocked")
    assert "existing resources within the vault" in blocked.json()["error"]["details"][0]["message"]
    assert arm.get(vm).status_code == 200


def test_a_group_with_soft_deleted_backups_is_deleted_and_they_stay(
    arm: httpx.Client, group: str
) -> None:
    protected_vm(arm, group)
    item = item_of(group)
    arm.delete(item).raise_for_status()
    assert arm.delete(group).status_code == 202
    assert arm.get(group).status_code == 404


def test_backups_of_a_vm_in_a_deleted_group_see_that_it_is_gone(
    arm: httpx.Client, group: str
) -> None:
    put_group(arm, "other")
    vm = arm.put(f"{GROUPS}/other/providers/Microsoft.Compute/virtualMachines/vm-1", json=VM)
    protect(arm, group, vm.json()["id"], "other")
    arm.delete(f"{GROUPS}/other").raise_for_status()
    backup = f"{item_of(group, 'other')}/backup"
    answer = arm.post(backup, json={"properties": {"objectType": "IaasVMBackupRequest"}})
    assert answer.status_code < 500


def test_a_disk_used_outside_its_group_keeps_the_group(arm: httpx.Client, group: str) -> None:
    put_group(arm, "disks")
    disk = arm.put(
        f"{GROUPS}/disks/providers/Microsoft.Compute/disks/disk-1",
        json={
            "location": "westeurope",
            "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8},
        },
    ).json()
    entry = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk["id"]}}
    body: dict[str, Any] = {**VM, "properties": {**VM["properties"]}}  # type: ignore[dict-item]
    body["properties"]["storageProfile"] = {
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": [entry],
    }
    arm.put(f"{group}/providers/Microsoft.Compute/virtualMachines/vm-1", json=body)
    blocked = arm.delete(f"{GROUPS}/disks")
    assert (blocked.status_code, code_of(blocked)) == (409, "ResourceGroupDeletionBlocked")
    assert arm.delete(group).status_code == 202
    released = arm.get(disk["id"]).json()
    assert released["properties"]["diskState"] == "Unattached"
    assert "managedBy" not in released


def protected_vm(arm: httpx.Client, group: str) -> str:
    vm = f"{group}/providers/Microsoft.Compute/virtualMachines/vm-1"
    arm.put(vm, json=VM).raise_for_status()
    protect(arm, group, vm, "group-1")
    return vm


def item_of(group: str, vm_group: str = "group-1") -> str:
    name = f"iaasvmcontainerv2;{vm_group};vm-1"
    return (
        f"{group}/providers/Microsoft.RecoveryServices/vaults/vault-1/backupFabrics/Azure"
        f"/protectionContainers/IaasVMContainer;{name}/protectedItems/VM;{name}"
    )


def protect(arm: httpx.Client, group: str, vm: str, vm_group: str) -> None:
    vault = f"{group}/providers/Microsoft.RecoveryServices/vaults/vault-1"
    created = arm.put(vault, json={"location": "westeurope"})
    arm.get(created.headers["Azure-AsyncOperation"]).raise_for_status()
    properties = {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "sourceResourceId": vm,
        "policyId": f"{vault}/backupPolicies/DefaultPolicy",
    }
    arm.put(item_of(group, vm_group), json={"properties": properties}).raise_for_status()


# --- subscriptions, regions and providers ------------------------------------------------


def test_an_empty_world_shows_one_subscription(arm: httpx.Client) -> None:
    found = arm.get("/subscriptions").json()["value"]
    assert [each["subscriptionId"] for each in found] == ["00000000-0000-0000-0000-000000000000"]


def test_a_subscription_with_a_group_is_listed(arm: httpx.Client, group: str) -> None:
    found = arm.get("/subscriptions").json()["value"]
    assert [each["id"] for each in found] == [ROOT]
    assert found[0]["state"] == "Enabled"


def test_every_guid_is_a_subscription_and_nothing_else_is(arm: httpx.Client) -> None:
    assert arm.get(ROOT).json()["subscriptionId"] == SUBSCRIPTION
    refused = arm.get("/subscriptions/production")
    assert (refused.status_code, code_of(refused)) == (400, "InvalidSubscriptionId")


def test_the_tenant_of_the_subscriptions_is_listed(arm: httpx.Client) -> None:
    tenants = arm.get("/tenants").json()["value"]
    assert [each["tenantId"] for each in tenants] == [arm.get(ROOT).json()["tenantId"]]


def test_a_region_names_the_one_its_backups_are_copied_to(arm: httpx.Client) -> None:
    found = {each["name"]: each for each in arm.get(f"{ROOT}/locations").json()["value"]}
    west = found["westeurope"]
    assert west["displayName"] == "West Europe"
    assert west["regionalDisplayName"] == "(Europe) West Europe"
    assert west["metadata"]["regionType"] == "Physical"
    assert [pair["name"] for pair in west["metadata"]["pairedRegion"]] == ["northeurope"]
    assert found["polandcentral"]["metadata"]["pairedRegion"] == []


def test_every_provider_is_registered(arm: httpx.Client) -> None:
    found = arm.get(f"{ROOT}/providers").json()["value"]
    assert {each["registrationState"] for each in found} == {"Registered"}
    assert {"Microsoft.RecoveryServices", "Microsoft.Compute"} <= {e["namespace"] for e in found}


def test_registering_with_a_provider_shows_its_types(arm: httpx.Client) -> None:
    answer = arm.post(f"{ROOT}/providers/microsoft.compute/register").json()
    assert answer["namespace"] == "Microsoft.Compute"
    types = {each["resourceType"] for each in answer["resourceTypes"]}
    assert types > {"virtualMachines", "disks", "snapshots", "virtualMachines/extensions"}


def test_an_unknown_provider_is_not_found(arm: httpx.Client) -> None:
    answer = arm.get(f"{ROOT}/providers/Contoso.Web")
    assert (answer.status_code, code_of(answer)) == (404, "InvalidResourceNamespace")
