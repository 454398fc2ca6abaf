"""The app on real sockets: HTTP and HTTPS side by side, in the foreground or in a thread.

Both listeners share one event loop and one app object. uvicorn would run the app's lifespan once
for each listener and end the process when a port cannot be bound, so the lifespan is entered and
the sockets are opened here; the protocol, the Date header and the graceful end are uvicorn's.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import ssl
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from fastapi import FastAPI
from uvicorn import Config, Server

from . import certificates
from .arm.door_faults import HANG_UP
from .main import create_app
from .settings import Settings
from .signals import told_to_stop

# What a stream of events that never ends gets before its connection is cut.
_SECONDS_TO_FINISH = 3
_RENEW_SECONDS = 12 * 3600.0
_LINES_OF_A_STACK = 6

_log = logging.getLogger("rsvault.serve")

Factory = Callable[[Settings], FastAPI]
_T = TypeVar("_T")


class CannotStart(Exception):
    """The server cannot start for a reason that its user can mend; the text says how."""


@dataclass(frozen=True)
class Endpoints:
    """Where a running server answers."""

    http_url: str
    https_url: str | None
    ca_file: Path | None

    def ready_line(self) -> str:
        """Return the one line that tells a waiting script where to go.

        Without HTTPS there is no certificate to trust either, and both parts are left out.
        """
        parts = ["rsvault ready", f"http={self.http_url}"]
        if self.https_url is not None:
            parts += [f"https={self.https_url}", f"ca={self.ca_file}"]
        return " ".join(parts)


class RunningServer:
    """A server in a thread of its own; leaving its ``with`` block stops it."""

    def __init__(self, settings: Settings, create: Factory) -> None:
        self._started: Future[tuple[Endpoints, Callable[[], None]]] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(settings, create), name="rsvault", daemon=True
        )
        self._thread.start()
        self._endpoints, self._stop = self._started.result()

    @property
    def http_url(self) -> str:
        """The URL of the HTTP listener, without a slash at its end."""
        return self._endpoints.http_url

    @property
    def https_url(self) -> str | None:
        """The URL of the HTTPS listener; ``None`` if the settings leave it out."""
        return self._endpoints.https_url

    @property
    def ca_file(self) -> Path | None:
        """The certificate that a client of ``https_url`` has to trust."""
        return self._endpoints.ca_file

    @property
    def failure(self) -> BaseException | None:
        """What ended the server before its time; ``None`` while it runs, and if it was stopped."""
        return self._ended.exception() if self._ended.done() else None

    @property
    def runs(self) -> bool:
        """Whether the server's thread is there; whether it answers only a request can tell."""
        return self._thread.is_alive()

    def run(self, work: Callable[[FastAPI], Coroutine[Any, Any, _T]], patience: float) -> _T:
        """Run something in the server's thread, between two requests, and return its result.

        Raises ``TimeoutError`` if that takes longer than so many seconds, ``RuntimeError`` if the
        server has ended, and what ``work`` raises.
        """
        doing = work(self._app)
        try:
            done = asyncio.run_coroutine_threadsafe(doing, self._loop)
        except RuntimeError:
            doing.close()
            raise
        return done.result(patience)

    def where(self) -> str:
        """Return the line that the server's thread is at, and what called it, for a message."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "".join(traceback.format_stack(frame)[-_LINES_OF_A_STACK:]) if frame else ""

    def stop(self) -> None:
        """Stop both listeners and then the engine; a second call does nothing.

        Raises what ended the server before its time.
        """
        self._stop()
        self._thread.join()
        self._ended.result()

    def abandon(self) -> None:
        """Tell a server to stop that may not hear of it, and do not wait for it."""
        self._stop()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, settings: Settings, create: Factory) -> None:
        stopping = asyncio.Event()

        def made(settings: Settings) -> FastAPI:
            self._app = create(settings)
            return self._app

        def ready(endpoints: Endpoints) -> None:
            self._loop = loop = asyncio.get_running_loop()
            self._started.set_result((endpoints, lambda: _wake(loop, stopping)))

        try:
            _run_loop(_host(settings, made, ready, stopping))
        except BaseException as problem:  # handed over to the thread that waits
            for waiting in (self._started, self._ended):
                if not waiting.done():
                    waiting.set_exception(problem)
        else:
            self._ended.set_result(None)


def start(settings: Settings, *, create: Factory = create_app) -> RunningServer:
    """Start a server in a thread; return once it answers, or raise what kept it from that."""
    return RunningServer(settings, create)


def serve(
    settings: Settings, ready: Callable[[Endpoints], None], *, create: Factory = create_app
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; ``ready`` is called once it answers."""

    async def until_a_signal() -> None:
        await _host(settings, create, ready, told_to_stop())

    with suppress(KeyboardInterrupt):
        _run_loop(until_a_signal())


