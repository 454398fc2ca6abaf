"""What a change of a policy comes to: its operation, which is over as it is answered.

A policy is changed with the request, so clients are answered 200 as ever; the headers lead to
the operation, whose status names the jobs that the change started (docs/decisions/0099).
"""

from __future__ import annotations

from ...arm import async_operations
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...engine import operations
from . import policies
from .paths import vault_of, vault_scope

TAG = policies.TAG


@endpoint(
    "GET",
    f"{policies.POLICY}/operations/{{operationId}}",
    "ProtectionPolicyOperationStatuses_Get",
    tag=TAG,
    answers=Shape.OPERATION,
)
def status(call: Call) -> Answer:
    """Show how the change of a policy stands, and which jobs it started."""
    return async_operations.status(call, _find(call))


@endpoint(
    "GET",
    f"{policies.POLICY}/operationResults/{{operationId}}",
    "ProtectionPolicyOperationResults_Get",
    tag=TAG,
)
def result(call: Call) -> Answer:
    """Show the policy that a change has led to."""
    operation = _find(call)
    shown = policies.show(call, vault_of(call), call.path["policyName"])
    return async_operations.result(call, operation, lambda: shown.body)


def _find(call: Call) -> operations.Operation:
    scope = f"{vault_scope(call)}/backupPolicies/{call.path['policyName']}"
    return async_operations.find(call, scope)


ENDPOINTS = (status, result)
