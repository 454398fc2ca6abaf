"""Selective disk backup on the wire: which disks an item backs up, and what a point then holds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    STOP,
    advance,
    back_up,
    done,
    finish,
    item,
    item_body,
    job,
    listed,
    refused,
    vm_body,
    vm_id,
)

LUNS = "recoveryPointDiskConfiguration"


def chosen(luns: list[Any], *, include: bool) -> dict[str, Any]:
    exclusion = {"diskLunList": luns, "isInclusionList": include}
    return {"extendedProperties": {"diskExclusionProperties": exclusion}}


def put(arm: httpx.Client, **more: Any) -> httpx.Response:
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id(), **more)
    return arm.put(ITEM_ID, json=body)


def luns_of_a_backup(arm: httpx.Client) -> tuple[list[int], list[int]]:
    """Back up and return the LUNs that are in the point, and those that are not."""
    advance(arm, until={"job": back_up(arm)})
    found = listed(arm, POINTS)[0]["properties"][LUNS]
    included = [disk["lun"] for disk in found["includedDiskList"]]
    excluded = [disk["lun"] for disk in found["excludedDiskList"]]
    assert found["numberOfDisksIncludedInBackup"] == len(included)
    assert found["numberOfDisksAttachedToVm"] == len(included) + len(excluded)
    return included, excluded


@pytest.fixture
def machine(vault: httpx.Client) -> httpx.Client:
    """A client of a world whose VM has data disks at the LUNs 0, 1 and 2, and is not protected."""
    body = vm_body()
    body["properties"]["storageProfile"]["dataDisks"] = [
        {"lun": lun, "createOption": "Empty", "diskSizeGB": 64} for lun in range(3)
    ]
    done(vault.put(vm_id(), json=body))
    return vault


@pytest.mark.parametrize(
    ("luns", "include", "included", "excluded"),
    [
        (["0", "1"], True, [-1, 0, 1], [2]),
        ([1], False, [-1, 0, 2], [1]),
        ([], True, [-1], [0, 1, 2]),
        ([], False, [-1, 0, 1, 2], []),
        ([-1, 2], True, [-1, 2], [0, 1]),
        ([7], True, [-1], [0, 1, 2]),
    ],
)
def test_a_backup_holds_the_disks_that_were_chosen(
    machine: httpx.Client,
    luns: list[Any],
    include: bool,
    included: list[int],
    excluded: list[int],
) -> None:
    finish(machine, put(machine, **chosen(luns, include=include)))
    assert item(machine)["extendedProperties"]["diskExclusionProperties"] == {
        "diskLunList": [int(lun) for lun in luns],
        "isInclusionList": include,
    }
    assert luns_of_a_backup(machine) == (included, excluded)


def test_a_later_choice_takes_the_place_of_an_earlier_one(machine: httpx.Client) -> None:
    finish(machine, put(machine, **chosen([0], include=True)))
    finish(machine, put(machine))
    assert luns_of_a_backup(machine) == ([-1, 0], [1, 2])
    finish(machine, put(machine, **chosen([0], include=False)))
    assert luns_of_a_backup(machine) == ([-1, 1, 2], [0])
    finish(machine, put(machine, extendedProperties={"diskExclusionProperties": None}))
    assert item(machine)["extendedProperties"] == {"linuxVmApplicationName": ""}
    assert luns_of_a_backup(machine) == ([-1, 0, 1, 2], [])


def test_a_disk_added_later_is_in_an_exclusion_and_not_in_an_inclusion(
    machine: httpx.Client,
) -> None:
    finish(machine, put(machine, **chosen([0], include=True)))
    body = vm_body()
    body["properties"]["storageProfile"] = {
        **machine.get(vm_id()).json()["properties"]["storageProfile"],
    }
    body["properties"]["storageProfile"]["dataDisks"].append(
        {"lun": 9, "createOption": "Empty", "diskSizeGB": 8}
    )
    done(machine.put(vm_id(), json=body))
    assert luns_of_a_backup(machine) == ([-1, 0], [1, 2, 9])
    finish(machine, put(machine, **chosen([0], include=False)))
    assert luns_of_a_backup(machine) == ([-1, 1, 2, 9], [0])


def test_resuming_stopped_protection_forgets_the_choice(machine: httpx.Client) -> None:
    finish(machine, put(machine, **chosen([0], include=True)))
    finish(machine, machine.put(ITEM_ID, json=STOP))
    assert "diskExclusionProperties" in item(machine)["extendedProperties"]
    finish(machine, put(machine))
    assert "diskExclusionProperties" not in item(machine)["extendedProperties"]


def test_only_the_disks_in_the_backup_count_for_its_size(machine: httpx.Client) -> None:
    sizes = []
    for luns in ([], [0, 1, 2]):
        finish(machine, put(machine, **chosen(luns, include=True)))
        job_id = back_up(machine)
        advance(machine, until={"job": job_id})
        sizes.append(job(machine, job_id)["extendedInfo"]["propertyBag"]["Backup Size"])
        finish(machine, machine.delete(ITEM_ID))
        advance(machine, by="P15D")
    small, large = (int(size.removesuffix(" MB")) for size in sizes)
    assert large > 5 * small


@pytest.mark.parametrize(
    ("exclusion", "code"),
    [
        ({"diskLunList": [-1], "isInclusionList": False}, "BMSUserErrorInvalidInput"),
        ({"diskLunList": [64], "isInclusionList": False}, "InvalidRequestContent"),
        ({"diskLunList": ["one"], "isInclusionList": False}, "InvalidRequestContent"),
        ({"diskLunList": [0]}, "InvalidRequestContent"),
        ({"diskLunList": 0, "isInclusionList": True}, "InvalidRequestContent"),
    ],
)
def test_a_wrong_choice_of_disks_is_refused(
    machine: httpx.Client, exclusion: dict[str, Any], code: str
) -> None:
    answer = put(machine, extendedProperties={"diskExclusionProperties": exclusion})
    assert refused(answer) == (400, code)
    assert refused(machine.get(ITEM_ID))[0] == 404
