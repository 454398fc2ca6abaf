"""What stays fixed while a world runs: the seed and the settings that shape behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.instants import DAY


@dataclass(frozen=True, slots=True)
class Rules:
    """Plain values that the composition root takes from the settings.

    ``soft_delete_state`` is the state new vaults get, in Azure's spelling; lengths are
    microseconds.
    """

    seed: int = 0
    soft_delete_state: str = "AlwaysON"
    soft_delete_days: int = 14
    hide_unvaulted_points: bool = False
    sweep_every: int = DAY
    start_jitter: int = 0
    retry_after: int = 1
