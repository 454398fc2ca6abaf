"""The explorer's examples run as they stand: on an empty world, from the first to the last."""

from __future__ import annotations

from typing import Any

import httpx

from app.arm.bodies import FORM
from app.arm.examples import FOUND, KEY_VAULT_ID, SUBSCRIPTION, VAULT_ID
from tests.wire.builders import done, set_clock

ROOT = f"/subscriptions/{SUBSCRIPTION}"
FIRST = (
    "ResourceGroups_CreateOrUpdate",
    "RoleAssignments_Create",
    "VirtualMachines_CreateOrUpdate",
    "SqlVirtualMachines_CreateOrUpdate",
    "Disks_CreateOrUpdate",
    "StorageAccounts_Create",
    "UserAssignedIdentities_CreateOrUpdate",
    "ResourceGuards_Put",
    "ActionGroups_CreateOrUpdate",
    "AlertProcessingRules_CreateOrUpdate",
    "KeyVaults_CreateOrUpdate",
    "KeyVaultKeys_CreateIfNotExist",
    "DiskEncryptionSets_CreateOrUpdate",
    "AvailabilitySets_CreateOrUpdate",
    "Snapshots_CreateOrUpdate",
    "VirtualMachineExtensions_CreateOrUpdate",
    "FileShares_Create",
    "BlobContainers_Create",
    "ManagementPolicies_CreateOrUpdate",
    "NetworkSecurityGroups_CreateOrUpdate",
    "SecurityRules_CreateOrUpdate",
    "PublicIPAddresses_CreateOrUpdate",
    "VirtualNetworks_CreateOrUpdate",
    "Subnets_CreateOrUpdate",
    "NetworkInterfaces_CreateOrUpdate",
    "Vaults_CreateOrUpdate",
    "ProtectionContainers_Register",
    "VaultExtendedInfo_CreateOrUpdate",
    "ProtectionPolicies_CreateOrUpdate",
    "ProtectedItems_CreateOrUpdate",
    "Deployments_CreateOrUpdate",
    "Deployments_CreateOrUpdateAtSubscriptionScope",
    "Backups_Trigger",
    "Emulator_SaveWorld",
    "Emulator_AdvanceClock",
    "PrivateEndpoints_CreateOrUpdate",
    "ResourceGuardProxy_Put",
)
LAST = (
    "RoleAssignments_Delete",
    "AlertProcessingRules_Delete",
    "ActionGroups_Delete",
    "ResourceGuardProxy_UnlockDelete",
    "ResourceGuardProxy_Delete",
    "RestorePoints_Delete",
    "RestorePointCollections_Delete",
    "ProtectedItems_Delete",
    "ProtectionContainers_Unregister",
    "ProtectionPolicies_Delete",
    "PrivateEndpoints_Delete",
    "Vaults_Delete",
    "Snapshots_Delete",
    "Disks_Delete",
    "AvailabilitySets_Delete",
    "UserAssignedIdentities_Delete",
    "ResourceGuards_Delete",
    "DiskEncryptionSets_Delete",
    "KeyVaults_Delete",
    "NetworkInterfaces_Delete",
    "SecurityRules_Delete",
    "Deployments_Delete",
    "Deployments_DeleteAtSubscriptionScope",
    "NetworkSecurityGroups_Delete",
    "PublicIPAddresses_Delete",
    "Subnets_Delete",
    "VirtualNetworks_Delete",
    "ManagementPolicies_Delete",
    "FileShares_Delete",
    "BlobContainers_Delete",
    "StorageAccounts_Delete",
    "VirtualMachineExtensions_Delete",
    "SqlVirtualMachines_Delete",
    "VirtualMachines_Delete",
    "ResourceGroups_Delete",
    "Emulator_Reset",
    "Emulator_RestoreWorld",
    "Emulator_DeleteWorld",
)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the document's operations in an order that makes sense: create, look, delete."""
    found = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]

    def turn(each: tuple[str, str, dict[str, Any]]) -> int:
        name = each[2]["operationId"]
        if name in FIRST:
            return FIRST.index(name) - len(FIRST)
        return LAST.index(name) + 1 if name in LAST else 0

    return sorted(found, key=turn)


