"""The command line: serve, and drive a server that runs.

Nothing heavy is imported before a command needs it: ``rsvault --help`` answers at once.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click
from click.core import ParameterSource

from . import logs
from . import settings as options
from .client import ControlPlane
from .client_command import client_command
from .clock_command import clock, show_clock
from .connect_options import HOME
from .delivery_command import deliveries
from .doctor_command import doctor
from .env_command import env
from .events_command import events
from .fault_command import fault
from .journal_command import journal
from .option_values import ClockOption, Instant, LimitOption, PortOrOff, SkipOnWait, Waits, by_name
from .plan_command import plan
from .region_command import region
from .seed_command import seed
from .settings import Settings
from .world_command import world

if TYPE_CHECKING:
    from .server import Endpoints

_MEMORY = ("memory", "sqlite://", "sqlite:///:memory:")
_DEFAULT = Settings()
_Command = TypeVar("_Command", bound=Callable[..., Any])


def main() -> None:
    """Run the command line."""
    rsvault()


def _setting(name: str, text: str, **more: Any) -> Callable[[_Command], _Command]:
    """Return the option of one setting; its default is the setting's."""
    more = {"default": getattr(_DEFAULT, name), "show_default": True, **more}
    return click.option(f"--{name.replace('_', '-')}", help=text, **more)


def _one_of(values: Any) -> click.Choice[str]:
    return click.Choice(get_args(values))


_DATABASE = _setting(
    "database",
    "Where the world is kept, such as sqlite:///world.db; memory forgets it at the end.",
    metavar="memory|URL",
)
_LOG_LEVEL = _setting(
    "log_level",
    "How much is written to stderr; info has a line for each request.",
    type=_one_of(options.LogLevel),
)
_LOG_FORMAT = _setting(
    "log_format",
    "How it is written: lines for people, or one JSON object a line.",
    type=_one_of(options.LogFormat),
)


_WEBHOOK_OPTIONS = (
    _setting(
        "webhook_key",
        "What the webhooks of action groups are signed with; 'rsvault deliveries key' shows it.",
        metavar="whsec_...",
        envvar="RSVAULT_WEBHOOK_KEY",
        show_envvar=True,
        show_default="from the seed",
    ),
    _setting(
        "webhook_waits",
        "The seconds between the attempts to call a webhook that does not answer; Azure's are the "
        "default.",
        type=Waits(),
        show_default=",".join(f"{each:g}" for each in _DEFAULT.webhook_waits),
    ),
    _setting("webhook_timeout", "How long a webhook has to answer.", metavar="SECONDS"),
)


