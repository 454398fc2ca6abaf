"""Credentials that Microsoft's SDKs accept, without any of their packages.

They are what azure-core calls TokenCredential and SupportsTokenInfo, and their asynchronous twins.
A server that takes every token is given one that means nothing; one that enforces roles
(``auth="rbac"``) is asked for a token of its own.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

ANY_TOKEN = "any token will do"
_FAR_AHEAD = 4_000_000_000
"""October 2096, in seconds since 1970: no client asks for a second token."""


class AccessToken(NamedTuple):
    """A token as azure-core's ``get_token`` returns it."""

    token: str
    expires_on: int
    """Seconds since 1970, by the wall clock."""


@dataclass(frozen=True)
class AccessTokenInfo:
    """A token as azure-core's ``get_token_info`` returns it."""

    token: str
    expires_on: int
    """Seconds since 1970, by the wall clock."""
    token_type: str = "Bearer"
    refresh_on: int | None = None


Ask = Callable[[], AccessToken]
"""Gets a token."""


def anyone() -> AccessToken:
    """Return a token for a server that looks at none."""
    return AccessToken(ANY_TOKEN, _FAR_AHEAD)


def issued(http_url: str, tenant: str, client_id: str, secret: str) -> Ask:
    """Return what signs an application in at a server, as azure-identity would."""

    def ask() -> AccessToken:
        import httpx

        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": "https://management.azure.com/.default",
        }
        url = f"{http_url}/{tenant}/oauth2/v2.0/token"
        with httpx.Client(verify=False, trust_env=False) as client:
            answer = client.post(url, data=form)
        token = str(answer.raise_for_status().json()["access_token"])
        return AccessToken(token, _end_of(token))

    return ask


def _end_of(token: str) -> int:
    """Return when a token ends, as it says itself."""
    claims = token.split(".")[1]
    read = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return int(read["exp"])


class Credential:
    """Who a synchronous client is; it holds nothing that has to be closed."""

    def __init__(self, ask: Ask = anyone) -> None:
        self._ask = ask

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token; scopes, claims and tenants make no difference."""
        return self._ask()

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token with its type."""
        return AccessTokenInfo(*self._ask())

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def __enter__(self) -> Credential:
        return self

    def __exit__(self, *raised: object) -> None:
        return None


class AsyncCredential:
    """Who an asynchronous client is. A token that is asked for comes from this machine, at once."""

    def __init__(self, ask: Ask = anyone) -> None:
        self._ask = ask

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token; scopes, claims and tenants make no difference."""
        return self._ask()

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return a token with its type."""
        return AccessTokenInfo(*self._ask())

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def __aenter__(self) -> AsyncCredential:
        return self

    async def __aexit__(self, *raised: object) -> None:
        return None
