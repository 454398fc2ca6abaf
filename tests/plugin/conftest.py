"""pytest in a process of its own: with the plugin of this checkout, or with an installed one."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "app", "migrations")
"""What a source tree needs for a wheel to be made of it."""

Done = subprocess.CompletedProcess[str]
RunPytest = Callable[..., Done]
"""Runs pytest on files, by their names, in a folder of their own."""


@pytest.fixture
def suite(tmp_path: Path) -> RunPytest:
    """Run pytest with this checkout's plugin: ``suite({"test_it.py": "..."}, "-n", "2")``."""

    def run(files: dict[str, str], *words: str, warnings: str = "error") -> Done:
        # Where rsvault is installed too, its own copy of the plugin has to stay out.
        plugins = ["-p", "no:rsvault", "-p", "app.pytest_plugin"]
        python = [sys.executable, "-m", "pytest", *plugins, "-W", warnings]
        return run_in(tmp_path, files, [*python, *words], {"PYTHONPATH": str(PROJECT)})

    return run


def run_in(folder: Path, files: dict[str, str], words: Sequence[str], more: dict[str, str]) -> Done:
    """Write files into a folder and run a command there."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        words, cwd=folder, env=kept | more, capture_output=True, text=True, timeout=180, check=False
    )


def fresh_environment(folder: Path, what: str) -> Path:
    """Return the Python of a new environment with rsvault installed from ``what``.

    What rsvault and the tests need it borrows from this one: to fetch it again would take minutes.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (borrowing,) = folder.glob("lib/python*/site-packages")
    (borrowing / "borrowed.pth").write_text("\n".join(site.getsitepackages()))
    # If rsvault is among what is borrowed, pip would leave it at that but for --ignore-installed.
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    install = [*pip, "install", "--quiet"]
    done = subprocess.run(
        [*install, "--ignore-installed", "--no-deps", "--no-build-isolation", what],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(site.getsitepackages())},
    )
    assert done.returncode == 0, done.stderr
    return python


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made of, and nothing else."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SHIPPED:
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, copy / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def installed(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has rsvault from a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(sources)], check=True, capture_output=True)
    return fresh_environment(folder / "environment", str(next(folder.glob("rsvault-*.whl"))))
