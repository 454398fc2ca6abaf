"""Microsoft's client of the secondary region restores databases to servers there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicesbackup.passivestamp import (
    RecoveryServicesBackupPassiveClient,
    models,
)

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import VAULT_ID
from tests.wire.databases import SQL_VM
from tests.wire.protected_databases import ERP, HANA_VM, RANGE, SALES
from tests.wire.secondary import REGION
from tests.wire.secondary_databases import FAR_SERVER, FAR_VM, erp_there, held, sales_there
from tests.wire.test_region_outages import switch

OF_DATABASES = "backupManagementType eq 'AzureWorkload'"


@pytest.fixture
def passive(world: RunningServer) -> Iterator[Any]:
    with RecoveryServicesBackupPassiveClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def path_of(item: str) -> tuple[str, ...]:
    """Return what the client names an item by."""
    parts = item.split("/")
    return ("vault-1", "group-1", "Azure", parts[-3], parts[-1])


def points(passive: Any, item: str = SALES, **how: Any) -> list[Any]:
    return list(passive.recovery_points_crr.list(*path_of(item), **how))


def restore(passive: Any, point: str, request: Any, item: str = SALES) -> Any:
    """Restore a point in the secondary region and return its job, at its end."""
    aad = passive.aad_properties.get(REGION, filter=OF_DATABASES)
    given = passive.recovery_points.get_access_token(*path_of(item), point, aad).properties
    assert type(given) is models.WorkloadCrrAccessToken
    sent = models.CrossRegionRestoreRequest(
        cross_region_restore_access_details=given, restore_request=request
    )
    passive.cross_region_restore.begin_trigger(REGION, sent).wait()
    of_vault = models.CrrJobRequest(resource_id=VAULT_ID)
    name = next(iter(passive.backup_crr_jobs.list(REGION, of_vault))).name
    wanted = models.CrrJobRequest(resource_id=VAULT_ID, job_name=name)
    return passive.backup_crr_job_details.get(REGION, wanted)


def target(name: str, server: str = FAR_SERVER) -> Any:
    return models.TargetRestoreInfo(
        overwrite_option="Overwrite", container_id=server, database_name=name
    )


def test_a_sql_database_is_restored_while_its_region_is_down(
    passive: Any, arm: httpx.Client
) -> None:
    sales_there(arm, log=15, every=15)
    switch(arm, "down")
    filtered = f"{OF_DATABASES} and itemType eq 'SQLDataBase'"
    (item,) = passive.backup_protected_items_crr.list("vault-1", "group-1", filter=filtered)
    assert type(item.properties) is models.AzureVmWorkloadSQLDatabaseProtectedItem
    assert item.properties.friendly_name == "sales"
    *_, full, log = points(passive)
    assert type(full.properties) is models.AzureWorkloadSQLRecoveryPoint
    one = passive.recovery_points_crr.get(*path_of(SALES), full.name).properties
    taken = one.recovery_point_time_in_utc
    assert taken == full.properties.recovery_point_time_in_utc
    paths = one.extended_info.data_directory_paths
    assert [each.logical_name for each in paths] == ["sales", "sales_log"]

    mapped = [
        models.SQLDataDirectoryMapping(
            mapping_type=each.type,
            source_logical_name=each.logical_name,
            source_path=each.path,
            target_path=each.path.replace("sales", "copy"),
        )
        for each in paths
    ]
    request = models.AzureWorkloadSQLRestoreRequest(
        recovery_type="AlternateLocation",
        source_resource_id=SQL_VM,
        target_info=target("MSSQLSERVER/copy"),
        target_virtual_machine_id=FAR_VM,
        alternate_directory_paths=mapped,
        should_use_alternate_target_location=True,
        is_non_recoverable=False,
    )
    job = restore(passive, full.name, request)
    assert (job.properties.operation, job.properties.status) == ("CrossRegionRestore", "Completed")
    assert type(job.properties) is models.AzureWorkloadJob
    info: Any = job.properties.extended_info
    assert info.property_bag["Target VM Name"] == "far-1"
    assert f"/locations/{REGION}/backupJobs/" in job.id
    full_content = held(arm, "copy")

    (span,) = log.properties.time_ranges
    assert span.start_time == taken
    instant = span.start_time.astimezone(UTC) + timedelta(hours=1)
    assert instant < span.end_time
    to_instant = models.AzureWorkloadSQLPointInTimeRestoreRequest(
        recovery_type="AlternateLocation",
        target_info=target("MSSQLSERVER/copy"),
        point_in_time=instant,
    )
    assert restore(passive, RANGE, to_instant).properties.status == "Completed"
    assert held(arm, "copy") not in (None, full_content)
    folder = models.TargetRestoreInfo(
        overwrite_option="Overwrite",
        container_id=FAR_SERVER,
        target_directory_for_file_restore="F:\\files",
    )
    files = models.AzureWorkloadSQLRestoreRequest(
        recovery_type="AlternateLocation", recovery_mode="FileRecovery", target_info=folder
    )
    assert restore(passive, full.name, files).properties.status == "Completed"


def test_a_hana_database_is_restored_and_not_over_itself(passive: Any, arm: httpx.Client) -> None:
    sales_there(arm)
    held_then = erp_there(arm)["properties"]["contentFingerprint"]
    point = points(passive, ERP)[0]
    assert type(point.properties) is models.AzureWorkloadSAPHanaRecoveryPoint
    server = FAR_SERVER.replace("far-1", "far-hana")
    request = models.AzureWorkloadSAPHanaRestoreRequest(
        recovery_type="OriginalLocation", source_resource_id=HANA_VM
    )
    with pytest.raises(HttpResponseError, match="OriginalLocation is not possible") as refusal:
        restore(passive, point.name, request, ERP)
    assert refusal.value.status_code == 400
    assert (
        list(passive.backup_crr_jobs.list(REGION, models.CrrJobRequest(resource_id=VAULT_ID))) == []
    )
    request.recovery_type = "AlternateLocation"
    request.target_info = target("HDB/COPY", server)
    assert restore(passive, point.name, request, ERP).properties.status == "Completed"
    assert held(arm, "COPY", server) == held_then
