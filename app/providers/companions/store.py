"""The one store of companion resources: what every type does alike, told by its row of the table.

A PUT on a resource that exists changes what it names and replaces the tags; a PATCH keeps them.
A type that lies in another one names its ``parent``: its resources go when that goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, Endpoint, endpoint
from ...arm.paging import after, page, row_limit, size
from ...domain import tags
from ...domain.documents import merge
from ...domain.errors import (
    Refused,
    conflict,
    invalid,
    not_emulated,
    not_found,
    resource_not_found,
)
from ...domain.locations import GLOBAL, required_location
from ...domain.resource_ids import group_id, normal_location
from ...engine import sources
from ...store import rows
from ...store.metadata import Document
from ...store.resource_tables import resource_groups, resources
from ...store.vaults import get_group

GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"


@dataclass(frozen=True, slots=True)
class Write:
    """A resource about to be written; ``wanted`` is what is stored with ``sent`` on top.

    ``partial`` tells a PATCH from a PUT.
    """

    call: Call
    id: str
    name: str
    group_folded: str
    location: str
    existing: Row[Any] | None
    sent: Document
    wanted: Document
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What to keep of a resource: what clients see of it, and what they never see."""

    document: Document
    hidden: Document


def _nothing_follows(_call: Call, _document: Document, _resource_id: str) -> None:
    """Most types have nobody to tell."""


def _nothing_in_the_way(_call: Call, _row: Row[Any]) -> None:
    """Most types can be deleted at any time."""


@dataclass(frozen=True, slots=True)
class CompanionType:
    """One row of the table of types.

    ``fixed`` are properties that cannot change. ``write`` checks a resource and completes it,
    ``render`` adds the computed properties to some, ``remove`` refuses or prepares a deletion,
    ``follow`` tells others of a change. ``create``, ``get``, ``update`` and the two lists are
    Azure's names of the operations, which differ from one namespace to the next, or ``None``
    where Azure has none. A type with a ``parent`` lies at ``folder`` below it, where its
    ``list_in_group`` lists; unless it is ``located`` it has neither a region nor tags of its own.
    ``replaces`` is for types whose PUT forgets what it does not name, ``everywhere`` for those
    whose location may be Global.
    """

    type_name: str
    operations: str
    parameter: str
    tag: str
    name_pattern: re.Pattern[str]
    name_rule: str
    body: type[Body]
    patch: type[Body]
    write: Callable[[Write], Written]
    render: Callable[[Call, Sequence[Row[Any]]], list[Document]]
    remove: Callable[[Call, Row[Any]], None] = _nothing_in_the_way
    follow: Callable[[Call, Document, str], None] = _nothing_follows
    fixed: tuple[str, ...] = ()
    expands: tuple[str, ...] = ()
    created_status: int = 201
    name_code: str = "InvalidParameter"
    create: str = "CreateOrUpdate"
    get: str = "Get"
    update: str | None = "Update"
    delete: str | None = "Delete"
    list_in_group: str | None = "List"
    list_all: str | None = "ListAll"
    not_for_lists: tuple[str, ...] = field(default=("$filter",))
    parent: CompanionType | None = None
    folder: str = ""
    located: bool = True
    replaces: bool = False
    everywhere: bool = False

    @property
    def plural(self) -> str:
        """What resources of this type are called, for people."""
        if self.parent is None:
            return self.tag
        last = self.type_name.rpartition("/")[2]
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last).capitalize()

    @property
    def template(self) -> str:
        """The path of one resource of this type."""
        return f"{self.collection}/{{{self.parameter}}}"

    @property
    def collection(self) -> str:
        """The path of all the resources of this type in a group, or in their parent."""
        if self.parent is not None:
            return f"{self.parent.template}/{self.folder}"
        return f"{GROUP}/providers/{self.type_name}"

    def id_below(self, holder: str, name: str) -> str:
        """Return the id of a resource in a group, or in its parent."""
        between = self.folder if self.parent is not None else f"providers/{self.type_name}"
        return f"{holder}/{between}/{name}"


# --- rows --------------------------------------------------------------------------------


def find(call: Call, kind: CompanionType) -> Row[Any] | None:
    """Return the resource in the path, or ``None``."""
    return rows.find(call.connection, _sent_id(call, kind))


