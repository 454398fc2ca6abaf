"""The code is linted and formatted. mypy takes longer than all other tests: CI alone runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "check", [("check", "--quiet"), ("format", "--check", "--quiet")], ids=["lint", "format"]
)
def test_ruff_has_nothing_to_say(check: tuple[str, ...]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *check, "--no-cache", "."],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
