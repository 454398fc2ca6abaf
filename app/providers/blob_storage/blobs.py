"""A blob endpoint to read from: List Containers, List Blobs, Get Blob with ranges, its pages.

Every key, token or none is taken; nothing can be written here (docs/decisions/0020).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...domain.blob_paths import PREFIX, endpoint_of
from ...engine.worker import Engine
from . import stored
from .replies import VERSION, Node, StorageRefusal, entry, http_date, properties, xml
from .stored import Blob

MOST_AT_ONCE = 5000
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no answer could repeat: XML has no way to write it."""
_PAGES_COMPARE = "prevsnapshot"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def add_to(app: FastAPI, engine: Engine) -> None:
    """Add the blob endpoint to the application."""
    app.mount(PREFIX, BlobEndpoint(engine), name="blobs")


class BlobEndpoint:
    """ASGI: reads an account's containers and blobs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            answer = self._answer(request)
        except StorageRefusal as refusal:
            answer = refusal.response(head=request.method == "HEAD")
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise StorageRefusal(
                405,
                "UnsupportedHttpVerb",
                f"{request.method} is not possible: blobs can only be read here (not emulated by "
                "rsvault).",
                Allow="GET, HEAD",
            )
        raw = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        names = unquote(raw.removeprefix(PREFIX).lstrip("/")).split("/", 2)
        if any(_NOT_XML.search(text) for text in (*names, *request.query_params.values())):
            raise StorageRefusal(400, "InvalidUri", "The URI holds characters not allowed.")
        base_url = f"{request.url.scheme}://{request.headers.get('host') or 'localhost'}"
        with self._engine.database.reading() as connection:
            account = stored.find_account(connection, names[0])
            if account is None:
                raise StorageRefusal(
                    404, "ResourceNotFound", f"There is no storage account '{names[0]}'."
                )
            return _route(request, connection, account, [*names[1:], "", ""][:2], base_url)


def _route(
    request: Request, connection: Connection, account: Row[Any], names: list[str], base_url: str
) -> Response:
    container, name = names
    if not container:
        return _list_containers(request, connection, account, base_url)
    found = dict(stored.containers(connection, account, container))
    if container not in found:
        raise StorageRefusal(404, "ContainerNotFound", "The specified container does not exist.")
    if not name:
        comp = request.query_params.get("comp")
        if comp == "list":
            return _list_blobs(request, connection, account, container, base_url)
        if comp not in (None, "metadata"):
            raise _not_emulated(request)
        return _show_container(found[container])
    blob = stored.find(connection, account, container, name, base_url)
    if blob is None:
        raise StorageRefusal(404, "BlobNotFound", "The specified blob does not exist.")
    return _read(request, blob)


# --- lists -------------------------------------------------------------------------------


def _list_containers(
    request: Request, connection: Connection, account: Row[Any], base_url: str
) -> Response:
    if request.query_params.get("comp") != "list":
        raise _not_emulated(request)
    prefix = request.query_params.get("prefix", "")
    shown: list[Node] = [
        (
            "Container",
            [
                ("Name", name),
                ("Properties", [("Last-Modified", http_date(at)), ("Etag", _tag(at))]),
            ],
        )
        for name, at in stored.containers(connection, account, prefix)
    ]
    return xml(
        "EnumerationResults",
        [("Prefix", prefix), ("Containers", shown), ("NextMarker", "")],
        ServiceEndpoint=endpoint_of(base_url, account.name),
    )


def _tag(at: int) -> str:
    return f"0x8{at:015X}"


def _show_container(at: int) -> Response:
    headers = {
        "x-ms-version": VERSION,
        "Last-Modified": http_date(at),
        "ETag": f'"{_tag(at)}"',
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }
    return Response(b"", headers=headers)


def _list_blobs(
    request: Request, connection: Connection, account: Row[Any], container: str, base_url: str
) -> Response:
    query = request.query_params
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    most = _most(query)
    found = [
        blob
        for blob in stored.listed(connection, account, container, base_url, after=marker)
        if blob.name.startswith(prefix)
    ]
    following = found[most].name if len(found) > most else ""
    return xml(
        "EnumerationResults",
        [
            ("Prefix", prefix),
            ("Marker", marker),
            ("MaxResults", str(most)),
            ("Blobs", [entry(blob) for blob in found[:most]]),
            ("NextMarker", following),
        ],
        ServiceEndpoint=endpoint_of(base_url, account.name),
        ContainerName=container,
    )


def _most(query: Mapping[str, str]) -> int:
    sent = query.get("maxresults", str(MOST_AT_ONCE))
    most = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 6 else 0
    if most < 1:
        raise StorageRefusal(
            400,
            "OutOfRangeQueryParameterValue",
            f"maxresults: '{sent}' must be a number from 1 to {MOST_AT_ONCE}.",
        )
    return min(most, MOST_AT_ONCE)


# --- a blob ------------------------------------------------------------------------------


def _read(request: Request, blob: Blob) -> Response:
    comp = request.query_params.get("comp")
    if comp == "pagelist" and blob.vhd is not None and not request.query_params.get(_PAGES_COMPARE):
        return _pages(blob)
    if comp not in (None, "metadata"):
        raise _not_emulated(request)
    _check_conditions(request, blob)
    headers = properties(blob)
    if request.method == "HEAD" or comp == "metadata":
        if blob.md5 is not None:
            headers["Content-MD5"] = blob.md5
        length = "0" if comp else str(blob.length)
        return Response(b"", headers=headers | {"Content-Length": length})
    span = _span(request, blob)
    start, end = span or (0, blob.length)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.length}"
    elif blob.md5 is not None:
        headers["Content-MD5"] = blob.md5
    return StreamingResponse(_stream(blob, start, end), 206 if span else 200, headers)


async def _stream(blob: Blob, start: int, end: int) -> AsyncIterator[bytes]:
    for piece in blob.pieces(start, end):
        yield piece


def _pages(blob: Blob) -> Response:
    runs: list[Node] = [
        ("PageRange", [("Start", str(first)), ("End", str(last))])
        for first, last in blob.page_ranges()
    ]
    answer = xml("PageList", runs)
    answer.headers["ETag"] = blob.etag
    answer.headers["Last-Modified"] = http_date(blob.created_at)
    answer.headers["x-ms-blob-content-length"] = str(blob.length)
    return answer


def _check_conditions(request: Request, blob: Blob) -> None:
    wanted = request.headers.get("if-match")
    if wanted not in (None, "*", blob.etag):
        raise StorageRefusal(
            412,
            "ConditionNotMet",
            "The condition specified using HTTP conditional header(s) is not met.",
        )
    if request.headers.get("if-none-match") in ("*", blob.etag):
        raise StorageRefusal(304, "ConditionNotMet", "The blob has not changed.")


def _span(request: Request, blob: Blob) -> tuple[int, int] | None:
    """Return the offsets that a client wants, the second one not included.

    Azure's own header goes before HTTP's; one that says nothing is let be, as HTTP has it.
    """
    sent = request.headers.get("x-ms-range") or request.headers.get("range") or ""
    found = _RANGE.fullmatch(sent.strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(blob.length - int(last), 0), blob.length
    else:
        start = int(first)
        end = min(int(last) + 1, blob.length) if last else blob.length
    if start >= end:
        raise StorageRefusal(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
            Content_Range=f"bytes */{blob.length}",
        )
    return start, end


def _not_emulated(request: Request) -> StorageRefusal:
    asked = str(request.url.query) or "no query"
    return StorageRefusal(
        400,
        "UnsupportedQueryParameter",
        f"'{asked}' asks for what is not emulated by rsvault: blobs can be listed and read.",
    )
