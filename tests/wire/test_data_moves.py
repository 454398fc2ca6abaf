"""Data moves over the wire: what is refused, and what each side is left with."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    VAULT_ID,
    advance,
    back_up,
    container_id,
    done,
    finish,
    item,
    item_body,
    item_id,
    listed,
    protect,
    put_storage,
    put_vault,
    put_vm,
    refused,
    tiers,
    times,
    vm_body,
    vm_id,
)
from tests.wire.shares import ACCOUNT_ID, protect_share, put_share, put_share_policy, register

TARGET_ID = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-2"
MOVED_ID = item_id(vault=TARGET_ID)
INPUT = (400, "BMSUserErrorInvalidInput")


def prepare(arm: httpx.Client, source: str = VAULT_ID, **more: Any) -> httpx.Response:
    body = {
        "targetResourceId": TARGET_ID,
        "targetRegion": "North Europe",
        "dataMoveLevel": "Vault",
    }
    path = f"{source}/backupstorageconfig/vaultstorageconfig/prepareDataMove"
    return arm.post(path, json=body | more)


def prepared(arm: httpx.Client, **more: Any) -> str:
    """Prepare a move and return its correlation id, once the source is ready."""
    answer = finish(arm, prepare(arm, **more))
    return str(done(arm.get(answer.headers["location"])).json()["correlationId"])


def trigger(arm: httpx.Client, correlation: str, **more: Any) -> httpx.Response:
    body = {
        "sourceResourceId": VAULT_ID,
        "sourceRegion": "westeurope",
        "dataMoveLevel": "Vault",
        "correlationId": correlation,
    }
    path = f"{TARGET_ID}/backupstorageconfig/vaultstorageconfig/triggerDataMove"
    return arm.post(path, json=body | more)


@pytest.fixture
def ready(protected: httpx.Client) -> httpx.Client:
    """A client of a vault with four days of points, and an empty one in another region."""
    advance(protected, by="P4DT12H")
    put_vault(protected, TARGET_ID, location="northeurope")
    return protected


def test_what_is_in_the_vault_tier_comes_to_the_target_and_the_source_stops(
    ready: httpx.Client,
) -> None:
    before = times(ready)
    finish(ready, trigger(ready, prepared(ready)))
    moved = item(ready, MOVED_ID)
    assert moved["protectionState"] == "ProtectionStopped"
    points = listed(ready, f"{MOVED_ID}/recoveryPoints")
    assert [each["properties"]["recoveryPointTime"] for each in points] == before
    assert all(tiers(each)["HardenedRP"] == "Valid" for each in points)
    assert all(tiers(each)["InstantRP"] == "Deleted" for each in points)
    assert moved["extendedInfo"]["recoveryPointCount"] == len(before)
    assert item(ready)["protectionState"] == "BackupsSuspended"
    assert done(ready.get(TARGET_ID)).json()["properties"]["backupStorageVersion"] == "V2"
    advance(ready, by="P60D")
    assert len(times(ready, f"{MOVED_ID}/recoveryPoints")) == len(before), "nothing expires there"
    assert len(times(ready)) == 1, "garbage collection went on at the source"


def test_a_vm_is_protected_by_the_target_once_it_is_in_its_region(ready: httpx.Client) -> None:
    finish(ready, trigger(ready, prepared(ready)))
    policy = f"{TARGET_ID}/backupPolicies/DefaultPolicy"
    resume = item_body(policyId=policy, sourceResourceId=vm_id())
    before = ready.get(MOVED_ID).content
    answer = ready.put(MOVED_ID, json=resume)
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "'westeurope'" in answer.json()["error"]["message"]
    assert ready.get(MOVED_ID).content == before
    done(ready.delete(vm_id()))
    advance(ready, until="idle")
    done(ready.put(vm_id(), json=vm_body() | {"location": "northeurope"}))
    finish(ready, ready.put(MOVED_ID, json=resume))
    advance(ready, by="P1D")
    assert item(ready, MOVED_ID)["lastBackupStatus"] == "Completed"
    assert len(listed(ready, f"{MOVED_ID}/recoveryPoints")) == 5


def test_a_paused_garbage_collection_keeps_all_that_the_source_has(ready: httpx.Client) -> None:
    before = times(ready)
    finish(ready, trigger(ready, prepared(ready), pauseGC=True))
    assert item(ready)["protectionState"] == "ProtectionStopped"
    advance(ready, by="P60D")
    assert times(ready) == before


def test_one_container_is_moved_and_the_rest_follows_with_ignore_moved(
    ready: httpx.Client,
) -> None:
    put_vm(ready, "vm-2")
    protect(ready, "vm-2")
    advance(ready, by="P2D")
    one: dict[str, Any] = {
        "dataMoveLevel": "Container",
        "sourceContainerArmIds": [container_id("vm-2")],
    }
    correlation = prepared(ready, **one)
    assert refused(trigger(ready, correlation)) == INPUT, "another level than was prepared"
    finish(ready, trigger(ready, correlation, **one))
    found = [each["properties"]["friendlyName"] for each in protected_items(ready)]
    assert found == ["vm-2"]
    assert item(ready)["protectionState"] == "Protected"
    full = (409, "BMSUserErrorDataMoveTargetNotEmpty")
    assert refused(prepare(ready)) == full
    finish(ready, trigger(ready, prepared(ready, ignoreMoved=True)))
    found = [each["properties"]["friendlyName"] for each in protected_items(ready)]
    assert found == ["vm-1", "vm-2"]


def protected_items(arm: httpx.Client) -> list[dict[str, Any]]:
    return listed(arm, f"{TARGET_ID}/backupProtectedItems")


def test_a_move_that_cannot_be_prepared_is_refused(ready: httpx.Client) -> None:
    for wrong, expected in (
        ({"targetResourceId": "vault-2"}, INPUT),
        ({"targetResourceId": f"{TARGET_ID}x"}, (404, "ResourceNotFound")),
        ({"targetRegion": "eastus"}, INPUT),
        ({"targetResourceId": VAULT_ID, "targetRegion": "westeurope"}, INPUT),
        ({"dataMoveLevel": "Invalid"}, INPUT),
        ({"dataMoveLevel": "Container"}, INPUT),
        ({"sourceContainerArmIds": [container_id()]}, INPUT),
        (
            {"dataMoveLevel": "Container", "sourceContainerArmIds": [container_id("vm-9")]},
            (409, "BMSUserErrorDataMoveEmpty"),
        ),
        (
            {"dataMoveLevel": "Container", "sourceContainerArmIds": [f"{TARGET_ID}/x"]},
            INPUT,
        ),
    ):
        assert refused(prepare(ready, **wrong)) == expected, wrong
    empty = prepare(ready, TARGET_ID, targetResourceId=VAULT_ID, targetRegion="westeurope")
    assert refused(empty) == (409, "BMSUserErrorDataMoveEmpty")
    back_up(ready)
    assert refused(prepare(ready)) == (409, "BMSUserErrorDataMoveJobsInProgress")
    assert item(ready)["protectionState"] == "Protected"


def test_a_move_without_the_leave_of_its_source_is_refused(ready: httpx.Client) -> None:
    answer = done(prepare(ready))
    name = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    correlation = str(done(ready.get(answer.headers["location"])).json()["correlationId"])
    assert base64.b64decode(correlation).decode().endswith(f";{name}")
    for wrong in ("nonsense", base64.b64encode(b"1;2").decode(), correlation[:-4]):
        assert refused(trigger(ready, wrong)) == INPUT
    assert refused(trigger(ready, correlation, sourceRegion="eastus")) == INPUT
    elsewhere = {"sourceResourceId": TARGET_ID, "sourceRegion": "northeurope"}
    assert refused(trigger(ready, correlation, **elsewhere)) == INPUT
    assert protected_items(ready) == []
    done(trigger(ready, correlation))
    again = (409, "BMSUserErrorDataMoveAlreadyTriggered")
    assert refused(trigger(ready, correlation)) == again
    assert len(protected_items(ready)) == 1


def test_a_source_that_is_still_being_prepared_is_waited_for(ready: httpx.Client) -> None:
    done(ready.patch("/_emulator/clock", json={"skipOnWait": "off"}))
    answer = done(prepare(ready))
    assert ready.get(answer.headers["location"]).status_code == 202
    name = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    correlation = base64.b64encode(f"1;{name}".encode()).decode()
    assert refused(trigger(ready, correlation)) == (409, "BMSUserErrorDataMoveNotPrepared")
    assert protected_items(ready) == []


def test_the_source_can_protect_again_once_its_data_was_moved(ready: httpx.Client) -> None:
    finish(ready, trigger(ready, prepared(ready)))
    protect(ready)
    advance(ready, by="P1D")
    assert item(ready)["protectionState"] == "Protected"
    assert item(ready, MOVED_ID)["protectionState"] == "ProtectionStopped"
    assert times(ready)[0] > times(ready, f"{MOVED_ID}/recoveryPoints")[0]


def test_a_vault_with_shares_is_not_moved_by_halves(ready: httpx.Client) -> None:
    put_storage(ready, ACCOUNT_ID)
    put_share(ready)
    put_share_policy(ready)
    register(ready)
    protect_share(ready)
    assert refused(prepare(ready)) == (400, "NotSupported")
    one: dict[str, Any] = {
        "dataMoveLevel": "Container",
        "sourceContainerArmIds": [container_id()],
    }
    done(prepare(ready, **one))