def _sent_id(call: Call, kind: CompanionType) -> str:
    """Return the id that the path has, with the names as they are sent."""
    if kind.parent is not None:
        return kind.id_below(_sent_id(call, kind.parent), call.path[kind.parameter])
    group = group_id(call.subscription, call.group)
    return kind.id_below(group, call.path[kind.parameter])


def get(call: Call, kind: CompanionType) -> Row[Any]:
    """Return the resource in the path. Raises ``Refused``: it is missing, or what holds it is."""
    found = find(call, kind)
    if found is None:
        holder(call, kind)
        raise resource_not_found(kind.type_name, shown_name(call, kind), call.group)
    return found


def holder(call: Call, kind: CompanionType) -> Row[Any]:
    """Return what a resource lies in: its group, or its parent. Raises ``Refused``."""
    if kind.parent is None:
        return get_group(call.connection, call.subscription, call.group)
    found = find(call, kind.parent)
    if found is None:
        holder(call, kind.parent)
        name = shown_name(call, kind.parent)
        raise not_found(
            "ParentResourceNotFound",
            f"Can not perform requested operation on nested resource. Parent resource '{name}' "
            "not found.",
            target=name,
        )
    return found


def shown_name(call: Call, kind: CompanionType) -> str:
    """Return a name as ARM's messages have it: after those of its parents."""
    name = call.path[kind.parameter]
    return name if kind.parent is None else f"{shown_name(call, kind.parent)}/{name}"


def put_row(write: Write, kind: CompanionType, written: Written) -> None:
    """Write a resource's row."""
    call = write.call
    values = {
        "document": written.document,
        "hidden": written.hidden,
        "changed_at": call.now,
    }
    folded = write.id.lower()
    if write.existing is None:
        call.connection.execute(
            insert(resources).values(
                folded=folded,
                id=write.id,
                group_folded=write.group_folded,
                type_folded=kind.type_name.lower(),
                name=write.name,
                location=write.location,
                created_at=call.now,
                **values,
            )
        )
    else:
        call.connection.execute(
            update(resources).where(resources.c.folded == folded).values(**values)
        )


def rewrite(call: Call, kind: CompanionType, row: Row[Any], properties: Document) -> None:
    """Check and keep a resource with some of its properties changed from within."""
    wanted = row.document | {"properties": row.document["properties"] | properties}
    write = Write(
        call=call,
        id=row.id,
        name=row.name,
        group_folded=row.group_folded,
        location=row.location,
        existing=row,
        sent={},
        wanted=wanted,
    )
    put_row(write, kind, kind.write(write))


def envelope(kind: CompanionType, row: Row[Any]) -> Document:
    """Return what every resource shows before its own: id, name, type, location and tags."""
    own = {key: value for key, value in row.document.items() if key not in ("properties", "tags")}
    document: Document = {"id": row.id, "name": row.name, "type": kind.type_name}
    if kind.located:
        document["location"] = row.location
    if row.document.get("tags"):
        document["tags"] = row.document["tags"]
    return document | own


# --- what a PUT and a PATCH do -----------------------------------------------------------


def create_or_update(call: Call, kind: CompanionType, body: Body) -> Answer:
    """What a PUT does: create a resource, or change one. Raises ``Refused``."""
    held_by = holder(call, kind)
    existing = find(call, kind)
    name = call.path[kind.parameter]
    if existing is None and kind.name_pattern.fullmatch(name) is None:
        raise invalid(
            kind.name_code,
            f"{kind.parameter}: '{name}' is not allowed: {kind.name_rule}",
            target=kind.parameter,
        )
    sent = body.wire()
    location = held_by.location
    if kind.located:
        location = _checked_location(kind, sent.pop("location", None), existing, call.group)
    stored = dict(existing.document) if existing is not None and not kind.replaces else {}
    stored.pop("tags", None)
    write = Write(
        call=call,
        id=kind.id_below(held_by.id, name) if existing is None else existing.id,
        name=name,
        group_folded=held_by.folded if kind.parent is None else held_by.group_folded,
        location=location,
        existing=existing,
        sent=sent,
        wanted=merge(stored, sent),
    )
    _write(kind, write)
    return _shown(call, kind, kind.created_status if existing is None else 200)


def change(call: Call, kind: CompanionType, body: Body) -> Answer:
    """What a PATCH does: change what is named, the rest stays. Raises ``Refused``."""
    existing = get(call, kind)
    sent = body.wire()
    write = Write(
        call=call,
        id=existing.id,
        name=existing.name,
        group_folded=existing.group_folded,
        location=existing.location,
        existing=existing,
        sent=sent,
        wanted=merge(existing.document, sent),
        partial=True,
    )
    _write(kind, write)
    return _shown(call, kind)


