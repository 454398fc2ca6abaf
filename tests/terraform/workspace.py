"""A folder in which the real terraform runs against a server, with a provider built beforehand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from app.server import RunningServer
from tests.conftest import SUBSCRIPTION

CONFIGURATIONS = Path(__file__).parent / "configurations"
EMPTY_PLAN, CHANGES = 0, 2
PATIENCE = 900
SIGNED_IN = {
    "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
    "ARM_TENANT_ID": "99999999-8888-7777-6666-555555555555",
    "ARM_CLIENT_ID": "44444444-4444-4444-4444-444444444444",
    "ARM_CLIENT_SECRET": "any",
}


def environment(server: RunningServer, home: Path) -> dict[str, str]:
    """Return all that a provider is told, and nothing of this process but its PATH."""
    assert server.https_url is not None
    return SIGNED_IN | {
        "ARM_METADATA_HOSTNAME": server.https_url.partition("://")[2],
        "SSL_CERT_FILE": str(server.ca_file),
        "GO_AZURE_SDK_SKIP_POLLING_DELAY": "true",
        "CHECKPOINT_DISABLE": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(home),
    }


class Workspace:
    """A configuration, applied step by step.

    Raises ``AssertionError`` with terraform's own words when it fails.
    """

    def __init__(
        self, folder: Path, provider: Path, server: RunningServer, configuration: str
    ) -> None:
        self.folder = folder
        source = CONFIGURATIONS / f"{configuration}.tf"
        (folder / "main.tf").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
        cli = folder / "cli.tfrc"
        cli.write_text(
            f'provider_installation {{\n  dev_overrides {{\n    "hashicorp/azurerm" = '
            f'"{provider.parent}"\n  }}\n  direct {{}}\n}}\n',
            encoding="utf-8",
        )
        self.environment = environment(server, folder) | {
            "TF_CLI_CONFIG_FILE": str(cli),
            "TF_IN_AUTOMATION": "1",
        }

    def apply(self, **variables: Any) -> None:
        """Apply the configuration; what terraform plans afterwards must be nothing."""
        self._run("apply", "-auto-approve", **variables)
        shown = self._run("plan", "-detailed-exitcode", codes=(EMPTY_PLAN, CHANGES), **variables)
        assert shown.returncode == EMPTY_PLAN, shown.stdout

    def outputs(self) -> dict[str, Any]:
        """Return the configuration's outputs by their names."""
        found = json.loads(self._run("output", "-json").stdout)
        return {name: each["value"] for name, each in found.items()}

    def replace_state(self, address: str, resource_id: str, **variables: Any) -> None:
        """Forget a resource and import it; the plan must be empty again."""
        self._run("state", "rm", address)
        self._run("import", address, resource_id, **variables)
        shown = self._run("plan", "-detailed-exitcode", codes=(EMPTY_PLAN, CHANGES), **variables)
        assert shown.returncode == EMPTY_PLAN, shown.stdout

    def destroy(self, **variables: Any) -> None:
        """Destroy everything in one run."""
        self._run("destroy", "-auto-approve", **variables)

    def _run(
        self, *command: str, codes: tuple[int, ...] = (0,), **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        variable = {f"TF_VAR_{name}": _literal(value) for name, value in variables.items()}
        quiet = {"TF_CLI_ARGS": "-no-color", "TF_INPUT": "0"}
        ran = subprocess.run(
            ["terraform", *command],
            cwd=self.folder,
            env=self.environment | quiet | variable,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode in codes, f"{' '.join(command)}\n{ran.stdout}\n{ran.stderr}"
        return ran


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
