"""Where the blobs of a storage account are found: a folder of our own host.

Azure gives each account a host name; a test double has one (docs/decisions/0020). Azurite's
clients know this form: the account is the first part of the path, here below ``/_blob``.
"""

from __future__ import annotations

PREFIX = "/_blob"


def endpoint_of(base_url: str, account: str) -> str:
    """Return a storage account's blob endpoint, with a slash at its end as Azure writes it."""
    return f"{base_url}{PREFIX}/{account}/"
