"""Databases in the secondary region: what has come there, restores to servers there, refusals."""

from __future__ import annotations

from typing import Any

import httpx

from app.domain.instants import HOUR, MINUTE, parse, wire
from tests.wire.builders import (
    VAULT_ID,
    advance,
    delete_item,
    done,
    listed,
    now,
    refused,
    set_clock,
)
from tests.wire.databases import CONTAINER_PATH, SQL_VM, put_vm
from tests.wire.protected_databases import (
    ERP,
    RANGE,
    SALES,
    back_up_database,
    log_ranges,
    points,
    sql_world,
)
from tests.wire.secondary import (
    FAR,
    INVALID,
    ITEMS,
    OPTED_IN,
    REGION,
    TARGET,
    ask_job,
    ask_token,
    job_of,
    jobs,
    refusal_of,
)
from tests.wire.secondary_databases import (
    FAR_SERVER,
    FAR_VAULT,
    FAR_VM,
    HANA_REQUEST,
    OF_DATABASES,
    VERSION,
    ask_leave,
    asked,
    erp_asked,
    erp_there,
    held,
    leave,
    points_there,
    put_server,
    ranges_there,
    restored,
    sales_there,
    target,
    trigger,
)
from tests.wire.test_region_outages import switch

IN_TIME = "AzureWorkloadSQLPointInTimeRestoreRequest"
FOREIGN = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/restored"


def nothing_began(arm: httpx.Client) -> None:
    assert jobs(arm) == []
    assert held(arm, "copy") is None


# --- what is there, and when -------------------------------------------------------------


def test_backups_and_logs_are_there_twelve_hours_after_they_were_made(arm: httpx.Client) -> None:
    sql_world(arm, log=15, every=15)
    done(arm.patch(VAULT_ID, json={"properties": OPTED_IN}))
    advance(arm, by="P3D")
    back_up_database(arm)
    (here,) = points(arm)
    made = here["properties"]["recoveryPointTimeInUTC"]
    advance(arm, to=wire(parse(made) + 12 * HOUR - 1))
    assert points_there(arm) == []
    assert ranges_there(arm) == []
    assert listed(arm, ITEMS + "/", **OF_DATABASES) == []
    advance(arm, to=wire(parse(made) + 12 * HOUR))
    (point,) = points_there(arm)
    assert point["name"] == here["name"]
    shown = point["properties"]
    assert shown["crossRegionRestoreState"] == "Supported"
    assert shown["contentFingerprint"] == here["properties"]["contentFingerprint"]
    assert shown["recoveryPointTierDetails"] == [{"type": "HardenedRP", "status": "Valid"}]
    (sales,) = listed(arm, ITEMS + "/", **OF_DATABASES)
    assert sales["properties"]["lastRecoveryPoint"] == made

    # A log every 15 minutes: the RPO there is 12 hours and the time since the latest of them.
    latest = parse(made) // (15 * MINUTE) * (15 * MINUTE) + 15 * MINUTE
    advance(arm, to=wire(latest + 12 * HOUR - 1))
    assert ranges_there(arm) == []
    advance(arm, to=wire(latest + 12 * HOUR))
    assert ranges_there(arm) == [(made, wire(latest))]
    advance(arm, by="PT14M59S")
    assert ranges_there(arm) == [(made, wire(latest))]
    advance(arm, by="PT1S")
    assert ranges_there(arm) == [(made, wire(latest + 15 * MINUTE))]
    (begin, end) = log_ranges(arm)[0]
    assert (begin, parse(end) - 12 * HOUR) == (made, latest + 15 * MINUTE)

    only = {"$filter": "restorePointQueryType eq 'Log'"}
    assert points_there(arm, **only) == []
    assert ranges_there(arm, **only) == ranges_there(arm)
    for name, kind in ((RANGE, "PointInTimeRecoveryPoint"), (here["name"], "RecoveryPoint")):
        one = done(arm.get(f"{SALES}/recoveryPoints/{name}", params=VERSION)).json()
        assert one["properties"]["objectType"] == f"AzureWorkloadSQL{kind}"
    usages = done(arm.get(f"{VAULT_ID}/backupUsageSummaries", params=VERSION)).json()["value"]
    assert {each["name"]["value"]: each["currentValue"] for each in usages}["AzureWorkload"] == 1


