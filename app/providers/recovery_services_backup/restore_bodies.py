"""What a request for a restore may hold, in Azure's words (SDK: ``IaasVMRestoreRequest``)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm import examples
from ...arm.bodies import Body
from ...arm.words import Word
from ...domain.disk_selection import HIGHEST_LUN, OS_LUN
from .database_restore_bodies import DatabaseRestore, Id

RECOVERY_TYPES = ("RestoreDisks", "AlternateLocation", "OriginalLocation", "Offline")


class EncryptionDetails(Body):
    """The keys of an encrypted VM."""

    encryption_enabled: bool | None = None


class IdentityInfo(Body):
    """The identity that reaches the storage account."""

    is_system_assigned_identity: bool | None = None
    managed_identity_resource_id: Id = None


class IdentityBasedRestore(Body):
    """What is restored with an identity."""

    object_type: str | None = Field(None, max_length=80)
    target_storage_account_id: Id = None


class DiskNetworkAccess(Body):
    """From where restored disks can be reached."""

    target_disk_network_access_option: Annotated[
        Literal[
            "SameAsOnSourceDisks",
            "EnablePrivateAccessForAllDisks",
            "EnablePublicAccessForAllDisks",
        ]
        | None,
        Word(
            "SameAsOnSourceDisks",
            "EnablePrivateAccessForAllDisks",
            "EnablePublicAccessForAllDisks",
        ),
    ] = None
    target_disk_access_id: Id = None


class RehydrationInfo(Body):
    """How soon a point of the archive is to be rehydrated, and for how long."""

    rehydration_retention_duration: str | None = Field(
        None, max_length=40, description="P10D to P30D; P15D if left out", examples=["P15D"]
    )
    rehydration_priority: Annotated[
        Literal["Standard", "High"] | None, Word("Standard", "High")
    ] = None


class RestoreRequest(DatabaseRestore):
    """What to restore, and where to."""

    object_type: str = Field("IaasVMRestoreRequest", examples=["IaasVMRestoreRequest"])
    recovery_point_id: str | None = Field(None, max_length=40)
    recovery_type: Annotated[
        Literal["RestoreDisks", "AlternateLocation", "OriginalLocation", "Offline"],
        Word(*RECOVERY_TYPES),
    ] = Field(examples=["RestoreDisks"])
    source_resource_id: Id = None
    storage_account_id: Id = None
    region: str | None = Field(None, max_length=90)
    target_resource_group_id: Id = None
    target_virtual_machine_id: Id = None
    virtual_network_id: Id = None
    subnet_id: Id = None
    original_storage_account_option: bool | None = None
    restore_with_managed_disks: bool | None = None
    restore_disk_lun_list: (
        Annotated[list[Annotated[int, Field(ge=OS_LUN, le=HIGHEST_LUN)]], Field(max_length=65)]
        | None
    ) = Field(None, description="Data disks by LUN; the OS disk comes with every restore")
    encryption_details: EncryptionDetails | None = None
    disk_encryption_set_id: Id = None
    zones: list[str] | None = Field(
        None, max_length=3, description="The zone to restore to, or NoZone", examples=[["1"]]
    )
    identity_info: IdentityInfo | None = None
    identity_based_restore_details: IdentityBasedRestore | None = None
    extended_location: dict[str, Any] | None = None
    secured_vm_details: dict[str, Any] | None = Field(None, alias="securedVMDetails")
    target_disk_network_access_settings: DiskNetworkAccess | None = None
    recovery_point_rehydration_info: RehydrationInfo | None = None


class RestoreBody(Body):
    """A request for a restore."""

    EXAMPLE = {
        "properties": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryType": "RestoreDisks",
            "region": "westeurope",
            "sourceResourceId": examples.VM_ID,
            "targetResourceGroupId": examples.GROUP_ID,
            "storageAccountId": examples.STORAGE_ID,
        }
    }

    properties: RestoreRequest
