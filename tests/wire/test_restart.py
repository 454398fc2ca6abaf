"""A world in a file: what was there is there again, time went on as its mode says."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import ControlPlane
from app.domain.limits import LIMITS
from app.main import run_worker
from app.server import CannotStart, start
from app.settings import Settings
from tests.postgresql import PostgreSQL
from tests.processes import command, ready
from tests.wire.builders import protect, put_group, put_policy, put_vault, put_vm

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/kept"
BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)

Make = Callable[..., Settings]


@pytest.fixture
def make(stored_world: str, tmp_path: Path) -> Make:
    def settings(**more: Any) -> Settings:
        return Settings(port=0, https_port=None, database=stored_world, home=tmp_path, **more)

    return settings


def test_what_was_acknowledged_is_there_after_a_restart(make: Make) -> None:
    with start(make()) as server:
        body = {"location": "westeurope", "tags": {"who": "me"}}
        url = f"{server.http_url}{GROUP}?api-version=2021-04-01"
        put = httpx.put(url, json=body)
        assert put.status_code == 201
    with start(make()) as server:
        url = f"{server.http_url}{GROUP}?api-version=2021-04-01"
        assert httpx.get(url).json() == put.json()


def test_frozen_time_stands_still_while_nobody_serves_it(make: Make) -> None:
    frozen = make(clock_mode="frozen", start_time=BEGINNING)
    with start(frozen) as server, ControlPlane(server.http_url) as control:
        control.advance(by="P3D")
    with start(make()) as server, ControlPlane(server.http_url) as control:
        assert control.clock().now == BEGINNING + timedelta(days=3)
        assert control.clock().mode == "frozen"


def test_live_time_goes_on_while_nobody_serves_it(make: Make) -> None:
    with start(make(start_time=BEGINNING)) as server, ControlPlane(server.http_url) as control:
        before = control.clock().now
    with start(make()) as server, ControlPlane(server.http_url) as control:
        assert BEGINNING <= before < control.clock().now < BEGINNING + timedelta(minutes=5)


def test_scaled_time_never_goes_back_over_a_restart(make: Make) -> None:
    settings = make(clock_mode="scaled", clock_rate=3600, start_time=BEGINNING)
    with start(settings) as server, ControlPlane(server.http_url) as control:
        before = control.clock().now
    with start(make()) as server, ControlPlane(server.http_url) as control:
        assert control.clock().now >= before


def test_scaled_time_goes_on_where_it_stood(make: Make) -> None:
    settings = make(clock_mode="scaled", clock_rate=86_400, start_time=BEGINNING)
    with start(settings) as server, ControlPlane(server.http_url) as control:
        before = control.clock().now
    with start(make()) as server, ControlPlane(server.http_url) as control:
        elapsed = control.clock().now - before
    assert elapsed < timedelta(days=2), "what passed while nobody served it counts for nothing"


def test_a_killed_servers_scaled_clock_never_goes_back(stored_world: str, tmp_path: Path) -> None:
    again = ["serve", "--database", stored_world, "--home", str(tmp_path)]
    again += ["--port", "0", "--https-port", "off"]
    seen: list[datetime] = []
    for more in (("--clock", "scaled:31536000", "--start-time", "2026-03-01T00:00:00Z"), ()):
        with (
            command(*again, *more, log=tmp_path / "log") as process,
            ControlPlane(ready(process)["http"]) as control,
        ):
            seen += [control.clock().now for _ in range(5)]
            process.send_signal(signal.SIGKILL)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5, "the clock never ran"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", 6),
        ("clock_mode", "frozen"),
        ("soft_delete", "disabled"),
        ("recovery_point_visibility", "vault"),
        ("expiry_sweep_hours", 24),
        ("skip_on_wait", "off"),
        ("start_time", datetime(2031, 1, 1, tzinfo=UTC)),
        ("limit", {"backups-per-day": 20}),
    ],
)
def test_an_option_that_contradicts_the_stored_world_is_refused(
    make: Make, option: str, value: Any
) -> None:
    with start(make(seed=5)):
        pass
    name = "clock" if option == "clock_mode" else option.replace("_", "-")
    with pytest.raises(CannotStart, match=rf"--{name} .* contradicts"):
        start(make(**{option: value}))


def test_an_option_that_says_what_is_stored_is_no_contradiction(make: Make) -> None:
    with start(make(seed=5, clock_mode="frozen")):
        pass
    with start(make(seed=5, clock_mode="frozen", given=frozenset({"seed", "clock_mode"}))):
        pass


def test_a_default_that_was_asked_for_may_contradict_too(make: Make) -> None:
    with start(make(seed=5)):
        pass
    with pytest.raises(CannotStart, match="--seed 0 contradicts 5"):
        start(make(given=frozenset({"seed"})))


def test_limits_that_contradict_the_stored_ones_are_refused_by_name(make: Make) -> None:
    kept: dict[str, int | None] = {"backups-per-day": 20, "vms-per-vault": None}
    with start(make(limit=kept)) as server, ControlPlane(server.http_url) as control:
        stored = control.limits()
        assert stored == {name: each.value for name, each in LIMITS.items()} | kept
    for same in (make(), make(limit=kept), make(limit={"backups-per-day": 20})):
        with start(same) as server, ControlPlane(server.http_url) as control:
            assert control.limits() == stored
    for options, message in (
        ({"limit": {"backups-per-day": 21}}, "--limit backups-per-day=21 contradicts 20"),
        ({"limit": {"backups-per-day": None}}, "--limit backups-per-day=off contradicts 20"),
        ({"limit": {"vms-per-vault": 1000}}, "--limit vms-per-vault=1000 contradicts off"),
        ({"limits": "off"}, "--limit vaults-per-region=off contradicts 500"),
        ({"given": frozenset({"limits"})}, "--limit vms-per-vault=1000 contradicts off"),
    ):
        with pytest.raises(CannotStart, match=message):
            start(make(**options))


def test_no_message_tells_the_password_of_a_database(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    url = postgresql.fresh().replace("postgres:@", "postgres:secret@")
    assert "secret" in url
    settings = Settings(port=0, https_port=None, database=url, home=tmp_path)
    with pytest.raises(ValueError, match="holds no world yet") as unmade:
        run_worker(settings)
    with start(settings):
        pass
    with pytest.raises(CannotStart, match="--seed 9 contradicts") as contradicted:
        start(replace(settings, seed=9))
    assert "secret" not in str(unmade.value) + str(contradicted.value)


def test_a_worker_needs_a_world_to_work_on(make: Make) -> None:
    with pytest.raises(ValueError, match="holds no world yet; 'rsvault serve' creates one"):
        run_worker(make())


def test_a_server_that_stops_ends_an_advance_and_keeps_what_was_crossed(make: Make) -> None:
    settings = make(clock_mode="frozen", start_time=BEGINNING)
    with ThreadPoolExecutor() as pool:
        with start(settings) as server, ControlPlane(server.http_url) as control:
            arm = httpx.Client(base_url=server.http_url, params={"api-version": "2026-10-01"})
            for build in (put_group, put_vm, put_vault, put_policy, protect):
                build(arm)
            arm.close()
            url = f"{server.http_url}/_emulator/clock/advance"
            running = pool.submit(httpx.post, url, json={"by": "P300Y"}, timeout=60)
            while control.clock().advancing is None and not running.done():
                pass
        answer = running.result()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServerStopping")
    with start(make()) as server, ControlPlane(server.http_url) as control:
        assert control.clock().now > BEGINNING
