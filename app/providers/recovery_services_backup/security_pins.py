"""Security PINs: six digits that prove a person, good for five minutes."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.examples import GUARD_ID
from ...domain import ids
from ...domain.critical_operations import GET_SECURITY_PIN, request
from ...domain.instants import MINUTE, ticks
from .. import multi_user_authorization
from ..multi_user_authorization import FIELD
from .paths import VAULT, vault_of

TAG = "Security"
GOOD_FOR = 5 * MINUTE


class SecurityPinBody(Body):
    """Resource guard requests that allow it, where a guard is mapped."""

    EXAMPLE = {"resourceGuardOperationRequests": [request(GUARD_ID, GET_SECURITY_PIN)]}

    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)


@endpoint(
    "POST",
    f"{VAULT}/backupSecurityPIN",
    "SecurityPINs_Get",
    tag=TAG,
    body=SecurityPinBody,
    optional_body=True,
)
def get(call: Call, body: SecurityPinBody) -> dict[str, Any]:
    """Make a PIN for critical operations; it follows from the vault and the instant."""
    vault = vault_of(call)
    requests = body.resource_guard_operation_requests
    multi_user_authorization.permit(call, vault, GET_SECURITY_PIN, requests, field=FIELD)
    pin = f"{ids.key(call.rules.seed, 'security-pin', vault.key, call.now) % 10**6:06d}"
    return {
        "token": pin,
        "expiryTimeInUtcTicks": ticks(call.now + GOOD_FOR),
        "securityPIN": pin,
    }


ENDPOINTS = (get,)
