"""URIs of keys in key vaults that are emulated: theirs have a host name of this service."""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import host_names

_OURS = re.compile(
    rf"https://([^./]+)\.{re.escape(host_names.KEY_VAULTS)}/keys/([^/]+)(?:/([^/]+))?/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class KeyUri:
    """A key of a key vault, and one of its versions if the URI names any."""

    key_vault: str
    key: str
    version: str | None


def parse(uri: str) -> KeyUri | None:
    """Return what a URI names, or ``None`` where its key vault is not one of this service."""
    found = _OURS.fullmatch(uri)
    return None if found is None else KeyUri(*found.groups())
