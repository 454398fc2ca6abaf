"""The built-in alerts of Azure Backup over the wire: what raises one, what resolves it, who sees
it, and what users make of it."""

from __future__ import annotations

import httpx

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POLICY_ID,
    RESTORE,
    UNDELETE,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item_body,
    job,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    times,
    vm_id,
)
from tests.wire.protected_databases import (
    SALES,
    back_up_database,
    protect_database,
    put_database_policy,
    sql_world,
)
from tests.wire.raised_alerts import ALERTS, alerts, arm_fault, essentials, fail_once, rules, told
from tests.wire.test_multi_user_authorization import PROXY, map_to, put_guard, unlock

# --- jobs ---------------------------------------------------------------------------------------


def test_a_failed_backup_raises_an_alert_with_all_that_azure_says_of_it(
    protected: httpx.Client,
) -> None:
    job_id = fail_once(protected)
    failed = job(protected, job_id)
    assert failed["status"] == "Failed"
    (alert,) = alerts(protected)
    name = alert["id"].rpartition("/")[2]
    assert alert["id"] == f"{ALERTS}/{name}"
    assert (alert["type"], alert["name"]) == ("Microsoft.AlertsManagement/alerts", "Backup Failure")
    assert done(protected.get(alert["id"])).json() == alert
    shown = alert["properties"]["essentials"]
    (error,) = failed["errorDetails"]
    fired = failed["endTime"]
    assert len(shown.pop("sourceCreatedId")) > 20
    assert shown == {
        "severity": "Sev1",
        "signalType": "Log",
        "alertState": "New",
        "monitorCondition": "Fired",
        "targetResource": VAULT_ID.lower(),
        "targetResourceName": "vault-1",
        "targetResourceGroup": "group-1",
        "targetResourceType": "microsoft.recoveryservices/vaults",
        "monitorService": "Azure Backup",
        "alertRule": "Backup Failure",
        "startDateTime": fired,
        "lastModifiedDateTime": fired,
        "lastModifiedUserName": "System",
        "actionStatus": {"isSuppressed": False},
        "description": error["errorString"],
    }
    assert alert["properties"]["context"] == {
        "alertVersionNumber": "V2020_10",
        "category": "Jobs",
        "sourceId": vm_id(),
        "sourceType": "VM",
        "sourceVersion": "IaasVMContainer",
        "formattedSourceType": "AzureVM",
        "affectedItems": vm_id(),
        "protectedItemId": ITEM_ID,
        "linkedResourceId": vm_id(),
        "linkedResourceName": "vm-1",
        "firstLevelContainerId": "iaasvmcontainerv2;group-1;vm-1",
        "secondLevelContainerId": None,
        "extendedInfo": {
            "jobId": job_id,
            "possibleCauses": None,
            "occurrenceCount": 1,
            "recommendedActions": " ".join(error["recommendations"]),
        },
    }


def test_each_failure_raises_its_own_and_the_next_success_resolves_them_all(
    protected: httpx.Client,
) -> None:
    arm_fault(protected, "agent-not-ready", until="P3D")
    advance(protected, to="2026-01-03T23:00:00Z")
    assert [each[:3] for each in told(protected)] == [("Sev1", "Backup Failure", "Fired")] * 3
    advance(protected, to="2026-01-04T23:59:00Z")
    backup = listed(protected, f"{VAULT_ID}/backupJobs")[0]["properties"]
    assert backup["status"] == "Completed"
    shown = essentials(protected)
    assert [each["monitorCondition"] for each in shown] == ["Resolved"] * 3
    assert {each["monitorConditionResolvedDateTime"] for each in shown} == {backup["endTime"]}
    assert {each["lastModifiedDateTime"] for each in shown} == {backup["endTime"]}
    assert {each["alertState"] for each in shown} == {"New"}, "what users made of it stays"


def test_forty_failures_at_once_are_forty_alerts(vault: httpx.Client) -> None:
    many = 40
    for number in range(many):
        put_vm(vault, f"vm-{number}")
        protect(vault, f"vm-{number}")
    arm_fault(vault, "snapshot-fails", until="P1D")
    advance(vault, to="2026-01-02T12:00:00Z")
    found = alerts(vault)
    assert len(found) == many
    names = {each["properties"]["context"]["linkedResourceName"] for each in found}
    assert names == {f"vm-{number}" for number in range(many)}
    advance(vault, to="2026-01-03T12:00:00Z")
    assert {each["monitorCondition"] for each in essentials(vault)} == {"Resolved"}


def test_a_backup_without_its_vm_or_beside_another_one_fails_in_silence(
    protected: httpx.Client,
) -> None:
    back_up(protected)
    assert job(protected, back_up(protected))["status"] == "Failed"
    advance(protected, until="idle")
    done(protected.delete(vm_id()))
    advance(protected, to="2026-01-02T23:00:00Z")
    jobs = [each["properties"] for each in listed(protected, f"{VAULT_ID}/backupJobs")]
    assert [each["status"] for each in jobs if each["operation"] == "Backup"].count("Failed") == 3
    assert alerts(protected) == []


