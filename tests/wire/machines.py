"""Bodies of VMs and disks, and short questions about them, for the tests that need some."""

from __future__ import annotations

from typing import Any

import httpx

IMAGE = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "latest",
}


def body(*data_disks: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return the body of a small Linux VM with some data disks."""
    storage = {
        "imageReference": IMAGE,
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": list(data_disks),
    }
    own = {"hardwareProfile": {"vmSize": "Standard_D2s_v3"}, "storageProfile": storage}
    return {"location": "westeurope", "properties": own | properties}


def empty(lun: int, size: int = 32, **more: Any) -> dict[str, Any]:
    return {"lun": lun, "createOption": "Empty", "diskSizeGB": size, **more}


def attach(lun: int, disk_id: str, **more: Any) -> dict[str, Any]:
    return {"lun": lun, "createOption": "Attach", "managedDisk": {"id": disk_id}, **more}


def put_disk(arm: httpx.Client, disk_id: str, **properties: Any) -> httpx.Response:
    own = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 16} | properties
    return arm.put(disk_id, json={"location": "westeurope", "properties": own})


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def data_disks(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["properties"]["storageProfile"]["dataDisks"]
    return found


def fingerprint(arm: httpx.Client, disk_id: str) -> str:
    return str(arm.get(disk_id).json()["properties"]["contentFingerprint"])
