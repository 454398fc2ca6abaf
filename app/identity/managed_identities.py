"""Managed identities: the two places where code inside Azure asks for a token without a secret.

A VM asks the instance metadata service (IMDS), an App Service its own endpoint; both over HTTP.
Expiry is written as text, as both do (clients.md 1.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arm.calls import Answer, Describe, Endpoint, Visit, endpoint
from ..arm.shapes import Shape
from ..domain import ids
from ..domain.tenancy import TENANT_ID
from . import tokens
from .clouds import TAG
from .refusals import NO_STORE, SignInRefused, refusing
from .tokens import LIFETIME, Identity, Issuer

SYSTEM_ASSIGNED = ids.guid(ids.md5_hex("system-assigned identity"))
"""The client id of who asks without saying which identity: there is one."""
_ASKED = ("resource", "client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id")


def _refused(text: str, *, status: int = 400) -> SignInRefused:
    return SignInRefused("invalid_request", 0, text, status=status)


def _identity(visit: Visit) -> Identity:
    for name in ("client_id", "clientid"):
        client = visit.query.get(name)
        if client:
            if ids.parse_guid(client) is None:
                raise _refused(f"Identity not found: {name} '{client[:100]}' is no GUID")
            return Identity(client.lower())
    for name in ("mi_res_id", "msi_res_id"):
        resource = visit.query.get(name)
        if resource:
            own = ids.guid(ids.md5_hex(f"user-assigned identity/{resource.lower()}"))
            return Identity(own, resource_id=resource)
    for name in ("object_id", "principal_id"):
        if visit.query.get(name):
            raise _refused(f"Identity not found: name it by client_id, not by {name}")
    return Identity(SYSTEM_ASSIGNED)


def _token(visit: Visit, issuer: Issuer) -> dict[str, Any]:
    resource = visit.query.get("resource")
    if not resource:
        raise _refused("Required query variable 'resource' is missing")
    if len(resource) > 500 or not resource.isprintable():
        raise _refused("The resource is not a valid one")
    who = _identity(visit)
    claims = tokens.access_claims(who, TENANT_ID, resource)
    return {
        "access_token": issuer.sign(claims),
        "client_id": who.client_id,
        "expires_in": str(LIFETIME),
        "expires_on": str(claims["exp"]),
        "ext_expires_in": str(LIFETIME),
        "not_before": str(claims["nbf"]),
        "resource": resource,
        "token_type": "Bearer",
    }


def _asked(
    path: str, operation_id: str, headers: Mapping[str, str], query: tuple[str, ...]
) -> Describe:
    return endpoint(
        "GET",
        path,
        operation_id,
        tag=TAG,
        anonymous=True,
        query=("api-version", *query),
        headers=headers,
        statuses=(200, 400, 401, 503),
        answers={"type": "object", "required": ["access_token", "expires_on", "token_type"]},
        refuses=Shape.SIGN_IN_ERROR,
    )


def endpoints_of(issuer: Issuer) -> tuple[Endpoint, ...]:
    """Return the endpoints that give tokens to managed identities."""

    @_asked(
        "/metadata/identity/oauth2/token",
        "ManagedIdentity_GetVmToken",
        {"Metadata": "true"},
        _ASKED,
    )
    @refusing
    def for_vm(visit: Visit) -> Answer:
        """Issue a token to a VM's identity; the header Metadata: true is demanded."""
        if visit.headers.get("metadata", "").lower() != "true":
            raise _refused("Required metadata header not specified")
        if not visit.query.get("api-version"):
            raise _refused("Bad request. api-version was not specified in the request")
        return Answer(body=_token(visit, issuer), headers=NO_STORE)

    @_asked(
        "/msi/token",
        "ManagedIdentity_GetAppServiceToken",
        {"X-IDENTITY-HEADER": "any", "secret": "any"},
        (*_ASKED, "clientid"),
    )
    @refusing
    def for_app_service(visit: Visit) -> Answer:
        """Issue a token to an app's identity (api-version 2019-08-01, or 2017-09-01)."""
        is_new = visit.query.get("api-version", "") >= "2019-08-01"
        header = "x-identity-header" if is_new else "secret"
        if not visit.headers.get(header):
            raise _refused(f"The header '{header}' is missing", status=401)
        return Answer(body=_token(visit, issuer), headers=NO_STORE)

    return (for_vm, for_app_service)
