"""From the front door to the route: the endpoint is known, so no route needs to be tried.

FastAPI's router matches one path pattern after another, which with our many routes costs more
than the answer. A request that leads to no endpoint of ours still goes that way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

Scope = MutableMapping[str, Any]
ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]


class ByEndpoint:
    """ASGI: hands a request to the route of the endpoint that the front door found."""

    def __init__(self, router: APIRouter) -> None:
        self._otherwise: ASGIApp = router.app
        self._routes = {
            route.operation_id: route
            for route in router.routes
            if isinstance(route, APIRoute) and route.operation_id
        }

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one request."""
        found = scope.get("rsvault", {}).get("endpoint")
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        route = self._routes[found.operation_id]
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = scope["rsvault"]["path"]
        await route.handle(scope, receive, send)
