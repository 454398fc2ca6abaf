"""Multi-user authorization: a vault's critical operations need the leave of its resource guard.

Both resource providers that change vaults ask here. A request shows the leave it has by naming
the guard's requests; where roles are enforced, the caller must be allowed them on the guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from ..arm.calls import Call
from ..domain import critical_operations
from ..domain.errors import Kind, Refused, invalid_input
from ..domain.policy_weakening import weakened
from ..domain.vault_settings import Settings
from ..store import resource_guard_proxies
from ..store.role_assignments import allows
from ..store.tables import policies

FIELD = "resourceGuardOperationRequests"


def mapping(connection: Connection, vault: Row[Any]) -> Row[Any] | None:
    """Return a vault's mapping to a guard, or ``None``."""
    return resource_guard_proxies.find(connection, vault.key)


def permit(
    call: Call,
    vault: Row[Any],
    operation: str,
    requests: Sequence[str] | None,
    *,
    field: str = f"properties.{FIELD}",
) -> None:
    """Let a critical operation pass if no guard protects it, or with the leave of the guard.

    Raises ``Refused``: the request is missing (403) or another one (400), or is not the
    caller's to bring (403).
    """
    guard = guard_of(call.connection, vault, operation)
    if guard is not None:
        check(call, vault, guard, operation, requests, field=field)


def permit_settings(
    call: Call, vault: Row[Any], after: Settings, requests: Sequence[str] | None
) -> None:
    """Let a change of a vault's settings pass, whatever is critical in it. Raises ``Refused``."""
    for operation in critical_operations.of_settings(vault.properties, after):
        permit(call, vault, operation, requests)


def permit_policy_of_item(
    call: Call, vault: Row[Any], item: Row[Any], policy_key: int, requests: Sequence[str] | None
) -> None:
    """Let an item go to another policy; a weaker one is critical. Raises ``Refused``."""
    if item.policy_key in (None, policy_key):
        return
    found = select(policies.c.key, policies.c.document).where(
        policies.c.key.in_([item.policy_key, policy_key])
    )
    documents = {row.key: row.document for row in call.connection.execute(found)}
    if weakened(documents[item.policy_key], documents[policy_key]):
        permit(call, vault, critical_operations.UPDATE_ITEM, requests)


def permit_deletion(call: Call, vault: Row[Any], operation: str, resource_id: str) -> None:
    """Let a deletion pass that no guard protects from, or that is unlocked. Raises ``Refused``."""
    guard = guard_of(call.connection, vault, operation)
    if guard is None or resource_guard_proxies.is_unlocked(
        call.connection, vault.key, resource_id, call.now
    ):
        return
    raise _required(
        vault,
        operation,
        f"unlock it first: POST {vault.id}/backupResourceGuardProxies/VaultProxy/unlockDelete with "
        f"{FIELD} [{critical_operations.request(guard, operation)}] and resourceToBeDeleted "
        f"'{resource_id}'",
    )


def guard_of(connection: Connection, vault: Row[Any], operation: str) -> str | None:
    """Return the id of the guard that protects an operation on a vault, or ``None``."""
    mapped = mapping(connection, vault)
    if mapped is None or operation not in critical_operations.guarded(mapped.guard):
        return None
    guard_id: str = mapped.guard_id
    return guard_id


def check(
    call: Call,
    vault: Row[Any],
    guard_id: str,
    operation: str,
    requests: Sequence[str] | None,
    *,
    field: str,
) -> None:
    """Refuse requests that do not show a guard's leave for an operation. Raises ``Refused``."""
    wanted = critical_operations.request(guard_id, operation)
    if not requests:
        raise _required(vault, operation, f"send {field} ['{wanted}']", target=field)
    if wanted.lower() not in _folded(requests):
        raise invalid_input(
            field, f"none of {', '.join(requests)} is the request that is needed, '{wanted}'"
        )
    check_linked(call, guard_id, critical_operations.linked_action(operation))


def _folded(requests: Iterable[str]) -> set[str]:
    return {each.rstrip("/").lower() for each in requests}


def check_linked(call: Call, guard_id: str, action: str) -> None:
    """Refuse a caller who may not do something on a guard, in Resource Manager's words."""
    caller = call.caller
    if caller is None or caller.is_owner:
        return
    if allows(call.connection, caller.object_id, action, guard_id):
        return
    raise Refused(
        Kind.FORBIDDEN,
        "LinkedAuthorizationFailed",
        f"The client '{caller.name}' with object id '{caller.object_id}' has permission to perform "
        f"the request on scope '{call.url_path}'; however, it does not have permission to perform "
        f"action '{action}' on the linked scope(s) '{guard_id}' or the linked scope(s) are "
        "invalid.",
    )


def _required(vault: Row[Any], operation: str, how: str, *, target: str | None = None) -> Refused:
    return Refused(
        Kind.FORBIDDEN,
        "UserErrorResourceGuardRequired",
        f"The vault '{vault.name}' is mapped to a resource guard that protects the critical "
        f"operation '{operation}'; {how}.",
        target=target,
    )
