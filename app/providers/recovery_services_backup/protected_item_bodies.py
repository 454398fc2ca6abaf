"""What a request for a protected item may hold (SDK: ``ProtectedItemResource``)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...arm import examples
from ...arm.bodies import Body
from ...arm.words import Word
from ...domain.disk_selection import HIGHEST_LUN, OS_LUN
from ...workloads import azure_vm


class DiskExclusion(Body):
    """Which data disks are backed up, by LUN; -1, the OS disk, always is."""

    disk_lun_list: list[Annotated[int, Field(ge=OS_LUN, le=HIGHEST_LUN)]] = Field(
        default_factory=list, max_length=65, examples=[[0, 1]]
    )
    is_inclusion_list: bool


class ItemExtendedProperties(Body):
    """What is asked of an item beyond its policy; sent without an exclusion it undoes it."""

    disk_exclusion_properties: DiskExclusion | None = None
    linux_vm_application_name: str | None = Field(None, max_length=260)


class ProtectedItemProperties(Body):
    """What is asked of an item."""

    protected_item_type: str | None = Field(None, examples=[azure_vm.PROTECTED_ITEM_TYPE])
    source_resource_id: str | None = Field(
        None,
        max_length=400,
        examples=[
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/group-1"
            "/providers/Microsoft.Compute/virtualMachines/vm-1"
        ],
    )
    policy_id: str | None = Field(None, max_length=600)
    protection_state: Annotated[
        Literal[
            "IRPending",
            "Protected",
            "ProtectionError",
            "ProtectionStopped",
            "ProtectionPaused",
            "BackupsSuspended",
            "Invalid",
        ]
        | None,
        Word(
            "IRPending",
            "Protected",
            "ProtectionError",
            "ProtectionStopped",
            "ProtectionPaused",
            "BackupsSuspended",
            "Invalid",
        ),
    ] = None
    is_rehydrate: bool | None = None
    extended_properties: ItemExtendedProperties | None = None
    resource_guard_operation_requests: list[str] | None = None


class ProtectedItemBody(Body):
    """A protected item."""

    EXAMPLE = {
        "properties": {
            "protectedItemType": azure_vm.PROTECTED_ITEM_TYPE,
            "sourceResourceId": examples.VM_ID,
            "policyId": examples.POLICY_ID,
        }
    }

    properties: ProtectedItemProperties
