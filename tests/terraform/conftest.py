"""What real terraform needs: a provider that was built beforehand, named by the environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.server import RunningServer
from tests.terraform.workspace import Workspace

Opened = Callable[[str], Workspace]


def _named(variable: str) -> Path:
    """Return the file that a variable names, without which these tests cannot run."""
    path = os.environ.get(variable)
    if not path:
        pytest.fail(f"{variable} must name a file; docs/terraform.md tells how to build it")
    found = Path(path).absolute()
    assert found.is_file(), f"{variable} names no file: {found}"
    return found


@pytest.fixture
def opened(tmp_path: Path, world: RunningServer) -> Opened:
    """Open a workspace with a configuration, at an empty world."""
    assert shutil.which("terraform"), "terraform is not on the PATH"
    provider = _named("RSVAULT_TEST_AZURERM")
    return lambda configuration: Workspace(tmp_path, provider, world, configuration)


@pytest.fixture
def acceptance() -> Path:
    """azurerm's own tests of Recovery Services, compiled."""
    return _named("RSVAULT_TEST_AZURERM_ACCEPTANCE")
