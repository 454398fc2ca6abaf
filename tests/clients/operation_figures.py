"""docs/operations.md: which operations of Microsoft's SDKs are real here, from what tests asked.

``pytest tests/clients --write-operations docs/operations.md`` writes the page from the exchanges
that the server noted while each test ran; ``pytest --operations docs/operations.md`` fails a run
that does not agree with it. No list of names says what works.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from app.arm.journal import Exchange
from tests.clients.sdk_operations import SDKS, SdkOperation, operations_of

PROPERTY = "operations"
REAL, REFUSED, NOT_SHOWN, NOT_THERE = "real", "refused", "not shown", "not there"
FOLDER = Path(__file__).parent
HEAD = """# The operations of Microsoft's SDKs

Written by `pytest tests/clients --write-operations docs/operations.md`; do not edit. A run with
`--operations docs/operations.md` fails where it does not agree with this page.

Every request that the three SDKs of Recovery Services can send, and what comes of it here:

- **real**: the named test called it with Microsoft's unmodified client and passed, it succeeded,
  and if it is no read itself the same client then read state back (polls do not count).
- **refused**: tests called it with Microsoft's client, and it was always refused by name.
- **not shown**: the service has it, but no test showed that it changes anything.
- **not there**: the service has no such operation, and says so with 404 `InvalidResourceType`.

