"""Microsoft's SDK of Azure Backup: databases that are protected, to their restore and deletion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient, models

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import VAULT_ID, advance, set_clock
from tests.wire.databases import (
    CONTAINER,
    CONTAINER_PATH,
    SQL_VM,
    policy_id,
    register,
    server_world,
)
from tests.wire.protected_databases import (
    HANA_VM,
    database_policy,
    hana_world,
    put_database_policy,
)

VAULT = ("vault-1", "group-1")
SALES = (*VAULT, "Azure", CONTAINER, "SQLDataBase;mssqlserver;sales")
ERP = (*VAULT, "Azure", CONTAINER.replace("sql-1", "hana-1"), "SAPHanaDatabase;hdb;erp")
JOBS = "backupManagementType eq 'AzureWorkload'"
SQL_ITEM = models.AzureVmWorkloadSQLDatabaseProtectedItem
HANA_ITEM = models.AzureVmWorkloadSAPHanaDatabaseProtectedItem
Properties = dict[str, Any]


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault with a registered SQL Server, and a policy that nobody uses yet.

    The clock is left as it was found.
    """
    server_world(arm)
    register(arm)
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        wanted: Any = database_policy(differential=20, log=15, every=15)
        client.protection_policies.create_or_update(*VAULT, "sql", wanted)
        yield client
    set_clock(arm, skipOnWait="finish")


def put(backup: Any, item: tuple[str, ...], kind: Any, **asked: Any) -> None:
    body = models.ProtectedItemResource(properties=kind(**asked))
    backup.protected_items.begin_create_or_update(*item, body).result()


def shown(backup: Any, item: tuple[str, ...] = SALES) -> Properties:
    """Return an item's properties; the SDK does not resolve their class, so read as a mapping."""
    found: Properties = dict(backup.protected_items.get(*item).properties)
    return found


def back_up(backup: Any, kind: str, item: tuple[str, ...] = SALES, **asked: Any) -> Any:
    """Take a backup and return its job once it is over."""
    request = models.AzureWorkloadBackupRequest(backup_type=kind, **asked)
    backup.backups.trigger(*item, models.BackupRequestResource(properties=request))
    newest = next(iter(backup.backup_jobs.list(*VAULT, filter=JOBS)))
    return backup.job_details.get(*VAULT, newest.name).properties


def points(backup: Any, item: tuple[str, ...] = SALES, **how: Any) -> list[Any]:
    return list(backup.recovery_points.list(*item, **how))


def restore(backup: Any, item: tuple[str, ...], point: str, request: Any) -> Any:
    """Restore a point and return its job once it is over."""
    body = models.RestoreRequestResource(properties=request)
    backup.restores.begin_trigger(*item, point, body).result()
    newest = next(
        iter(backup.backup_jobs.list(*VAULT, filter=f"{JOBS} and operation eq 'Restore'"))
    )
    return backup.job_details.get(*VAULT, newest.name).properties


