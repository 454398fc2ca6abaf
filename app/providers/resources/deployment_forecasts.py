"""What a deployment would change: it is done, looked at, and taken back.

The changes are what readers would see (docs/decisions/0059).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...arm.calls import Call
from ...arm.inner_calls import InnerCalls
from ...domain.documents import Document
from ...domain.errors import Refused
from . import deployment_rows
from .deployment_runs import Run

_OF_THE_ANSWER = ("etag", "eTag")
"""What differs although nothing has changed."""
_NESTED = f"/providers/{deployment_rows.TYPE}/".lower()


def foretell(
    call: Call, inner: InnerCalls, run: Run, present: list[str], *, deletes: bool
) -> tuple[list[Document], list[Document]]:
    """Return the changes that a run would make to what is there, and why it would fail.

    ``present`` is what the scope holds now; ``deletes`` is whether what the template does not
    name would go.
    """
    named = [each.id for each in run.expanded.resources if each.is_deployed]
    before = _shown(call, inner, [*named, *present])
    taken_back = call.connection.begin_nested()
    try:
        run.deploy()
        if deletes and not run.errors:
            run.delete_others(present)
        deployed = list(_deployed(call, run.deployed))
        after = _shown(call, inner, [*deployed, *present])
    finally:
        taken_back.rollback()
    before |= _shown(call, inner, [each for each in deployed if each.lower() not in before])
    ids = {each.lower(): each for each in (*deployed, *present)}
    touched = {each.lower() for each in deployed}
    changes = [
        _change(own_id, before.get(folded), after.get(folded), is_touched=folded in touched)
        for folded, own_id in ids.items()
    ]
    return changes, run.errors


def _deployed(call: Call, ids: Iterable[str]) -> Iterator[str]:
    """Yield what was deployed; of a nested deployment what it has deployed."""
    for each in ids:
        if _NESTED not in each.lower():
            yield each
            continue
        row = deployment_rows.get(call.connection, each)
        inside = row.document["properties"]["outputResources"]
        yield from _deployed(call, [one["id"] for one in inside])


def _shown(call: Call, inner: InnerCalls, ids: Iterable[str]) -> dict[str, Document]:
    """Return what is to be seen of some resources, by their lower-case ids."""
    found: dict[str, Document] = {}
    for each in ids:
        try:
            body = inner.run(call, "GET", each, call.api_version).body
        except Refused:
            continue
        if isinstance(body, dict):
            found[each.lower()] = _content(body)
    return found


def _content(value: Any) -> Any:
    if isinstance(value, list):
        return [_content(each) for each in value]
    if isinstance(value, dict):
        kept = (name for name in value if name not in _OF_THE_ANSWER)
        return {name: _content(value[name]) for name in kept}
    return value


def _change(
    own_id: str, before: Document | None, after: Document | None, *, is_touched: bool
) -> Document:
    change: Document = {"resourceId": own_id, "changeType": "Ignore"}
    if before is None:
        change["changeType"] = "Create"
    elif after is None:
        change["changeType"] = "Delete"
    elif is_touched:
        delta = list(_differences("", before, after))
        change["changeType"] = "Modify" if delta else "NoChange"
        change["delta"] = delta
    if before is not None:
        change["before"] = before
    if after is not None:
        change["after"] = after
    return change


def _differences(path: str, before: Any, after: Any) -> Iterator[Document]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            inside = f"{path}.{name}" if path else name
            yield from _differences(inside, before.get(name), after.get(name))
        return
    kind = "Modify"
    if before is None or after is None:
        kind = "Create" if before is None else "Delete"
    yield {"path": path, "propertyChangeType": kind, "before": before, "after": after}
