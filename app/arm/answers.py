"""What an endpoint can answer: what it declares, and what follows from what it is.

A refusal is never repeated by hand where a fact tells it: an endpoint that reads a body can find
it too large, one that looks for a name can miss it. What only a handler knows (a 409 of a read,
a 404 of an id in a body) it declares in ``statuses``. The shape of a success follows from method
and path by ARM's conventions, unless the endpoint says it in ``answers``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from . import etags
from .calls import Endpoint
from .shapes import Shape

CONTROL = "/_emulator"
ALWAYS_FOUND = frozenset({"subscriptionId", "location", "azureRegion"})
"""Names that are not looked up: every GUID is a subscription."""


def statuses_of(each: Endpoint, methods: Collection[str]) -> list[int]:
    """Return every status an endpoint can answer, whose path has these methods.

    405 is in none: it is the answer to the methods that a path does not have.
    """
    if each.anonymous:
        return sorted(each.statuses)
    facts = {
        400: not _is_control(each) or _reads_something(each),
        401: True,
        403: True,
        404: bool(_looked_up(each)),
        409: changes_rows(each),
        412: is_preconditioned(each, methods),
        413: each.body is not None,
        415: each.body is not None and not _is_control(each),
        503: True,
        507: changes_rows(each),
    }
    return sorted({*each.statuses, *(status for status, fact in facts.items() if fact)})


def shape_of(each: Endpoint, methods: Collection[str]) -> Shape | Mapping[str, Any]:
    """Return what a 200 or 201 shows: a shape, or a JSON schema of its own."""
    if each.answers is not None:
        return each.answers
    if each.method in ("HEAD", "DELETE"):
        return Shape.NOTHING
    if each.method == "POST":
        return Shape.OBJECT
    # What has a fixed name is a list, unless it can be written: then there is one of it.
    is_list = not each.template.endswith("}") and not {"PUT", "PATCH"} & set(methods)
    return Shape.RESOURCES if is_list else Shape.RESOURCE


def is_preconditioned(each: Endpoint, methods: Collection[str]) -> bool:
    """Tell whether an endpoint heeds eTags: it changes what can also be read."""
    return each.method in etags.WRITES and "GET" in methods and not _is_control(each)


def is_versioned(each: Endpoint, methods: Collection[str]) -> bool:
    """Tell whether what an endpoint shows has an eTag."""
    return etags.is_versioned(each, methods) and not _is_control(each)


def changes_rows(each: Endpoint) -> bool:
    """Tell whether an endpoint writes, or is polled and so lets time pass.

    Meanwhile the world may be reset by another client (409) or the disk may be full (507).
    """
    return each.writes or 202 in each.statuses or each.answers is Shape.OPERATION


def _reads_something(each: Endpoint) -> bool:
    """Tell whether an endpoint reads what may be wrong: a body, a query, a name in its path."""
    return each.body is not None or bool(each.query) or "{" in each.template


def _is_control(each: Endpoint) -> bool:
    return each.template.startswith(CONTROL)


def _looked_up(each: Endpoint) -> set[str]:
    """Return the names in the path that something must have; what a PUT names last, it creates."""
    segments = each.template.split("/")
    if each.method == "PUT":
        segments = segments[:-1]
    return {part.strip("{}") for part in segments if part.startswith("{")} - ALWAYS_FOUND
