"""What ``--auth rbac`` asks of a request: a token that was signed here, and a role that allows it.

Codes and sentences are Resource Manager's; the rest is docs/decisions/0051.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from ..arm.calls import Answer, Caller, Endpoint
from ..domain.errors import Kind, Refused
from ..domain.instants import SECOND, to_datetime
from ..domain.scopes import subscription_of
from ..domain.tenancy import principal_id
from ..store.role_assignments import allows, has_any_below
from .actions import Action, action_of, scope_of
from .clouds import audiences
from .refusals import SignInRefused
from .tokens import InvalidToken, Issuer, issuer_of, seconds_now

_EVERYBODY = frozenset({"Tenants_List", "Operations_List"})
"""What asks for a token and for no role."""
_INSIDERS = frozenset(
    f"Microsoft.Resources/subscriptions/{name}"
    for name in ("read", "locations/read", "providers/read", "operationresults/read")
)
"""What whoever has any role in a subscription may read of it."""
_ARM = tuple(f"https://management.{domain}" for domain in ("core.windows.net", "azure.com"))


class Guard:
    """Knows who may do what; ``admins`` are client ids, user names or object ids of owners."""

    def __init__(self, issuer: Issuer, admins: tuple[str, ...]) -> None:
        self._owners = {name.lower() for name in admins} | {principal_id(name) for name in admins}
        self._read = lru_cache(maxsize=256)(issuer.read)
        self._actions: dict[str, Action] = {}

    # --- who it is -----------------------------------------------------------------------

    def identify(self, headers: Mapping[str, str], base_url: str) -> Caller:
        """Return who sent a request. Raises ``Refused``: 401 as Resource Manager words it."""
        claims = self._claims(headers)
        expiry, start = claims.get("exp"), claims.get("nbf")
        if not isinstance(expiry, int) or not isinstance(start, int) or "ver" not in claims:
            raise _unauthenticated("InvalidAuthenticationToken", "The access token is invalid.")
        _check_time(start, expiry)
        _check_audience(str(claims.get("aud")), base_url)
        tenant = str(claims.get("tid"))
        if claims.get("iss") != issuer_of(tenant):
            raise _unauthenticated(
                "InvalidAuthenticationTokenTenant",
                f"The access token is from the wrong issuer '{claims.get('iss')}'. It must match "
                f"the tenant '{issuer_of(tenant)}' associated with this subscription.",
            )
        own = str(claims.get("oid"))
        name = str(claims.get("upn") or claims.get("appid"))
        return Caller(own, name, is_owner=own in self._owners)

    def _claims(self, headers: Mapping[str, str]) -> dict[str, Any]:
        sent = headers.get("authorization")
        if sent is None:
            raise _unauthenticated(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            )
        scheme, _, token = sent.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthenticated(
                "AuthenticationFailedInvalidHeader",
                "Authentication failed. The 'Authorization' header is provided in an invalid "
                "format.",
            )
        try:
            return self._read(token.strip())
        except SignInRefused as problem:
            raise Refused(Kind.UNAVAILABLE, "ServiceUnavailable", problem.text) from problem
        except InvalidToken:
            raise _unauthenticated(
                "InvalidAuthenticationToken", "The access token is invalid."
            ) from None

    # --- what he may do ------------------------------------------------------------------

    def permit(
        self, connection: Connection, endpoint: Endpoint, path: str, caller: Caller
    ) -> Callable[[Answer], Answer]:
        """Return what an answer is passed through: as it is, or less what one may not see.

        Raises ``Refused``: 403, naming who lacks which action where.
        """
        if caller.is_owner or endpoint.operation_id in _EVERYBODY:
            return _as_it_is
        action = self._action(endpoint)
        scope = scope_of(action, path)
        name = _spelled(action.name, path)
        if self._allows(connection, caller, name, scope):
            return _as_it_is
        if action.is_list and len(scope.split("/")) <= 5:
            return lambda answer: self._narrowed(connection, caller, name, answer)
        raise Refused(
            Kind.FORBIDDEN,
            "AuthorizationFailed",
            f"The client '{caller.name}' with object id '{caller.object_id}' does not have "
            f"authorization to perform action '{name}' over scope '{scope}' or the scope is "
            "invalid. If access was recently granted, please refresh your credentials.",
        )

    def _action(self, endpoint: Endpoint) -> Action:
        found = self._actions.get(endpoint.operation_id)
        if found is None:
            found = self._actions[endpoint.operation_id] = action_of(endpoint)
        return found

    def _allows(self, connection: Connection, caller: Caller, name: str, scope: str) -> bool:
        subscription = subscription_of(scope)
        if name in _INSIDERS and subscription is not None:
            below = f"/subscriptions/{subscription}"
            if has_any_below(connection, caller.object_id, below):
                return True
        return allows(connection, caller.object_id, name, scope)

    def _narrowed(
        self, connection: Connection, caller: Caller, name: str, answer: Answer
    ) -> Answer:
        """Return a list without what the caller may not read, as Resource Manager shows it."""
        if not isinstance(answer.body, dict) or "value" not in answer.body:
            return answer
        seen = [
            each
            for each in answer.body["value"]
            if self._allows(connection, caller, name, str(each.get("id", "/")))
        ]
        body = {**answer.body, "value": seen}
        if "count" in body:
            body["count"] = {"type": "Total", "value": len(seen)}
        return Answer(answer.status, body, answer.headers)


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _spelled(name: str, path: str) -> str:
    """Return an action whose namespace stands in the path."""
    if not name.startswith("{"):
        return name
    parts = path.split("/")
    return parts[parts.index("providers") + 1] + name[name.index("}") + 1 :]


def _check_time(start: int, expiry: int) -> None:
    now = seconds_now()
    if expiry <= now:
        raise _unauthenticated(
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{_shown(expiry)}' is earlier than current UTC "
            f"time '{_shown(now)}'.",
        )
    if start > now + 300:
        raise _unauthenticated("InvalidAuthenticationToken", "The access token is not yet valid.")


def _shown(second: int) -> str:
    try:
        moment = to_datetime(second * SECOND)
    except (OverflowError, ValueError):
        return str(second)
    return f"{moment:%-m/%-d/%Y %-I:%M:%S %p}"


def _check_audience(audience: str, base_url: str) -> None:
    """Refuse a token for another resource; HTTP and HTTPS are one server on two ports."""
    if audience.rstrip("/") in _ARM or _host(audience) == _host(base_url):
        return
    allowed = [each for one in audiences(base_url) for each in (one, one.rstrip("/") + "/")]
    named = ",".join(f"'{each}'" for each in dict.fromkeys(allowed))
    raise _unauthenticated(
        "InvalidAuthenticationTokenAudience",
        f"The access token has been obtained for wrong audience or resource '{audience}'. It "
        f"should exactly match with one of the allowed audiences {named}.",
    )


def _host(url: str) -> str | None:
    """Return the host that a URL without a path names."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname if parts.path in ("", "/") else None


def _unauthenticated(code: str, message: str) -> Refused:
    return Refused(Kind.UNAUTHENTICATED, code, message)
