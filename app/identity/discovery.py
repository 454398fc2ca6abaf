"""OpenID discovery: where a tenant's endpoints are, and the key that its tokens are signed with."""

from __future__ import annotations

from typing import Any

from ..arm.calls import Answer, Describe, Endpoint, Visit, endpoint
from ..arm.shapes import Shape
from .clouds import GRAPH, TAG
from .refusals import refusing
from .tenants import ADFS, tenant_id
from .tokens import Issuer, issuer_of

_OBJECT = {"type": "object"}
_SCOPES = ["openid", "profile", "email", "offline_access"]


def _discovered(method_path: str, operation_id: str) -> Describe:
    return endpoint(
        "GET",
        method_path,
        operation_id,
        tag=TAG,
        anonymous=True,
        statuses=(200, 400),
        answers=_OBJECT,
        refuses=Shape.SIGN_IN_ERROR,
    )


@_discovered("/{tenant}/v2.0/.well-known/openid-configuration", "OpenIdConfiguration_GetV2")
@refusing
def show_v2(visit: Visit) -> Answer:
    """Tell where a tenant's endpoints of version 2.0 are."""
    tenant = tenant_id(visit.path["tenant"])
    base, own = visit.base_url, f"{visit.base_url}/{visit.path['tenant']}"
    document = {
        **_common(visit),
        "token_endpoint": f"{own}/oauth2/v2.0/token",
        "authorization_endpoint": f"{own}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{own}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{own}/oauth2/v2.0/logout",
        "jwks_uri": f"{own}/discovery/v2.0/keys",
        "issuer": f"{base}/{tenant}/v2.0",
    }
    return Answer(body=document)


@_discovered("/{tenant}/.well-known/openid-configuration", "OpenIdConfiguration_Get")
@refusing
def show(visit: Visit) -> Answer:
    """Tell where a tenant's endpoints of version 1.0 are, or those of AD FS."""
    tenant = tenant_id(visit.path["tenant"])
    own = f"{visit.base_url}/{visit.path['tenant']}"
    is_adfs = visit.path["tenant"].lower() == ADFS
    document = {
        **_common(visit),
        "token_endpoint": f"{own}/oauth2/token",
        "authorization_endpoint": f"{own}/oauth2/authorize",
        "device_authorization_endpoint": f"{own}/oauth2/devicecode",
        "end_session_endpoint": f"{own}/oauth2/logout",
        "jwks_uri": f"{own}/discovery/keys",
        "issuer": own if is_adfs else issuer_of(tenant),
    }
    return Answer(body=document)


def _common(visit: Visit) -> dict[str, Any]:
    host = visit.base_url.partition("://")[2]
    return {
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": _SCOPES,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "ver", "tid", "oid", "appid", "upn", "name",
        ],
        "http_logout_supported": False,
        "tenant_region_scope": None,
        "cloud_instance_name": host,
        "cloud_graph_host_name": host,
        "msgraph_host": f"{host}{GRAPH}",
    }  # fmt: skip


@_discovered("/{tenant}/discovery/instance", "InstanceDiscovery_Get")
@refusing
def show_instance(visit: Visit) -> Answer:
    """Tell a client that the authority it was given is one to trust: this one, and itself alone."""
    tenant_id(visit.path["tenant"])
    host = visit.base_url.partition("://")[2]
    own = f"{visit.base_url}/{visit.path['tenant']}"
    metadata = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    return Answer(
        body={
            "tenant_discovery_endpoint": f"{own}/v2.0/.well-known/openid-configuration",
            "api-version": visit.query.get("api-version", "1.1"),
            "metadata": [metadata],
        }
    )


@_discovered("/{tenant}/userrealm/{username}", "UserRealm_Get")
@refusing
def show_realm(visit: Visit) -> Answer:
    """Tell that a user's password is checked here and nowhere else."""
    tenant_id(visit.path["tenant"])
    name = visit.path["username"]
    return Answer(
        body={
            "ver": "1.0",
            "account_type": "Managed",
            "domain_name": name.rpartition("@")[2],
            "cloud_instance_name": visit.base_url.partition("://")[2],
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }
    )


def key_endpoints(issuer: Issuer) -> tuple[Endpoint, ...]:
    """Return where the public half of the signing key is served."""

    @_discovered("/{tenant}/discovery/v2.0/keys", "Keys_ListV2")
    @refusing
    def list_v2(visit: Visit) -> Answer:
        """Show the key that tokens are signed with: its public half."""
        tenant_id(visit.path["tenant"])
        return Answer(body={"keys": issuer.public_keys()})

    @_discovered("/{tenant}/discovery/keys", "Keys_List")
    @refusing
    def list_(visit: Visit) -> Answer:
        """Show the key that tokens are signed with: its public half."""
        tenant_id(visit.path["tenant"])
        return Answer(body={"keys": issuer.public_keys()})

    return (list_v2, list_)


ENDPOINTS = (show_v2, show, show_instance, show_realm)
