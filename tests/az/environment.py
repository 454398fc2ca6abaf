"""The environment with azure-cli: it pins older SDKs than the other tests use."""

from __future__ import annotations

from pathlib import Path

from tests.environments import cached, named

VERSION = "2.91"
"""The oldest version that these tests have run against."""


def azure_cli() -> Path:
    """Return the folder of programs of an environment that has azure-cli, made if need be.

    ``RSVAULT_TEST_AZ`` names the ``bin/az`` of a virtual environment that is there already.
    """
    return named("RSVAULT_TEST_AZ", "az") or cached(
        f"azure-cli-{VERSION}", f"azure-cli>={VERSION},<3"
    )
