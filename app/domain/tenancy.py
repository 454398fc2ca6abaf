"""Who owns a world: one tenant, and a subscription to show while nothing is in any."""

from __future__ import annotations

from . import ids

TENANT_ID = "00000000-0000-0000-0000-000000000001"
"""The tenant of the subscriptions; a client that names another is served alike."""

DEFAULT_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""What a list of subscriptions shows as long as none of them holds anything."""


def principal_id(name: str) -> str:
    """Return the object id of a client id or a user name: everybody has one."""
    return ids.guid(ids.md5_hex(f"principal/{name.lower()}"))
