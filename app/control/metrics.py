"""The figures of a server and its world, in Prometheus' text form (docs/decisions/0034)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from ..arm.calls import Answer, Endpoint, endpoint
from ..arm.journal import Exchange
from ..arm.shapes import Shape
from ..domain.instants import SECOND
from ..engine import clock, tallies
from ..engine.worker import Engine
from .clock import TAG
from .world import version

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends in seconds; most answers take less than one millisecond."""
NO_OPERATION = "none"

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


class Requests:
    """Counts what was asked and how long the answers took, since this server started."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str, int], int] = {}
        self._durations: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def record(self, exchange: Exchange) -> None:
        """Take note of an exchange."""
        name = exchange.operation_id or NO_OPERATION
        # Of unknown paths only Azure's methods are kept apart: anybody can invent more.
        method = exchange.method if exchange.operation_id else ""
        key = (name, method, exchange.status // 100)
        self._answers[key] = self._answers.get(key, 0) + 1
        buckets = self._durations.get(name)
        if buckets is None:
            buckets = self._durations[name] = [0] * (len(BUCKETS) + 1)
        buckets[bisect_left(BUCKETS, exchange.seconds)] += 1
        self._seconds[name] = self._seconds.get(name, 0.0) + exchange.seconds

    def lines(self) -> Iterator[str]:
        """Return the lines of the requests."""
        yield from _metric(
            "rsvault_requests_total",
            "counter",
            "Requests answered since this server started.",
            (
                ({"operation_id": name, "method": method, "status": f"{status}xx"}, number)
                for (name, method, status), number in sorted(self._answers.items())
            ),
        )
        name = "rsvault_request_duration_seconds"
        yield from _header(name, "histogram", "Real time from the first byte in to the last out.")
        for operation, buckets in sorted(self._durations.items()):
            yield from self._histogram(name, operation, buckets)

    def _histogram(self, name: str, operation: str, buckets: list[int]) -> Iterator[str]:
        labels = {"operation_id": operation}
        total = 0
        for end, number in zip((*BUCKETS, float("inf")), buckets, strict=True):
            total += number
            yield _sample(f"{name}_bucket", {**labels, "le": _number(end)}, total)
        yield _sample(f"{name}_sum", labels, self._seconds[operation])
        yield _sample(f"{name}_count", labels, total)


def endpoint_of(requests: Requests) -> Endpoint:
    """Return the endpoint that shows a server's requests and its world."""

    @endpoint("GET", "/_emulator/metrics", "Emulator_GetMetrics", tag=TAG, answers=Shape.TEXT)
    async def metrics(engine: Engine) -> Answer:
        """The figures of this server and its world, in Prometheus' text form."""
        lines = [*_world(engine), *requests.lines()]
        return Answer(body="\n".join((*lines, "")).encode(), headers={"Content-Type": CONTENT_TYPE})

    return metrics


def _world(engine: Engine) -> Iterator[str]:
    with engine.database.reading() as connection:
        state = clock.read(connection)
        real = clock.real_now()
        now = state.now(real)
        tally = tallies.count(connection)
        lag = tallies.lag(connection, state.settled_at, now)
    yield from _one("rsvault_info", "The version that answers.", 1, {"version": version()})
    yield from _one("rsvault_clock_seconds", "Virtual now, in seconds since 1970.", now / SECOND)
    yield from _metric(
        "rsvault_clock_mode",
        "gauge",
        "1 for the mode that the clock is in.",
        (({"mode": mode}, int(mode == state.mode)) for mode in clock.MODES),
    )
    yield from _one("rsvault_clock_rate", "Virtual seconds a real one; 1 if live.", state.rate)
    yield from _one("rsvault_clock_epoch", "How often this world began.", state.epoch)
    yield from _one(
        "rsvault_advance_running",
        "1 while somebody advances the clock.",
        int(state.advancing(real) is not None),
    )
    yield from _one(
        "rsvault_due_lag_seconds",
        "Virtual seconds that the first thing due has been waiting to be done.",
        lag / SECOND,
    )
    yield from _one("rsvault_vaults", "Vaults.", tally.vaults)
    yield from _metric(
        "rsvault_protected_items",
        "gauge",
        "Protected items by protection state.",
        (({"state": state}, number) for state, number in sorted(tally.items.items())),
    )
    yield from _jobs("rsvault_jobs_running", "Jobs that run.", tally.running_jobs)
    yield from _counted(tally)


def _counted(tally: tallies.Tally) -> Iterator[str]:
    yield from _metric(
        "rsvault_counted",
        "gauge",
        f"1 for what is counted below, 0 if there are more than {tallies.COUNTED} of it.",
        (
            ({"table": "jobs"}, int(tally.jobs is not None)),
            ({"table": "recovery_points"}, int(tally.points is not None)),
        ),
    )
    if tally.jobs is not None:
        yield from _jobs("rsvault_jobs", "Jobs, those that are over included.", tally.jobs)
    if tally.points is not None:
        yield from _metric(
            "rsvault_recovery_points",
            "gauge",
            "Recovery points by the tiers that hold them.",
            (({"tier": tier}, number) for tier, number in sorted(tally.points.items())),
        )


def _jobs(name: str, text: str, found: Mapping[tuple[str, str], int]) -> Iterator[str]:
    return _metric(
        name,
        "gauge",
        text,
        (({"operation": kind, "status": end}, n) for (kind, end), n in sorted(found.items())),
    )


# --- the text form ------------------------------------------------------------------------


def _one(name: str, text: str, value: float, labels: Labels | None = None) -> Iterator[str]:
    return _metric(name, "gauge", text, [(labels or {}, value)])


def _metric(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield from _header(name, kind, text)
    for labels, value in samples:
        yield _sample(name, labels, value)


def _header(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _sample(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {_number(value)}" if pairs else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return "+Inf" if value == float("inf") else repr(value)
