"""Figures 1 and 2: how long a start takes until the first useful answer, and what it holds."""

from __future__ import annotations

import http.client
import ssl
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.load import request
from tests.bench.processes import (
    Server,
    await_ready,
    ceiling,
    cpu_seconds,
    end,
    memory_mib,
    rsvault,
    run_task,
    serving,
    spawn,
)
from tests.bench.worlds import SUBSCRIPTION, VERSION

VAULTS_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/vaults?{VERSION}"


@dataclass(frozen=True)
class Candidate:
    """A server, how it is started and what its first useful answer is."""

    name: str
    command: Sequence[str]
    ask: Callable[[Server], int]


def _get(path: str) -> Callable[[Server], int]:
    def ask(server: Server) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    return ask


def _get_securely(path: str) -> Callable[[Server], int]:
    def ask(server: Server) -> int:
        context = ssl.create_default_context(cafile=server.ca_file)
        connection = http.client.HTTPSConnection("127.0.0.1", server.https_port, context=context)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    return ask


def _candidates(home: str) -> list[Candidate]:
    return [
        Candidate("rsvault, HTTP", rsvault(), _get(VAULTS_PATH)),
        Candidate(
            "rsvault, HTTPS, existing home",
            rsvault("--home", home, https=True),
            _get_securely(VAULTS_PATH),
        ),
        Candidate("bare uvicorn", ceiling("bare"), _get("/")),
        Candidate("minimal FastAPI", ceiling("fastapi"), _get("/")),
    ]


def _start(candidate: Candidate) -> tuple[float, float]:
    """Start once; return milliseconds until the first answer, and of processor time."""
    began = perf_counter()
    process = spawn(candidate.command)
    try:
        server = await_ready(process)
        status = candidate.ask(server)
        taken = perf_counter() - began
        assert status == 200, f"{candidate.name} answered {status}"
        return taken * 1000, cpu_seconds(process.pid) * 1000
    finally:
        end(process)


def cold_start(options: Options) -> Table:
    """From spawn to the first useful answer."""
    walls: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as home:
        candidates = _candidates(home)
        for candidate in candidates:  # fills the page cache and makes the home
            _start(candidate)
        for _ in range(options.rounds):
            for candidate in candidates:
                wall, cpu = _start(candidate)
                walls[candidate.name].append(wall)
                cpus[candidate.name].append(cpu)
    table = Table(
        "Cold start: spawn to the first useful answer",
        ("server", "ms", "CPU ms", "x bare uvicorn", "x minimal FastAPI"),
        ("Ours is the list of vaults. moto's start is among the figures of `peers`.",),
    )
    for name, values in walls.items():
        against = (walls["bare uvicorn"], walls["minimal FastAPI"])
        table.add(
            name,
            summary(values),
            summary(cpus[name]),
            *(summary(ratios(values, other)) for other in against),
        )
    return table


def memory(options: Options) -> Table:
    """What a server holds after its start, and after ten thousand requests."""
    count = options.scaled(10_000, 200)
    table = Table(
        f"Memory, MiB: RSS (PSS), after the start and after {count} requests",
        ("server", "after start", "after requests"),
        ("Target: 110 MiB idle.",),
    )
    for name, command, path in (
        ("rsvault", rsvault(), VAULTS_PATH),
        ("bare uvicorn", ceiling("bare"), "/"),
        ("minimal FastAPI", ceiling("fastapi"), "/"),
    ):
        rounds = [_weigh(command, path, count) for _ in range(min(options.rounds, 3))]
        table.add(name, *(_sizes([each[at] for each in rounds]) for at in (0, 1)))
    return table


def _weigh(command: Sequence[str], path: str, count: int) -> list[tuple[float, float]]:
    with serving(command) as server:
        sizes = []
        for requests in (1, count):
            once = request("GET", path, server.port)
            task = {"port": server.port, "requests": [once], "connections": min(requests, 16)}
            run_task("tests.bench.load", task | {"count": requests})
            sizes.append(memory_mib(server.process.pid))
        return sizes


def _sizes(sizes: Sequence[tuple[float, float]]) -> str:
    resident, proportional = (sorted(column) for column in zip(*sizes, strict=True))
    middle = len(sizes) // 2
    return f"{resident[middle]:.0f} ({proportional[middle]:.0f})"