def test_what_a_log_was_like_is_known_there_although_much_has_changed_since(
    arm: httpx.Client,
) -> None:
    sales_there(arm, log=15, every=60)
    noon = parse(now(arm)) // (24 * HOUR) * (24 * HOUR) + 36 * HOUR
    at = [wire(noon + minutes * MINUTE) for minutes in (30, 150, 160, 230, 280)]
    advance(arm, to=at[0])
    done(arm.post(f"{SQL_VM}/deallocate"))
    advance(arm, to=at[1])
    done(arm.post(f"{SQL_VM}/start"))
    advance(arm, to=at[2])
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr,more"))
    advance(arm, to=at[3])
    back_up_database(arm, "Log")
    on_demand = parse(log_ranges(arm)[0][1])
    advance(arm, to=at[4])
    # The VM stood still from 12:30 to 14:30: no logs of 13:00 and 14:00, and one on demand.
    for minutes, latest in (
        (-1, noon - HOUR),
        (0, noon),
        (59, noon),
        (60, noon),
        (179, noon),
        (180, noon + 3 * HOUR),
        ((on_demand - noon - 1) // MINUTE, noon + 3 * HOUR),
        ((on_demand - noon) // MINUTE + 1, on_demand),
        (240, noon + 4 * HOUR),
    ):
        advance(arm, to=wire(noon + 12 * HOUR + minutes * MINUTE))
        assert ranges_there(arm)[-1][1] == wire(latest), minutes
    ((begin, _),) = ranges_there(arm)
    assert begin == log_ranges(arm)[0][0]


def test_an_outage_ends_what_comes_there_and_its_end_goes_on_with_it(arm: httpx.Client) -> None:
    sales_there(arm, log=15, every=15)
    copied = ranges_there(arm)
    there = points_there(arm)
    rpo = parse(now(arm)) - parse(copied[0][1])
    assert 12 * HOUR <= rpo < 12 * HOUR + 15 * MINUTE
    switch(arm, "down")
    assert refused(arm.get(f"{SALES}/recoveryPoints")) == (503, "ServiceUnavailable")
    advance(arm, by="PT30H")
    assert (ranges_there(arm), points_there(arm)) == (copied, there)
    job = restored(arm, RANGE, asked(IN_TIME, pointInTime=copied[0][1]))
    assert job["status"] == "Completed"
    assert held(arm, "copy") is not None
    switch(arm, "up")
    assert ranges_there(arm) == copied
    advance(arm, by="PT1H")
    assert parse(ranges_there(arm)[0][1]) == parse(copied[0][1]) + HOUR


# --- restores there ----------------------------------------------------------------------


def test_a_database_is_restored_to_a_server_in_the_paired_region(arm: httpx.Client) -> None:
    point = sales_there(arm)
    details = leave(arm, point["name"])
    assert (details["objectType"], details["protectableObjectWorkloadType"]) == (
        "WorkloadCrrAccessToken",
        "SQL",
    )
    assert details["protectableObjectUniqueName"] == "mssqlserver/sales"
    assert details["protectableObjectParentLogicalContainerName"] == SQL_VM
    assert (details["containerId"], details["policyName"]) == (
        str(details["protectionContainerId"]),
        "sql",
    )
    # The VM is gone, and so is its vault's region: what was copied is enough.
    done(arm.delete(SQL_VM))
    set_clock(arm, skipOnWait="off")
    name = job_of_trigger(arm, trigger(arm, details, asked()))
    shown = done(ask_job(arm, name)).json()
    assert shown["id"] == f"{FAR}/backupJobs/{name}"
    running = shown["properties"]
    assert (running["jobType"], running["operation"]) == (
        "AzureWorkloadJob",
        "CrossRegionRestore",
    )
    assert (running["status"], running["entityFriendlyName"]) == ("InProgress", "sales [sql-1]")
    assert running["actionsInfo"] == ["Cancellable"]
    assert running["extendedInfo"] == {
        "tasksList": [{"taskId": "Transfer data from vault", "status": "InProgress"}],
        "propertyBag": {
            "Job Type": "Recover to an alternate database",
            "Original VM Name": "sql-1",
            "Target VM Name": "far-1",
            "Target resource group": "restored",
            "Subscription Id of the vault": VAULT_ID.split("/")[2],
            "Resource Group Name of the vault": "group-1",
            "Vault name": "vault-1",
            "Resource Group Name of the target vault": "restored",
            "Target vault name": "far-vault",
        },
    }
    (listed_job,) = jobs(arm)
    assert listed_job["name"] == name
    kinds = {each["properties"]["operation"] for each in listed(arm, f"{VAULT_ID}/backupJobs")}
    assert "CrossRegionRestore" not in kinds
    cancel = arm.post(f"{VAULT_ID}/backupJobs/{name}/cancel")
    assert refused(cancel) == (404, "BMSUserErrorJobNotFound")
    advance(arm, until="idle")
    over = done(ask_job(arm, name)).json()["properties"]
    assert over["status"] == "Completed"
    bag = over["extendedInfo"]["propertyBag"]
    assert bag["RestoreDestination"] == "MSSQLSERVER/copy"
    taken = point["properties"]["recoveryPointTimeInUTC"]
    assert bag["RestoreRecoveryPointTime"] == taken.replace("T", " ")
    assert held(arm, "copy") == point["properties"]["contentFingerprint"]


def job_of_trigger(arm: httpx.Client, answer: httpx.Response) -> str:
    """Return the job of a restore whose trigger is over five seconds later."""
    assert answer.status_code == 202, answer.text
    advance(arm, by="PT5S")
    return job_of(arm, answer)


def test_a_database_is_restored_there_to_an_instant_and_as_files(arm: httpx.Client) -> None:
    sales_there(arm, log=15, every=15)
    ((start, end),) = ranges_there(arm)
    between = parse(start) + (parse(end) - parse(start)) // 2
    job = restored(arm, RANGE, asked(IN_TIME, pointInTime=wire(between)))
    assert job["status"] == "Completed"
    then = held(arm, "copy")
    over = asked(IN_TIME, pointInTime=end)
    assert restored(arm, RANGE, over)["status"] == "Completed"
    assert held(arm, "copy") not in (None, then)

    (newest, *_) = points_there(arm)
    folder = {"containerId": FAR_SERVER, "targetDirectoryForFileRestore": "F:\\files"}
    files = asked(recoveryMode="FileRecovery", targetInfo=folder, sourceResourceId=None)
    bag = restored(arm, newest["name"], files)["extendedInfo"]["propertyBag"]
    assert (bag["Job Type"], bag["RestoreDestination"]) == ("Restore as files", "F:\\files")
    assert bag["Target vault name"] == "far-vault"


def test_a_database_of_sap_hana_is_restored_there_as_well(arm: httpx.Client) -> None:
    sales_there(arm)
    point = erp_there(arm)
    assert leave(arm, point["name"], ERP)["protectableObjectWorkloadType"] == "SAPHana"
    assert restored(arm, point["name"], erp_asked(), ERP)["status"] == "Completed"
    server = FAR_SERVER.replace("far-1", "far-hana")
    assert held(arm, "COPY", server) == point["properties"]["contentFingerprint"]
    names = {each["name"] for each in listed(arm, ITEMS + "/", **OF_DATABASES)}
    assert names == {SALES.rpartition("/")[2], ERP.rpartition("/")[2]}


def test_a_restore_whose_server_stops_meanwhile_fails_there(arm: httpx.Client) -> None:
    point = sales_there(arm)
    set_clock(arm, skipOnWait="off")
    name = job_of_trigger(arm, trigger(arm, leave(arm, point["name"]), asked()))
    done(arm.post(f"{FAR_VM}/deallocate"))
    advance(arm, until="idle")
    over = done(ask_job(arm, name)).json()["properties"]
    assert over["status"] == "Failed"
    assert over["errorDetails"][0]["errorTitle"] == "UserErrorTargetServerNotFound"
    done(arm.post(f"{FAR_VM}/start"))
    assert held(arm, "copy") is None


def test_a_restore_stands_still_while_its_region_is_down(arm: httpx.Client) -> None:
    point = sales_there(arm)
    set_clock(arm, skipOnWait="off")
    name = job_of_trigger(arm, trigger(arm, leave(arm, point["name"]), asked()))
    switch(arm, "down", REGION)
    assert refused(ask_job(arm, name)) == (503, "ServiceUnavailable")
    asked_for = ask_token(arm, point["name"], {"properties": {}}, SALES)
    assert refused(asked_for) == (503, "ServiceUnavailable")
    advance(arm, by="P1D")
    switch(arm, "up", REGION)
    assert done(ask_job(arm, name)).json()["properties"]["status"] == "InProgress"
    assert held(arm, "copy") is None
    advance(arm, until="idle")
    assert done(ask_job(arm, name)).json()["properties"]["status"] == "Completed"
    assert held(arm, "copy") == point["properties"]["contentFingerprint"]


# --- what is refused ---------------------------------------------------------------------

WRONG: tuple[tuple[dict[str, Any], int, str, str], ...] = (
    ({"recoveryType": "OriginalLocation"}, 400, INVALID, "recoveryType"),
    ({"recoveryType": "RestoreDisks"}, 400, INVALID, "recoveryType"),
    ({"region": "westeurope"}, 400, INVALID, "region"),
    ({"objectType": "AzureWorkloadSQLRestoreWithRehydrateRequest"}, 400, INVALID, "objectType"),
    ({"objectType": "IaasVMRestoreRequest"}, 400, INVALID, "objectType"),
    ({"objectType": HANA_REQUEST}, 400, INVALID, "objectType"),
    ({"sourceResourceId": FAR_VM}, 400, INVALID, "sourceResourceId"),
    ({"recoveryPointId": "1"}, 400, INVALID, "recoveryPointId"),
    (
        {"recoveryPointRehydrationInfo": {"rehydrationPriority": "High"}},
        400,
        "NotSupported",
        "recoveryPointRehydrationInfo",
    ),
    ({"recoveryMode": "SnapshotAttach"}, 400, "NotSupported", "recoveryMode"),
    ({"targetInfo": None}, 400, INVALID, "targetInfo.containerId"),
    ({"targetInfo": target(server=CONTAINER_PATH)}, 400, INVALID, "targetInfo.containerId"),
    (
        {"targetInfo": target(server=FAR_SERVER.replace("far-1", "far-2"))},
        400,
        "UserErrorTargetServerNotRegistered",
        "targetInfo.containerId",
    ),
    (
        {"targetInfo": target(server=FAR_SERVER.replace("far-vault", "no-vault"))},
        400,
        "UserErrorTargetServerNotRegistered",
        "targetInfo.containerId",
    ),
    (
        {"targetInfo": target("SQL9/copy")},
        400,
        "UserErrorTargetInstanceNotFound",
        "targetInfo.databaseName",
    ),
    ({"targetInfo": target("copy")}, 400, INVALID, "targetInfo.databaseName"),
    (
        {"targetInfo": target("MSSQLSERVER/other", overwriteOption="FailOnConflict")},
        409,
        "UserErrorCannotRestoreExistingDBWithoutForceOverwrite",
        "targetInfo.overwriteOption",
    ),
    ({"targetVirtualMachineId": SQL_VM}, 400, INVALID, "targetVirtualMachineId"),
    ({"recoveryMode": "FileRecovery"}, 400, INVALID, "targetInfo.targetDirectoryForFileRestore"),
    ({"objectType": IN_TIME, "pointInTime": None}, 400, INVALID, "pointInTime"),
    (
        {"objectType": IN_TIME, "pointInTime": "2026-01-04T20:00:00Z"},
        400,
        "UserErrorPointInTimeNotInRange",
        "pointInTime",
    ),
)


def test_what_does_not_cross_over_is_refused(arm: httpx.Client) -> None:
    point = sales_there(arm, log=15, every=15)
    details = leave(arm, point["name"])
    # Here the log goes on until now; there it ends 12 hours ago.
    assert log_ranges(arm)[0][1] > "2026-01-04T" > ranges_there(arm)[0][1]
    for more, status, code, field in WRONG:
        answer = trigger(arm, details, asked(**more))
        assert refusal_of(answer) == (status, code, f"properties.{field}"), more
    plain = trigger(arm, leave(arm, RANGE), asked())
    assert refusal_of(plain) == (400, INVALID, "properties.objectType")
    done(arm.post(f"{FAR_VM}/deallocate"))
    stopped = trigger(arm, details, asked())
    assert refused(stopped) == (409, "VMNotInRunningStateUserError")
    done(arm.post(f"{FAR_VM}/start"))
    nothing_began(arm)


def test_another_subscription_is_asked_of_the_vault(arm: httpx.Client) -> None:
    point = sales_there(arm)
    vm, vault = (each.replace(TARGET, FOREIGN) for each in (FAR_VM, FAR_VAULT))
    put_server(arm, vm, vault, sql="MSSQLSERVER/other")
    server = FAR_SERVER.replace(TARGET, FOREIGN)
    request = asked(targetInfo=target(server=server))
    state = {"crossSubscriptionRestoreState": "Disabled"}
    settings = {"restoreSettings": {"crossSubscriptionRestoreSettings": state}}
    done(arm.patch(VAULT_ID, json={"properties": settings}))
    answer = trigger(arm, leave(arm, point["name"]), request)
    code = "UserErrorCrossSubscriptionRestoreNotAllowed"
    assert refusal_of(answer) == (409, code, "properties.targetInfo.containerId")
    nothing_began(arm)
    state["crossSubscriptionRestoreState"] = "Enabled"
    done(arm.patch(VAULT_ID, json={"properties": settings}))
    assert restored(arm, point["name"], request)["status"] == "Completed"
    assert held(arm, "copy", server) == point["properties"]["contentFingerprint"]


def test_leave_is_given_for_what_is_there_and_for_nothing_else(arm: httpx.Client) -> None:
    point = sales_there(arm)
    back_up_database(arm)
    (newest, *_) = points(arm)
    missing = ask_leave(arm, newest["name"])
    assert refused(missing) == (404, "BMSUserErrorRecoveryPointNotFound")
    # Microsoft's article asks who the region is without saying what for.
    assert done(ask_leave(arm, point["name"])).status_code == 200
    wrong = {"properties": {"tenantId": "x"}}
    answer = ask_token(arm, point["name"], wrong, SALES)
    assert refusal_of(answer) == (400, INVALID, "properties.tenantId")

    details = leave(arm, point["name"])
    altered = details | {"protectableObjectFriendlyName": "hr"}
    answer = trigger(arm, altered, asked())
    field = "crossRegionRestoreAccessDetails.protectableObjectFriendlyName"
    assert refusal_of(answer) == (400, "UserErrorInvalidCrrAccessToken", field)
    log = leave(arm, RANGE) | {"recoveryPointTime": "1/1/2026 12:00:00 AM"}
    field = "crossRegionRestoreAccessDetails.recoveryPointTime"
    assert refusal_of(trigger(arm, log, asked()))[2] == field
    elsewhere = trigger(arm, details, asked(), FAR.replace(REGION, "westus"))
    assert refusal_of(elsewhere) == (400, INVALID, "azureRegion")
    delete_item(arm, SALES)
    gone = trigger(arm, details, asked())
    assert refused(gone) == (409, "BMSUserErrorItemSoftDeleted")
    assert refused(ask_leave(arm, point["name"])) == (409, "BMSUserErrorItemSoftDeleted")
    nothing_began(arm)
    advance(arm, by="PT1H")
    assert refused(trigger(arm, details, asked())) == (400, "UserErrorCrrAccessTokenExpired")


def test_a_vault_that_has_not_opted_in_has_no_databases_there(arm: httpx.Client) -> None:
    sql_world(arm)
    back_up_database(arm)
    for answer in (arm.get(f"{SALES}/recoveryPoints/"), ask_leave(arm, RANGE)):
        assert refused(answer) == (400, "BMSUserErrorCrossRegionRestoreNotEnabled")
