"""Storage configuration: the vault's redundancy in the words of Azure Backup.

The vault's ``redundancySettings`` are the one truth; this surface shows and changes them. Once
they were set on the vault itself the service refuses to change them here (decision 0024).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain import vault_settings
from ...domain.documents import merge
from ...domain.errors import invalid, invalid_input, not_emulated
from ...domain.resource_ids import VAULT_TYPE
from ...domain.vault_settings import CROSS_REGION, REDUNDANCY
from ...store.vaults import REDUNDANCY_SET_ON_VAULT, keep_properties
from .paths import VAULT, vault_of

TAG = "Vault configuration"
CONFIG = f"{VAULT}/backupstorageconfig/vaultstorageconfig"
TYPES = ("GeoRedundant", "LocallyRedundant", "ZoneRedundant", "ReadAccessGeoZoneRedundant")

StorageType = Annotated[
    Literal["GeoRedundant", "LocallyRedundant", "ZoneRedundant", "ReadAccessGeoZoneRedundant"],
    Word(*TYPES),
]
StorageTypeState = Annotated[
    Literal["Invalid", "Locked", "Unlocked"], Word("Invalid", "Locked", "Unlocked")
]
FeatureState = Annotated[
    Literal["Invalid", "Enabled", "Disabled"], Word("Invalid", "Enabled", "Disabled")
]


class StorageConfigProperties(Body):
    """What the storage configuration says; what is left out stays."""

    storage_model_type: StorageType | None = None
    storage_type: StorageType | None = None
    storage_type_state: StorageTypeState | None = None
    cross_region_restore_flag: bool | None = None
    dedup_state: FeatureState | None = None
    xcool_state: FeatureState | None = None


class StorageConfigBody(Body):
    """A vault's storage configuration."""

    EXAMPLE = {"properties": {"storageModelType": "GeoRedundant"}}

    properties: StorageConfigProperties


@endpoint("GET", CONFIG, "BackupResourceStorageConfigsNonCRR_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show how a vault's data is stored."""
    return Answer(body=_render(vault_of(call)))


@endpoint(
    "PUT",
    CONFIG,
    "BackupResourceStorageConfigsNonCRR_Update",
    tag=TAG,
    body=StorageConfigBody,
)
def put(call: Call, body: StorageConfigBody) -> Answer:
    """Change how a vault's data is stored; done when answered."""
    _change(call, body.properties)
    return Answer(body=_render(vault_of(call)))


@endpoint(
    "PATCH",
    CONFIG,
    "BackupResourceStorageConfigsNonCRR_Patch",
    tag=TAG,
    body=StorageConfigBody,
    statuses=(204,),
)
def patch(call: Call, body: StorageConfigBody) -> Answer:
    """Change how a vault's data is stored; done when answered."""
    _change(call, body.properties)
    return Answer(204)


def _change(call: Call, asked: StorageConfigProperties) -> None:
    vault = vault_of(call)
    for name, state in (("dedupState", asked.dedup_state), ("xcoolState", asked.xcool_state)):
        if state == "Enabled":
            raise not_emulated(f"properties.{name}", "this way of storing data")
    before = vault.properties["redundancySettings"]
    told = _redundancy(asked, before)
    if told == before:
        return
    if vault.hidden.get(REDUNDANCY_SET_ON_VAULT):
        raise invalid(
            "BMSUserErrorRedundancySettingsUseVaultApi",
            "Redundancy settings for this vault cannot be modified using this API. Since the "
            "Vault API was previously used to update the redundancy settings for this vault, you "
            "must again use the Vault API: PATCH the vault's properties.redundancySettings.",
        )
    properties = merge(vault.properties, {"redundancySettings": told})
    vault_settings.check_redundancy(vault.properties, properties, vault.location)
    keep_properties(call.connection, vault, properties, call.now)


def _redundancy(asked: StorageConfigProperties, before: dict[str, str]) -> dict[str, str]:
    told = dict(before)
    # Clients send back what they read with one of the two changed: the one that differs counts.
    types = {asked.storage_model_type, asked.storage_type} - {None, before[REDUNDANCY]}
    if len(types) > 1:
        raise invalid_input(
            "properties.storageType",
            f"'{asked.storage_type}' and storageModelType '{asked.storage_model_type}' differ; "
            "send one of them",
        )
    for kind in types:
        if kind == "ReadAccessGeoZoneRedundant":
            raise not_emulated("properties.storageModelType", f"'{kind}'")
        told[REDUNDANCY] = str(kind)
    if asked.cross_region_restore_flag is not None:
        told[CROSS_REGION] = "Enabled" if asked.cross_region_restore_flag else "Disabled"
    return told


def _render(vault: Row[Any]) -> dict[str, Any]:
    redundancy = vault.properties["redundancySettings"]
    locked = vault_settings.has_protected(vault.properties)
    return {
        "id": f"{vault.id}/backupstorageconfig/vaultstorageconfig",
        "name": "vaultstorageconfig",
        "type": f"{VAULT_TYPE}/backupstorageconfig",
        "properties": {
            "storageModelType": redundancy[REDUNDANCY],
            "storageType": redundancy[REDUNDANCY],
            "storageTypeState": "Locked" if locked else "Unlocked",
            "crossRegionRestoreFlag": redundancy[CROSS_REGION] == "Enabled",
            "dedupState": "Disabled",
            "xcoolState": "Disabled",
        },
    }


ENDPOINTS = (get, put, patch)