def _run_loop(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's where it is installed; Windows has none."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _wake(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop is closed: it has stopped already
        loop.call_soon_threadsafe(stopping.set)


async def _host(
    settings: Settings,
    create: Factory,
    ready: Callable[[Endpoints], None],
    stopping: asyncio.Event,
) -> None:
    """Run the app from before the first byte until after the last."""
    async with AsyncExitStack() as house:
        with _mendable():
            files = _certificates(settings)
            app = create(settings)
            lifespan = app.router.lifespan_context(app)
            state = await lifespan.__aenter__()
            # It ends in peace whatever happens here, as a server would end it.
            house.push_async_callback(lifespan.__aexit__, None, None, None)
            listeners = await house.enter_async_context(_Listeners(app, dict(state or {})))
            endpoints = await _open(settings, listeners, files)
        if files is not None:
            renewing = asyncio.create_task(_renew(settings))
            house.callback(renewing.cancel)
        ready(endpoints)
        await stopping.wait()
        # Requests that take long must hear of it now: uvicorn cancels those that do not end.
        getattr(app.state, "on_stop", lambda: None)()


@contextmanager
def _mendable() -> Iterator[None]:
    """Turn the two errors that the rooms below refuse wrong options with into one line."""
    try:
        yield
    except (ValueError, OSError) as problem:
        raise CannotStart(str(problem)) from problem


def _certificates(settings: Settings) -> certificates.Certificates | None:
    if settings.https_port is None:
        return None
    return certificates.ensure(settings.home, (settings.host, *settings.hostnames))


async def _open(
    settings: Settings, listeners: _Listeners, files: certificates.Certificates | None
) -> Endpoints:
    host = settings.host
    http_port = await listeners.open(host, settings.port)
    http_url = _url("http", host, http_port)
    if files is None or settings.https_port is None:
        return Endpoints(http_url, None, None)
    https_port = await listeners.open(host, settings.https_port, files.server_file)
    return Endpoints(http_url, _url("https", host, https_port), files.ca_file)


class _Listeners:
    """uvicorn's servers for one app; leaving the ``async with`` block closes them all."""

    def __init__(self, app: FastAPI, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._servers: list[Server] = []
        self._served: list[_ServedCertificate] = []

    async def __aenter__(self) -> _Listeners:
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        await asyncio.gather(*(server.shutdown() for server in self._servers))

    async def open(self, host: str, port: int, certificate: Path | None = None) -> int:
        """Listen, and return the port.

        The event loop makes the socket. One that is bound beforehand costs each request 45 ms,
        unless it is made with TCP's protocol number: asyncio looks at that number before it
        switches delayed sending off.
        """
        config = self._config(certificate)
        config.load()
        server = Server(config)
        server.lifespan = config.lifespan_class(config)

        def connection() -> asyncio.Protocol:
            return config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=server.server_state, app_state=self._state
            )

        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                connection,
                host,
                port,
                ssl=config.ssl,
                # A client that keeps its TLS connection must not keep the server from ending.
                ssl_shutdown_timeout=1 if config.ssl else None,
                backlog=config.backlog,
            )
        except OSError as problem:
            raise _cannot_listen(host, port, problem, secure=bool(certificate)) from problem
        server.servers = [listener]
        await server.on_tick(0)
        self._servers.append(server)
        if certificate is not None and config.ssl is not None:
            self._served.append(_ServedCertificate(certificate, config.ssl))
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def _config(self, certificate: Path | None) -> Config:
        return Config(
            _hanging_up(self._app),
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # Clients drop an idle connection after 5 s; were we to do so at the same moment, their
            # next request would meet a closed one.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
            ssl_certfile=certificate,
        )

    async def _tick(self) -> None:
        """Keep the Date header of every answer right, and serve the certificate that is there."""
        while True:
            for server in self._servers:
                await server.on_tick(0)
            for served in self._served:
                served.take_up()
            await asyncio.sleep(1)


def _hanging_up(app: FastAPI) -> Callable[..., Awaitable[None]]:
    """Let an app end a connection without an answer, which ASGI has no word for."""

    def serve(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        scope.setdefault("extensions", {})[HANG_UP] = lambda: send.__self__.transport.abort()
        return app(scope, receive, send)

    return serve


class _ServedCertificate:
    """A certificate on disk and the context that serves it: new connections get the newest."""

    def __init__(self, file: Path, context: ssl.SSLContext) -> None:
        self._file = file
        self._context = context
        self._stamp = file.stat().st_mtime_ns

    def take_up(self) -> None:
        """Serve what the file holds now; one that is gone or wrong changes nothing."""
        try:
            stamp = self._file.stat().st_mtime_ns
        except OSError:
            return
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._context.load_cert_chain(self._file)
        except OSError as problem:  # ssl.SSLError is one
            _log.warning("the certificate %s cannot be served: %s", self._file, problem)


async def _renew(settings: Settings, every: float = _RENEW_SECONDS) -> None:
    """Keep a server's certificate from coming to its end while the server runs."""
    while True:
        await asyncio.sleep(every)
        try:
            await asyncio.to_thread(_certificates, settings)
        except OSError as problem:
            _log.warning("the certificate cannot be renewed: %s", problem)


def _cannot_listen(host: str, port: int, problem: OSError, *, secure: bool) -> CannotStart:
    """Say which port it was, and what to do."""
    option = "--https-port" if secure else "--port"
    if problem.errno == errno.EADDRINUSE:
        others = "another port, 0 for any free one, or off" if secure else "another one, or 0"
        return CannotStart(
            f"port {port} on {host} is taken by another program: stop it, or give {option} {others}"
        )
    if problem.errno in (errno.EACCES, errno.EPERM):
        return CannotStart(f"port {port} is not yours to listen on: give {option} 1024 or higher")
    return CannotStart(
        f"cannot listen on {host} port {port} ({problem}): check --host and {option}"
    )


def _url(scheme: str, host: str, port: int) -> str:
    """Return a URL that works from this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"{scheme}://{host}:{port}"
    if address.is_unspecified:  # listening on every address; connecting needs one of them
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return (
        f"{scheme}://[{address}]:{port}" if address.version == 6 else f"{scheme}://{address}:{port}"
    )
