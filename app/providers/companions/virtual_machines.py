"""Virtual machines: their power, their disks, and what backups need to know of them.

Whatever changes a VM tells the items that protect it in the same transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, update

from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain import guest_databases, ids, resource_ids
from ...domain.errors import conflict, not_emulated
from ...domain.instants import wire
from ...domain.resource_ids import AVAILABILITY_SET_TYPE, EXTENSION_TYPE, NIC_TYPE, VM_TYPE
from ...engine import attachments, networks, sources
from ...engine.attachments import DEALLOCATED, RUNNING, STOPPED
from ...store.metadata import Document
from ...store.resource_tables import resources
from ...store.rows import lying_in
from ..managed_identities import Holder, assign
from . import disks, links, store
from .store import CompanionType, Write, Written, invalid_parameter, missing_parameter
from .virtual_machine_bodies import VirtualMachineBody, VirtualMachinePatch
from .virtual_machine_disks import DiskPlan, shown_storage

TAG = "Virtual machines"
NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,62}\w)?", re.ASCII)
NAME_RULE = "1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit"

_SIZE = re.compile(r"(?:Standard|Basic)_[A-Z][A-Z0-9-]*(?:_[A-Z0-9]+)*", re.IGNORECASE)
_PREMIUM_SIZE = re.compile(r"_(?:DS|GS)\d|_[A-Z]+\d+(?:-\d+)?[a-z]*s", re.ASCII)
_WINDOWS_PUBLISHERS = ("microsoftwindows", "microsoftvisualstudio")
_WINDOWS_OFFER = re.compile(r"-ws\d|windows", re.IGNORECASE)

_REFERENCES = {
    "availabilitySet": AVAILABILITY_SET_TYPE,
    "proximityPlacementGroup": "Microsoft.Compute/proximityPlacementGroups",
}

_NOT_EMULATED = (
    ("properties.virtualMachineScaleSet", "VMs of scale sets"),
    ("properties.networkProfile.networkInterfaceConfigurations", "interfaces made by the VM"),
    ("properties.storageProfile.osDisk.diffDiskSettings", "ephemeral OS disks"),
    ("properties.storageProfile.osDisk.encryptionSettings", "disks encrypted in the guest"),
)
_DISK_PARTS_NOT_EMULATED = (
    ("vhd", "unmanaged disks; leave it out to get a managed one"),
    ("image", "unmanaged disks; leave it out to get a managed one"),
    ("sourceResource", "data disks that are copies"),
    ("managedDisk.diskEncryptionSet", "customer-managed keys"),
    ("managedDisk.securityProfile", "encryption of confidential VMs"),
)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    _refuse_what_is_not_emulated(write.sent)
    guest_databases.check(write.sent.get("tags") or {})
    properties = dict(write.wanted["properties"])
    storage = properties.get("storageProfile")
    if not storage or not storage.get("osDisk"):
        raise missing_parameter("storageProfile.osDisk")
    size = _checked_size(store.at(properties, "hardwareProfile.vmSize"))
    properties |= _canonical_references(properties)
    _check_availability_set(write)
    power = write.existing.hidden["power_state"] if write.existing is not None else RUNNING
    os_type = _os_type(write, properties)
    default_sku = "Premium_LRS" if _PREMIUM_SIZE.search(size) else "Standard_LRS"
    plan = DiskPlan(write, power, os_type, default_sku)
    properties["storageProfile"] = plan.carry_out(storage)
    if "osProfile" in properties:
        properties["osProfile"] = _completed_os_profile(properties["osProfile"], os_type)
    properties.setdefault("vmId", _new_vm_id(write))
    if not properties.get("additionalCapabilities"):  # Compute does not keep an empty one
        properties.pop("additionalCapabilities", None)
    properties["provisioningState"] = "Succeeded"
    hidden = _next_hidden(write.existing, power)
    document = write.wanted | {"properties": properties}
    return Written(_with_identity(write, document, hidden["revision"]), hidden)


def _with_identity(write: Write, document: Document, revision: int) -> Document:
    """Return a VM's document with the identities that it has now; Compute shows no empty ones."""
    before = None if write.existing is None else write.existing.document.get("identity")
    identity = before
    if "identity" in write.sent:
        natural = ("vm-identity", write.id.lower(), write.call.now, revision)
        asked = write.sent["identity"]
        holder = Holder(write.id, natural, "resourceGroups")
        identity = assign(write.call, holder, before, asked, partial=write.partial)
    others = {name: value for name, value in document.items() if name != "identity"}
    if identity is None or identity["type"] == "None":
        return others
    return {"identity": identity, **others}