def test_a_backup_that_fails_as_it_starts_raises_one_then(protected: httpx.Client) -> None:
    agent = {"provisionVMAgent": False}
    body = {
        "location": "westeurope",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {
                "computerName": "vm-2",
                "adminUsername": "azureuser",
                "adminPassword": "Passw0rd!Passw0rd!",
                "linuxConfiguration": agent,
            },
            "storageProfile": {
                "osDisk": {"createOption": "FromImage", "diskSizeGB": 30, "osType": "Linux"}
            },
        },
    }
    done(protected.put(vm_id("vm-2"), json=body))
    protect(protected, "vm-2")
    advance(protected, to="2026-01-01T23:00:00Z")
    assert told(protected) == [("Sev1", "Backup Failure", "Fired", "2026-01-01T22:00:00Z")]
    job_id = back_up(protected, ITEM_ID.replace("vm-1", "vm-2"))
    assert job(protected, job_id)["status"] == "Failed"
    assert rules(protected) == ["Backup Failure"] * 2


def test_a_transfer_that_fails_leaves_a_point_and_raises_nothing(protected: httpx.Client) -> None:
    job_id = fail_once(protected, "transfer-fails")
    assert job(protected, job_id)["status"] == "CompletedWithWarnings"
    assert alerts(protected) == []


def test_a_failed_restore_raises_one_that_no_backup_resolves(protected: httpx.Client) -> None:
    put_storage(protected)
    back_up(protected)
    advance(protected, until="idle")
    arm_fault(protected, "restore-fails", count=1)
    point = listed(protected, f"{ITEM_ID}/recoveryPoints")[0]["id"]
    finish_job = done(protected.post(f"{point}/restore", json=RESTORE))
    assert finish_job.status_code == 202
    advance(protected, to="2026-01-03T23:59:00Z")
    assert len(times(protected)) > 2
    assert [each[:3] for each in told(protected)] == [("Sev1", "Restore Failure", "Fired")]


def test_a_vault_that_wants_no_alerts_of_jobs_gets_none_but_those_of_security(
    protected: httpx.Client,
) -> None:
    off = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}}
    finish(protected, protected.patch(VAULT_ID, json={"properties": {"monitoringSettings": off}}))
    fail_once(protected)
    arm_fault(protected, "agent-not-ready", until="P3D")
    advance(protected, to="2026-01-03T12:00:00Z")
    assert alerts(protected) == []
    delete_item(protected)
    assert rules(protected) == ["Delete Backup Data"]


def test_a_database_has_alerts_of_its_own(arm: httpx.Client) -> None:
    put_group(arm)
    sql_world(arm)
    arm_fault(arm, "database-extension-silent", count=1)
    back_up_database(arm)
    advance(arm, until="idle")
    assert sorted(rules(arm)) == ["Backup Failure", "Workload extension unhealthy"]
    (failure,) = alerts(arm, alertRule="Backup Failure")
    context = failure["properties"]["context"]
    vm = f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachines/sql-1"
    source = f"{vm}/providers/Microsoft.RecoveryServices/backupProtectedItem"
    assert context["sourceId"].lower() == f"{source}/SQLDataBase;mssqlserver;sales".lower()
    assert context["linkedResourceId"] == vm
    assert context["sourceVersion"] == "VMAppContainer"
    assert context["formattedSourceType"] == "AzureVmSQL"
    assert context["protectedItemId"].lower() == SALES.lower()
    back_up_database(arm)
    advance(arm, until="idle")
    (failure,) = essentials(arm, alertRule="Backup Failure")
    assert failure["monitorCondition"] == "Resolved"


def test_a_policy_with_logs_does_not_suit_a_simple_database(arm: httpx.Client) -> None:
    sql_world(arm, sql="MSSQLSERVER/sales=simple,hr")
    (alert,) = alerts(arm)
    assert alert["name"] == "Unsupported backup type"
    assert "Log" in alert["properties"]["essentials"]["description"]
    put_database_policy(arm, "plain", log=0)
    protect_database(arm, policy="plain")
    assert rules(arm) == ["Unsupported backup type", "Modify Protection with Shorter Retention"]


# --- security -----------------------------------------------------------------------------------


def test_deleted_data_is_told_of_then_two_days_before_its_purge_and_at_last(
    protected: httpx.Client,
) -> None:
    back_up(protected)
    advance(protected, to="2026-01-04T00:00:00Z")
    delete_item(protected)
    deleted = ("Sev0", "Delete Backup Data", "Fired", "2026-01-04T00:00:00Z")
    assert told(protected) == [deleted]
    advance(protected, to="2026-01-15T23:59:59Z")
    assert told(protected) == [deleted]
    advance(protected, to="2026-01-16T00:00:00Z")
    announced = ("Sev0", "Upcoming Purge", "Fired", "2026-01-16T00:00:00Z")
    assert told(protected) == [deleted, announced]
    advance(protected, to="2026-01-18T00:00:00Z")
    purged = ("Sev0", "Purge Complete", "Fired", "2026-01-18T00:00:00Z")
    resolved = (*announced[:2], "Resolved", announced[3])
    assert told(protected) == [deleted, resolved, purged]
    context = alerts(protected, alertRule="Purge Complete")[0]["properties"]["context"]
    assert (context["category"], context["protectedItemId"]) == ("Security", ITEM_ID)


