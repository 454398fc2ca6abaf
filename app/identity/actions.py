"""Which action of Azure an endpoint is, as role definitions name it, and at which scope.

Both follow from method and template, by the convention that Azure's own names follow:
``Microsoft.RecoveryServices/vaults/backupPolicies/write``. The few that do not stand in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..arm.calls import Endpoint

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_NAMES = frozenset(
    {
        "default",
        "vaultconfig",
        "vaultstorageconfig",
        "backupResourceEncryptionConfig",
        "vaultExtendedInfo",
    }
)
"""Names of which there is only one: in a path they stand where a name does."""
_OTHERWISE: Mapping[str, str] = {
    "StorageAccounts_CheckNameAvailability": "Microsoft.Storage/checknameavailability/read",
    "Providers_Register": "{resourceProviderNamespace}/register/action",
    "Providers_Get": "Microsoft.Resources/subscriptions/providers/read",
    "DeploymentOperations_Get": "Microsoft.Resources/deployments/operations/read",
    "DeploymentOperations_List": "Microsoft.Resources/deployments/operations/read",
    "Locations_GetOperationStatus": "Microsoft.RecoveryServices/locations/operationStatus/read",
}


@dataclass(frozen=True, slots=True)
class Action:
    """An action, and how many segments at the end of a path are no part of its scope."""

    name: str
    beyond: int
    is_list: bool


def action_of(endpoint: Endpoint) -> Action:
    """Return what an endpoint does; its scope is the path less ``beyond`` segments."""
    parts = endpoint.template.strip("/").split("/")
    at = len(parts) - 1 - parts[::-1].index("providers") if "providers" in parts[:-1] else None
    if at is None or parts[at + 1].startswith("{"):
        namespace, rest = "Microsoft.Resources", parts
    else:
        namespace, rest = parts[at + 1], parts[at + 2 :]
    types = [part for part in rest if not part.startswith("{") and part not in _NAMES]
    last = parts[-1]
    is_named = last.startswith("{") or last in _NAMES
    kind = types[-1] if endpoint.method == "POST" and not is_named else None
    if kind is not None:
        types = types[:-1]
    name = _OTHERWISE.get(endpoint.operation_id)
    if name is None:
        verb = f"{kind}/action" if kind else _VERBS.get(endpoint.method, "action")
        name = "/".join((namespace, *types, verb))
    return Action(name, 0 if is_named else 1, endpoint.method == "GET" and not is_named)


def scope_of(action: Action, path: str) -> str:
    """Return the scope of a request for an action: its path, as far as it names something."""
    parts = path.strip("/").split("/")
    kept = parts[: len(parts) - action.beyond]
    if len(kept) > 1 and kept[-2].lower() == "providers":
        kept = kept[:-2]
    return "/" + "/".join(kept)
