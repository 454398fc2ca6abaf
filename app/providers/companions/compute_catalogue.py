"""What Compute has to offer: images, sizes, skus and quotas; a few well-known ones of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain.errors import Refused, invalid, not_found
from ...domain.regions import REGIONS
from ...domain.resource_ids import AVAILABILITY_SET_TYPE, VM_TYPE, normal_location
from ...domain.vm_images import VM_IMAGES, VmImage
from ...domain.vm_sizes import VM_SIZES, VmSize
from ...store.metadata import Document
from ...store.resource_tables import resource_groups, resources
from . import store
from .virtual_machines import VIRTUAL_MACHINES

TAG = "Compute catalogue"
_COMPUTE = "/subscriptions/{subscriptionId}/providers/Microsoft.Compute"
_LOCATION = f"{_COMPUTE}/locations/{{location}}"
_PUBLISHER = f"{_LOCATION}/publishers/{{publisherName}}"
_OFFERS = f"{_PUBLISHER}/artifacttypes/vmimage/offers"
_SKUS = f"{_OFFERS}/{{offer}}/skus"
_VERSIONS = f"{_SKUS}/{{skus}}/versions"
_LIST: Mapping[str, Any] = {"type": "array", "items": {"type": "object"}}
CORES = 100
"""The quota of each family of sizes."""


# --- images ------------------------------------------------------------------------------


def _location(call: Call) -> str:
    location = normal_location(call.path["location"])
    if location not in REGIONS:
        raise invalid(
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{call.path['location']}'.",
            target="location",
        )
    return location


def _images(call: Call) -> list[VmImage]:
    """Return the images that the path's publisher, offer and sku leave. Raises ``Refused``."""
    _location(call)
    parts = (("publisherName", "publisher"), ("offer", "offer"), ("skus", "sku"))
    wanted = {part: call.path[name].lower() for name, part in parts if name in call.path}
    found = [
        each
        for each in VM_IMAGES
        if all(getattr(each, part).lower() == value for part, value in wanted.items())
    ]
    if not found:
        raise _not_found()
    return found


def _not_found() -> Refused:
    return not_found("NotFound", "Artifact: VMImage was not found.")


def _named(call: Call, below: str, names: Iterable[str]) -> list[Document]:
    folder = f"{call.url_path.rstrip('/')}{below}"
    location = _location(call)
    return [
        {"id": f"{folder}/{name}", "name": name, "location": location}
        for name in dict.fromkeys(sorted(names))
    ]


@endpoint(
    "GET", f"{_LOCATION}/publishers", "VirtualMachineImages_ListPublishers", tag=TAG, answers=_LIST
)
def list_publishers(call: Call) -> list[Document]:
    """List the publishers of images."""
    return _named(call, "", (each.publisher for each in _images(call)))


@endpoint("GET", _OFFERS, "VirtualMachineImages_ListOffers", tag=TAG, answers=_LIST)
def list_offers(call: Call) -> list[Document]:
    """List the offers of a publisher."""
    return _named(call, "", (each.offer for each in _images(call)))


@endpoint("GET", _SKUS, "VirtualMachineImages_ListSkus", tag=TAG, answers=_LIST)
def list_skus(call: Call) -> list[Document]:
    """List the skus of an offer."""
    return _named(call, "", (each.sku for each in _images(call)))


@endpoint(
    "GET",
    _VERSIONS,
    "VirtualMachineImages_List",
    tag=TAG,
    query=("$expand", "$top", "$orderby"),
    answers=_LIST,
)
def list_versions(call: Call) -> list[Document]:
    """List the versions of a sku: one; ``$expand=properties`` shows what is in it."""
    found = _images(call)
    shown = _named(call, "", (each.version for each in found))
    if call.query.get("$expand", "").lower() == "properties":
        shown = [each | {"properties": _image(found[0])} for each in shown]
    top = call.query.get("$top", "1")
    return shown[: int(top)] if top.isdecimal() and top.isascii() and len(top) < 9 else shown


@endpoint(
    "GET",
    f"{_VERSIONS}/{{imageVersion}}",
    "VirtualMachineImages_Get",
    tag=TAG,
    answers=Shape.OBJECT,
)
def get_image(call: Call) -> Document:
    """Show a version of an image; ``latest`` is the one there is."""
    found = _images(call)[0]
    wanted = call.path["imageVersion"].lower()
    if wanted not in ("latest", found.version.lower()):
        raise _not_found()
    folder = call.url_path.rstrip("/").rpartition("/")[0]
    return {
        "id": f"{folder}/{found.version}",
        "name": found.version,
        "location": _location(call),
        "properties": _image(found),
    }


def _image(image: VmImage) -> Document:
    security = "TrustedLaunchSupported" if image.generation == "V2" else "None"
    return {
        "hyperVGeneration": image.generation,
        "architecture": "x64",
        "osDiskImage": {
            "operatingSystem": image.os,
            "sizeInGb": 127 if image.os == "Windows" else 30,
        },
        "dataDiskImages": [],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        "features": [{"name": "SecurityType", "value": security}],
        "replicaType": "Unmanaged",
        "imageDeprecationStatus": {"imageState": "Active"},
    }


