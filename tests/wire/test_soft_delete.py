"""Soft delete on the wire: counting down, undone in time, purged on the dot."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    UNDELETE,
    VAULT_ID,
    Served,
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
    now,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    times,
    vm_id,
)

CONFIG = f"{VAULT_ID}/backupconfig/vaultconfig"
CONTAINERS = f"{VAULT_ID}/backupProtectionContainers"
DELETED = f"{VAULT_ID}/backupDeletedProtectionContainers"
COUNTDOWN = {
    "isScheduledForDeferredDelete",
    "deferredDeleteTimeInUTC",
    "deferredDeleteTimeRemaining",
    "isDeferredDeleteScheduleUpcoming",
}


def undelete(arm: httpx.Client) -> None:
    finish(arm, arm.put(ITEM_ID, json=UNDELETE))


def configure(arm: httpx.Client, **properties: Any) -> httpx.Response:
    return arm.patch(CONFIG, json={"properties": properties})


@pytest.fixture
def backed_up(protected: httpx.Client) -> httpx.Client:
    """A client of a world whose item has three recovery points, at 2026-01-04T00:00:00Z."""
    advance(protected, to="2026-01-04T00:00:00Z")
    return protected


# --- while soft-deleted -------------------------------------------------------------------


def test_a_soft_deleted_item_counts_down(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    properties = item(backed_up)
    assert {name: properties[name] for name in COUNTDOWN} == {
        "isScheduledForDeferredDelete": True,
        "deferredDeleteTimeInUTC": "2026-01-04T00:00:00Z",
        "deferredDeleteTimeRemaining": "14.00:00:00",
        "isDeferredDeleteScheduleUpcoming": False,
    }
    assert properties["softDeleteRetentionPeriodInDays"] == 14
    assert properties["protectionState"] == "ProtectionStopped"
    assert (properties["policyId"], properties["policyName"]) == ("", "")
    advance(backed_up, by="P12DT1H2M3.5S")
    properties = item(backed_up)
    assert properties["deferredDeleteTimeRemaining"] == "1.22:57:56.5000000"
    assert properties["isDeferredDeleteScheduleUpcoming"] is True


def test_an_item_that_is_not_deleted_has_no_countdown(backed_up: httpx.Client) -> None:
    assert not COUNTDOWN & set(item(backed_up))
    delete_item(backed_up)
    undelete(backed_up)
    assert not COUNTDOWN & set(item(backed_up))


def test_a_deletion_shows_as_a_job(backed_up: httpx.Client) -> None:
    found = job(backed_up, job_of(backed_up, backed_up.delete(ITEM_ID)))
    assert (found["operation"], found["status"]) == ("DeleteBackupData", "Completed")
    assert found["extendedInfo"]["propertyBag"] == {
        "VM Name": "vm-1",
        "Number of Recovery Points": "0",
    }


def test_a_soft_deleted_item_is_still_listed_and_its_container_moves(
    backed_up: httpx.Client,
) -> None:
    delete_item(backed_up)
    assert [each["id"] for each in listed(backed_up, f"{VAULT_ID}/backupProtectedItems")] == [
        ITEM_ID
    ]
    assert listed(backed_up, CONTAINERS) == []
    (container,) = listed(
        backed_up, DELETED, **{"$filter": "backupManagementType eq 'AzureIaasVM'"}
    )
    assert container["properties"]["registrationStatus"] == "SoftDeleted"
    undelete(backed_up)
    assert listed(backed_up, DELETED) == []
    assert len(listed(backed_up, CONTAINERS)) == 1


def test_the_points_of_a_soft_deleted_item_are_kept_and_marked(backed_up: httpx.Client) -> None:
    before = times(backed_up)
    delete_item(backed_up)
    advance(backed_up, by="P13D")
    points = listed(backed_up, POINTS)
    assert [point["properties"]["recoveryPointTime"] for point in points] == before
    for point in points:
        assert point["properties"]["recoveryPointProperties"]["isSoftDeleted"] is True


def test_the_points_of_soft_deleted_data_are_left_out_on_request(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    shown = listed(backed_up, POINTS, **{"$filter": "includeSoftDeletedRP eq 'True'"})
    assert shown == listed(backed_up, POINTS) != []
    assert listed(backed_up, POINTS, **{"$filter": "includeSoftDeletedRP eq 'False'"}) == []


def test_no_backup_runs_while_an_item_is_soft_deleted(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    assert refused(backed_up.post(f"{ITEM_ID}/backup")) == (409, "BMSUserErrorItemSoftDeleted")
    before = len(listed(backed_up, f"{VAULT_ID}/backupJobs"))
    advance(backed_up, by="P5D")
    assert len(listed(backed_up, f"{VAULT_ID}/backupJobs")) == before


@pytest.mark.parametrize("body", [RESUME, STOP, item_body()])
def test_a_soft_deleted_item_must_be_undeleted_before_anything_else(
    backed_up: httpx.Client, body: dict[str, Any]
) -> None:
    delete_item(backed_up)
    before = backed_up.get(ITEM_ID).content
    assert refused(backed_up.put(ITEM_ID, json=body)) == (409, "BMSUserErrorItemSoftDeleted")
    assert backed_up.get(ITEM_ID).content == before


def test_deleting_twice_does_not_begin_the_days_again(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    advance(backed_up, by="P5D")
    assert backed_up.delete(ITEM_ID).status_code == 204
    assert item(backed_up)["deferredDeleteTimeInUTC"] == "2026-01-04T00:00:00Z"


# --- undeleted ---------------------------------------------------------------------------


def test_undelete_brings_back_every_point_and_ends_in_stopped(backed_up: httpx.Client) -> None:
    before = times(backed_up)
    delete_item(backed_up)
    found = job(backed_up, job_of(backed_up, backed_up.put(ITEM_ID, json=UNDELETE)))
    assert found["operation"] == "Undelete"
    assert found["extendedInfo"]["propertyBag"] == {"VM Name": "vm-1", "Undelete flag": "True"}
    properties = item(backed_up)
    assert properties["protectionState"] == "ProtectionStopped"
    assert properties["softDeleteRetentionPeriodInDays"] == 0
    assert times(backed_up) == before


def test_terraforms_undelete_names_only_the_flag_and_the_source(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    body = item_body(isRehydrate=True, sourceResourceId=vm_id())
    finish(backed_up, backed_up.put(ITEM_ID, json=body))
    assert item(backed_up)["protectionState"] == "ProtectionStopped"


def test_an_undeleted_item_keeps_its_points_until_it_is_resumed(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    undelete(backed_up)
    advance(backed_up, by="P60D")
    assert len(times(backed_up)) == 3
    finish(backed_up, backed_up.put(ITEM_ID, json=RESUME))
    assert item(backed_up)["protectionState"] == "Protected"
    advance(backed_up, by="P3D")
    assert all(each > "2026-03-01" for each in times(backed_up))


def test_undelete_is_possible_until_the_last_instant(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    advance(backed_up, to="2026-01-17T23:59:59.999999Z")
    assert item(backed_up)["deferredDeleteTimeRemaining"] == "00:00:00.0000010"
    undelete(backed_up)
    advance(backed_up, by="P30D")
    assert len(times(backed_up)) == 3


# --- purged ------------------------------------------------------------------------------


def test_data_is_purged_when_the_days_are_over(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    advance(backed_up, to="2026-01-18T00:00:00Z")
    assert refused(backed_up.get(ITEM_ID)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert refused(backed_up.get(POINTS)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    answer = backed_up.put(ITEM_ID, json=UNDELETE)
    assert refused(answer) == (404, "BMSUserErrorDataSourceObjectNotFound")
    for path in (CONTAINERS, DELETED, f"{VAULT_ID}/backupProtectedItems"):
        assert listed(backed_up, path) == []


def test_the_jobs_of_purged_data_are_history(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    before = [each["name"] for each in listed(backed_up, f"{VAULT_ID}/backupJobs")]
    advance(backed_up, by="P20D")
    assert [each["name"] for each in listed(backed_up, f"{VAULT_ID}/backupJobs")] == before


def test_a_vm_can_be_protected_anew_after_the_purge(backed_up: httpx.Client) -> None:
    backed_up.delete(ITEM_ID)
    advance(backed_up, by="P14D")
    protect(backed_up)
    assert item(backed_up)["protectionState"] == "IRPending"
    assert times(backed_up) == []
    advance(backed_up, by="P1D")
    assert len(times(backed_up)) == 1


@pytest.mark.parametrize("days", [14, 15, 180])
def test_the_days_of_the_vault_at_the_deletion_count(backed_up: httpx.Client, days: int) -> None:
    done(configure(backed_up, softDeleteRetentionPeriodInDays=days))
    backed_up.delete(ITEM_ID)
    assert item(backed_up)["softDeleteRetentionPeriodInDays"] == days
    done(configure(backed_up, softDeleteRetentionPeriodInDays=100))
    advance(backed_up, by=f"P{days - 1}DT23H59M59.999999S")
    assert backed_up.get(ITEM_ID).status_code == 200
    advance(backed_up, by="PT0.000001S")
    assert backed_up.get(ITEM_ID).status_code == 404


# --- a vault with soft-deleted items ------------------------------------------------------


def test_a_vault_with_only_soft_deleted_items_can_be_deleted(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    finish(backed_up, backed_up.delete(VAULT_ID, params={"api-version": "2026-10-01"}))
    assert refused(backed_up.get(VAULT_ID)) == (404, "ResourceNotFound")


def test_the_name_of_a_deleted_vault_is_free_and_the_new_one_is_empty(
    backed_up: httpx.Client,
) -> None:
    delete_item(backed_up)
    backed_up.delete(VAULT_ID)
    put_vault(backed_up)
    assert refused(backed_up.get(ITEM_ID)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    assert listed(backed_up, DELETED) == []
    assert listed(backed_up, f"{VAULT_ID}/backupJobs") == []


def test_a_vm_whose_vault_was_deleted_is_protected_by_the_new_one(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    backed_up.delete(VAULT_ID)
    put_vault(backed_up)
    put_policy(backed_up)
    protect(backed_up)
    advance(backed_up, by="P20D")
    assert len(times(backed_up)) == 20
    assert item(backed_up)["protectionState"] == "Protected"


def test_vaults_of_one_name_may_be_deleted_one_after_another(backed_up: httpx.Client) -> None:
    for _ in range(3):
        delete_item(backed_up)
        backed_up.delete(VAULT_ID)
        put_vault(backed_up)
        put_policy(backed_up)
        protect(backed_up)
    advance(backed_up, by="P30D")
    assert item(backed_up)["protectionState"] == "Protected"


def test_a_vm_soft_deleted_in_one_vault_may_be_protected_in_another(
    backed_up: httpx.Client,
) -> None:
    delete_item(backed_up)
    other = VAULT_ID.replace("vault-1", "vault-2")
    put_vault(backed_up, other)
    assert len(listed(backed_up, f"{other}/backupProtectableItems")) == 1
    assert listed(backed_up, f"{VAULT_ID}/backupProtectableItems") == []
    protect(backed_up, policy=f"{other}/backupPolicies/DefaultPolicy")
    assert item(backed_up, item_id(vault=other))["protectionState"] == "IRPending"
    answer = backed_up.put(ITEM_ID, json=UNDELETE)
    assert refused(answer) == (409, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    assert item(backed_up)["isScheduledForDeferredDelete"] is True


def test_a_group_takes_its_vaults_with_soft_deleted_items_along(backed_up: httpx.Client) -> None:
    assert backed_up.delete(GROUP_ID).status_code == 409
    delete_item(backed_up)
    done(backed_up.delete(GROUP_ID))
    advance(backed_up, until="idle")
    assert refused(backed_up.get(GROUP_ID)) == (404, "ResourceGroupNotFound")


# --- servers whose vaults are not always on ------------------------------------------------


def begin(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, until={"job": back_up(arm)})


def test_without_soft_delete_data_is_gone_at_once(serve: Served) -> None:
    arm = serve(soft_delete="disabled")
    begin(arm)
    assert arm.get(CONFIG).json()["properties"]["softDeleteFeatureState"] == "Disabled"
    found = job(arm, job_of(arm, arm.delete(ITEM_ID)))
    assert (found["operation"], found["status"]) == ("DeleteBackupData", "Completed")
    assert arm.get(ITEM_ID).status_code == 404
    assert listed(arm, DELETED) == []
    protect(arm)
    assert times(arm) == []


def test_soft_delete_that_is_only_enabled_can_be_switched_off_and_on(serve: Served) -> None:
    arm = serve(soft_delete="enabled")
    begin(arm)
    shown = arm.get(CONFIG).json()["properties"]
    assert (shown["softDeleteFeatureState"], shown["isSoftDeleteFeatureStateEditable"]) == (
        "Enabled",
        True,
    )
    delete_item(arm)
    assert item(arm)["isScheduledForDeferredDelete"] is True
    undelete(arm)
    done(configure(arm, softDeleteFeatureState="Disabled"))
    delete_item(arm)
    assert arm.get(ITEM_ID).status_code == 404


def test_switching_soft_delete_off_does_not_purge_what_is_deleted_already(serve: Served) -> None:
    arm = serve(soft_delete="enabled")
    begin(arm)
    arm.delete(ITEM_ID)
    done(configure(arm, softDeleteFeatureState="Disabled"))
    advance(arm, by="P13D")
    assert len(times(arm)) == 1
    advance(arm, by="P1D")
    assert arm.get(ITEM_ID).status_code == 404


def test_soft_delete_that_was_made_always_on_stays_on(serve: Served) -> None:
    arm = serve(soft_delete="enabled")
    begin(arm)
    done(configure(arm, softDeleteFeatureState="AlwaysON"))
    answer = configure(arm, softDeleteFeatureState="Enabled")
    assert refused(answer) == (400, "BMSUserErrorSoftDeleteStateAlwaysOn")
    assert arm.get(CONFIG).json()["properties"]["softDeleteFeatureState"] == "AlwaysON"


def test_a_vault_may_be_born_without_soft_delete_where_it_is_not_always_on(serve: Served) -> None:
    arm = serve(soft_delete="enabled")
    put_group(arm)
    off = {"securitySettings": {"softDeleteSettings": {"softDeleteState": "Disabled"}}}
    put_vault(arm, properties=off)
    assert arm.get(CONFIG).json()["properties"]["softDeleteFeatureState"] == "Disabled"


def test_a_new_vault_cannot_be_born_without_soft_delete_where_it_is_always_on(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    off = {"securitySettings": {"softDeleteSettings": {"softDeleteState": "Disabled"}}}
    answer = arm.put(VAULT_ID, json={"location": "westeurope", "properties": off})
    assert refused(answer) == (400, "BMSUserErrorSoftDeleteStateAlwaysOn")
    assert arm.get(VAULT_ID).status_code == 404


def test_a_new_vault_that_asks_for_soft_delete_gets_it_for_good(arm: httpx.Client) -> None:
    put_group(arm)
    on = {"securitySettings": {"softDeleteSettings": {"softDeleteState": "Enabled"}}}
    put_vault(arm, properties=on)
    assert arm.get(CONFIG).json()["properties"]["softDeleteFeatureState"] == "AlwaysON"


def test_the_purge_is_counted_from_the_deletion_and_not_from_its_job(
    backed_up: httpx.Client,
) -> None:
    delete_item(backed_up)
    assert now(backed_up) == "2026-01-04T00:00:40Z"
    advance(backed_up, to="2026-01-18T00:00:00Z")
    assert backed_up.get(ITEM_ID).status_code == 404


def test_a_policy_is_free_once_its_item_is_soft_deleted(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    assert backed_up.delete(POLICY_ID).status_code == 200
