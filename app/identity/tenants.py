"""Tenants: every GUID and every domain name is one, and so are the words that stand for any."""

from __future__ import annotations

import re

from ..domain import ids
from ..domain.tenancy import TENANT_ID
from .refusals import tenant_unknown

ADFS = "adfs"
_ANY = ("common", "organizations", "consumers", ADFS)
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.IGNORECASE)


def tenant_id(name: str) -> str:
    """Return the id of the tenant in a path. Raises ``SignInRefused``."""
    if ids.parse_guid(name):
        return name.lower()
    if name.lower() in _ANY or _DOMAIN.fullmatch(name):
        return TENANT_ID
    raise tenant_unknown(name)
