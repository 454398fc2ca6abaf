"""Microsoft's SDK of Azure Backup: a VM with databases, before and until they are protected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient, models

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import VAULT_ID, advance, done, finish
from tests.wire.databases import CONTAINER, SQL_VM, put_vm, server_world

VAULT = ("vault-1", "group-1")
WHERE = (*VAULT, "Azure")
WORKLOAD = "backupManagementType eq 'AzureWorkload'"
OF_SQL = f"{WORKLOAD} and workloadType eq 'SQLDataBase'"
POLICY_ID = f"{VAULT_ID}/backupPolicies/HourlyLogBackup"


@pytest.fixture
def backup(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of a vault, beside a VM with a SQL Server and a database of its own."""
    server_world(arm)
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def container(operation: str | None = None, workload: str = "SQLDataBase") -> Any:
    properties = models.AzureVMAppContainerProtectionContainer(
        backup_management_type="AzureWorkload",
        source_resource_id=SQL_VM,
        workload_type=workload,
        operation_type=operation,
    )
    return models.ProtectionContainerResource(properties=properties)


def register(backup: Any, operation: str | None = None, workload: str = "SQLDataBase") -> Any:
    wanted = container(operation, workload)
    return backup.protection_containers.begin_register(*WHERE, CONTAINER, wanted).result()


def inquire(arm: httpx.Client, backup: Any) -> None:
    backup.protection_containers.inquire(*WHERE, CONTAINER, filter=OF_SQL)


def protectable(backup: Any, asked: str = OF_SQL) -> dict[str, Any]:
    found = backup.backup_protectable_items.list(*VAULT, filter=asked)
    return {each.name: each.properties for each in found}


def registered(backup: Any) -> list[str]:
    found = backup.backup_protection_containers.list(*VAULT, filter=WORKLOAD)
    return [each.name for each in found]


def intent(item_id: str, policy_id: str = POLICY_ID) -> Any:
    properties = models.AzureRecoveryServiceVaultProtectionIntent(
        backup_management_type="AzureWorkload", policy_id=policy_id, item_id=item_id
    )
    return models.ProtectionIntentResource(properties=properties)


def items_of(backup: Any) -> dict[str, str]:
    found = backup.backup_protected_items.list(*VAULT, filter=WORKLOAD)
    return {each.properties["friendlyName"]: each.properties.policy_id for each in found}


def test_a_vm_is_discovered_registered_looked_into_and_let_go(
    arm: httpx.Client, backup: Any
) -> None:
    backup.protection_containers.refresh(*WHERE, filter=WORKLOAD)
    [free] = backup.protectable_containers.list(*WHERE, filter=WORKLOAD)
    assert (free.name, free.properties.protectable_container_type) == (CONTAINER, "VMAppContainer")
    assert free.properties.container_id == SQL_VM

    done = register(backup)
    assert done.properties.registration_status == "Registered"
    shown = backup.protection_containers.get(*WHERE, CONTAINER)
    [details] = shown.properties["extendedInfo"]["inquiryInfo"]["inquiryDetails"]
    assert (details["type"], details["itemCount"]) == ("SQL", 4)
    assert registered(backup) == [CONTAINER]
    assert list(backup.protectable_containers.list(*WHERE, filter=WORKLOAD)) == []

    backup.protection_containers.unregister(*WHERE, CONTAINER)
    assert registered(backup) == []
    with pytest.raises(ResourceNotFoundError):
        backup.protection_containers.get(*WHERE, CONTAINER)
    jobs = [each.properties for each in backup.backup_jobs.list(*VAULT)]
    assert [(each.operation, each.entity_friendly_name) for each in jobs] == [
        ("UnRegister", "sql-1"),
        ("Register", "sql-1"),
    ]


