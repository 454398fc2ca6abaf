"""A Recovery Services vault to test with, for pytest, unittest and scripts.

    from rsvault.testing import RecoveryVault

    with RecoveryVault() as vault:
        vault.clients.resources.resource_groups.create_or_update("web", {"location": "westeurope"})
        vault.clock.advance("P30D")

The pytest fixture ``recovery_vault`` is one of these. Nothing heavy is imported before one starts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .connections import CLIENT_ID, SECRET, SUBSCRIPTION, TENANT, Place
from .control_client.connection import SECONDS_TO_ANSWER, ControlError, answered
from .double import credentials, environments, option_words, sdk_clients
from .double.credentials import AsyncCredential, Credential
from .double.sdk_clients import AsyncClients, Clients
from .double.virtual_clock import VirtualClock, job_id

if TYPE_CHECKING:
    from .client import Clock, ControlPlane, Events, Journal, Worlds
    from .control_client.deliveries import Deliveries
    from .control_client.faults import Faults
    from .server import RunningServer

DEFAULTS: Mapping[str, Any] = {
    "port": 0,
    "https_port": 0,
    "clock": "frozen",
    "start_time": "2026-01-01T00:00:00Z",
}
"""What differs from ``rsvault serve``: free ports, and a clock that stands at a known instant."""


BEGUN = "as-the-fixture-begins"
"""The saved world that a vault with the option ``world`` goes back to."""


class RecoveryVaultError(Exception):
    """The server behind a test has ended, or does not answer; the text says why, or where it is."""


class RecoveryVault:
    """A server in a thread of this process, and what a test needs to talk to it.

    ``arguments`` and ``options`` are those of ``rsvault serve``, as words or as Python's names:
    ``RecoveryVault("--seed", "7")`` is ``RecoveryVault(seed=7)``. What is not given is as there,
    but for ``DEFAULTS``. ``world`` is a file that ``rsvault seed`` reads: the vault begins with it,
    in its subscription, and goes back to it with each reset. ``patience`` is how many seconds the
    control plane may take to answer.

    Start it by a ``with`` block, or by ``start`` and ``close``. Raises ``ValueError`` for options
    that ``rsvault serve`` refuses, and for what is wrong in ``world``.
    """

    def __init__(
        self,
        *arguments: str,
        subscription: str = SUBSCRIPTION,
        world: str | os.PathLike[str] | None = None,
        patience: float = SECONDS_TO_ANSWER,
        **options: Any,
    ) -> None:
        self.subscription = subscription
        """The subscription of the ready clients; any GUID is one."""
        self._words = (
            *option_words.words(DEFAULTS),
            *arguments,
            *option_words.words(options),
        )
        self._world = world
        self._patience = patience
        self._open = ExitStack()
        self._clients: dict[Callable[..., Any], Any] = {}
        self._signed_in: set[str] = set()
        self._running: RunningServer | None = None
        self._hangs = False
        self._records = False

    def __enter__(self) -> RecoveryVault:
        return self.start()

    def __exit__(self, *raised: object) -> None:
        self.close()

    # --- the server --------------------------------------------------------------------

    def start(self) -> RecoveryVault:
        """Start the server, and return once it answers."""
        from .client import ControlPlane
        from .server import CannotStart, start

        with ExitStack() as house:
            home = house.enter_context(
                TemporaryDirectory(prefix="rsvault-", ignore_cleanup_errors=True)
            )
            self._home = Path(home)
            settings = _settings(("--home", home, *self._words))
            try:
                self._running = start(settings)
            except CannotStart as problem:
                raise ValueError(str(problem)) from problem
            house.callback(self._stop)
            self._control = house.enter_context(
                ControlPlane(
                    self._running.http_url,
                    control_token=settings.control_token,
                    patience=self._patience,
                )
            )
            self._token = settings.control_token
            self._guarded = settings.auth == "rbac"
            self._records_always = settings.events > 0
            self._records = self._records_always
            self._began = self._control.clock()
            self._again = ("POST", "/reset")
            if self._world is not None:
                self._seed(Path(self._world))
            if self._world is not None or settings.world is not None:
                self._control.worlds.save(BEGUN)
                self._again = ("POST", f"/worlds/{BEGUN}/restore")
            house.callback(self._clients.clear)
            self._open = house.pop_all()
        return self

    def _seed(self, file: Path) -> None:
        """Make a file's world. Raises ``ValueError`` for what is wrong in it."""
        try:
            self._control.worlds.seed(file, subscription=self.subscription)
        except (OSError, ControlError) as problem:
            raise ValueError(f"world {file}: {problem}") from problem

    def close(self) -> None:
        """Close the clients and stop the server; a second call does nothing."""
        self._open.close()

    def reset(self) -> Clock:
        """Begin again: start time, seed and the way that time passes are the options'.

        The world is empty, or that of the file ``world``: it was made once, and is only restored.
        The journal forgets what was asked before. Raises ``RecoveryVaultError`` if the server has
        ended or hangs.
        """
        clock = self._steer(*self._again)
        began = self._began
        if _ways(clock) != _ways(began):
            mode, rate, skip_on_wait = _ways(began)
            self._steer("PATCH", "/clock", mode=mode, rate=rate, skipOnWait=skip_on_wait)
            clock = self._steer(*self._again)
        if self._records and not self._records_always:
            self._control.events.stop()
            self._records = False
        self._server.run(_forget, self._patience)
        return clock

    def _steer(self, method: str, path: str, **body: Any) -> Clock:
        """Ask the control plane from within, as no test should wait for sockets between tests.

        Raises ``ControlError`` for a refusal, and ``RecoveryVaultError``.
        """
        from .control_client.clock import shown
        from .double.inner_requests import ask

        self.check()
        content = json.dumps(body).encode() if body else b""
        headers = {"host": "127.0.0.1", "user-agent": "rsvault"}
        if self._token is not None:
            headers["x-rsvault-control-token"] = self._token
        try:
            status, answer = self._server.run(
                lambda app: ask(app, method, f"/_emulator{path}", headers, content), self._patience
            )
        except (TimeoutError, RuntimeError) as problem:
            self.check()
            self._hangs = True
            raise RecoveryVaultError(
                f"rsvault's server does not answer in {self._patience:g} s. Its thread is at:\n"
                f"{self._server.where()}"
            ) from problem
        return shown(answered(status, answer))

    def check(self) -> None:
        """Raise ``RecoveryVaultError`` if the server has ended. It asks for nothing."""
        if not self._server.runs:
            failure = self._server.failure
            raise RecoveryVaultError(
                f"rsvault's server has ended: {failure!r}" if failure else "rsvault was stopped"
            ) from failure

    @property
    def _server(self) -> RunningServer:
        if self._running is None:
            raise RecoveryVaultError("rsvault is not running: use a with block, or start()")
        return self._running

    def _stop(self) -> None:
        server = self._server
        if self._hangs:
            server.abandon()
        elif server.runs:
            server.stop()

    # --- where it is -------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The HTTPS address, for Microsoft's clients; trust ``ca_file`` for it."""
        return str(self._server.https_url or self._server.http_url)

    @property
    def http_url(self) -> str:
        """The HTTP address: the same service, and nothing to trust."""
        return self._server.http_url

    @property
    def ca_file(self) -> str:
        """The file of the authority that signed the server's certificate."""
        return str(self._server.ca_file or "")

    def environment(
        self, client: str = "python", environ: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the environment for a program that a test starts, to be given as ``env=``.

        It is ``environ`` (``os.environ`` if not given) with what ``rsvault env`` sets and unsets
        for ``az``, ``terraform``, ``azapi``, ``ansible``, ``python`` or ``node``, and
        ``RSVAULT_URL``, ``RSVAULT_HTTPS_URL`` and ``RSVAULT_CA_FILE``. For ``az`` its cloud is
        registered and a service principal signed in, once a server, in a profile of its own: that
        takes two seconds. Raises ``FileNotFoundError`` if az is not on PATH.
        """
        place = Place(
            self.http_url,
            self.url,
            Path(self.ca_file),
            self._home / "az",
            subscription=self.subscription,
        )
        found = os.environ if environ is None else environ
        made = environments.environment(client, place, found, self._token)
        if client not in self._signed_in:
            environments.run_once(client, place, made)
            self._signed_in.add(client)
        return made

    # --- Microsoft's SDKs ------------------------------------------------------------------

    @property
    def credential(self) -> Credential:
        """A credential for synchronous clients; with ``auth="rbac"`` it owns everything."""
        return self.credential_of(CLIENT_ID)

    @property
    def async_credential(self) -> AsyncCredential:
        """The same for asynchronous clients."""
        return AsyncCredential(self._ask(CLIENT_ID))

    def credential_of(self, client_id: str) -> Credential:
        """Return the credential of another application, which has the roles that it was given."""
        return Credential(self._ask(client_id))

    @cached_property
    def clients(self) -> Clients:
        """Ready clients: ``backup``, ``vaults``, ``resources`` and ``compute``."""
        return Clients(self.client)

    def async_clients(self) -> AsyncClients:
        """Return the same clients for asyncio, to be used in an ``async with`` block."""
        return AsyncClients(self.client)

    def client(self, kind: Callable[..., Any], **options: Any) -> Any:
        """Return a client of any of Microsoft's management SDKs, such as NetworkManagementClient.

        ``options`` go to its constructor. A synchronous one is kept, with its connections, and
        closed with the server; one of asyncio belongs to whoever asked for it.
        """
        asynchronous = sdk_clients.is_asynchronous(kind)
        if kind in self._clients and not options:
            return self._clients[kind]
        made = kind(
            **sdk_clients.arguments(
                kind,
                self.url,
                self.ca_file,
                self.subscription,
                self.async_credential if asynchronous else self.credential,
            )
            | options
        )
        if not asynchronous:
            self._open.callback(made.close)
            if not options:
                self._clients[kind] = made
        return made

    def _ask(self, client_id: str) -> credentials.Ask:
        if not self._guarded:
            return credentials.anyone
        return credentials.issued(self.http_url, TENANT, client_id, SECRET)

    # --- its world -------------------------------------------------------------------------

    @property
    def control(self) -> ControlPlane:
        """The control plane, with everything that it can do."""
        self.check()
        return self._control

    @property
    def clock(self) -> VirtualClock:
        """Virtual time: ``clock.now``, ``clock.advance("P30D")``."""
        return VirtualClock(self.control)

    @property
    def faults(self) -> Faults:
        """What goes wrong: ``faults.arm("transfer-fails", subject="web-1")``."""
        return self.control.faults

    @property
    def events(self) -> Events:
        """What happens, from the first use in a test on: ``events.wait_for("job.completed")``."""
        events = self.control.events
        if not self._records:
            events.record()
            self._records = True
        return events

    @property
    def deliveries(self) -> Deliveries:
        """What action groups are told of alerts: ``deliveries.wait()``, ``deliveries.list()``."""
        return self.control.deliveries

    @property
    def worlds(self) -> Worlds:
        """Seeds and saved worlds: ``worlds.seed(...)``, ``worlds.save("begun")``."""
        return self.control.worlds

    @property
    def journal(self) -> Journal:
        """What clients asked and got: ``journal.assert_asked("Backups_Trigger", times=1)``."""
        return self.control.journal

    def advance_until(self, job: Any) -> Clock:
        """Move the clock to the end of a job, or of everything that runs (``"idle"``).

        A job is given by its id, as an SDK's client returned it, or as its JSON. Raises
        ``ControlError`` for one that is not there.
        """
        if job == "idle":
            return self.control.advance(until="idle")
        return self.control.advance(job=job_id(job))


async def _forget(app: Any) -> None:
    app.state.journal.forget()


def _settings(words: tuple[str, ...]) -> Any:
    """Return the settings that words ask for. Raises ``ValueError`` as the command line would."""
    import click

    from .cli import settings_of

    if "--help" in words:
        raise ValueError("--help has no place here: 'rsvault serve --help' shows the options")
    try:
        settings = settings_of(words)
        if settings.auth == "rbac" and not settings.auth_admins:
            settings = settings_of((*words, "--auth-admin", CLIENT_ID))
    except click.ClickException as problem:
        raise ValueError(problem.format_message()) from problem
    return settings


def _ways(clock: Clock) -> tuple[str, int, str]:
    return clock.mode, clock.rate, clock.skip_on_wait
