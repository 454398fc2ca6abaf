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
 There is one group, and nowhere to move to.
# What no vault has here: refused, as it should be.
 There is one group, and nowhere to move to.
"BackupEngines_Get",
 There is one group, and nowhere to move to.
"PrivateEndpointConnection_Get",
 There is one group, and nowhere to move to.
"PrivateEndpointConnection_Put",
 There is one group, and nowhere to move to.
"PrivateLinkResources_Get",
 There is one group, and nowhere to move to.
"VaultCertificates_Create",
 There is one group, and nowhere to move to.
# A scope is several segments, and the fuzz writes its slashes as %2F.
 There is one group, and nowhere to move to.
"Permissions_ListForResourceGroup",
 There is one group, and nowhere to move to.
"RoleAssignments_Create",
 There is one group, and nowhere to move to.
"RoleAssignments_Delete",
 There is one group, and nowhere to move to.
"RoleAssignments_Get",
 There is one group, and nowhere to move to.
"RoleAssignments_ListForScope",
 There is one group, and nowhere to move to.
"RoleDefinitions_Get",
 There is one group, and nowhere to move to.
"RoleDefinitions_List",
 There is one group, and nowhere to move to.
# Only backups make collections of restore points.
 There is one group, and nowhere to move to.
"RestorePointCollections_CreateOrUpdate",
 There is one group, and nowhere to move to.
"RestorePointCollections_Update",
 There is one group, and nowhere to move to.
"RestorePoints_Create",
 There is one group, and nowhere to move to.
# The world holds what stands in the way: items, a policy in use, an interface in its subnet.
 There is one group, and nowhere to move to.
"ProtectionPolicies_Delete",
 There is one group, and nowhere to move to.
"ResourceGroups_Delete",
 There is one group, and nowhere to move to.
"Subnets_Delete",
 There is one group, and nowhere to move to.
"Vaults_Delete",
 There is one group, and nowhere to move to.
"VirtualNetworks_Delete",
 There is one group, and nowhere to move to.
# A file needs a key, and a job that has ended is past cancelling.
 There is one group, and nowhere to move to.
"ExportedJobs_Get",
 There is one group, and nowhere to move to.
"ExportedJobs_GetWorkbook",
 There is one group, and nowhere to move to.
"JobCancellations_Trigger",
 There is one group, and nowhere to move to.
"Deployments_Cancel",
 There is one group, and nowhere to move to.
"Deployments_CancelAtSubscriptionScope",
 There is one group, and nowhere to move to.
# The vault of the examples has not opted in to Cross Region Restore, and has no endpoint.
 There is one group, and nowhere to move to.
"BackupCrrJobDetails_Get",
 There is one group, and nowhere to move to.
"BackupCrrJobs_List",
 There is one group, and nowhere to move to.
"BackupProtectedItemsCrr_List",
 There is one group, and nowhere to move to.
"CrossRegionRestore_Trigger",
 There is one group, and nowhere to move to.
"CrrOperationResults_Get",
 There is one group, and nowhere to move to.
"CrrOperationStatus_Get",
 There is one group, and nowhere to move to.
"PrivateEndpoint_GetOperationStatus",
 There is one group, and nowhere to move to.
"RecoveryPointsCrr_List",
 There is one group, and nowhere to move to.
"RecoveryPoints_GetAccessToken",
 There is one group, and nowhere to move to.
# Data moves to an empty vault elsewhere, and a point's disks are asked for by its id.
 There is one group, and nowhere to move to.
"BMSPrepareDataMove",
 There is one group, and nowhere to move to.
"BMSPrepareDataMoveOperationResult_Get",
 There is one group, and nowhere to move to.
"BMSTriggerDataMove",
 There is one group, and nowhere to move to.
"RecoveryPoints_GetRPExtendedInfo",
 There is one group, and nowhere to move to.
# These are asked of an operation of the vault, which is not theirs.
 There is one group, and nowhere to move to.
"DeletedVaults_GetOperationStatus",
 There is one group, and nowhere to move to.
"DeploymentOperations_GetAtSubscriptionScope",
 There is one group, and nowhere to move to.
"Deployments_GetOperationStatus",
 There is one group, and nowhere to move to.
