"""Every success has a status that all generations of clients take, whichever version they ask for.

The table is the intersection over the SDKs of Python, JavaScript, azurerm and Ansible's collection
(clients.md 3.4, azure-cli-wire 10, terraform-wire 2.1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.arm import examples
from app.arm.calls import Endpoint
from app.main import endpoints
from tests.wire.builders import done, set_clock

VERSIONS = (
    "2016-12-01", "2019-05-13", "2021-12-01", "2023-02-01", "2024-01-01", "2024-04-01",
    "2024-10-01", "2025-08-01", "2026-08-01", "2026-10-01",
)  # fmt: skip
LAST_WITH_200_ON_DELETE = "2024-01-01"
"""azurerm takes nothing else from a DELETE of a vault up to here, and no 200 later."""

ACCEPTED = {
    "Vaults_CreateOrUpdate": {200, 201},
    "Vaults_Update": {200, 202},
    "Vaults_Delete": {200, 202, 204},
    "DeletedVaults_Undelete": {200, 202},
    "GetOperationResult": {200, 202, 204},
    "Locations_GetOperationResult": {200, 202, 204},
    "RegisteredIdentities_Delete": {204},
    "BackupResourceStorageConfigsNonCRR_Patch": {204},
    "ResourceGuardProxy_Delete": {200, 204},
    "PrivateEndpointConnection_Put": {200, 201},
    "PrivateEndpointConnection_Delete": {200, 202, 204},
    "ProtectionPolicies_Delete": {200, 204},
    "ProtectionContainers_Register": {200, 202},
    "ProtectionContainers_Unregister": {200, 202, 204},
    "ProtectionContainers_Inquire": {202},
    "ProtectionContainers_Refresh": {202},
    "ProtectedItems_CreateOrUpdate": {200, 202},
    "ProtectedItems_Delete": {200, 202, 204},
    "Backups_Trigger": {202},
    "Restores_Trigger": {202},
    "CrossRegionRestore_Trigger": {200, 202},
    "CrrOperationResults_Get": {200, 202},
    "RecoveryPoints_MoveRecoveryPoint": {202},
    "MoveRecoveryPoint": {202},
    "RecoveryPoints_GetRPExtendedInfo": {200, 202},
    "RecoveryPoints_GetRPExtendedInfoOperationResult": {200, 202},
    "FetchTieringCost_Post": {200, 202},
    "ItemLevelRecoveryConnections_Provision": {202},
    "ItemLevelRecoveryConnections_Revoke": {202},
    "JobCancellations_Trigger": {202},
    "Jobs_Export": {202},
    "ValidateOperation_Trigger": {202},
    "ConfigureSourceScan_Execute": {200, 202},
    "ProtectionIntent_Delete": {204},
    "ValidateOperationResults_Get": {200, 202},
    "ExportJobsOperationResults_Get": {200, 202},
    "BackupOperationResults_Get": {200, 202, 204},
    "ProtectedItemOperationResults_Get": {200, 202, 204},
    "ProtectionContainerOperationResults_Get": {200, 202, 204},
    "ProtectionContainerRefreshOperationResults_Get": {202, 204},
    "JobOperationResults_Get": {200, 202, 204},
    "TieringCostOperationStatus_Get": {200, 202},
    "BMSPrepareDataMove": {200, 202},
    "BMSTriggerDataMove": {200, 202},
    "BMSPrepareDataMoveOperationResult_Get": {200, 202},
    "GetTieringCostOperationResult_Get": {200, 202},
}
"""By operation; of what is not named here, 200 alone."""

SERVED = {each.operation_id: each for each in endpoints()}
OURS = [each for each in SERVED.values() if "/Microsoft.RecoveryServices/" in each.template]
ADVANCE = "/_emulator/clock/advance"


@pytest.mark.parametrize("each", OURS, ids=lambda each: each.operation_id)
def test_no_operation_declares_a_success_that_a_client_refuses(each: Endpoint) -> None:
    successes = {status for status in each.statuses if status < 300}
    assert successes <= ACCEPTED.get(each.operation_id, {200})


class Walk:
    """Asks for operations by name, as the examples have them, and notes what they answered."""

    def __init__(self, arm: httpx.Client, version: str) -> None:
        self.arm = arm
        self.version = version
        self.seen: dict[str, set[int]] = defaultdict(set)

    def ask(self, operation: str, body: Any = None, **known: str) -> httpx.Response:
        """Send one request and return its answer, which is no refusal."""
        each = SERVED[operation]
        path = each.template.format_map({**examples.PARAMETERS, **known})
        example = None if each.body is None else dict(each.body.EXAMPLE)
        answer = self.arm.request(
            each.method,
            path,
            params={"api-version": self.version},
            json=example if body is None else body,
        )
        self.seen[operation].add(done(answer).status_code)
        return answer

    def follow(self, begun: httpx.Response, *results: str, **known: str) -> None:
        """Look at results of an operation while it runs, and once it is over."""
        name = httpx.URL(begun.headers["location"]).path.rpartition("/")[2]
        for result in results:
            self.ask(result, operationId=name, **known)
        done(self.arm.post(ADVANCE, json={"until": "idle"}))
        for result in results:
            self.ask(result, operationId=name, **known)


def around_the_vault(walk: Walk) -> None:
    for name in ("ResourceGroups_CreateOrUpdate", "VirtualMachines_CreateOrUpdate"):
        walk.ask(name)
    walk.ask("StorageAccounts_Create")
    for _ in range(2):
        walk.ask("Vaults_CreateOrUpdate")
    walk.follow(walk.ask("Vaults_Update"), "GetOperationResult")
    for name in (
        "VaultExtendedInfo_CreateOrUpdate", "VaultExtendedInfo_Update",
        "RecoveryServices_CheckNameAvailability", "RecoveryServices_Capabilities",
        "RegisteredIdentities_Delete", "ReplicationVaultSetting_Create",
        "BackupResourceVaultConfigs_Update", "BackupResourceVaultConfigs_Put",
        "BackupResourceStorageConfigsNonCRR_Update", "BackupResourceStorageConfigsNonCRR_Patch",
        "SecurityPINs_Get", "PrivateEndpointConnection_Delete", "FeatureSupport_Validate",
        "ResourceGuardProxy_Delete",
    ):  # fmt: skip
        walk.ask(name)


def policies_and_items(walk: Walk) -> None:
    for name in ("mine", "mine", "DefaultPolicy"):
        walk.ask("ProtectionPolicies_CreateOrUpdate", policyName=name)
    for _ in range(2):
        walk.ask("ProtectionPolicies_Delete", policyName="mine")
    walk.follow(
        walk.ask("ProtectionContainers_Refresh"), "ProtectionContainerRefreshOperationResults_Get"
    )
    for name in ("ProtectionIntent_Validate", "ProtectedItems_CreateOrUpdate"):
        answer = walk.ask(name)
    results = (
        "ProtectedItemOperationResults_Get",
        "ProtectionContainerOperationResults_Get",
        "BackupOperationResults_Get",
    )
    walk.follow(answer, *results)
    walk.ask("BackupStatus_Get")


def jobs_and_points(walk: Walk) -> None:
    walk.ask("Backups_Trigger")
    jobs = walk.ask("BackupJobs_List").json()["value"]
    running = next(each["name"] for each in jobs if each["properties"]["operation"] == "Backup")
    cancelled = walk.ask("JobCancellations_Trigger", jobName=running)
    walk.follow(cancelled, "JobOperationResults_Get", jobName=running)
    walk.ask("Backups_Trigger")
    done(walk.arm.post(ADVANCE, json={"until": "idle"}))
    point = walk.ask("RecoveryPoints_List").json()["value"][0]["name"]
    walk.ask("Operation_Validate")
    walk.follow(walk.ask("ValidateOperation_Trigger"), "ValidateOperationResults_Get")
    walk.follow(walk.ask("Jobs_Export"), "ExportJobsOperationResults_Get")
    walk.ask("Restores_Trigger", recoveryPointId=point)
    done(walk.arm.post(ADVANCE, json={"until": "idle"}))


def the_end(walk: Walk) -> None:
    walk.follow(walk.ask("ProtectedItems_Delete"), "BackupOperationResults_Get")
    deleted = walk.ask("Vaults_Delete")
    if deleted.status_code == 202:
        walk.follow(deleted, "Locations_GetOperationResult")
    walk.ask("Vaults_Delete")


@pytest.fixture
def still(arm: httpx.Client) -> Iterator[httpx.Client]:
    """A client of an empty world whose clock no poll moves."""
    set_clock(arm, skipOnWait="off")
    yield arm
    set_clock(arm, skipOnWait="finish")


PARTS: tuple[Callable[[Walk], None], ...] = (
    around_the_vault, policies_and_items, jobs_and_points, the_end,
)  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_every_success_is_one_that_all_clients_take(still: httpx.Client, version: str) -> None:
    walk = Walk(still, version)
    for part in PARTS:
        part(walk)
    ours = {each.operation_id for each in OURS}
    wrong = {
        name: statuses
        for name, statuses in walk.seen.items()
        if name in ours and not statuses <= ACCEPTED.get(name, {200})
    }
    assert wrong == {}
    first_answer = {200} if version <= LAST_WITH_200_ON_DELETE else {202}
    assert walk.seen["Vaults_Delete"] == {*first_answer, 204}


def test_what_runs_is_202_and_what_is_over_is_not(still: httpx.Client) -> None:
    walk = Walk(still, "2025-08-01")
    for part in PARTS:
        part(walk)
    polled = {name: seen for name, seen in walk.seen.items() if "OperationResult" in name}
    assert len(polled) == 9
    assert all(202 in seen and len(seen) >= 2 for seen in polled.values()), polled
    assert walk.seen["Vaults_CreateOrUpdate"] == {201, 200}
    assert walk.seen["ProtectionPolicies_Delete"] == {200, 204}
