"""The token endpoint: every grant that clients use, for any tenant and any credential.

A secret, a password and the signature of a client's assertion are not compared with anything:
docs/decisions/0050 says what that means.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..arm.calls import Answer, Describe, Endpoint, Visit, endpoint
from ..arm.shapes import Shape
from ..domain import ids
from . import tokens
from .clouds import TAG
from .refusals import NO_STORE, SignInRefused, missing, refusing, resource_unknown
from .tenants import tenant_id
from .tokens import LIFETIME, REFRESH_LIFETIME, Identity, InvalidToken, Issuer

USER = "user@rsvault.onmicrosoft.com"
"""Who signs in with a device code: nobody is asked."""
DEVICE_CODE_LIFETIME = 900
_GRAPH_ID = "00000003-0000-0000-c000-000000000000"
_OPEN_ID = frozenset({"openid", "profile", "offline_access", "email"})
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f]+")
_PERMISSION = re.compile(r"[A-Za-z]\w*(\.\w+)+")
"""A permission by its own name, such as User.Read, is one of Microsoft Graph."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_CLIENT = "00000000-0000-0000-0000-000000000002"
_SCOPE = "https://management.azure.com/.default"
_FIELDS = {
    "grant_type": "client_credentials",
    "client_id": _CLIENT,
    "client_secret": "any",
    "scope": _SCOPE,
    **dict.fromkeys(
        (
            "resource", "client_assertion", "client_assertion_type", "username", "password",
            "refresh_token", "device_code", "code", "client_info", "claims", "nonce",
        )
    ),
}  # fmt: skip
_TOKEN = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": ["integer", "string"]},
    },
}


@dataclass(frozen=True, slots=True)
class Request:
    """A form that asks for a token: what stands in it, and whom it is about."""

    form: Mapping[str, str]
    issuer: Issuer
    tenant: str
    is_v2: bool
    base_url: str

    def field(self, name: str) -> str:
        """Return a field that must be there. Raises ``SignInRefused``."""
        value = self.form.get(name, "")
        if not value:
            raise missing(name)
        return value


@dataclass(frozen=True, slots=True)
class Granted:
    """Who gets a token, and for what."""

    who: Identity
    scopes: str
    """Scopes parted by spaces, or the one resource of version 1.0."""


# --- the grants --------------------------------------------------------------------------


def _client_credentials(asked: Request) -> Granted:
    client = _client(asked)
    form = asked.form
    if form.get("client_assertion"):
        _check_assertion(asked, form["client_assertion"])
        return Granted(Identity(client, credential="2"), _app_scope(asked))
    if form.get("client_secret"):
        return Granted(Identity(client), _app_scope(asked))
    raise SignInRefused(
        "invalid_client",
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the "
        "'client_credentials' grant type.",
        status=401,
    )


def _password(asked: Request) -> Granted:
    client = _client(asked)
    user = asked.field("username")
    asked.field("password")
    if "@" not in user:
        raise SignInRefused(
            "invalid_grant", 50034, f"The user account {user} does not exist in the directory."
        )
    return Granted(Identity(client, user), _user_scopes(asked))


def _refresh(asked: Request) -> Granted:
    sent = asked.field("refresh_token")
    claims = _read_own(asked, sent, "refresh", "refresh_token")
    return Granted(Identity(_client(asked), claims["user"]), _user_scopes(asked))


def _device(asked: Request) -> Granted:
    name = "device_code" if asked.form.get("device_code") else "code"
    sent = asked.field(name if name in asked.form else "device_code")
    claims = _read_own(asked, sent, "device", name)
    return Granted(Identity(_client(asked), claims["user"]), claims["scope"])


_GRANTS: Mapping[str, Callable[[Request], Granted]] = MappingProxyType(
    {
        "client_credentials": _client_credentials,
        "password": _password,
        "refresh_token": _refresh,
        "device_code": _device,
        _DEVICE: _device,
    }
)


def _grant(asked: Request) -> Granted:
    kind = asked.field("grant_type")
    found = _GRANTS.get(kind)
    if found is None:
        raise SignInRefused(
            "unsupported_grant_type",
            70003,
            f"The app requested an unsupported grant type '{kind[:100]}'.",
        )
    return found(asked)


