"""What stays fixed while a world runs: the seed and the options that shape behaviour.

They are kept in the world's row, so that every process on one database goes by the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from ..domain.instants import HOUR
from ..store.statements import Query
from ..store.tables import world

SOFT_DELETE_DAYS = 14
"""How long a new vault keeps deleted data, as the service has it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Plain values; lengths are microseconds.

    ``soft_delete_state`` is the state new vaults get, in Azure's spelling; without
    ``vault_soft_delete`` a vault with soft-deleted items cannot be deleted. ``sweep_every``
    divides a day. A scheduled backup starts up to ``start_jitter`` after its slot. What came to
    the vault is in its secondary region ``replication_lag`` later, and nothing is there until
    ``cross_region_delay`` after the opt-in. ``limits`` are those that are not Azure's
    (``domain/limits.py``).
    """

    seed: int = 0
    soft_delete_state: str = "AlwaysON"
    vault_soft_delete: bool = True
    hide_unvaulted_points: bool = False
    sweep_every: int = HOUR
    start_jitter: int = 0
    replication_lag: int = 12 * HOUR
    cross_region_delay: int = 48 * HOUR
    limits: Mapping[str, int | None] = field(default_factory=dict)


FIELDS = tuple(Rules.__dataclass_fields__)
_READ = Query(select(*(world.c[name] for name in FIELDS)).where(world.c.id == 1))


def read(connection: Connection) -> Rules:
    """Return the rules of the world in a database."""
    found = _READ.first(connection)
    assert found is not None, "there is a world to read"
    return Rules(**found._asdict())
