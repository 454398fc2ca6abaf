"""The api-versions that releases of azurerm send (terraform-wire 2.1), and what goes by them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """One release of the provider.

    ``config`` is the version of the vault's soft delete settings, which releases before 5.0 set
    with every vault; ``removed`` are the codes that its DELETE of a vault takes for an answer.
    ``dated`` releases write the day before every time of a policy; ``result_polling`` ones wait
    for an item by its operation's result and ignore Azure-AsyncOperation; ``blank`` ones name a
    policy's consistency even if there is none.
    """

    name: str
    vaults: str
    config: str | None
    policies: str
    items: str = "2023-02-01"
    operations: str = "2021-12-01"
    removed: tuple[int, ...] = (202, 204)
    dated: bool = False
    result_polling: bool = False
    blank: bool = False

    def __str__(self) -> str:
        return self.name


RELEASES = (
    Release(
        "3.117",
        "2024-01-01",
        "2023-02-01",
        "2023-02-01",
        removed=(200,),
        dated=True,
        result_polling=True,
    ),
    Release("4.74", "2024-01-01", "2023-02-01", "2024-10-01", removed=(200,)),
    Release("4.81", "2025-08-01", "2023-02-01", "2024-10-01"),
    Release("5.2", "2025-08-01", None, "2024-10-01", blank=True),
)
CURRENT = RELEASES[-1]
SETTINGS = "2024-04-01"
"""The version of Site Recovery's settings, read with every vault."""
