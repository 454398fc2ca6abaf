"""What Resource Graph knows of vaults: each as a reader sees it, deleted ones as such."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from ...arm.calls import Call
from ...domain.resource_ids import DELETED_VAULT_TYPE
from ...store.metadata import Document
from ...store.resource_tables import subscription_resources
from ...store.tables import vaults
from . import deleted_vaults, vault_documents


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the vaults of some subscriptions, or of all; deleted ones are not among them."""
    found = select(vaults).where(vaults.c.deleted_at.is_(None)).order_by(vaults.c.folded)
    if subscriptions:
        found = found.where(vaults.c.subscription.in_(sorted(subscriptions)))
    for vault in call.connection.execute(found).all():
        yield vault_documents.render(call, vault)


def deleted_graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the deleted vaults of some subscriptions, or of all, as their list shows them."""
    kept = subscription_resources
    found = select(kept).where(kept.c.type_folded == DELETED_VAULT_TYPE.lower())
    if subscriptions:
        found = found.where(kept.c.subscription.in_(sorted(subscriptions)))
    for deleted in call.connection.execute(found.order_by(kept.c.folded)).all():
        yield deleted_vaults.render(deleted)
