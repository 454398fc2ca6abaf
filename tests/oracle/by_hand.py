"""A VM whose recovery points engine and oracle tell in the lines of the tables by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.database import Database
from tests.oracle.oracle import TAKEN_AFTER, Facts
from tests.oracle.policy import Policy
from tests.oracle.worlds import EngineWorld, OracleWorld, Point, Setting

TIERS = {(True, False): "snapshot", (True, True): "both", (False, True): "vault"}


def facts(vm: int, started: datetime) -> Facts:
    """Tell that every snapshot takes five minutes and every transfer half an hour."""
    return started + timedelta(minutes=5), started + timedelta(minutes=35)


@dataclass
class ProtectedVm:
    """A VM under a policy, in the engine's world and in the oracle's."""

    engine: EngineWorld
    oracle: OracleWorld

    def kept(self, at: str) -> list[str]:
        """Return what is there at an instant: a day, a rule, and the day when it ends."""
        return self._told(at, _days)

    def kept_by_the_hour(self, at: str) -> list[str]:
        """Return what is there at an instant, with the time of day and the tiers."""
        return self._told(at, _hours)

    def gone(self, since: str, until: str) -> None:
        """Let the VM be gone for a while."""
        for world in (self.engine, self.oracle):
            world.live_until(datetime.fromisoformat(since))
            world.set_vm(0, exists=False)
            world.live_until(datetime.fromisoformat(until))
            world.set_vm(0, exists=True)

    def cancel(self, at: str) -> None:
        """Cancel the backup that takes its snapshot at an instant."""
        for world in (self.engine, self.oracle):
            world.live_until(datetime.fromisoformat(at))
            world.cancel(0, datetime.fromisoformat(at))

    def edit(self, at: str, policy: Policy) -> None:
        """Let the VM's policy say something else."""
        for world in (self.engine, self.oracle):
            world.live_until(datetime.fromisoformat(at))
            world.edit(0, datetime.fromisoformat(at), policy)

    def _told(self, at: str, line: Callable[[Point], str]) -> list[str]:
        told = []
        for world in (self.engine, self.oracle):
            world.live_until(datetime.fromisoformat(at))
            _, points = world.see()[0]
            told.append([line(point) for point in points])
        by_engine, by_oracle = told
        assert by_engine == by_oracle
        return by_engine


def _days(point: Point) -> str:
    taken, expires, rule, *_ = point
    started, ends = taken - TAKEN_AFTER, expires - TAKEN_AFTER
    assert ends.time() == started.time()
    return f"{started:%Y-%m-%d} {rule} {ends:%Y-%m-%d}"


def _hours(point: Point) -> str:
    taken, expires, rule, _, *tiers = point
    started, ends = taken - TAKEN_AFTER, expires - TAKEN_AFTER
    assert ends.time() == started.time()
    return f"{started:%Y-%m-%d %H:%M} {rule or '-'} {ends:%Y-%m-%d} {TIERS[tiers[0], tiers[1]]}"


Protect = Callable[[Policy, str], ProtectedVm]


def protected(database: Database, policy: Policy, since: str) -> ProtectedVm:
    """Return a VM that is under a policy from an instant on."""
    setting = Setting(datetime.fromisoformat(since), [policy], [0])
    return ProtectedVm(EngineWorld(database, setting), OracleWorld(setting, facts))
