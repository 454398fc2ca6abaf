"""What the tests of databases in the secondary region build worlds from, and how they restore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests.wire import machines
from tests.wire.builders import VAULT_ID, advance, done, finish, listed, put_group, put_vault
from tests.wire.databases import SQL_VM, registration
from tests.wire.protected_databases import (
    ERP,
    HANA,
    HANA_VM,
    RANGE,
    SALES,
    back_up_database,
    hana_world,
    sql_world,
)
from tests.wire.secondary import FAR, OPTED_IN, REGION, TARGET, ask_job, job_of

OF_DATABASES = {"$filter": "backupManagementType eq 'AzureWorkload'"}
VERSION = {"api-version": "2021-11-15"}
FAR_VM = f"{TARGET}/providers/Microsoft.Compute/virtualMachines/far-1"
FAR_VAULT = f"{TARGET}/providers/Microsoft.RecoveryServices/vaults/far-vault"
CONTAINERS = "/backupFabrics/Azure/protectionContainers"
FAR_SERVER = f"{FAR_VAULT}{CONTAINERS}/VMAppContainer;Compute;restored;far-1"
SQL_REQUEST = "AzureWorkloadSQLRestoreRequest"
HANA_REQUEST = "AzureWorkloadSAPHanaRestoreRequest"


def put_server(
    arm: httpx.Client,
    vm: str = FAR_VM,
    vault: str = FAR_VAULT,
    location: str = REGION,
    workload: str = "SQLDataBase",
    **tags: str,
) -> None:
    """Build a VM with a server, and register it with a vault of its region."""
    group, _, name = vm.partition("/providers/")
    put_group(arm, group)
    named = {f"rsvault-{kind}": value for kind, value in tags.items()}
    done(arm.put(vm, json=machines.body() | {"location": location, "tags": named}))
    put_vault(arm, vault, location=location)
    container = f"VMAppContainer;Compute;{group.rpartition('/')[2]};{name.rpartition('/')[2]}"
    body = registration(workload, vm)
    finish(arm, arm.put(f"{vault}{CONTAINERS}/{container}", json=body))


def sales_there(arm: httpx.Client, **policy: Any) -> dict[str, Any]:
    """Build a world whose database sales has one full backup in the secondary region, and a server
    there; return that point."""
    sql_world(arm, **policy)
    done(arm.patch(VAULT_ID, json={"properties": OPTED_IN}))
    put_server(arm, sql="MSSQLSERVER/other")
    back_up_database(arm)
    advance(arm, by="P3D")
    return points_there(arm)[-1]


def erp_there(arm: httpx.Client) -> dict[str, Any]:
    """Put a database of SAP HANA beside it all, one full backup of it there, and a server."""
    hana_world(arm)
    vm = FAR_VM.replace("far-1", "far-hana")
    put_server(arm, vm, workload=HANA[0], hana="HDB/OTHER")
    back_up_database(arm, path=ERP)
    advance(arm, by="PT13H")
    return points_there(arm, ERP)[-1]


def points_there(arm: httpx.Client, path: str = SALES, **query: str) -> list[dict[str, Any]]:
    """Return the points in the secondary region, newest first, without the one of the log."""
    found = listed(arm, f"{path}/recoveryPoints/", **query)
    return [each for each in found if each["name"] != RANGE]


def ranges_there(arm: httpx.Client, path: str = SALES, **query: str) -> list[tuple[str, str]]:
    """Return what of the log can be restored in the secondary region."""
    last = listed(arm, f"{path}/recoveryPoints/", **query)[-1]
    assert last["name"] == RANGE
    return [(each["startTime"], each["endTime"]) for each in last["properties"]["timeRanges"]]


def ask_leave(arm: httpx.Client, point: str, path: str = SALES, **query: str) -> httpx.Response:
    aad = done(arm.get(f"{FAR}/backupAadProperties", params=query)).json()
    return arm.post(f"{path}/recoveryPoints/{point}/accessToken", json=aad)


def leave(arm: httpx.Client, point: str, path: str = SALES) -> dict[str, Any]:
    """Return the access token of a point, as az asks for it."""
    answer = done(ask_leave(arm, point, path, **OF_DATABASES))
    found: dict[str, Any] = answer.json()["properties"]
    return found


def asked(kind: str = SQL_REQUEST, vm: str = SQL_VM, **more: Any) -> dict[str, Any]:
    """Return a request for a restore as the database copy; None leaves a field out."""
    sent = {
        "objectType": kind,
        "recoveryType": "AlternateLocation",
        "sourceResourceId": vm,
        "region": REGION,
        "targetInfo": target(),
    }
    return {name: value for name, value in (sent | more).items() if value is not None}


def erp_asked() -> dict[str, Any]:
    server = FAR_SERVER.replace("far-1", "far-hana")
    return asked(HANA_REQUEST, HANA_VM, targetInfo=target("HDB/COPY", server))


def target(name: str = "MSSQLSERVER/copy", server: str = FAR_SERVER, **more: str) -> dict[str, str]:
    return {"containerId": server, "databaseName": name, "overwriteOption": "Overwrite"} | more


def trigger(
    arm: httpx.Client, details: Mapping[str, Any], request: dict[str, Any], at: str = FAR
) -> httpx.Response:
    sent = {"crossRegionRestoreAccessDetails": details, "restoreRequest": request}
    return arm.post(f"{at}/backupCrossRegionRestore", json=sent)


def restored(
    arm: httpx.Client, point: str, request: dict[str, Any], path: str = SALES
) -> dict[str, Any]:
    """Restore a point to the end, and return the job."""
    name = job_of(arm, trigger(arm, leave(arm, point, path), request))
    found: dict[str, Any] = done(ask_job(arm, name)).json()["properties"]
    return found


def held(arm: httpx.Client, name: str, server: str = FAR_SERVER) -> str | None:
    """Look into a server; return what a database there holds, None if there is none of the name."""
    done(arm.post(f"{server}/inquire"))
    found = (each["properties"] for each in listed(arm, f"{server}/items"))
    contents = {each["friendlyName"].lower(): each.get("contentFingerprint") for each in found}
    return contents.get(name.lower())
