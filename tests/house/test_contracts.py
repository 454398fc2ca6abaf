"""Who may import whom: the contracts of pyproject.toml hold, and they bite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)

BREACHES = {
    "app/domain/breach.py": ("import sqlalchemy", "Domain and workloads are pure"),
    "app/engine/breach.py": ("import fastapi", "Below the front door nobody knows HTTP"),
    "app/planning/breach.py": ("import pydantic", "Below the front door nobody knows HTTP"),
    "app/planning/climb.py": ("from ..control import clock", "The house: who may import whom"),
    "app/engine/wakeup.py": ("import apscheduler", "Only the driver knows APScheduler"),
    "app/store/breach.py": ("from ..engine import clock", "The house: who may import whom"),
    "app/utils.py": ("", "The house: who may import whom"),
    "app/arm/breach.py": ("from .. import settings", "Only the top of the house reads settings"),
    "app/providers/resources/breach.py": (
        "from .. import companions",
        "Resource providers do not know one another",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False
    )


def test_every_contract_of_the_house_is_kept() -> None:
    result = lint(PROJECT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("place", BREACHES)
def test_a_breach_is_noticed(tmp_path: Path, place: str) -> None:
    import shutil

    shutil.copytree(PROJECT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    code, contract = BREACHES[place]
    (tmp_path / place).write_text(code, encoding="utf-8")
    result = lint(tmp_path)
    assert result.returncode == 1
    broken = [line for line in result.stdout.splitlines() if line.strip().endswith("BROKEN")]
    assert any(contract in line for line in broken), result.stdout
