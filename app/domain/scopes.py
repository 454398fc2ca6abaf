"""Scopes of Resource Manager: the root, a subscription, a group, a resource, what lies in one.

A scope is written as a path; what is assigned at one reaches all that lies below it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import ids
from .resource_ids import ResourceId, group_id, parse

ROOT = "/"
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_GROUP = re.compile(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)", re.IGNORECASE)
_BELOW = re.compile(r"(/subscriptions/[^/]+(?:/[^/]+){6})((?:/[^/]+/[^/]+)*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope: its path in canonical casing, and what has to exist for it to be one."""

    text: str
    subscription: str | None = None
    group: str | None = None
    resource: ResourceId | None = None

    @property
    def folded(self) -> str:
        """The path to compare and to look up by."""
        return self.text.lower()


def read(text: str) -> Scope | None:
    """Read a scope, with or without a slash before it; ``None`` if the text is none."""
    path = "/" + text.strip("/")
    if path == ROOT:
        return Scope(ROOT)
    found = _SUBSCRIPTION.fullmatch(path) or _GROUP.fullmatch(path)
    if found is not None:
        subscription = found[1].lower()
        if ids.parse_guid(subscription) is None:
            return None
        if found.re is _SUBSCRIPTION:
            return Scope(f"/subscriptions/{subscription}", subscription)
        return Scope(group_id(subscription, found[2]), subscription, found[2])
    return _resource(path)


def _resource(path: str) -> Scope | None:
    found = _BELOW.fullmatch(path)
    resource = None if found is None else parse(found[1])
    if found is None or resource is None:
        return None
    subscription = resource.subscription.lower()
    own = ResourceId(subscription, resource.group, resource.type, resource.name)
    return Scope(own.text + found[2], subscription, resource.group, own)


def reaching(folded: str) -> list[str]:
    """Return the scopes whose assignments reach a folded scope: itself and those above it."""
    parts = folded.strip("/").split("/") if folded != ROOT else []
    return [ROOT, *("/" + "/".join(parts[:end]) for end in range(2, len(parts) + 1))]


def subscription_of(path: str) -> str | None:
    """Return the subscription that a path lies in, or ``None``."""
    found = _SUBSCRIPTION.match(path)
    return None if found is None else found[1].lower()
