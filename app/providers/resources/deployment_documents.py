"""What a deployment shows of its template and of what became of it."""

from __future__ import annotations

from ...arm.calls import Call
from ...domain import ids
from ...domain.resource_ids import normal_location
from ...domain.templates.expansion import Expanded
from ...domain.templates.parameters import hidden
from ...engine import operations
from ...store.metadata import Document
from . import deployment_rows
from .deployment_requests import Request
from .deployment_runs import FAILED, Run, operations_of


def head_of(request: Request) -> Document:
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


def properties_of(call: Call, request: Request) -> Document:
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


def row_of(call: Call, request: Request, run: Run, operation: operations.Operation) -> Document:
    head = head_of(request)
    secrets = request.expanded.bound.secrets
    properties = properties_of(call, request)
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
