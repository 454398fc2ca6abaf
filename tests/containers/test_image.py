"""The Dockerfile's own commands, run in a clean folder: it installs, starts, answers and ends."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.containers.commands import parsed
from tests.containers.dockerfiles import Builder, Ignored, Stage, read
from tests.processes import ready

ROOT = Path(__file__).parents[2]
HERE = ["--host", "127.0.0.1", "--port", "0", "--https-port", "0"]
"""A machine is no container: a test listens on loopback, and on ports that are free."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Builder(ROOT, tmp_path_factory.mktemp("image")).build()


@contextmanager
def container(
    image: Stage, *more: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start what the image starts; yield the process and what its ready line says."""
    process = subprocess.Popen(
        [*image.entrypoint, *image.command, *HERE, *more],
        cwd=image.at("."),
        env=image.environment() | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, ready(process)
    finally:
        process.kill()
        process.communicate()


def run(image: Stage, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=image.at("."),
        env=image.environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.deep
def test_a_container_answers_is_healthy_and_ends_when_it_is_told_to(image: Stage) -> None:
    with container(image) as (process, at):
        told = run(image, image.healthcheck, RSVAULT_URL=at["http"])
        assert (told.returncode, told.stdout.split()[:2]) == (0, ["status", "ok"]), told.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        told = run(image, image.healthcheck, RSVAULT_URL=at["http"])
        assert told.returncode == 1


@pytest.mark.deep
def test_other_containers_say_its_name_and_trust_what_is_in_its_volume(image: Stage) -> None:
    with container(image) as (_, at):
        assert Path(at["ca"]) == image.at("/data/ca.pem")
        trust = ssl.create_default_context(cafile=at["ca"])
        with httpx.Client(verify=trust, base_url=at["https"]) as client:
            for name in ("localhost", "rsvault"):
                host = f"{name}:{httpx.URL(at['https']).port}"
                asked = client.build_request("GET", "/_emulator/health", headers={"Host": host})
                asked.extensions["sni_hostname"] = name
                assert client.send(asked).json()["status"] == "ok"
            stranger = client.get("/_emulator/health", headers={"Host": "stranger"})
            assert stranger.status_code == 403


@pytest.mark.deep
def test_a_control_token_in_the_environment_guards_and_is_used(image: Stage) -> None:
    token = {"RSVAULT_CONTROL_TOKEN": "only-mine"}
    with container(image, **token) as (_, at):
        assert httpx.post(f"{at['http']}/_emulator/reset").status_code == 401
        for command in (image.healthcheck, [*image.entrypoint, "reset"]):
            told = run(image, command, RSVAULT_URL=at["http"], **token)
            assert told.returncode == 0, told.stderr


@pytest.mark.deep
def test_a_container_keeps_a_world_in_its_volume(image: Stage) -> None:
    group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/kept"
    query = {"api-version": "2021-04-01"}
    database = f"sqlite:///{image.at('/data/world.db')}"
    for status in (201, 200):
        with container(image, "--database", database) as (process, at):
            body = {"location": "westeurope"}
            assert httpx.put(at["http"] + group, params=query, json=body).status_code == status
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


@pytest.mark.deep
def test_the_image_has_what_postgresql_takes(image: Stage) -> None:
    nowhere = "postgresql+psycopg://rsvault@127.0.0.1:1/rsvault?connect_timeout=2"
    told = run(image, [*image.entrypoint, "worker", "--database", nowhere])
    assert told.returncode == 1
    assert "cannot be opened for writing" in told.stderr


@pytest.mark.deep
def test_the_image_holds_no_tests_and_no_tools_to_build_with(image: Stage) -> None:
    ask = "import importlib.metadata as all; print(*(each.name for each in all.distributions()))"
    names = set(run(image, ["python", "-c", ask]).stdout.lower().split())
    assert {"rsvault", "psycopg", "psycopg-binary"} <= names
    assert not names & {"hatchling", "build", "pytest", "ruff", "mypy"}
    assert {path.name for path in image.root.iterdir()} == {"usr", "data"}


@pytest.mark.deep
def test_a_container_is_not_root_and_writes_to_its_volume_only(image: Stage) -> None:
    user, group = map(int, image.user.split(":"))
    assert min(user, group) >= 10_000
    assert image.volumes == [image.env["RSVAULT_HOME"]] == [image.workdir]
    if os.geteuid() == 0:
        volume = image.at(image.volumes[0]).stat()
        assert (volume.st_uid, volume.st_gid) == (user, group)


@pytest.mark.deep
def test_the_ports_of_the_image_are_those_that_are_listened_on(image: Stage) -> None:
    command, chosen = parsed(image.command)
    assert (command, chosen["host"]) == ("serve", "0.0.0.0")
    assert image.ports == [str(chosen["port"]), str(chosen["https_port"])]


def test_every_stage_has_the_same_python_and_one_that_is_new_enough() -> None:
    (needed,) = re.findall(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    steps = read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    (base,) = {step.rest.partition(" ")[0] for step in steps if step.keyword == "FROM"}
    (found,) = re.findall(r"^python:3\.(\d+)-slim$", base)
    assert int(found) >= int(needed)


def test_an_image_is_built_from_nothing_that_it_does_not_need() -> None:
    ignored = Ignored((ROOT / ".dockerignore").read_text(encoding="utf-8"))
    taken = {path.name for path in ROOT.iterdir() if path.name not in ignored}
    assert taken == {"app", "migrations", "pyproject.toml", "README.md", "LICENSE"}
    assert "app/engine/clock.py" not in ignored
    assert "app/engine/__pycache__/clock.cpython-312.pyc" in ignored
    assert "world.db" in ignored