# --- sizes and skus ----------------------------------------------------------------------


def _size(size: VmSize) -> Document:
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "osDiskSizeInMB": 1_047_552,
        "resourceDiskSizeInMB": size.scratch_mb,
        "memoryInMB": size.memory_mb,
        "maxDataDiskCount": size.data_disks,
    }


@endpoint(
    "GET",
    f"{_LOCATION}/vmSizes",
    "VirtualMachineSizes_List",
    tag=TAG,
    answers=Shape.VALUES,
)
def list_sizes(call: Call) -> Document:
    """List the sizes of a region; they are the same everywhere."""
    _location(call)
    return {"value": [_size(each) for each in VM_SIZES]}


@endpoint(
    "GET",
    f"{VIRTUAL_MACHINES.template}/vmSizes",
    "VirtualMachines_ListAvailableSizes",
    tag=TAG,
    answers=Shape.VALUES,
)
def list_available_sizes(call: Call) -> Document:
    """List the sizes that a VM can be given."""
    store.get(call, VIRTUAL_MACHINES)
    return {"value": [_size(each) for each in VM_SIZES]}


@endpoint(
    "GET",
    f"{_COMPUTE}/skus",
    "ResourceSkus_List",
    tag=TAG,
    query=("$filter", "includeExtendedLocations"),
    answers=Shape.VALUES,
)
def list_resource_skus(call: Call) -> Document:
    """List the sizes with what they can do, in one region (``location eq 'name'``) or in all."""
    asked = _asked_location(call.query.get("$filter", "").strip())
    locations = [asked] if asked else list(REGIONS)
    return {"value": [_sku(each, locations) for each in VM_SIZES]}


def _asked_location(text: str) -> str | None:
    if not text:
        return None
    key, _, value = text.partition(" eq ")
    location = normal_location(value.strip().strip("'"))
    if key.strip().lower() != "location" or location not in REGIONS:
        raise invalid(
            "InvalidFilter",
            f"$filter: '{text}' is not understood; write location eq 'westeurope'.",
            target="$filter",
        )
    return location


def _sku(size: VmSize, locations: list[str]) -> Document:
    zones = ["1", "2", "3"]
    has = {
        "vCPUs": size.cores,
        "MemoryGB": f"{size.memory_mb / 1024:g}",
        "MaxDataDiskCount": size.data_disks,
        "MaxResourceVolumeMB": size.scratch_mb,
        "PremiumIO": size.premium,
        "HyperVGenerations": "V1,V2",
        "CpuArchitectureType": "x64",
        "AcceleratedNetworkingEnabled": size.cores > 1,
        "EncryptionAtHostSupported": size.premium,
        "EphemeralOSDiskSupported": False,
        "TrustedLaunchDisabled": False,
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": locations,
        "locationInfo": [
            {
                "location": each,
                "zones": zones if REGIONS[each].zones else [],
                "zoneDetails": [],
            }
            for each in locations
        ],
        "capabilities": [{"name": name, "value": str(value)} for name, value in has.items()],
        "restrictions": [],
    }


# --- quotas ------------------------------------------------------------------------------


@endpoint("GET", f"{_LOCATION}/usages", "Usage_List", tag=TAG, answers=Shape.VALUES)
def list_usages(call: Call) -> Document:
    """Tell how much of a region's quotas a subscription uses; quotas are never enforced."""
    location = _location(call)
    groups = select(resource_groups.c.folded).where(
        resource_groups.c.subscription == call.subscription.lower()
    )
    found = call.connection.execute(
        select(resources.c.type_folded, resources.c.document)
        .where(
            resources.c.type_folded.in_([VM_TYPE.lower(), AVAILABILITY_SET_TYPE.lower()]),
            resources.c.location == location,
            resources.c.group_folded.in_(groups),
        )
        .order_by(resources.c.folded)
    ).all()
    machines = [row.document for row in found if row.type_folded == VM_TYPE.lower()]
    by_name = {each.name.lower(): each for each in VM_SIZES}
    sizes = [
        by_name.get(each["properties"]["hardwareProfile"]["vmSize"].lower()) for each in machines
    ]
    used = [each for each in sizes if each is not None]
    counts = [
        ("availabilitySets", "Availability Sets", len(found) - len(machines), 2500),
        ("cores", "Total Regional vCPUs", sum(each.cores for each in used), CORES),
        ("virtualMachines", "Virtual Machines", len(machines), 25_000),
    ]
    for family in dict.fromkeys(each.family for each in VM_SIZES):
        cores = sum(each.cores for each in used if each.family == family)
        counts.append((family, f"{family} vCPUs", cores, CORES))
    return {
        "value": [
            {
                "name": {"value": name, "localizedValue": text},
                "unit": "Count",
                "currentValue": count,
                "limit": limit,
            }
            for name, text, count, limit in counts
        ]
    }


ENDPOINTS = (
    list_publishers,
    list_offers,
    list_skus,
    list_versions,
    get_image,
    list_sizes,
    list_available_sizes,
    list_resource_skus,
    list_usages,
)
