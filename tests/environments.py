"""Python environments for clients that cannot live beside the other tests' packages.

They lie outside the checkout, in the user's cache, are made once and used by all runs.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from pathlib import Path

RequirementFiles = Iterable[str]
"""Patterns of files within an environment that name what else is to be installed."""


def cached(name: str, requirement: str, files: RequirementFiles = ()) -> Path:
    """Return the folder of programs of an environment with a package, made if need be.

    ``files`` are requirement files that the package brings, as patterns below the environment.
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rsvault" / "tests"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = caches / f"{name}-python-{python}"
    caches.mkdir(parents=True, exist_ok=True)
    # Of several workers that start at once one makes it, and the others wait.
    with (caches / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = made / "complete"
        if not complete.exists() or complete.read_text() != requirement:
            _make(made, requirement, files)
            complete.write_text(requirement)
    return made / "bin"


def named(variable: str, program: str) -> Path | None:
    """Return the folder of programs that an environment variable asks for, by a program in it."""
    asked = os.environ.get(variable)
    if asked is None:
        return None
    programs = Path(asked).resolve().parent
    if not (programs / "python").exists():
        raise FileNotFoundError(
            f"{variable}={asked}: no Python lies beside it; name the bin/{program} of a virtual "
            "environment"
        )
    return programs


def _make(folder: Path, requirement: str, files: RequirementFiles) -> None:
    """Make the environment anew: one that was broken off halfway is not mended."""
    venv.create(folder, clear=True, with_pip=True)
    _install(folder, requirement)
    for pattern in files:
        (file,) = folder.glob(pattern)
        _install(folder, "-r", str(file))


def _install(folder: Path, *what: str) -> None:
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *what],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"pip install {' '.join(what)} failed:\n{done.stderr}")
