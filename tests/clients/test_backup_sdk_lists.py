"""Microsoft's SDK of Azure Backup: lists and their filters, cancelled jobs, a limit reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    ITEM_ID,
    advance,
    back_up,
    delete_item,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

WHERE = ("vault-1", "group-1")


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault whose ``vm-1`` was backed up for five days; ``vm-2`` waits."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    put_vm(arm, "vm-2")
    protect(arm)
    advance(arm, by="P5D")
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def test_jobs_are_listed_by_what_the_sdk_asks(backup: Any, arm: httpx.Client) -> None:
    running = back_up(arm)
    wanted = "backupManagementType eq 'AzureIaasVM' and operation eq 'Backup'"
    jobs = list(backup.backup_jobs.list(*WHERE, filter=f"{wanted} and status eq 'InProgress'"))
    assert [job.name for job in jobs] == [running]
    assert jobs[0].properties.actions_info == ["Cancellable"]
    span = "startTime eq '2026-01-02 12:00:00 AM' and endTime eq '2026-01-04 12:00:00 AM'"
    assert len(list(backup.backup_jobs.list(*WHERE, filter=f"{wanted} and {span}"))) == 2
    one = list(backup.backup_jobs.list(*WHERE, filter=f"jobId eq '{running}'"))
    assert [job.name for job in one] == [running]


def test_items_containers_and_policies_are_listed_by_what_the_sdk_asks(backup: Any) -> None:
    items = backup.backup_protected_items.list(
        *WHERE, filter="backupManagementType eq 'AzureIaasVM' and healthState eq 'Passed'"
    )
    assert [item.properties["friendlyName"] for item in items] == ["vm-1"]
    containers = backup.backup_protection_containers.list(
        *WHERE, filter="backupManagementType eq 'AzureIaasVM' and status eq 'Registered'"
    )
    assert [container.properties["friendlyName"] for container in containers] == ["vm-1"]
    policies = backup.backup_policies.list(*WHERE, filter="workloadType eq 'SQLDataBase'")
    assert [policy.name for policy in policies] == ["HourlyLogBackup"]
    free = backup.backup_protectable_items.list(
        *WHERE, filter="backupManagementType eq 'AzureIaasVM' and friendlyName eq 'vm-2'"
    )
    assert [vm.properties["friendlyName"] for vm in free] == ["vm-2"]


def test_recovery_points_are_listed_by_what_the_sdk_asks(backup: Any) -> None:
    container, item = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]
    found = backup.recovery_points.list(
        *WHERE,
        "Azure",
        container,
        item,
        filter="startDate eq '2026-01-02 12:00:00 AM' and endDate eq '2026-01-04 12:00:00 AM'",
    )
    assert [point.properties.recovery_point_time.day for point in found] == [3, 2]


def test_what_cannot_be_asked_for_reaches_the_sdk_as_an_error(backup: Any) -> None:
    with pytest.raises(HttpResponseError, match=r"allowed: .*InProgress") as raised:
        list(backup.backup_jobs.list(*WHERE, filter="status eq 'Lost'"))
    assert raised.value.error is not None
    assert raised.value.error.code == "BMSUserErrorInvalidInput"


def test_deleted_containers_are_listed_by_what_the_sdk_asks(backup: Any, arm: httpx.Client) -> None:
    kind = "backupManagementType eq 'AzureIaasVM'"
    assert list(backup.deleted_protection_containers.list("group-1", "vault-1", filter=kind)) == []
    delete_item(arm)
    found = backup.deleted_protection_containers.list("group-1", "vault-1", filter=kind)
    assert [container.properties["friendlyName"] for container in found] == ["vm-1"]
    elsewhere = "backupManagementType eq 'AzureStorage'"
    assert not list(
        backup.deleted_protection_containers.list("group-1", "vault-1", filter=elsewhere)
    )


def test_the_sdk_cancels_a_job_and_follows_it(backup: Any, arm: httpx.Client) -> None:
    running = back_up(arm)
    sent: list[str] = []

    def note(answer: Any) -> None:
        sent.append(answer.http_response.headers["location"])

    backup.job_cancellations.trigger(*WHERE, running, raw_response_hook=note)
    operation = sent[0].rpartition("/")[2].partition("?")[0]
    backup.job_operation_results.get(*WHERE, running, operation)
    assert backup.job_details.get(*WHERE, running).properties.status == "Cancelled"
    with pytest.raises(HttpResponseError) as raised:
        backup.job_cancellations.trigger(*WHERE, running)
    assert raised.value.error is not None
    assert raised.value.error.code == "UserErrorJobNotInProgress"


def test_jobs_are_exported_and_the_export_is_polled(backup: Any) -> None:
    told: list[Any] = []
    backup.jobs.export(*WHERE, raw_response_hook=lambda answer: told.append(answer.http_response))
    operation = operation_of(told[0].headers["Location"])
    written = backup.export_jobs_operation_results.get(*WHERE, operation).operation
    assert "jobs.xlsx" in written.excel_file_blob_url
    assert backup.backup_operation_statuses.get(*WHERE, operation).status == "Succeeded"
    assert len(list(backup.backup_jobs.list(*WHERE))) > 1


def test_a_backup_is_polled_by_its_result_too(backup: Any) -> None:
    told: list[Any] = []
    container, item = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]
    asked = {"properties": {"objectType": "IaasVMBackupRequest"}}
    protected = (*WHERE, "Azure", container, item)
    backup.backups.trigger(
        *protected, asked, raw_response_hook=lambda answer: told.append(answer.http_response)
    )
    operation = operation_of(told[0].headers["Location"])
    assert backup.backup_operation_results.get(*WHERE, operation) is None
    job = backup.backup_operation_statuses.get(*WHERE, operation).properties.job_id
    assert backup.job_details.get(*WHERE, job).properties.operation == "Backup"


def operation_of(url: str) -> str:
    """Return the id of the operation that a URL polls."""
    return url.partition("?")[0].rpartition("/")[2]


def test_a_limit_of_a_day_reaches_the_sdk_at_once_as_an_error(backup: Any) -> None:
    container, item = ITEM_ID.split("/")[-3], ITEM_ID.split("/")[-1]
    asked = {"properties": {"objectType": "IaasVMBackupRequest"}}
    for _ in range(9):
        backup.backups.trigger(*WHERE, "Azure", container, item, asked)
    with pytest.raises(HttpResponseError, match=r"permitted in 24 hours: 9 on-demand") as raised:
        backup.backups.trigger(*WHERE, "Azure", container, item, asked)
    assert raised.value.error is not None
    assert raised.value.error.code == "CloudDosAbsoluteLimitReached"
