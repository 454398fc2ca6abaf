"""What happens to some VMs under some policies, lived by engine and oracle and compared.

The engine lives a history first; when it was done what was done, and how long each snapshot and
each transfer took, is then told to the oracle, and nothing else. What both see before and after
every act must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.store.database import Database
from tests.oracle.policy import ONE_DAY, Policy
from tests.oracle.worlds import EngineWorld, OracleWorld, Seen, Setting

World = EngineWorld | OracleWorld
NOTHING = timedelta(0)


@dataclass(frozen=True)
class Act:
    """What a user does some time after the act before: to a VM, or to a policy.

    It may be aimed, by ``nudge``, at a slot of the policy, some slots from then on, or at
    what is due of the VM's running backups. ``edited`` is what a policy says from then on, a
    Standard one the first and an Enhanced one the second.
    """

    verb: str
    wait: timedelta = NOTHING
    vm: int = 0
    policy: int = 0
    edited: tuple[Policy, Policy] | None = None
    days: int = 30
    aim: str | None = None
    which: int = 0
    nudge: timedelta = NOTHING

    def when(self, world: EngineWorld, now: datetime) -> datetime:
        """Return when it is done, after what was done now."""
        at = now + self.wait
        if self.aim == "slot":
            for _ in range(self.which + 1):
                at = next_slot(world.policies[self.policy], at)
            at += self.nudge
        elif self.aim == "due" and (due := world.due(self.vm)):
            at = due[self.which % len(due)] + self.nudge
        return max(now, at)


@dataclass(frozen=True)
class History:
    """A world, and what is done in it."""

    setting: Setting
    acts: tuple[Act, ...]


def next_slot(policy: Policy, after: datetime) -> datetime:
    """Return the first slot of a policy that is later than an instant."""
    day = after.date() - 2 * ONE_DAY
    while True:
        for slot in policy.slots(day):
            if slot > after:
                return slot
        day += ONE_DAY


# --- what the service lets users do ------------------------------------------------------------


@dataclass
class Desk:
    """What the service knows of each VM when it lets users do something, or does not."""

    enhanced: list[bool]
    stopped: list[bool]
    deleted: list[bool]

    @classmethod
    def of(cls, setting: Setting) -> Desk:
        """Return what it knows in the beginning."""
        enhanced = [setting.policies[key].enhanced for key in setting.vms]
        return cls(enhanced, [False] * len(enhanced), [False] * len(enhanced))

    def lets(self, act: Act, policies: list[Policy], seen: Seen) -> bool:
        """Tell whether something may be done; an Enhanced policy is never left for a Standard."""
        if act.verb in ("edit", "look") or act.verb.endswith(("goes", "comes")):
            return act.vm in seen
        if act.vm not in seen or self.deleted[act.vm] != (act.verb == "undelete"):
            return False
        if act.verb == "back up":
            return not self.stopped[act.vm]
        if act.verb == "use":
            return policies[act.policy].enhanced or not self.enhanced[act.vm]
        return True

    def note(self, act: Act, policies: list[Policy]) -> None:
        """Remember what was done."""
        if act.verb == "use":
            self.enhanced[act.vm] = policies[act.policy].enhanced
        if act.verb in ("stop", "suspend", "delete", "use"):
            self.stopped[act.vm] = act.verb != "use"
        if act.verb in ("delete", "undelete"):
            self.deleted[act.vm] = act.verb == "delete"


def _edit(world: World, act: Act, now: datetime) -> None:
    assert act.edited is not None
    world.edit(act.policy, now, act.edited[world.policies[act.policy].enhanced])


DO: dict[str, Callable[[World, Act, datetime], None]] = {
    "look": lambda world, act, now: None,
    "back up": lambda world, act, now: world.back_up(act.vm, now, now + act.days * ONE_DAY),
    "edit": _edit,
    "use": lambda world, act, now: world.use(act.vm, now, act.policy),
    "stop": lambda world, act, now: world.stop(act.vm, now, suspend=False),
    "suspend": lambda world, act, now: world.stop(act.vm, now, suspend=True),
    "cancel": lambda world, act, now: world.cancel(act.vm, now),
    "delete": lambda world, act, now: world.delete(act.vm, now, act.days),
    "undelete": lambda world, act, now: world.undelete(act.vm, now),
    "vm goes": lambda world, act, now: world.set_vm(act.vm, exists=False),
    "vm comes": lambda world, act, now: world.set_vm(act.vm, exists=True),
    "agent goes": lambda world, act, now: world.set_agent(act.vm, answers=False),
    "fit goes": lambda world, act, now: world.set_disks(act.vm, fit=False),
    "fit comes": lambda world, act, now: world.set_disks(act.vm, fit=True),
    "agent comes": lambda world, act, now: world.set_agent(act.vm, answers=True),
}

# --- compared ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """How much was compared; ``days`` are those of each VM."""

    histories: int = 0
    policies: int = 0
    days: int = 0
    instants: int = 0
    points: int = 0
    backups: int = 0
    acts: dict[str, int] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """Return how much was compared in both."""
        verbs = self.acts.keys() | other.acts.keys()
        return Tally(
            self.histories + other.histories,
            self.policies + other.policies,
            self.days + other.days,
            self.instants + other.instants,
            self.points + other.points,
            self.backups + other.backups,
            {verb: self.acts.get(verb, 0) + other.acts.get(verb, 0) for verb in sorted(verbs)},
        )


Done = list[tuple[datetime, Act | None]]
"""When an act's turn came, and the act if it could be done."""


