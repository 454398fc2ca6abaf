"""The wheel: everything is in it, under the name rsvault, beside a user's own ``app``."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import app, rsvault.main, rsvault.store.schema as schema
from rsvault.settings import Settings
assert app.MINE, "the user's own package"
assert schema.migrations_folder().name == "migrations"
assert "site" in str(schema.migrations_folder()), schema.migrations_folder()
print(len(rsvault.main.endpoints()), rsvault.main.create_app(Settings()).title)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("rsvault-*.whl"))


def test_the_wheel_holds_every_module_and_the_migrations(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = {f"rsvault/{each.relative_to(ROOT / 'app')}" for each in ROOT.glob("app/**/*.py")}
    migrations = {f"rsvault/{each.relative_to(ROOT)}" for each in ROOT.glob("migrations/**/*.py")}
    assert sources | migrations | {"rsvault/py.typed"} <= inside
    assert not any(name.startswith(("app/", "tests/")) for name in inside)


def test_the_wheel_runs_beside_a_package_called_app(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    (tmp_path / "mine" / "app").mkdir(parents=True)
    (tmp_path / "mine" / "app" / "__init__.py").write_text("MINE = True\n")
    path = os.pathsep.join((str(tmp_path / "mine"), str(site)))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ASK],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("rsvault\n")