def _new_vm_id(write: Write) -> str:
    return ids.guid(ids.guid_hex(write.call.rules.seed, "vm", write.id, write.call.now))


def _next_hidden(existing: Row[Any] | None, power: str) -> Document:
    revision = 0 if existing is None else existing.hidden.get("revision", 1)
    kept = {} if existing is None else existing.hidden
    return {**kept, "power_state": power, "revision": revision + 1}


def _checked_size(size: str | None) -> str:
    if not size:
        raise missing_parameter("hardwareProfile.vmSize")
    if _SIZE.fullmatch(size) is None:
        raise invalid_parameter(
            "hardwareProfile.vmSize",
            f"'{size}' is not a VM size; sizes look like Standard_D2s_v3",
        )
    return size


def _os_type(write: Write, properties: Document) -> str:
    """Tell Windows from Linux, from the plainest hint to the faintest."""
    profile = properties.get("osProfile", {})
    both = [name for name in ("windowsConfiguration", "linuxConfiguration") if name in profile]
    if len(both) > 1:
        raise invalid_parameter(
            "osProfile", "windowsConfiguration and linuxConfiguration exclude each other"
        )
    os_disk = properties["storageProfile"]["osDisk"]
    if "osType" in os_disk:
        told: str = os_disk["osType"]
        return told
    if both:
        return "Windows" if both == ["windowsConfiguration"] else "Linux"
    attached = _attached_os_type(write, os_disk)
    if attached is not None:
        return attached
    image = properties["storageProfile"].get("imageReference", {})
    publisher = image.get("publisher", "").lower()
    is_windows = publisher.startswith(_WINDOWS_PUBLISHERS) or (
        publisher == "microsoftsqlserver" and _WINDOWS_OFFER.search(image.get("offer", ""))
    )
    return "Windows" if is_windows else "Linux"


def _attached_os_type(write: Write, os_disk: Document) -> str | None:
    sent = store.at(os_disk, "managedDisk.id")
    if os_disk.get("createOption") != "Attach" or not sent:
        return None
    field = "properties.storageProfile.osDisk.managedDisk.id"
    found: str | None = disks.get_disk(write, sent, field).document["properties"].get("osType")
    return found


def _completed_os_profile(profile: Document, os_type: str) -> Document:
    """Return a guest's set-up with what Compute fills in; secrets never get this far."""
    completed = {
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
        "secrets": [],
    } | profile
    if os_type == "Windows":
        born: Document = {
            "provisionVMAgent": True,
            "enableAutomaticUpdates": True,
            "patchSettings": {"patchMode": "AutomaticByOS", "assessmentMode": "ImageDefault"},
        }
        completed["windowsConfiguration"] = born | profile.get("windowsConfiguration", {})
    else:
        born = {
            "disablePasswordAuthentication": False,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
        }
        completed["linuxConfiguration"] = born | profile.get("linuxConfiguration", {})
    return completed


# --- what is allowed ---------------------------------------------------------------------


def _refuse_what_is_not_emulated(sent: Document) -> None:
    for path, what in _NOT_EMULATED:
        if store.at(sent, path):
            raise not_emulated(path, what)
    if store.at(sent, "properties.additionalCapabilities.hibernationEnabled"):
        raise not_emulated("properties.additionalCapabilities.hibernationEnabled", "hibernation")
    for path, entry in _sent_disks(sent):
        for part, what in _DISK_PARTS_NOT_EMULATED:
            if store.at(entry, part):
                raise not_emulated(f"{path}.{part}", what)


def _sent_disks(sent: Document) -> Iterator[tuple[str, Document]]:
    storage = store.at(sent, "properties.storageProfile") or {}
    path = "properties.storageProfile"
    yield f"{path}.osDisk", storage.get("osDisk", {})
    for index, entry in enumerate(storage.get("dataDisks", ())):
        yield f"{path}.dataDisks[{index}]", entry


