"""Microsoft's SDK of Azure Backup: a point goes to the archive, and comes back for a while.

The point of January is ready for the archive, and the world stands in the middle of May.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient, models

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    STORAGE_ID,
    advance,
    put_group,
    put_storage,
    set_clock,
    vm_id,
)
from tests.wire.test_archive import ARCHIVED, RECOMMENDED, live
from tests.wire.test_archive_readiness import build

WHERE = ("group-1", "vault-1")
CONTAINER, NAME = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]
ITEM = ("vault-1", "group-1", "Azure", CONTAINER, NAME)
TARGET = GROUP_ID.replace("group-1", "restored")
TO_ARCHIVE = {"source_tier_type": "HardenedRP", "target_tier_type": "ArchivedRP"}
FROM_ARCHIVE = {"source_tier_type": "ArchivedRP", "target_tier_type": "HardenedRP"}
MOVE = models.MoveRPAcrossTiersRequest(**TO_ARCHIVE)


@pytest.fixture
def sdk(world: RunningServer, arm: httpx.Client) -> Iterator[Any]:
    """A client of an empty world, whose clock is left as it was found."""
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client
    set_clock(arm, skipOnWait="finish")


@pytest.fixture
def backup(sdk: Any, arm: httpx.Client) -> Any:
    """A client of a vault with points of January and February that are ready for the archive."""
    build(arm, "2026-05-10")
    put_group(arm, TARGET)
    put_storage(arm)
    return sdk


def oldest(backup: Any) -> Any:
    """Return the oldest point, as the list and its own address show it alike."""
    *_, listed = backup.recovery_points.list(*ITEM)
    shown = backup.recovery_points.get(*ITEM, listed.name)
    assert shown == listed
    return shown


def tiers(point: Any) -> dict[str, str]:
    return {tier.type: tier.status for tier in point.properties.recovery_point_tier_details}


def ready(backup: Any) -> list[str]:
    recommended = backup.recovery_points_recommended_for_move
    request = models.ListRecoveryPointsRecommendedForMoveRequest(excluded_rp_list=[])
    return [each.name for each in recommended.list(*ITEM, request)]


def newest_job(backup: Any, operation: str) -> Any:
    wanted = f"operation eq '{operation}'"
    newest = next(iter(backup.backup_jobs.list("vault-1", "group-1", filter=wanted)))
    return backup.job_details.get("vault-1", "group-1", newest.name).properties


def ends_of_archive(backup: Any) -> list[datetime]:
    """Return when the oldest and the newest point in the archive were taken."""
    # The SDK has no model of an item whose type is that of a VM.
    info = backup.protected_items.get(*ITEM).properties["extendedInfo"]
    names = ("oldestRecoveryPointInArchive", "newestRecoveryPointInArchive")
    return [datetime.fromisoformat(info[name]) for name in names]


def request(point: Any, **more: Any) -> Any:
    return {
        "recovery_type": "RestoreDisks",
        "recovery_point_id": point.name,
        "source_resource_id": vm_id(),
        "storage_account_id": STORAGE_ID,
        "target_resource_group_id": TARGET,
        "region": "westeurope",
        "recovery_point_rehydration_info": models.RecoveryPointRehydrationInfo(**more),
    }


def rehydrate(backup: Any, point: Any, **more: Any) -> None:
    properties = models.IaasVMRestoreWithRehydrationRequest(**request(point, **more))
    body = models.RestoreRequestResource(properties=properties)
    backup.restores.begin_trigger(*ITEM, point.name, body).result()


def test_a_point_is_moved_rehydrated_and_restored_by_the_sdk(
    backup: Any, arm: httpx.Client
) -> None:
    point = oldest(backup)
    assert point.name in ready(backup)
    backup.begin_move_recovery_point(*ITEM, point.name, MOVE).result()
    job = newest_job(backup, "MoveRecoveryPoint")
    assert (type(job), job.status) == (models.AzureIaaSVMJob, "Completed")
    moved = oldest(backup)
    assert tiers(moved) == ARCHIVED
    assert point.name not in ready(backup)
    assert backup.protected_items.get(*ITEM).properties.is_archive_enabled
    assert ends_of_archive(backup) == [point.properties.recovery_point_time] * 2
    with pytest.raises(HttpResponseError, match="UserErrorRecoveryPointAlreadyInArchiveTier"):
        backup.begin_move_recovery_point(*ITEM, point.name, MOVE)
    plain = request(point)
    del plain["recovery_point_rehydration_info"]
    body = models.RestoreRequestResource(properties=models.IaasVMRestoreRequest(**plain))
    with pytest.raises(HttpResponseError, match="UserErrorRecoveryPointNotRehydrated"):
        backup.restores.begin_trigger(*ITEM, point.name, body)
    assert oldest(backup) == moved
    rehydrate(backup, point, rehydration_priority="High", rehydration_retention_duration="P12D")
    job = newest_job(backup, "RestoreWithRehydrate")
    assert (type(job), job.status) == (models.AzureIaaSVMJob, "Completed")
    assert [task.task_id for task in job.extended_info.tasks_list] == [
        "Rehydrate from Archive storage",
        "Transfer data from vault",
    ]
    back = oldest(backup)
    assert tiers(back) == {
        "InstantRP": "Deleted",
        "HardenedRP": "Valid",
        "ArchivedRP": "Rehydrated",
    }
    until = back.properties.recovery_point_tier_details[2].extended_info["RehydratedRPExpiryTime"]
    assert (datetime.fromisoformat(until) - job.start_time).days == 12
    with pytest.raises(HttpResponseError, match="UserErrorRecoveryPointAlreadyRehydrated"):
        rehydrate(backup, point, rehydration_priority="High")
    assert oldest(backup) == back
    advance(arm, by="P13D")
    assert tiers(oldest(backup)) == tiers(moved)


def test_a_tiering_policy_moves_points_for_the_sdk(sdk: Any, arm: httpx.Client) -> None:
    live(arm, "2026-04-05", RECOMMENDED)
    policy = sdk.protection_policies.get("vault-1", "group-1", "daily").properties
    assert policy.tiering_policy["ArchivedRP"].tiering_mode == "TierRecommended"
    assert tiers(oldest(sdk)) == ARCHIVED
    assert ends_of_archive(sdk) == [oldest(sdk).properties.recovery_point_time] * 2


def test_savings_and_costs_are_fetched_by_the_sdk(backup: Any, arm: httpx.Client) -> None:
    fetch = backup.fetch_tiering_cost
    vault = models.FetchTieringCostSavingsInfoForVaultRequest(**TO_ARCHIVE)
    saved = fetch.begin_post(*WHERE, vault).result()
    assert isinstance(saved, models.TieringCostSavingInfo)
    assert saved.target_tier_size_increase_in_bytes > saved.source_tier_size_reduction_in_bytes > 0
    assert saved.retail_target_tier_cost_per_gb_per_month < (
        saved.retail_source_tier_cost_per_gb_per_month
    )
    policy = models.FetchTieringCostSavingsInfoForPolicyRequest(policy_name="daily", **TO_ARCHIVE)
    assert fetch.begin_post(*WHERE, policy).result() == saved
    names = {"container_name": CONTAINER, "protected_item_name": NAME}
    item = models.FetchTieringCostSavingsInfoForProtectedItemRequest(**names, **TO_ARCHIVE)
    assert fetch.begin_post(*WHERE, item).result() == saved
    point = oldest(backup)
    cost = models.FetchTieringCostInfoForRehydrationRequest(
        **names, **FROM_ARCHIVE, recovery_point_id=point.name, rehydration_priority="High"
    )
    with pytest.raises(HttpResponseError, match="UserErrorRecoveryPointRehydrationNotAllowed"):
        fetch.begin_post(*WHERE, cost)
    backup.begin_move_recovery_point(*ITEM, point.name, MOVE).result()
    advance(arm, until="idle")
    set_clock(arm, skipOnWait="off")
    operation = begun(fetch.begin_post, *WHERE, cost)
    assert backup.tiering_cost_operation_status.get(*WHERE, operation).status == "InProgress"
    advance(arm, by="PT10S")
    assert backup.tiering_cost_operation_status.get(*WHERE, operation).status == "Succeeded"
    found = backup.get_tiering_cost_operation_result.get(*WHERE, operation)
    assert isinstance(found, models.TieringCostRehydrationInfo)
    assert found.rehydration_size_in_bytes * 2 == saved.target_tier_size_increase_in_bytes
    operation = begun(fetch.begin_post, *WHERE, vault)
    advance(arm, by="PT10S")
    less = backup.get_tiering_cost_operation_result.get(*WHERE, operation)
    assert less.target_tier_size_increase_in_bytes == found.rehydration_size_in_bytes


def begun(begin: Any, *asked: Any) -> str:
    """Begin an operation and return its name, without polling it to its end."""
    answers: list[Any] = []
    begin(*asked, polling=False, raw_response_hook=lambda each: answers.append(each.http_response))
    (answer,) = answers
    assert answer.status_code == 202
    return str(answer.headers["Location"].partition("?")[0].rpartition("/")[2])


def test_the_disks_of_a_point_are_fetched_by_the_sdk(backup: Any, arm: httpx.Client) -> None:
    point = oldest(backup)
    wanted = models.GetRPExtendedInfoRequest(recovery_point_ids=[point.id])
    body = models.GetRPExtendedInfoRequestResource(properties=wanted)
    points = backup.recovery_points
    (found,) = points.begin_get_rp_extended_info(*WHERE, "Azure", body).result().value
    assert (found.id, found.name) == (point.id, point.name)
    assert isinstance(found.properties, models.IaasVMRPExtendedInfo)
    details: Any = found.properties
    disks = [details.os_disk, *details.data_disks]
    shown = point.properties.recovery_point_disk_configuration.included_disk_list
    assert [(disk.lun, disk.name) for disk in disks] == [(disk.lun, disk.name) for disk in shown]
    set_clock(arm, skipOnWait="off")
    operation = begun(points.begin_get_rp_extended_info, *WHERE, "Azure", body)
    result = points.get_rp_extended_info_operation_result
    assert result(*WHERE, "Azure", operation) is None
    advance(arm, by="PT5S")
    assert result(*WHERE, "Azure", operation).value == [found]
    assert points.get(*ITEM, point.name) == point
    two = models.GetRPExtendedInfoRequest(recovery_point_ids=[point.id, point.id])
    with pytest.raises(HttpResponseError, match="exactly one"):
        points.begin_get_rp_extended_info(*WHERE, "Azure", {"properties": two})
