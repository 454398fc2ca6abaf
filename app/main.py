"""The composition root: the only file that knows every room."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from types import ModuleType
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from .arm import bodies, explorer
from .arm.calls import Call, Endpoint
from .arm.dispatch import ByEndpoint
from .arm.door import Desk, FrontDoor, Rights, http_exception
from .arm.inner_calls import InnerCalls
from .arm.wings import Wing
from .control import clock as control_clock
from .control import deliveries as control_deliveries
from .control import event_verbs as control_events
from .control import faults as control_faults
from .control import journal_verbs
from .control import limits as control_limits
from .control import metrics as control_metrics
from .control import plans as control_plans
from .control import regions as control_regions
from .control import seeds as control_seeds
from .control import world as control_world
from .control import worlds as control_worlds
from .control.event_stream import Listeners
from .control.gate import gate
from .control.journal import Journal
from .control.metrics import Requests
from .dashboard import home
from .delivery.post_office import PostOffice
from .domain import limits, webhook_signatures
from .domain.documents import Document
from .domain.instants import HOUR, MINUTE, from_datetime, to_datetime
from .engine import clock, events
from .engine import rules as engine_rules
from .engine.emptiness import is_new
from .engine.rules import Rules
from .engine.worker import Engine
from .identity import clouds, discovery, grants, managed_identities
from .identity.tokens import Issuer
from .providers.alerts_management import alert_summaries, alerts, smart_groups
from .providers.alerts_management import graph_rows as alerts_graph
from .providers.authorization import permissions, role_assignments, role_definitions
from .providers.blob_storage import blobs
from .providers.recovery_services import (
    deleted_vaults,
    locations,
    private_links,
    provider_operations,
    registrations,
    replication_vault_settings,
    usages,
    vault_extended_info,
    vault_operations,
    vaults,
)
from .providers.recovery_services import graph_rows as vaults_graph
from .providers.resources import (
    locks,
    moves,
    region_outages,
    resource_graph,
    resource_groups,
    subscriptions,
)
from .settings import Settings, default_home
from .signals import told_to_stop
from .store.database import Database
from .store.schema import ensure_schema
from .worlds import starting as starting_worlds

ROOMS: tuple[ModuleType, ...] = (
    control_clock,
    control_world,
    control_worlds,
    control_seeds,
    control_limits,
    control_regions,
    control_faults,
    control_events,
    clouds,
    discovery,
    role_definitions,
    role_assignments,
    permissions,
    subscriptions,
    resource_groups,
    moves,
    locks,
    vaults,
    vault_operations,
    deleted_vaults,
    vault_extended_info,
    usages,
    locations,
    provider_operations,
    private_links,
    registrations,
    replication_vault_settings,
    alerts,
    alert_summaries,
    smart_groups,
)

_COMPANIONS = (
    "actionrules",
    "microsoft.compute",
    "microsoft.dataprotection",
    "microsoft.insights",
    "microsoft.keyvault",
    "microsoft.managedidentity",
    "microsoft.network",
    "microsoft.sqlvirtualmachine",
    "microsoft.storage",
)
"""The namespaces of the resources that backup and restore touch."""

_SOFT_DELETE = {"always-on": "AlwaysON", "enabled": "Enabled", "disabled": "Disabled"}
_OPTIONS = {"clock_mode": "--clock", "clock_rate": "--clock scaled:RATE with rate"}
DESCRIPTION = (
    "A REST service that behaves like an Azure Recovery Services vault, with a clock you control. "
    "Paths under /subscriptions are Azure's; those under /_emulator are its own."
)


def endpoints(inner: InnerCalls | None = None) -> list[Endpoint]:
    """Return every endpoint that the front door serves; ``inner`` runs what deployments create."""
    within = inner or InnerCalls()
    near = _near(
        Requests(), Settings.plan_backups, Issuer(default_home()), within, Journal(0, 0), None, b""
    )
    return _all(near, wings(within))


def _near(
    requests: Requests,
    plan_backups: int,
    issuer: Issuer,
    inner: InnerCalls,
    journal: Journal,
    listeners: Listeners | None,
    webhook_key: bytes,
) -> list[Endpoint]:
    """Return the endpoints that are there from the start: those in no wing.

    ``requests`` are those it will show, ``plan_backups`` as many as a plan may live through,
    ``issuer`` signs tokens, ``inner`` runs what seeds create, ``journal`` is shown, and so is the
    key that webhooks are signed with; ``listeners`` are told what happens.
    """
    metrics = control_metrics.endpoint_of(requests)
    plan = control_plans.endpoint_of(read_policy, plan_backups)
    tokens = (
        *discovery.key_endpoints(issuer),
        *grants.endpoints_of(issuer),
        *managed_identities.endpoints_of(issuer),
    )
    graph = resource_graph.endpoint_of(
        {
            "resources": (_companions_graph, vaults_graph.graph_rows),
            "resourcecontainers": (resource_groups.graph_rows,),
            "recoveryservicesresources": (
                vaults_graph.graph_rows,
                vaults_graph.deleted_graph_rows,
                _items_graph,
            ),
            "alertsmanagementresources": (alerts_graph.graph_rows,),
        }
    )
    seeding = control_seeds.endpoints_of(inner)
    noted = journal_verbs.endpoints_of(journal)
    happened = control_events.endpoint_of(listeners)
    told = control_deliveries.endpoints_of(webhook_key)
    special = (metrics, plan, *seeding, *noted, happened, *told, *tokens, graph)
    return [*special, *(each for room in ROOMS for each in room.ENDPOINTS)]


def wings(inner: InnerCalls) -> tuple[Wing, ...]:
    """Return the rooms that are imported once somebody asks for them (docs/decisions/0054).

    ``inner`` runs what deployments create.
    """
    return (
        Wing(("deployments",), lambda: _deployments(inner)),
        Wing(_COMPANIONS, _companions),
        Wing(("backup", "privateendpointconnections", "_blob"), _backup),
    )


def _deployments(inner: InnerCalls) -> Iterable[Endpoint]:
    from .providers.resources import deployments

    return deployments.endpoints_of(inner, clouds.cloud)


def _companions() -> Iterable[Endpoint]:
    from .providers.companions import table

    return table.ENDPOINTS


def _companions_graph(call: Call, subscriptions: Collection[str]) -> Iterable[Document]:
    from .providers.companions import graph_rows

    return graph_rows.graph_rows(call, subscriptions)


def _generic_resources() -> Iterable[Endpoint]:
    from .providers.companions import generic_resources

    return generic_resources.ENDPOINTS


def _backup() -> Iterable[Endpoint]:
    from .providers.recovery_services_backup import table

    return table.ENDPOINTS


def _items_graph(call: Call, subscriptions: Collection[str]) -> Iterable[Document]:
    from .providers.recovery_services_backup import graph_rows

    return graph_rows.graph_rows(call, subscriptions)


def read_policy(name: str, sent: Mapping[str, Any], stored: Document | None, now: int) -> Document:
    """Return what a PUT of a policy would store, by the code that the PUT runs.

    Raises ``Refused`` as the PUT does.
    """
    from .providers.recovery_services_backup import policies, policy_bodies

    body, _ = bodies.read(json.dumps(sent).encode(), policy_bodies.PolicyBody, optional=False)
    return policies.document_of(name, body, stored, now)


def check_world(content: bytes, subscription: str | None = None) -> int:
    """Return how many requests a document comes to, of a new world at this instant.

    Raises ``Refused`` for what is wrong in it.
    """
    inner = InnerCalls(locks.guard)
    inner.serve(endpoints(inner=inner))
    return starting_worlds.check(content, inner, subscription)


def open_world(settings: Settings, *, create: bool = True) -> Engine:
    """Return the engine of the world in the settings' database, created if it is new.

    Raises ``ValueError`` if an option contradicts what a stored world goes by, or if there is
    no world and none may be created.
    """
    database = Database(settings.database)
    try:
        with database.writing() as connection:
            ensure_schema(connection)
            if not clock.exists(connection) and not create:
                raise ValueError(
                    f"--database {database.shown} holds no world yet; 'rsvault serve' creates one"
                )
            return Engine(database, _take_up(connection, settings, database.shown))
    except BaseException:
        database.close()
        raise


def _take_up(connection: Connection, settings: Settings, shown: str) -> Rules:
    """Return the rules of the world in a database; ``shown`` is the database in messages."""
    if not clock.exists(connection):
        clock.create(connection, _first_clock(settings), _rules(settings))
    rules = engine_rules.read(connection)
    if settings.events:
        events.record(connection, settings.events, clock.read(connection).settled_at)
    _refuse_contradiction(settings, clock.read(connection), rules, shown)
    return rules


def _rules(settings: Settings) -> Rules:
    return Rules(
        seed=settings.seed,
        soft_delete_state=_SOFT_DELETE[settings.soft_delete],
        vault_soft_delete=settings.vault_soft_delete == "on",
        hide_unvaulted_points=settings.recovery_point_visibility == "vault",
        sweep_every=settings.expiry_sweep_hours * HOUR,
        start_jitter=settings.start_jitter_minutes * MINUTE,
        replication_lag=settings.replication_lag_hours * HOUR,
        cross_region_delay=settings.cross_region_delay_hours * HOUR,
        limits=limits.changes(settings.limit, on=settings.limits == "on"),
    )


def _refuse_contradiction(
    settings: Settings, state: clock.ClockState, rules: Rules, shown: str
) -> None:
    """Refuse an option that was asked for and is not what the stored world goes by."""
    stored: dict[str, Any] = {
        "seed": rules.seed,
        "soft_delete": {state: word for word, state in _SOFT_DELETE.items()}[
            rules.soft_delete_state
        ],
        "vault_soft_delete": "on" if rules.vault_soft_delete else "off",
        "recovery_point_visibility": "vault" if rules.hide_unvaulted_points else "snapshot",
        "expiry_sweep_hours": rules.sweep_every // HOUR,
        "start_jitter_minutes": rules.start_jitter // MINUTE,
        "replication_lag_hours": rules.replication_lag // HOUR,
        "cross_region_delay_hours": rules.cross_region_delay // HOUR,
        "clock_mode": state.mode,
        "clock_rate": state.rate,
        "skip_on_wait": state.skip_on_wait,
        "start_time": to_datetime(state.started_at),
    }
    for name, kept in stored.items():
        asked = getattr(settings, name)
        if asked != kept and (name in settings.given or asked != getattr(Settings, name)):
            option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
            raise _contradiction(f"{option} {asked}", str(kept), shown)
    asked_for = _rules(settings).limits
    for limit in _limits_asked_for(settings):
        wanted, most = (limits.allowed(kept, limit) for kept in (asked_for, rules.limits))
        if wanted != most:
            option = f"--limit {limit.name}={limits.shown(wanted)}"
            raise _contradiction(option, limits.shown(most), shown)


def _limits_asked_for(settings: Settings) -> list[limits.Limit]:
    """Return the limits that an option speaks of: those it names, or all."""
    all_of_them = settings.limits == "off" or "limits" in settings.given
    return [each for name, each in limits.LIMITS.items() if all_of_them or name in settings.limit]


def _contradiction(option: str, kept: str, shown: str) -> ValueError:
    return ValueError(
        f"{option} contradicts {kept}, which the world in {shown} goes by; leave the option out "
        "or use another --database ('rsvault clock set' changes how time runs)"
    )


def _first_clock(settings: Settings) -> clock.ClockState:
    real = clock.real_now()
    start = real if settings.start_time is None else from_datetime(settings.start_time)
    return clock.ClockState(
        epoch=1,
        mode=settings.clock_mode,
        rate=settings.clock_rate if settings.clock_mode == "scaled" else 1,
        skip_on_wait=settings.skip_on_wait,
        started_at=start,
        base_virtual_at=start,
        base_real_at=real,
        settled_at=start,
    ).at(start, real)


def create_app(settings: Settings, more: Iterable[Endpoint] = ()) -> FastAPI:
    """Return the ASGI application of one world; its lifespan runs the engine's pacemaker.

    ``more`` are endpoints that it serves besides those of its rooms.
    """
    engine = open_world(settings)
    journal = _journal(settings, engine)
    requests = Requests()
    issuer = Issuer(settings.home)
    rights = _rights(settings, issuer)
    generic = _generic_resources() if settings.generic_resources else ()
    inner = InnerCalls(locks.guard, region_outages.reach, rights)
    listeners = Listeners(engine)
    key = _webhook_key(settings, engine)
    rooms = _near(requests, settings.plan_backups, issuer, inner, journal, listeners, key)
    served, later = [*rooms, *generic, *more], wings(inner)
    inner.serve(served, later)

    app = FastAPI(
        title="rsvault",
        description=DESCRIPTION,
        version=control_world.version(),
        lifespan=lambda _app: _life(engine, inner, settings),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: http_exception},
        middleware=[
            Middleware(
                FrontDoor,
                endpoints=served,
                wings=later,
                record=_one_after_the_other(journal.record, requests.record),
                gate=gate((settings.host, *settings.hostnames), settings.control_token),
                rights=rights,
            )
        ],
    )
    desk = Desk(
        engine,
        retry_after=settings.retry_after,
        guard=locks.guard,
        reach=region_outages.reach,
        rights=rights,
        shifts_client_dates=settings.client_dates == "shifted",
    )
    home.add_to(app, engine)
    blobs.add_to(app, engine)
    app.router.middleware_stack = ByEndpoint(app.router, desk.serve)
    # Made once it is asked for, and only once: it takes a tenth of a second.
    app.openapi = cache(lambda: explorer.describe(app, _all(served, later), version=app.version))  # type: ignore[method-assign]
    app.state.engine = engine
    app.state.on_stop = _one_after_the_other(engine.stop, journal.stop, listeners.stop)
    app.state.journal = journal
    app.state.listeners = listeners
    return app


@asynccontextmanager
async def _life(engine: Engine, inner: InnerCalls, settings: Settings) -> AsyncIterator[None]:
    """Begin with the world that was asked for, and let the pacemaker run until the server ends."""
    if settings.world is not None:
        await starting_worlds.seed_new(engine, inner, settings.world)
    driver = _start_driver(engine) if settings.run_engine else None
    office = _open_post_office(engine, settings) if settings.run_engine else None
    yield
    if driver is not None:
        driver.stop()
    if office is not None:
        await office.stop()
    engine.database.close()


def _all(near: Iterable[Endpoint], later: Iterable[Wing]) -> list[Endpoint]:
    return [*near, *(each for wing in later for each in wing.endpoints())]


def _one_after_the_other(*listeners: Callable[..., None]) -> Callable[..., None]:
    """Return what tells several listeners the same."""

    def tell(*news: Any) -> None:
        for listen in listeners:
            listen(*news)

    return tell


def _journal(settings: Settings, engine: Engine) -> Journal:
    """Return a server's journal; how a world began that was there before it, it does not know."""
    with engine.database.reading() as connection:
        begins = is_new(connection)
    began = control_clock.show(engine) if begins else None
    return Journal(settings.journal_entries, settings.journal_megabytes * 1024 * 1024, began)


