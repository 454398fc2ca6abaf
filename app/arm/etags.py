"""eTags and the preconditions that name them: ``If-Match`` and ``If-None-Match``, as ARM has them.

The Desk asks here before every write of whatever can also be read, so that no provider can forget
to (docs/decisions/0032). An eTag is a hash of what a reader sees: a frozen clock gives equal
instants, and content that is equal again is no change.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain import ids
from ..domain.errors import Kind, Refused, invalid_request_content, not_emulated
from .calls import Answer, Endpoint

ANY = "*"
_READS_WHAT_IT_SENDS = "/providers/Microsoft.RecoveryServices/"
"""Where a body's eTag is a precondition too: elsewhere Azure's models have it read-only."""
WRITES = ("PUT", "PATCH", "DELETE")
"""The methods that heed preconditions; an action (POST) does not."""
_SHOWS = ("GET", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request demands of the eTag that its resource has now; ``None`` where nothing."""

    match: tuple[str, ...] | None
    none_match: tuple[str, ...] | None

    def check(self, current: str | None) -> None:
        """Refuse what does not hold for an eTag, or for a resource that is not there."""
        if self.match is not None and not _meets(self.match, current):
            raise _failed("If-Match", self.match, current)
        if self.none_match is not None and _meets(self.none_match, current):
            raise _failed("If-None-Match", self.none_match, current)


def of(answer: Answer) -> str:
    """Return the eTag of an answer that shows a resource: its own, or a hash of its content."""
    body = answer.body
    own = body.get("etag") if isinstance(body, dict) else None
    if isinstance(own, str):
        return own
    return f'"{digest(body if answer.content is None else answer.content)}"'


def is_versioned(endpoint: Endpoint, methods: Collection[str]) -> bool:
    """Tell whether an endpoint shows a resource that can also be written: it has an eTag."""
    return (
        endpoint.method in _SHOWS
        and "GET" in methods
        and any(method in methods for method in WRITES)
    )


def is_shown(endpoint: Endpoint, methods: Collection[str], answer: Answer) -> bool:
    """Tell whether an answer shows such a resource."""
    shows = answer.status in (200, 201) and isinstance(answer.body, dict)
    return shows and is_versioned(endpoint, methods)


def digest(content: Any) -> str:
    """Return 16 hex digits that differ for different content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return ids.md5_hex(text)[:16]


def conditions(
    endpoint: Endpoint, reader: Endpoint | None, headers: Mapping[str, str], sent: Any
) -> Conditions | None:
    """Return what a write demands by its headers, or by the eTag in its body (``sent``).

    ``reader`` is the endpoint that shows the resource. Raises ``Refused``: a precondition on what
    cannot be read, and so has no eTag, or an eTag that is no text.
    """
    if endpoint.method not in WRITES:
        return None
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is None and sent is not None and _READS_WHAT_IT_SENDS in endpoint.template:
        if not isinstance(sent, str):
            raise invalid_request_content([("eTag", "Input should be a valid string")])
        match = sent or None
    if match is None and none_match is None:
        return None
    if reader is None:
        raise not_emulated("If-Match", f"a precondition for {endpoint.operation_id}")
    return Conditions(_listed(match), _listed(none_match))


def _listed(header: str | None) -> tuple[str, ...] | None:
    return None if header is None else tuple(_opaque(part) for part in header.split(","))


def _opaque(tag: str) -> str:
    """Return an eTag without quotes and weakness: clients leave out both, and Azure accepts it."""
    return tag.strip().removeprefix("W/").strip('"')


def _meets(wanted: tuple[str, ...], current: str | None) -> bool:
    return current is not None and (ANY in wanted or _opaque(current) in wanted)


def _failed(header: str, wanted: tuple[str, ...], current: str | None) -> Refused:
    state = "the resource does not exist" if current is None else f"the resource has {current}"
    return Refused(
        Kind.PRECONDITION,
        "PreconditionFailed",
        f"The precondition '{header}: {', '.join(wanted)}' given in the request failed: {state}. "
        "Read it again, then repeat the change.",
        target=header,
    )
