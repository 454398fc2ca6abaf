"""Extended information of a vault: the keys that agents and Site Recovery keep with it."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row, update

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...domain import ids
from ...domain.errors import not_found
from ...domain.resource_ids import VAULT_TYPE
from ...store.tables import vaults
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Vaults"
INFO = f"{VAULT}/extendedInformation/vaultExtendedInfo"
_HIDDEN = "extendedInfo"


class VaultExtendedInfo(Body):
    """Keys, in base 64; they are kept and nothing is done with them."""

    integrity_key: str | None = Field(None, max_length=4000)
    encryption_key: str | None = Field(None, max_length=4000)
    encryption_key_thumbprint: str | None = Field(None, max_length=400)
    algorithm: str | None = Field(None, max_length=100)


class VaultExtendedInfoBody(Body):
    """A vault's extended information."""

    EXAMPLE = {"properties": {"algorithm": "None", "integrityKey": "J99wzS27fmJ+Wjot7xO5wA=="}}

    properties: VaultExtendedInfo


@endpoint("GET", INFO, "VaultExtendedInfo_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a vault's extended information; it has none until it is given some."""
    return Answer(body=_render(call, _vault(call)))


@endpoint("PUT", INFO, "VaultExtendedInfo_CreateOrUpdate", tag=TAG, body=VaultExtendedInfoBody)
def create_or_update(call: Call, body: VaultExtendedInfoBody) -> Answer:
    """Give a vault extended information, or replace what it has."""
    return _keep(call, {"algorithm": "None"} | body.properties.wire())


@endpoint("PATCH", INFO, "VaultExtendedInfo_Update", tag=TAG, body=VaultExtendedInfoBody)
def patch(call: Call, body: VaultExtendedInfoBody) -> Answer:
    """Change what the request names; the rest stays."""
    return _keep(call, _info(_vault(call)) | body.properties.wire())


def _keep(call: Call, info: dict[str, Any]) -> Answer:
    vault = _vault(call)
    call.connection.execute(
        update(vaults)
        .where(vaults.c.key == vault.key)
        .values(hidden=vault.hidden | {_HIDDEN: info})
    )
    return Answer(body=_render(call, _vault(call)))


def _vault(call: Call) -> Row[Any]:
    return get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])


def _info(vault: Row[Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = vault.hidden.get(_HIDDEN)
    if found is None:
        raise not_found(
            "ResourceExtendedInfoNotFound",
            f"The vault '{vault.name}' has no extended information; PUT some first.",
        )
    return found


def _render(call: Call, vault: Row[Any]) -> dict[str, Any]:
    info = _info(vault)
    content = [f"{name}={info[name]}" for name in sorted(info)]
    return {
        "id": f"{vault.id}/extendedInformation/vaultExtendedInfo",
        "name": "vaultExtendedInfo",
        "type": f"{VAULT_TYPE}/extendedInformation",
        "etag": ids.guid(ids.guid_hex(call.rules.seed, "extended-info", vault.key, *content)),
        "properties": info,
    }


ENDPOINTS = (get, create_or_update, patch)
