"""What a fixture costs a test: empty tests, and a plugin that tells how long they took."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.bench.processes import CHECKOUT

RSVAULT = """
import pytest


@pytest.fixture
def emulator(recovery_vault):
    return recovery_vault
"""
MOTO = """
import pytest
from moto import mock_aws


@pytest.fixture
def emulator():
    with mock_aws():
        yield
"""
"""As moto's documentation has it: in process, without a server."""

_CLOCK = """
from pathlib import Path
from time import perf_counter

ended = []


def pytest_runtest_logfinish():
    ended.append(perf_counter())


def pytest_sessionfinish():
    Path("seconds").write_text(str((ended[-1] - ended[0]) / (len(ended) - 1)))
"""


def seconds_a_test(programs: Path, folder: Path, suite: str, count: int, *, uses: bool) -> float:
    """Return the seconds from the end of one empty test to the end of the next, in the mean.

    The first is left out: it starts the server, or imports what a fixture needs.
    """
    argument = "emulator" if uses else ""
    tests = "".join(f"def test_{n}({argument}):\n    pass\n\n\n" for n in range(count + 1))
    (folder / "conftest.py").write_text(suite + _CLOCK)
    (folder / "test_empty.py").write_text(tests)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "app.pytest_plugin"]
    done = subprocess.run(
        [programs / "python", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{count + 1} passed" in done.stdout, done.stdout + done.stderr
    return float((folder / "seconds").read_text())
