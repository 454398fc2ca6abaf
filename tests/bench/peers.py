"""rsvault beside the emulators of other clouds: moto's server, and Azurite's blob service.

Each runs from an environment of its own, with its own needs and nothing else. In each round each
is started, asked and ended, one after the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from tests.bench import fixtures
from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.processes import (
    CHECKOUT,
    Server,
    await_port,
    await_ready,
    cpu_seconds,
    end,
    free_port,
    memory_mib,
    rsvault,
    spawn,
)
from tests.bench.worlds import GROUP, POLICY, SUBSCRIPTION, VAULT, VERSION, Request, policy
from tests.environments import cached, cached_from_npm

GETS = 10_000
"""After as many requests the memory of a server is looked at again."""

Headers = Mapping[str, str]
Values = dict[str, dict[str, list[float]]]
"""What was measured: by figure, by peer, of each round."""


@dataclass(frozen=True)
class Peer:
    """A server: how it is started, and how it is asked for what all of them can do.

    ``first`` is a list of what it is there for. ``write`` is given a number and creates one thing.
    What it has not is left out, and so is ``fixture``, the environment and the pytest file of
    its own fixture.
    """

    name: str
    start: Callable[[], tuple[subprocess.Popen[str], Server]]
    first: str
    begin: list[Request]
    read: str
    write: Callable[[int], Request]
    headers: Headers = field(default_factory=dict)
    reset: Request | None = None
    save: Request | None = None
    restore: Request | None = None
    fixture: tuple[Path, str] | None = None


class Client:
    """One connection that is kept open, as far as the server keeps it."""

    def __init__(self, server: Server, headers: Headers) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port)
        self._headers = dict(headers)

    def ask(self, method: str, path: str, body: Any = None) -> float:
        """Send a request and read its answer; return how many seconds that took."""
        content = None if body is None else json.dumps(body)
        headers = self._headers | ({} if content is None else {"Content-Type": "application/json"})
        began = perf_counter()
        self._connection.request(method, path, content, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        taken = perf_counter() - began
        assert answer.status < 300, f"{method} {path}: {answer.status} {said[:300]!r}"
        return taken

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


# --- who they are ---------------------------------------------------------------------------


def _rsvault() -> Peer:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    programs = cached("rsvault-alone", "\n".join([*project["dependencies"], "pytest>=9"]))
    command = [str(programs / "python"), *rsvault("--limits", "off")[1:]]

    def start() -> tuple[subprocess.Popen[str], Server]:
        process = spawn(command)
        return process, await_ready(process)

    vaults = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/vaults"
    vault = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
    saved = "/_emulator/worlds/begun"
    return Peer(
        "rsvault",
        start,
        first=f"{vaults}?{VERSION}",
        begin=[
            ("PUT", f"{GROUP}?{VERSION}", {"location": "westeurope"}),
            ("PUT", f"{VAULT}?{VERSION}", vault),
        ],
        read=f"{VAULT}?{VERSION}",
        write=lambda n: ("PUT", f"{POLICY}-{n}?{VERSION}", {"properties": policy(30)}),
        reset=("POST", "/_emulator/reset", None),
        save=("PUT", saved, None),
        restore=("POST", f"{saved}/restore", None),
        fixture=(programs, fixtures.RSVAULT),
    )


def _moto() -> Peer:
    programs = cached("moto", "moto[server]>=5.2,<6\npytest>=9")
    credential = "AKIA/20260101/us-east-1/backup/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"

    def start() -> tuple[subprocess.Popen[str], Server]:
        port = free_port()
        process = spawn([str(programs / "moto_server"), "-p", str(port)], quiet=True)
        return process, await_port(process, port)

    return Peer(
        "moto",
        start,
        first="/backup-vaults/",
        begin=[("PUT", "/backup-vaults/safe", {})],
        read="/backup-vaults/safe",
        write=lambda n: ("PUT", f"/backup-vaults/safe-{n}", {}),
        headers={"Authorization": signature},
        reset=("POST", "/moto-api/reset", None),
        fixture=(programs, fixtures.MOTO),
    )


def _azurite() -> Peer:
    folder = cached_from_npm("azurite", "azurite@3")
    program = folder / "node_modules/azurite/dist/src/blob/main.js"
    options = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]

    def start() -> tuple[subprocess.Popen[str], Server]:
        port = free_port()
        words = ["node", str(program), "--blobPort", str(port), *options]
        process = spawn(words, quiet=True)
        return process, await_port(process, port)

    account, token = "/devstoreaccount1", _account_sas()
    content = {"id": "x" * 200, "properties": {"text": "y" * 760}}
    return Peer(
        "Azurite",
        start,
        first=f"{account}?comp=list&{token}",
        begin=[
            ("PUT", f"{account}/safe?restype=container&{token}", None),
            ("PUT", f"{account}/safe/one?{token}", content),
        ],
        read=f"{account}/safe/one?{token}",
        write=lambda n: ("PUT", f"{account}/safe/one-{n}?{token}", content),
        headers={"x-ms-blob-type": "BlockBlob", "x-ms-version": _VERSION},
    )


_VERSION = "2019-12-12"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of devstoreaccount1, which Azurite's documentation tells everybody."""


def _account_sas() -> str:
    """Return a signature for everything in the well-known account, for many years."""
    terms = {"sp": "rwdlac", "ss": "b", "srt": "sco", "st": "", "se": "2099-01-01T00:00:00Z"}
    signed = "\n".join(["devstoreaccount1", *terms.values(), "", "", _VERSION, ""])
    digest = hmac.new(base64.b64decode(_KEY), signed.encode(), hashlib.sha256).digest()
    told = {name: value for name, value in terms.items() if value}
    return urlencode({"sv": _VERSION, **told, "sig": base64.b64encode(digest).decode()})


