"""Real answers have the keys and types of the service's, neither fewer nor more."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire import job_shapes, shapes
from tests.wire.builders import (
    FABRIC_ID,
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POINTS,
    RESTORE,
    RESUME,
    STOP,
    UNDELETE,
    VAULT_ID,
    VM_TYPE,
    advance,
    back_up,
    container_id,
    delete_item,
    done,
    finish,
    item_body,
    job_of,
    listed,
    put_group,
    put_storage,
    put_vault,
    put_vm,
    set_clock,
    vm_id,
)
from tests.wire.shapes import differences

ALERTS = {
    "azureMonitorAlertSettings": {
        "alertsForAllJobFailures": "Enabled",
        "alertsForAllReplicationIssues": "Enabled",
        "alertsForAllFailoverIssues": "Enabled",
    },
    "classicAlertSettings": {
        "alertsForCriticalOperations": "Disabled",
        "emailNotificationsForSiteRecovery": "Disabled",
    },
}


def test_a_difference_of_every_kind_is_named() -> None:
    shape = {"a": int, "b": shapes.Maybe(str), "c": [shapes.GUID], "d": {"e": "E"}}
    assert differences(shape, {"a": 1, "c": [], "d": {"e": "E"}}) == []
    found = {"a": True, "c": ["no"], "d": {"e": "e", "f": 1}}
    assert differences(shape, found) == [
        ".a: True is not <class 'int'>",
        f".c[0]: 'no' is not {shapes.GUID}",
        ".d.f is unknown",
        ".d.e: 'e' is not E",
    ]
    assert differences(shape, {"c": {}}) == [".a is missing", ".d is missing", ".c is no list: {}"]


def test_a_vault_has_the_fields_of_2026(arm: httpx.Client) -> None:
    put_group(arm)
    properties = {
        "monitoringSettings": ALERTS,
        "costManagementSettings": {"granularityLevel": "VaultLevel"},
    }
    put_vault(arm, sku={"name": "Standard"}, properties=properties)
    advance(arm, until="idle")
    assert differences(shapes.VAULT, done(arm.get(VAULT_ID)).json()) == []


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("backupconfig/vaultconfig", shapes.VAULT_CONFIG),
        ("backupEncryptionConfigs/backupResourceEncryptionConfig", shapes.ENCRYPTION_CONFIG),
        ("backupPolicies/DefaultPolicy", shapes.STANDARD_POLICY),
        ("backupPolicies/EnhancedPolicy", shapes.ENHANCED_POLICY),
        ("backupPolicies/daily", shapes.STANDARD_POLICY),
        ("backupResourceGuardProxies", {"value": [shapes.Text("there is none")]}),
    ],
)
def test_what_lies_in_a_vault_looks_as_recorded(
    vault: httpx.Client, path: str, shape: dict[str, Any]
) -> None:
    assert differences(shape, done(vault.get(f"{VAULT_ID}/{path}")).json()) == []


def test_an_operation_of_a_vault_tells_three_things(vault: httpx.Client) -> None:
    answer = done(vault.patch(VAULT_ID, json={"tags": {"a": "b"}}))
    status = done(vault.get(answer.headers["azure-asyncoperation"])).json()
    assert differences(shapes.VAULT_OPERATION, status) == []


def test_a_vm_that_can_be_protected_looks_as_recorded(vault: httpx.Client) -> None:
    put_vm(vault)
    query = {"$filter": "backupManagementType eq 'AzureIaasVM'"}
    (found,) = listed(vault, f"{VAULT_ID}/backupProtectableItems", **query)
    assert differences(shapes.PROTECTABLE_ITEM, found) == []
    body = {"resourceType": "VM", "resourceId": vm_id()}
    status = done(vault.post(f"{LOCATION_ID}/backupStatus", json=body)).json()
    assert differences(shapes.NOT_PROTECTED, status) == []


def test_the_operation_of_an_item_runs_and_ends_as_recorded(vault: httpx.Client) -> None:
    put_vm(vault)
    set_clock(vault, skipOnWait="off")
    answer = done(vault.put(ITEM_ID, json=RESUME))
    running = done(vault.get(answer.headers["azure-asyncoperation"])).json()
    assert differences(shapes.RUNNING_OPERATION, running) == []
    advance(vault, until="idle")
    over = done(vault.get(answer.headers["azure-asyncoperation"])).json()
    assert differences(shapes.OPERATION, over) == []


def test_an_item_and_its_container_look_as_recorded(protected: httpx.Client) -> None:
    query = {"$filter": "backupManagementType eq 'AzureIaasVM'"}
    for found in (
        done(protected.get(container_id())).json(),
        *listed(protected, f"{VAULT_ID}/backupProtectionContainers", **query),
    ):
        assert differences(shapes.CONTAINER, found) == []
    assert FABRIC_ID in found["id"]
    assert differences(shapes.NEW_ITEM, done(protected.get(ITEM_ID)).json()) == []
    advance(protected, until={"job": back_up(protected)})
    assert differences(shapes.BACKED_UP_ITEM, done(protected.get(ITEM_ID)).json()) == []
    finish(protected, protected.put(ITEM_ID, json=STOP))
    delete_item(protected)
    advance(protected, by="PT1H")
    assert differences(shapes.SOFT_DELETED_ITEM, done(protected.get(ITEM_ID)).json()) == []


def test_recovery_points_look_as_recorded(protected: httpx.Client) -> None:
    advance(protected, by="P4D")
    newest, *aged = listed(protected, POINTS)
    assert differences(shapes.NEW_POINT, newest) == []
    for point in aged:
        assert differences(shapes.AGED_POINT, point) == []
    assert len(aged) > 2


@pytest.fixture
def jobs(protected: httpx.Client) -> dict[str, list[dict[str, Any]]]:
    """Every kind of job once, as a single one and as one of a list, by its operation."""
    put_storage(protected)
    put_group(protected, f"{GROUP_ID}-restored")
    advance(protected, until={"job": back_up(protected)})
    restore = RESTORE["properties"] | {"targetResourceGroupId": f"{GROUP_ID}-restored"}
    point = listed(protected, POINTS)[0]
    answer = protected.post(f"{point['id']}/restore", json={"properties": restore})
    advance(protected, until={"job": job_of(protected, answer)})
    finish(protected, protected.put(ITEM_ID, json=STOP))
    delete_item(protected)
    finish(protected, protected.put(ITEM_ID, json=UNDELETE))
    found: dict[str, list[dict[str, Any]]] = {}
    for each in listed(protected, f"{VAULT_ID}/backupJobs"):
        single = done(protected.get(each["id"])).json()
        found.setdefault(each["properties"]["operation"], []).append(single)
        found[each["properties"]["operation"]].append(each)
    return found


def test_every_kind_of_job_looks_as_recorded(jobs: dict[str, list[dict[str, Any]]]) -> None:
    wanted = {
        "Backup": job_shapes.BACKUP,
        "ConfigureBackup": job_shapes.CONFIGURE,
        "DisableBackup": job_shapes.DISABLE,
        "DeleteBackupData": job_shapes.DELETE,
        "Undelete": job_shapes.UNDELETE,
        "Restore": job_shapes.RESTORE_DISKS,
    }
    assert set(jobs) == set(wanted)
    lines = {}
    for operation, shape in wanted.items():
        single, inlist = jobs[operation][:2]
        lines[operation] = differences(shape, single)
        lines[f"{operation}, listed"] = differences(job_shapes.listed(shape), inlist)
    assert {name: each for name, each in lines.items() if each} == {}


def test_excluded_disks_stand_beside_the_rest(vault: httpx.Client) -> None:
    put_vm(vault)
    exclusion = {"diskLunList": [0], "isInclusionList": False}
    body = item_body(
        policyId=f"{VAULT_ID}/backupPolicies/daily",
        sourceResourceId=vm_id(),
        extendedProperties={"diskExclusionProperties": exclusion},
    )
    assert body["properties"]["protectedItemType"] == VM_TYPE
    finish(vault, vault.put(ITEM_ID, json=body))
    more = {"extendedProperties": {"linuxVmApplicationName": "", "diskExclusionProperties": dict}}
    shape = shapes.resource(shapes.ITEM_TYPE, shapes.ITEM_PROPERTIES | more)
    assert differences(shape, done(vault.get(ITEM_ID)).json()) == []
