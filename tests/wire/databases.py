"""What the tests of databases in VMs build worlds from: a VM with servers in it, registered."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire import machines
from tests.wire.builders import FABRIC_ID, GROUP_ID, VAULT_ID, done, finish, put_group, put_vault

SQL_VM = f"{GROUP_ID}/providers/Microsoft.Compute/virtualMachines/sql-1"
CONTAINER = "VMAppContainer;Compute;group-1;sql-1"
CONTAINER_PATH = f"{FABRIC_ID}/protectionContainers/{CONTAINER}"
WORKLOAD = {"$filter": "backupManagementType eq 'AzureWorkload'"}
OF_SQL = {"$filter": "backupManagementType eq 'AzureWorkload' and workloadType eq 'SQLDataBase'"}


def put_vm(arm: httpx.Client, vm: str = SQL_VM, **tags: str) -> httpx.Response:
    """Build a VM; an argument ``sql`` becomes the tag rsvault-sql."""
    named = {f"rsvault-{name}": value for name, value in tags.items()}
    return arm.put(vm, json=machines.body() | {"tags": named})


def server_world(arm: httpx.Client, sql: str = "MSSQLSERVER/sales") -> None:
    """Build a group, a vault, and a VM with databases in it."""
    put_group(arm)
    put_vault(arm)
    done(put_vm(arm, sql=sql))


def registration(workload: str = "SQLDataBase", vm: str = SQL_VM, **more: Any) -> dict[str, Any]:
    sent = {
        "containerType": "VMAppContainer",
        "backupManagementType": "AzureWorkload",
        "workloadType": workload,
        "sourceResourceId": vm,
    }
    return {"properties": sent | more}


def register(arm: httpx.Client, **how: Any) -> httpx.Response:
    return finish(arm, arm.put(CONTAINER_PATH, json=registration(**how)))


def inquire(arm: httpx.Client) -> httpx.Response:
    return finish(arm, arm.post(f"{CONTAINER_PATH}/inquire", params=OF_SQL))


def policy_id(name: str = "sql") -> str:
    return f"{VAULT_ID}/backupPolicies/{name}"
