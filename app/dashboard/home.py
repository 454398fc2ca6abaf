"""``GET /`` for a newcomer, and the API explorer at /docs, its assets from a package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from ..domain.instants import wire
from ..engine.worker import Engine

ASSETS = "/assets"
LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "health": "/_emulator/health",
    "clock": "/_emulator/clock",
    "limits": "/_emulator/limits",
    "subscriptions": "/subscriptions?api-version=2022-12-01",
}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>rsvault</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto }}
code {{ background: #8882; padding: .1rem .3rem; border-radius: .2rem }}
</style></head>
<body>
<h1>rsvault</h1>
<p>This is a test double of an Azure Recovery Services vault. It is <b>{now}</b> here.</p>
<ul>
<li><a href="/docs">API explorer</a>: every operation, with examples to try</li>
<li><a href="/_emulator/clock">The clock</a>: <code>rsvault clock advance --by P1D</code>
moves it</li>
<li><a href="/_emulator/health">Health</a></li>
<li><a href="/_emulator/limits">Limits</a>: Azure's, unless others were asked for</li>
<li><a href="/subscriptions?api-version=2022-12-01">Subscriptions</a>: any GUID is one</li>
</ul>
<p>Point a client at <code>{base}</code>; its requests look just as they do to Azure.</p>
</body></html>
"""


def add_to(app: FastAPI, engine: Engine) -> None:
    """Add the pages to the application."""
    folder = Path(str(resources.files("fastapi_offline"))) / "static"
    app.mount(ASSETS, StaticFiles(directory=folder), name="assets")

    async def home(request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        with engine.database.reading() as connection:
            now = wire(engine.enter(connection, writes=False).now)
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_PAGE.format(now=now, base=base))
        links = {name: f"{base}{path}" for name, path in LINKS.items()}
        return JSONResponse({"name": "rsvault", "now": now, "links": links})

    async def docs(_request: Request) -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="rsvault",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
            swagger_ui_parameters={"docExpansion": "none", "tryItOutEnabled": True},
        )

    app.add_api_route("/", home, include_in_schema=False)
    app.add_api_route("/docs", docs, include_in_schema=False)
