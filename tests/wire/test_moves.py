"""Resources move to another group: new ids everywhere, and backups that do not follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resource.resources import ResourceManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import AnyToken, options
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    LOCATION_ID,
    POLICY_ID,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    advance,
    back_up,
    done,
    finish,
    item,
    item_body,
    job,
    listed,
    put_group,
    put_vm,
    refused,
    set_clock,
    vm_id,
)

OTHER = f"{ROOT}/resourceGroups/Group-2"
ABROAD = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/group-9"
MOVED = f"{OTHER}/providers/Microsoft.Compute/virtualMachines/vm-1"
NEW_NAME = "iaasvmcontainerv2;group-2;vm-1"
NEW_ITEM = (
    f"{VAULT_ID}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{NEW_NAME}"
    f"/protectedItems/VM;{NEW_NAME}"
)


def ask(
    arm: httpx.Client, *ids: str, to: str = OTHER, verb: str = "moveResources", of: str = GROUP_ID
) -> httpx.Response:
    return arm.post(f"{of}/{verb}", json={"resources": list(ids), "targetResourceGroup": to})


def disks_of(arm: httpx.Client, vm: str) -> list[str]:
    storage = done(arm.get(vm)).json()["properties"]["storageProfile"]
    return [each["managedDisk"]["id"] for each in (storage["osDisk"], *storage["dataDisks"])]


@pytest.fixture
def two_groups(protected: httpx.Client) -> httpx.Client:
    """A client of a world whose protected ``vm-1`` was backed up once, with groups to move to."""
    put_group(protected, OTHER)
    put_group(protected, ABROAD)
    advance(protected, until={"job": back_up(protected)})
    return protected


# --- the resources -------------------------------------------------------------------------


def test_a_moved_vm_is_found_in_its_new_group_only(two_groups: httpx.Client) -> None:
    before = two_groups.get(vm_id()).json()
    assert ask(two_groups, vm_id().upper().replace("/SUBSCRIPTIONS", "/subscriptions")).status_code
    after = done(two_groups.get(MOVED)).json()
    assert two_groups.get(vm_id()).status_code == 404
    assert after["id"] == MOVED
    assert after["properties"]["vmId"] == before["properties"]["vmId"]
    assert disks_of(two_groups, MOVED) == [
        each["managedDisk"]["id"]
        for each in (
            before["properties"]["storageProfile"]["osDisk"],
            *before["properties"]["storageProfile"]["dataDisks"],
        )
    ]
    for disk in disks_of(two_groups, MOVED):
        assert done(two_groups.get(disk)).json()["managedBy"] == MOVED


def test_disks_may_move_with_their_vm_or_without_it(two_groups: httpx.Client) -> None:
    os_disk, data_disk = disks_of(two_groups, vm_id())
    finger = two_groups.get(data_disk).json()["properties"]["contentFingerprint"]
    done(ask(two_groups, data_disk))
    moved = data_disk.replace(GROUP_ID, OTHER)
    assert disks_of(two_groups, vm_id()) == [os_disk, moved]
    done(ask(two_groups, vm_id(), os_disk))
    assert disks_of(two_groups, MOVED) == [os_disk.replace(GROUP_ID, OTHER), moved]
    assert two_groups.get(moved).json()["properties"]["contentFingerprint"] == finger
    done(two_groups.post(f"{MOVED}/powerOff"))
    assert two_groups.get(moved).json()["properties"]["diskState"] == "Attached"


def test_a_move_is_polled_to_an_empty_204(two_groups: httpx.Client) -> None:
    set_clock(two_groups, skipOnWait="off")
    for verb, takes in (("validateMoveResources", "PT10S"), ("moveResources", "PT60S")):
        answer = ask(two_groups, vm_id(), verb=verb)
        assert (answer.status_code, answer.content) == (202, b"")
        assert two_groups.get(answer.headers["location"]).status_code == 202
        advance(two_groups, by=takes)
        over = two_groups.get(answer.headers["location"])
        assert (over.status_code, over.content) == (204, b"")


def test_a_validation_moves_nothing(two_groups: httpx.Client) -> None:
    before = two_groups.get(vm_id()).content
    assert ask(two_groups, vm_id(), verb="validateMoveResources").status_code == 202
    assert two_groups.get(vm_id()).content == before


@pytest.mark.parametrize("verb", ["moveResources", "validateMoveResources"])
@pytest.mark.parametrize(
    ("ids", "to", "refusal"),
    [
        ([], OTHER, (400, "InvalidRequestContent")),
        (["vm-1"], OTHER, (400, "InvalidRequestContent")),
        ([MOVED], OTHER, (400, "InvalidRequestContent")),
        ([vm_id("vm-9")], OTHER, (404, "ResourceNotFound")),
        ([VAULT_ID], OTHER, (400, "NotSupported")),
        ([vm_id()], GROUP_ID.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), None),
        ([vm_id()], f"{ROOT}/resourceGroups/nowhere", (404, "ResourceGroupNotFound")),
        ([vm_id()], "group-2", (400, "InvalidRequestContent")),
        ([vm_id()], ABROAD, (409, "ResourceMoveProviderValidationFailed")),
    ],
)
def test_what_cannot_move_stays(
    two_groups: httpx.Client, verb: str, ids: list[str], to: str, refusal: Any
) -> None:
    before = two_groups.get(f"{ROOT}/resources").content
    answer = ask(two_groups, *ids, to=to, verb=verb)
    assert refused(answer) == (refusal or (400, "MoveTargetIsSource"))
    assert two_groups.get(f"{ROOT}/resources").content == before


def test_a_name_that_the_target_has_is_in_the_way(two_groups: httpx.Client) -> None:
    done(ask(two_groups, vm_id()))
    put_vm(two_groups)
    answer = ask(two_groups, vm_id())
    assert refused(answer) == (409, "ResourceMoveProviderValidationFailed")
    [detail] = answer.json()["error"]["details"]
    assert (detail["code"], detail["target"]) == ("ResourceExistsInTargetGroup", MOVED)


def test_another_subscription_is_reached_with_all_that_belongs_together(
    two_groups: httpx.Client,
) -> None:
    both = disks_of(two_groups, vm_id())
    answer = ask(two_groups, vm_id(), both[0], to=ABROAD)
    [detail] = answer.json()["error"]["details"]
    assert (detail["code"], detail["target"]) == ("MissingMoveDependentResources", both[1])
    refusal = ask(two_groups, both[0], to=ABROAD).json()["error"]
    assert [each["target"] for each in refusal["details"]] == [vm_id()]
    done(ask(two_groups, vm_id(), *both, to=ABROAD))
    assert done(two_groups.get(vm_id().replace(GROUP_ID, ABROAD))).json()["id"].startswith(ABROAD)


# --- the backups ---------------------------------------------------------------------------


def test_a_moved_vm_is_new_to_azure_backup(two_groups: httpx.Client) -> None:
    done(ask(two_groups, vm_id()))
    failed = job(two_groups, back_up(two_groups))
    assert failed["errorDetails"][0]["errorTitle"] == "UserErrorVmNotFoundV2"
    old = item(two_groups)
    assert (old["sourceResourceId"], old["lastBackupStatus"]) == (vm_id(), "Failed")
    assert old["extendedInfo"]["recoveryPointCount"] == 1
    [free] = listed(two_groups, f"{VAULT_ID}/backupProtectableItems")
    assert free["properties"]["virtualMachineId"] == MOVED
    status = {"resourceType": "VM", "resourceId": MOVED}
    found = done(two_groups.post(f"{LOCATION_ID}/backupStatus", json=status)).json()
    assert found["protectionStatus"] == "NotProtected"
    again = item_body(policyId=POLICY_ID, sourceResourceId=MOVED)
    finish(two_groups, two_groups.put(NEW_ITEM, json=again))
    job_id = back_up(two_groups, NEW_ITEM)
    advance(two_groups, until={"job": job_id})
    assert job(two_groups, job_id)["status"] == "Completed"
    assert len(listed(two_groups, f"{ITEM_ID}/recoveryPoints")) == 1


def test_a_vm_that_comes_back_is_backed_up_as_before(two_groups: httpx.Client) -> None:
    done(ask(two_groups, vm_id()))
    advance(two_groups, by="P1D")
    assert item(two_groups)["healthStatus"] == "ActionRequired"
    done(ask(two_groups, MOVED, to=GROUP_ID, of=OTHER))
    advance(two_groups, by="P1D")
    assert item(two_groups)["healthStatus"] == "Passed"


# --- Microsoft's SDK -----------------------------------------------------------------------


@pytest.fixture
def sdk(two_groups: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of the group's resources."""
    with ResourceManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def test_the_sdk_validates_and_moves(sdk: Any, two_groups: httpx.Client) -> None:
    wanted = {"resources": [vm_id()], "targetResourceGroup": OTHER}
    sdk.resources.begin_validate_move_resources("group-1", wanted).result()
    sdk.resources.begin_move_resources("group-1", wanted).result()
    assert two_groups.get(MOVED).status_code == 200
    with pytest.raises(HttpResponseError) as raised:
        sdk.resources.begin_move_resources("group-1", wanted)
    assert raised.value.error is not None
    assert raised.value.error.code == "ResourceNotFound"