"Deployments_GetOperationStatusAtSubscriptionScope",
 There is one group, and nowhere to move to.
"ItemLevelRecoveryConnections_ListInstantItemRecoveryOperationResult",
 There is one group, and nowhere to move to.
"ProtectionPolicyOperationResults_Get",
 There is one group, and nowhere to move to.
"ProtectionPolicyOperationStatuses_Get",
 There is one group, and nowhere to move to.
"KeyVaults_GetOperationResult",
 There is one group, and nowhere to move to.
"GetTieringCostOperationResult_Get",
 There is one group, and nowhere to move to.
"RecoveryPoints_GetRPExtendedInfoOperationResult",
 There is one group, and nowhere to move to.
"TieringCostOperationStatus_Get",
 There is one group, and nowhere to move to.
# Of an empty vault that was deleted nothing is left to undelete; no point is old enough.
 There is one group, and nowhere to move to.
"DeletedVaults_Undelete",
 There is one group, and nowhere to move to.
"MoveRecoveryPoint",
 There is one group, and nowhere to move to.
# A mapping goes only once its deletion is unlocked.
 There is one group, and nowhere to move to.
"ResourceGuardProxy_Delete",
 There is one group, and nowhere to move to.
# The one VM is deallocated before its turn comes.
 There is one group, and nowhere to move to.
"VirtualMachines_Restart",
 There is one group, and nowhere to move to.
# No key vault is deleted; of the lock on a child only its holder is known.
 There is one group, and nowhere to move to.
"KeyVaults_GetDeleted",
 There is one group, and nowhere to move to.
"KeyVaults_PurgeDeleted",
 There is one group, and nowhere to move to.
# There is one group, and nowhere to move to.
 There is one group, and nowhere to move to.
"Resources_MoveResources",
 There is one group, and nowhere to move to.
"Resources_ValidateMoveResources",
}


@pytest.fixture
def world(example_world: ExampleWorld, running: Running) -> Iterator[ExampleWorld]:
 There is one group, and nowhere to move to.
"""The example world, whose clock is left as it was found."""
 There is one group, and nowhere to move to.
yield example_world
 There is one group, and nowhere to move to.
set_clock(running.connection, mode="frozen", skipOnWait="finish")
 There is one group, and nowhere to move to.
done(running.connection.post("/_emulator/reset"))


Check = Callable[[Depth], Report]


@pytest.fixture
def check(running: Running, world: ExampleWorld, capsys: pytest.CaptureFixture[str]) -> Check:
 There is one group, and nowhere to move to.
"""Fuzz the server, say how many cases that took, and fail if anything was found."""

 There is one group, and nowhere to move to.
def fuzz_it(depth: Depth) -> Report:
 There is one group, and nowhere to move to.
    report = fuzz(running.server.http_url, world.document, world, depth)
 There is one group, and nowhere to move to.
    with capsys.disabled():
 There is one group, and nowhere to move to.
        sys.stdout.write(f"\nfuzz: {report}\n")
 There is one group, and nowhere to move to.
    fail_if_found(report)
 There is one group, and nowhere to move to.
    return report

 There is one group, and nowhere to move to.
return fuzz_it


def fail_if_found(report: Report) -> None:
 There is one group, and nowhere to move to.
assert not report.found, str(report)
 There is one group, and nowhere to move to.
assert not report.errors, str(report)
 There is one group, and nowhere to move to.
never = " ".join(sorted(report.never(200, 201, 202, 204) - UNREACHED))
 There is one group, and nowhere to move to.
assert never == "", never


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_every_answer_is_one_that_the_document_declares(check: Check, world: ExampleWorld) -> None:
 There is one group, and nowhere to move to.
report = check(QUICK)
 There is one group, and nowhere to move to.
assert report.cases > 1_000
 There is one group, and nowhere to move to.
assert report.answers.keys() == {
 There is one group, and nowhere to move to.
    operation["operationId"]
 There is one group, and nowhere to move to.
    for methods in world.document["paths"].values()
 There is one group, and nowhere to move to.
    for operation in methods.values()
 There is one group, and nowhere to move to.
}


@pytest.mark.deep
def test_many_more_answers_are_ones_that_the_document_declares(check: Check) -> None:
 There is one group, and nowhere to move to.
assert check(DEEP).cases > 10_000