def test_a_sql_database_is_protected_backed_up_and_restored(backup: Any, arm: httpx.Client) -> None:
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    assert shown(backup)["protectionState"] == "IRPending"
    job = back_up(backup, "Full", enable_compression=True)
    assert type(job) is models.AzureWorkloadJob
    assert (job.operation, job.entity_friendly_name) == ("Backup (Full)", "sales [sql-1]")
    info: Any = job.extended_info
    [task] = info.tasks_list
    assert (task.task_id, task.status) == ("Transfer data to vault", "Completed")
    kept = datetime(2026, 3, 1, tzinfo=UTC)
    for kind in ("Differential", "Log"):
        assert back_up(backup, kind).status == "Completed"
    assert (
        back_up(backup, "CopyOnlyFull", recovery_point_expiry_time_in_utc=kept).status
        == "Completed"
    )
    assert shown(backup)["protectionState"] == "Protected"
    *data, log = points(backup)
    assert [point.properties["type"] for point in data] == ["Full", "Differential", "Full"]
    assert log.name == "DefaultRangeRecoveryPoint"
    [span] = log.properties["timeRanges"]
    full = data[-1]
    single = backup.recovery_points.get(*SALES, full.name).properties
    assert span["startTime"] == single["recoveryPointTimeInUTC"]
    target = models.TargetRestoreInfo(
        overwrite_option="FailOnConflict",
        container_id=CONTAINER_PATH,
        database_name="MSSQLSERVER/copy",
    )
    paths = [
        models.SQLDataDirectoryMapping(
            mapping_type=each["type"],
            source_logical_name=each["logicalName"],
            source_path=each["path"],
            target_path=each["path"].replace("sales", "copy"),
        )
        for each in single["extendedInfo"]["dataDirectoryPaths"]
    ]
    request = models.AzureWorkloadSQLRestoreRequest(
        recovery_type="AlternateLocation",
        source_resource_id=SQL_VM,
        target_info=target,
        alternate_directory_paths=paths,
        should_use_alternate_target_location=True,
        is_non_recoverable=False,
    )
    job = restore(backup, SALES, full.name, request)
    assert (job.status, job.extended_info.tasks_list[0].task_id) == (
        "Completed",
        "Transfer data from vault",
    )
    backup.protection_containers.inquire(*SALES[:4])
    advance(arm, until="idle")
    copy = (*SALES[:4], "SQLDataBase;mssqlserver;copy")
    put(backup, copy, SQL_ITEM, policy_id=policy_id())
    back_up(backup, "Full", copy)
    held = points(backup, copy)[0].properties["contentFingerprint"]
    assert held == single["contentFingerprint"]
    with pytest.raises(HttpResponseError) as refusal:
        restore(backup, SALES, full.name, request)
    assert refusal.value.error
    assert refusal.value.error.code == "UserErrorCannotRestoreExistingDBWithoutForceOverwrite"


def test_a_sql_database_is_restored_to_an_instant(backup: Any, arm: httpx.Client) -> None:
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    back_up(backup, "Full")
    advance(arm, by="PT3H")
    only_log = "restorePointQueryType eq 'Log'"
    [log] = points(backup, filter=only_log)
    [span] = log.properties["timeRanges"]
    request = models.AzureWorkloadSQLPointInTimeRestoreRequest(
        recovery_type="OriginalLocation", source_resource_id=SQL_VM, point_in_time=span["endTime"]
    )
    request.point_in_time = datetime.fromisoformat(span["endTime"])
    job = restore(backup, SALES, log.name, request)
    assert job.extended_info.property_bag["Target Database"] == "sales"
    advance(arm, by="PT3H")
    [log] = points(backup, filter=only_log)
    [left] = log.properties["timeRanges"]
    assert left["startTime"] == span["startTime"]
    request.point_in_time = datetime.fromisoformat("2027-01-01T00:00:00Z")
    with pytest.raises(HttpResponseError, match="none of the ranges"):
        restore(backup, SALES, log.name, request)


def test_protection_is_changed_stopped_deleted_and_brought_back(
    backup: Any, arm: httpx.Client
) -> None:
    put_database_policy(arm, "other", days=9)
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    put(backup, SALES, SQL_ITEM, policy_id=policy_id("other"))
    assert shown(backup)["policyName"] == "other"
    for state in ("ProtectionStopped", "BackupsSuspended"):
        put(backup, SALES, SQL_ITEM, policy_id="", protection_state=state)
        assert shown(backup)["protectionState"] == state
    with pytest.raises(HttpResponseError) as refusal:
        back_up(backup, "Full")
    assert refusal.value.error
    assert refusal.value.error.code == "UserErrorProtectionStopped"
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    backup.protected_items.delete(*SALES)
    advance(arm, until="idle")
    assert shown(backup)["isScheduledForDeferredDelete"]
    put(
        backup,
        SALES,
        SQL_ITEM,
        policy_id="",
        protection_state="ProtectionStopped",
        is_rehydrate=True,
    )
    assert "isScheduledForDeferredDelete" not in shown(backup)
    [listed] = backup.backup_protected_items.list(*VAULT, filter=JOBS)
    assert listed.properties["workloadType"] == "SQLDataBase"
    backup.protected_items.delete(*SALES)
    advance(arm, by="P15D")
    with pytest.raises(ResourceNotFoundError):
        shown(backup)


