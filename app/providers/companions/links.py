"""References from one resource to another: what is well formed, what must exist, where it lies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...domain import resource_ids
from ...domain.errors import Refused, invalid, resource_not_found
from ...store import rows
from .store import Write, missing_parameter


def get_linked(write: Write, sent: str | None, field: str, type_name: str) -> Row[Any]:
    """Return the resource that a request names by id, as Compute looks it up.

    Raises ``Refused``: no id of the type (400), or nothing is there (404).
    """
    parsed = _parsed(sent, field, type_name)
    found = rows.find(write.call.connection, parsed.folded)
    if found is None:
        raise resource_not_found(type_name, parsed.name, parsed.group)
    return found


def get_in_region(write: Write, sent: str | None, field: str, type_name: str) -> Row[Any]:
    """Return the resource that a request names by id, as Network looks it up: in its own region.

    Raises ``Refused`` (400).
    """
    parsed = _parsed(sent, field, type_name)
    found = rows.find(write.call.connection, parsed.folded)
    if found is None or found.location != write.location:
        raise not_referable(str(sent), write.id, field)
    return found


def _parsed(sent: str | None, field: str, type_name: str) -> resource_ids.ResourceId:
    if not sent:
        raise missing_parameter(field.removeprefix("properties."))
    parsed = resource_ids.parse(sent)
    if parsed is None or parsed.type.lower() != type_name.lower():
        raise invalid_linked_id(sent, field, type_name)
    return parsed


def invalid_linked_id(sent: str, field: str, type_name: str) -> Refused:
    """ARM's answer to a reference that is no resource id."""
    return invalid(
        "LinkedInvalidPropertyId",
        f"Property id '{sent}' at path '{field}' is invalid. Expect a fully qualified resource id "
        f"of '{type_name}' that starts with '/subscriptions/{{subscriptionId}}'.",
        target=field,
    )


def not_referable(sent: str, referring: str, field: str) -> Refused:
    """Network's answer to a reference that leads nowhere, or to another region."""
    return invalid(
        "InvalidResourceReference",
        f"{field}: Resource {sent} referenced by resource {referring} was not found. "
        "Please make sure that the referenced resource exists, and that both resources are in "
        "the same region.",
        target=field,
    )
