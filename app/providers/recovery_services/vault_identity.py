"""A vault's managed identities; the rules are those of every resource (managed_identities.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain.documents import Document
from ..managed_identities import Holder, ManagedIdentity, assign


def created(
    call: Call, vault_id: str, vault_key: int, asked: ManagedIdentity | None
) -> Document | None:
    """Return the identity of a new vault, as the wire shows it. Raises ``Refused``."""
    return _assigned(call, vault_id, vault_key, None, asked, partial=False)


def replaced(call: Call, vault: Row[Any], asked: ManagedIdentity | None) -> Document | None:
    """Return a vault's identity after a PUT. Raises ``Refused``."""
    return _assigned(call, vault.id, vault.key, vault.identity, asked, partial=False)


def patched(call: Call, vault: Row[Any], asked: ManagedIdentity | None) -> Document | None:
    """Return a vault's identity after a PATCH. Raises ``Refused``."""
    return _assigned(call, vault.id, vault.key, vault.identity, asked, partial=True)


def _assigned(
    call: Call,
    vault_id: str,
    vault_key: int,
    before: Document | None,
    asked: ManagedIdentity | None,
    *,
    partial: bool,
) -> Document | None:
    if asked is None:
        return before
    holder = Holder(vault_id, ("vault-identity", vault_key, call.now), "resourcegroups")
    return assign(call, holder, before, asked.wire(), partial=partial)
