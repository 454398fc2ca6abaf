"""Restores of databases in the secondary region (azure-backup-semantics 5.3).

They go to a server there, which is registered with a vault of that region: beside what it has, or
as files. Codes that no source tells are in docs/decisions/0101.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.documents import Document
from ...domain.errors import invalid_input
from ...domain.jobs import Operation
from ...domain.resource_ids import parse
from ...engine import database_restores as engine
from ...store.vaults import find_vault
from . import database_points, database_restores
from .cross_region import get_point, replicated_until
from .database_restores import ALTERNATE, CONTAINER_ID, ORIGINAL, Side
from .restore_bodies import RestoreRequest
from .restore_choices import check_vault_allows_other_subscription

_CONTAINER = "properties.targetInfo.containerId"


def begin(call: Call, vault: Row[Any], item: Row[Any], asked: RestoreRequest, region: str) -> str:
    """Begin the restore of a database and return its job's id. Raises ``Refused``."""
    _refuse_what_does_not_cross(asked)
    detail = database_restores.check(call, item, asked, _there(call, vault, item, region))
    return engine.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        detail=detail | _where(vault, asked, region),
        activity_id=call.client_request_id,
        operation=Operation.CROSS_REGION_RESTORE,
    )


def _refuse_what_does_not_cross(asked: RestoreRequest) -> None:
    if asked.object_type.lower().endswith("withrehydraterequest"):
        raise invalid_input(
            "properties.objectType", "points of the archive are not in the secondary region"
        )
    if asked.recovery_type == ORIGINAL:
        raise invalid_input(
            "properties.recoveryType",
            f"{ORIGINAL} is not possible in the secondary region; allowed: {ALTERNATE}",
        )


def _where(vault: Row[Any], asked: RestoreRequest, region: str) -> Document:
    """Return what the job tells of both vaults."""
    sent = asked.target_info.container_id if asked.target_info else None
    match = CONTAINER_ID.fullmatch(sent or "")
    assert match is not None, "the target was found by it"
    return {"location": region, "vault": vault.id, "target_vault": match["vault"]}


def _there(call: Call, vault: Row[Any], item: Row[Any], region: str) -> Side:
    """Return the side of a vault's secondary region."""
    until = replicated_until(call, vault)
    return Side(
        region,
        lambda: get_point(call, vault, item),
        lambda: database_points.ranges_of(call, item, until),
        lambda sent: _home(call, vault, sent, region),
        f"a vault in '{region}'",
    )


def _home(call: Call, vault: Row[Any], sent: str, region: str) -> Row[Any] | None:
    """Return the vault that the target's server is registered with; it must be there as well."""
    named = parse(sent)
    home = None if named is None else find_vault(call.connection, named)
    if home is None:
        return None
    if home.location != region:
        raise invalid_input(
            _CONTAINER,
            f"vault '{home.name}' is in '{home.location}', the restore goes to '{region}'; name a "
            "server that is registered with a vault there",
        )
    if home.subscription != vault.subscription:
        check_vault_allows_other_subscription(vault, _CONTAINER)
    return home