def test_what_is_in_a_vm_is_protectable_from_the_inquiry_on_that_saw_it(
    arm: httpx.Client, backup: Any
) -> None:
    assert protectable(backup) == {}
    register(backup)
    server, *databases = protectable(backup).values()
    assert server["protectableItemType"] == "SQLInstance"
    assert server["prebackupvalidation"]["status"] == "Success"
    assert (server["subinquireditemcount"], server["subprotectableitemcount"]) == (4, 4)
    assert server["isAutoProtectable"] is True
    assert [each["friendlyName"] for each in databases] == ["master", "model", "msdb", "sales"]
    assert {each["parentUniqueName"] for each in databases} == {"sqlinstance;mssqlserver"}

    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    assert len(protectable(backup)) == 5
    inquire(arm, backup)
    assert "sqldatabase;mssqlserver;hr" in protectable(backup)
    assert list(protectable(backup, f"{WORKLOAD} and workloadType eq 'SQLInstance'")) == [
        "sqlinstance;mssqlserver"
    ]
    assert protectable(backup, f"{WORKLOAD} and workloadType eq 'SAPHanaDatabase'") == {}
    assert list(protectable(backup, f"{WORKLOAD} and friendlyName eq 'HR'")) == [
        "sqldatabase;mssqlserver;hr"
    ]


def test_a_container_lists_its_servers_with_the_folders_of_their_files(backup: Any) -> None:
    register(backup)

    def held(kind: str) -> list[Any]:
        asked = f"{WORKLOAD} and workloadItemType eq '{kind}'"
        return list(backup.backup_workload_items.list(*WHERE, CONTAINER, filter=asked))

    [server] = held("SQLInstance")
    assert server.properties["subWorkloadItemCount"] == 4
    assert {each["type"] for each in server.properties["dataDirectoryPaths"]} == {"Data", "Log"}
    assert [each.properties.protection_state for each in held("SQLDataBase")] == [
        "NotProtected"
    ] * 4
    assert held("SAPHanaSystem") == []


def test_the_databases_of_an_instance_come_under_a_policy_by_themselves(
    arm: httpx.Client, backup: Any
) -> None:
    register(backup)
    [server] = [
        each
        for each in backup.backup_protectable_items.list(*VAULT, filter=OF_SQL)
        if each.properties["protectableItemType"] == "SQLInstance"
    ]
    made = backup.protection_intent.create_or_update(*WHERE, "intent-1", intent(server.id))
    assert made.properties.policy_id == POLICY_ID
    assert set(items_of(backup).values()) == {POLICY_ID}
    assert sorted(items_of(backup)) == ["master", "model", "msdb", "sales"]
    assert list(protectable(backup)) == ["sqlinstance;mssqlserver"]

    # A database that comes later is found within eight hours.
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr"))
    advance(arm, by="PT7H")
    assert "hr" not in items_of(backup)
    advance(arm, by="PT1H")
    assert items_of(backup)["hr"] == POLICY_ID

    asked = (
        f"{WORKLOAD} and itemType eq 'SQLInstance' and itemName eq 'MSSQLSERVER' and "
        f"parentName eq '{CONTAINER.lower()}'"
    )
    [listed] = backup.backup_protection_intent.list(*VAULT, filter=asked)
    assert listed.name == backup.protection_intent.get(*WHERE, "INTENT-1").name == "intent-1"

    backup.protection_intent.delete(*WHERE, "intent-1")
    assert list(backup.backup_protection_intent.list(*VAULT, filter=asked)) == []
    done(put_vm(arm, sql="MSSQLSERVER/sales,hr,late"))
    advance(arm, by="PT24H")
    inquire(arm, backup)
    assert "late" not in items_of(backup)
    assert len(items_of(backup)) == 5


