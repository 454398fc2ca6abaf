"""What a world's document may say: its parts, and the JSON schema that follows from them.

What is in a policy, or in the ``properties`` of a resource, is Azure's own JSON, and is judged by
the code that a PUT of it runs (``seeding.py``); here only the form is.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from ..domain import ids
from ..domain.instants import parse, parse_duration

Properties = dict[str, Any]
_PATTERN = re.compile(r"\{n(?::0(\d))?\}")
MOST_OF_A_GROUP = 10_000
MOST_DISKS = 65


def _guid(text: str) -> str:
    if ids.parse_guid(text) is None:
        raise ValueError(f"'{text}' is no GUID, such as 11111111-1111-1111-1111-111111111111")
    return text.lower()


def _instant(text: str) -> str:
    parse(text)
    return text


def _instant_or_age(text: str) -> str:
    """Check an instant, or how long ago it was."""
    if text.startswith("P"):
        parse_duration(text)
    else:
        try:
            parse(text)
        except ValueError:
            raise ValueError(
                f"'{text}' is neither an instant such as 2024-01-01T00:00:00Z nor an age such as "
                "P2Y (ISO 8601)"
            ) from None
    return text


Guid = Annotated[str, AfterValidator(_guid), Field(json_schema_extra={"format": "uuid"})]
Instant = Annotated[str, AfterValidator(_instant), Field(json_schema_extra={"format": "date-time"})]
When = Annotated[
    str, AfterValidator(_instant_or_age), Field(examples=["P2Y", "2024-01-01T00:00:00Z"])
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=260)]
Tags = dict[str, str]
Gigabytes = Annotated[int, Field(ge=1, le=65_536, strict=True)]


class Part(BaseModel):
    """A part of the document; what is not known in it is refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=False
    )


class Disk(Part):
    """A disk of a VM; the first is the OS disk, which has no LUN."""

    size_gb: Gigabytes = Field(alias="sizeGB")
    lun: Annotated[int, Field(ge=0, le=63, strict=True)] | None = Field(
        None, description="Of a data disk: the place in the list, if left out"
    )
    sku: str | None = Field(None, examples=["Premium_LRS"])
    name: Name | None = None


class GuestServer(Part):
    """A database server in a VM."""

    engine: Literal["SQL", "SAPHana"]
    instance: Name = Field(
        "MSSQLSERVER", description="An instance of SQL Server, or a system of SAP HANA"
    )
    databases: list[Name] = Field(
        default_factory=list, description="Names, or name=Simple, name=BulkLogged for SQL Server"
    )


class VirtualMachine(Part):
    """A VM, or as many as ``count`` says, whose names differ by ``{n}``."""

    name: Name = Field(examples=["web-{n:02}"])
    count: Annotated[int, Field(ge=1, le=MOST_OF_A_GROUP, strict=True)] | None = None
    first: Annotated[int, Field(ge=0, strict=True)] = 1
    location: str | None = Field(None, description="The resource group's, if left out")
    size: str = "Standard_D2s_v5"
    os: Literal["Linux", "Windows"] = "Linux"
    disks: list[Gigabytes | Disk] = Field(
        [30],
        min_length=1,
        max_length=MOST_DISKS,
        description="The OS disk and the data disks: GB, or what a disk is",
    )
    power: Literal["running", "stopped", "deallocated"] = "running"
    tags: Tags = Field(default_factory=dict)
    databases: list[GuestServer] = Field(default_factory=list)
    zones: list[str] | None = None
    identity: Properties | None = None
    properties: Properties = Field(
        default_factory=dict,
        description="Azure's own JSON, for what the above does not say; it wins",
    )

    def names(self) -> list[str]:
        """Return the names of the VMs."""
        if self.count is None and _PATTERN.search(self.name) is None:
            return [self.name]
        numbers = range(self.first, self.first + (self.count or 1))
        return [_numbered(self.name, number) for number in numbers]


def _numbered(pattern: str, number: int) -> str:
    return _PATTERN.sub(lambda found: str(number).zfill(int(found[1] or 0)), pattern)


def is_pattern(name: str) -> bool:
    """Tell whether a name has the place of a number in it."""
    return _PATTERN.search(name) is not None


class StorageAccount(Part):
    """A storage account, with the file shares in it."""

    name: Name
    location: str | None = None
    kind: str = "StorageV2"
    sku: str = "Standard_LRS"
    tags: Tags = Field(default_factory=dict)
    shares: list[Name] = Field(default_factory=list)
    containers: list[Name] = Field(default_factory=list)


