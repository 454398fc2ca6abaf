"""How the sign-in endpoints refuse: an AADSTS code in the text, OAuth's word beside it.

Codes and words: learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from ..arm.calls import Answer, Visit
from ..domain import ids
from ..domain.instants import to_datetime
from ..engine.clock import real_now

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


class SignInRefused(Exception):
    """A sign-in that is turned down."""

    def __init__(self, error: str, code: int, text: str, *, status: int = 400) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.error = error
        self.code = code
        self.text = text
        self.status = status


def refusing(handler: Callable[[Visit], Answer]) -> Callable[[Visit], Answer]:
    """Turn what a handler refuses into its answer."""

    @wraps(handler)
    def serve(visit: Visit) -> Answer:
        try:
            return handler(visit)
        except SignInRefused as refusal:
            return _answer(refusal, visit)

    return serve


def _answer(refusal: SignInRefused, visit: Visit) -> Answer:
    trace, sent = ids.request_id(), visit.headers.get("client-request-id", "")
    correlation = sent if ids.parse_guid(sent) else ids.request_id()
    # Sign-in is in real time: clients read their own clock.
    at = to_datetime(real_now()).strftime("%Y-%m-%d %H:%M:%SZ")
    text = f"{refusal} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
    body = {
        "error": refusal.error,
        "error_description": text,
        "error_codes": [refusal.code],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{visit.base_url}/error?code={refusal.code}",
    }
    return Answer(refusal.status, body, NO_STORE)


def missing(name: str) -> SignInRefused:
    """Refuse a form that lacks a field."""
    return SignInRefused(
        "invalid_request",
        900144,
        f"The request body must contain the following parameter: '{name}'.",
    )


def tenant_unknown(name: str) -> SignInRefused:
    """Refuse what cannot be a tenant's name."""
    return SignInRefused(
        "invalid_request",
        900023,
        f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external "
        "domain.",
    )


def resource_unknown(name: str, tenant: str) -> SignInRefused:
    """Refuse a resource that is neither a URI nor a GUID."""
    return SignInRefused(
        "invalid_resource",
        500011,
        f"The resource principal named {name} was not found in the tenant named {tenant}. This "
        "can happen if the application has not been installed by the administrator of the tenant "
        "or consented to by any user in the tenant. You might have sent your authentication "
        "request to the wrong tenant.",
    )
