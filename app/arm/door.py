"""The front door: one request's journey from the socket to its answer, in one file.

spell the path -> ids -> api-version -> endpoint -> read and validate the body -> begin ->
one ``now`` -> handler -> commit -> first byte -> journal.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import parse_qsl

from fastapi.sse import EventSourceResponse
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..domain import ids
from ..domain.blob_paths import PREFIX as BLOBS
from ..domain.errors import Kind, Refused, invalid, not_found
from ..domain.faults import Point
from ..domain.tenancy import TENANT_ID
from ..domain.waiting import OFF, STEP, polls_of
from ..engine.worker import Engine, Moment
from . import bodies, door_faults, errors, etags, lagging_answers, paths
from .calls import Answer, Call, Caller, Endpoint, Visit, Waiting
from .journal import Record, Witness
from .shapes import Shape
from .wings import Wing

_log = logging.getLogger("rsvault.door")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Gate = Callable[[Mapping[str, str]], None]
Guard = Callable[[Endpoint, Call], None]
"""Refuses a write that something else in the world forbids, such as a lock."""
Reach = Callable[[Endpoint, Call, Sequence[Any]], None]
"""Refuses a request, given its body, that a region which is down would have to answer."""

CONTROL_PREFIX = "/_emulator"
NO_FAULTS: frozenset[str] = frozenset()
ASSETS = "assets"
PAGES = ("", "docs", "openapi.json", ASSETS)
"""What a browser gets at the top of the path: nothing of Azure's."""
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.-]+)?")
# Azure also sends Strict-Transport-Security; on localhost it would turn every other server of the
# developer's that speaks plain HTTP away from his browser for a year.
_ALWAYS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "X-Content-Type-Options": "nosniff",
}
# A proxy that gathers an answer before it passes it on would keep events to itself.
_STREAMED = {"X-Accel-Buffering": "no"}
# What azurerm 5.2 and later take for leave not to sleep before each look (docs/decisions/0060).
WITHOUT_DELAY = {"X-Go-Azure-Sdk-Skip-Polling-Delay": "true"}
_REMAINING = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


class Rights(Protocol):
    """Knows who sends a request, and what he may do."""

    def identify(self, headers: Mapping[str, str], base_url: str) -> Caller:
        """Return who sent a request. Raises ``Refused``."""

    def permit(
        self, connection: Connection, endpoint: Endpoint, path: str, caller: Caller
    ) -> Callable[[Answer], Answer]:
        """Return what the answer is passed through. Raises ``Refused``."""


