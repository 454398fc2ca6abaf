"""Paths: clients spell them in every casing, with doubled slashes and ``%3B``; we know one.

One tree over the declared templates finds the endpoint and the canonical spelling together.
Names are kept as sent. Overriding ``path_regex`` of FastAPI's routes would be silently dead.
A trailing slash says nothing, but for templates that have one: Azure's secondary region.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import unquote

from ..domain import ids
from ..domain.errors import Kind, Refused, invalid, not_found
from .calls import Endpoint
from .wings import Wing

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED_SCOPE = re.compile("/(?:%2f)?subscriptions%2f", re.IGNORECASE)
"""Newer SDKs escape the slashes of an id that is a scope: ``ManagementLocks_DeleteByScope``."""
LONGEST_SEGMENT = 400


@dataclass(slots=True)
class _Node:
    keywords: dict[str, tuple[str, _Node]] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A path that leads somewhere: its canonical spelling, its names, and who serves it."""

    path: str
    parameters: dict[str, str]
    endpoints: dict[str, Endpoint]


SCOPE = "/{scope}/"
"""How the template of what may hang off any resource begins; the scope is several segments."""


class PathTree:
    """Every declared template, by segment; those of a wing once a path may lead there."""

    def __init__(self, endpoints: Iterable[Endpoint], wings: Iterable[Wing] = ()) -> None:
        self._root = _Node()
        self._scoped = _Node()
        self._closed = tuple(wings)
        self._opening = Lock()
        for each in endpoints:
            self._add(each)

    def _add(self, each: Endpoint) -> None:
        node = self._scoped if each.template.startswith(SCOPE) else self._root
        for segment in _parts(each.template):
            if segment.startswith("{"):
                name = segment.strip("{}")
                if node.parameter is None:
                    node.parameter = (name, _Node())
                node = node.parameter[1]
                continue
            node = node.keywords.setdefault(segment.lower(), (segment, _Node()))[1]
        if each.method in node.endpoints:
            raise ValueError(f"{each.method} {each.template} is declared twice")
        node.endpoints[each.method] = each

    def find(self, segments: list[str], *, slash: bool = False) -> Match | None:
        """Return where a path's segments lead, or ``None``; a ``slash`` may follow the last.

        A first segment that is a keyword is never taken for the name of a tenant.
        """
        if any(wing.is_asked(segments) for wing in self._closed):
            self._open(segments)
        twin = self._find([*segments, ""]) if slash else None
        return twin or self._find(segments)

    def _open(self, segments: list[str]) -> None:
        with self._opening:  # a world is seeded in a thread of its own
            for wing in self._closed:
                if wing.is_asked(segments):
                    for each in wing.endpoints():
                        self._add(each)
            # Replaced and not changed, and last: who looks meanwhile sees all of it, and waits.
            self._closed = tuple(each for each in self._closed if not each.is_asked(segments))

    def _find(self, segments: list[str]) -> Match | None:
        keyword = self._root.keywords.get(segments[0].lower()) if segments else None
        if keyword is None:
            return _walk(self._root, segments, 0, []) or self._find_below_scope(segments)
        found = _walk(keyword[1], segments, 1, [keyword[0]])
        return found or self._find_below_scope(segments)

    def _find_below_scope(self, segments: list[str]) -> Match | None:
        """Find what hangs off a scope: the last ``providers`` ends it."""
        folded = [segment.lower() for segment in segments]
        if "providers" not in folded:
            return None
        end = len(folded) - 1 - folded[::-1].index("providers")
        found = _walk(self._scoped, segments[end:], 0, [])
        if found is None:
            return None
        scope = "/".join(segments[:end])
        path = f"/{scope}{found.path}" if scope else found.path
        return Match(path, {**found.parameters, "scope": scope}, found.endpoints)


def _walk(node: _Node, segments: list[str], index: int, spelled: list[str]) -> Match | None:
    if index == len(segments):
        if not node.endpoints:
            return None
        any_endpoint = next(iter(node.endpoints.values()))
        return Match("/" + "/".join(spelled), _named(any_endpoint, spelled), node.endpoints)
    segment = segments[index]
    keyword = node.keywords.get(segment.lower())
    if keyword is not None:
        found = _walk(keyword[1], segments, index + 1, [*spelled, keyword[0]])
        if found is not None:
            return found
    if node.parameter is not None and segment:
        return _walk(node.parameter[1], segments, index + 1, [*spelled, segment])
    return None


def _named(each: Endpoint, spelled: list[str]) -> dict[str, str]:
    return {
        part.strip("{}"): value
        for part, value in zip(_parts(each.template), spelled, strict=True)
        if part.startswith("{")
    }


def _parts(template: str) -> list[str]:
    """Return the segments of a template; the last one of a twin is empty."""
    return template.removeprefix(SCOPE).removeprefix("/").split("/")


def segments_of(raw_path: bytes) -> list[str]:
    """Split a raw path: doubled and trailing slashes vanish, escapes are decoded.

    Raises ``Refused`` for characters that no Azure name can hold.
    """
    path = raw_path.decode("latin-1")
    if _ESCAPED_SCOPE.match(path):
        scope, _, rest = path[1:].partition("/")
        path = f"{unquote(scope)}/{rest}"
    segments = [unquote(part) for part in path.split("/") if part]
    for segment in segments:
        if len(segment) > LONGEST_SEGMENT or _CONTROL_CHARACTERS.search(segment):
            raise invalid("InvalidRequestUri", "The request URI holds a name that is not allowed.")
        if "/" in segment or "\ufffd" in segment:
            raise invalid("InvalidRequestUri", "The request URI holds a name that is not allowed.")
    return segments


def check_subscription(parameters: dict[str, str]) -> None:
    """Refuse a subscription id that is no GUID; every GUID exists."""
    subscription = parameters.get("subscriptionId")
    if subscription is not None and ids.parse_guid(subscription) is None:
        raise invalid(
            "InvalidSubscriptionId",
            f"The provided subscription identifier '{subscription}' is malformed or invalid.",
            target="subscriptionId",
        )


def method_not_allowed(method: str, allowed: Iterable[str]) -> Refused:
    """Refuse a method that the path does not have, naming those it has."""
    return Refused(
        Kind.METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        f"The method {method} is not allowed here; allowed: {', '.join(sorted(allowed))}.",
    )


def data_plane_of_key_vaults(host: str) -> Refused | None:
    """Refuse what is asked of a key vault itself, whose host name tells; 404 as azurerm expects."""
    name, _, rest = host.partition(".")
    if not rest.lower().startswith("vault."):
        return None
    return not_found(
        "NotSupported",
        f"The data plane of key vault '{name}' (keys, secrets, certificates) is not emulated by "
        "rsvault; keys can be made through Resource Manager, at .../vaults/{vault}/keys/{key}.",
    )


def nowhere(segments: list[str]) -> Refused:
    """Refuse a path that leads nowhere, as ARM does, and name what is not emulated."""
    lowered = [segment.lower() for segment in segments]
    if "providers" in lowered[:-1]:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        namespace = segments[at + 1]
        kind = "/".join(segments[at + 2 :: 2])
        return not_found(
            "InvalidResourceType",
            f"The resource type '{kind}' could not be found in the namespace '{namespace}' "
            "(not emulated by rsvault; see /docs for what is).",
        )
    return not_found(
        "NotFound",
        f"'/{'/'.join(segments)}' is not a path of Azure Resource Manager that rsvault emulates; "
        "see /docs for what is.",
    )