# --- what stands in the form -------------------------------------------------------------


def _client(asked: Request) -> str:
    client = asked.field("client_id")
    if ids.parse_guid(client) is None:
        raise SignInRefused(
            "unauthorized_client",
            700016,
            f"Application with identifier '{client[:100]}' was not found in the directory "
            f"'{asked.tenant}'. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant. You may have "
            "sent your authentication request to the wrong tenant.",
        )
    return client.lower()


def _check_assertion(asked: Request, assertion: str) -> None:
    """Refuse what is no token or is past its time; whose key signed it is nobody's matter."""
    import jwt

    if asked.form.get("client_assertion_type") != _ASSERTION_TYPE:
        raise missing("client_assertion_type")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise SignInRefused(
            "invalid_client", 50027, "JWT token is invalid or malformed.", status=401
        ) from None
    expiry = claims.get("exp")
    if not isinstance(expiry, int | float) or expiry < tokens.seconds_now():
        raise SignInRefused(
            "invalid_client",
            700024,
            "Client assertion is not within its valid time range. Review the documentation.",
            status=401,
        )


def _read_own(asked: Request, sent: str, use: str, name: str) -> dict[str, Any]:
    """Return what we once handed out as a refresh token or a device code."""
    try:
        claims = asked.issuer.read(sent)
    except InvalidToken:
        claims = {}
    if claims.get("use") != use:
        raise SignInRefused(
            "invalid_grant",
            70000,
            f"The provided value for the input parameter '{name}' is not valid.",
        )
    if claims["exp"] < tokens.seconds_now():
        if use == "device":
            raise SignInRefused("expired_token", 70020, "The provided device code has expired.")
        raise SignInRefused(
            "invalid_grant", 700082, "The refresh token has expired due to inactivity."
        )
    return claims


def _app_scope(asked: Request) -> str:
    """Return what an application asks for: all that it may do with one resource."""
    resource = asked.form.get("resource")
    if resource:
        return resource
    if not asked.is_v2 and not asked.form.get("scope"):
        raise missing("resource")
    scope = asked.field("scope")
    wanted = [each for each in scope.split() if each not in _OPEN_ID]
    if len(wanted) != 1 or not wanted[0].endswith("/.default"):
        raise SignInRefused(
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope[:200]} is not valid. Client credential flows "
            "must have a scope value with /.default suffixed to the resource identifier "
            "(application ID URI).",
        )
    return wanted[0]


def _user_scopes(asked: Request) -> str:
    resource = asked.form.get("resource")
    return resource or asked.form.get("scope", "")


def _audience(scopes: str, tenant: str) -> str:
    """Return the one resource that scopes speak of; Microsoft Graph if they name none."""
    wanted = [each for each in scopes.split() if each not in _OPEN_ID]
    if not wanted:
        return _GRAPH_ID
    named = wanted[0]
    for suffix in ("/.default", "/user_impersonation"):
        named = named.removesuffix(suffix)
    if _is_resource(named):
        return named
    if len(named) <= 100 and _PERMISSION.fullmatch(named):
        return _GRAPH_ID
    raise resource_unknown(named[:200], tenant)


def _is_resource(name: str) -> bool:
    if ids.parse_guid(name) is not None:
        return True
    if len(name) > 500 or _URI.fullmatch(name) is None:
        return False
    try:
        return bool(urlsplit(name).netloc or urlsplit(name).path)
    except ValueError:
        return False


# --- the answers -------------------------------------------------------------------------


def _token(visit: Visit, issuer: Issuer, *, is_v2: bool) -> Answer:
    tenant = tenant_id(visit.path["tenant"])
    asked = Request(visit.form, issuer, tenant, is_v2, visit.base_url)
    granted = _grant(asked)
    audience = _audience(granted.scopes, tenant)
    access = issuer.sign(tokens.access_claims(granted.who, tenant, audience))
    body = _times(audience, is_v2=is_v2) | {"access_token": access}
    if granted.who.user is not None:
        body |= _for_user(asked, granted, audience)
    return Answer(body=body, headers=NO_STORE)


