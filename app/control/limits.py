"""The limits of the world: which it goes by, beside Azure's."""

from __future__ import annotations

from ..arm.calls import Answer, endpoint
from ..arm.shapes import Shape
from ..domain.limits import LIMITS, allowed
from ..engine.worker import Engine
from .clock import TAG


@endpoint("GET", "/_emulator/limits", "Emulator_ListLimits", tag=TAG, answers=Shape.VALUES)
async def list_(engine: Engine) -> Answer:
    """The limits that this world goes by; a limit of null is off."""
    kept = engine.rules.limits
    return Answer(
        body={
            "value": [
                {
                    "name": name,
                    "limit": allowed(kept, limit),
                    "azureLimit": limit.value,
                    "counts": limit.counts,
                }
                for name, limit in LIMITS.items()
            ]
        }
    )


ENDPOINTS = (list_,)
