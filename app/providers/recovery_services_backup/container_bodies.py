"""What a request for a protection container may hold (SDK: ``ProtectionContainerResource``)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.words import Word
from ...workloads.azure_file_share import AZURE_FILE_SHARE, CONTAINER_TYPE


class ContainerProperties(Body):
    """What is asked of a container."""

    container_type: str = Field(CONTAINER_TYPE, max_length=60)
    backup_management_type: str | None = Field(None, max_length=60)
    source_resource_id: str | None = Field(
        None,
        max_length=400,
        examples=[
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/group-1"
            "/providers/Microsoft.Storage/storageAccounts/staging"
        ],
    )
    friendly_name: str | None = Field(None, max_length=90)
    workload_type: str | None = Field(None, max_length=60)
    acquire_storage_account_lock: Annotated[
        Literal["Acquire", "NotAcquire"] | None, Word("Acquire", "NotAcquire")
    ] = None
    operation_type: Annotated[
        Literal["Invalid", "Register", "Reregister", "Rehydrate"] | None,
        Word("Invalid", "Register", "Reregister", "Rehydrate"),
    ] = None
    access_type: Annotated[
        Literal["KeyBased", "IdentityBased"] | None, Word("KeyBased", "IdentityBased")
    ] = None


class ContainerBody(Body):
    """A container to register."""

    EXAMPLE = {
        "properties": {
            "containerType": CONTAINER_TYPE,
            "backupManagementType": AZURE_FILE_SHARE.management_type,
            "sourceResourceId": "/subscriptions/11111111-1111-1111-1111-111111111111"
            "/resourceGroups/group-1/providers/Microsoft.Storage/storageAccounts/staging",
        }
    }

    properties: ContainerProperties