def test_a_vm_whose_data_is_soft_deleted_is_let_go_and_comes_back(
    arm: httpx.Client, backup: Any
) -> None:
    register(backup)
    item = f"{VAULT_ID}/backupFabrics/Azure/protectionContainers/{CONTAINER.lower()}"
    backup.protection_intent.create_or_update(
        *WHERE, "intent-1", intent(f"{item}/protectableItems/sqlinstance;mssqlserver")
    )
    with pytest.raises(HttpResponseError) as held:
        backup.protection_containers.unregister(*WHERE, CONTAINER)
    assert code(held) == "BMSUserErrorContainerHasDatasources"
    assert registered(backup) == [CONTAINER]

    for each in list(backup.backup_protected_items.list(*VAULT, filter=WORKLOAD)):
        finish(arm, arm.delete(each.id))
    backup.protection_containers.unregister(*WHERE, CONTAINER)
    assert registered(backup) == []
    [gone] = backup.deleted_protection_containers.list("group-1", "vault-1", filter=WORKLOAD)
    assert gone.properties.registration_status == "SoftDeleted"

    back = register(backup, "Rehydrate")
    assert back.properties.registration_status == "Registered"
    assert list(backup.deleted_protection_containers.list("group-1", "vault-1")) == []
    assert list(backup.backup_protection_intent.list(*VAULT)) == []


def code(refused: pytest.ExceptionInfo[HttpResponseError]) -> str:
    assert refused.value.error is not None
    return str(refused.value.error.code)


def code_of(backup: Any, operation: str | None = None, workload: str = "SQLDataBase") -> str:
    with pytest.raises(HttpResponseError) as refused:
        register(backup, operation, workload)
    return code(refused)


def test_what_cannot_be_registered_is_refused_and_nothing_is_left(
    arm: httpx.Client, backup: Any
) -> None:
    assert code_of(backup, "Reregister") == "BMSUserErrorContainerNotFound"
    assert code_of(backup, workload="SAPAseDatabase") == "NotSupported"
    done(arm.post(f"{SQL_VM}/deallocate"))
    assert code_of(backup) == "VMNotInRunningStateUserError"
    assert registered(backup) == []
    done(arm.post(f"{SQL_VM}/start"))

    register(backup)
    assert code_of(backup, "Rehydrate") == "BMSUserErrorContainerNotSoftDeleted"
    other = code_of(backup, workload="SAPHanaDatabase")
    assert other == "BMSUserErrorContainerRegisteredForAnotherWorkload"
    done(arm.put(f"{VAULT_ID}-2", json={"location": "westeurope"}))
    with pytest.raises(HttpResponseError) as elsewhere:
        backup.protection_containers.begin_register(
            "vault-1-2", "group-1", "Azure", CONTAINER, container()
        ).result()
    assert code(elsewhere) == "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault"
    assert register(backup, "Reregister").properties.registration_status == "Registered"

    refused = arm.delete(VAULT_ID)
    assert refused.json()["error"]["code"] == "ServiceResourceNotEmptyWithContainerDetails"
    config = arm.get(f"{VAULT_ID}/backupstorageconfig/vaultstorageconfig").json()
    assert config["properties"]["storageTypeState"] == "Locked"
    summaries = backup.backup_usage_summaries.list(
        *VAULT, filter="type eq 'BackupProtectionContainerCountSummary'"
    )
    assert {each.name.value: each.current_value for each in summaries}["AzureWorkload"] == 1


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("sqlinstance;other", "BMSUserErrorInvalidInput"),
        ("sqldatabase;mssqlserver;sales", "BMSUserErrorInvalidInput"),
        ("sqlavailabilitygroupcontainer;ag1", "NotSupported"),
    ],
)
def test_only_instances_of_sql_server_are_protected_by_themselves(
    backup: Any, item: str, expected: str
) -> None:
    register(backup)
    folder = f"{VAULT_ID}/backupFabrics/Azure/protectionContainers/{CONTAINER.lower()}"
    with pytest.raises(HttpResponseError) as refused:
        backup.protection_intent.create_or_update(
            *WHERE, "intent-1", intent(f"{folder}/protectableItems/{item}")
        )
    assert code(refused) == expected
    assert list(backup.backup_protection_intent.list(*VAULT)) == []