def test_who_undeletes_in_time_resolves_the_announcement(protected: httpx.Client) -> None:
    delete_item(protected)
    advance(protected, by="P12DT1H")
    assert told(protected)[1][:3] == ("Sev0", "Upcoming Purge", "Fired")
    finish(protected, protected.put(ITEM_ID, json=UNDELETE))
    assert told(protected)[1][2] == "Resolved"
    advance(protected, by="P10D")
    assert rules(protected) == ["Delete Backup Data", "Upcoming Purge"]


def test_who_undeletes_early_is_not_told_of_a_purge(protected: httpx.Client) -> None:
    delete_item(protected)
    advance(protected, by="P1D")
    finish(protected, protected.put(ITEM_ID, json=UNDELETE))
    advance(protected, by="P20D")
    assert rules(protected) == ["Delete Backup Data"]


def test_alerts_outlive_their_vault_for_thirty_days(protected: httpx.Client) -> None:
    delete_item(protected)
    done(protected.delete(VAULT_ID))
    assert rules(protected) == ["Delete Backup Data"]
    advance(protected, by="P15D")
    assert rules(protected) == ["Delete Backup Data", "Upcoming Purge", "Purge Complete"]
    name = alerts(protected, alertRule="Delete Backup Data")[0]["id"]
    advance(protected, by="P15D")
    assert rules(protected) == ["Upcoming Purge", "Purge Complete"]
    assert refused(protected.get(name)) == (404, "AlertNotFound")


def test_a_switch_of_a_security_feature_raises_one_each_time(serve: Served) -> None:
    arm = serve(soft_delete="enabled")
    put_group(arm)
    put_vault(arm)
    config = f"{VAULT_ID}/backupconfig/vaultconfig"

    def switch(state: str) -> None:
        done(arm.patch(config, json={"properties": {"softDeleteFeatureState": state}}))

    switch("Disabled")
    switch("Disabled")
    assert rules(arm) == ["Soft Delete Disabled for Vault"]
    switch("Enabled")
    switch("Disabled")
    assert rules(arm) == ["Soft Delete Disabled for Vault"] * 2
    hybrid = {"softDeleteSettings": {"enhancedSecurityState": "Disabled"}}
    finish(arm, arm.patch(VAULT_ID, json={"properties": {"securitySettings": hybrid}}))
    assert sorted(rules(arm))[0] == "Disable hybrid security features"
    context = alerts(arm, alertRule="Disable hybrid security features")[0]["properties"]["context"]
    assert (context["sourceId"], context["protectedItemId"]) == (VAULT_ID, None)


def test_without_soft_delete_the_end_of_data_is_told_nobody(serve: Served) -> None:
    arm = serve(soft_delete="disabled")
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    done(arm.delete(ITEM_ID))
    advance(arm, by="P20D")
    assert alerts(arm) == []


def test_a_policy_that_keeps_less_is_told_of_and_one_that_keeps_more_is_not(
    protected: httpx.Client,
) -> None:
    put_policy(protected, days=60)
    put_policy(protected, days=60, at="23:30")
    assert alerts(protected) == []
    put_policy(protected, days=59)
    (alert,) = alerts(protected)
    assert alert["name"] == "Modify Policy with Shorter Retention"
    assert "'daily'" in alert["properties"]["essentials"]["description"]
    assert alert["properties"]["context"]["sourceId"] == POLICY_ID


def test_an_item_that_goes_to_a_policy_that_keeps_less_is_told_of(protected: httpx.Client) -> None:
    shorter = POLICY_ID.replace("daily", "shorter")
    put_policy(protected, shorter, days=10)
    for policy in (shorter, POLICY_ID):
        body = item_body(policyId=policy, sourceResourceId=vm_id())
        finish(protected, protected.put(ITEM_ID, json=body))
    (alert,) = alerts(protected)
    assert alert["name"] == "Modify Protection with Shorter Retention"
    assert alert["properties"]["context"]["protectedItemId"] == ITEM_ID


def test_a_vault_that_loses_its_guard_is_told_of(protected: httpx.Client) -> None:
    put_guard(protected)
    done(map_to(protected))
    done(unlock(protected, None, "deleteResourceGuardProxyRequests"))
    done(protected.delete(PROXY))
    assert rules(protected) == ["MUA Disabled"]


def test_a_request_that_is_refused_raises_nothing(protected: httpx.Client) -> None:
    put_guard(protected)
    done(map_to(protected))
    shorter = policy_body(days=10)
    assert refused(protected.put(POLICY_ID, json=shorter))[0] == 403
    assert refused(protected.delete(ITEM_ID))[0] == 403
    assert alerts(protected) == []
