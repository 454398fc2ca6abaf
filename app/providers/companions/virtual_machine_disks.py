"""The disks of a virtual machine: which entry is which disk, which come into being, which go.

A VM's stored entries name their disks; size and type are the disks' own, so they never disagree.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from sqlalchemy import Row, update

from ...domain import ids
from ...domain.errors import Refused, conflict, invalid, not_emulated
from ...domain.resource_ids import DISK_TYPE
from ...engine import attachments
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import disks, store
from .disks import DISKS
from .store import Write, Written, change_not_allowed, invalid_parameter, missing_parameter

HIGHEST_LUN = 63
MOST_DATA_DISKS = 32

_OS = "storageProfile.osDisk"
_DATA = "storageProfile.dataDisks"


class DiskPlan:
    """The disks of one VM that is about to be written."""

    def __init__(self, vm: Write, power: str, os_type: str, default_sku: str) -> None:
        self._vm = vm
        self._power = power
        self._os_type = os_type
        self._default_sku = default_sku
        self._connection = vm.call.connection
        self._attached: dict[str, Row[Any]] = {}
        if vm.existing is not None:
            self._attached = attachments.disks_of(self._connection, [vm.existing])

    def carry_out(self, storage: Document) -> Document:
        """Create, attach, grow and release disks; return the storage profile to keep."""
        os_disk = self._os_disk(storage["osDisk"])
        wanted = [entry for entry in storage.get("dataDisks", ()) if not entry.get("toBeDetached")]
        _check_luns(wanted)
        data_disks = [self._data_disk(entry) for entry in wanted]
        self._release_others([os_disk, *data_disks])
        return storage | {"osDisk": os_disk, "dataDisks": data_disks}

    # --- the OS disk ------------------------------------------------------------------

    def _os_disk(self, entry: Document) -> Document:
        if self._vm.existing is None:
            return self._first_os_disk(entry)
        stored = self._vm.existing.document["properties"]["storageProfile"]["osDisk"]
        sent_id = store.at(entry, "managedDisk.id")
        own_id: str = stored["managedDisk"]["id"]
        if sent_id and sent_id.lower() != own_id.lower():
            return self._swap_os_disk(entry, sent_id)
        disk = self._attached[own_id.lower()]
        if entry["name"].lower() != disk.name.lower():
            raise change_not_allowed("osDisk.name")
        self._adjust(disk, entry, _OS)
        return self._kept(entry, disk, "ReadWrite")

    def _first_os_disk(self, entry: Document) -> Document:
        option = entry.get("createOption")
        if option is None:
            raise missing_parameter(f"{_OS}.createOption")
        if option == "Attach":
            disk = self._attach(entry, _OS)
            self._check_os(disk)
        elif option == "FromImage":
            disk = self._create(entry, _OS, "OsDisk_1", "FromImage", self._os_type)
        else:
            raise invalid_parameter(
                f"{_OS}.createOption", f"'{option}' is not one of FromImage, Attach"
            )
        return self._kept(entry | {"osType": self._os_type}, disk, "ReadWrite")

    def _swap_os_disk(self, entry: Document, sent_id: str) -> Document:
        if self._power == attachments.RUNNING:
            raise conflict(
                "OperationNotAllowed",
                f"{_OS}.managedDisk.id: the OS disk of VM '{self._vm.name}' cannot be swapped "
                "while the VM is running. Stop or deallocate the VM and retry the operation.",
                target=f"{_OS}.managedDisk.id",
            )
        disk = self._attach({"managedDisk": {"id": sent_id}}, _OS)
        self._check_os(disk)
        return self._kept(entry, disk, "ReadWrite")

    def _check_os(self, disk: Row[Any]) -> None:
        own = disk.document["properties"].get("osType", self._os_type)
        if own != self._os_type:
            raise invalid_parameter(
                f"{_OS}.osType", f"'{self._os_type}': disk '{disk.name}' holds {own}"
            )

    # --- data disks -------------------------------------------------------------------

    def _data_disk(self, entry: Document) -> Document:
        known = self._known(entry)
        if known is not None:
            disk = self._attached[known["managedDisk"]["id"].lower()]
            if entry["lun"] != known["lun"]:
                raise change_not_allowed("dataDisk.lun")
            self._adjust(disk, entry, f"{_DATA}[{entry['lun']}]")
            return self._kept(known | entry | {"createOption": known["createOption"]}, disk, "None")
        return self._kept(entry, self._new_data_disk(entry), "None")

    def _known(self, entry: Document) -> Document | None:
        """Return the stored entry that a sent one means: by id, else by name, else by LUN."""
        if self._vm.existing is None:
            return None
        stored = self._vm.existing.document["properties"]["storageProfile"]["dataDisks"]
        sent_id = store.at(entry, "managedDisk.id")
        for known in stored:
            if sent_id:
                same = known["managedDisk"]["id"].lower() == sent_id.lower()
            elif "name" in entry:
                same = known["name"].lower() == entry["name"].lower()
            else:
                same = known["lun"] == entry["lun"]
            if same:
                found: Document = known
                return found
        return None

    def _new_data_disk(self, entry: Document) -> Row[Any]:
        field = f"{_DATA}[{entry['lun']}]"
        option = entry.get("createOption")
        if option is None:
            raise missing_parameter("dataDisk.createOption")
        if option == "Attach":
            return self._attach(entry, field)
        if option != "Empty":
            raise not_emulated(
                f"{field}.createOption", f"'{option}' for data disks; send Empty or Attach"
            )
        if store.at(entry, "managedDisk.id"):
            raise invalid_parameter(
                f"{field}.managedDisk.id", "is not allowed with createOption 'Empty'"
            )
        if "diskSizeGB" not in entry:
            raise missing_parameter("dataDisk.diskSizeGB")
        return self._create(entry, field, f"lun_{entry['lun']}_2", "Empty", None)

    # --- what happens to a disk -------------------------------------------------------

    def _attach(self, entry: Document, field: str) -> Row[Any]:
        sent_id = store.at(entry, "managedDisk.id")
        if not sent_id:
            raise missing_parameter(f"{field}.managedDisk.id")
        disk = disks.get_disk(self._vm, sent_id, f"properties.{field}.managedDisk.id")
        owner = disk.document.get("managedBy")
        if owner:
            raise _already_attached(disk, self._vm.id, owner)
        if disk.location != self._vm.location:
            raise invalid(
                "BadRequest",
                f"{field}.managedDisk.id: disk '{disk.name}' is in location '{disk.location}'; "
                f"a VM in location '{self._vm.location}' can only have disks of its own location.",
                target=f"{field}.managedDisk.id",
            )
        attachments.attach(self._connection, disk, self._vm.id, self._power, self._vm.call.now)
        disk = self._found(disk.id)
        self._adjust(disk, entry, field)
        return disk

    def _create(
        self, entry: Document, field: str, role: str, option: str, os_type: str | None
    ) -> Row[Any]:
        write = self._disk_write(entry, field, role, option)
        size = entry.get("diskSizeGB", disks.OS_SIZE_GB.get(os_type or "", 0))
        sku = store.at(entry, "managedDisk.storageAccountType") or self._default_sku
        disks.check_size(size, sku, os_type, f"{field}.diskSizeGB")
        document = write.wanted | disks.new_document(write, size=size, sku=sku, os_type=os_type)
        document["managedBy"] = self._vm.id
        document["properties"]["diskState"] = attachments.state(self._power)
        hidden = attachments.new_content(
            document["properties"]["uniqueId"], self._vm.call.now, power=self._power
        )
        store.put_row(write, DISKS, Written(document, hidden))
        return self._found(write.id)

    def _disk_write(self, entry: Document, field: str, role: str, option: str) -> Write:
        vm = self._vm
        name = entry.get("name") or self._made_up_name(role)
        if disks.NAME.fullmatch(name) is None:
            raise invalid_parameter(f"{field}.name", f"'{name}' is not allowed: {disks.NAME_RULE}")
        disk_id = self._disk_id(name)
        if attachments.find(self._connection, disk_id) is not None:
            raise conflict(
                "ConflictingUserInput",
                f"Disk {name} already exists in resource group {vm.id.split('/')[4]}. "
                "Only CreateOption.Attach is supported.",
                target=disk_id,
            )
        wanted: Document = {"properties": {"creationData": {"createOption": option}}}
        if vm.wanted.get("zones"):
            wanted["zones"] = vm.wanted["zones"]
        return Write(vm.call, disk_id, name, vm.group_folded, vm.location, None, {}, wanted)

    def _made_up_name(self, role: str) -> str:
        """Return a name that is free: a VM may be built again while the clock stands still."""
        vm = self._vm
        for ordinal in count():
            unique = ids.guid_hex(vm.call.rules.seed, role, vm.id, vm.call.now, ordinal)
            tail = f"_{role}_{unique}"
            name = f"{vm.name[: 80 - len(tail)]}{tail}"
            if attachments.find(self._connection, self._disk_id(name)) is None:
                break
        return name

    def _disk_id(self, name: str) -> str:
        return f"{self._vm.id.partition('/providers/')[0]}/providers/{DISK_TYPE}/{name}"

    def _adjust(self, disk: Row[Any], entry: Document, field: str) -> None:
        """Grow a disk if its entry says so; its type can only be changed on the disk itself."""
        own: Document = disk.document
        sku = store.at(entry, "managedDisk.storageAccountType") or own["sku"]["name"]
        if sku != own["sku"]["name"]:
            raise change_not_allowed(f"{field}.managedDisk.storageAccountType")
        size = entry.get("diskSizeGB", own["properties"]["diskSizeGB"])
        if size == own["properties"]["diskSizeGB"]:
            return
        disks.check_growth(own, size, self._power, f"{field}.diskSizeGB")
        disks.check_size(size, sku, own["properties"].get("osType"), f"{field}.diskSizeGB")
        document = own | {"properties": own["properties"] | {"diskSizeGB": size}}
        self._connection.execute(
            update(resources)
            .where(resources.c.folded == disk.folded)
            .values(document=document, changed_at=self._vm.call.now)
        )

    def _release_others(self, kept: list[Document]) -> None:
        folded = [entry["managedDisk"]["id"].lower() for entry in kept]
        for each in folded:
            if folded.count(each) > 1:
                raise _already_attached(self._found(each), self._vm.id, self._vm.id)
        for disk in self._attached.values():
            if disk.folded not in folded:
                attachments.release(self._connection, disk, self._vm.call.now)

    def _found(self, disk_id: str) -> Row[Any]:
        row = attachments.find(self._connection, disk_id)
        assert row is not None
        return row

    @staticmethod
    def _kept(entry: Document, disk: Row[Any], caching: str) -> Document:
        """Return the entry to store: what is not the disk's own."""
        foreign = ("diskSizeGB", "toBeDetached", "managedDisk", "name")
        kept = {key: value for key, value in entry.items() if key not in foreign}
        kept.setdefault("caching", caching)
        kept.setdefault("deleteOption", "Detach")
        return kept | {"name": disk.name, "managedDisk": {"id": disk.id}}