class Resource(Part):
    """Any other resource that rsvault knows, in Azure's own JSON: by its type and name, or its id.

    The name of one in another is written as ``parent/child``.
    """

    type: str | None = Field(None, examples=["Microsoft.Network/virtualNetworks"])
    name: Name | None = None
    id: str | None = Field(None, max_length=800, examples=["/subscriptions/.../locks/keep"])
    location: str | None = None
    tags: Tags | None = None
    kind: str | None = None
    sku: Properties | None = None
    identity: Properties | None = None
    zones: list[str] | None = None
    plan: Properties | None = None
    properties: Properties = Field(default_factory=dict)


class SoftDelete(Part):
    """How deleted backup data is kept."""

    state: Literal["Enabled", "Disabled", "AlwaysON"] | None = None
    retention_days: Annotated[int, Field(ge=14, le=180, strict=True)] | None = None


class BackupPolicy(Part):
    """A policy as Azure has it: what ``az backup policy show`` prints can stand here."""

    name: Name
    properties: Properties


class ProtectedShare(Part):
    """A file share by its storage account."""

    storage_account: Name = Field(description="A name in the vault's group, or an id")
    name: Name


class ProtectedDatabase(Part):
    """A database by the VM and the server that it is in."""

    virtual_machine: Name = Field(description="A name in the vault's group, or an id")
    engine: Literal["SQL", "SAPHana"] = "SQL"
    instance: Name = "MSSQLSERVER"
    name: Name


class OnDemandBackup(Part):
    """A backup that a user triggered, and until when it is kept."""

    at: When
    retain_until: Instant


class ProtectedItem(Part):
    """What is protected since when, and what has become of it: exactly one of the first three."""

    virtual_machine: Name | None = Field(
        None, description="A VM's name, that of a group of VMs (with its {n}), or an id"
    )
    file_share: ProtectedShare | None = None
    database: ProtectedDatabase | None = None
    policy: Name | None = Field(None, description="DefaultPolicy, if left out")
    since: When | None = Field(None, description="Since when it is protected: now, if left out")
    on_demand_backups: list[When | OnDemandBackup] = Field(
        default_factory=list, description="When users triggered a backup; it is kept for 30 days"
    )
    disk_luns: list[int] | None = Field(None, description="The data disks that are chosen")
    disks_are: Literal["included", "excluded"] = "included"
    state: Literal["Protected", "ProtectionStopped", "BackupsSuspended", "SoftDeleted"] = (
        "Protected"
    )
    state_since: When | None = Field(None, description="Since when it is in its state")


class Vault(Part):
    """A Recovery Services vault, its policies and what it protects."""

    name: Name
    location: str | None = Field(None, description="The resource group's, if left out")
    tags: Tags = Field(default_factory=dict)
    sku: str = "Standard"
    identity: Properties | None = None
    redundancy: Literal["GeoRedundant", "LocallyRedundant", "ZoneRedundant"] | None = None
    cross_region_restore: bool | None = None
    soft_delete: SoftDelete | None = None
    immutability: Literal["Disabled", "Unlocked", "Locked"] | None = None
    resource_guard: str | None = Field(None, description="The id of the guard it is mapped to")
    properties: Properties = Field(
        default_factory=dict, description="Azure's own JSON, for what the above does not say"
    )
    policies: list[BackupPolicy] = Field(default_factory=list)
    protected_items: list[ProtectedItem] = Field(default_factory=list)


class ResourceGroup(Part):
    """A resource group and what is in it."""

    name: Name
    subscription: Guid | None = Field(None, description="The document's, if left out")
    location: str = "westeurope"
    tags: Tags = Field(default_factory=dict)
    virtual_machines: list[VirtualMachine] = Field(default_factory=list)
    storage_accounts: list[StorageAccount] = Field(default_factory=list)
    vaults: list[Vault] = Field(default_factory=list)
    resources: list[Resource] = Field(default_factory=list)


class World(Part):
    """A world: resource groups with VMs, vaults and what these protect, since when."""

    subscription: Guid | None = Field(None, description="Whose the resource groups are")
    now: Instant | None = Field(
        None, description="The instant of the world; the clock is moved there if it is earlier"
    )
    resource_groups: list[ResourceGroup] = Field(default_factory=list)
    resources: list[Resource] = Field(
        default_factory=list, description="What lies in no group, or on others: locks, roles"
    )


def schema() -> dict[str, Any]:
    """Return the JSON schema of a world's document."""
    found: dict[str, Any] = _sorted(World.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def _sorted(value: Any) -> Any:
    """Sort what may be chosen from: typing keeps the order in which it first saw the words."""
    if isinstance(value, dict):
        return {
            name: sorted(inner) if name == "enum" else _sorted(inner)
            for name, inner in value.items()
        }
    return [_sorted(each) for each in value] if isinstance(value, list) else value