class FrontDoor:
    """ASGI: spells the path and finds the endpoint before FastAPI's router sees the request."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Iterable[Endpoint],
        *,
        wings: Iterable[Wing] = (),
        record: Record,
        gate: Gate,
        rights: Rights | None = None,
    ) -> None:
        self._app = app
        # Clients ask for the same paths again and again: they poll.
        tree = paths.PathTree(endpoints, wings)
        self._find = lru_cache(maxsize=4096)(
            lambda raw: tree.find(paths.segments_of(raw), slash=raw.endswith(b"/"))
        )
        self._record = record
        self._gate = gate
        self._rights = rights

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        correlation = _correlation_id(headers)
        state: dict[str, Any] = {"headers": headers, "correlation": correlation}
        scope["rsvault"] = state
        witness = Witness(scope, self._record)

        async def listen() -> Message:
            message = await receive()
            witness.heard(message)
            return message

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_identity(scope, headers, correlation)]
            witness.said(message)
            await send(message)

        try:
            passed = self._enter(scope, state)
            await (self._app if passed is None else passed)(scope, listen, speak)
        finally:
            witness.close()

    def _enter(self, scope: Scope, state: dict[str, Any]) -> Response | None:
        """Find the endpoint; return a response for a request that leads to none."""
        try:
            match = self._find(scope["raw_path"])
            if match is None and scope["raw_path"].startswith(f"{BLOBS}/".encode()):
                return None  # Storage has other spellings and errors than Resource Manager
            if match is None:
                of_key_vault = paths.data_plane_of_key_vaults(state["headers"].get("host", ""))
                if of_key_vault is not None:
                    raise of_key_vault
                return _enter_page(paths.segments_of(scope["raw_path"]), scope)
            found = match.endpoints.get(scope["method"])
            if found is None:
                refusal = paths.method_not_allowed(scope["method"], match.endpoints)
                allow = ", ".join(sorted(match.endpoints))
                return respond(_refused(refusal), {"Allow": allow})
            state["endpoint"] = found
            state["siblings"] = match.endpoints
            self._check(match, state, scope)
        except Refused as refusal:
            return respond(_refused(refusal), _challenge(scope, refusal))
        scope["path"] = match.path
        state["path"] = match.parameters
        return None

    def _check(self, match: paths.Match, state: dict[str, Any], scope: Scope) -> None:
        state["query"] = query = _query(scope["query_string"])
        if match.path.startswith(CONTROL_PREFIX):
            self._gate(state["headers"])
            return
        found: Endpoint = state["endpoint"]
        is_blob = match.path.startswith(f"{BLOBS}/")
        if found.refuses is Shape.ERROR and not is_blob:
            _check_api_version(query)
        if self._rights is not None and not found.anonymous and not is_blob:
            state["caller"] = self._rights.identify(state["headers"], _base_url(scope))
        paths.check_subscription(match.parameters)
        for value in query.values():
            if "\x00" in value or "\ufffd" in value:
                raise invalid(
                    "InvalidRequestUri", "The query holds characters that are not allowed."
                )


def _enter_page(segments: list[str], scope: Scope) -> Response | None:
    """Let a request pass to one of the pages, which have no endpoint. Raises ``Refused``."""
    page = segments[0].lower() if segments else ""
    if page not in PAGES or (len(segments) > 1) != (page == ASSETS):
        raise paths.nowhere(segments)
    if scope["method"] != "GET":
        refusal = paths.method_not_allowed(scope["method"], ("GET",))
        return respond(_refused(refusal), {"Allow": "GET"})
    scope["path"] = "/" + "/".join((page, *segments[1:]))
    return None


@lru_cache(maxsize=1024)
def _query(query_string: bytes) -> Mapping[str, str]:
    """Return a query's values by lower-case name; of a repeated name the first counts."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return MappingProxyType({name.lower(): value for name, value in reversed(pairs)})


