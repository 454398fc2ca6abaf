"""The critical operations of vaults: what a resource guard protects, and what its leave is called.

Sources: recordings of July 2026 (azure-cli-wire 4.5); what Azure does not tell is
docs/decisions/0064.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from .resource_ids import RESOURCE_GUARD_TYPE, VAULT_TYPE
from .vault_settings import Settings, immutability, immutable_days

_ITEMS = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectedItems"
DELETE_ITEM = f"{_ITEMS}/delete"
UPDATE_ITEM = f"{_ITEMS}/write"
STOP_AND_RETAIN = f"{_ITEMS}/write#stopProtectionWithRetainData"
UPDATE_POLICY = f"{VAULT_TYPE}/backupPolicies/write"
DELETE_PROXY = f"{VAULT_TYPE}/backupResourceGuardProxies/delete"
GET_SECURITY_PIN = f"{VAULT_TYPE}/backupSecurityPIN/action"
DISABLE_SOFT_DELETE = f"{VAULT_TYPE}/backupconfig/write"
MODIFY_ENCRYPTION = f"{VAULT_TYPE}/write#modifyEncryptionSettings"
REDUCE_IMMUTABILITY = f"{VAULT_TYPE}/write#reduceImmutabilityState"
MODIFY_IMMUTABILITY_DURATION = f"{VAULT_TYPE}/write#modifyImmutabilityDuration"
_MAPPINGS = f"{VAULT_TYPE}/backupCrossTenantVaultMappings"

REQUESTS: Mapping[str, str] = MappingProxyType(
    {
        DELETE_ITEM: "deleteProtectedItemRequests",
        UPDATE_ITEM: "updateProtectedItemRequests",
        STOP_AND_RETAIN: "stopProtectionWithRetainDataRequests",
        UPDATE_POLICY: "updateProtectionPolicyRequests",
        DELETE_PROXY: "deleteResourceGuardProxyRequests",
        GET_SECURITY_PIN: "getBackupSecurityPINRequests",
        DISABLE_SOFT_DELETE: "disableSoftDeleteRequests",
        MODIFY_ENCRYPTION: "modifyEncryptionSettingsRequests",
        REDUCE_IMMUTABILITY: "reduceImmutabilityStateRequests",
        MODIFY_IMMUTABILITY_DURATION: "modifyImmutabilityDurationRequests",
        f"{VAULT_TYPE}/registeredIdentities/delete": "deleteMABIdentityRequests",
        f"{_MAPPINGS}/write": "writeCrossTenantVaultMappingRequests",
        f"{_MAPPINGS}/remove/action": "removeCrossTenantVaultMappingRequests",
        f"{_MAPPINGS}/restore/action": "restoreCrossTenantVaultMappingRequests",
    }
)
"""The critical operations, and the type that a request for each has."""
REQUEST_NAME = "default"
"""The one request of each type."""


def request(guard_id: str, operation: str) -> str:
    """Return the id of the request that allows an operation."""
    return f"{guard_id}/{REQUESTS[operation]}/{REQUEST_NAME}"


def linked_action(operation: str) -> str:
    """Return the action that whoever does an operation needs to be allowed on the guard.

    Readers of the guard do not have it; Backup MUA Operators and Contributors do.
    """
    return f"{RESOURCE_GUARD_TYPE}/{REQUESTS[operation]}/action"


def guarded(guard: Mapping[str, Any]) -> list[str]:
    """Return the operations that a guard's document does not exclude."""
    excluded = guard["properties"]["vaultCriticalOperationExclusionList"]
    return [operation for operation in REQUESTS if operation not in excluded]


def of_settings(before: Settings, after: Settings) -> Iterator[str]:
    """Yield the critical operations in a change of a vault's settings."""
    was, now = (each["securitySettings"]["softDeleteSettings"] for each in (before, after))
    for state in ("softDeleteState", "enhancedSecurityState"):
        if now[state] == "Disabled" != was[state]:
            yield DISABLE_SOFT_DELETE
            break
    if before.get("encryption") != after.get("encryption"):
        yield MODIFY_ENCRYPTION
    old, new = immutability(before), immutability(after)
    if new.get("state") == "Disabled" and old.get("state", "Disabled") != "Disabled":
        yield REDUCE_IMMUTABILITY
    elif (immutable_days(new) or 0) < (immutable_days(old) or 0):
        yield MODIFY_IMMUTABILITY_DURATION
