"""Site Recovery's settings of a vault: azurerm reads them with every vault (terraform-wire 2.2).

Which provider replicates machines of VMware is kept and shown; nothing is replicated.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from sqlalchemy import Row, update

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import not_emulated, resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from ...store.tables import vaults
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Vaults"
TYPE = f"{VAULT_TYPE}/replicationVaultSettings"
SETTINGS = f"{VAULT}/replicationVaultSettings"
SETTING = f"{SETTINGS}/{{vaultSettingName}}"
_HIDDEN = "replicationVaultSetting"


class VaultSettingProperties(Body):
    """What Site Recovery is told."""

    migration_solution_id: str | None = None
    vmware_to_azure_provider_type: Annotated[
        Literal["Vmware", "AvsToAzure"] | None, Word("Vmware", "AvsToAzure")
    ] = None


class VaultSettingBody(Body):
    """A vault's setting."""

    EXAMPLE = {"properties": {}}

    properties: VaultSettingProperties


@endpoint("GET", SETTINGS, "ReplicationVaultSetting_List", tag=TAG)
def list_(call: Call) -> Answer:
    """List a vault's settings of Site Recovery: the default one."""
    return Answer(body={"value": [_render(_vault(call))]})


@endpoint("GET", SETTING, "ReplicationVaultSetting_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a vault's setting of Site Recovery; nothing is set until it is told something."""
    return Answer(body=_render(_named(call)))


@endpoint("PUT", SETTING, "ReplicationVaultSetting_Create", tag=TAG, body=VaultSettingBody)
def create(call: Call, body: VaultSettingBody) -> Answer:
    """Keep which provider Site Recovery uses for VMware; it cannot be unset."""
    vault = _named(call)
    if body.properties.migration_solution_id is not None:
        raise not_emulated("properties.migrationSolutionId", "Azure Migrate")
    told = vault.hidden.get(_HIDDEN, {}) | body.properties.wire()
    call.connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(hidden=vault.hidden | {_HIDDEN: told})
    )
    return Answer(body=_render(_named(call)))


def _vault(call: Call) -> Row[Any]:
    return get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])


def _named(call: Call) -> Row[Any]:
    vault = _vault(call)
    name = call.path["vaultSettingName"]
    if name.lower() != "default":
        raise resource_not_found(TYPE, f"{vault.name}/{name}", call.group)
    return vault


def _render(vault: Row[Any]) -> dict[str, Any]:
    return {
        "id": f"{vault.id}/replicationVaultSettings/default",
        "name": "default",
        "type": TYPE,
        "properties": vault.hidden.get(_HIDDEN, {}),
    }


ENDPOINTS = (list_, get, create)