def _check_api_version(query: Mapping[str, str]) -> None:
    version = query.get("api-version")
    if not version:
        raise invalid(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if _API_VERSION.fullmatch(version) is None:
        raise invalid(
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. It must be a date such as '2026-10-01', "
            "which '-preview' may follow.",
        )


def _correlation_id(headers: Mapping[str, str]) -> str:
    sent = headers.get("x-ms-correlation-request-id", "")
    return sent if ids.parse_guid(sent) else ids.request_id()


def _identity(
    scope: Scope, headers: Mapping[str, str], correlation: str
) -> list[tuple[bytes, bytes]]:
    request_id = ids.request_id()
    pairs = [
        ("x-ms-request-id", request_id),
        ("x-ms-correlation-request-id", correlation),
        ("x-ms-routing-request-id", f"EMULATOR:{request_id}"),
    ]
    client_id = headers.get("x-ms-client-request-id", "")
    if ids.parse_guid(client_id):
        pairs.append(("x-ms-client-request-id", client_id))
    if scope["path"].startswith("/subscriptions"):
        kind = _REMAINING.get(scope["method"], "writes")
        left = scope["rsvault"].get("remaining", "11999")
        pairs.append((f"x-ms-ratelimit-remaining-subscription-{kind}", left))
    return [(name.encode(), value.encode()) for name, value in pairs]


def _refused(refusal: Refused) -> Answer:
    asks_who = refusal.kind is Kind.UNAUTHENTICATED
    headers = {"WWW-Authenticate": "Bearer"} if asks_who else {}
    return Answer(errors.STATUS[refusal.kind], errors.envelope(refusal), headers)


def _challenge(scope: Scope, refusal: Refused) -> dict[str, str]:
    """Return what tells a client of Resource Manager where tokens are to be had."""
    if refusal.kind is not Kind.UNAUTHENTICATED or scope["path"].startswith(CONTROL_PREFIX):
        return {}
    told = re.sub(r'[^\x20-\x7e]|["\\]', "", refusal.message)
    uri = f'authorization_uri="{_base_url(scope)}/{TENANT_ID}"'
    return {"WWW-Authenticate": f'Bearer {uri}, error="invalid_token", error_description="{told}"'}


def respond(answer: Answer, more: Mapping[str, str] | None = None) -> Response:
    """Return the response that an answer becomes; a body of ``None`` is no body.

    Bytes go out as they are, under the Content-Type that the answer names; an iterator is a stream
    of server-sent events.
    """
    headers = {**_ALWAYS, **answer.headers, **(more or {})}
    if isinstance(answer.body, AsyncIterator):
        return EventSourceResponse(answer.body, answer.status, {**headers, **_STREAMED})
    if answer.body is None or isinstance(answer.body, bytes):
        return Response(answer.body or b"", answer.status, headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return Response(_json(answer.body), answer.status, headers)


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def http_exception(request: Request, problem: Exception) -> Response:
    """Answer what FastAPI or Starlette refuse on their own, such as a page that is not there."""
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    refusal = not_found("NotFound", f"There is nothing at '{request.url.path}'.")
    return respond(Answer(status, errors.envelope(refusal)))


class Desk:
    """Serves an endpoint: the part of the journey that needs the world."""

    def __init__(
        self,
        engine: Engine,
        *,
        retry_after: int,
        guard: Guard,
        reach: Reach,
        rights: Rights | None = None,
        shifts_client_dates: bool = False,
    ) -> None:
        self._engine = engine
        self._guard = guard
        self._reach = reach
        self._rights = rights
        self._retry_after = retry_after
        self._shifts_client_dates = shifts_client_dates

    def serve(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Return the coroutine function that FastAPI calls for an endpoint."""
        act = self._way(endpoint)

        async def serve(request: Request) -> Response:
            try:
                return respond(await act(endpoint, request))
            except Refused as refusal:
                return respond(_refused(refusal), self._retry(refusal))
            except door_faults.Struck as struck:
                return door_faults.NoAnswer() if struck.answer is None else respond(struck.answer)
            except ClientDisconnect:
                gone = invalid("InvalidRequestContent", "The request content ended too early.")
                return respond(_refused(gone))
            except Exception as problem:
                return self._failed(endpoint, request.scope["rsvault"]["correlation"], problem)

        serve.__name__ = endpoint.operation_id
        serve.__doc__ = endpoint.handler.__doc__
        return serve

    def _retry(self, refusal: Refused) -> dict[str, str]:
        """Return when to try again what cannot be had at present."""
        is_away = refusal.kind is Kind.UNAVAILABLE
        return {"Retry-After": str(self._retry_after)} if is_away else {}

    def _way(self, endpoint: Endpoint) -> Callable[[Endpoint, Request], Awaitable[Answer]]:
        if endpoint.anonymous:
            return _receive
        return self._steer if inspect.iscoroutinefunction(endpoint.handler) else self._handle

    def _failed(self, endpoint: Endpoint, correlation: str, problem: Exception) -> Response:
        """Answer for the database if it is to blame, else for a fault of ours; log either."""
        story = "%s failed, correlation id %s"
        refusal = errors.of_database(problem)
        if refusal is None:
            _log.error(story, endpoint.operation_id, correlation, exc_info=problem)
            return respond(Answer(500, errors.internal_error(correlation)))
        _log.warning(f"{story}: %s", endpoint.operation_id, correlation, problem)
        return respond(_refused(refusal), self._retry(refusal))

    async def _steer(self, endpoint: Endpoint, request: Request) -> Answer:
        """A control verb moves the engine itself and begins its own transactions.

        One that reads more than a body, of its path or its query, is given the visit too.
        """
        arguments, _ = await _arguments(endpoint, request)
        if endpoint.query or "{" in endpoint.template:
            arguments = [_visit(request), *arguments]
        try:
            answer: Answer = await endpoint.handler(self._engine, *arguments)
        finally:
            if endpoint.writes:
                request.scope["rsvault"]["now"] = self._engine.now()
        return answer

    def _check_permitted(self, endpoint: Endpoint, request: Request) -> None:
        """Refuse who may not do this before what he sent is looked at, as Azure does."""
        state = request.scope["rsvault"]
        caller = state.get("caller")
        if self._rights is not None and caller is not None:
            with self._engine.database.reading() as connection:
                self._rights.permit(connection, endpoint, request.scope["path"], caller)

    def _check_allowed(self, endpoint: Endpoint, call: Call, arguments: Sequence[Any]) -> None:
        """Refuse what the world does not allow at present, whoever asks for it."""
        if call.outages.down:
            self._reach(endpoint, call, arguments)
        if endpoint.writes:
            self._guard(endpoint, call)

    async def _handle(self, endpoint: Endpoint, request: Request) -> Answer:
        if endpoint.body is not None:
            self._check_permitted(endpoint, request)
        arguments, sent = await _arguments(endpoint, request)
        act = self._act_of(endpoint, request, arguments, sent)
        if endpoint.writes:
            await self._engine.catch_up()
        answer, moment = await self._transact_or_strike(endpoint, request, act)
        if endpoint.writes:
            self._engine.rearm()
        if answer.waiting is not None and moment.skip_on_wait == STEP:
            await self._step(answer.waiting, moment)
        elif answer.waiting is not None and moment.skip_on_wait != OFF:
            await self._skip(answer.waiting, moment)
            answer, _ = self._transact(endpoint, request, act)
        more = {} if moment.skip_on_wait == OFF else WITHOUT_DELAY
        if etags.is_shown(endpoint, request.scope["rsvault"]["siblings"], answer):
            more = {**more, "ETag": etags.of(answer)}
        return replace(answer, headers={**answer.headers, **more})

    def _act_of(
        self, endpoint: Endpoint, request: Request, arguments: Sequence[Any], sent: Any
    ) -> Callable[[Call], Answer]:
        """Return what is done in a request's transaction."""
        state = request.scope["rsvault"]
        reader: Endpoint | None = state["siblings"].get("GET")
        demanded = etags.conditions(endpoint, reader, state["headers"], sent)

        def answered(call: Call) -> Answer:
            if demanded is None or reader is None:
                return _answer(endpoint, call, arguments)
            return _act_if(demanded, reader, call, lambda: _answer(endpoint, call, arguments))

        def act(call: Call) -> Answer:
            self._check_allowed(endpoint, call, arguments)
            if not call.faults:
                return answered(call)
            return lagging_answers.act(endpoint, reader, call, lambda: answered(call))

        return act

    async def _transact_or_strike(
        self, endpoint: Endpoint, request: Request, act: Callable[[Call], Answer]
    ) -> tuple[Answer, Moment]:
        """Serve a request once the faults at the door have had their say, if any is armed."""
        try:
            return self._transact(endpoint, request, act)
        except door_faults.Ask:
            loses_answer = await door_faults.meet(self._engine, endpoint, request)
        served = self._transact(endpoint, request, act)
        if loses_answer:
            self._engine.rearm()
            raise door_faults.Struck(None)
        return served

    async def _step(self, waiting: Waiting, moment: Moment) -> None:
        """Move the clock to the next transition of what a client waits for."""
        if waiting.span is not None:
            await self._engine.leap(waiting.span.end, moment.epoch)
        elif waiting.job_id is not None:
            await self._engine.leap_one_phase(waiting.job_id, moment.epoch)

    async def _skip(self, waiting: Waiting, moment: Moment) -> None:
        """Move the clock on by the part of the way that one poll is good for."""
        polls = polls_of(moment.skip_on_wait)
        if waiting.span is not None:
            await self._engine.leap_part(waiting.span, polls, moment.epoch)
        elif waiting.job_id is not None:
            await self._engine.leap_part_of_job(waiting.job_id, polls, moment.epoch)

    def _transact(
        self, endpoint: Endpoint, request: Request, act: Callable[[Call], Answer]
    ) -> tuple[Answer, Moment]:
        """One request, one transaction, one ``now``; nothing waits between begin and commit."""
        database = self._engine.database
        transaction = database.writing() if endpoint.writes else database.reading()
        with transaction as connection:
            moment = self._engine.enter(connection, writes=endpoint.writes)
            request.scope["rsvault"]["now"] = moment.now
            call = self._call(connection, moment, request)
            _ask_faults(call, request)
            answer = self._permitted(endpoint, call, act)
            if endpoint.writes:
                self._engine.leave(connection, moment)
            return answer, moment

    def _permitted(self, endpoint: Endpoint, call: Call, act: Callable[[Call], Answer]) -> Answer:
        """Act for a caller, who is shown what he may see of the answer. Raises ``Refused``."""
        if self._rights is None or call.caller is None:
            return act(call)
        show = self._rights.permit(call.connection, endpoint, call.url_path, call.caller)
        return show(act(call))

    def _call(self, connection: Connection, moment: Moment, request: Request) -> Call:
        scope = request.scope
        state = scope["rsvault"]
        client_id = state["headers"].get("x-ms-client-request-id", "")
        return Call(
            connection=connection,
            rules=self._engine.rules,
            now=moment.now,
            ahead=moment.ahead,
            shifts_client_dates=self._shifts_client_dates,
            path=state["path"],
            query=state["query"],
            base_url=_base_url(scope),
            url_path=scope["path"],
            client_request_id=client_id if ids.parse_guid(client_id) else None,
            retry_after=self._retry_after,
            caller=state.get("caller"),
            outages=moment.outages,
            faults=moment.faults if _is_azures(scope) else NO_FAULTS,
        )


def _is_azures(scope: Scope) -> bool:
    return not scope["path"].startswith(CONTROL_PREFIX)


def _ask_faults(call: Call, request: Request) -> None:
    """Ask the faults at the door, once, where any is armed. Raises ``Ask``."""
    state = request.scope["rsvault"]
    if Point.DOOR in call.faults and "asked" not in state:
        state["asked"] = True
        raise door_faults.Ask


def _base_url(scope: Scope) -> str:
    """Return where the client believes the server to be: what it asked under."""
    return f"{scope['scheme']}://{scope['rsvault']['headers'].get('host') or 'localhost'}"


async def _receive(endpoint: Endpoint, request: Request) -> Answer:
    """Serve somebody who need not say who he is; nothing of the world is read."""
    content = await _content(request, bodies.LARGEST_FORM) if endpoint.form else b""
    answer = endpoint.handler(_visit(request, content))
    return answer if isinstance(answer, Answer) else Answer(body=answer)


def _visit(request: Request, form: bytes = b"") -> Visit:
    state = request.scope["rsvault"]
    return Visit(
        path=state["path"],
        query=state["query"],
        headers=state["headers"],
        form=bodies.read_form(form, state["headers"].get("content-type", "")),
        base_url=_base_url(request.scope),
    )


def _answer(endpoint: Endpoint, call: Call, arguments: Sequence[Any]) -> Answer:
    answer = endpoint.handler(call, *arguments)
    return answer if isinstance(answer, Answer) else Answer(body=answer)


def _act_if(
    demanded: etags.Conditions, reader: Endpoint, call: Call, act: Callable[[], Answer]
) -> Answer:
    """Act if the resource is as the client believes it to be.

    Of one that is not there the handler speaks first: it may miss what should hold it.
    """
    try:
        current = etags.of(_answer(reader, call, ()))
    except Refused as refusal:
        if refusal.kind is not Kind.NOT_FOUND:
            raise
        answer = act()
        demanded.check(None)
        return answer
    demanded.check(current)
    return act()


async def _arguments(endpoint: Endpoint, request: Request) -> tuple[list[Any], Any]:
    """Read and validate the body before anything begins; return it, and the eTag it holds."""
    if endpoint.body is None:
        return [], None
    content = await _content(request, endpoint.body.LARGEST)
    kind = request.scope["rsvault"]["headers"].get("content-type", "application/json")
    # The control plane is also driven by hand, and curl calls whatever it sends a form.
    by_hand = endpoint.template.startswith(CONTROL_PREFIX)
    if content and not by_hand and "json" not in kind.lower():
        raise Refused(
            Kind.NOT_ACCEPTABLE,
            "UnsupportedMediaType",
            f"The content type '{kind}' is not supported; send application/json.",
        )
    body, document = bodies.read(content, endpoint.body, optional=endpoint.optional_body)
    return [body], document.get("eTag", document.get("etag"))


async def _content(request: Request, most: int) -> bytes:
    """Read what was sent, or as much of it as tells that it is too much."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            break
    return bytes(content)