def send(
    arm: httpx.Client, method: str, path: str, operation: dict[str, Any], known: dict[str, str]
) -> httpx.Response:
    """Send what the document says, and nothing that it does not."""
    query, headers = {}, {}
    for each in operation["parameters"]:
        value = each.get("example", known.get(each["name"]))
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(value))
        elif each["in"] == "header" and each["required"]:
            headers[each["name"]] = value
        elif each["required"]:
            query[each["name"]] = value
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("example")
    form = content.get(FORM, {}).get("example")
    return arm.request(method, path, params=query, headers=headers, json=body, data=form)


def found_in(arm: httpx.Client, item: str) -> dict[str, str]:
    """Look up what the document says that only a running world can tell."""
    job = done(arm.get(f"{VAULT_ID}/backupJobs")).json()["value"][0]["name"]
    point = done(arm.get(f"{item}/recoveryPoints")).json()["value"][0]["name"]
    refreshed = done(arm.post(f"{VAULT_ID}/backupFabrics/Azure/refreshContainers"))
    operation = refreshed.headers["location"].rpartition("/")[2].partition("?")[0]
    collections = f"{ROOT}/providers/Microsoft.Compute/restorePointCollections"
    collection = done(arm.get(collections)).json()["value"][0]
    expanded = done(arm.get(collection["id"], params={"$expand": "restorePoints"})).json()
    key = done(arm.get(f"{KEY_VAULT_ID}/keys/key-1")).json()["properties"]
    deployments = f"{ROOT}/resourceGroups/group-1/deployments"
    deployed = done(arm.get(f"{deployments}/deployment-1/operations")).json()["value"]
    fault = done(arm.post("/_emulator/faults", json={"fault": "throttled", "subject": "nobody"}))
    return {
        "fault": fault.json()["id"],
        "jobName": job,
        "recoveryPointId": point,
        "operationId": operation,
        "restorePointCollectionName": collection["name"],
        "restorePointName": expanded["properties"]["restorePoints"][0]["name"],
        "keyVersion": key["keyUriWithVersion"].rpartition("/")[2],
        "deletedVaultName": "vault-1",
        "deploymentOperationId": deployed[0]["operationId"],
        "sequence": str(done(arm.get("/_emulator/journal?limit=1")).json()["last"]),
    }


def test_every_example_of_the_explorer_runs_as_it_stands(arm: httpx.Client) -> None:
    set_clock(arm, skipOnWait="finish")
    document = arm.get("/openapi.json").json()
    known: dict[str, str] = {}
    failed = []
    for method, path, operation in operations(document):
        name = operation["operationId"]
        if not known and name not in FIRST:
            item = VAULT_ID + (
                "/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;"
                "group-1;vm-1/protectedItems/VM;iaasvmcontainerv2;group-1;vm-1"
            )
            known = found_in(arm, item)
        answer = send(arm, method, path, operation, known)
        if not answer.is_success and name not in ELSEWHERE:
            failed.append((name, answer.status_code, answer.text))
    assert failed == []