def _webhook_options(command: _Command) -> _Command:
    """Add what whoever calls webhooks goes by: a server, or a worker."""
    for option in reversed(_WEBHOOK_OPTIONS):
        command = option(command)
    return command


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib import metadata  # 20 ms that other commands need not wait for

        try:
            version = metadata.version("rsvault")
        except metadata.PackageNotFoundError:
            version = "0+checkout"
        click.echo(f"rsvault {version}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def rsvault() -> None:
    """An Azure Recovery Services vault on your own machine, with a clock you control.

    Start it, point your client at it, and move time:

    \b
        rsvault serve --clock frozen
        rsvault clock advance --by P30D
    """


@rsvault.command()
@_setting("host", "The address to listen on.")
@_setting("port", "HTTP; 0 picks a free port.", metavar="PORT")
@_setting(
    "https_port",
    "HTTPS, which az, Terraform and Microsoft's SDKs insist on; 0 picks a free port.",
    type=PortOrOff(),
)
@_DATABASE
@click.option(
    "--clock",
    type=ClockOption(),
    default=_DEFAULT.clock_mode,
    show_default=True,
    help="How time passes: as it does, RATE times as fast, or only by 'rsvault clock advance'.",
)
@_setting(
    "skip_on_wait",
    "What a poll of something that runs does to the clock: moves it to the end (finish, or "
    "instant), to the next step, an Nth of the way (polls=N), or not at all (off, or clock).",
    type=SkipOnWait(),
)
@_setting(
    "start_time",
    "The first instant of a new world, such as 2030-01-01T00:00:00Z.",
    type=Instant(),
    show_default="now",
)
@_setting("seed", "What ids, durations and sizes are derived from.", metavar="N")
@_setting("soft_delete", "The soft-delete state of a new vault.", type=_one_of(options.SoftDelete))
@_setting(
    "vault_soft_delete",
    "Whether a vault with only soft-deleted items can be deleted, as it can be since 2025.",
    type=_one_of(options.VaultSoftDelete),
)
@_setting(
    "recovery_point_visibility",
    "When a recovery point is first listed: after its snapshot, or once it is in the vault.",
    type=_one_of(options.RecoveryPointVisibility),
)
@_setting("retry_after", "How long a client is to wait between polls.", metavar="SECONDS")
@_setting(
    "client_dates",
    "Whether a date that a client worked out by the real clock, such as az's retain-until, is "
    "taken as it is or moved by as much as the virtual clock is ahead.",
    type=_one_of(options.ClientDates),
)
@_setting(
    "expiry_sweep_hours",
    "Virtual hours between two sweeps of expired recovery points; a divisor of 24.",
    metavar="HOURS",
)
@_setting(
    "start_jitter_minutes",
    "How late after its slot a scheduled backup may start: up to 120 minutes.",
    metavar="MINUTES",
)
@_setting(
    "replication_lag_hours",
    "How long after it came to the vault a recovery point is in the secondary region.",
    metavar="HOURS",
)
@_setting(
    "cross_region_delay_hours",
    "For how long after Cross Region Restore was enabled nothing is in the secondary region.",
    metavar="HOURS",
)
@_setting(
    "plan_backups",
    "How much a request for a plan may live through; 'rsvault plan FILE' knows no limit.",
    metavar="N",
)
@_setting(
    "journal_entries",
    "How many of the latest requests 'rsvault journal' knows; 0 keeps none.",
    metavar="N",
)
@_setting("journal_megabytes", "How much memory they may take, bodies included.", metavar="MB")
@_setting(
    "events",
    "How many of the latest events 'rsvault events' knows; 0 records none until somebody asks.",
    metavar="N",
    envvar="RSVAULT_EVENTS",
    show_envvar=True,
)
@_setting(
    "limits",
    "Whether the limits of Azure Backup hold; docs/reference.md has them.",
    type=_one_of(options.AzuresLimits),
    envvar="RSVAULT_LIMITS",
    show_envvar=True,
)
@click.option(
    "--limit",
    type=LimitOption(),
    multiple=True,
    metavar="NAME=N|off",
    callback=by_name,
    envvar="RSVAULT_LIMIT",
    show_envvar=True,
    help="One limit at another number, such as backups-per-day=20; may be given more than once.",
)
@HOME
@click.option(
    "--hostname",
    "hostnames",
    multiple=True,
    metavar="NAME",
    help="A further name that the certificate is made out to; may be given more than once.",
)
@click.option(
    "--generic-resources",
    is_flag=True,
    default=_DEFAULT.generic_resources,
    envvar="RSVAULT_GENERIC_RESOURCES",
    show_envvar=True,
    help="Keep resources of types that are not emulated as plain documents, unchecked.",
)
@click.option(
    "--world",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="The world that a new database begins with, as 'rsvault seed' reads it.",
)
@click.option(
    "--engine/--no-engine",
    "run_engine",
    default=_DEFAULT.run_engine,
    show_default=True,
    help="Whether this process may move time, or leaves that to 'rsvault worker'.",
)
@_LOG_LEVEL
@_LOG_FORMAT
@_setting(
    "control_token",
    "What every request to the control plane has to bring; needed if others reach the server.",
    metavar="TOKEN",
    envvar="RSVAULT_CONTROL_TOKEN",
    show_envvar=True,
    show_default=False,
)
@_webhook_options
@_setting(
    "auth",
    "Whether any token will do, and none; or only one issued here, whose principal has a role.",
    type=_one_of(options.Auth),
)
@click.option(
    "--auth-admin",
    "auth_admins",
    multiple=True,
    metavar="ID",
    help="With --auth rbac: a client id, user name or object id that owns everything.",
)
def serve(**_chosen: Any) -> None:
    """Run the emulator until it is stopped with Ctrl+C or SIGTERM.

    One line on stdout tells when it answers and where. A new world, frozen at the start of 2030:

    \b
        rsvault serve --clock frozen --start-time 2030-01-01T00:00:00Z

    A world that is kept, where an hour passes every minute:

    \b
        rsvault serve --database sqlite:///world.db --clock scaled:60
    """
    wanted = _wanted(click.get_current_context())
    logs.configure(wanted.log_level, wanted.log_format)
    _warn_if_open(wanted)
    _warn_if_shut(wanted)
    # Nothing made while starting becomes garbage: collecting it would only slow the start down.
    gc.disable()
    from . import server  # FastAPI and SQLAlchemy take half a second

    def ready(endpoints: Endpoints) -> None:
        gc.freeze()
        gc.enable()
        click.echo(endpoints.ready_line())
        sys.stdout.flush()

    try:
        server.serve(wanted, ready)
    except server.CannotStart as problem:
        logging.getLogger(__name__).debug("cannot start", exc_info=problem)
        raise click.ClickException(str(problem)) from problem


def settings_of(words: Sequence[str]) -> Settings:
    """Return what 'rsvault serve' would go by, were it started with these words.

    Raises ``click.ClickException`` as the command does.
    """
    # click keeps the first help option that a command is asked for: it has to be the usual one.
    with serve.make_context("rsvault serve", list(words), **rsvault.context_settings) as context:
        return _wanted(context)


def _wanted(context: click.Context) -> Settings:
    chosen = dict(context.params)
    mode, rate = chosen.pop("clock")
    return _settings(clock_mode=mode, clock_rate=rate, given=_given(context), **chosen)


def _warn_if_open(wanted: Settings) -> None:
    """Warn of a control plane that others reach, and nothing guards."""
    try:
        is_loopback = ipaddress.ip_address(wanted.host).is_loopback
    except ValueError:
        is_loopback = wanted.host == "localhost"
    if not is_loopback and wanted.control_token is None:
        logging.getLogger("rsvault.serve").warning(
            "whoever reaches %s can move this world's clock and reset it: "
            "give --control-token, or listen on 127.0.0.1",
            wanted.host,
        )


def _warn_if_shut(wanted: Settings) -> None:
    """Warn of a world that nobody has a role in, and nobody can give one."""
    if wanted.auth == "rbac" and not wanted.auth_admins:
        logging.getLogger("rsvault.serve").warning(
            "roles are enforced and nobody is an owner: give --auth-admin <client id>, unless the "
            "world in --database has role assignments already"
        )


def _given(context: click.Context) -> frozenset[str]:
    """Return the settings whose options were typed, as opposed to left at their defaults."""
    typed = {
        name
        for name in context.params
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if "clock" in typed:
        typed |= {"clock_mode", "clock_rate"}
    return frozenset(typed)


@rsvault.command()
@_DATABASE
@_webhook_options
@_LOG_LEVEL
@_LOG_FORMAT
def worker(database: str, log_level: Any, log_format: Any, **webhooks: Any) -> None:
    """Run the engine alone on a database that servers share.

    Of all processes on one PostgreSQL database one leads: it moves time, and when it is gone
    another takes over within seconds. A server does the same unless it has --no-engine, so a
    worker is for a world that has to go on while servers come and go. The database must hold a
    world already.

    \b
        rsvault worker --database postgresql+psycopg://rsvault@db/rsvault
    """
    if database in _MEMORY:
        raise _Wrong(
            "a worker cannot share a database in memory, which belongs to one process: "
            "give --database the URL that 'rsvault serve' was given"
        )
    wanted = _settings(database=database, log_level=log_level, log_format=log_format, **webhooks)
    logs.configure(wanted.log_level, wanted.log_format)
    # What stops a container stops a worker as Ctrl+C does, also in a script's background.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    from .main import run_worker

    try:
        run_worker(wanted)
    except (ValueError, OSError) as problem:
        raise click.ClickException(str(problem)) from problem


@rsvault.command()
@HOME
def ca(home: Path) -> None:
    """Print the file of the certificate authority, making it if there is none.

    A client that talks HTTPS has to trust it:

    \b
        export REQUESTS_CA_BUNDLE="$(rsvault ca)"
    """
    from . import certificates

    try:
        click.echo(certificates.ensure_authority(home))
    except OSError as problem:
        raise click.ClickException(str(problem)) from problem


@rsvault.command()
@click.option("--port", default=8888, show_default=True, help="0 picks a free port.")
@click.option(
    "--https-url",
    default="https://localhost:8443",
    show_default=True,
    help="The HTTPS address of the server that runs on this machine.",
)
@HOME
def proxy(port: int, https_url: str, home: Path) -> None:
    """Take tools with Azure's own addresses built in to a server on this machine.

    It listens on 127.0.0.1 and lets management.azure.com and login.microsoftonline.com through,
    nothing else. The server's certificate is made out to them as well; a server that runs takes
    it up by itself.

    \b
        rsvault serve &
        rsvault proxy &
        export HTTPS_PROXY=http://127.0.0.1:8888 NO_PROXY=localhost,127.0.0.1
        export REQUESTS_CA_BUNDLE="$(rsvault ca)" SSL_CERT_FILE="$(rsvault ca)"
    """
    import asyncio

    from . import certificates
    from . import proxy as tunnel

    target = _address(https_url)

    def ready(bound: int) -> None:
        click.echo(f"rsvault proxy ready proxy=http://127.0.0.1:{bound} to={https_url}")
        sys.stdout.flush()

    signal.signal(signal.SIGTERM, signal.default_int_handler)

    async def run() -> None:
        files = certificates.ensure(home, tunnel.AZURE_HOSTS)
        trouble = await tunnel.trouble_with(target, files.ca_file, seconds=5)
        if trouble:
            click.echo(f"rsvault proxy: {https_url}: {trouble}", err=True)
        await tunnel.serve("127.0.0.1", port, target, ready)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return
    except OSError as problem:
        raise click.ClickException(f"{problem}; is --port {port} free?") from problem


def _address(https_url: str) -> tuple[str, int]:
    """Return the host and the port of an HTTPS URL."""
    from urllib.parse import urlsplit

    try:
        found = urlsplit(https_url)
        if found.scheme == "https" and found.hostname:
            return found.hostname, found.port or 443
    except ValueError:
        pass  # a port that is none
    raise _Wrong(f"--https-url cannot be '{https_url}': it must be like https://localhost:8443")


@rsvault.command()
@client_command
def health(control: ControlPlane) -> None:
    """Ask a server whether it answers; the exit code is 1 if it does not.

    \b
        rsvault health --url http://127.0.0.1:8080
    """
    for name, value in control.health().details.items():
        click.echo(f"{name:<14}{value}")


@rsvault.command()
@client_command
def metrics(control: ControlPlane) -> None:
    """Show a server's figures as Prometheus reads them.

    \b
        rsvault metrics
    """
    click.echo(control.metrics(), nl=False)


@rsvault.command("limits")
@client_command
def show_limits(control: ControlPlane) -> None:
    """Show the limits that a server's world goes by.

    \b
        rsvault limits
    """
    for name, most in control.limits().items():
        click.echo(f"{name:<24}{'off' if most is None else most}")


@rsvault.command()
@click.option(
    "--subscription", metavar="ID", help="Only this subscription; the others stay as they are."
)
@client_command
def reset(control: ControlPlane, subscription: str | None) -> None:
    """Empty the world and begin a new epoch. What was in it is gone.

    \b
        rsvault reset
    """
    show_clock(control.reset(subscription))


rsvault.add_command(clock)
rsvault.add_command(deliveries)
rsvault.add_command(doctor)
rsvault.add_command(env)
rsvault.add_command(events)
rsvault.add_command(fault)
rsvault.add_command(journal)
rsvault.add_command(plan)
rsvault.add_command(region)
rsvault.add_command(seed)
rsvault.add_command(world)


class _Wrong(click.ClickException):
    """An option with a value that cannot be: told in one line, without the usage above it."""

    exit_code = 2


def _settings(**chosen: Any) -> Settings:
    try:
        return Settings(**chosen)
    except ValueError as problem:
        raise _Wrong(f"--{problem}") from problem