# --- what they cost -------------------------------------------------------------------------


def measure(options: Options) -> Values:
    """Return what each figure came to, of each peer that has it, round by round."""
    found: Values = defaultdict(lambda: defaultdict(list))
    everybody = [_rsvault(), _moto(), _azurite()]
    for peer in everybody:  # fills the page cache, and compiles what is not compiled yet
        with _running(peer):
            pass
    for number in range(options.rounds):
        for peer in everybody:
            _say(f"round {number + 1} of {options.rounds}: {peer.name}")
            for figure, value in _round(peer, options, weighs=number == 0):
                found[figure][peer.name].append(value)
    return found


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@contextmanager
def _running(peer: Peer) -> Iterator[tuple[Server, float, float]]:
    """Run a peer; yield it with the seconds until its first answer, and of processor time."""
    began = perf_counter()
    process, server = peer.start()
    try:
        client = Client(server, peer.headers)
        client.ask("GET", peer.first)
        client.close()
        yield server, perf_counter() - began, cpu_seconds(process.pid)
    finally:
        end(process)


COLD, COLD_CPU = "cold start to the first answer, ms", "its processor time, ms"
REST, FULL = "memory (RSS) at rest, MiB", f"memory after {GETS} GETs, MiB"
GET, PUT = "GET one, us", "PUT a new one, us"
GET_CPU, PUT_CPU = "processor time of a GET, us", "processor time of a PUT, us"
SAVE, RESTORE, RESET = "save the world, ms", "restore it, ms", "reset, ms"
FIXTURE = "what its fixture adds to an empty test, ms"
FIGURES = (
    *(COLD, COLD_CPU, REST, FULL, GET, GET_CPU, PUT, PUT_CPU, SAVE, RESTORE, RESET, FIXTURE),
)


def _round(peer: Peer, options: Options, *, weighs: bool) -> Iterator[tuple[str, float]]:
    with _running(peer) as (server, wall, cpu):
        yield COLD, wall * 1e3
        yield COLD_CPU, cpu * 1e3
        yield REST, memory_mib(server.process.pid)[0]
        client = Client(server, peer.headers)
        for each in peer.begin:
            client.ask(*each)
        count = options.scaled(400, 20)
        writes = [peer.write(number) for number in range(count + 1)]
        yield from _repeated(server, client, [("GET", peer.read, None)] * count, GET, GET_CPU)
        client.ask(*writes.pop())
        yield from _repeated(server, client, writes, PUT, PUT_CPU)
        for figure, request in ((SAVE, peer.save), (RESTORE, peer.restore), (RESET, peer.reset)):
            if request is not None:
                yield figure, _after_a_small_world(peer, client, request, options) * 1e3
        if weighs:
            for each in peer.begin if peer.reset else []:
                client.ask(*each)
            for _ in range(options.scaled(GETS, 50)):
                client.ask("GET", peer.read)
            yield FULL, memory_mib(server.process.pid)[0]
        client.close()
    if peer.fixture is not None:
        yield FIXTURE, _fixture_overhead(*peer.fixture, options) * 1e3


def _repeated(
    server: Server, client: Client, requests: list[Request], figure: str, cpu_figure: str
) -> Iterator[tuple[str, float]]:
    """Send requests one after the other; yield the median time and the processor time of one."""
    before = server.cpu()
    yield figure, median(client.ask(*each) for each in requests) * 1e6
    yield cpu_figure, (server.cpu() - before) / len(requests) * 1e6


def _after_a_small_world(peer: Peer, client: Client, last: Request, options: Options) -> float:
    """Make a small world anew and send what is measured, again and again; return the median."""
    before = [each for each in (peer.reset, *peer.begin) if each is not None]
    if last == peer.restore and peer.save is not None:
        before = [*before, peer.save]
    taken = []
    for _ in range(options.scaled(20, 2)):
        for each in before:
            client.ask(*each)
        taken.append(client.ask(*last))
    return median(taken)


def _fixture_overhead(programs: Path, suite: str, options: Options) -> float:
    """Return the seconds that a fixture adds to a test: against as many tests without it."""
    count = options.scaled(200, 5)
    with tempfile.TemporaryDirectory() as folder:
        taken = [
            fixtures.seconds_a_test(programs, Path(folder), suite, count, uses=uses)
            for uses in (False, True)
        ]
    return taken[1] - taken[0]


# --- as a table -----------------------------------------------------------------------------


def peers(options: Options) -> Table:
    """Everything, side by side."""
    found = measure(options)
    table = Table(
        "Beside moto's server and Azurite's blob service",
        ("what", "rsvault", "moto", "Azurite", "x moto", "x Azurite"),
        (
            "One is a vault (rsvault, moto) or a blob of 1 KB (Azurite), a new one a policy, a "
            "vault or a blob, on one connection; moto closes it after each answer. `x` is "
            "rsvault's over theirs, round by round. Azurite has no reset and no fixture; only "
            "rsvault saves worlds.",
        ),
    )
    for figure in FIGURES:
        values = found[figure]
        ours = values["rsvault"]
        table.add(
            figure,
            *(summary(values[name]) for name in ("rsvault", "moto", "Azurite")),
            *(
                summary(ratios(ours, values[name])) if values[name] else "-"
                for name in ("moto", "Azurite")
            ),
        )
    return table
