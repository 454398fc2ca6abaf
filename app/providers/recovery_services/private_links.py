"""Private links of a vault: none can be made here, so none is offered."""

from __future__ import annotations

from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Private links"
LINKS = f"{VAULT}/privateLinkResources"


@endpoint("GET", LINKS, "PrivateLinkResources_List", tag=TAG)
def list_(call: Call) -> Answer:
    """List what of a vault a private endpoint can reach: nothing."""
    get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])
    return Answer(body={"value": []})


@endpoint("GET", f"{LINKS}/{{privateLinkResourceName}}", "PrivateLinkResources_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show one of them; there is none."""
    vault = get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])
    name = f"{vault.name}/{call.path['privateLinkResourceName']}"
    raise resource_not_found(f"{VAULT_TYPE}/privateLinkResources", name, call.group)


ENDPOINTS = (list_, get)
