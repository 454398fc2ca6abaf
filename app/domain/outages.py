"""Outages of regions: which regions are down, and for how long work there has stood still."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

NONE = "[]"
"""How the world's row keeps that there never was an outage."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A region is down from ``since`` on; ``until`` is ``None`` while it still is."""

    region: str
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Outages:
    """Every outage of an epoch, in the order in which they began."""

    known: tuple[Outage, ...] = ()

    def of(self, region: str) -> Outage | None:
        """Return the outage that a region has now, if it is down."""
        return next((each for each in self.known if _is_now(each, region)), None)

    @property
    def down(self) -> frozenset[str]:
        """The regions that are down now."""
        return frozenset(each.region for each in self.known if each.until is None)

    def begun(self, region: str, now: int) -> Outages:
        """Return these and one more, that begins now."""
        return Outages((*self.known, Outage(region, now)))

    def ended(self, region: str, now: int) -> Outages:
        """Return these, that of a region over."""
        return Outages(
            tuple(
                Outage(region, each.since, now) if _is_now(each, region) else each
                for each in self.known
            )
        )

    def begins_of(self, span: int, regions: Collection[str], now: int) -> int:
        """Return the last instant at which work that takes a span can have begun, to be over now.

        The work is done by all the regions together: it stands still while any of them is down.
        """
        at, left = now, span
        felt = [each for each in self.known if each.region in regions]
        for outage in sorted(felt, key=lambda each: _end(each, now), reverse=True):
            worked = at - min(_end(outage, now), at)
            if worked >= left:
                break
            left -= worked
            at = min(at, outage.since)
        return at - left

    def text(self) -> str:
        """Return how the world's row keeps them."""
        return json.dumps([[each.region, each.since, each.until] for each in self.known])


def _is_now(outage: Outage, region: str) -> bool:
    return outage.region == region and outage.until is None


def _end(outage: Outage, now: int) -> int:
    return now if outage.until is None else outage.until


@lru_cache(maxsize=64)
def read(text: str) -> Outages:
    """Return the outages that a world's row keeps."""
    return Outages(tuple(Outage(*each) for each in json.loads(text)))
