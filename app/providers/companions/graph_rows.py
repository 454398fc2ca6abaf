"""What Resource Graph knows of companion resources: each as a reader sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from ...arm.calls import Call
from ...store.metadata import Document
from ...store.resource_tables import resource_groups, resources
from .table import TYPES


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the companion resources of some subscriptions, or of all."""
    groups = select(resource_groups.c.folded)
    if subscriptions:
        groups = groups.where(resource_groups.c.subscription.in_(sorted(subscriptions)))
    for kind in TYPES:
        if not kind.located:
            continue
        found = (
            select(resources)
            .where(
                resources.c.type_folded == kind.type_name.lower(),
                resources.c.group_folded.in_(groups),
            )
            .order_by(resources.c.folded)
        )
        yield from kind.render(call, call.connection.execute(found).all())
