"""User-assigned identities: who a vault or a VM is to others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Word
from ...domain.resource_ids import USER_IDENTITY_TYPE
from ...domain.tenancy import TENANT_ID
from ...store.metadata import Document
from .. import managed_identities
from . import store
from .store import CompanionType, Write, Written

NAME = re.compile(r"[A-Za-z0-9][\w-]{2,127}", re.ASCII)
NAME_RULE = "3 to 128 letters, digits, '_' or '-', beginning with a letter or digit"


class UserIdentityProperties(Body):
    """What an identity can be told."""

    isolation_scope: Annotated[Literal["None", "Regional"] | None, Word("None", "Regional")] = (
        Field(default=None, examples=["None"])
    )


class UserAssignedIdentityBody(Body):
    """An identity to create or to change."""

    EXAMPLE = {"location": "westeurope"}

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: UserIdentityProperties = Field(default_factory=UserIdentityProperties)


class UserAssignedIdentityPatch(Body):
    """What to change of an identity."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    properties: UserIdentityProperties = Field(default_factory=UserIdentityProperties)


def _write(write: Write) -> Written:
    return Written(write.wanted, {})


def _render(call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(call.rules.seed, row) for row in found]


def _render_one(seed: int, identity: Row[Any]) -> Document:
    own = {"tenantId": TENANT_ID, **managed_identities.user_keys(seed, identity.id)}
    properties = identity.document["properties"] | own
    # The service spells its own ids so, and a vault its keys: az compares the two as texts.
    shown = {"id": identity.id.replace("/resourceGroups/", "/resourcegroups/", 1)}
    return store.envelope(USER_IDENTITIES, identity) | shown | {"properties": properties}


USER_IDENTITIES = CompanionType(
    type_name=USER_IDENTITY_TYPE,
    operations="UserAssignedIdentities",
    parameter="resourceName",
    tag="Managed identities",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidRequestContent",
    body=UserAssignedIdentityBody,
    patch=UserAssignedIdentityPatch,
    write=_write,
    render=_render,
    list_in_group="ListByResourceGroup",
    list_all="ListBySubscription",
)

ENDPOINTS = store.endpoints(USER_IDENTITIES)