def _times(audience: str, *, is_v2: bool) -> dict[str, Any]:
    if is_v2:
        return {"token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME}
    now = tokens.seconds_now()
    return {
        "token_type": "Bearer",
        "expires_in": str(LIFETIME),
        "ext_expires_in": str(LIFETIME),
        "expires_on": str(now + LIFETIME),
        "not_before": str(now),
        "resource": audience,
    }


def _for_user(asked: Request, granted: Granted, audience: str) -> dict[str, Any]:
    """Return what a client of a user keeps besides: who he is, and how to ask again."""
    who = granted.who
    identity = tokens.id_claims(who, asked.tenant, asked.base_url, asked.form.get("nonce"))
    refresh = {
        "use": "refresh",
        "user": who.user,
        "exp": tokens.seconds_now() + REFRESH_LIFETIME,
    }
    info = json.dumps({"uid": who.object_id, "utid": asked.tenant}).encode()
    return {
        "scope": f"{audience}/user_impersonation {audience}/.default",
        "refresh_token": asked.issuer.sign(refresh),
        "id_token": asked.issuer.sign(identity),
        "client_info": urlsafe_b64encode(info).decode().rstrip("="),
    }


def _device_code(visit: Visit, issuer: Issuer) -> Answer:
    tenant = tenant_id(visit.path["tenant"])
    asked = Request(visit.form, issuer, tenant, True, visit.base_url)
    client = _client(asked)
    scopes = _user_scopes(asked)
    if not scopes:
        raise missing("scope")
    _audience(scopes, tenant)
    code = issuer.sign(
        {
            "use": "device",
            "user": USER,
            "scope": scopes,
            "exp": tokens.seconds_now() + DEVICE_CODE_LIFETIME,
        }
    )
    short = ids.md5_hex(f"device/{client}/{tokens.seconds_now()}")[:9].upper()
    page = f"{visit.base_url}/"
    return Answer(
        body={
            "user_code": short,
            "device_code": code,
            "verification_uri": page,
            "verification_url": page,
            "expires_in": DEVICE_CODE_LIFETIME,
            "interval": 1,
            "message": f"Nothing is left to do: rsvault has approved the code {short}.",
        },
        headers=NO_STORE,
    )


# --- the endpoints -----------------------------------------------------------------------


def _posted(
    path: str, operation_id: str, answers: Any, fields: Mapping[str, str | None]
) -> Describe:
    return endpoint(
        "POST",
        path,
        operation_id,
        tag=TAG,
        anonymous=True,
        form=fields,
        statuses=(200, 400, 401, 503),
        answers=answers,
        refuses=Shape.SIGN_IN_ERROR,
    )


def endpoints_of(issuer: Issuer) -> tuple[Endpoint, ...]:
    """Return the endpoints where tokens are asked for."""

    @_posted("/{tenant}/oauth2/v2.0/token", "Tokens_IssueV2", _TOKEN, _FIELDS)
    @refusing
    def token_v2(visit: Visit) -> Answer:
        """Issue a token (version 2.0 of the protocol, with scope)."""
        return _token(visit, issuer, is_v2=True)

    @_posted("/{tenant}/oauth2/token", "Tokens_Issue", _TOKEN, _FIELDS)
    @refusing
    def token(visit: Visit) -> Answer:
        """Issue a token (version 1.0 of the protocol, with resource; and AD FS)."""
        return _token(visit, issuer, is_v2=False)

    fields = {"client_id": _CLIENT, "scope": _SCOPE, "resource": None}

    @_posted("/{tenant}/oauth2/v2.0/devicecode", "DeviceCodes_CreateV2", {"type": "object"}, fields)
    @refusing
    def device_code_v2(visit: Visit) -> Answer:
        """Hand out a device code that is approved already."""
        return _device_code(visit, issuer)

    @_posted("/{tenant}/oauth2/devicecode", "DeviceCodes_Create", {"type": "object"}, fields)
    @refusing
    def device_code(visit: Visit) -> Answer:
        """Hand out a device code that is approved already."""
        return _device_code(visit, issuer)

    return (token_v2, token, device_code_v2, device_code)
