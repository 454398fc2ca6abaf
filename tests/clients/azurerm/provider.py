"""azurerm's way of talking: what every resource of the provider has in common."""

from __future__ import annotations

from typing import Any

import httpx

from tests.clients.azurerm.pollers import await_autorest, await_base_layer
from tests.clients.azurerm.releases import Release

State = dict[str, Any]
"""The attributes of a resource, named as in a configuration: what a plan compares."""


class Refusal(AssertionError):
    """The provider would have stopped with an error; ``code`` is ARM's."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.request.method} {answer.request.url}: {answer.text}")
        self.status = answer.status_code
        self.code = answer.json()["error"]["code"] if answer.content else ""


class ImportNeeded(AssertionError):
    """ "... already exists - to be managed via Terraform this resource needs to be imported"."""


class Azurerm:
    """One release of the provider at a server.

    ``slept`` collects the seconds that it would have slept while it polled.
    """

    def __init__(self, arm: httpx.Client, release: Release) -> None:
        self.arm = arm
        self.release = release
        self.slept: list[float] = []

    def send(
        self, method: str, path: str, version: str, *expected: int, body: Any = None, **query: str
    ) -> httpx.Response:
        """Send a request; any other status than the expected ones stops the provider.

        Raises ``Refusal``.
        """
        params = {**query, "api-version": version}
        answer = self.arm.request(method, path, params=params, json=body)
        if answer.status_code not in expected:
            raise Refusal(answer)
        return answer

    def read(self, path: str, version: str) -> State | None:
        """Get a resource, or nothing if there is none: a 404 and nothing else means that."""
        answer = self.send("GET", path, version, 200, 404)
        return None if answer.status_code == 404 else answer.json()

    def found(self, path: str, version: str) -> State:
        """Get a resource that must be there."""
        body: State = self.send("GET", path, version, 200).json()
        return body

    def check_absent(self, path: str, version: str) -> None:
        """Begin a create: what is there already must be imported. Raises ``ImportNeeded``."""
        if self.read(path, version) is not None:
            raise ImportNeeded(path)

    def until_done(self, started: httpx.Response) -> None:
        """Wait with go-azure-sdk's base layer."""
        self.slept += await_base_layer(self.arm, started)

    def until_future(self, started: httpx.Response) -> None:
        """Wait with go-autorest."""
        self.slept += await_autorest(self.arm, started)


def pages(azurerm: Azurerm, path: str, version: str, **query: str) -> list[State]:
    """List as ``ListComplete`` does: every page, by the link as it came."""
    answer = azurerm.send("GET", path, version, 200, **query).json()
    found: list[State] = answer["value"]
    while answer.get("nextLink"):
        answer = azurerm.arm.get(answer["nextLink"]).json()
        found += answer["value"]
    return found


def normal(location: str) -> str:
    """Compare regions as the provider does."""
    return location.replace(" ", "").lower()
