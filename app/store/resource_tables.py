"""The tables of what is Resource Manager's: groups, resources, operations, roles, deployments.

Everything else is in ``tables.py``, which says what instants and keys are.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Table,
    TypedColumns,
)
from sqlalchemy.types import JSON

from .metadata import Document, metadata, text_of


class ResourceGroupColumns(TypedColumns):
    """Resource groups; ``folded`` is the lower-case id that ARM compares by."""

    folded = Column(text_of(400), primary_key=True)
    id = Column(text_of(400), nullable=False)
    subscription = Column(text_of(36), nullable=False, index=True)
    name = Column(text_of(90), nullable=False)
    location = Column(text_of(90), nullable=False)
    tags: Column[Document] = Column(JSON, nullable=False)


resource_groups = Table("resource_groups", metadata, ResourceGroupColumns)


class ResourceColumns(TypedColumns):
    """Companion resources of every type: a document, and what clients never see (``hidden``)."""

    folded = Column(text_of(600), primary_key=True)
    id = Column(text_of(600), nullable=False)
    group_folded = Column(
        text_of(400),
        ForeignKey(resource_groups.c.folded, ondelete="CASCADE"),
        nullable=False,
        index=True,
    )
    type_folded = Column(text_of(120), nullable=False)
    name = Column(text_of(260), nullable=False)
    location = Column(text_of(90), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    hidden: Column[Document] = Column(JSON, nullable=False)
    created_at = Column(BigInteger, nullable=False)
    changed_at = Column(BigInteger, nullable=False)


resources = Table("resources", metadata, ResourceColumns)
Index("ix_resources_type_folded_folded", resources.c.type_folded, resources.c.folded)


class SubscriptionResourceColumns(TypedColumns):
    """What belongs to a subscription and to no group: locks on whatever, and deleted vaults.

    ``scope_folded`` is the lower-case id of what is locked, or of the vault that was.
    """

    folded = Column(text_of(800), primary_key=True)
    id = Column(text_of(800), nullable=False)
    subscription = Column(text_of(36), nullable=False)
    type_folded = Column(text_of(120), nullable=False)
    scope_folded = Column(text_of(600), nullable=False)
    name = Column(text_of(260), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    created_at = Column(BigInteger, nullable=False)


subscription_resources = Table("subscription_resources", metadata, SubscriptionResourceColumns)
Index(
    "ix_subscription_resources_subscription_type_folded",
    subscription_resources.c.subscription,
    subscription_resources.c.type_folded,
)


class OperationColumns(TypedColumns):
    """ARM's asynchronous operations; their status follows from ``ends_at`` and the clock.

    ``outcome`` is what the status of one without a job shows once it is over, ``held_by`` the fault
    that keeps one from coming to its end.
    """

    operation_id = Column(text_of(32), primary_key=True)
    scope = Column(text_of(600), nullable=False)
    kind = Column(text_of(40), nullable=False)
    started_at = Column(BigInteger, nullable=False)
    ends_at = Column(BigInteger, nullable=False)
    job_id: Column[str | None] = Column(text_of(32), nullable=True)
    outcome: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)
    held_by: Column[str | None] = Column(text_of(12), nullable=True)


operations = Table("operations", metadata, OperationColumns)
Index("ix_operations_scope_started_at", operations.c.scope, operations.c.started_at)


class RoleAssignmentColumns(TypedColumns):
    """Who has which role where; ``folded`` is the lower-case id, which begins with the scope."""

    folded = Column(text_of(700), primary_key=True)
    id = Column(text_of(700), nullable=False)
    scope_folded = Column(text_of(600), nullable=False, index=True)
    scope = Column(text_of(600), nullable=False)
    subscription: Column[str | None] = Column(text_of(36), nullable=True)
    name = Column(text_of(36), nullable=False)
    role_id = Column(text_of(36), nullable=False)
    principal_id = Column(text_of(36), nullable=False, index=True)
    created_by = Column(text_of(36), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    created_at = Column(BigInteger, nullable=False)
    changed_at = Column(BigInteger, nullable=False)


role_assignments = Table("role_assignments", metadata, RoleAssignmentColumns)


class DeploymentColumns(TypedColumns):
    """Deployments of templates at a resource group or a subscription (``scope_folded``).

    ``state`` is what it comes to at ``ends_at``; before that it runs. ``document`` is what the
    wire shows, ``operations`` what was done with each resource; a secret is in neither.
    """

    folded = Column(text_of(500), primary_key=True)
    id = Column(text_of(500), nullable=False)
    scope_folded = Column(text_of(400), nullable=False)
    name = Column(text_of(64), nullable=False)
    state = Column(text_of(10), nullable=False)
    started_at = Column(BigInteger, nullable=False)
    ends_at = Column(BigInteger, nullable=False)
    operation_id = Column(text_of(32), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    operations: Column[list[Document]] = Column(JSON, nullable=False)
    template: Column[Document] = Column(JSON, nullable=False)


deployments = Table("deployments", metadata, DeploymentColumns)
Index(
    "ix_deployments_scope_folded_started_at",
    deployments.c.scope_folded,
    deployments.c.started_at,
)
