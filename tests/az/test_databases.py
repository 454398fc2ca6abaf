"""az backup of databases, before they are protected: VMs are registered, looked into and let go."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import VAULT_ID, advance, done, finish
from tests.wire.databases import CONTAINER, SQL_VM, WORKLOAD, put_vm, server_world

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_SQL = "--workload-type MSSQL"
MANAGED = "--backup-management-type AzureWorkload"
REGISTER = f"backup container register {VAULT} {OF_SQL} {MANAGED} --resource-id {SQL_VM}"
INSTANCE = (
    "--protectable-item-type SQLInstance --server-name sql-1 --protectable-item-name MSSQLSERVER"
)


def test_a_vm_is_registered_looked_into_registered_again_and_let_go(
    az: Az, arm: httpx.Client
) -> None:
    server_world(arm)
    az(REGISTER)
    assert "already registered" in az.refused(REGISTER, code=3)
    (container,) = az(f"backup container list {VAULT} {MANAGED}")
    assert container["name"] == CONTAINER
    shown = az(f"backup container show {VAULT} {MANAGED} -n sql-1")["properties"]
    assert (shown["registrationStatus"], shown["healthStatus"]) == ("Registered", "Healthy")

    listed = f"backup protectable-item list {VAULT} {OF_SQL}"
    names = az(f"{listed} --query [].name")
    assert names == ["sqlinstance;mssqlserver"] + [
        f"sqldatabase;mssqlserver;{each}" for each in ("master", "model", "msdb", "sales")
    ]
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    az(f"backup protectable-item initialize {VAULT} {OF_SQL} -c '{CONTAINER}'")
    assert len(az(f"{listed} --protectable-item-type SQLDatabase --server-name sql-1")) == 5
    item = az(
        f"backup protectable-item show {VAULT} {OF_SQL} --server-name sql-1 -n hr "
        "--protectable-item-type SQLDatabase"
    )["properties"]
    assert (item["protectableItemType"], item["serverName"]) == ("SQLDataBase", "sql-1")
    (row,) = [each for each in az.table(listed) if each["Name"] == "sqldatabase;mssqlserver;hr"]
    assert row["Protectable Item Type"] == "SQLDataBase"

    az(f"backup container re-register {VAULT} {OF_SQL} {MANAGED} -c '{CONTAINER}' --yes")
    az(f"backup container unregister {VAULT} {MANAGED} -c '{CONTAINER}' --yes")
    assert az(f"backup container list {VAULT} {MANAGED}") == []
    operations = az(f"backup job list {VAULT} --query [].properties.operation")
    assert sorted(operations) == ["Register", "Register", "UnRegister"]


def test_an_instance_is_protected_by_itself_until_it_is_told_otherwise(
    az: Az, arm: httpx.Client
) -> None:
    server_world(arm)
    az(REGISTER)
    enable = f"backup protection auto-enable-for-azurewl {VAULT} -p HourlyLogBackup {INSTANCE}"
    assert az(f"{enable} {OF_SQL}") == {"status": True}
    (server,) = az(
        f"backup protectable-item list {VAULT} {OF_SQL} --protectable-item-type SQLInstance"
    )
    assert server["properties"]["isAutoProtected"] is True
    assert server["properties"]["autoProtectionPolicy"].endswith("/HourlyLogBackup")
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    advance(arm, by="PT8H")
    items = done(arm.get(f"{VAULT_ID}/backupProtectedItems", params=WORKLOAD)).json()["value"]
    assert len(items) == 5

    disable = f"backup protection auto-disable-for-azurewl {VAULT} {INSTANCE} {OF_SQL}"
    assert az(disable) == {"status": True}
    assert "A unique intent not found" in az.refused(disable)
    for each in items:
        finish(arm, arm.delete(each["id"]))
    az(f"backup container unregister {VAULT} {MANAGED} -c '{CONTAINER}' --yes")


def test_a_system_of_hana_is_registered_and_its_databases_are_found(
    az: Az, arm: httpx.Client
) -> None:
    server_world(arm, sql="SQL2/")
    done(put_vm(arm, hana="HDB/ERP"))
    az(
        f"backup container register {VAULT} --workload-type SAPHANA {MANAGED} "
        f"--resource-id {SQL_VM}"
    )
    names = az(f"backup protectable-item list {VAULT} --workload-type SAPHANA --query [].name")
    assert names == ["saphanasystem;hdb", "saphanadatabase;hdb;erp", "saphanadatabase;hdb;systemdb"]
    assert az(f"backup protectable-item list {VAULT} {OF_SQL}") == []


def test_a_sql_virtual_machine_makes_the_default_instance_known(az: Az, arm: httpx.Client) -> None:
    server_world(arm, sql="SQL2/")
    az("sql vm create -g group-1 -n sql-1 -l westeurope --license-type PAYG --sql-mgmt-type Full")
    shown = az("sql vm show -g group-1 -n sql-1 --expand *")
    assert shown["virtualMachineResourceId"] == SQL_VM
    assert [each["name"] for each in az("sql vm list -g group-1")] == ["sql-1"]
    az(REGISTER)
    listed = f"backup protectable-item list {VAULT} {OF_SQL} --protectable-item-type SQLInstance"
    assert az(f"{listed} --query [].name") == ["sqlinstance;mssqlserver", "sqlinstance;sql2"]
    az("sql vm delete -g group-1 -n sql-1 --yes")
    assert az("sql vm list -g group-1") == []