def _write(kind: CompanionType, write: Write) -> None:
    own_tags = write.sent.get("tags")
    if own_tags is not None:
        tags.check(own_tags)
        write.wanted["tags"] = own_tags
    if write.existing is not None:
        _check_fixed(kind, write.existing.document, write.sent)
    written = kind.write(write)
    put_row(write, kind, written)
    kind.follow(write.call, written.document, write.id)


def _check_fixed(kind: CompanionType, stored: Document, sent: Document) -> None:
    for path in kind.fixed:
        new = at(sent, path)
        if new is not None and _folded(new) != _folded(at(stored, path)):
            raise change_not_allowed(path.removeprefix("properties."))


def at(document: Document, path: str) -> Any:
    """Return what stands at a dotted path of a document, or ``None``."""
    value: Any = document
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _folded(value: Any) -> Any:
    """Texts compare without casing; false and an empty list say no more than nothing at all."""
    return value.lower() if isinstance(value, str) else value or None


def _checked_location(
    kind: CompanionType, sent: str | None, existing: Row[Any] | None, group: str
) -> str:
    what = f"resource type '{kind.type_name}'"
    if kind.everywhere and normal_location(sent or "") == GLOBAL:
        location = GLOBAL
    else:
        location = required_location(sent, "ResourceType", what, " for the resource type")
    if existing is not None and location != existing.location:
        raise conflict(
            "InvalidResourceLocation",
            f"The resource '{existing.name}' already exists in location '{existing.location}' in "
            f"resource group '{group}'. A resource with the same name cannot be created in "
            f"location '{sent}'. Please select a new resource name.",
            target="location",
        )
    return location


# --- what a GET, a list and a DELETE do --------------------------------------------------


def show(call: Call, kind: CompanionType) -> Answer:
    """What a GET does. Raises ``Refused``."""
    expansions(call, kind)
    return _shown(call, kind)


def _shown(call: Call, kind: CompanionType, status: int = 200) -> Answer:
    """Show the resource in the path. Its eTag is of what clients told: some of the rest moves."""
    row = get(call, kind)
    return Answer(status, kind.render(call, [row])[0], content=[row.id, row.document])


def expansions(call: Call, kind: CompanionType) -> set[str]:
    """Return what ``$expand`` asks for. Raises ``Refused`` for what the type does not have."""
    by_folded = {name.lower(): name for name in kind.expands}
    asked = [part.strip() for part in call.query.get("$expand", "").split(",") if part.strip()]
    for name in asked:
        if name.lower() not in by_folded:
            allowed = ", ".join(kind.expands) or "nothing"
            raise invalid_parameter("$expand", f"'{name}' is not known; allowed: {allowed}")
    return {by_folded[name.lower()] for name in asked}


def remove(call: Call, kind: CompanionType) -> Answer:
    """What a DELETE does: a resource goes with all that lies in it. Raises ``Refused``."""
    holder(call, kind)
    row = find(call, kind)
    if row is None:
        return Answer(204)
    kind.remove(call, row)
    rows.delete_tree(call.connection, row.folded)
    sources.refresh(call.connection, call.rules, row.folded, call.now)
    return Answer(200)


def list_held(call: Call, kind: CompanionType) -> Answer:
    """List the resources of a type in a group, or in their parent. Raises ``Refused``."""
    held_by = holder(call, kind)
    if kind.parent is not None:
        return _list(call, kind, rows.below(held_by.folded))
    return _list(call, kind, resources.c.group_folded == held_by.folded)


def list_in_subscription(call: Call, kind: CompanionType) -> Answer:
    """List the resources of a type in a subscription. Raises ``Refused``."""
    groups = select(resource_groups.c.folded).where(
        resource_groups.c.subscription == call.subscription.lower()
    )
    return _list(call, kind, resources.c.group_folded.in_(groups))


def _list(call: Call, kind: CompanionType, where: ColumnElement[bool]) -> Answer:
    expansions(call, kind)
    for option in kind.not_for_lists:
        if call.query.get(option, "").lower() not in ("", "false"):
            raise not_emulated(option, f"lists of '{kind.type_name}' do not have it")
    found = (
        select(resources)
        .where(where, resources.c.type_folded == kind.type_name.lower())
        .order_by(resources.c.folded)
    )
    start = after(call, str)
    if start is not None:
        found = found.where(resources.c.folded > start[0])
    found_rows = call.connection.execute(found.limit(row_limit(call))).all()
    shown = found_rows[: size(call)]
    rendered = {
        row.folded: document for row, document in zip(shown, kind.render(call, shown), strict=True)
    }
    return page(call, found_rows, lambda row: rendered[row.folded], lambda row: [row.folded])


