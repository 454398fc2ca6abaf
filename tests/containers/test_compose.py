"""The compose file: what Docker would refuse or wait for in vain is found without Docker.

Every option is read by the command line's own parser, and every name that refers to something
must find it.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from app.cli import rsvault
from app.settings import Settings
from tests.conftest import API_VERSION
from tests.containers.commands import parsed
from tests.containers.dockerfiles import read
from tests.postgresql import PostgreSQL
from tests.processes import command, ready
from tests.wire.builders import GROUP_ID

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
KEYS = {
    "build", "command", "depends_on", "environment", "healthcheck", "image", "ports", "profiles",
    "restart", "volumes",
}  # fmt: skip
LIBPQ = {"PGPASSWORD"}
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}
"""What the image ``postgres`` reads when it sets a database up."""


def is_healthy_by(name: str) -> str | None:
    """Return the program that tells whether a service is healthy."""
    told = SERVICES[name].get("healthcheck", {})
    if told.get("disable"):
        return None
    if "test" in told:
        return str(told["test"][1])
    image = read((ROOT / "Dockerfile").read_text(encoding="utf-8")) if name in OURS else ()
    return next((step.rest for step in image if step.keyword == "HEALTHCHECK"), None)


def variables(commands: click.Group) -> Iterator[str]:
    """Yield the environment variables that the command line knows."""
    for each in commands.commands.values():
        if isinstance(each, click.Group):
            yield from variables(each)
        for parameter in each.params:
            if isinstance(parameter.envvar, str):
                yield parameter.envvar


def test_there_are_servers_a_worker_and_a_database() -> None:
    assert {name: parsed(SERVICES[name]["command"])[0] for name in OURS} == {
        "rsvault": "serve",
        "rsvault-2": "serve",
        "worker": "worker",
    }
    assert set(SERVICES) - set(OURS) == {"postgres"}
    assert re.fullmatch(r"postgres:\d+", SERVICES["postgres"]["image"])
    assert {key for service in SERVICES.values() for key in service} <= KEYS
    assert set(COMPOSE) == {"name", "x-rsvault", "services", "volumes"}


@pytest.mark.parametrize("name", OURS)
def test_each_process_is_started_on_the_database_of_the_file(name: str) -> None:
    _, chosen = parsed(SERVICES[name]["command"])
    database = SERVICES["postgres"]["environment"]
    user, base = database["POSTGRES_USER"], database["POSTGRES_DB"]
    assert chosen["database"] == f"postgresql+psycopg://{user}@postgres/{base}"
    assert SERVICES[name]["environment"]["PGPASSWORD"] == database["POSTGRES_PASSWORD"]
    assert SERVICES[name]["build"] == "."


@pytest.mark.parametrize("name", [name for name in OURS if SERVICES[name]["command"][0] == "serve"])
def test_a_server_is_known_by_the_name_of_its_service(name: str) -> None:
    _, chosen = parsed(SERVICES[name]["command"])
    assert chosen["hostnames"] == (name,)
    assert chosen["host"] == "0.0.0.0"
    listening = {chosen["port"], chosen["https_port"]}
    assert listening == {Settings().port, Settings().https_port}
    assert {int(port.rpartition(":")[2]) for port in SERVICES[name]["ports"]} == listening


def test_ports_are_for_this_machine_only_and_each_is_taken_once() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    taken = [re.fullmatch(r"127\.0\.0\.1:(\d+):\d+", port) for port in ports]
    assert all(taken)
    assert len({port[1] for port in taken if port}) == len(ports)


def test_whoever_waits_for_health_waits_for_something_that_tells_it() -> None:
    for name, service in SERVICES.items():
        for awaited, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            assert is_healthy_by(awaited), (name, awaited)
            assert not SERVICES[awaited].get("profiles"), (name, awaited)
    assert is_healthy_by("rsvault") == 'CMD ["rsvault", "health"]'
    assert is_healthy_by("postgres") == "pg_isready"
    assert is_healthy_by("worker") is None, "nothing would answer the image's check there"


def test_the_world_is_made_before_a_worker_looks_for_it() -> None:
    assert "rsvault" in SERVICES["worker"]["depends_on"]
    assert "postgres" in SERVICES["rsvault"]["depends_on"]


def test_volumes_are_declared_and_used_where_the_image_writes() -> None:
    used = [volume.split(":") for each in SERVICES.values() for volume in each.get("volumes", ())]
    assert {source for source, _ in used} == set(COMPOSE["volumes"])
    steps = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    (home,) = (step.words()[0] for step in steps if step.keyword == "VOLUME")
    for name in OURS:
        assert SERVICES[name].get("volumes", [f"authority:{home}"]) == [f"authority:{home}"]


def test_environment_variables_are_known_and_have_a_default() -> None:
    known = set(variables(rsvault)) | LIBPQ
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= known
    assert set(SERVICES["postgres"]["environment"]) <= POSTGRES
    for asked in re.findall(r"\$\{?[^}]*\}?", TEXT):
        assert re.fullmatch(r"\$\{[A-Z_]+:-\w*\}", asked), asked


@pytest.mark.slow
def test_the_commands_of_the_file_share_one_world_and_end_when_told(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """Without their containers: the URL of another database, loopback and free ports."""
    database = ["--database", postgresql.fresh()]
    here = ["--host", "127.0.0.1", "--port", "0", "--https-port", "0", "--home", str(tmp_path)]
    with ExitStack() as running:

        def start(name: str, *more: str) -> subprocess.Popen[str]:
            words = [*SERVICES[name]["command"], *database, *more]
            return running.enter_context(command(*words, log=tmp_path / f"{name}.log"))

        servers = {name: start(name, *here) for name in ("rsvault", "rsvault-2")}
        one, two = (ready(process)["http"] for process in servers.values())
        worker = start("worker")
        body, query = {"location": "westeurope"}, {"api-version": API_VERSION}
        assert httpx.put(one + GROUP_ID, params=query, json=body).status_code == 201
        assert httpx.get(two + GROUP_ID, params=query).json()["location"] == "westeurope"
        log = tmp_path / "worker.log"
        while "the engine runs on" not in log.read_text(encoding="utf-8"):
            assert worker.poll() is None, log.read_text(encoding="utf-8")
        for process in (*servers.values(), worker):
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
