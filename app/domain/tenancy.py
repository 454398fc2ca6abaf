"""Who owns a world: one tenant, and a subscription to show while nothing is in any."""

from __future__ import annotations

TENANT_ID = "00000000-0000-0000-0000-000000000001"
"""The one tenant. Tokens are opaque here, so no client has to name it."""

DEFAULT_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
"""What a list of subscriptions shows as long as none of them holds anything."""
