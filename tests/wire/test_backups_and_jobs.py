"""Backups and their jobs on the wire: two phases, one at a time, cancelled, failed, listed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    RESUME,
    STOP,
    VAULT_ID,
    VM_TYPE,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    item_body,
    item_id,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_storage,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

JOBS = f"{VAULT_ID}/backupJobs"
COMMON = {
    "jobType",
    "isUserTriggered",
    "duration",
    "backupManagementType",
    "operation",
    "status",
    "startTime",
    "entityFriendlyName",
    "containerName",
    "virtualMachineVersion",
    "activityId",
}
LONGEST_SNAPSHOT = "PT8M"


def tasks(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["taskId"], each["status"]) for each in found["extendedInfo"]["tasksList"]]


def states(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(status for _, status in tasks(found))


def cancel(arm: httpx.Client, job_id: str) -> httpx.Response:
    return arm.post(f"{JOBS}/{job_id}/cancel")


def jobs(arm: httpx.Client, text: str = "operation eq 'Backup'") -> list[dict[str, Any]]:
    return [each["properties"] for each in listed(arm, JOBS, **{"$filter": text})]


@pytest.fixture
def still(protected: httpx.Client) -> httpx.Client:
    """A client of a world with a protected VM whose clock no poll moves."""
    set_clock(protected, skipOnWait="off")
    return protected


# --- a backup ----------------------------------------------------------------------------


def test_a_backup_is_accepted_and_its_operation_is_over_at_once(still: httpx.Client) -> None:
    answer = still.post(f"{ITEM_ID}/backup", json={})
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["retry-after"] == "0"
    status = still.get(answer.headers["azure-asyncoperation"]).json()
    assert status["status"] == "Succeeded"
    assert status["properties"]["objectType"] == "OperationStatusJobExtendedInfo"
    assert job(still, status["properties"]["jobId"])["status"] == "InProgress"


def test_a_backup_takes_its_snapshot_and_then_transfers_it(still: httpx.Client) -> None:
    job_id = back_up(still)
    begun = job(still, job_id)
    assert tasks(begun) == [
        ("Take Snapshot", "InProgress"),
        ("Transfer data to vault", "NotStarted"),
    ]
    assert begun["actionsInfo"] == ["Cancellable"]
    advance(still, by=LONGEST_SNAPSHOT)
    transferring = job(still, job_id)
    assert (transferring["status"], *states(transferring)) == (
        "InProgress",
        "Completed",
        "InProgress",
    )
    assert transferring["actionsInfo"] == ["Cancellable"], "recordings keep it to the end"
    advance(still, until={"job": job_id})
    over = job(still, job_id)
    assert (over["status"], *states(over)) == ("Completed", "Completed", "Completed")


def test_a_running_backup_has_the_fields_of_the_recordings(still: httpx.Client) -> None:
    job_id = back_up(still, until="2026-03-01T14:28:28Z")
    found = still.get(f"{JOBS}/{job_id}").json()
    assert set(found) == {"id", "name", "type", "properties"}
    assert found["id"] == f"{JOBS}/{job_id}"
    assert found["type"] == "Microsoft.RecoveryServices/vaults/backupJobs"
    properties = found["properties"]
    assert set(properties) == COMMON | {"actionsInfo", "extendedInfo"}
    assert properties["jobType"] == "AzureIaaSVMJob"
    assert properties["isUserTriggered"] is True
    assert properties["duration"] == "PT0S"
    assert properties["entityFriendlyName"] == "vm-1"
    assert properties["containerName"] == "iaasvmcontainerv2;group-1;vm-1"
    assert properties["extendedInfo"]["propertyBag"] == {
        "VM Name": "vm-1",
        "Recovery Point Expiry Time in UTC": "3/1/2026 2:28:28 PM",
    }
    assert properties["extendedInfo"]["internalPropertyBag"] == {"IsInstantRpJob": "True"}
    for task in properties["extendedInfo"]["tasksList"]:
        assert set(task) == {"taskId", "taskType", "duration", "status"}


def test_a_finished_backup_tells_its_end_and_its_size(still: httpx.Client) -> None:
    job_id = back_up(still)
    advance(still, until={"job": job_id})
    found = job(still, job_id)
    assert set(found) == COMMON | {"actionsInfo", "endTime", "extendedInfo"}
    began, ended = (datetime.fromisoformat(found[name]) for name in ("startTime", "endTime"))
    assert timedelta(minutes=30) < ended - began < timedelta(hours=2)
    assert found["extendedInfo"]["propertyBag"]["Backup Size"].endswith(" MB")


def test_a_job_in_a_list_has_no_extended_info(still: httpx.Client) -> None:
    job_id = back_up(still)
    alone = still.get(f"{JOBS}/{job_id}").json()
    del alone["properties"]["extendedInfo"]
    assert listed(still, JOBS)[0] == alone


def test_a_scheduled_backup_starts_on_its_slot(still: httpx.Client) -> None:
    advance(still, to="2026-01-01T21:59:59Z")
    assert jobs(still) == []
    advance(still, by="PT1S")
    (found,) = jobs(still)
    assert found["startTime"] == "2026-01-01T22:00:00Z"
    assert found["isUserTriggered"] is False


def test_the_first_transfer_is_full_and_later_ones_are_smaller(still: httpx.Client) -> None:
    advance(still, by="P3D")
    sizes = [
        int(job(still, each["name"])["extendedInfo"]["propertyBag"]["Backup Size"].split()[0])
        for each in listed(still, JOBS, **{"$filter": "operation eq 'Backup'"})
    ]
    assert len(sizes) == 3
    assert sizes[0] < sizes[-1]
    assert sizes[1] < sizes[-1]


# --- its expiry --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "until",
    [
        "2026-01-01T00:00:00Z",
        "2025-12-31T23:59:59Z",
        "2126-12-31T00:00:00Z",
        "tomorrow",
        "",
        "2026-02-30T00:00:00Z",
        "99999-01-01T00:00:00Z",
    ],
)
def test_an_expiry_that_cannot_be_is_refused_and_nothing_begins(
    still: httpx.Client, until: str
) -> None:
    body = {"properties": {"recoveryPointExpiryTimeInUTC": until}}
    answer = still.post(f"{ITEM_ID}/backup", json=body)
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert answer.json()["error"]["target"] == "properties.recoveryPointExpiryTimeInUTC"
    assert jobs(still) == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("AzureWorkloadBackupRequest", "BMSUserErrorInvalidInput"),
        ("", "InvalidRequestContent"),
        (7, "InvalidRequestContent"),
    ],
)
def test_a_backup_of_another_kind_is_refused(still: httpx.Client, kind: Any, code: str) -> None:
    answer = still.post(f"{ITEM_ID}/backup", json={"properties": {"objectType": kind}})
    assert refused(answer) == (400, code)
    assert jobs(still) == []


# --- one at a time -----------------------------------------------------------------------


def test_a_second_backup_fails_while_a_snapshot_is_taken(still: httpx.Client) -> None:
    first, second = back_up(still), back_up(still)
    assert first != second
    failed = job(still, second)
    assert failed["status"] == "Failed"
    assert failed["startTime"] == failed["endTime"]
    assert failed["errorDetails"][0]["errorTitle"] == "UserErrorBackupOperationInProgress"
    assert states(failed) == ("Failed", "NotStarted")
    advance(still, until="idle")
    assert job(still, first)["status"] == "Completed"
    assert len(listed(still, POINTS)) == 1


def test_a_second_transfer_is_skipped_while_the_first_runs(still: httpx.Client) -> None:
    first = back_up(still)
    advance(still, by=LONGEST_SNAPSHOT)
    second = back_up(still)
    advance(still, by=LONGEST_SNAPSHOT)
    found = job(still, second)
    assert (found["status"], *states(found)) == ("Completed", "Completed", "Skipped")
    assert job(still, first)["status"] == "InProgress"
    assert len(listed(still, POINTS)) == 2


def test_a_backup_of_a_vm_that_is_gone_fails_at_once(still: httpx.Client) -> None:
    done(still.delete(vm_id()))
    found = job(still, back_up(still))
    assert found["status"] == "Failed"
    assert found["errorDetails"][0]["errorCode"] == 320001
    assert item(still)["healthStatus"] == "ActionRequired"


def test_backups_of_two_vms_run_side_by_side(still: httpx.Client) -> None:
    put_vm(still, "vm-2")
    set_clock(still, skipOnWait="finish")
    protect(still, "vm-2")
    set_clock(still, skipOnWait="off")
    one = back_up(still)
    other = back_up(still, ITEM_ID.replace("vm-1", "vm-2"))
    assert {job(still, each)["status"] for each in (one, other)} == {"InProgress"}


# --- cancelled ---------------------------------------------------------------------------


def test_a_backup_is_cancelled_while_it_takes_its_snapshot(still: httpx.Client) -> None:
    job_id = back_up(still)
    answer = cancel(still, job_id)
    assert (answer.status_code, answer.content) == (202, b"")
    assert f"{JOBS}/{job_id}/operationsStatus/" in answer.headers["azure-asyncoperation"]
    assert f"{JOBS}/{job_id}/operationResults/" in answer.headers["location"]
    assert job(still, job_id)["status"] == "Cancelling"
    advance(still, until={"job": job_id})
    found = job(still, job_id)
    assert found["status"] == "Cancelled"
    assert states(found) == ("Cancelled", "NotStarted")
    assert listed(still, POINTS) == []


def test_the_health_of_an_item_remembers_a_cancelled_backup(still: httpx.Client) -> None:
    cancel(still, back_up(still))
    advance(still, until="idle")
    kpi = item(still)["kpisHealths"]["BackupOperationStatusKPI"]
    assert kpi["resourceHealthStatus"] == "TransientDegraded"
    assert kpi["resourceHealthDetails"][0]["code"] == 400158


def test_a_new_backup_waits_until_the_old_one_is_cancelled(still: httpx.Client) -> None:
    cancel(still, back_up(still))
    assert job(still, back_up(still))["status"] == "Failed"
    advance(still, until="idle")
    assert job(still, back_up(still))["status"] == "InProgress"


def test_a_backup_that_collides_says_nothing_of_the_items_health(still: httpx.Client) -> None:
    back_up(still)
    before = item(still)
    back_up(still)
    assert item(still) == before


def test_an_item_shows_its_latest_backup_whichever_ends_first(still: httpx.Client) -> None:
    back_up(still)
    advance(still, by=LONGEST_SNAPSHOT)
    second = job(still, back_up(still))["startTime"]
    advance(still, by=LONGEST_SNAPSHOT)
    assert item(still)["lastBackupTime"] == second
    advance(still, until="idle")
    assert item(still)["lastBackupTime"] == second


def test_jobs_of_one_instant_are_listed_in_the_order_they_were_asked_for(
    still: httpx.Client,
) -> None:
    for each in (STOP, RESUME, STOP, STOP):
        done(still.put(ITEM_ID, json=each))
    shown = [each["properties"]["operation"] for each in listed(still, JOBS)]
    assert shown[:4] == ["DisableBackup", "DisableBackup", "ConfigureBackup", "DisableBackup"]


def test_a_transfer_cannot_be_cancelled(still: httpx.Client) -> None:
    job_id = back_up(still)
    advance(still, by=LONGEST_SNAPSHOT)
    answer = cancel(still, job_id)
    assert refused(answer) == (400, "UserErrorJobNotInCancellableState")
    assert job(still, job_id)["status"] == "InProgress"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("done", "UserErrorJobNotInProgress"),
        ("cancelling", "UserErrorJobNotInCancellableState"),
        ("configuring", "UserErrorCancellationNotSupportedForJobType"),
    ],
)
def test_a_job_that_cannot_be_cancelled_is_left_alone(
    still: httpx.Client, how: str, code: str
) -> None:
    job_id = back_up(still)
    if how == "done":
        advance(still, until={"job": job_id})
    elif how == "cancelling":
        cancel(still, job_id)
    else:
        job_id = listed(still, JOBS, **{"$filter": "operation eq 'ConfigureBackup'"})[0]["name"]
    before = still.get(f"{JOBS}/{job_id}").content
    assert refused(cancel(still, job_id)) == (400, code)
    assert still.get(f"{JOBS}/{job_id}").content == before


def test_deleting_an_items_data_cancels_its_running_backup(still: httpx.Client) -> None:
    job_id = back_up(still)
    set_clock(still, skipOnWait="finish")
    delete_item(still)
    assert job(still, job_id)["status"] == "Cancelled"


# --- shown and listed --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["7", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "'", "%20"])
def test_a_job_that_is_not_there_is_not_found(still: httpx.Client, name: str) -> None:
    for method, path in (("GET", f"{JOBS}/{name}"), ("POST", f"{JOBS}/{name}/cancel")):
        assert refused(still.request(method, path)) == (404, "BMSUserErrorJobNotFound")


def test_a_job_of_another_vault_is_not_found(still: httpx.Client) -> None:
    job_id = back_up(still)
    other = VAULT_ID.replace("vault-1", "vault-2")
    done(still.put(other, json={"location": "westeurope"}))
    assert refused(still.get(f"{other}/backupJobs/{job_id}")) == (404, "BMSUserErrorJobNotFound")


def test_a_job_is_found_by_its_id_in_any_casing(still: httpx.Client) -> None:
    job_id = back_up(still)
    assert still.get(f"{JOBS}/{job_id.upper()}").json()["name"] == job_id


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("operation eq 'Backup'", 4),
        ("operation eq 'backup' and status eq 'completed'", 3),
        ("status eq 'Failed'", 1),
        ("status eq 'InProgress'", 0),
        ("backupManagementType eq 'AzureIaasVM' and operation eq 'ConfigureBackup'", 1),
        ("backupManagementType eq 'AzureWorkLoad'", 0),
        ("operation eq 'Restore'", 0),
        (
            "endTime eq '2026-01-02 12:00:00 AM' and startTime eq '2026-01-01 09:00:00 PM'"
            " and operation eq 'Backup'",
            1,
        ),
        ("startTime eq '2026-01-02 10:00:00 PM' and operation eq 'Backup'", 1),
        ("startTime eq '2026-01-02 10:00:01 PM' and operation eq 'Backup'", 0),
        ("jobId eq 'none'", 0),
    ],
)
def test_jobs_are_filtered_by_what_is_asked(still: httpx.Client, text: str, count: int) -> None:
    # Scheduled at 22:00 of the 1st and 2nd; twice on demand between them, one of which fails.
    advance(still, by="P1D")
    back_up(still)
    back_up(still)
    advance(still, by="P1D")
    assert len(jobs(still, text)) == count


def test_jobs_are_listed_newest_first(still: httpx.Client) -> None:
    advance(still, by="P5D")
    started = [each["startTime"] for each in jobs(still, "")]
    assert len(started) == 6
    assert started == sorted(started, reverse=True)


# --- waited for ---------------------------------------------------------------------------


def test_one_look_at_a_running_job_ends_it_with_skip_on_wait_finish(
    protected: httpx.Client,
) -> None:
    job_id = back_up(protected)
    assert job(protected, job_id)["status"] == "Completed"


def test_each_look_at_a_running_job_moves_it_one_phase_with_step(protected: httpx.Client) -> None:
    set_clock(protected, skipOnWait="step")
    job_id = back_up(protected)
    looks = [job(protected, job_id) for _ in range(4)]
    assert [(look["status"], *states(look)) for look in looks] == [
        ("InProgress", "InProgress", "NotStarted"),
        ("InProgress", "Completed", "InProgress"),
        ("Completed", "Completed", "Completed"),
        ("Completed", "Completed", "Completed"),
    ]


def test_a_list_of_jobs_moves_no_clock(protected: httpx.Client) -> None:
    back_up(protected)
    assert listed(protected, JOBS)[0]["properties"]["status"] == "InProgress"
    assert listed(protected, JOBS)[0]["properties"]["status"] == "InProgress"


def test_a_restore_still_runs_right_after_it_was_triggered(still: httpx.Client) -> None:
    job_id = back_up(still)
    advance(still, until={"job": job_id})
    (point,) = listed(still, POINTS)
    put_storage(still)
    restore = job_of(still, still.post(f"{point['id']}/restore", json=RESTORE))
    found = job(still, restore)
    assert (found["operation"], found["status"]) == ("Restore", "InProgress")
    assert found["actionsInfo"] == ["Cancellable"]
    cancel(still, restore)
    advance(still, until="idle")
    assert job(still, restore)["status"] == "Cancelled"


def test_jobs_of_a_vm_of_another_subscription_name_it(protected: httpx.Client) -> None:
    bag = "extendedInfo"
    near = job(protected, back_up(protected))[bag]["propertyBag"]
    assert "VM Subscription ID" not in near
    group = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/group-1"
    put_group(protected, group)
    far = f"{group}/providers/{VM_TYPE}/far-1"
    done(protected.put(far, json=vm_body()))
    path = item_id("far-1")
    body = item_body(policyId=POLICY_ID, sourceResourceId=far)
    begun = finish(protected, protected.put(path, json=body))
    for started in (job_of(protected, begun), back_up(protected, path)):
        told = job(protected, started)[bag]["propertyBag"]
        assert told["VM Subscription ID"] == group.split("/")[2]
