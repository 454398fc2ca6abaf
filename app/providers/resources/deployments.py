"""Deployments of ARM templates at resource groups and subscriptions.

A template is checked as a whole before anything is created: what is wrong with it, or with its
parameters, is refused and leaves no deployment behind. What a resource is refused makes the
deployment fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update

from ...arm import async_operations
from ...arm.calls import Answer, Call, Endpoint, Waiting, endpoint
from ...arm.inner_calls import InnerCalls
from ...arm.paging import after, page, read_top
from ...arm.shapes import Shape
from ...domain import ids, tags
from ...domain.errors import Kind, Refused, conflict, invalid, not_found
from ...domain.instants import wire
from ...domain.regions import REGIONS, some_names
from ...domain.resource_ids import normal_location
from ...domain.templates import template as templates
from ...domain.templates.expansion import Expanded, expand
from ...domain.templates.language import TemplateError
from ...domain.templates.parameters import hidden
from ...domain.templates.scopes import Surroundings
from ...domain.tenancy import TENANT_ID
from ...engine import operations
from ...store.tables import Document
from ...store.tables import deployments as table
from ...store.vaults import get_group
from . import deployment_rows, resource_filters, resource_groups, resources, subscriptions
from .deployment_bodies import (
    DeploymentBody,
    DeploymentProperties,
    SubscriptionDeploymentBody,
    SubscriptionWhatIfBody,
    WhatIfBody,
    WhatIfProperties,
    checked,
)
from .deployment_forecasts import foretell
from .deployment_runs import FAILED, Run, operations_of

TAG = "Deployments"
SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"
KIND = "deployment"
_NAME = re.compile(r"[-\w.()]{1,64}")


@dataclass(frozen=True, slots=True)
class Level:
    """Where deployments are made: at a resource group or at a subscription."""

    name: str
    suffix: str
    list_name: str
    folder: str
    operations: str
    body: type[DeploymentBody]
    what_if_body: type[DeploymentBody]

    def scope(self, call: Call) -> str:
        """Return the id of the group or subscription in the path. Raises ``Refused``."""
        if self.suffix:
            return f"/subscriptions/{call.subscription.lower()}"
        return str(get_group(call.connection, call.subscription, call.group).id)

    def id(self, call: Call) -> str:
        """Return the id of the deployment in the path. Raises ``Refused``."""
        name = call.path["deploymentName"]
        return f"{self.scope(call)}/providers/{deployment_rows.TYPE}/{name}"

    def row(self, call: Call) -> Row[Any]:
        """Return the deployment in the path. Raises ``Refused``."""
        return deployment_rows.get(call.connection, self.id(call))


_PROVIDER = f"providers/{deployment_rows.TYPE}"
AT_GROUP = Level(
    "resource group",
    "",
    "ListByResourceGroup",
    f"{GROUP}/{_PROVIDER}",
    f"{GROUP}/deployments/{{deploymentName}}/operations",
    DeploymentBody,
    WhatIfBody,
)
AT_SUBSCRIPTION = Level(
    "subscription",
    "AtSubscriptionScope",
    "ListAtSubscriptionScope",
    f"{SUBSCRIPTION}/{_PROVIDER}",
    f"{SUBSCRIPTION}/{_PROVIDER}/{{deploymentName}}/operations",
    SubscriptionDeploymentBody,
    SubscriptionWhatIfBody,
)


@dataclass(frozen=True, slots=True)
class Request:
    """A deployment that was asked for, read and found right."""

    id: str
    scope: str
    location: str | None
    tags: dict[str, str] | None
    properties: DeploymentProperties
    template: Document
    expanded: Expanded


@dataclass(frozen=True, slots=True)
class Deployer:
    """Does what deployments are asked to do.

    ``inner`` runs the endpoints of what they create, ``environment`` is what ``environment()``
    gives under a base URL.
    """

    inner: InnerCalls
    environment: Callable[[str], Document]

    # --- reading -------------------------------------------------------------------------

    def read(self, call: Call, level: Level, body: DeploymentBody) -> Request:
        """Return a deployment that could begin. Raises ``Refused``: something of it is wrong."""
        own_id = level.id(call)
        name = call.path["deploymentName"]
        if _NAME.fullmatch(name) is None:
            raise invalid(
                "InvalidDeploymentName",
                f"The provided deployment name '{name}' is not valid. It must have 1 to 64 "
                "characters: letters, digits, '-', '.', '(', ')' or '_'.",
                target="deploymentName",
            )
        properties, document = checked(body)
        location = _checked_location(level, body.location, properties.mode)
        tags.check(body.tags or {})
        where = self._surroundings(call, level, body, document)
        try:
            template = templates.read(document, level=level.name)
            expanded = expand(template, properties.parameters or {}, where)
        except TemplateError as problem:
            raise invalid(problem.code, problem.message) from None
        request = Request(
            own_id, level.scope(call), location, body.tags, properties, document, expanded
        )
        self._check_resources(call, request)
        return request

    def _surroundings(
        self, call: Call, level: Level, body: DeploymentBody, document: Document
    ) -> Surroundings:
        deployment: Document = {
            "name": call.path["deploymentName"],
            "properties": {"mode": "Incremental", "template": document},
        }
        group: Document | None = None
        if not level.suffix:
            row = get_group(call.connection, call.subscription, call.group)
            group = {"tags": {}, **resource_groups.render(row)}
        else:
            deployment["location"] = normal_location(body.location or "")
        return Surroundings(
            subscription=subscriptions.document_of(call.subscription.lower()),
            tenant={"tenantId": TENANT_ID, "displayName": "rsvault", "countryCode": "US"},
            group=group,
            environment=self.environment(call.base_url),
            deployment=deployment,
            now=call.now,
        )

    def _check_resources(self, call: Call, request: Request) -> None:
        """Refuse types that there are not, and what the caller may not create."""
        unknown: list[Refused] = []
        forbidden: list[str] = []
        for each in request.expanded.resources:
            if not each.is_deployed:
                continue
            try:
                self.inner.find("PUT", each.id)
                self.inner.permit(call, "PUT", each.id)
            except Refused as refusal:
                if refusal.kind is Kind.FORBIDDEN:
                    told = f"'{each.name}' of type '{each.type}'. {refusal.message}"
                    forbidden.append(f"'Authorization failed for template resource {told}'")
                else:
                    unknown.append(
                        Refused(refusal.kind, refusal.code, refusal.message, target=each.id)
                    )
        if unknown:
            raise _not_valid(call, request.id, unknown)
        if forbidden:
            raise Refused(
                Kind.FORBIDDEN,
                "InvalidTemplateDeployment",
                f"Deployment failed with multiple errors: {':'.join(forbidden)}",
            )

    # --- doing ---------------------------------------------------------------------------

    def create_or_update(self, call: Call, level: Level, body: DeploymentBody) -> Answer:
        """Deploy a template. Raises ``Refused`` if that cannot begin."""
        existing = deployment_rows.find(call.connection, level.id(call))
        if existing is not None and existing.ends_at > call.now:
            raise _active(existing, "edit or replace")
        request = self.read(call, level, body)
        run = Run(call, self.inner, request.expanded)
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
        deployment_rows.keep(call.connection, _row(call, request, run, operation))
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
        request = self.read(call, level, body)
        run = Run(call, self.inner, request.expanded)
        present = self._present(call, level, request.scope)
        deletes = request.properties.mode == "Complete"
        changes, errors = foretell(call, self.inner, run, present, deletes=deletes)
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
        request = self.read(call, level, body)
        validated = [{"id": each.id} for each in request.expanded.resources if each.is_deployed]
        properties = _properties(call, request) | {
            "provisioningState": "Succeeded",
            "timestamp": wire(call.now),
            "duration": "PT0S",
            "validatedResources": validated,
        }
        return _head(request) | {"properties": properties}


def _only_ids(properties: DeploymentProperties) -> bool:
    settings = properties.what_if_settings if isinstance(properties, WhatIfProperties) else None
    return settings is not None and settings.result_format == "ResourceIdOnly"


def _checked_location(level: Level, sent: str | None, mode: str | None) -> str | None:
    if not level.suffix:
        if sent:
            raise invalid(
                "InvalidDeployment",
                f"The 'location' property is not allowed for '{call_name(level)}' at resource "
                "group scope. Please see https://aka.ms/deploy-to-subscription for usage details.",
                target="location",
            )
        return None
    if mode == "Complete":
        raise invalid(
            "InvalidDeployment",
            "The mode 'Complete' is not allowed for a deployment at subscription scope; use "
            "'Incremental'. Please see https://aka.ms/deploy-to-subscription for usage details.",
            target="properties.mode",
        )
    if not sent:
        raise invalid(
            "LocationRequired",
            "The location property is required for this definition.",
            target="location",
        )
    location = normal_location(sent)
    if location not in REGIONS:
        raise invalid(
            "LocationNotAvailableForDeployment",
            f"The provided location '{sent}' is not available for deployment. List of available "
            f"regions is '{some_names()}'.",
            target="location",
        )
    return location


def call_name(level: Level) -> str:
    """Return what a deployment at a level is called in messages."""
    return f"deployment at {level.name}"


def _not_valid(call: Call, own_id: str, details: list[Refused]) -> Refused:
    tracking = ids.guid(ids.guid_hex(call.rules.seed, "tracking", own_id.lower(), call.now))
    return Refused(
        Kind.INVALID,
        "InvalidTemplateDeployment",
        f"The template deployment '{own_id.rpartition('/')[2]}' is not valid according to the "
        f"validation procedure. The tracking id is '{tracking}'. See inner errors for details.",
        details=details,
    )


def _active(row: Row[Any], verb: str) -> Refused:
    return conflict(
        "DeploymentActive",
        f"Unable to {verb} deployment '{row.name}': previous deployment from "
        f"'{wire(row.started_at)}' is still active (expiration time is '{wire(row.ends_at)}'). "
        "Please see https://aka.ms/arm-deploy for usage details.",
    )


# --- what is kept of a deployment --------------------------------------------------------


def _head(request: Request) -> Document:
    document: Document = {
        "id": request.id,
        "name": request.id.rpartition("/")[2],
        "type": deployment_rows.TYPE,
    }
    if request.location is not None:
        document["location"] = request.location
    if request.tags:
        document["tags"] = request.tags
    return document


def _properties(call: Call, request: Request) -> Document:
    expanded = request.expanded
    seed = call.rules.seed
    correlation = ids.guid(ids.guid_hex(seed, "correlation", request.id.lower(), call.now))
    shown: Document = {
        "templateHash": expanded.template.hash,
        "parameters": expanded.bound.shown,
        "mode": request.properties.mode,
        "correlationId": call.client_request_id or correlation,
        "providers": _providers(expanded),
        "dependencies": [
            {
                "dependsOn": [deployment_rows.reference(other.id) for other in each.after],
                **deployment_rows.reference(each.id),
            }
            for each in expanded.resources
            if each.is_deployed and each.after
        ],
    }
    if request.properties.validation_level is not None:
        shown["validationLevel"] = request.properties.validation_level
    return shown


def _providers(expanded: Expanded) -> list[Document]:
    found: dict[str, dict[str, set[str]]] = {}
    for each in expanded.resources:
        namespace, _, kind = each.type.partition("/")
        regions = found.setdefault(namespace, {}).setdefault(kind, set())
        location = each.source.get("location")
        if isinstance(location, str) and not location.startswith("["):
            regions.add(normal_location(location))
    return [
        {
            "namespace": namespace,
            "resourceTypes": [
                {"resourceType": kind, "locations": sorted(regions) or [None]}
                for kind, regions in kinds.items()
            ],
        }
        for namespace, kinds in found.items()
    ]


def _row(call: Call, request: Request, run: Run, operation: operations.Operation) -> Document:
    head = _head(request)
    secrets = request.expanded.bound.secrets
    properties = _properties(call, request)
    properties["outputResources"] = [{"id": each} for each in run.deployed]
    if run.errors:
        error = {"code": "DeploymentFailed", "target": request.id, "message": FAILED}
        properties["error"] = hidden({**error, "details": run.errors}, secrets)
    else:
        properties["outputs"] = run.outputs
    document = {
        **{name: part for name, part in head.items() if name in ("location", "tags")},
        "properties": properties,
    }
    return {
        "folded": request.id.lower(),
        "id": request.id,
        "scope_folded": request.scope.lower(),
        "name": head["name"],
        "state": "Failed" if run.errors else "Succeeded",
        "started_at": call.now,
        "ends_at": run.ends_at,
        "operation_id": operation.operation_id,
        "document": document,
        "operations": hidden(operations_of(call, request.id, run.done), secrets),
        "template": request.template,
    }


# --- the operations ----------------------------------------------------------------------


def _poll(call: Call, row: Row[Any]) -> Waiting | None:
    """Return what whoever looks at a deployment waits for while it runs."""
    if row.ends_at <= call.now:
        return None
    return Waiting(operation=operations.find(call.connection, row.operation_id))


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
    deployer = Deployer(inner, environment)
    return [
        each
        for level in (AT_GROUP, AT_SUBSCRIPTION)
        for each in (*_writers(deployer, level), *_askers(deployer, level), *_readers(level))
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

    return (get, check, list_them, status, get_operation, list_operations)
