"""Databases in VMs on the wire: protected, backed up by schedule and on demand, restored, stopped,
deleted and brought back."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    GROUP_ID,
    POLICY_ID,
    VAULT_ID,
    advance,
    code_of,
    delete_item,
    done,
    finish,
    item,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_policy,
    put_vm,
    refused,
    set_clock,
)
from tests.wire.databases import (
    CONTAINER_PATH,
    OF_SQL,
    SQL_VM,
    WORKLOAD,
    policy_id,
    register,
    registration,
    server_world,
)
from tests.wire.databases import (
    put_vm as put_server,
)
from tests.wire.protected_databases import (
    ERP,
    HANA,
    RANGE,
    SALES,
    ask_backup,
    back_up_database,
    database_body,
    database_policy,
    hana_world,
    kinds,
    log_ranges,
    points,
    protect_database,
    put_database_policy,
    restore,
    restore_body,
    sql_world,
    target,
)

JOBS = f"{VAULT_ID}/backupJobs"


def test_a_database_is_protected_and_backed_up_by_its_policy(arm: httpx.Client) -> None:
    sql_world(arm, differential=28, log=15)
    shown = item(arm, SALES)
    assert shown["protectedItemType"] == "AzureVmWorkloadSQLDatabase"
    assert (shown["protectionState"], shown["protectedItemHealthStatus"]) == ("IRPending",) * 2
    assert (shown["parentName"], shown["serverName"]) == ("mssqlserver", "sql-1")
    assert shown["parentType"] == "AzureVmWorkloadSQLInstance"
    assert shown["extendedInfo"]["policyState"] == "Consistent"
    assert shown["extendedInfo"]["recoveryModel"] == "FULL"
    assert log_ranges(arm) == []
    # The first Sunday is January 4: a full backup, and differential ones on Wednesdays.
    advance(arm, to="2026-01-15T12:00:00Z")
    found = kinds(arm)
    assert [(kind, at[:10]) for kind, at in found] == [
        ("Differential", "2026-01-14"),
        ("Full", "2026-01-11"),
        ("Differential", "2026-01-07"),
        ("Full", "2026-01-04"),
    ]
    assert log_ranges(arm) == [(found[-1][1], "2026-01-15T12:00:00Z")]
    shown = item(arm, SALES)
    assert (shown["protectionState"], shown["lastBackupStatus"]) == ("Protected", "Healthy")
    assert shown["extendedInfo"]["recoveryPointCount"] == 4
    jobs = listed(arm, JOBS, **{"$filter": "operation eq 'Backup'"})
    assert [each["properties"]["operation"] for each in jobs] == [
        "Backup (Differential)",
        "Backup (Full)",
        "Backup (Differential)",
        "Backup (Full)",
    ], "no job is listed for a backup of the log"
    told = job(arm, jobs[0]["name"])
    assert told["entityFriendlyName"] == "sales [sql-1]"
    assert told["extendedInfo"]["tasksList"] == [
        {"taskId": "Transfer data to vault", "status": "Completed"}
    ]
    assert int(told["extendedInfo"]["propertyBag"]["Data Transferred (in MB)"]) > 0


def test_a_differential_backup_without_a_full_one_becomes_a_full_one(arm: httpx.Client) -> None:
    sql_world(arm, differential=28)
    advance(arm, to="2026-01-04T01:00:00Z")
    arm.post(f"{SQL_VM}/deallocate")
    advance(arm, to="2026-01-06T00:00:00Z")
    shown = item(arm, SALES)
    assert (shown["protectionState"], shown["lastBackupStatus"]) == ("IRPending", "Unhealthy")
    assert shown["protectedItemHealthStatus"] == "NotReachable"
    assert shown["lastBackupErrorDetail"]["code"] == "VMNotInRunningStateUserError"
    done(arm.post(f"{SQL_VM}/start"))
    advance(arm, to="2026-01-07T12:00:00Z")
    [(kind, at)] = kinds(arm)
    assert (kind, at[:10]) == ("Full", "2026-01-07")
    [point] = points(arm)
    rule = done(arm.get(point["id"])).json()["properties"]
    advance(arm, by="P2D")
    rule = done(arm.get(point["id"])).json()["properties"]["recoveryPointProperties"]
    assert rule["ruleName"] == "Weekly", "on a day that no rule tags it is kept as the lowest says"


def test_a_full_backup_stays_while_others_are_of_no_use_without_it(arm: httpx.Client) -> None:
    """Full ones are kept for a week here, differential ones for 7 days, the log for 30."""
    sql_world(arm, weeks=1, log=30, every=1440)
    advance(arm, to="2026-02-10T12:00:00Z")
    # The last log that needs the one of January 4 is of the 11th: it stays until February 10.
    assert [at[:10] for _, at in kinds(arm)] == [
        "2026-02-08",
        "2026-02-01",
        "2026-01-25",
        "2026-01-18",
        "2026-01-11",
    ]
    [(start, _)] = log_ranges(arm)
    assert start == "2026-01-11T12:00:00Z"
    done(arm.put(policy_id(), json=database_policy(weeks=1, log=7, every=1440)))
    advance(arm, by="PT2H")
    assert [at[:10] for _, at in kinds(arm)] == ["2026-02-08", "2026-02-01"]


def test_databases_are_backed_up_on_demand(arm: httpx.Client) -> None:
    sql_world(arm, sql="MSSQLSERVER/sales,small=Simple", differential=28, log=15)
    set_clock(arm, skipOnWait="off")
    before = job(arm, back_up_database(arm, "Log"))
    assert before["status"] == "Failed"
    assert before["errorDetails"][0]["errorTitle"] == "UserErrorParentFullBackupMissing"
    answer = ask_backup(arm, "Full")
    job_id = job_of(arm, answer)
    running = job(arm, job_id)
    assert (running["status"], running["operation"]) == ("InProgress", "Backup (Full)")
    assert (running["isUserTriggered"], running["workloadType"]) == (True, "SQLDataBase")
    assert points(arm) == [], "there is no point before its backup is over"
    second = job(arm, job_of(arm, ask_backup(arm, "CopyOnlyFull")))
    assert second["errorDetails"][0]["errorTitle"] == "UserErrorBackupOperationInProgress"
    advance(arm, until="idle")
    for kind in ("Differential", "CopyOnlyFull", "Log"):
        back_up_database(arm, kind)
    assert [kind for kind, _ in kinds(arm)] == ["Full", "Differential", "Full"]
    for wanted, found in (
        ("Full", ["Full", "Full"]),
        ("Differential", ["Differential"]),
        ("FullAndDifferential", ["Full", "Differential", "Full"]),
        ("Log", []),
        ("Incremental", []),
    ):
        query = {"$filter": f"restorePointQueryType eq '{wanted}'"}
        assert [kind for kind, _ in kinds(arm, **query)] == found
    only = listed(arm, f"{SALES}/recoveryPoints", **{"$filter": "restorePointQueryType eq 'Log'"})
    assert [each["name"] for each in only] == [RANGE]
    # Their own dates, or those of the policy.
    advance(arm, by="P2D")
    ends = [each["properties"]["recoveryPointProperties"]["expiryTime"] for each in points(arm)]
    assert [end[:10] for end in ends[1:]] == ["2026-01-29", "2026-02-15"]
    set_clock(arm, skipOnWait="finish")
    small = SALES.replace(";sales", ";small")
    protect_database(arm, small)
    refusals: tuple[tuple[str, str | None, str], ...] = (
        (SALES, "Incremental", "UserErrorSQLPODoesNotSupportBackupType"),
        (small, "Log", "UserErrorSQLPODoesNotSupportBackupType"),
        (SALES, None, "BMSUserErrorInvalidInput"),
        (SALES, "SnapshotFull", "NotSupported"),
    )
    for path, wrong, code in refusals:
        assert code_of(ask_backup(arm, wrong, path)) == code
    soon = ask_backup(arm, "Full", until="2026-02-01T00:00:00Z")
    assert refused(soon) == (400, "BMSUserErrorInvalidInput")
    master = SALES.replace(";sales", ";master")
    protect_database(arm, master)
    assert code_of(ask_backup(arm, "Differential", master)).endswith("SupportBackupType")
    for _ in range(9):
        done(ask_backup(arm, "CopyOnlyFull"))
    assert refused(ask_backup(arm, "CopyOnlyFull")) == (400, "CloudDosAbsoluteLimitReached")


def contents(arm: httpx.Client) -> dict[str, str]:
    """Return what the databases in the VM hold, by name, as its workload items tell."""
    shown = (each["properties"] for each in listed(arm, f"{CONTAINER_PATH}/items"))
    databases = (each for each in shown if each["workloadItemType"] == "SQLDataBase")
    return {each["friendlyName"]: each["contentFingerprint"] for each in databases}


def test_a_database_is_restored_beside_itself(arm: httpx.Client) -> None:
    sql_world(arm)
    back_up_database(arm)
    [point] = points(arm)
    shown = done(arm.get(point["id"])).json()["properties"]
    paths = shown["extendedInfo"]["dataDirectoryPaths"]
    assert [each["logicalName"] for each in paths] == ["sales", "sales_log"]
    assert "extendedInfo" not in point["properties"]
    moved = [
        {
            "mappingType": each["type"],
            "sourceLogicalName": each["logicalName"],
            "sourcePath": each["path"],
            "targetPath": f"F:\\{each['logicalName']}.x",
        }
        for each in paths
    ]
    body = restore_body(targetInfo=target(), alternateDirectoryPaths=moved)
    told = restore(arm, body, point["name"])
    assert (told["status"], told["operation"]) == ("Completed", "Restore")
    assert told["extendedInfo"]["tasksList"] == [
        {"taskId": "Transfer data from vault", "status": "Completed"}
    ]
    assert told["extendedInfo"]["propertyBag"]["Target Database"] == "copy"
    # It is there: it can be found, protected, and holds what the point held.
    copy = SALES.replace(";sales", ";copy")
    finish(arm, arm.post(f"{CONTAINER_PATH}/inquire"))
    protect_database(arm, copy)
    assert contents(arm)["copy"] == shown["contentFingerprint"] != contents(arm)["sales"]
    back_up_database(arm, path=copy)
    [point_of_copy] = points(arm, copy)
    assert point_of_copy["properties"]["contentFingerprint"] == shown["contentFingerprint"]
    kept = done(arm.get(point_of_copy["id"])).json()["properties"]["extendedInfo"]
    assert [each["path"] for each in kept["dataDirectoryPaths"]] == [
        "F:\\sales.x",
        "F:\\sales_log.x",
    ]
    again = arm.post(f"{point['id']}/restore", json=body)
    assert refused(again) == (409, "UserErrorCannotRestoreExistingDBWithoutForceOverwrite")
    over = restore_body(targetInfo=target(option="Overwrite"))
    assert restore(arm, over, point["name"])["status"] == "Completed"


def test_a_database_is_restored_to_an_instant_over_itself(arm: httpx.Client) -> None:
    sql_world(arm, log=15, every=15)
    back_up_database(arm)
    advance(arm, to="2026-01-01T06:00:00Z")
    in_range = {"kind": "AzureWorkloadSQLPointInTimeRestoreRequest"}
    in_range |= {"recoveryType": "OriginalLocation"}
    [(start, end)] = log_ranges(arm)
    for at, code in (
        ("2026-01-01T06:00:01Z", "UserErrorPointInTimeNotInRange"),
        ("2026-01-01T00:00:00Z", "UserErrorPointInTimeNotInRange"),
        (None, "BMSUserErrorInvalidInput"),
    ):
        body = restore_body(**in_range, **({"pointInTime": at} if at else {}))
        assert code_of(arm.post(f"{SALES}/recoveryPoints/{RANGE}/restore", json=body)) == code
    plain = restore_body(recoveryType="OriginalLocation")
    assert code_of(arm.post(f"{SALES}/recoveryPoints/{RANGE}/restore", json=plain)) == (
        "BMSUserErrorInvalidInput"
    )
    told = [restore(arm, restore_body(**in_range, pointInTime=at), RANGE) for at in (start, end)]
    assert [each["status"] for each in told] == ["Completed"] * 2, "both ends are included"
    was = contents(arm)["sales"]
    # The log of what was overwritten ends, and may still be restored from.
    [(_, broken)] = log_ranges(arm)
    assert broken <= "2026-01-01T06:15:00Z"
    advance(arm, by="P1D")
    assert log_ranges(arm) == [(start, broken)]
    failed = job(arm, back_up_database(arm, "Log"))
    assert failed["errorDetails"][0]["errorTitle"] == "UserErrorParentFullBackupMissing"
    back_up_database(arm)
    advance(arm, by="PT1H")
    assert len(log_ranges(arm)) == 2
    assert contents(arm)["sales"] == was, "nothing writes to a database that was restored"


def test_a_database_is_restored_as_files_and_refusals_name_what_is_wrong(
    arm: httpx.Client,
) -> None:
    sql_world(arm)
    back_up_database(arm)
    [point] = points(arm)
    folder = {"containerId": CONTAINER_PATH, "targetDirectoryForFileRestore": "F:\\files"}
    files = restore_body(targetInfo=folder, recoveryMode="FileRecovery")
    told = restore(arm, files, point["name"])
    assert told["extendedInfo"]["propertyBag"]["Target Directory"] == "F:\\files"
    other = CONTAINER_PATH.replace("sql-1", "sql-2")
    hana = "AzureWorkloadSAPHanaRestoreRequest"
    archive = "AzureWorkloadSQLRestoreWithRehydrateRequest"
    rehydrated = {"rehydrationPriority": "High", "rehydrationRetentionDuration": "P15D"}
    lost = [{"sourceLogicalName": "lost", "targetPath": "F:\\x"}]
    wrong: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"targetInfo": target() | {"containerId": other}}, 400, "TargetServerNotRegistered"),
        ({"targetInfo": target("OTHER/copy")}, 400, "TargetInstanceNotFound"),
        ({"targetInfo": target("copy")}, 400, "InvalidInput"),
        ({"targetInfo": target(), "kind": hana}, 400, "InvalidInput"),
        ({"targetInfo": target(), "kind": archive}, 400, "NotSupported"),
        ({"targetInfo": target(), "recoveryPointRehydrationInfo": rehydrated}, 400, "NotSupported"),
        ({"targetInfo": target(), "recoveryMode": "SnapshotAttach"}, 400, "NotSupported"),
        ({"targetInfo": target(), "alternateDirectoryPaths": lost}, 400, "InvalidInput"),
        ({"targetInfo": target(), "recoveryType": "RestoreDisks"}, 400, "InvalidInput"),
        ({"recoveryMode": "FileRecovery"}, 400, "InvalidInput"),
        ({}, 400, "InvalidInput"),
    )
    before = listed(arm, JOBS)
    for asked, status, code in wrong:
        answer = arm.post(f"{point['id']}/restore", json=restore_body(**asked))
        assert answer.status_code == status, (asked, answer.text)
        assert code_of(answer).endswith(code), (asked, answer.text)
    exists = restore_body(
        recoveryType="OriginalLocation", targetInfo={"overwriteOption": "FailOnConflict"}
    )
    assert refused(arm.post(f"{point['id']}/restore", json=exists))[0] == 409
    arm.post(f"{SQL_VM}/deallocate")
    stopped = restore_body(targetInfo=target())
    answer = arm.post(f"{point['id']}/restore", json=stopped)
    assert refused(answer) == (409, "VMNotInRunningStateUserError")
    assert listed(arm, JOBS) == before, "a refused restore leaves no job"


def test_a_restore_whose_server_stops_meanwhile_fails(arm: httpx.Client) -> None:
    sql_world(arm)
    back_up_database(arm)
    [point] = points(arm)
    set_clock(arm, skipOnWait="off")
    answer = done(arm.post(f"{point['id']}/restore", json=restore_body(targetInfo=target())))
    job_id = job_of(arm, answer)
    arm.post(f"{SQL_VM}/deallocate")
    advance(arm, until="idle")
    told = job(arm, job_id)
    assert told["status"] == "Failed"
    assert told["errorDetails"][0]["errorTitle"] == "UserErrorTargetServerNotFound"


def test_the_databases_of_a_vm_that_was_moved_stay_and_are_restored_elsewhere(
    arm: httpx.Client,
) -> None:
    sql_world(arm)
    back_up_database(arm)
    [point] = points(arm)
    put_group(arm, f"{GROUP_ID}-2")
    moved = SQL_VM.replace("/group-1/", "/group-1-2/")
    asked = {"resources": [SQL_VM], "targetResourceGroup": f"{GROUP_ID}-2"}
    done(arm.post(f"{GROUP_ID}/moveResources", json=asked))
    advance(arm, until="idle")
    assert job(arm, back_up_database(arm))["status"] == "Failed"
    inquiry = arm.post(f"{CONTAINER_PATH}/inquire", params=OF_SQL)
    assert refused(inquiry) == (400, "UserErrorVmNotFoundV2")
    [container] = listed(arm, f"{VAULT_ID}/backupProtectionContainers", **WORKLOAD)
    assert container["properties"]["sourceResourceId"] == SQL_VM
    assert points(arm) == [point]
    anew = CONTAINER_PATH.replace(";group-1;", ";group-1-2;")
    finish(arm, arm.put(anew, json=registration(vm=moved)))
    there = target() | {"containerId": anew}
    body = restore_body(targetInfo=there, targetVirtualMachineId=moved)
    assert restore(arm, body, point["name"])["status"] == "Completed"
    finish(arm, arm.post(f"{anew}/inquire"))
    found = {each["properties"]["friendlyName"] for each in listed(arm, f"{anew}/items")}
    assert {"sales", "copy"} <= found
    assert item(arm, SALES)["lastBackupStatus"] == "Unhealthy"


def test_a_server_that_was_built_anew_under_its_name_is_backed_up_again(arm: httpx.Client) -> None:
    sql_world(arm)
    back_up_database(arm)
    done(arm.delete(SQL_VM))
    advance(arm, until="idle")
    assert job(arm, back_up_database(arm))["errorDetails"][0]["errorTitle"] == (
        "UserErrorSQLPODoesNotExist"
    )
    assert len(points(arm)) == 1
    done(put_server(arm, sql="MSSQLSERVER/sales,hr"))
    assert job(arm, back_up_database(arm))["status"] == "Completed"
    assert len(points(arm)) == 2


def test_protection_is_stopped_resumed_deleted_and_brought_back(arm: httpx.Client) -> None:
    sql_world(arm, days=7, log=7)
    advance(arm, by="P3D")
    stop = database_body(protectionState="ProtectionStopped", policyId="")
    finish(arm, arm.put(SALES, json=stop))
    assert refused(ask_backup(arm, "Full")) == (409, "UserErrorProtectionStopped")
    advance(arm, by="P40D")
    assert len(points(arm)) == 3
    protect_database(arm)
    advance(arm, by="P2D")
    # Of the old ones the last is left: the log went on, and is based on it until it is over.
    assert [at[:10] for _, at in kinds(arm)] == ["2026-02-14", "2026-02-13", "2026-01-03"]
    advance(arm, by="P8D")
    assert "2026-01-03" not in [at[:10] for _, at in kinds(arm)]
    suspend = database_body(protectionState="BackupsSuspended", policyId="")
    finish(arm, arm.put(SALES, json=suspend))
    advance(arm, by="P40D")
    [left] = points(arm)
    assert left["properties"]["type"] == "Full"
    delete_item(arm, SALES)
    shown = item(arm, SALES)
    assert shown["isScheduledForDeferredDelete"]
    assert refused(arm.post(f"{left['id']}/restore", json=restore_body(targetInfo=target()))) == (
        409,
        "BMSUserErrorItemSoftDeleted",
    )
    undelete = database_body(protectionState="ProtectionStopped", policyId="", isRehydrate=True)
    finish(arm, arm.put(SALES, json=undelete))
    protect_database(arm)
    assert item(arm, SALES)["protectionState"] == "Protected"
    put_database_policy(arm, "other", days=9)
    protect_database(arm, policy="other")
    assert item(arm, SALES)["policyName"] == "other"
    delete_item(arm, SALES)
    advance(arm, by="P15D")
    assert arm.get(SALES).status_code == 404


def test_what_cannot_be_protected_is_refused(arm: httpx.Client) -> None:
    server_world(arm)
    put_database_policy(arm)
    put_policy(arm)
    body = database_body(policyId=policy_id())
    assert refused(arm.put(SALES, json=body)) == (409, "BMSUserErrorContainerNotRegistered")
    register(arm)
    lost = SALES.replace(";sales", ";lost")
    assert refused(arm.put(lost, json=body)) == (400, "UserErrorSQLPODoesNotExist")
    for policy in (POLICY_ID, f"{VAULT_ID}/backupPolicies/hana"):
        put_database_policy(arm, "hana", workload=HANA[0])
        answer = arm.put(SALES, json=database_body(policyId=policy))
        assert code_of(answer) == "BMSUserErrorInvalidConfigureProtectionRequest"
    wrong = database_body(HANA[1], policyId=policy_id())
    assert refused(arm.put(SALES, json=wrong)) == (400, "BMSUserErrorInvalidInput")
    nothing = SALES.replace("SQLDataBase;", "")
    assert code_of(arm.put(nothing, json=body)) == "BMSUserErrorProtectedItemNameIncorrectFormat"
    # A database that is there since the last inquiry is not known yet.
    done(put_server(arm, sql="MSSQLSERVER/sales,new"))
    new = SALES.replace(";sales", ";new")
    assert refused(arm.put(new, json=body)) == (400, "UserErrorSQLPODoesNotExist")
    finish(arm, arm.post(f"{CONTAINER_PATH}/inquire"))
    protect_database(arm, new)


def test_hana_has_incremental_backups(arm: httpx.Client) -> None:
    server_world(arm)
    hana_world(arm, differential=20, incremental=10, log=15, every=30)
    advance(arm, to="2026-01-10T00:10:00Z")
    assert [(kind, at[:10]) for kind, at in kinds(arm, ERP)] == [
        ("Incremental", "2026-01-08"),
        ("Differential", "2026-01-07"),
        ("Incremental", "2026-01-06"),
        ("Full", "2026-01-04"),
        ("Full", "2026-01-01"),
    ], "on the first Thursday there was no full one yet"
    [(_, end)] = log_ranges(arm, ERP)
    assert end == "2026-01-10T00:00:00Z"
    shown = item(arm, ERP)
    assert shown["parentType"] == "AzureVmWorkloadSAPHanaSystem"
    assert "recoveryModel" not in shown["extendedInfo"]
    assert code_of(ask_backup(arm, "Log", ERP)) == "UserErrorSQLPODoesNotSupportBackupType"
    point = points(arm, ERP)[0]
    assert "extendedInfo" not in done(arm.get(point["id"])).json()["properties"]
    container = ERP.partition("/protectedItems/")[0]
    info = {"containerId": container, "databaseName": "HDB/ERP2"}
    body = {
        "properties": {
            "objectType": "AzureWorkloadSAPHanaPointInTimeRestoreRequest",
            "recoveryType": "AlternateLocation",
            "targetInfo": info,
            "pointInTime": "2026-01-09T12:34:56Z",
        }
    }
    told = restore(arm, body, RANGE, ERP)
    assert told["status"] == "Completed", told


def test_two_vms_have_databases_of_one_name(arm: httpx.Client) -> None:
    sql_world(arm)
    second = SQL_VM.replace("sql-1", "sql-2")
    done(put_server(arm, second, sql="MSSQLSERVER/sales"))
    path = CONTAINER_PATH.replace("sql-1", "sql-2")
    body = {"containerType": "VMAppContainer", "backupManagementType": "AzureWorkload"}
    body |= {"workloadType": "SQLDataBase", "sourceResourceId": second}
    finish(arm, arm.put(path, json={"properties": body}))
    other = SALES.replace("sql-1", "sql-2")
    protect_database(arm, other)
    back_up_database(arm, path=other)
    assert (len(points(arm)), len(points(arm, other))) == (0, 1)
    put_vm(arm)
    put_policy(arm)
    protect(arm)
    items = f"{VAULT_ID}/backupProtectedItems"
    sql = "backupManagementType eq 'AzureWorkload' and itemType eq 'SQLDataBase'"
    found = listed(arm, items, **{"$filter": sql})
    assert [each["properties"]["serverName"] for each in found] == ["sql-1", "sql-2"]
    assert len(listed(arm, items)) == 3
    delete_item(arm, other)
    assert "isScheduledForDeferredDelete" not in item(arm, SALES)


def test_a_backup_that_streams_is_cancelled(arm: httpx.Client) -> None:
    sql_world(arm)
    set_clock(arm, skipOnWait="off")
    job_id = job_of(arm, ask_backup(arm, "Full"))
    done(arm.post(f"{JOBS}/{job_id}/cancel"))
    advance(arm, until="idle")
    assert job(arm, job_id)["status"] == "Cancelled"
    assert points(arm) == []
    assert item(arm, SALES)["protectionState"] == "IRPending"
