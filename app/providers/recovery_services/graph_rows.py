"""What Resource Graph knows of vaults: each as a reader sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from ...arm.calls import Call
from ...store.metadata import Document
from ...store.tables import vaults
from . import vault_documents


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the vaults of some subscriptions, or of all; deleted ones are not among them."""
    found = select(vaults).where(vaults.c.deleted_at.is_(None)).order_by(vaults.c.folded)
    if subscriptions:
        found = found.where(vaults.c.subscription.in_(sorted(subscriptions)))
    for vault in call.connection.execute(found).all():
        yield vault_documents.render(call, vault)