def _canonical_references(properties: Document) -> Document:
    """Return the parts that refer to resources of other types, with ids in one spelling.

    Here only the form of an id is checked.
    """
    parts: Document = {}
    for name, type_name in _REFERENCES.items():
        sent = store.at(properties, f"{name}.id")
        if sent:
            parts[name] = {"id": _canonical(sent, f"properties.{name}.id", type_name)}
    interfaces = store.at(properties, "networkProfile.networkInterfaces")
    if interfaces:
        found = [
            entry | {"id": _canonical(entry.get("id"), _nic_field(index), NIC_TYPE)}
            for index, entry in enumerate(interfaces)
        ]
        parts["networkProfile"] = properties["networkProfile"] | {"networkInterfaces": found}
    return parts


def _check_availability_set(write: Write) -> None:
    """Refuse a new VM whose availability set is not there. Raises ``Refused``."""
    sent = store.at(write.sent, "properties.availabilitySet.id")
    if sent and write.existing is None:
        links.get_linked(write, sent, "properties.availabilitySet.id", AVAILABILITY_SET_TYPE)


def _nic_field(index: int) -> str:
    return f"properties.networkProfile.networkInterfaces[{index}].id"


def _canonical(sent: str | None, field: str, type_name: str) -> str:
    if not sent:
        raise missing_parameter(field.removeprefix("properties."))
    parsed = resource_ids.parse(sent)
    if parsed is None or parsed.type.lower() != type_name.lower():
        raise links.invalid_linked_id(sent, field, type_name)
    return resource_ids.ResourceId(parsed.subscription, parsed.group, type_name, parsed.name).text


# --- how it looks ------------------------------------------------------------------------


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    asked = store.expansions(call, VIRTUAL_MACHINES)
    found = attachments.disks_of(call.connection, rows)
    extensions = lying_in(call.connection, rows, EXTENSION_TYPE)
    return [_render_one(vm, found, asked, extensions[vm.folded]) for vm in rows]


def _render_one(
    vm: Row[Any], found: dict[str, Row[Any]], asked: set[str], extensions: list[Row[Any]]
) -> Document:
    properties = dict(vm.document["properties"])
    properties["storageProfile"] = shown_storage(properties["storageProfile"], found)
    properties["timeCreated"] = wire(vm.created_at)
    if "userData" not in asked:
        properties.pop("userData", None)
    if "instanceView" in asked:
        properties["instanceView"] = _instance_view(vm)
    etag = {"etag": f'"{vm.hidden.get("revision", 1)}"'}
    shown = store.envelope(VIRTUAL_MACHINES, vm) | {"properties": properties} | etag
    if extensions:
        shown["resources"] = [_extension(each) for each in extensions]
    return shown


def _extension(row: Row[Any]) -> Document:
    head = {"id": row.id, "name": row.name, "type": EXTENSION_TYPE, "location": row.location}
    return head | {"properties": row.document["properties"]}


def _instance_view(vm: Row[Any]) -> Document:
    properties = vm.document["properties"]
    since = wire(vm.changed_at)
    power = vm.hidden["power_state"]
    provisioned = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": since,
    }
    view: Document = {
        "disks": [
            {"name": entry["name"], "statuses": [provisioned]}
            for entry in attachments.entries(vm.document)
        ],
        "hyperVGeneration": "V2",
        "statuses": [
            provisioned,
            {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"},
        ],
    }
    if power == RUNNING:
        view["computerName"] = store.at(properties, "osProfile.computerName") or vm.name
        view["osName"] = properties["storageProfile"]["osDisk"]["osType"]
        view["vmAgent"] = _agent(since)
    return view


def _agent(since: str) -> Document:
    ready = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Ready",
        "message": "Guest Agent is running",
        "time": since,
    }
    return {"vmAgentVersion": "2.15.1.3", "statuses": [ready], "extensionHandlers": []}


# --- the type ----------------------------------------------------------------------------


def _remove(call: Call, vm: Row[Any]) -> None:
    attachments.remove_vm(call.connection, call.rules, vm, call.now)


