"""Resource Graph: queries over what a world holds, as far as backup's clients send them.

The rows of its tables come from the rooms that know them; ``main`` brings them together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Call, Endpoint, endpoint
from ...arm.examples import SUBSCRIPTION
from ...arm.words import Word
from ...domain import ids, kql
from ...domain.errors import Kind, Refused, invalid, not_emulated
from ...domain.tenancy import TENANT_ID
from ...store.metadata import Document

Rows = Callable[[Call, Collection[str]], Iterable[Document]]
"""Returns rows of a table, in some subscriptions (lower case) or, if there are none, in all."""
MOST = 1000
WholeNumber = Annotated[int, Field(strict=True)]


class QueryOptions(Body):
    """How much is answered, and how; az names its subscriptions here, too."""

    result_format: Annotated[
        Literal["table", "objectArray"] | None, Word("table", "objectArray")
    ] = None
    top: WholeNumber | None = Field(default=None, alias="$top", ge=1, le=MOST)
    skip: WholeNumber | None = Field(default=None, alias="$skip", ge=0, le=1_000_000)
    skip_token: str | None = Field(default=None, alias="$skipToken", max_length=200)
    subscriptions: list[str] | None = Field(default=None, max_length=1000)
    authorization_scope_filter: str | None = Field(default=None, max_length=60)


class GraphQueryBody(Body):
    """A query."""

    EXAMPLE = {
        "subscriptions": [SUBSCRIPTION],
        "query": "resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name",
    }

    query: str = Field(max_length=100_000)
    subscriptions: list[str] | None = Field(default=None, max_length=1000)
    management_groups: list[str] | None = Field(default=None, max_length=10)
    options: QueryOptions = Field(default_factory=QueryOptions)
    facets: list[dict[str, Any]] | None = Field(default=None, max_length=10)


def endpoint_of(tables: Mapping[str, Collection[Rows]]) -> Endpoint:
    """Return the endpoint that answers queries on tables, by their lower-case names."""

    @endpoint(
        "POST",
        "/providers/Microsoft.ResourceGraph/resources",
        "Resources_Query",
        tag="Resource Graph",
        body=GraphQueryBody,
    )
    def query(call: Call, body: GraphQueryBody) -> Document:
        """Answer a query; of Kusto's language only what backup's clients send is known."""
        _refuse_what_is_not_emulated(body)
        asked = _parsed(body.query)
        if asked.table not in tables:
            raise _refused(
                "InvalidQuery",
                f"the table '{asked.table}' is not known; known: {', '.join(sorted(tables))}",
            )
        subscriptions = _subscriptions(body)
        rows = [row for table in tables[asked.table] for row in table(call, subscriptions)]
        found = asked.run(sorted((_placed(row) for row in rows), key=lambda row: row["id"].lower()))
        start = body.options.skip or 0
        shown = found[start : start + (body.options.top or MOST)]
        return {
            "totalRecords": len(found),
            "count": len(shown),
            "data": shown,
            "facets": [],
            "resultTruncated": "false",
        }

    return query


def _refuse_what_is_not_emulated(body: GraphQueryBody) -> None:
    for field, sent in (
        ("managementGroups", body.management_groups),
        ("facets", body.facets),
        ("options.$skipToken", body.options.skip_token),
    ):
        if sent:
            raise not_emulated(field, "only queries of subscriptions, without facets")
    if body.options.result_format == "table":
        raise not_emulated("options.resultFormat", "'table'; send objectArray, or leave it out")


def _subscriptions(body: GraphQueryBody) -> set[str]:
    sent = [*(body.subscriptions or ()), *(body.options.subscriptions or ())]
    for each in sent:
        if ids.parse_guid(each) is None:
            raise invalid(
                "InvalidSubscriptionId",
                f"subscriptions: '{each}' is not a GUID.",
                target="subscriptions",
            )
    return {each.lower() for each in sent}


def _parsed(text: str) -> kql.Query:
    try:
        return kql.parse(text)
    except kql.QueryError as problem:
        raise _refused("ParserFailure", str(problem)) from None


def _refused(code: str, message: str) -> Refused:
    """Resource Graph's envelope: what is wrong stands in the details."""
    return Refused(
        Kind.INVALID,
        "BadRequest",
        f"The query is invalid or uses what rsvault does not emulate: {message}.",
        target="query",
        details=[
            invalid(
                "InvalidQuery",
                "Query is invalid. Please refer to the documentation for the Azure Resource Graph "
                "service and fix the error before retrying.",
            ),
            invalid(code, f"query: {message}", target="query"),
        ],
    )


def _placed(row: Document) -> Document:
    """Return a row with the columns that every table has."""
    parts = row["id"].split("/")
    group = parts[4].lower() if len(parts) > 4 and parts[3].lower() == "resourcegroups" else ""
    born = {"location": "", "tags": None, "kind": "", "managedBy": "", "sku": None, "zones": None}
    own = {
        "type": row["type"].lower(),
        "resourceGroup": group,
        "subscriptionId": parts[2].lower(),
        "tenantId": TENANT_ID,
    }
    return {**born, **row, **own}
