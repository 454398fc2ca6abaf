"""From the front door to the route: the endpoint is known, so no route needs to be tried.

FastAPI's router matches one path pattern after another, which with our many routes costs more
than the answer; and each route costs a third of a millisecond to make, which a start cannot spend
on hundreds of operations that nobody calls. So a route is made when its endpoint is first called.
A request that leads to no endpoint of ours goes through the router.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from .calls import Endpoint

Scope = MutableMapping[str, Any]
ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]
Serve = Callable[[Endpoint], Callable[[Request], Awaitable[Response]]]


class ByEndpoint:
    """ASGI: hands a request to the route of the endpoint that the front door found."""

    def __init__(self, router: APIRouter, serve: Serve) -> None:
        self._otherwise: ASGIApp = router.app
        self._serve = serve
        self._routes: dict[str, APIRoute] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one request."""
        found: Endpoint | None = scope.get("rsvault", {}).get("endpoint")
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        route = self._routes.get(found.operation_id) or self._make(found)
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = scope["rsvault"]["path"]
        await route.handle(scope, receive, send)

    def _make(self, found: Endpoint) -> APIRoute:
        route = APIRoute(
            found.template,
            self._serve(found),
            methods=[found.method],
            operation_id=found.operation_id,
            response_model=None,
            include_in_schema=False,
        )
        self._routes[found.operation_id] = route
        return route
