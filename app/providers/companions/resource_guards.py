"""Resource guards: which critical operations on vaults need the leave of somebody else.

A guard that a vault is mapped to cannot be deleted. What asks for its leave is
``providers/multi_user_authorization.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Row

from ...arm import etags
from ...arm.bodies import Body
from ...arm.calls import Call, Endpoint, endpoint
from ...domain.critical_operations import (
    MODIFY_IMMUTABILITY_DURATION,
    REQUEST_NAME,
    REQUESTS,
    guarded,
)
from ...domain.errors import conflict, invalid, not_found
from ...domain.resource_ids import RESOURCE_GUARD_TYPE
from ...store import resource_guard_proxies
from ...store.metadata import Document
from . import store
from .store import CompanionType, Write, Written

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
NAME_RULE = "1 to 63 letters, digits or '-', beginning with a letter or digit"


class ResourceGuardProperties(Body):
    """What a resource guard can be told."""

    vault_critical_operation_exclusion_list: list[str] | None = Field(default=None, max_length=50)


class ResourceGuardBody(Body):
    """A resource guard to create or to replace."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {"vaultCriticalOperationExclusionList": [MODIFY_IMMUTABILITY_DURATION]},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: ResourceGuardProperties = Field(default_factory=ResourceGuardProperties)


class ResourceGuardPatch(Body):
    """The tags of a resource guard: all that a PATCH may change."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None


def _write(write: Write) -> Written:
    by_folded = {name.lower(): name for name in REQUESTS}
    field = "properties.vaultCriticalOperationExclusionList"
    excluded = []
    for sent in write.wanted["properties"].get("vaultCriticalOperationExclusionList", ()):
        name = by_folded.get(sent.lower())
        if name is None:
            raise invalid(
                "UserErrorInvalidRequestParameter",
                f"{field}: '{sent}' is no critical operation; there are: {', '.join(REQUESTS)}.",
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
                "requestResourceType": f"{RESOURCE_GUARD_TYPE}/{REQUESTS[name]}",
            }
            for name in guarded(guard.document)
        ],
        "vaultCriticalOperationExclusionList": excluded,
        "description": "",
    }
    etag = f'W/"{etags.digest([guard.folded, guard.created_at, guard.document])}"'
    return store.envelope(RESOURCE_GUARDS, guard) | {"eTag": etag, "properties": properties}


def _remove(call: Call, guard: Row[Any]) -> None:
    """Refuse to take a guard away from the vaults that are mapped to it."""
    mapped = resource_guard_proxies.vaults_of(call.connection, guard.folded)
    if mapped:
        raise conflict(
            "UserErrorResourceGuardInUse",
            f"The resource guard '{guard.name}' protects {', '.join(mapped)}; unmap it from every "
            "vault (DELETE .../backupResourceGuardProxies/VaultProxy), then delete it.",
        )


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
    remove=_remove,
    create="Put",
    update="Patch",
    list_in_group="GetResourcesInResourceGroup",
    list_all="GetResourcesInSubscription",
    replaces=True,
)

# --- the requests of a guard -------------------------------------------------------------

# Azure's names of the operations that show them, by the type of the requests: the SDK has no more.
_SHOWN = {
    "deleteResourceGuardProxyRequests": "DeleteResourceGuardProxy",
    "disableSoftDeleteRequests": "DisableSoftDelete",
    "updateProtectedItemRequests": "UpdateProtectedItem",
    "updateProtectionPolicyRequests": "UpdateProtectionPolicy",
    "deleteProtectedItemRequests": "DeleteProtectedItem",
    "getBackupSecurityPINRequests": "BackupSecurityPIN",
}


def _requests_of(kind: str, noun: str) -> tuple[Endpoint, Endpoint]:
    """Return the two operations that show the one request of a type."""
    folder = f"{RESOURCE_GUARDS.template}/{kind}"

    @endpoint(
        "GET",
        f"{folder}/{{requestName}}",
        f"ResourceGuards_GetDefault{noun}RequestsObject",
        tag=RESOURCE_GUARDS.tag,
    )
    def get_default(call: Call) -> Document:
        """Show the request that stands for a guard's leave."""
        shown = _requests(call, kind)
        name = call.path["requestName"]
        if not shown or name.lower() != REQUEST_NAME:
            raise not_found(
                "ResourceNotFound",
                f"The resource guard has no request '{kind}/{name}': its one request is named "
                f"'{REQUEST_NAME}', and there is none for an operation that it excludes.",
                target="requestName",
            )
        return shown[0]

    @endpoint("GET", folder, f"ResourceGuards_Get{noun}RequestsObjects", tag=RESOURCE_GUARDS.tag)
    def list_(call: Call) -> Document:
        """List the requests that stand for a guard's leave: one, or none if it is excluded."""
        return {"value": _requests(call, kind)}

    return get_default, list_


def _requests(call: Call, kind: str) -> list[Document]:
    guard = store.get(call, RESOURCE_GUARDS)
    if kind not in {REQUESTS[operation] for operation in guarded(guard.document)}:
        return []
    return [
        {
            "id": f"{guard.id}/{kind}/{REQUEST_NAME}",
            "name": REQUEST_NAME,
            "type": f"{RESOURCE_GUARD_TYPE}/{kind}",
        }
    ]


ENDPOINTS = (
    *store.endpoints(RESOURCE_GUARDS),
    *(each for kind, noun in _SHOWN.items() for each in _requests_of(kind, noun)),
)
