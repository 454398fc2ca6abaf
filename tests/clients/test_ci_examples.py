"""docs/examples/containers and docs/examples/ci: tried on a server that is there already.

There is no Docker where these tests run, so no container is started for them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from app.testing import RecoveryVault

DOCS = Path(__file__).parents[2] / "docs"
CONTAINERS = DOCS / "examples" / "containers"


@pytest.fixture(scope="module")
def there() -> Iterator[dict[str, str]]:
    """The environment that names a server."""
    with RecoveryVault() as vault:
        yield {
            **os.environ,
            "RSVAULT_URL": vault.http_url,
            "RSVAULT_HTTPS_URL": vault.url,
            "RSVAULT_CA_FILE": vault.ca_file,
        }


def test_the_tests_in_python_pass(there: dict[str, str]) -> None:
    words = ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:rsvault"]
    words += ["--noconftest", "--rootdir", str(CONTAINERS), "-c", os.devnull]
    file = str(CONTAINERS / "test_vault.py")
    done = subprocess.run(
        [sys.executable, *words, file], env=there, capture_output=True, text=True, check=False
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_the_tests_in_node_pass(there: dict[str, str]) -> None:
    words = ["node", "--test", "--test-reporter=tap", str(CONTAINERS / "vault.test.mjs")]
    done = subprocess.run(words, env=there, capture_output=True, text=True, check=False)
    assert re.search(r"^# pass 2$", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_the_page_shows_the_snippets_as_they_are() -> None:
    page = (DOCS / "ci.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    files = {file.read_text(encoding="utf-8") for file in (DOCS / "examples" / "ci").iterdir()}
    assert shown == files


@pytest.mark.parametrize("file", sorted((DOCS / "examples" / "ci").iterdir()), ids=lambda f: f.name)
def test_a_snippet_has_jobs_with_steps(file: Path) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    job = document.get("jobs", document)["backup"]
    assert job.get("script") or all({"run", "uses"} & step.keys() for step in job["steps"])
    for service in job.get("services", ()):
        assert "rsvault" in (service if isinstance(service, str) else service["name"])
