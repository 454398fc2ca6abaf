"""Private links of a vault: what of it a private endpoint can reach."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Answer, Call, endpoint
from ...domain import private_links
from ...domain.errors import resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Private links"
LINKS = f"{VAULT}/privateLinkResources"
LINK_TYPE = f"{VAULT_TYPE}/privateLinkResources"


@endpoint("GET", LINKS, "PrivateLinkResources_List", tag=TAG)
def list_(call: Call) -> Answer:
    """List what of a vault a private endpoint can reach."""
    vault = _vault(call)
    return Answer(body={"value": [_render(vault, group) for group in private_links.GROUPS]})


@endpoint("GET", f"{LINKS}/{{privateLinkResourceName}}", "PrivateLinkResources_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show what one of them needs: members, and private DNS zones."""
    vault = _vault(call)
    asked = call.path["privateLinkResourceName"]
    for group, name in private_links.RESOURCE_NAMES.items():
        if name.lower() == asked.lower():
            return Answer(body=_render(vault, group))
    raise resource_not_found(LINK_TYPE, f"{vault.name}/{asked}", call.group)


def _vault(call: Call) -> Row[Any]:
    return get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])


def _render(vault: Row[Any], group: str) -> dict[str, Any]:
    name = private_links.RESOURCE_NAMES[group]
    return {
        "id": f"{vault.id}/privateLinkResources/{name}",
        "name": name,
        "type": LINK_TYPE,
        "properties": {
            "groupId": group,
            "requiredMembers": list(private_links.members(group)),
            "requiredZoneNames": private_links.zone_names(group, vault.location),
        },
    }


ENDPOINTS = (list_, get)
