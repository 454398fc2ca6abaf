"""Microsoft's SDK of Azure Backup: a file share from its account's registration to its deletion."""

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
from tests.wire.builders import advance
from tests.wire.shares import ACCOUNT_ID, SHARE_POLICY_ID, put_share_policy, share_world

WHERE = ("vault-1", "group-1", "Azure")
STORAGE = "backupManagementType eq 'AzureStorage'"
CONTAINER = models.ProtectionContainerResource(
    properties=models.AzureStorageContainer(
        backup_management_type="AzureStorage", source_resource_id=ACCOUNT_ID
    )
)


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault, with a share and a policy that nobody uses yet."""
    share_world(arm)
    put_share_policy(arm)
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def register(backup: Any) -> str:
    """Discover and register the account, and return its container's name."""
    told: list[Any] = []
    backup.protection_containers.refresh(*WHERE, filter=STORAGE, cls=keep(told))
    operation = operation_of(told[0])
    discovered = backup.protection_container_refresh_operation_statuses
    assert discovered.get("group-1", "vault-1", "Azure", operation).status == "Succeeded"
    assert backup.protection_container_refresh_operation_results.get(*WHERE, operation) is None
    [free] = backup.protectable_containers.list(*WHERE, filter=STORAGE)
    assert isinstance(free.properties, models.AzureStorageProtectableContainer)
    done = backup.protection_containers.begin_register(*WHERE, free.name, CONTAINER).result()
    assert isinstance(done.properties, models.AzureStorageContainer)
    assert done.properties.registration_status == "Registered"
    return str(done.name)


def keep(told: list[Any]) -> Any:
    """Return what notes an answer, for an SDK's ``cls``."""
    return lambda answer, _body, _headers: told.append(answer.http_response)


def operation_of(answer: Any) -> str:
    """Return the id of the operation that an answer says has begun."""
    return str(answer.headers["Location"].partition("?")[0].rpartition("/")[2])


def protect(backup: Any, container: str) -> tuple[str, ...]:
    """Protect the share, and return what names its item."""
    told: list[Any] = []
    backup.protection_containers.inquire(*WHERE, container, filter=STORAGE, cls=keep(told))
    results = backup.protection_container_operation_results
    assert results.get(*WHERE, container, operation_of(told[0])) is None
    [share] = backup.backup_protectable_items.list(*WHERE[:2], filter=STORAGE)
    assert isinstance(share.properties, models.AzureFileShareProtectableItem)
    item = (*WHERE, container, share.name)
    properties = models.AzureFileshareProtectedItem(
        policy_id=SHARE_POLICY_ID, source_resource_id=ACCOUNT_ID
    )
    wanted = models.ProtectedItemResource(properties=properties)
    done = backup.protected_items.begin_create_or_update(*item, wanted).result()
    assert isinstance(done.properties, models.AzureFileshareProtectedItem)
    assert done.properties.friendly_name == "share-1"
    return item


def test_a_share_is_protected_backed_up_and_deleted(backup: Any, arm: httpx.Client) -> None:
    container = register(backup)
    item = protect(backup, container)
    until = datetime(2026, 2, 1, tzinfo=UTC)
    request = models.AzureFileShareBackupRequest(recovery_point_expiry_time_in_utc=until)
    backup.backups.trigger(*item, models.BackupRequestResource(properties=request))
    advance(arm, until="idle")
    [found] = backup.backup_jobs.list(*WHERE[:2], filter=f"{STORAGE} and operation eq 'Backup'")
    job = backup.job_details.get(*WHERE[:2], found.name).properties
    assert type(job) is models.AzureStorageJob
    assert (job.storage_account_name, job.entity_friendly_name) == ("files1", "share-1")
    tasks: Any = job.extended_info and job.extended_info.tasks_list
    assert [(task.task_id, task.status) for task in tasks] == [("Take Snapshot", "Completed")]
    [point] = backup.recovery_points.list(*item)
    shown: Any = point.properties
    assert type(shown) is models.AzureFileShareRecoveryPoint
    assert shown.recovery_point_size_in_gb
    assert "sharesnapshot=" in (shown.file_share_snapshot_uri or "")
    [tier] = shown.recovery_point_tier_details or []
    assert (tier.type, tier.status) == ("InstantRP", "Valid")
    backup.protected_items.delete(*item)
    advance(arm, until="idle")
    assert backup.protected_items.get(*item).properties.is_scheduled_for_deferred_delete


def test_an_account_is_unregistered_once_it_holds_nothing(backup: Any, arm: httpx.Client) -> None:
    container = register(backup)
    item = protect(backup, container)
    with pytest.raises(HttpResponseError) as refusal:
        backup.protection_containers.unregister(*WHERE, container)
    assert refusal.value.error
    assert refusal.value.error.code == "BMSUserErrorContainerHasDatasources"
    backup.protected_items.delete(*item)
    advance(arm, until="idle")
    backup.protection_containers.unregister(*WHERE, container)
    with pytest.raises(ResourceNotFoundError):
        backup.protection_containers.get(*WHERE, container)
    [left] = backup.deleted_protection_containers.list(*WHERE[1::-1], filter=STORAGE)
    assert left.properties.registration_status == "SoftDeleted"
