"""Details of recovery points: all disks of the VM, by one point's id, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    VAULT_ID,
    advance,
    back_up,
    done,
    listed,
    refused,
    set_clock,
)

FABRIC = f"{VAULT_ID}/backupFabrics/Azure"
INVALID = (400, "BMSUserErrorInvalidInput")


def ask(arm: httpx.Client, *ids: str, fabric: str = FABRIC) -> httpx.Response:
    sent = {"properties": {"recoveryPointIds": list(ids)}}
    return arm.post(f"{fabric}/getRPExtendedInfo", json=sent)


def test_the_disks_of_a_vm_are_told_whether_backed_up_or_not(protected: httpx.Client) -> None:
    arm = protected
    excluded = {"diskExclusionProperties": {"diskLunList": [0], "isInclusionList": False}}
    item = done(arm.get(ITEM_ID)).json()["properties"]
    names = ("protectedItemType", "sourceResourceId", "policyId")
    properties: dict[str, Any] = {name: item[name] for name in names}
    body = {"properties": properties | {"extendedProperties": excluded}}
    done(arm.put(ITEM_ID, json=body))
    back_up(arm)
    advance(arm, until="idle")
    set_clock(arm, skipOnWait="off")
    (point,) = listed(arm, POINTS)
    answer = ask(arm, point["id"])
    assert (answer.status_code, answer.content) == (202, b"")
    result = answer.headers["location"]
    assert (arm.get(result).status_code, arm.get(result).content) == (202, b"")
    advance(arm, by="PT5S")
    assert done(arm.get(answer.headers["azure-asyncoperation"])).json()["status"] == "Succeeded"
    (found,) = done(arm.get(result)).json()["value"]
    assert {name: found[name] for name in ("id", "name", "type")} == {
        name: point[name] for name in ("id", "name", "type")
    }
    shown = point["properties"]["recoveryPointDiskConfiguration"]
    assert [disk["lun"] for disk in shown["includedDiskList"]] == [-1]
    details = found["properties"]
    assert details["objectType"] == "IaasVMRPExtendedInfo"
    assert (details["osDisk"]["lun"], details["osDisk"]["diskSizeInGb"]) == (-1, 30)
    assert [disk["lun"] for disk in details["dataDisks"]] == [0]
    assert {disk["storageType"] for disk in details["dataDisks"]} == {"Premium_LRS"}


def test_exactly_one_point_of_this_vault_is_asked_for(protected: httpx.Client) -> None:
    point = f"{POINTS}/1"
    for ids in (
        (),
        (point, point),
        ("1",),
        (point.replace("vault-1", "vault-2"),),
    ):
        answer = ask(protected, *ids)
        assert refused(answer) == INVALID, ids
        assert answer.json()["error"]["target"] == "properties.recoveryPointIds"
    assert refused(ask(protected, point)) == (404, "BMSUserErrorRecoveryPointNotFound")
    assert refused(protected.post(f"{FABRIC}/getRPExtendedInfo", json={}))[0] == 400
    assert refused(ask(protected, point, fabric=f"{VAULT_ID}/backupFabrics/Other"))[0] == 400
