"""The real ``ansible-playbook`` with the real modules of azure.azcollection, and what it is told.

It gets nothing but what ``rsvault env ansible`` prints. Collections for Python 3.11 cannot be told
of another cloud, so there they go to Azure's own addresses through ``rsvault proxy``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.environments import cached, named
from tests.processes import command, ready, run

PROJECT = Path(__file__).parents[2]
PLAYBOOKS = PROJECT / "docs" / "examples" / "ansible"
TAKES_A_CLOUD = sys.version_info >= (3, 12)
REQUIREMENT = "ansible>=14.5,<15" if TAKES_A_CLOUD else "ansible>=12.3,<13"
COLLECTION = "lib/python*/site-packages/ansible_collections/azure/azcollection"


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where ``ansible-playbook`` lies; ``RSVAULT_TEST_ANSIBLE`` names one that is there already.

    Its requirements weigh 1.5 GB, so the first run takes minutes.
    """
    return named("RSVAULT_TEST_ANSIBLE", "ansible-playbook") or cached(
        f"ansible-{REQUIREMENT.partition('>=')[2].partition(',')[0]}",
        REQUIREMENT,
        [f"{COLLECTION}/requirements.txt"],
    )


@dataclass(frozen=True)
class Result:
    """What became of a playbook: how many tasks changed something, failed, were skipped."""

    changed: int
    failures: int
    skipped: int
    ok: int
    told: str


@dataclass(frozen=True)
class Ansible:
    """Runs playbooks against one server."""

    programs: Path
    variables: dict[str, str]
    url: str

    def play(self, playbook: str) -> Result:
        """Run a playbook of docs/examples/ansible to its end, or to its first failure."""
        done = subprocess.run(
            [self.programs / "ansible-playbook", PLAYBOOKS / playbook],
            env=self.variables,
            capture_output=True,
            text=True,
        )
        told = json.loads(done.stdout[done.stdout.index("{") :])
        stats: dict[str, Any] = told["stats"]["localhost"]
        counts = {name: stats[name] for name in ("changed", "failures", "skipped", "ok")}
        return Result(**counts, told=done.stdout + done.stderr)


@pytest.fixture
def ansible(programs: Path, tmp_path: Path) -> Iterator[Ansible]:
    """Ansible, connected to a server of its own."""
    home = tmp_path / "home"
    with ExitStack() as house:
        options = ("--port", "0", "--https-port", "0", "--home", str(home))
        log = tmp_path / "serve.log"
        urls = ready(house.enter_context(command("serve", *options, log=log)))
        where = ["--url", urls["http"], "--https-url", urls["https"], "--home", str(home)]
        if not TAKES_A_CLOUD:
            through = ("--port", "0", "--https-url", urls["https"], "--home", str(home))
            proxy = house.enter_context(command("proxy", *through, log=tmp_path / "proxy.log"))
            where += ["--proxy", ready(proxy)["proxy"]]
        yield Ansible(programs, _variables(programs, where, tmp_path), urls["http"])


def _variables(programs: Path, where: list[str], folder: Path) -> dict[str, str]:
    printed = run("env", "ansible", "--shell", "dotenv", *where)
    assert printed.returncode == 0, printed.stderr
    lines = [line for line in printed.stdout.splitlines() if line and not line.startswith("#")]
    told_of = [line.split("=", 1) for line in lines]
    own = {name: value.strip("'\"") for name, value in told_of if value}
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_PYTHON_INTERPRETER": str(programs / "python"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        **own,
    }
