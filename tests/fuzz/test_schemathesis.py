"""Whatever the OpenAPI document allows or forbids is sent; every answer is one that it declares.

No 500, no status, header, content type or body that the document does not promise. ``pytest -m
deep`` sends much more, on both databases.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Running
from tests.fuzz.harness import Depth, Report, fuzz
from tests.fuzz.worlds import ExampleWorld
from tests.wire.builders import done, set_clock

QUICK = Depth(phases=("examples", "coverage"), drawn=1, largest_body=4, methods=("trace",))
DEEP = Depth(phases=("examples", "coverage", "fuzzing"), drawn=25)

UNREACHED = {
    # What no vault has here: refused, as it should be.
    "BackupEngines_Get",
    "PrivateEndpointConnection_Get",
    "PrivateEndpointConnection_Put",
    "PrivateLinkResources_Get",
    "VaultCertificates_Create",
    # A scope is several segments, and the fuzz writes its slashes as %2F.
    "Permissions_ListForResourceGroup",
    "RoleAssignments_Create",
    "RoleAssignments_Delete",
    "RoleAssignments_Get",
    "RoleAssignments_ListForScope",
    "RoleDefinitions_Get",
    "RoleDefinitions_List",
    # Nothing has failed in the world of the examples, and no smart groups are made here.
    "Alerts_ChangeState",
    "Alerts_GetById",
    "Alerts_GetHistory",
    "SmartGroups_ChangeState",
    "SmartGroups_GetById",
    "SmartGroups_GetHistory",
    # Only backups make collections of restore points.
    "RestorePointCollections_CreateOrUpdate",
    "RestorePointCollections_Update",
    "RestorePoints_Create",
    # The world holds what stands in the way: items, a policy in use, an interface in its subnet.
    "ProtectionPolicies_Delete",
    "ResourceGroups_Delete",
    "Subnets_Delete",
    "Vaults_Delete",
    "VirtualNetworks_Delete",
    # A file needs a key, and a job that has ended is past cancelling.
    "ExportedJobs_Get",
    "ExportedJobs_GetWorkbook",
    "ActionGroups_EnableReceiver",
    "JobCancellations_Trigger",
    "Deployments_Cancel",
    "Deployments_CancelAtSubscriptionScope",
    # The vault of the examples has not opted in to Cross Region Restore, and has no endpoint.
    "BackupCrrJobDetails_Get",
    "BackupCrrJobs_List",
    "BackupProtectedItemsCrr_List",
    "CrossRegionRestore_Trigger",
    "CrrOperationResults_Get",
    "CrrOperationStatus_Get",
    "PrivateEndpoint_GetOperationStatus",
    "RecoveryPointsCrr_List",
    "RecoveryPoints_GetAccessToken",
    # Data moves to an empty vault elsewhere, and a point's disks are asked for by its id.
    "BMSPrepareDataMove",
    "BMSPrepareDataMoveOperationResult_Get",
    "BMSTriggerDataMove",
    "RecoveryPoints_GetRPExtendedInfo",
    # These are asked of an operation of the vault, which is not theirs.
    "DeletedVaults_GetOperationStatus",
    "DeploymentOperations_GetAtSubscriptionScope",
    "Deployments_GetOperationStatus",
    "Deployments_GetOperationStatusAtSubscriptionScope",
    "ItemLevelRecoveryConnections_ListInstantItemRecoveryOperationResult",
    "ProtectionPolicyOperationResults_Get",
    "ProtectionPolicyOperationStatuses_Get",
    "KeyVaults_GetOperationResult",
    "GetTieringCostOperationResult_Get",
    "RecoveryPoints_GetRPExtendedInfoOperationResult",
    "TieringCostOperationStatus_Get",
    # Of an empty vault that was deleted nothing is left to undelete; no point is old enough.
    "DeletedVaults_Undelete",
    "MoveRecoveryPoint",
    # A mapping goes only once its deletion is unlocked.
    "ResourceGuardProxy_Delete",
    # The one VM is deallocated before its turn comes.
    "VirtualMachines_Restart",
    # No key vault is deleted; of the lock on a child only its holder is known.
    "KeyVaults_GetDeleted",
    "KeyVaults_PurgeDeleted",
    # There is one group, and nowhere to move to.
    "Resources_MoveResources",
    "Resources_ValidateMoveResources",
}


@pytest.fixture
def world(example_world: ExampleWorld, running: Running) -> Iterator[ExampleWorld]:
    """The example world, whose clock is left as it was found."""
    yield example_world
    set_clock(running.connection, mode="frozen", skipOnWait="finish")
    done(running.connection.post("/_emulator/reset"))


Check = Callable[[Depth], Report]


@pytest.fixture
def check(running: Running, world: ExampleWorld, capsys: pytest.CaptureFixture[str]) -> Check:
    """Fuzz the server, say how many cases that took, and fail if anything was found."""

    def fuzz_it(depth: Depth) -> Report:
        report = fuzz(running.server.http_url, world.document, world, depth)
        with capsys.disabled():
            sys.stdout.write(f"\nfuzz: {report}\n")
        fail_if_found(report)
        return report

    return fuzz_it


def fail_if_found(report: Report) -> None:
    assert not report.found, str(report)
    assert not report.errors, str(report)
    never = " ".join(sorted(report.never(200, 201, 202, 204) - UNREACHED))
    assert never == "", never


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_every_answer_is_one_that_the_document_declares(check: Check, world: ExampleWorld) -> None:
    report = check(QUICK)
    assert report.cases > 1_000
    assert report.answers.keys() == {
        operation["operationId"]
        for methods in world.document["paths"].values()
        for operation in methods.values()
    }


@pytest.mark.deep
def test_many_more_answers_are_ones_that_the_document_declares(check: Check) -> None:
    assert check(DEEP).cases > 10_000