def _rights(settings: Settings, issuer: Issuer) -> Rights | None:
    """Return what knows who may do what; ``None`` if everybody may do everything."""
    if settings.auth == "any":
        return None
    from .identity.guard import Guard

    return Guard(issuer, settings.auth_admins)


def _start_driver(engine: Engine) -> Any:
    from .engine.driver import Driver

    driver = Driver(engine)
    driver.start()
    return driver


def _open_post_office(engine: Engine, settings: Settings) -> PostOffice:
    office = PostOffice(
        engine, _webhook_key(settings, engine), settings.webhook_waits, settings.webhook_timeout
    )
    office.start()
    return office


def _webhook_key(settings: Settings, engine: Engine) -> bytes:
    """Return what webhooks are signed with: the key that was given, or that of the seed."""
    if settings.webhook_key is not None:
        return webhook_signatures.read_key(settings.webhook_key)
    return webhook_signatures.key_of_seed(engine.rules.seed)


def run_worker(settings: Settings) -> None:
    """Run the engine alone, without a server, until the process is ended."""
    engine = open_world(settings, create=False)
    logging.getLogger("rsvault.engine").info("the engine runs on %s", engine.database.shown)
    try:
        asyncio.run(_work(engine, settings))
    except KeyboardInterrupt:
        pass
    finally:
        engine.database.close()


async def _work(engine: Engine, settings: Settings) -> None:
    stopping = told_to_stop()
    driver = _start_driver(engine)
    office = _open_post_office(engine, settings)
    try:
        await stopping.wait()
    finally:
        driver.stop()
        await office.stop()
