"""Deployments of ARM templates at resource groups and subscriptions.

A template is checked as a whole before anything is created: what is wrong with it, or with its
parameters, is refused and leaves no deployment behind. What a resource is refused makes the
deployment fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update

from ...arm import async_operations
from ...arm.calls import Answer, Call, Endpoint, Waiting, endpoint
from ...arm.inner_calls import InnerCalls
from ...arm.paging import after, page, read_top
from ...arm.shapes import Shape
from ...domain import ids
from ...domain.errors import Refused, conflict, not_found
from ...domain.instants import wire
from ...domain.templates.parameters import hidden
from ...domain.waiting import Span
from ...engine import operations
from ...store.metadata import Document
from ...store.resource_tables import deployments as table
from . import deployment_rows, resource_filters, resource_groups, resources
from .deployment_bodies import (
    DeploymentBody,
    DeploymentProperties,
    WhatIfProperties,
)
from .deployment_documents import head_of, properties_of, row_of
from .deployment_forecasts import foretell
from .deployment_requests import AT_GROUP, AT_SUBSCRIPTION, Level, Reader
from .deployment_runs import FAILED, Run

TAG = "Deployments"
KIND = "deployment"


@dataclass(frozen=True, slots=True)
class Deployer:
    """Does what deployments are asked to do, once that is read and found right."""

    reader: Reader

    def create_or_update(self, call: Call, level: Level, body: DeploymentBody) -> Answer:
        """Deploy a template. Raises ``Refused`` if that cannot begin."""
        existing = deployment_rows.find(call.connection, level.id(call))
        if existing is not None and existing.ends_at > call.now:
            raise _active(existing, "edit or replace")
        request = self.reader.read(call, level, body)
        run = Run(call, self.reader.inner, request.expanded)
        run.deploy()
        if request.properties.mode == "Complete" and not run.errors:
            run.delete_others(self._present(call, level, request.scope))
        operation = operations.begin(
            call.connection,
            call.rules,
            scope=request.id.lower(),
            kind=KIND,
            now=call.now,
            ends_at=run.ends_at,
        )
        deployment_rows.keep(call.connection, row_of(call, request, run, operation))
        shown = deployment_rows.render(level.row(call), call.now)
        shown["properties"] |= {"provisioningState": "Accepted"}
        return async_operations.accepted(
            call,
            operation,
            status_path=f"{request.id}/operationStatuses",
            result_path=None,
            status=200 if existing is not None else 201,
            body=shown,
        )

    def _present(self, call: Call, level: Level, scope: str) -> list[str]:
        """Return the ids of what a group holds."""
        if level.suffix:
            return []
        return resources.ids_in_group(call.connection, scope.lower())

    def what_if(self, call: Call, level: Level, body: DeploymentBody) -> Document:
        """Tell what a deployment would change; nothing is. Raises ``Refused``."""
        request = self.reader.read(call, level, body)
        run = Run(call, self.reader.inner, request.expanded)
        present = self._present(call, level, request.scope)
        deletes = request.properties.mode == "Complete"
        changes, errors = foretell(call, self.reader.inner, run, present, deletes=deletes)
        if errors:
            error = {"code": "DeploymentWhatIfResourceError", "message": FAILED, "details": errors}
            return {"status": "Failed", "error": hidden(error, request.expanded.bound.secrets)}
        if _only_ids(request.properties):
            changes = [
                {"resourceId": each["resourceId"], "changeType": each["changeType"]}
                for each in changes
            ]
        return {"status": "Succeeded", "properties": {"changes": changes}}

    def validate(self, call: Call, level: Level, body: DeploymentBody) -> Document:
        """Tell whether a template could be deployed. Raises ``Refused`` if it could not."""
        request = self.reader.read(call, level, body)
        validated = [{"id": each.id} for each in request.expanded.resources if each.is_deployed]
        properties = properties_of(call, request) | {
            "provisioningState": "Succeeded",
            "timestamp": wire(call.now),
            "duration": "PT0S",
            "validatedResources": validated,
        }
        return head_of(request) | {"properties": properties}


def _only_ids(properties: DeploymentProperties) -> bool:
    settings = properties.what_if_settings if isinstance(properties, WhatIfProperties) else None
    return settings is not None and settings.result_format == "ResourceIdOnly"


def _active(row: Row[Any], verb: str) -> Refused:
    return conflict(
        "DeploymentActive",
        f"Unable to {verb} deployment '{row.name}': previous deployment from "
        f"'{wire(row.started_at)}' is still active (expiration time is '{wire(row.ends_at)}'). "
        "Please see https://aka.ms/arm-deploy for usage details.",
    )


# --- the operations ----------------------------------------------------------------------


def _poll(call: Call, row: Row[Any]) -> Waiting | None:
    """Return what whoever looks at a deployment waits for while it runs."""
    if row.ends_at <= call.now:
        return None
    return Waiting(Span(row.started_at, row.ends_at))


def _status(call: Call, level: Level) -> Answer:
    row = level.row(call)
    operation = async_operations.find(call, row.folded)
    if operation.operation_id != row.operation_id:
        raise not_found(
            "OperationNotFound",
            f"The deployment '{row.name}' was begun anew; poll its latest operation.",
            target="operationId",
        )
    state = deployment_rows.state(row, call.now)
    body: Document = {
        "id": call.url_path,
        "name": ids.guid(operation.operation_id),
        "status": "InProgress" if state == "Running" else state,
    }
    if state == "Failed":
        body["error"] = row.document["properties"]["error"]
    headers = {"Retry-After": str(call.retry_after) if state == "Running" else "0"}
    return Answer(200, body, headers, _poll(call, row))


def _show(call: Call, level: Level) -> Answer:
    row = level.row(call)
    return Answer(body=deployment_rows.render(row, call.now), waiting=_poll(call, row))


def _list(call: Call, level: Level) -> Answer:
    scope = level.scope(call).lower()
    terms = resource_filters.read(call, ("provisioningState",))
    read_top(call)
    rows = [
        row
        for row in deployment_rows.listed(call.connection, scope, after(call, int, str))
        if all(each.holds(deployment_rows.state(row, call.now)) for each in terms)
    ]
    return page(
        call,
        rows,
        lambda row: deployment_rows.render(row, call.now),
        lambda row: [row.started_at, row.folded],
    )


def _delete(call: Call, level: Level) -> Answer:
    row = deployment_rows.find(call.connection, level.id(call))
    if row is None:
        return Answer(204)
    if row.ends_at > call.now:
        raise _active(row, "delete")
    deployment_rows.forget(call.connection, row.id)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=row.folded,
        kind="deployment-delete",
        now=call.now,
        ends_at=call.now,
    )
    return Answer(202, headers=resource_groups.poll(call, operation))


def _cancel(call: Call, level: Level) -> Answer:
    row = level.row(call)
    if row.ends_at <= call.now:
        raise conflict(
            "DeploymentCannotBeCancelled",
            f"The deployment '{row.name}' cannot be canceled, it is already in terminal state "
            f"'{row.state}'.",
        )
    error = {
        "code": "DeploymentCanceled",
        "message": "The deployment was canceled; what it has deployed stays.",
        "target": row.id,
    }
    document = {**row.document, "properties": {**row.document["properties"], "error": error}}
    document["properties"].pop("outputs", None)
    mine = table.c.folded == row.folded
    call.connection.execute(
        update(table).where(mine).values(state="Canceled", ends_at=call.now, document=document)
    )
    return Answer(204)


def _operation(call: Call, level: Level) -> Document:
    wanted = call.path["deploymentOperationId"].lower()
    for each in deployment_rows.render_operations(level.row(call), call.now):
        if each["operationId"].lower() == wanted:
            return each
    raise not_found(
        "DeploymentOperationNotFound",
        f"The deployment operation '{call.path['deploymentOperationId']}' could not be found.",
        target="operationId",
    )


def _operations(call: Call, level: Level) -> Answer:
    shown = deployment_rows.render_operations(level.row(call), call.now)
    top = read_top(call)
    return Answer(body={"value": shown if top is None else shown[:top]})


def endpoints_of(inner: InnerCalls, environment: Callable[[str], Document]) -> list[Endpoint]:
    """Return the operations of deployments, which create what they name through ``inner``."""
    deployer = Deployer(Reader(inner, environment))
    return [
        each
        for level in (AT_GROUP, AT_SUBSCRIPTION)
        for made in (
            _writers(deployer, level),
            _askers(deployer, level),
            _readers(level),
            _followers(level),
        )
        for each in made
    ]


def _writers(deployer: Deployer, level: Level) -> tuple[Endpoint, ...]:
    own = f"{level.folder}/{{deploymentName}}"

    @endpoint(
        "PUT",
        own,
        f"Deployments_CreateOrUpdate{level.suffix}",
        tag=TAG,
        body=level.body,
        statuses=(200, 201),
    )
    def put(call: Call, body: DeploymentBody) -> Answer:
        """Deploy a template: its resources are there at once, the deployment runs on a while."""
        return deployer.create_or_update(call, level, body)

    @endpoint("DELETE", own, f"Deployments_Delete{level.suffix}", tag=TAG, statuses=(202, 204))
    def remove(call: Call) -> Answer:
        """Forget a deployment; what it has deployed stays."""
        return _delete(call, level)

    @endpoint(
        "POST",
        f"{own}/cancel",
        f"Deployments_Cancel{level.suffix}",
        tag=TAG,
        statuses=(204,),
    )
    def cancel(call: Call) -> Answer:
        """End a deployment that still runs; what it has deployed stays."""
        return _cancel(call, level)

    return (put, remove, cancel)


def _askers(deployer: Deployer, level: Level) -> tuple[Endpoint, ...]:
    own = f"{level.folder}/{{deploymentName}}"

    @endpoint(
        "POST",
        f"{own}/validate",
        f"Deployments_Validate{level.suffix}",
        tag=TAG,
        body=level.body,
    )
    def validate(call: Call, body: DeploymentBody) -> Document:
        """Tell whether a template could be deployed; nothing is."""
        return deployer.validate(call, level, body)

    @endpoint(
        "POST",
        f"{own}/whatIf",
        f"Deployments_WhatIf{level.suffix}",
        tag=TAG,
        body=level.what_if_body,
    )
    def what_if(call: Call, body: DeploymentBody) -> Document:
        """Tell what a deployment would change; nothing is."""
        return deployer.what_if(call, level, body)

    @endpoint("POST", f"{own}/exportTemplate", f"Deployments_ExportTemplate{level.suffix}", tag=TAG)
    def export(call: Call) -> Document:
        """Show the template that was deployed."""
        return {"template": level.row(call).template}

    return (validate, what_if, export)


def _readers(level: Level) -> tuple[Endpoint, ...]:
    own = f"{level.folder}/{{deploymentName}}"

    @endpoint("GET", own, f"Deployments_Get{level.suffix}", tag=TAG)
    def get(call: Call) -> Answer:
        """Show a deployment."""
        return _show(call, level)

    @endpoint(
        "HEAD",
        own,
        f"Deployments_CheckExistence{level.suffix}",
        tag=TAG,
        statuses=(204, 404),
    )
    def check(call: Call) -> Answer:
        """Tell whether there is a deployment."""
        found = deployment_rows.find(call.connection, level.id(call))
        return Answer(404 if found is None else 204)

    @endpoint(
        "GET", level.folder, f"Deployments_{level.list_name}", tag=TAG, query=("$filter", "$top")
    )
    def list_them(call: Call) -> Answer:
        """List deployments, the latest first."""
        return _list(call, level)

    return (get, check, list_them)


def _followers(level: Level) -> tuple[Endpoint, ...]:
    own = f"{level.folder}/{{deploymentName}}"

    @endpoint(
        "GET",
        f"{own}/operationStatuses/{{operationId}}",
        f"Deployments_GetOperationStatus{level.suffix}",
        tag=TAG,
        answers=Shape.OPERATION,
    )
    def status(call: Call) -> Answer:
        """Poll a deployment."""
        return _status(call, level)

    @endpoint(
        "GET",
        f"{level.operations}/{{deploymentOperationId}}",
        f"DeploymentOperations_Get{level.suffix}",
        tag=TAG,
        answers=Shape.OBJECT,
    )
    def get_operation(call: Call) -> Document:
        """Show what a deployment did with one resource."""
        return _operation(call, level)

    @endpoint(
        "GET",
        level.operations,
        f"DeploymentOperations_List{level.suffix}",
        tag=TAG,
        query=("$top",),
        answers=Shape.VALUES,
    )
    def list_operations(call: Call) -> Answer:
        """List what a deployment did with each resource."""
        return _operations(call, level)

    return (status, get_operation, list_operations)