def _already_attached(disk: Row[Any], vm_id: str, owner: str) -> Refused:
    return conflict(
        "ConflictingUserInput",
        f"Cannot attach the disk {disk.name} to VM {vm_id} because it is already attached to VM "
        f"{owner}. A disk can be attached to only one VM at a time.",
        target=disk.id,
    )


def _check_luns(entries: list[Document]) -> None:
    if len(entries) > MOST_DATA_DISKS:
        raise conflict(
            "OperationNotAllowed",
            "The maximum number of data disks allowed to be attached to a VM of this size is "
            f"{MOST_DATA_DISKS}; {len(entries)} were sent.",
            target="dataDisks",
        )
    seen = set()
    for entry in entries:
        lun = entry.get("lun")
        if lun is None:
            raise missing_parameter("dataDisk.lun")
        if not 0 <= lun <= HIGHEST_LUN:
            raise invalid(
                "InvalidParameter",
                f"The value '{lun}' of parameter 'dataDisk.lun' is out of range. "
                f"Value '{lun}' must be between '0' and '{HIGHEST_LUN}' inclusive.",
                target="dataDisk.lun",
            )
        if lun in seen:
            raise invalid_parameter("dataDisk.lun", f"two data disks have the same LUN: {lun}")
        seen.add(lun)


def shown_storage(storage: Document, rows: dict[str, Row[Any]]) -> Document:
    """Return a storage profile with the size and type of every disk."""
    return storage | {
        "osDisk": _shown(storage["osDisk"], rows),
        "dataDisks": [
            _shown(entry, rows) | {"toBeDetached": False} for entry in storage["dataDisks"]
        ],
    }


def _shown(entry: Document, rows: dict[str, Row[Any]]) -> Document:
    disk = rows[entry["managedDisk"]["id"].lower()].document
    managed = {"id": entry["managedDisk"]["id"], "storageAccountType": disk["sku"]["name"]}
    return entry | {"managedDisk": managed, "diskSizeGB": disk["properties"]["diskSizeGB"]}
