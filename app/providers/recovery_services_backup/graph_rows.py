"""What Resource Graph knows of backups: protected items, also those of deleted vaults."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Row, select

from ...arm.calls import Call
from ...store.metadata import Document
from ...store.tables import items, policies, vaults
from ...store.vaults import deleted_vault_id
from . import item_documents

_OF_DELETED = "microsoft.recoveryservices/locations/deletedvaults"
_BELOW = "/backupfabrics/protectioncontainers/protecteditems"


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the items of vaults in some subscriptions, or in all."""
    found = select(vaults).order_by(vaults.c.folded, vaults.c.key)
    if subscriptions:
        found = found.where(vaults.c.subscription.in_(sorted(subscriptions)))
    for vault in call.connection.execute(found).all():
        for shown in _items(call, vault):
            if vault.deleted_at is None:
                yield shown
            else:
                own_id = f"{deleted_vault_id(vault)}{shown['id'].removeprefix(vault.id)}"
                yield shown | {"id": own_id, "type": f"{_OF_DELETED}{_BELOW}"}


def _items(call: Call, vault: Row[Any]) -> Iterator[Document]:
    held = select(items).where(items.c.vault_key == vault.key).order_by(items.c.folded_name)
    found = call.connection.execute(held).all()
    facts = item_documents.facts_of(call, [item.key for item in found])
    named = select(policies.c.key, policies.c.name).where(policies.c.vault_key == vault.key)
    names = {row.key: row.name for row in call.connection.execute(named)}
    for item in found:
        name = names.get(item.policy_key, "")
        shown = item_documents.render(call, vault, item, name, facts[item.key])
        yield shown | {"location": vault.location}
