"""VMs as a document tells them, with the disks that they have made for themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row

from ..domain.documents import Document

_POWER = "power_state"


def vm_of(
    row: Row[Any],
    beside: Mapping[str, Row[Any]],
    made: set[str],
    without_computed: Callable[[Any], Any],
) -> Document:
    """Return a VM; ``made`` gets the ids of its disks that come and go with its document.

    ``beside`` are the resources of its group by their lower-case ids: a disk from elsewhere was
    attached, and so was one that the VM did not make.
    """
    properties = without_computed(row.document["properties"])
    size = properties.pop("hardwareProfile")["vmSize"]
    storage = properties["storageProfile"]
    entries = [storage["osDisk"], *storage.get("dataDisks", ())]
    shown = [_entry(each, beside, made) for each in entries]
    properties["storageProfile"] = storage | {"osDisk": shown[0], "dataDisks": shown[1:]}
    vm: Document = {"name": row.name, "location": row.location, "size": size}
    power = row.hidden[_POWER]
    if power != "running":
        vm["power"] = power
    for name in ("tags", "zones", "identity"):
        if row.document.get(name):
            vm[name] = without_computed(row.document[name])
    return vm | {"properties": properties}


def _entry(entry: Document, beside: Mapping[str, Row[Any]], made: set[str]) -> Document:
    disk = beside.get(entry["managedDisk"]["id"].lower())
    if entry["createOption"] == "Attach" or disk is None:
        # Where it came from lies in its own document.
        return entry | {"createOption": "Attach"}
    made.add(disk.folded)
    about = {"diskSizeGB": disk.document["properties"]["diskSizeGB"]}
    sku = {"managedDisk": {"storageAccountType": disk.document["sku"]["name"]}}
    return entry | about | sku
