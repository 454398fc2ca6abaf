"""Calls that a handler makes itself: the endpoint that the wire would find, run inside its call.

A deployment creates what its template names this way, so that every resource is validated, guarded
and permitted as if its own client had sent it. All of it is one transaction: the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from . import bodies, paths
from .calls import Answer, Call, Endpoint
from .door import Guard, Reach, Rights
from .wings import Wing


class InnerCalls:
    """Finds endpoints and runs them for a call that is under way."""

    def __init__(
        self,
        guard: Guard | None = None,
        reach: Reach | None = None,
        rights: Rights | None = None,
    ) -> None:
        self._guard = guard
        self._reach = reach
        self._rights = rights
        self._endpoints: Iterable[Endpoint] = ()
        self._wings: Iterable[Wing] = ()
        self._tree: paths.PathTree | None = None

    def serve(self, endpoints: Iterable[Endpoint], wings: Iterable[Wing] = ()) -> None:
        """Say which endpoints there are; they are put in order when the first call needs one."""
        self._endpoints = endpoints
        self._wings = wings
        self._tree = None

    def find(self, method: str, path: str) -> tuple[Endpoint, paths.Match]:
        """Return who serves a path below ``/subscriptions``. Raises ``Refused``."""
        if self._tree is None:
            self._tree = paths.PathTree(self._endpoints, self._wings)
        segments = paths.segments_of(quote(path, safe="/;").encode())
        match = self._tree.find(segments) if segments[:1] == ["subscriptions"] else None
        if match is None:
            raise paths.nowhere(segments)
        paths.check_subscription(match.parameters)
        found = match.endpoints.get(method)
        if found is None:
            raise paths.method_not_allowed(method, match.endpoints)
        return found, match

    def permit(self, call: Call, method: str, path: str) -> None:
        """Refuse what the caller of a call may not do. Raises ``Refused``."""
        found, match = self.find(method, path)
        if self._rights is not None and call.caller is not None:
            self._rights.permit(call.connection, found, match.path, call.caller)

    def run(self, call: Call, method: str, path: str, version: str, document: Any = None) -> Answer:
        """Return what an endpoint answers inside a call. Raises ``Refused``."""
        found, match = self.find(method, path)
        self.permit(call, method, path)
        inner = replace(
            call, path=match.parameters, query={"api-version": version}, url_path=match.path
        )
        arguments = _arguments(found, document)
        if call.outages.down and self._reach is not None:
            self._reach(found, inner, arguments)
        if found.writes and self._guard is not None:
            self._guard(found, inner)
        answer = found.handler(inner, *arguments)
        return answer if isinstance(answer, Answer) else Answer(body=answer)


def _arguments(endpoint: Endpoint, document: Any) -> list[Any]:
    if endpoint.body is None:
        return []
    content = b"" if document is None else json.dumps(document).encode()
    body, _ = bodies.read(content, endpoint.body, optional=endpoint.optional_body)
    return [body]
