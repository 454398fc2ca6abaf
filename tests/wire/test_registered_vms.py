"""VMs with databases on the wire: what tells of them, and when their content is discovered."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire import machines
from tests.wire.builders import GROUP_ID, VAULT_ID, advance, done, listed, put_group, put_vault
from tests.wire.databases import (
    CONTAINER,
    CONTAINER_PATH,
    OF_SQL,
    SQL_VM,
    WORKLOAD,
    put_vm,
    register,
    registration,
    server_world,
)
from tests.wire.machines import refusal
from tests.wire.test_region_outages import switch

SQL_RESOURCE = f"{GROUP_ID}/providers/Microsoft.SqlVirtualMachine/sqlVirtualMachines/sql-1"
INTENT = f"{VAULT_ID}/backupFabrics/Azure/backupProtectionIntent/intent-1"
Rows = list[dict[str, Any]]
PROTECTABLE = f"{VAULT_ID}/backupProtectableItems"


def sql_resource(vm: str = SQL_VM, **properties: object) -> dict[str, object]:
    return {
        "location": "westeurope",
        "properties": {"virtualMachineResourceId": vm, **properties},
    }


def names(arm: httpx.Client) -> list[str]:
    return [each["name"] for each in listed(arm, PROTECTABLE, **OF_SQL)]


def protect_by_itself(arm: httpx.Client) -> None:
    instance = f"{CONTAINER_PATH.lower()}/protectableItems/sqlinstance;mssqlserver"
    told = {"itemId": instance, "policyId": f"{VAULT_ID}/backupPolicies/HourlyLogBackup"}
    done(arm.put(INTENT, json={"properties": told}))


def items(arm: httpx.Client) -> list[str]:
    found = listed(arm, f"{VAULT_ID}/backupProtectedItems", **WORKLOAD)
    return [each["properties"]["friendlyName"] for each in found]


def test_a_tag_that_tells_nothing_is_refused_with_the_vm(arm: httpx.Client) -> None:
    put_group(arm)
    answer = put_vm(arm, sql="sales")
    assert refusal(answer) == (400, "InvalidParameter")
    assert "tags.rsvault-sql" in answer.json()["error"]["message"]
    assert arm.get(SQL_VM).status_code == 404
    done(put_vm(arm, sql="MSSQLSERVER/sales"))
    assert refusal(arm.patch(SQL_VM, json={"tags": {"rsvault-hana": "X/A"}}))[0] == 400
    assert arm.get(SQL_VM).json()["tags"] == {"rsvault-sql": "MSSQLSERVER/sales"}


def test_a_sql_virtual_machine_tells_that_there_is_a_server_in_a_vm(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    assert refusal(arm.put(SQL_RESOURCE, json=sql_resource())) == (404, "ResourceNotFound")
    done(arm.put(SQL_VM, json=machines.body()))
    register(arm)
    assert names(arm) == []

    made = done(arm.put(SQL_RESOURCE, json=sql_resource(sqlServerLicenseType="payg"))).json()
    assert made["properties"]["sqlServerLicenseType"] == "PAYG"
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert done(arm.get(SQL_RESOURCE, params={"$expand": "*"})).json() == made
    done(arm.post(f"{CONTAINER_PATH}/inquire", params=OF_SQL))
    assert names(arm)[0] == "sqlinstance;mssqlserver"

    done(arm.delete(SQL_RESOURCE))
    done(arm.put(SQL_VM, json=machines.body()))
    done(arm.post(f"{CONTAINER_PATH}/inquire", params=OF_SQL))
    assert len(names(arm)) == 4  # nothing was uninstalled


def test_what_a_sql_virtual_machine_cannot_be_is_refused(arm: httpx.Client) -> None:
    put_group(arm)
    done(arm.put(SQL_VM, json=machines.body()))
    other = SQL_RESOURCE.replace("sql-1", "sql-2")
    assert refusal(arm.put(other, json=sql_resource())) == (400, "InvalidParameterValue")
    missing = {"location": "westeurope", "properties": {}}
    assert refusal(arm.put(SQL_RESOURCE, json=missing)) == (400, "InvalidParameter")
    group = f"{GROUP_ID}/providers/Microsoft.SqlVirtualMachine/sqlVirtualMachineGroups/g"
    grouped = arm.put(SQL_RESOURCE, json=sql_resource(sqlVirtualMachineGroupResourceId=group))
    assert refusal(grouped) == (400, "NotSupported")
    assert "availability groups" in grouped.json()["error"]["message"]
    hours = sql_resource(autoPatchingSettings={"maintenanceWindowStartingHour": 24})
    assert refusal(arm.put(SQL_RESOURCE, json=hours))[0] == 400
    assert arm.get(SQL_RESOURCE).status_code == 404


def test_a_region_that_is_down_discovers_nothing_until_it_is_back(arm: httpx.Client) -> None:
    server_world(arm)
    register(arm)
    protect_by_itself(arm)
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    switch(arm, "down")
    advance(arm, by="PT20H")
    switch(arm, "up")
    assert "hr" not in items(arm)
    advance(arm, by="PT1S")
    assert "hr" in items(arm)


def test_a_vm_that_does_not_run_is_looked_into_once_it_does(arm: httpx.Client) -> None:
    server_world(arm)
    register(arm)
    protect_by_itself(arm)
    done(arm.post(f"{SQL_VM}/deallocate"))
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    refused = arm.post(f"{CONTAINER_PATH}/inquire", params=OF_SQL)
    assert refusal(refused) == (400, "VMNotInRunningStateUserError")
    advance(arm, by="PT8H")
    assert "hr" not in items(arm)
    done(arm.post(f"{SQL_VM}/start"))
    advance(arm, by="PT8H")
    assert "hr" in items(arm)


def test_a_policy_that_protects_an_instance_is_not_deleted(arm: httpx.Client) -> None:
    server_world(arm, sql="MSSQLSERVER/")
    register(arm)
    protect_by_itself(arm)
    policy = f"{VAULT_ID}/backupPolicies/HourlyLogBackup"
    assert refusal(arm.delete(policy)) == (400, "BMSUserErrorPolicyInUse")
    again = arm.put(INTENT.replace("intent-1", "intent-2"), json=arm.get(INTENT).json())
    assert refusal(again) == (409, "BMSUserErrorProtectionIntentAlreadyExists")


def test_the_body_of_a_registration_fits_its_container(arm: httpx.Client) -> None:
    server_world(arm)
    for body, expected in (
        (registration(containerType="SQLAGWorkLoadContainer"), "NotSupported"),
        (registration(backupManagementType="AzureStorage"), "BMSUserErrorInvalidInput"),
        (registration(workload=""), "BMSUserErrorInvalidInput"),
        (registration(vm=VAULT_ID), "BMSUserErrorInvalidInput"),
        (registration(vm=f"{SQL_VM}-2"), "BMSUserErrorContainerNameIncorrectFormat"),
    ):
        assert refusal(arm.put(CONTAINER_PATH, json=body)) == (400, expected)
    gone = CONTAINER_PATH.replace(CONTAINER, f"{CONTAINER}-2")
    nowhere = arm.put(gone, json=registration(vm=f"{SQL_VM}-2"))
    assert refusal(nowhere) == (400, "UserErrorVmNotFoundV2")
    assert listed(arm, f"{VAULT_ID}/backupProtectionContainers", **WORKLOAD) == []


def test_what_is_discovered_is_the_same_however_a_span_is_cut(arm: httpx.Client) -> None:
    def lived(*parts: str) -> tuple[Rows, Rows]:
        done(arm.post("/_emulator/reset"))
        server_world(arm)
        register(arm)
        protect_by_itself(arm)
        done(put_vm(arm, sql="MSSQLSERVER/sales,hr,crm"))
        for part in parts:
            advance(arm, by=part)
        return listed(arm, f"{VAULT_ID}/backupJobs"), listed(
            arm, f"{VAULT_ID}/backupProtectedItems"
        )

    at_once = lived("PT50H")
    assert len(at_once[1]) == 6
    assert lived(*["PT1H"] * 50) == at_once
    assert lived("PT7H59M59S", "PT1S", "PT1S", "PT41H59M59S") == at_once
