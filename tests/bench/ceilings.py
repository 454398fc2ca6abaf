"""What the figures stand beside: the least that could do the same work, on the same server.

Run as ``python -m tests.bench.ceilings bare|fastapi|select|upsert [DATABASE]``. Each imports
nothing but what it needs, for its start is measured too.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

BODY = json.dumps({"id": "x" * 200, "properties": {"text": "y" * 760}}).encode()
ROWS = 1000


def bare() -> Any:
    """Return an ASGI app that answers 1 KB of JSON and does nothing else."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    return app


def minimal() -> FastAPI:
    """Return a FastAPI app with one route."""
    from fastapi import FastAPI

    async def answer() -> dict[str, str]:
        return {"status": "ok"}

    app = FastAPI()
    app.get("/")(answer)
    return app


def _database(path: str) -> Any:
    """Return an open connection to a table of documents; of psycopg's if ``path`` is a URL."""
    if path.startswith("postgresql:"):
        return _on_postgresql(path)
    import sqlite3

    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE documents (key INTEGER PRIMARY KEY, document TEXT NOT NULL)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO documents VALUES (?, ?)", ((key, BODY.decode()) for key in range(ROWS))
    )
    connection.execute("COMMIT")
    return connection


def _on_postgresql(url: str) -> Any:
    import psycopg

    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE documents (key bigint PRIMARY KEY, document text NOT NULL)")
    connection.cursor().executemany(
        "INSERT INTO documents VALUES (%s, %s)", [(key, BODY.decode()) for key in range(ROWS)]
    )
    return connection


def _spelled(path: str, sqlite: str, postgresql: str) -> str:
    return postgresql if path.startswith("postgresql:") else sqlite


def selecting(path: str) -> FastAPI:
    """Return an app whose one route answers the bytes of one row, found by its primary key."""
    from fastapi import FastAPI, Response

    connection = _database(path)
    query = f"SELECT document FROM documents WHERE key = {_spelled(path, '?', '%s')}"

    async def answer(key: int) -> Response:
        row = connection.execute(query, (key,)).fetchone()
        return Response(row[0].encode(), media_type="application/json")

    answer.__annotations__ |= {"key": int, "return": Response}
    app = FastAPI()
    app.get("/rows/{key}")(answer)
    return app


def upserting(path: str) -> FastAPI:
    """Return an app whose one route validates a policy's body, upserts one row and commits it."""
    from fastapi import FastAPI, Request, Response

    from app.providers.recovery_services_backup.policy_bodies import PolicyBody

    connection = _database(path)
    begin = _spelled(path, "BEGIN IMMEDIATE", "BEGIN")
    upsert = _spelled(
        path,
        "INSERT OR REPLACE INTO documents VALUES (?, ?)",
        "INSERT INTO documents VALUES (%s, %s) "
        "ON CONFLICT (key) DO UPDATE SET document = excluded.document",
    )

    async def answer(request: Request) -> Response:
        body = PolicyBody.model_validate_json(await request.body())
        content = json.dumps(body.properties.wire())
        values = (int(request.path_params["key"]), content)
        connection.execute(begin)
        connection.execute(upsert, values)
        connection.execute("COMMIT")
        return Response(content.encode(), media_type="application/json")

    # FastAPI resolves a route's types where its module is, and these are imported only here.
    answer.__annotations__ |= {"request": Request, "return": Response}
    app = FastAPI()
    app.put("/rows/{key}")(answer)
    return app


async def _serve(app: Any) -> None:
    """Serve as rsvault's own server does: uvloop, httptools, no access log."""
    import uvicorn

    config = uvicorn.Config(
        app, port=0, lifespan="off", ws="none", log_config=None, access_log=False
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with server.capture_signals():
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"ready http=http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        await server.main_loop()
        await server.shutdown()


def main() -> None:
    """Serve the app that the command line names."""
    name, *arguments = sys.argv[1:]
    path = arguments[0] if arguments else ":memory:"
    if name == "bare":
        app = bare()
    elif name == "fastapi":
        app = minimal()
    else:
        app = {"select": selecting, "upsert": upserting}[name](path)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(app))


if __name__ == "__main__":
    main()