# --- refusals of every type --------------------------------------------------------------


def invalid_parameter(field_name: str, message: str) -> Refused:
    """Compute's code for almost every value that is wrong."""
    return invalid("InvalidParameter", f"{field_name}: {message}", target=field_name)


def missing_parameter(field_name: str) -> Refused:
    """Compute's answer to a value that must be there."""
    return invalid(
        "InvalidParameter",
        f"Required parameter '{field_name}' is missing (null).",
        target=field_name,
    )


def change_not_allowed(field_name: str) -> Refused:
    """Compute's answer to a change of what is fixed once the resource exists."""
    return conflict(
        "PropertyChangeNotAllowed",
        f"Changing property '{field_name}' is not allowed.",
        target=field_name,
    )


# --- the endpoints of a type -------------------------------------------------------------


def endpoints(kind: CompanionType) -> tuple[Endpoint, ...]:
    """Return the operations that Azure has for a type: at most six."""
    found = [_putter(kind), _getter(kind)]
    if kind.update is not None:
        found.append(_patcher(kind, kind.update))
    if kind.delete is not None:
        found.append(_deleter(kind, kind.delete))
    if kind.list_in_group is not None:
        found.append(_lister(kind, kind.collection, kind.list_in_group, list_held))
    if kind.list_all is not None and kind.parent is None:
        everywhere = f"/subscriptions/{{subscriptionId}}/providers/{kind.type_name}"
        found.append(_lister(kind, everywhere, kind.list_all, list_in_subscription))
    return tuple(found)


def _putter(kind: CompanionType) -> Endpoint:
    @endpoint(
        "PUT",
        kind.template,
        f"{kind.operations}_{kind.create}",
        tag=kind.tag,
        body=kind.body,
        statuses=tuple({200, kind.created_status}),
        told=f"{kind.plural}: create one, or change what the request names of one.",
    )
    def put(call: Call, body: Body) -> Answer:
        """Create a resource, or change what the request names of one that exists."""
        return create_or_update(call, kind, body)

    return put


def _getter(kind: CompanionType) -> Endpoint:
    @endpoint(
        "GET",
        kind.template,
        f"{kind.operations}_{kind.get}",
        tag=kind.tag,
        query=("$expand",) if kind.expands else (),
        told=f"{kind.plural}: show one.",
    )
    def get_one(call: Call) -> Answer:
        """Show a resource."""
        return show(call, kind)

    return get_one


def _patcher(kind: CompanionType, name: str) -> Endpoint:
    @endpoint(
        "PATCH",
        kind.template,
        f"{kind.operations}_{name}",
        tag=kind.tag,
        body=kind.patch,
        told=f"{kind.plural}: change what the request names of one; the rest stays.",
    )
    def patch(call: Call, body: Body) -> Answer:
        """Change what the request names of a resource; the rest stays."""
        return change(call, kind, body)

    return patch


def _deleter(kind: CompanionType, name: str) -> Endpoint:
    @endpoint(
        "DELETE",
        kind.template,
        f"{kind.operations}_{name}",
        tag=kind.tag,
        statuses=(200, 204),
        told=f"{kind.plural}: delete one with all that lies in it; 204 if there is none.",
    )
    def delete_one(call: Call) -> Answer:
        """Delete a resource with all that lies in it; 204 if there is none."""
        return remove(call, kind)

    return delete_one


def _lister(
    kind: CompanionType,
    template: str,
    name: str,
    listed: Callable[[Call, CompanionType], Answer],
) -> Endpoint:
    _, place = template.rsplit("{", 1)
    where = {"subscriptionId": "subscription", "resourceGroupName": "resource group"}
    within = where.get(place.partition("}")[0], "resource that they lie in")

    @endpoint(
        "GET",
        template,
        f"{kind.operations}_{name}",
        tag=kind.tag,
        told=f"{kind.plural}: list those of a {within}.",
    )
    def list_them(call: Call) -> Answer:
        """List the resources of this type in a subscription, a resource group or a parent."""
        return listed(call, kind)

    return list_them
