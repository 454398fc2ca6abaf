"""A deployment as it happens: one resource after the other, each in a savepoint of its own.

Whatever a resource is refused, those before it stay, those that depend on it are left out, and
the rest goes on (docs/decisions/0058).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ...arm import errors
from ...arm.calls import Answer, Call
from ...arm.inner_calls import InnerCalls
from ...domain import ids
from ...domain.errors import Kind, Refused, invalid
from ...domain.instants import SECOND
from ...domain.resource_ids import parse_nested
from ...domain.templates.expansion import Expanded
from ...domain.templates.language import TemplateError
from ...domain.templates.planned import Planned
from ...domain.templates.resource_names import DEPLOYMENT
from ...engine import operations
from . import deployment_rows

TAKES = 10 * SECOND
"""How long a deployment takes, unless something that it began takes longer."""
FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for "
    "details. Please see https://aka.ms/arm-deployment-operations for usage details."
)
_STATUS_CODES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "NoContent",
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
}


@dataclass
class Done:
    """What became of one resource; ``error`` is why nothing did."""

    verb: str
    target: str
    status: int
    error: dict[str, Any] | None = None


@dataclass
class Run:
    """Deploys what a template comes to; answers what its expressions ask of the world."""

    call: Call
    inner: InnerCalls
    expanded: Expanded
    done: list[Done] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    ends_at: int = 0
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Why what failed has failed."""
        return [each.error for each in self.done if each.error is not None]

    @property
    def deployed(self) -> list[str]:
        """The ids of what was deployed."""
        return [each.target for each in self.done if each.verb == "Create" and each.error is None]

    # --- what is done --------------------------------------------------------------------

    def deploy(self) -> None:
        """Deploy all resources, then evaluate the outputs."""
        self.ends_at = self.call.now + TAKES
        for each in self.expanded.resources:
            if not each.is_deployed:
                continue
            if any(id(other) in self.failed for other in each.after):
                self.failed.add(id(each))
                continue
            self._deploy_one(each)
        if not self.errors:
            self._evaluate_outputs()

    def _deploy_one(self, each: Planned) -> None:
        try:
            with self.call.connection.begin_nested():
                answer = self.inner.run(
                    self.call, "PUT", each.id, each.api_version, each.body(self)
                )
            self._look_inside(each)
        except (TemplateError, Refused) as problem:
            self.failed.add(id(each))
            refusal = _as_refusal(problem)
            error = errors.envelope(refusal)["error"]
            status = errors.STATUS[refusal.kind]
            self.done.append(Done("Create", each.id, status, error))
            return
        self._wait_for(answer)
        self.done.append(Done("Create", each.id, answer.status))

    def _look_inside(self, each: Planned) -> None:
        """Fail where a nested deployment has failed; what it has deployed stays."""
        if each.type.lower() != DEPLOYMENT:
            return
        row = deployment_rows.get(self.call.connection, each.id)
        error = row.document["properties"].get("error")
        if error is not None:
            raise _refused(error)

    def _wait_for(self, answer: Answer) -> None:
        """End no sooner than what was begun."""
        polled = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
        name = ids.parse_guid(polled.partition("?")[0].rpartition("/")[2]) if polled else None
        begun = operations.find(self.call.connection, name) if name else None
        if begun is not None:
            self.ends_at = max(self.ends_at, begun.ends_at)

    def _evaluate_outputs(self) -> None:
        try:
            self.outputs = self.expanded.outputs(self)
        except (TemplateError, Refused) as problem:
            error = errors.envelope(_as_refusal(problem))["error"]
            self.done.append(Done("EvaluateDeploymentOutput", "", 400, error))

    def delete_others(self, present: Iterable[str]) -> None:
        """Delete what a group holds and the template does not name, as ARM's mode Complete does.

        What cannot go yet, as something else uses it, is tried again when that is gone.
        """
        named = {each.id.lower() for each in self.expanded.resources if each.is_deployed}
        left = [each for each in present if each.lower() not in named]
        while left:
            refusals = {each: self._delete_one(each) for each in left}
            still = [each for each in left if refusals[each] is not None]
            if len(still) == len(left):
                self.done += [
                    Done("Delete", each, 409, errors.envelope(refusal)["error"])
                    for each, refusal in refusals.items()
                    if refusal is not None
                ]
                return
            self.done += [Done("Delete", each, 200) for each in left if each not in still]
            left = still

    def _delete_one(self, resource_id: str) -> Refused | None:
        try:
            with self.call.connection.begin_nested():
                version = self.call.api_version
                self._wait_for(self.inner.run(self.call, "DELETE", resource_id, version))
        except Refused as refusal:
            return refusal
        return None

    # --- what expressions ask ------------------------------------------------------------

    def reference(self, named: str, *, full: bool) -> Any:
        """Return a resource's properties, or all of it. Raises ``Refused``."""
        planned, resource_id, version = self._resolved(named)
        document = self._read(resource_id, version)
        if not full:
            return document.get("properties", {})
        parsed = parse_nested(resource_id)
        about: dict[str, Any] = {"apiVersion": version, "resourceId": resource_id}
        if parsed is not None:
            about |= {"subscriptionId": parsed.subscription, "resourceGroupName": parsed.group}
        if planned is not None and planned.source.get("condition") is not None:
            about["condition"] = planned.is_wanted
        return {**document, **about}

    def ask(self, verb: str, named: str, body: Any) -> Any:
        """Return what a ``list...`` action of a resource answers. Raises ``Refused``."""
        _, resource_id, version = self._resolved(named)
        return self.inner.run(self.call, "POST", f"{resource_id}/{verb}", version, body).body

    def _resolved(self, named: str) -> tuple[Planned | None, str, str]:
        planned = self.expanded.named(named)
        if planned is not None:
            return planned, planned.id, planned.api_version
        if not named.startswith("/"):
            raise TemplateError(
                f"The resource '{named}' is not defined in the template. Please see "
                "https://aka.ms/arm-syntax for usage details."
            )
        return None, named, self.call.api_version

    def _read(self, resource_id: str, version: str) -> dict[str, Any]:
        row = deployment_rows.find(self.call.connection, resource_id)
        if row is not None:
            return deployment_rows.render(row, row.ends_at)
        body = self.inner.run(self.call, "GET", resource_id, version).body
        return body if isinstance(body, dict) else {}


def _as_refusal(problem: TemplateError | Refused) -> Refused:
    if isinstance(problem, Refused):
        return problem
    return invalid(problem.code, problem.message)


def _refused(error: dict[str, Any]) -> Refused:
    """Return an error that was written down as what it was."""
    return Refused(
        Kind.CONFLICT,
        error["code"],
        error["message"],
        target=error.get("target"),
        details=[_refused(one) for one in error.get("details", ())],
    )


def operations_of(call: Call, deployment_id: str, done: Iterable[Done]) -> list[dict[str, Any]]:
    """Return what a deployment tells of what it did; times and states are added when it is read."""
    shown = []
    for each in done:
        properties: dict[str, Any] = {
            "provisioningOperation": each.verb,
            "provisioningState": "Succeeded" if each.error is None else "Failed",
            "statusCode": _STATUS_CODES.get(each.status, "Conflict"),
        }
        if each.target:
            properties["targetResource"] = deployment_rows.reference(each.target)
        if each.error is not None:
            properties["statusMessage"] = {"status": "Failed", "error": each.error}
        name = deployment_rows.operation_name(
            call.rules.seed, deployment_id, f"{each.verb} {each.target}", call.now
        )
        shown.append({"operationId": name, "properties": properties})
    return shown