def _follow(call: Call, document: Document, vm_id: str) -> None:
    networks.claim(call.connection, vm_id, document)
    sources.refresh(call.connection, call.rules, vm_id, call.now)


VIRTUAL_MACHINES = CompanionType(
    type_name=VM_TYPE,
    operations="VirtualMachines",
    parameter="vmName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=VirtualMachineBody,
    patch=VirtualMachinePatch,
    write=_write,
    render=_render,
    remove=_remove,
    follow=_follow,
    fixed=(
        "zones",
        "plan.name",
        "properties.availabilitySet.id",
        "properties.priority",
        "properties.osProfile.computerName",
        "properties.osProfile.adminUsername",
        "properties.storageProfile.imageReference.id",
        "properties.storageProfile.imageReference.publisher",
        "properties.storageProfile.imageReference.offer",
        "properties.storageProfile.imageReference.sku",
        "properties.storageProfile.imageReference.version",
        "properties.storageProfile.osDisk.createOption",
        "properties.storageProfile.osDisk.osType",
    ),
    expands=("instanceView", "userData"),
    not_for_lists=("$filter", "statusonly"),
)
_VM = VIRTUAL_MACHINES.template


# --- power -------------------------------------------------------------------------------


@endpoint(
    "GET", f"{_VM}/instanceView", "VirtualMachines_InstanceView", tag=TAG, answers=Shape.OBJECT
)
def instance_view(call: Call) -> Document:
    """Show how a VM is: its power state, its agent and its disks."""
    return _instance_view(store.get(call, VIRTUAL_MACHINES))


@endpoint(
    "POST",
    f"{_VM}/powerOff",
    "VirtualMachines_PowerOff",
    tag=TAG,
    query=("skipShutdown",),
    answers=Shape.NOTHING,
)
def power_off(call: Call) -> Answer:
    """Stop a VM; it keeps its place, and its disks stand still."""
    vm = store.get(call, VIRTUAL_MACHINES)
    return _become(call, vm, STOPPED) if vm.hidden["power_state"] == RUNNING else Answer(200)


@endpoint(
    "POST",
    f"{_VM}/deallocate",
    "VirtualMachines_Deallocate",
    tag=TAG,
    query=("hibernate",),
    answers=Shape.NOTHING,
)
def deallocate(call: Call) -> Answer:
    """Stop a VM and give its place away; its disks stand still."""
    if call.query.get("hibernate", "").lower() == "true":
        raise not_emulated("hibernate", "hibernation")
    return _become(call, store.get(call, VIRTUAL_MACHINES), DEALLOCATED)


@endpoint("POST", f"{_VM}/start", "VirtualMachines_Start", tag=TAG, answers=Shape.NOTHING)
def start(call: Call) -> Answer:
    """Start a VM; it writes to its disks from now on."""
    return _become(call, store.get(call, VIRTUAL_MACHINES), RUNNING)


@endpoint("POST", f"{_VM}/restart", "VirtualMachines_Restart", tag=TAG, answers=Shape.NOTHING)
def restart(call: Call) -> Answer:
    """Restart a VM that has its place."""
    vm = store.get(call, VIRTUAL_MACHINES)
    if vm.hidden["power_state"] == DEALLOCATED:
        raise conflict(
            "OperationNotAllowed",
            f"Operation 'restart' is not allowed on VM '{vm.name}' since the VM is either "
            "deallocated or marked to be deallocated. Start the VM instead.",
            target=vm.id,
        )
    return _become(call, vm, RUNNING)


def _become(call: Call, vm: Row[Any], power: str) -> Answer:
    if power == vm.hidden["power_state"]:
        return Answer(200)
    attachments.follow_power(call.connection, vm, power, call.now)
    call.connection.execute(
        update(resources)
        .where(resources.c.folded == vm.folded)
        .values(hidden=_next_hidden(vm, power), changed_at=call.now)
    )
    sources.refresh(call.connection, call.rules, vm.id, call.now)
    return Answer(200)


ENDPOINTS = (
    *store.endpoints(VIRTUAL_MACHINES),
    instance_view,
    power_off,
    deallocate,
    start,
    restart,
)