It is taken from the journal of the run: the requests that carry the SDK's own `User-Agent`.
"""
_ROW = re.compile(r"\| `[^`]+` \| `([^`]+)` \| \w+ \| ([^|]+) \| (?:`([^`]+)`)? ?\|")


@dataclass(frozen=True)
class Row:
    """What the page says of an operation: what it is, and the test that showed it."""

    state: str
    test: str = ""


class OperationFigures:
    """Collects in each worker what a test's clients asked, and adds it up where they report."""

    def __init__(self, config: pytest.Config) -> None:
        self._requests = _Requests()
        self._write: Path | None = config.getoption("--write-operations")
        self._check: Path | None = config.getoption("--operations")
        self._passed: set[str] = set()
        self._shown: defaultdict[str, set[str]] = defaultdict(set)
        self._refused: set[str] = set()
        self._complaints: list[str] = []
        self._is_worker = hasattr(config, "workerinput")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Listen to what a test of a client asks, and forget what earlier ones did."""
        if not item.path.is_relative_to(FOLDER):
            return (yield)
        self._requests.seen.clear()
        with self._requests.listening():
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Note what a test of a client asked, once the server has noted all of it."""
        connection = getattr(item, "funcargs", {}).get("connection")
        if connection is None or not item.path.is_relative_to(FOLDER):
            return
        connection.get("/_emulator/health")
        done, refused = came_of(self._requests.seen)
        item.user_properties.append((PROPERTY, [sorted(done), sorted(refused)]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test noted, if it passed; its last report has all of it."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        if report.when != "teardown" or report.nodeid not in self._passed:
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                done, refused = cast("list[list[str]]", value)
                for key in done:
                    self._shown[key].add(report.nodeid.partition("[")[0])
                self._refused.update(refused)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, or compare the run with it."""
        if self._is_worker or session.config.option.collectonly:
            return
        if self._write is not None:
            self._write.write_text(page(self._rows(self._write)), encoding="utf-8")
        if self._check is not None:
            self._complaints = differences(rows_of(self._check), self._rows(self._check))
            if self._complaints:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what the page does not know."""
        if self._complaints:
            terminalreporter.section(f"{self._check} does not agree with this run", red=True)
            for each in self._complaints:
                terminalreporter.line(each)

    def _rows(self, file: Path) -> dict[str, Row]:
        """Return what the run showed; a test that the page names is kept where it still does."""
        named = rows_of(file) if file.exists() else {}
        return {
            each.key: self._row(each, named.get(each.key)) for sdk in SDKS for each in
            operations_of(sdk)
        }  # fmt: skip

    def _row(self, each: SdkOperation, before: Row | None) -> Row:
        tests = self._shown[each.key]
        if tests:
            test = before.test if before is not None and before.test in tests else min(tests)
            return Row(REAL, test)
        if each.key in self._refused and each.is_served:
            return Row(REFUSED)
        return Row(NOT_SHOWN if each.is_served else NOT_THERE)


class _Requests(logging.Handler):
    """Keeps the exchanges that a server of this process notes."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[Exchange] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Keep what is noted meanwhile; else nothing is, as pytest would keep it too."""
        logger = logging.getLogger("rsvault.requests")
        before = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.setLevel(before)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        if isinstance(record.msg, Exchange):
            self.seen.append(record.msg)


def came_of(exchanges: Iterable[Exchange]) -> tuple[set[str], set[str]]:
    """Return the operations that a test showed to be real, and those that were refused to it."""
    called = [
        (operation, each.status) for each in exchanges for operation in _operations_asked(each)
    ]
    done = {
        operation.key
        for place, (operation, status) in enumerate(called)
        if _succeeded(operation, status)
        and (operation.method == "GET" or _is_read_back(operation, called[place + 1 :]))
    }
    return done, {operation.key for operation, status in called if status >= 400}


def _succeeded(operation: SdkOperation, status: int) -> bool:
    """A poll that has to be repeated shows nothing yet."""
    return status in (200, 204) if operation.method == "GET" else status < 300


def _is_read_back(operation: SdkOperation, later: Sequence[tuple[SdkOperation, int]]) -> bool:
    return any(
        each.sdk == operation.sdk and each.shows_state and status == 200 for each, status in later
    )


def _operations_asked(exchange: Exchange) -> Iterator[SdkOperation]:
    client = (exchange.client or "").split()
    for sdk in SDKS:
        if f"azsdk-python-{sdk.moniker}" in client:
            for each in operations_of(sdk):
                if each.method == exchange.method and each.is_asked_by(exchange.path):
                    yield each


def page(rows: dict[str, Row]) -> str:
    """Return the page of what each operation is."""
    states = (REAL, REFUSED, NOT_SHOWN, NOT_THERE)
    lines = [HEAD, f"| SDK | operations | {' | '.join(states)} |", "|---|---|---|---|---|---|"]
    tables: list[str] = []
    for sdk in SDKS:
        found = operations_of(sdk)
        count = Counter(rows[each.key].state for each in found)
        numbers = " | ".join(str(count[state]) for state in states)
        lines.append(f"| {sdk.distribution} | {len(found)} | {numbers} |")
        tables += ["", f"## {sdk.distribution}", "", "| operation | call | | | test |"]
        tables += ["|---|---|---|---|---|", *(_line(each, rows[each.key]) for each in found)]
    return "\n".join([*lines, *tables, ""])


def _line(each: SdkOperation, row: Row) -> str:
    test = f"`{row.test}` |" if row.test else "|"
    return f"| `{each.operation_id}` | `{each.call}` | {each.method} | {row.state} | {test}"


def rows_of(file: Path) -> dict[str, Row]:
    """Read the page back."""
    rows, moniker = {}, ""
    by_title = {f"## {sdk.distribution}": sdk.moniker for sdk in SDKS}
    for line in file.read_text(encoding="utf-8").splitlines():
        moniker = by_title.get(line, moniker)
        found = _ROW.fullmatch(line)
        if found is not None:
            rows[f"{moniker} {found[1]}"] = Row(found[2], found[3] or "")
    return rows


def differences(written: dict[str, Row], seen: dict[str, Row]) -> list[str]:
    """Return where a page does not say what a run has shown."""
    return [
        f"{key}: the page says {_told(written.get(key))}, the run {_told(seen.get(key))}"
        for key in sorted({*written, *seen})
        if written.get(key) != seen.get(key)
    ]


def _told(row: Row | None) -> str:
    if row is None:
        return "nothing"
    return f"{row.state} ({row.test})" if row.test else row.state
