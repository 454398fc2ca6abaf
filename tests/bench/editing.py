"""Figure: the edit of a policy that a fleet is under, with the points that it has by then."""

from __future__ import annotations

import json
from datetime import date, timedelta
from time import perf_counter

import httpx

from tests.bench.databases import KINDS, place
from tests.bench.figures import Options, Table, summary
from tests.bench.processes import rsvault, serving
from tests.bench.worlds import POLICY, VERSION, make_small_world, policy, small_world

_KEPT = 300
"""Days: no point is over before the last edit."""
_FIRST = date(2026, 1, 1)


def edits(options: Options) -> Table:
    """PUT a changed policy: every item follows with a job, all its points are judged anew."""
    vms = options.scaled(1000, 3)
    table = Table(
        f"Edit of a policy with {vms} VMs, over HTTP",
        ("database", "points", "ms", "us a point"),
        ("Each edit gives every point another expiry and every item a job.",),
    )
    for kind in KINDS:
        with (
            place(kind) as made,
            serving(rsvault(database=made.database)) as server,
            httpx.Client(base_url=server.url, timeout=None) as client,
        ):
            _protect(client, vms)
            for until in (options.scaled(10, 1), options.scaled(100, 2)):
                points = vms * until
                taken = _edit(client, until, options.rounds)
                each = [seconds * 1e6 / points for seconds in taken]
                table.add(kind, str(points), summary([s * 1e3 for s in taken]), summary(each))
    return table


def _protect(client: httpx.Client, vms: int) -> None:
    """Make the small world with as many VMs as it takes, all under its policy."""
    make_small_world(client)
    of_the_vm = [request for request in small_world() if "web-1" in request[1]]
    for number in range(2, vms + 1):
        for method, path, body in of_the_vm:
            text = json.dumps(body).replace("web-1", f"web-{number}")
            path = path.replace("web-1", f"web-{number}")
            client.request(method, path, json=json.loads(text)).raise_for_status()
    _put(client, _KEPT)


def _edit(client: httpx.Client, until: int, rounds: int) -> list[float]:
    """Go on to a day's noon and edit the policy; return the seconds that each edit took."""
    day = f"{_FIRST + timedelta(days=until)}T12:00:00Z"
    client.post("/_emulator/clock/advance", json={"to": day}).raise_for_status()
    taken = []
    for more in range(1, rounds + 1):
        began = perf_counter()
        _put(client, _KEPT + until + more)
        taken.append(perf_counter() - began)
    return taken


def _put(client: httpx.Client, days: int) -> None:
    path = f"{POLICY}?{VERSION}"
    client.put(path, json={"properties": policy(days)}).raise_for_status()
