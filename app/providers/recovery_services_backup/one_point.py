"""One recovery point, as that region shows it which is asked.

The secondary region has no path of its own for it; the version of its client tells it apart.
"""

from __future__ import annotations

from ...arm.calls import Answer, Call, endpoint
from ...engine.replication import is_asked_of_secondary
from . import database_points
from . import recovery_points as points
from .cross_region import get_point, replicated_until, traits_of
from .cross_region_lists import point_there
from .paths import POINT, item_of


@endpoint("GET", POINT, "RecoveryPoints_Get", tag=points.TAG)
def get(call: Call) -> Answer:
    """Show a recovery point, or the one that stands for a log.

    With api-version 2021-11-15 its copy in the secondary region.
    """
    vault, item = item_of(call)
    there = is_asked_of_secondary(vault, call.api_version)
    if there:
        traits_of(item)
    if database_points.is_range(call, item):
        until = replicated_until(call, vault) if there else None
        return Answer(body=database_points.render(call, vault, item, until=until))
    if there:
        return Answer(body=point_there(call, vault, item, get_point(call, vault, item)))
    return Answer(body=points.render(call, vault, item, points.point_of(call, item)))


ENDPOINTS = (get,)