def live(world: EngineWorld, history: History) -> tuple[Done, list[Seen]]:
    """Let the engine live a history; return what was done, and what was seen around it."""
    now, done, seen = history.setting.start, [], []
    desk = Desk.of(history.setting)
    for act in history.acts:
        now = act.when(world, now)
        world.live_until(now)
        seen.append(world.see())
        let = desk.lets(act, world.policies, seen[-1])
        done.append((now, act if let else None))
        if let:
            DO[act.verb](world, act, now)
            desk.note(act, world.policies)
        seen.append(world.see())
    return done, seen


def live_again(world: OracleWorld, done: Done) -> list[Seen]:
    """Let the oracle live what was done; return what was seen around it."""
    seen = []
    for now, act in done:
        world.live_until(now)
        seen.append(world.see())
        if act is not None:
            DO[act.verb](world, act, now)
        seen.append(world.see())
    return seen


def check_agreement(database: Database, history: History) -> Tally:
    """Compare engine and oracle over a history; return how much was compared."""
    world = EngineWorld(database, history.setting)
    done, by_engine = live(world, history)
    told = world.facts()
    oracle = OracleWorld(
        history.setting,
        lambda vm, started: told.get((vm, started), (None, None)),
        world.delay,
    )
    by_oracle = live_again(oracle, done)
    for turn, (engines, oracles) in enumerate(zip(by_engine, by_oracle, strict=True)):
        for vm in oracles.keys() | engines.keys():
            when = f"vm{vm}, turn {turn // 2} at {done[turn // 2][0]}"
            assert engines.get(vm) == oracles.get(vm), when
    ran = oracle.ran()
    assert world.ran() == ran
    end = done[-1][0]
    verbs = [act.verb for _, act in done if act is not None]
    edited = {act.edited for _, act in done if act is not None and act.verb == "edit"}
    return Tally(
        histories=1,
        policies=len(history.setting.policies) + len(edited),
        days=(end - history.setting.start).days * len(history.setting.vms),
        instants=len(by_oracle),
        points=sum(len(points) for seen in by_oracle for _, points in seen.values()),
        backups=sum(len(each) for each in ran),
        acts={verb: verbs.count(verb) for verb in set(verbs)},
    )
