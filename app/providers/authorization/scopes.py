"""The scope in a path of Microsoft.Authorization: read, and looked up."""

from __future__ import annotations

import re

from sqlalchemy import select

from ...arm.calls import Call
from ...domain.errors import Refused, invalid, resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from ...domain.scopes import Scope, read
from ...store.resource_tables import resources
from ...store.vaults import get_group, get_vault

TAG = "Authorization"
PREFIX = "/{scope}/providers/Microsoft.Authorization"


def scope_of(call: Call) -> Scope:
    """Return the scope in the path. Raises ``Refused`` for one that is none."""
    found = read(call.path["scope"])
    if found is None:
        raise invalid(
            "InvalidScope", f"The scope '/{call.path['scope']}' is not valid.", target="scope"
        )
    return found


def existing_scope(call: Call) -> Scope:
    """Return the scope in the path. Raises ``Refused``: the group or the resource is missing."""
    scope = scope_of(call)
    if scope.subscription is None or scope.group is None:
        return scope
    get_group(call.connection, scope.subscription, scope.group)
    own = scope.resource
    if own is None:
        return scope
    if own.type.lower() == VAULT_TYPE.lower():
        get_vault(call.connection, own.subscription, own.group, own.name)
        return scope
    found = select(resources.c.folded).where(resources.c.folded == own.folded)
    if call.connection.execute(found).first() is None:
        raise resource_not_found(own.type, own.name, own.group)
    return scope


_TERM = re.compile(
    r"(?P<function>atScope|atScopeAndBelow|assignedTo)\(\s*(?:'(?P<argument>[^']*)')?\s*\)"
    r"|(?P<key>principalId|roleName|type)\s+eq\s+'(?P<value>[^']*)'",
    re.IGNORECASE,
)


def read_filter(call: Call, *allowed: str) -> dict[str, str]:
    """Return the terms of ``$filter``, joined by ``and``: ``atScope()``, ``key eq 'value'``.

    Raises ``Refused`` for any other term.
    """
    text = call.query.get("$filter", "").strip()
    terms: dict[str, str] = {}
    by_folded = {name.lower(): name for name in allowed}
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text else ():
        match = _TERM.fullmatch(part.strip())
        name = None
        if match is not None:
            name = by_folded.get((match["function"] or match["key"]).lower())
        if match is None or name is None or name in terms:
            raise _not_understood(text, allowed)
        terms[name] = match["argument"] or match["value"] or ""
    return terms


def _not_understood(text: str, allowed: tuple[str, ...]) -> Refused:
    return invalid(
        "InvalidFilterInQueryString",
        f"$filter: '{text}' is not understood; joined by 'and', each once: {', '.join(allowed)}.",
        target="$filter",
    )
