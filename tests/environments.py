"""Environments for programs that cannot live beside the other tests' packages.

They lie outside the checkout, in the user's cache, are made once and used by all runs.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable
from pathlib import Path

RequirementFiles = Iterable[str]
"""Patterns of files within an environment that name what else is to be installed."""


class CannotMake(RuntimeError):
    """An environment could not be made; the text says what was tried, and what came of it."""


def cached(name: str, requirement: str, files: RequirementFiles = ()) -> Path:
    """Return the folder of programs of an environment with some packages, made if need be.

    ``requirement`` has one on each line. ``files`` are requirement files that a package brings, as
    patterns below the environment. Raises ``CannotMake``.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = _made_once(
        f"{name}-python-{python}", requirement, lambda folder: _make(folder, requirement, files)
    )
    return made / "bin"


def cached_from_npm(name: str, requirement: str) -> Path:
    """Return the folder that has a ``node_modules`` with a package, made if need be.

    Raises ``CannotMake``.
    """

    def make(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text("{}")
        _run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), requirement])

    return _made_once(name, requirement, make)


def _made_once(name: str, requirement: str, make: Callable[[Path], None]) -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rsvault" / "tests"
    made = caches / name
    caches.mkdir(parents=True, exist_ok=True)
    # Of several workers that start at once one makes it, and the others wait.
    with (caches / f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = made / "complete"
        if not complete.exists() or complete.read_text() != requirement:
            sys.stderr.write(f"making {made}, once: {' '.join(requirement.split())}\n")
            make(made)
            complete.write_text(requirement)
    return made


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
    _install(folder, *requirement.splitlines())
    for pattern in files:
        (file,) = folder.glob(pattern)
        _install(folder, "-r", str(file))


def _install(folder: Path, *what: str) -> None:
    _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *what])


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotMake(f"{words[0]} is not on PATH, which '{' '.join(words)}' needs") from None
    if done.returncode:
        raise CannotMake(
            f"'{' '.join(words)}' failed; if its registry cannot be reached from here, there is "
            f"nothing to compare with:\n{done.stderr.strip()}"
        )
