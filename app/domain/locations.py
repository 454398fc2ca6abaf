"""The location of a request: it must be a region, and ARM says for what it is none."""

from __future__ import annotations

from .errors import invalid
from .regions import REGIONS, some_names
from .resource_ids import normal_location

GLOBAL = "global"
"""Where a resource lies that lies in no region."""


def required_location(sent: str | None, of: str, what: str, listed: str = "") -> str:
    """Return what ``known_location`` does. Raises ``Refused`` where nothing was sent, too."""
    if not sent:
        raise invalid(
            "LocationRequired",
            "The location property is required for this definition.",
            target="location",
        )
    return known_location(sent, of, what, listed)


def known_location(sent: str, of: str, what: str, listed: str = "") -> str:
    """Return a region's short name. Raises ``Refused`` for what is no region.

    ``of`` ends ARM's code for it, ``what`` and ``listed`` stand in its message: for what the
    location is not available, and of what the available regions are.
    """
    location = normal_location(sent)
    if location not in REGIONS:
        raise invalid(
            f"LocationNotAvailableFor{of}",
            f"The provided location '{sent}' is not available for {what}. List of available "
            f"regions{listed} is '{some_names()}'.",
            target="location",
        )
    return location
