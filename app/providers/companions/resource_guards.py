"""Resource guards: which critical operations on vaults need the leave of somebody else.

Which there are: recorded in July 2026.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Row

from ...arm import etags
from ...arm.bodies import Body
from ...arm.calls import Call
from ...domain.errors import invalid
from ...domain.resource_ids import RESOURCE_GUARD_TYPE, VAULT_TYPE
from ...store.tables import Document
from . import store
from .store import CompanionType, Write, Written

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
NAME_RULE = "1 to 63 letters, digits or '-', beginning with a letter or digit"
_REQUESTS = {
    "backupFabrics/protectionContainers/protectedItems/delete": "deleteProtectedItemRequests",
    "backupFabrics/protectionContainers/protectedItems/write": "updateProtectedItemRequests",
    "backupFabrics/protectionContainers/protectedItems/write#stopProtectionWithRetainData": (
        "stopProtectionWithRetainDataRequests"
    ),
    "backupPolicies/write": "updateProtectionPolicyRequests",
    "backupResourceGuardProxies/delete": "deleteResourceGuardProxyRequests",
    "backupSecurityPIN/action": "getBackupSecurityPINRequests",
    "backupconfig/write": "disableSoftDeleteRequests",
    "write#modifyEncryptionSettings": "modifyEncryptionSettingsRequests",
    "write#reduceImmutabilityState": "reduceImmutabilityStateRequests",
    "write#modifyImmutabilityDuration": "modifyImmutabilityDurationRequests",
    "registeredIdentities/delete": "deleteMABIdentityRequests",
    "backupCrossTenantVaultMappings/write": "writeCrossTenantVaultMappingRequests",
    "backupCrossTenantVaultMappings/remove/action": "removeCrossTenantVaultMappingRequests",
    "backupCrossTenantVaultMappings/restore/action": "restoreCrossTenantVaultMappingRequests",
}
OPERATIONS = {f"{VAULT_TYPE}/{name}": request for name, request in _REQUESTS.items()}
"""The critical operations, and the type that a request for each has."""


class ResourceGuardProperties(Body):
    """What a resource guard can be told."""

    vault_critical_operation_exclusion_list: list[str] | None = Field(default=None, max_length=50)


class ResourceGuardBody(Body):
    """A resource guard to create or to replace."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "vaultCriticalOperationExclusionList": [f"{VAULT_TYPE}/backupSecurityPIN/action"]
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: ResourceGuardProperties = Field(default_factory=ResourceGuardProperties)


class ResourceGuardPatch(Body):
    """The tags of a resource guard: all that a PATCH may change."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None


def _write(write: Write) -> Written:
    by_folded = {name.lower(): name for name in OPERATIONS}
    field = "properties.vaultCriticalOperationExclusionList"
    excluded = []
    for sent in write.wanted["properties"].get("vaultCriticalOperationExclusionList", ()):
        name = by_folded.get(sent.lower())
        if name is None:
            raise invalid(
                "UserErrorInvalidRequestParameter",
                f"{field}: '{sent}' is no critical operation; there are: {', '.join(OPERATIONS)}.",
                target=field,
            )
        excluded.append(name)
    properties = write.wanted["properties"] | {"vaultCriticalOperationExclusionList": excluded}
    return Written(write.wanted | {"properties": properties}, {})


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(guard: Row[Any]) -> Document:
    excluded = guard.document["properties"]["vaultCriticalOperationExclusionList"]
    properties = {
        "provisioningState": "Succeeded",
        "allowAutoApprovals": True,
        "resourceGuardOperations": [
            {
                "vaultCriticalOperation": name,
                "requestResourceType": f"{RESOURCE_GUARD_TYPE}/{request}",
            }
            for name, request in OPERATIONS.items()
            if name not in excluded
        ],
        "vaultCriticalOperationExclusionList": excluded,
        "description": "",
    }
    etag = f'W/"{etags.digest([guard.folded, guard.created_at, guard.document])}"'
    return store.envelope(RESOURCE_GUARDS, guard) | {"eTag": etag, "properties": properties}


RESOURCE_GUARDS = CompanionType(
    type_name=RESOURCE_GUARD_TYPE,
    operations="ResourceGuards",
    parameter="resourceGuardsName",
    tag="Resource guards",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=ResourceGuardBody,
    patch=ResourceGuardPatch,
    write=_write,
    render=_render,
    create="Put",
    update="Patch",
    list_in_group="GetResourcesInResourceGroup",
    list_all="GetResourcesInSubscription",
    replaces=True,
)

ENDPOINTS = store.endpoints(RESOURCE_GUARDS)