def test_a_hana_database_is_protected_backed_up_and_restored(
    backup: Any, arm: httpx.Client
) -> None:
    hana_world(arm, incremental=10, every=15)
    put(backup, ERP, HANA_ITEM, policy_id=policy_id("hana"))
    for kind in ("Full", "Incremental"):
        assert back_up(backup, kind, ERP).status == "Completed"
    incremental, full, log = points(backup, ERP)
    assert incremental.properties["type"] == "Incremental"
    assert log.properties["objectType"] == "AzureWorkloadSAPHanaPointInTimeRecoveryPoint"
    target = models.TargetRestoreInfo(
        container_id=CONTAINER_PATH.replace("sql-1", "hana-1"), database_name="HDB/ERP2"
    )
    request: Any = models.AzureWorkloadSAPHanaRestoreRequest(
        recovery_type="AlternateLocation", source_resource_id=HANA_VM, target_info=target
    )
    assert restore(backup, ERP, incremental.name, request).status == "Completed"
    request = models.AzureWorkloadSAPHanaRestoreWithRehydrateRequest(
        recovery_type="AlternateLocation", source_resource_id=HANA_VM, target_info=target
    )
    with pytest.raises(HttpResponseError, match="no archive"):
        restore(backup, ERP, full.name, request)


def test_a_restore_is_validated_and_a_backup_cancelled(backup: Any, arm: httpx.Client) -> None:
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    back_up(backup, "Full")
    point = points(backup)[0]
    wanted = models.ValidateRestoreOperationRequest(
        restore_request=models.AzureWorkloadSQLRestoreRequest(
            recovery_type="AlternateLocation",
            target_info=models.TargetRestoreInfo(
                container_id=CONTAINER_PATH, database_name="MSSQLSERVER/sales"
            ),
        ),
    )
    body = {"id": point.id, "properties": wanted.as_dict()}
    told = backup.operation.validate(*VAULT, body)
    [problem] = told.validate_operation_response.validation_results
    assert problem.code == "UserErrorCannotRestoreExistingDBWithoutForceOverwrite"
    set_clock(arm, skipOnWait="off")
    request = models.AzureWorkloadBackupRequest(backup_type="Full")
    backup.backups.trigger(*SALES, models.BackupRequestResource(properties=request))
    job = next(iter(backup.backup_jobs.list(*VAULT, filter=JOBS)))
    backup.job_cancellations.trigger(*VAULT, job.name)
    advance(arm, until="idle")
    assert backup.job_details.get(*VAULT, job.name).properties.status == "Cancelled"
    assert arm.get(f"{VAULT_ID}/backupJobs/{job.name}").is_success


def test_the_archive_does_not_take_databases(backup: Any) -> None:
    """What a database shows is that its points are not ready; the rest is refused by name."""
    put(backup, SALES, SQL_ITEM, policy_id=policy_id())
    back_up(backup, "Full")
    point = points(backup)[0]
    readiness = point.properties["recoveryPointMoveReadinessInfo"]["ArchivedRP"]
    assert (readiness["isReadyForMove"], "45 days" in readiness["additionalInfo"]) == (False, True)
    assert point.properties["recoveryPointTierDetails"] == [
        {"type": "HardenedRP", "status": "Valid"}
    ]
    move = models.MoveRPAcrossTiersRequest(
        source_tier_type="HardenedRP", target_tier_type="ArchivedRP"
    )
    vault, group = VAULT
    with pytest.raises(HttpResponseError, match=r"NotSupported.*protectedItemName"):
        backup.begin_move_recovery_point(*SALES, point.name, move)
    wanted = models.ListRecoveryPointsRecommendedForMoveRequest(excluded_rp_list=[])
    code = "UserErrorDatasourceTypeIsNotSupportedForRecommendationApi"
    with pytest.raises(HttpResponseError, match=code):
        list(backup.recovery_points_recommended_for_move.list(*SALES, wanted))
    costs = models.FetchTieringCostSavingsInfoForProtectedItemRequest(
        source_tier_type="HardenedRP",
        target_tier_type="ArchivedRP",
        container_name=SALES[3],
        protected_item_name=SALES[4],
    )
    with pytest.raises(HttpResponseError, match=r"NotSupported.*protectedItemName"):
        backup.fetch_tiering_cost.begin_post(group, vault, costs)
    assert points(backup)[0] == point
