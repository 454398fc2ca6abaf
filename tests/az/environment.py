"""An environment with azure-cli for the tests: outside the checkout, made once, used by all runs.

azure-cli pins older SDKs than the other tests use, so it cannot live beside them.
``RSVAULT_TEST_AZ`` names the ``bin/az`` of a virtual environment that is there already.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "2.91"
"""The oldest version that these tests have run against."""

REQUIREMENT = f"azure-cli>={VERSION},<3"


def azure_cli() -> Path:
    """Return the folder of programs of an environment that has azure-cli, made if need be."""
    named = os.environ.get("RSVAULT_TEST_AZ")
    if named is None:
        return _cached()
    programs = Path(named).resolve().parent
    if not (programs / "python").exists():
        raise FileNotFoundError(
            f"RSVAULT_TEST_AZ={named}: no Python lies beside it; name the bin/az of a virtual "
            f"environment made with `pip install '{REQUIREMENT}'`"
        )
    return programs


def _cached() -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rsvault" / "tests"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = caches / f"azure-cli-{VERSION}-python-{python}"
    caches.mkdir(parents=True, exist_ok=True)
    # Of several workers that start at once one makes it, and the others wait.
    with (caches / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = made / "complete"
        if not complete.exists() or complete.read_text() != REQUIREMENT:
            _make(made)
            complete.write_text(REQUIREMENT)
    return made / "bin"


def _make(folder: Path) -> None:
    """Make the environment anew: one that was broken off halfway is not mended."""
    venv.create(folder, clear=True, with_pip=True)
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", REQUIREMENT],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"pip install '{REQUIREMENT}' failed:\n{done.stderr}")