ELSEWHERE = {
    # Operations of other scopes, and what is past cancelling: refused, as they should be.
    "Deployments_Cancel",
    "Deployments_CancelAtSubscriptionScope",
    "Deployments_GetOperationStatus",
    "Deployments_GetOperationStatusAtSubscriptionScope",
    "DeploymentOperations_GetAtSubscriptionScope",
    "GetOperationStatus",
    "GetOperationResult",
    "Locations_GetOperationStatus",
    "Locations_GetOperationResult",
    "ResourceGroups_GetOperationResult",
    "KeyVaults_GetOperationResult",
    "JobCancellations_Trigger",
    "ActionGroups_EnableReceiver",
    "ProtectionPolicyOperationStatuses_Get",
    "ProtectionPolicyOperationResults_Get",
    "ExportJobsOperationResults_Get",
    "ExportedJobs_Get",
    "ExportedJobs_GetWorkbook",
    # Nothing is recorded in the world of the examples.
    "Emulator_StreamEvents",
    # Nothing goes wrong in the world of the examples, so there is no alert in it.
    "Alerts_GetById",
    "Alerts_ChangeState",
    "Alerts_GetHistory",
    "SmartGroups_GetById",
    "SmartGroups_ChangeState",
    "SmartGroups_GetHistory",
    # The world of the examples has one group, so there is nowhere to move to.
    "Resources_MoveResources",
    "Resources_ValidateMoveResources",
    # The operation of their example is another one; no point is old enough for the archive.
    "ItemLevelRecoveryConnections_ListInstantItemRecoveryOperationResult",
    "RecoveryPoints_GetRPExtendedInfo",
    "RecoveryPoints_GetRPExtendedInfoOperationResult",
    "GetTieringCostOperationResult_Get",
    "TieringCostOperationStatus_Get",
    "MoveRecoveryPoint",
    # Only backups make collections of restore points.
    "RestorePointCollections_CreateOrUpdate",
    "RestorePointCollections_Update",
    "RestorePoints_Create",
    # There is no other vault to move data to or from.
    "BMSPrepareDataMove",
    "BMSPrepareDataMoveOperationResult_Get",
    "BMSTriggerDataMove",
    # Nothing is deleted yet.
    "KeyVaults_GetDeleted",
    "KeyVaults_PurgeDeleted",
    "DeletedVaults_Get",
    "DeletedVaults_Undelete",
    "DeletedVaults_GetOperationStatus",
    # The vault of the examples has not opted in to Cross Region Restore.
    "BackupCrrJobDetails_Get",
    "BackupCrrJobs_List",
    "BackupProtectedItemsCrr_List",
    "CrossRegionRestore_Trigger",
    "CrrOperationResults_Get",
    "CrrOperationStatus_Get",
    "RecoveryPointsCrr_List",
    "RecoveryPoints_GetAccessToken",
    # No VM of the examples is registered for its databases.
    "BackupWorkloadItems_List",
    "ProtectionIntent_CreateOrUpdate",
    "ProtectionIntent_Get",
    # What no vault has here yet.
    "BackupEngines_Get",
    "PrivateEndpointConnection_Get",
    "PrivateEndpointConnection_Put",
    "PrivateEndpoint_GetOperationStatus",
    "VaultCertificates_Create",
}


def test_every_name_in_a_path_has_an_example_or_says_where_it_is_found(arm: httpx.Client) -> None:
    document = arm.get("/openapi.json").json()
    for _, path, operation in operations(document):
        for each in operation["parameters"]:
            if each["in"] == "path":
                assert each.get("example") or each["description"] == FOUND[each["name"]], path


def test_every_body_has_an_example(arm: httpx.Client) -> None:
    document = arm.get("/openapi.json").json()
    for _, path, operation in operations(document):
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            assert content["example"], path


def test_every_operation_and_every_parameter_says_what_it_is(arm: httpx.Client) -> None:
    document = arm.get("/openapi.json").json()
    for _, path, operation in operations(document):
        assert operation["summary"].endswith("."), path
        for text in (operation["summary"], operation["description"]):
            assert "``" not in text, path
        for each in operation["parameters"]:
            assert each["in"] == "header" or each["description"], (path, each["name"])


def test_tags_lead_from_the_control_plane_over_the_vault_to_what_is_beside_it(
    arm: httpx.Client,
) -> None:
    document = arm.get("/openapi.json").json()
    used = {operation["tags"][0] for _, _, operation in operations(document)}
    assert {each["name"] for each in document["tags"]} == used
    places = [each["description"] for each in document["tags"]]
    assert document["tags"][0]["name"] == "Emulator"
    assert places[1] == "Microsoft.RecoveryServices"
    assert places[2:] == sorted(places[2:], key=lambda place: (place != places[1], place))


def test_the_refusals_shown_are_those_that_are_sent(arm: httpx.Client) -> None:
    responses = arm.get("/openapi.json").json()["components"]["responses"]
    group = f"{ROOT}/resourceGroups/group-1"
    refused = {
        "400": arm.get(group, params={"api-version": ""}),
        "404": arm.get(f"{group}/providers/Microsoft.RecoveryServices/vaults"),
    }
    for status, answer in refused.items():
        assert answer.status_code == int(status)
        assert answer.json() == responses[status]["content"]["application/json"]["example"]
