"""The machine of whole lives: two VMs and a database, an archive, two regions and their outages.

As in ``vault_machine`` every rule can always be tried, and is refused where it must be. What is
told after each rule is given to ``life_model``, which says whether a client may be told so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import currently_in_test_context, event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.stateful.life_model import (
    HERE,
    LAG,
    PAIR,
    SOFT_DELETE_DAYS,
    Item,
    Job,
    Life,
    Plan,
    Point,
    Seen,
    Span,
)
from tests.stateful.model import (
    ACCEPTED,
    DAY,
    HOUR,
    INVALID_INPUT,
    MINUTE,
    NO_ITEM,
    NO_POINT,
    NO_POLICY_SENT,
    NOT_SOFT_DELETED,
    NOTHING,
    OK,
    SECOND,
    SOFT_DELETED,
    STOPPED,
    Verdict,
)
from tests.stateful.observed import CLOCK, RESTORED_ID, Exchange, Place, Watcher, instant, text
from tests.wire import machines
from tests.wire.builders import (
    GROUP_ID,
    RESTORE,
    STORAGE_ID,
    VAULT_ID,
    item_body,
    item_id,
    vm_body,
    vm_id,
)
from tests.wire.databases import CONTAINER_PATH, SQL_VM, registration
from tests.wire.protected_databases import (
    RANGE,
    SALES,
    database_body,
    database_policy,
    restore_body,
    target,
)
from tests.wire.secondary import FAR, OPTED_IN, STAGING, request
from tests.wire.secondary_databases import CONTAINERS, FAR_VAULT, FAR_VM, asked
from tests.wire.test_long_term_retention import AT, FIRST_SUNDAY, SUNDAY, kept

TEN_AT_NIGHT, TWO_AT_NIGHT, SUNDAYS, WEDNESDAYS = 22 * HOUR, 2 * HOUR, 0, 3
FULLS = ((SUNDAYS, TWO_AT_NIGHT), (WEDNESDAYS, TWO_AT_NIGHT))
PLANS: Mapping[str, Plan] = {
    "daily": Plan(((None, TEN_AT_NIGHT),), 8 * DAY),
    "tiering": Plan(((SUNDAYS, TEN_AT_NIGHT),), 14 * DAY),
    "plain": Plan(FULLS, 21 * DAY),
    "logs": Plan(FULLS, 21 * DAY, HOUR),
}
"""The policies that do not change; ``mine`` is the database's own, and is edited."""
OF: Mapping[str, str] = {"vm-1": "daily", "vm-2": "tiering", "sales": "mine"}
PATHS: Mapping[str, str] = {"vm-1": item_id("vm-1"), "vm-2": item_id("vm-2"), "sales": SALES}
RESTORES = {"name": RESTORED_ID, "location": "westeurope"}
UNAVAILABLE: Verdict = (503, "ServiceUnavailable")
IMMUTABLE: Verdict = (400, "UserErrorOperationDeniedOnImmutableItem")
NOT_REHYDRATED: Verdict = (409, "UserErrorRecoveryPointNotRehydrated")
NOT_IN_RANGE: Verdict = (400, "UserErrorPointInTimeNotInRange")
MOVE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
NO_POINT_ID = "1"

names = st.sampled_from([*OF, *OF, "sales"])
vms = st.sampled_from(["vm-1", "vm-2", "vm-2"])
picks = st.integers(0, 30)
regions = st.sampled_from([HERE, HERE, PAIR])


@dataclass
class Lives:
    """What all the examples of one run came to."""

    place: Place
    did: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    scripts: list[list[Exchange]] = field(default_factory=list)
    steps: int = 0


class LifeMachine(RuleBasedStateMachine):
    """One vault with all that it protects, its pair, and a server that is started anew."""

    def __init__(self, run: Lives) -> None:
        super().__init__()
        self.run = run
        self.watcher = Watcher(run.place)
        self.plans = dict(PLANS)
        self.restarted = False
        self.vm_runs = True
        _build(self.watcher)
        sweep_every = run.place.settings.expiry_sweep_hours * HOUR
        self.life = Life(self.watcher.now(), sweep_every=sweep_every)

    def teardown(self) -> None:
        """Keep what was asked and answered; see that nothing that was told has changed."""
        self.run.scripts.append(self.watcher.exchanges)
        self.run.did.update(self.life.happened)
        if not self.life.is_down(HERE):
            told = {job.name: job for job in map(_job, self.watcher.listed(_JOBS))}
            known = {
                name: job for name, job in self.life.jobs.items() if name not in self.life.there
            }
            assert {name: told.get(name) for name in known} == known

    # --- asking, and looking --------------------------------------------------------------

    def note(self, kind: str) -> None:
        """Count something that happened."""
        self.run.did[kind] += 1
        if currently_in_test_context():
            event(kind)

    def ask(
        self,
        kind: str,
        verdict: Verdict,
        method: str,
        path: str,
        sent: Any = None,
        *,
        of: str = HERE,
        or_else: tuple[Verdict, ...] = (),
    ) -> Verdict:
        """Send a request and see that it is answered as it must be; return what it came to.

        Where a region would have to answer that is down, nothing else is right.
        """
        possible = (UNAVAILABLE,) if self.life.is_down(of) else (verdict, *or_else)
        status, body = self.watcher.ask(method, path, sent)
        code = body["error"]["code"] if status >= 400 else None
        assert (status, code) in possible, (kind, possible, status, body)
        self.note(f"{kind} {code or status}")
        return status, code

    def look(self) -> None:
        """Look at everything, and let the model judge it."""
        self.run.steps += 1
        self.life.see(self._seen())
        for item in self.life.items.values():
            if len(item.ranges) > 1:
                self.note("two ranges of a log")

    def _seen(self) -> Seen:
        seen = Seen(self.watcher.now())
        if not self.life.is_down(HERE):
            self._look_here(seen)
        if not self.life.is_down(PAIR) and self.life.opted_at is not None:
            self._look_there(seen)
        return seen

    def _look_here(self, seen: Seen) -> None:
        seen.jobs = [_job(each) for each in self.watcher.listed(self._jobs_since())]
        seen.states = {}
        for entry in self.watcher.listed(f"{VAULT_ID}/backupProtectedItems"):
            shown = entry["properties"]
            name = shown["friendlyName"]
            deleted = shown.get("isScheduledForDeferredDelete", False)
            count = shown["extendedInfo"]["recoveryPointCount"]
            seen.states[name] = shown["protectionState"], deleted, count
            points, ranges = self._points(f"{PATHS[name]}/recoveryPoints")
            seen.points[name], seen.ranges[name] = points, ranges

    def _look_there(self, seen: Seen) -> None:
        answer = self.watcher.ask("POST", f"{FAR}/backupCrrJobs", {"resourceId": VAULT_ID})
        seen.jobs_there = [_job(each) for each in answer[1]["value"]]
        seen.points_there = {}
        for entry in self.watcher.listed(f"{VAULT_ID}/backupProtectedItems/"):
            name = entry["properties"]["friendlyName"]
            points, ranges = self._points(f"{PATHS[name]}/recoveryPoints/")
            seen.points_there[name], seen.ranges_there[name] = points, ranges

    def _points(self, path: str) -> tuple[list[Point], list[Span]]:
        found = self.watcher.listed(path)
        ranges: list[Span] = []
        if found and found[-1]["name"] == RANGE:
            for each in found.pop()["properties"]["timeRanges"]:
                ranges.append((instant(each["startTime"]), instant(each["endTime"])))
        return [_point(each) for each in found], ranges

    def _jobs_since(self) -> str:
        """Return the list of all jobs that may be other than they were."""
        since = min([self.life.now, *(job.started for job in self.life.running())]) - SECOND
        until = self.life.now + 2000 * DAY
        span = f"startTime eq '{_date(since)}' and endTime eq '{_date(until)}'"
        return f"{_JOBS}?$filter={span.replace(' ', '%20')}"

    def chosen(self, name: str, pick: int, which: Callable[[Point], object]) -> Point | None:
        """Return a point of an item that something can be done with, or any, or none."""
        item = self.life.items.get(name)
        points = sorted(item.points.values(), key=lambda each: each.taken) if item else []
        good = [each for each in points if which(each)] or points
        return good[pick % len(good)] if good and pick else None

    def begun(self, verdict: Verdict, holds: tuple[str, ...] = ()) -> None:
        """Remember a job that was begun, by the operation that has just begun it."""
        if verdict == ACCEPTED:
            status = self.watcher.polled()
            self.life.accepted[status["properties"]["jobId"]] = holds

    # --- time -----------------------------------------------------------------------------

    @rule(minutes=st.integers(0, 40))
    def advance_minutes(self, minutes: int) -> None:
        """Go a little further, while jobs run."""
        self._advance_to(self.life.now + minutes * MINUTE)

    @rule(hours=st.sampled_from([1, 3, 11, 12, 13, 36, 48, 49]))
    def advance_hours(self, hours: int) -> None:
        """Go some hours further, about as far as copies lag behind."""
        self._advance_to(self.life.now + hours * HOUR)

    @rule(days=st.sampled_from([1, 2, 3, 5, 8, 15, 20]))
    def advance_days(self, days: int) -> None:
        """Go so much further that points expire and deleted data is purged."""
        self._advance_to(self.life.now + days * DAY)

    @rule(days=st.sampled_from([35, 64, 100]))
    def advance_months(self, days: int) -> None:
        """Go so much further that points are ready for the archive."""
        self._advance_to(self.life.now + days * DAY)

    @rule(pick=picks, microseconds=st.sampled_from([-1, 0, 1]))
    def advance_to_what_is_due(self, pick: int, microseconds: int) -> None:
        """Go to where something happens, or a microsecond beside it."""
        due = self._due()
        if due:
            self.note("advance to what is due")
            self._advance_to(max(due[pick % len(due)] + microseconds, self.life.now))

    def _due(self) -> list[int]:
        """Return the instants to come that a client can name."""
        life, due = self.life, list[int]()
        for item in life.items.values():
            due += [] if item.purge_at is None else [item.purge_at]
            due += [] if item.plan is None else item.plan.between(life.now, life.now + 3 * DAY)
            for point in item.points.values():
                vaulted_at = life.vaulted_at(item, point)
                due += [] if vaulted_at is None else [life.now + LAG - life.worked(vaulted_at)]
        return sorted({at for at in due if life.now < at <= life.now + 20 * DAY})

    def _advance_to(self, to: int) -> None:
        self.ask("advance", OK, "POST", f"{CLOCK}/advance", {"to": text(to)}, of="")
        self.look()
        assert self.life.now == to

    @rule()
    def advance_until_idle(self) -> None:
        """Go on until no job runs in a region that works: every restore has ended."""
        self.ask("until idle", OK, "POST", f"{CLOCK}/advance", {"until": "idle"}, of="")
        self.look()
        for job in self.life.running():
            assert self.life.is_down(PAIR if job.name in self.life.there else HERE), job
        self._check_restored()

    def _check_restored(self) -> None:
        """What restores that ended well held is in the disks that they made."""
        if self.life.is_down(HERE) or self.life.is_down(PAIR):
            return
        wanted: Counter[str] = Counter()
        for name, holds in self.life.accepted.items():
            job = self.life.jobs.get(name)
            assert job is not None, f"a job that was begun is not told: {name}"
            assert job.is_over, job
            if job.status == "Completed":
                wanted.update(holds)
        disks = self.watcher.listed(f"{RESTORED_ID}/providers/Microsoft.Compute/disks")
        made = [each["properties"] for each in disks if "RSVaultBackup" in each.get("tags", {})]
        assert Counter(each["contentFingerprint"] for each in made) == wanted

    @rule()
    def restart(self) -> None:
        """Stop the server and start it again: everything is as it was, to the byte."""
        if self.restarted or self.run.place.settings.database == "memory":
            return
        self.restarted = True
        self.note("restart")
        paths = [each.path for each in self.watcher.exchanges if each.method == "GET"][-30:]
        before = [self.run.place.ask("GET", path) for path in paths]
        self.run.place.restart()
        assert [self.run.place.ask("GET", path) for path in paths] == before
        self.look()

    # --- regions --------------------------------------------------------------------------

    @rule(region=regions)
    def take_down(self, region: str) -> None:
        """Let a region go down."""
        self._switch(region, "down")
        self.life.take_down(region)
        self.look()

    @rule(region=regions)
    def bring_back(self, region: str) -> None:
        """Let a region work again."""
        self._switch(region, "up")
        self.life.bring_back(region)
        self.look()

    @rule()
    def bring_all_back(self) -> None:
        """Let every region work again."""
        for region in (HERE, PAIR):
            self.bring_back(region)

    def _switch(self, region: str, state: str) -> None:
        sent = {"region": region, "state": state}
        self.ask(f"{region} {state}", OK, "PATCH", "/_emulator/regions", sent, of="")

    @rule()
    def opt_in(self) -> None:
        """Opt in to Cross Region Restore, for good."""
        verdict = self.ask(
            "opt in", OK, "PATCH", VAULT_ID, {"properties": OPTED_IN}, or_else=(ACCEPTED,)
        )
        if verdict in (OK, ACCEPTED) and self.life.opted_at is None:
            self.life.opted_at = self.life.now
        self.look()

    @rule(immutable=st.booleans())
    def set_immutability(self, immutable: bool) -> None:
        """Make the vault immutable, not for good, or lift that."""
        state = {"state": "Unlocked" if immutable else "Disabled"}
        sent = {"properties": {"securitySettings": {"immutabilitySettings": state}}}
        verdict = self.ask("immutability", OK, "PATCH", VAULT_ID, sent, or_else=(ACCEPTED,))
        if verdict != UNAVAILABLE:
            self.life.is_immutable = immutable
        self.look()

    # --- protection -----------------------------------------------------------------------

    @initialize(opted=st.booleans())
    def begin(self, opted: bool) -> None:
        """Begin with everything protected, and opted in or not."""
        if opted:
            self.opt_in()
        self.put_database_policy(logs=True)
        for name, policy in OF.items():
            self._protect(name, policy)
        self.look()

    @rule(name=names)
    def protect(self, name: str) -> None:
        """Protect something, or resume its protection."""
        self._protect(name, OF[name])
        self.look()

    @rule(policy=st.sampled_from(["plain", "logs", "mine"]))
    def choose_policy(self, policy: str) -> None:
        """Put the database under another policy, which backs up its log or does not."""
        self._protect("sales", policy)
        self.look()

    def _protect(self, name: str, policy: str) -> None:
        item = self.life.items.get(name)
        plan = self.plans[policy]
        deleted = item is not None and item.deleted
        path = f"{VAULT_ID}/backupPolicies/{policy}"
        sent = item_body(policyId=path, sourceResourceId=vm_id(name))
        if name == "sales":
            sent = database_body(policyId=path)
        refused = ()
        if self.life.is_immutable and item is not None and plan.log_every is None:
            refused = (IMMUTABLE,)
        verdict = SOFT_DELETED if deleted else ACCEPTED
        got = self.ask("protect", verdict, "PUT", PATHS[name], sent, or_else=refused)
        if got != ACCEPTED:
            return
        now = self.life.now
        if item is None:
            item = self.life.items[name] = Item(name, name == "sales", plan, now, now)
            item.is_reachable = self.vm_runs
        if item.state == "suspended" or item.state == "stopped":
            item.settled = now
        item.state, item.since, item.owes = "protected", now, False
        item.plan, item.policy = plan, policy

    @rule(logs=st.booleans())
    def put_database_policy(self, logs: bool) -> None:
        """Create the database's own policy, or let it begin or end to back up the log."""
        plan = PLANS["logs" if logs else "plain"]
        path = f"{VAULT_ID}/backupPolicies/mine"
        refused = (IMMUTABLE,) if self.life.is_immutable and not logs else ()
        got = self.ask("database policy", OK, "PUT", path, _database_policy(logs), or_else=refused)
        if got != OK or self.plans.get("mine") == plan:
            return
        self.plans["mine"] = plan
        item = self.life.items.get("sales")
        if item is not None and item.plan is not None and item.policy == "mine":
            item.plan, item.since, item.owes = plan, self.life.now, False
        self.look()

    @rule(name=names, suspend=st.booleans())
    def stop(self, name: str, suspend: bool) -> None:
        """Stop protection: keep everything, or let points expire but the last."""
        item = self.life.items.get(name)
        verdict = ACCEPTED if item else NO_POLICY_SENT if suspend else NO_ITEM
        if item is not None and item.deleted:
            verdict = SOFT_DELETED
        state = "BackupsSuspended" if suspend else "ProtectionStopped"
        body = database_body if name == "sales" else item_body
        sent = body(protectionState=state, policyId="")
        got = self.ask("suspend" if suspend else "stop", verdict, "PUT", PATHS[name], sent)
        if item is not None and got == ACCEPTED:
            item.settled = self.life.now
            item.state, item.plan, item.owes = "suspended" if suspend else "stopped", None, False
        self.look()

    @rule(name=names)
    def delete(self, name: str) -> None:
        """Stop protection and delete the data, unless the vault is immutable."""
        item = self.life.items.get(name)
        verdict, refused = ACCEPTED, ()
        if item is None or item.deleted:
            verdict = NOTHING
        elif self.life.is_immutable:
            held = [each for each in item.points.values() if each.vaulted or each.archived]
            kept = item.state == "stopped" and held
            lasting = [each for each in held if each.expires is not None]
            if kept or any(each.expires > self.life.now for each in lasting if not each.snapshot):
                verdict = IMMUTABLE
            else:
                refused = (IMMUTABLE,)
        got = self.ask("delete", verdict, "DELETE", PATHS[name], or_else=refused)
        if item is not None and got == ACCEPTED:
            item.state, item.plan, item.owes = "stopped", None, False
            item.purge_at = self.life.now + SOFT_DELETE_DAYS * DAY
        self.look()

    @rule(name=names)
    def undelete(self, name: str) -> None:
        """Bring deleted data back: every point is there again."""
        item = self.life.items.get(name)
        verdict = NO_ITEM if item is None else ACCEPTED if item.deleted else NOT_SOFT_DELETED
        before = None if item is None else (set(item.points), item.ranges)
        body = database_body if name == "sales" else item_body
        sent = body(protectionState="ProtectionStopped", policyId="", isRehydrate=True)
        got = self.ask("undelete", verdict, "PUT", PATHS[name], sent)
        if item is not None and got == ACCEPTED:
            item.purge_at = None
        self.look()
        if item is not None and got == ACCEPTED:
            assert (set(item.points), item.ranges) == before

    # --- VMs ------------------------------------------------------------------------------

    @rule(vm=vms, days=st.sampled_from([3, 9, 40]))
    def back_up(self, vm: str, days: int) -> None:
        """Back up a VM now, and say how long to keep it."""
        until = self.life.now + days * DAY
        sent = {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": text(until)}
        self._back_up(vm, sent)

    def _back_up(self, name: str, sent: dict[str, Any], kind: str = "back up") -> None:
        item = self.life.items.get(name)
        verdict = NO_ITEM if item is None else ACCEPTED
        if item is not None and item.plan is None:
            verdict = SOFT_DELETED if item.deleted else STOPPED
        path = f"{PATHS[name]}/backup"
        self.begun(self.ask(kind, verdict, "POST", path, {"properties": sent}))
        self.look()

    @rule(vm=vms, pick=picks)
    def move(self, vm: str, pick: int) -> None:
        """Move a point to the archive, if it says that it is ready."""
        point = self.chosen(vm, pick, lambda each: each.ready)
        verdict, refused = self._readable(vm, point), ()
        if verdict == SOFT_DELETED and point is None:
            verdict = NO_POINT
        elif point is not None and verdict == ACCEPTED and not point.ready:
            verdict, refused = NOT_READY[0], NOT_READY
        path = f"{self._path_of(vm, point)}/move"
        self.begun(self.ask("move", verdict, "POST", path, MOVE, or_else=refused))
        self.look()

    def _path_of(self, name: str, point: Point | None) -> str:
        return f"{PATHS[name]}/recoveryPoints/{NO_POINT_ID if point is None else point.name}"

    def _readable(self, name: str, point: Point | None) -> Verdict:
        """Return what is said to whoever wants to do something with a point."""
        item = self.life.items.get(name)
        if item is None:
            return NO_ITEM
        if item.deleted:
            return SOFT_DELETED
        return NO_POINT if point is None else ACCEPTED

    @rule(vm=vms, pick=picks, archived=st.booleans())
    def restore(self, vm: str, pick: int, archived: bool) -> None:
        """Restore the disks of a point, which is not possible from the archive."""
        point = self.chosen(vm, pick, lambda each: each.archived == archived)
        verdict = self._readable(vm, point)
        if point is not None and verdict == ACCEPTED and self._is_archived(point):
            verdict = NOT_REHYDRATED
        self._restore("restore", vm, point, verdict)

    def _is_archived(self, point: Point) -> bool:
        until = point.rehydrated_until
        return point.archived and (until is None or until <= self.life.now)

    @rule(vm=vms, pick=picks, days=st.integers(10, 12), high=st.booleans())
    def rehydrate(self, vm: str, pick: int, days: int, high: bool) -> None:
        """Bring a point back from the archive for some days, and restore it."""
        point = self.chosen(vm, pick, self._is_archived)
        verdict, refused = self._readable(vm, point), ()
        if point is not None and verdict == ACCEPTED:
            if self._is_archived(point):
                refused = (REHYDRATING,)
            elif point.archived:
                verdict = (409, "UserErrorRecoveryPointAlreadyRehydrated")
            else:
                verdict = (409, "UserErrorRecoveryPointRehydrationNotAllowed")
        info = {
            "rehydrationPriority": "High" if high else "Standard",
            "rehydrationRetentionDuration": f"P{days}D",
        }
        more = {"objectType": "IaasVMRestoreWithRehydrationRequest"}
        more |= {"recoveryPointRehydrationInfo": info}
        self._restore("rehydrate", vm, point, verdict, *refused, **more)

    def _restore(
        self,
        kind: str,
        vm: str,
        point: Point | None,
        verdict: Verdict,
        *refused: Verdict,
        **more: Any,
    ) -> None:
        sent = RESTORE["properties"] | {
            "sourceResourceId": vm_id(vm),
            "targetResourceGroupId": RESTORED_ID,
        }
        path = f"{self._path_of(vm, point)}/restore"
        got = self.ask(kind, verdict, "POST", path, {"properties": sent | more}, or_else=refused)
        self.begun(got, () if point is None else point.prints)
        self.look()

    @rule(vm=vms, pick=picks)
    def restore_there(self, vm: str, pick: int) -> None:
        """Restore a copy in the secondary region, whether or not the vault's own is down."""
        item = self.life.items.get(vm)
        copies = set() if item is None else self.life.copies(item)
        point = self.chosen(vm, pick, lambda each: each.name in copies)
        details = self._leave(vm, point, copies)
        if details is None or point is None:
            return
        sent = {"crossRegionRestoreAccessDetails": details}
        sent["restoreRequest"] = request(
            sourceResourceId=vm_id(vm), targetResourceGroupId=RESTORED_ID
        )
        self._trigger("restore there", sent, point.prints)

    def _leave(self, name: str, point: Point | None, copies: set[str]) -> dict[str, Any] | None:
        """Ask the secondary region for leave to restore a copy; it is given for what is there."""
        item = self.life.items.get(name)
        known = f"{FAR}/backupAadProperties"
        if name == "sales":
            known += "?$filter=backupManagementType%20eq%20'AzureWorkload'"
        if self.ask("who", OK, "GET", known, of=PAIR) != OK:
            return None
        aad = json.loads(self.watcher.exchanges[-1].body)
        verdict = NO_ITEM if item is None else NO_POINT
        if self.life.opted_at is None and self.life.is_down(HERE):
            verdict = UNAVAILABLE
        elif item is not None and item.deleted:
            verdict = SOFT_DELETED
        elif item is not None and self.life.opted_at is None:
            verdict = (400, "BMSUserErrorCrossRegionRestoreNotEnabled")
        elif point is not None and point.name in copies:
            verdict = OK
        path = f"{self._path_of(name, point)}/accessToken"
        if self.ask("leave", verdict, "POST", path, aad, of=PAIR) != OK:
            return None
        details: dict[str, Any] = json.loads(self.watcher.exchanges[-1].body)["properties"]
        return details

    def _trigger(self, kind: str, sent: dict[str, Any], holds: tuple[str, ...] = ()) -> None:
        path = f"{FAR}/backupCrossRegionRestore"
        got = self.ask(kind, ACCEPTED, "POST", path, sent, of=PAIR)
        before = set(self.life.there)
        self.look()
        if got == ACCEPTED:
            (name,) = self.life.there - before
            self.life.accepted[name] = holds

    # --- databases ------------------------------------------------------------------------

    @rule(kind=st.sampled_from(["Full", "Full", "Differential", "Log", "Log", "CopyOnlyFull"]))
    def back_up_database(self, kind: str) -> None:
        """Back up the database now; a log only where its policy has one."""
        sent = {"objectType": "AzureWorkloadBackupRequest", "backupType": kind}
        item = self.life.items.get("sales")
        if kind == "Log" and item is not None and item.plan is not None:
            if item.plan.log_every is None:
                refusal = (400, "UserErrorSQLPODoesNotSupportBackupType")
                self.ask("back up Log", refusal, "POST", f"{SALES}/backup", {"properties": sent})
                self.look()
                return
        self._back_up("sales", sent, f"back up {kind}")

    @rule()
    def switch(self) -> None:
        """Stop or start the VM that the database is in: its log waits."""
        action = "deallocate" if self.vm_runs else "start"
        got = self.ask(action, OK, "POST", f"{SQL_VM}/{action}", or_else=(ACCEPTED,))
        if got != UNAVAILABLE:
            self.vm_runs = not self.vm_runs
            item = self.life.items.get("sales")
            if item is not None:
                item.is_reachable, item.since = self.vm_runs, self.life.now
        self.look()

    @rule(pick=picks, over=st.booleans())
    def restore_database(self, pick: int, over: bool) -> None:
        """Restore a backup of the database beside it, or over it."""
        point = self.chosen("sales", pick, lambda each: True)
        verdict = self._readable("sales", point)
        self._restore_database("restore database", self._path_of("sales", point), verdict, over)

    @rule(pick=picks, after=st.sampled_from([-1, 0, 0, 1]), over=st.booleans())
    def restore_to_an_instant(self, pick: int, after: int, over: bool) -> None:
        """Restore the database to an instant of its log, or to one beside it."""
        item = self.life.items.get("sales")
        ends = [] if item is None else [at for span in item.ranges for at in span]
        at = ends[pick % len(ends)] + after * SECOND if ends else self.life.now
        verdict = self._readable("sales", None)
        if item is not None and verdict == NO_POINT:
            whole = at // SECOND * SECOND
            there = any(start <= whole <= end for start, end in item.ranges)
            verdict = ACCEPTED if there else NOT_IN_RANGE
        sent = {"kind": "AzureWorkloadSQLPointInTimeRestoreRequest", "pointInTime": _whole(at)}
        path = f"{SALES}/recoveryPoints/{RANGE}"
        self._restore_database("restore to an instant", path, verdict, over, **sent)

    def _restore_database(
        self, what: str, path: str, verdict: Verdict, over: bool, **more: Any
    ) -> None:
        where = {"targetInfo": target("MSSQLSERVER/copy", "Overwrite")}
        if over:
            where = {"targetInfo": {"overwriteOption": "Overwrite"}}
            more["recoveryType"] = "OriginalLocation"
        if verdict == ACCEPTED and not self.vm_runs:
            verdict = (409, "VMNotInRunningStateUserError")
        body = restore_body(**more, **where)
        got = self.ask(what, verdict, "POST", f"{path}/restore", body)
        self.begun(got)
        item = self.life.items.get("sales")
        if item is not None and over and got == ACCEPTED:
            item.is_broken = True
        self.look()

    @rule(pick=picks, at_end=st.booleans())
    def restore_database_there(self, pick: int, at_end: bool) -> None:
        """Restore a copy of the database in the secondary region, to a server there."""
        item = self.life.items.get("sales")
        copies = set() if item is None else self.life.copies(item)
        point = self.chosen("sales", pick, lambda each: each.name in copies)
        details = self._leave("sales", point, copies)
        if details is None:
            return
        sent = {"crossRegionRestoreAccessDetails": details, "restoreRequest": asked()}
        self._trigger("restore database there", sent)


_JOBS = f"{VAULT_ID}/backupJobs"
REHYDRATING: Verdict = (409, "UserErrorRecoveryPointRehydrationAlreadyInProgress")
NOT_READY: tuple[Verdict, ...] = tuple(
    (409, code)
    for code in (
        "RecoveryPointTypeNotEligibleForArchive",
        "UserErrorRecoveryPointAlreadyInArchiveTier",
        "UserErrorRecoveryPointMoveAlreadyInProgress",
        "UserErrorRecoveryPointIsNotEligibleForArchiveMove",
        "MinLifeSpanInStandardRequiredForArchive",
        "RecoveryPointHaveActiveDependencies",
        "MinRemainingLifeSpanInArchiveRequired",
    )
)


# --- the world -------------------------------------------------------------------------------


def _build(watcher: Watcher) -> None:
    """Empty the world and put what is protected into it, and what restores go to."""
    watcher.ask("POST", "/_emulator/reset")
    watcher.exchanges.clear()
    storage = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    for path, body in (
        (GROUP_ID, {"location": HERE}),
        (RESTORED_ID, {"location": HERE}),
        (STORAGE_ID, {"location": HERE} | storage),
        (STAGING, {"location": PAIR} | storage),
        (VAULT_ID, {"location": HERE}),
        (FAR_VAULT, {"location": PAIR}),
        (vm_id("vm-1"), vm_body()),
        (vm_id("vm-2"), vm_body(gigabytes=500)),
        (SQL_VM, machines.body() | {"tags": {"rsvault-sql": "MSSQLSERVER/sales"}}),
        (
            FAR_VM,
            machines.body() | {"location": PAIR, "tags": {"rsvault-sql": "MSSQLSERVER/other"}},
        ),
    ):
        status, found = watcher.ask("PUT", path, body)
        assert status < 300, found
    watcher.ask("POST", f"{CLOCK}/advance", {"until": "idle"})
    far = f"{FAR_VAULT}{CONTAINERS}/VMAppContainer;Compute;restored;far-1"
    for path, body in (
        (CONTAINER_PATH, registration()),
        (far, registration(vm=FAR_VM)),
        (f"{VAULT_ID}/backupPolicies/daily", _daily()),
        (f"{VAULT_ID}/backupPolicies/tiering", _tiering()),
        (f"{VAULT_ID}/backupPolicies/plain", _database_policy(False)),
        (f"{VAULT_ID}/backupPolicies/logs", _database_policy(True)),
    ):
        status, found = watcher.ask("PUT", path, body)
        assert status < 300, found
    watcher.ask("POST", f"{CLOCK}/advance", {"until": "idle"})


def _database_policy(logs: bool) -> dict[str, Any]:
    return database_policy(weeks=3, differential=8, log=7 if logs else 0, every=60)


def _daily() -> dict[str, Any]:
    """Return a policy of daily backups that keeps the first Sunday of a month for a year."""
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": AT,
    }
    retention = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": kept(8, "Days"),
        "monthlySchedule": kept(12, "Months", **FIRST_SUNDAY),
    }
    return _vm_policy(schedulePolicy=schedule, retentionPolicy=retention)


def _tiering() -> dict[str, Any]:
    """Return an Enhanced policy of weekly backups, which moves those of a month to the archive."""
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Weekly",
        "weeklySchedule": {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": AT},
    }
    retention = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": kept(2, "Weeks", **SUNDAY),
        "monthlySchedule": kept(12, "Months", **FIRST_SUNDAY),
    }
    after = {"ArchivedRP": {"tieringMode": "TierAfter", "duration": 120, "durationType": "Days"}}
    return _vm_policy(
        policyType="V2",
        schedulePolicy=schedule,
        retentionPolicy=retention,
        tieringPolicy=after,
    )


def _vm_policy(**properties: Any) -> dict[str, Any]:
    shared = {"backupManagementType": "AzureIaasVM", "timeZone": "UTC"}
    return {"properties": shared | properties}


# --- what is told ----------------------------------------------------------------------------


def _job(entry: dict[str, Any]) -> Job:
    shown = entry["properties"]
    return Job(
        entry["name"],
        shown["entityFriendlyName"].partition(" ")[0],
        shown["operation"],
        shown["status"],
        instant(shown["startTime"]),
        instant(shown["endTime"]) if "endTime" in shown else None,
        shown.get("isUserTriggered", True),
    )


def _point(entry: dict[str, Any]) -> Point:
    shown = entry["properties"]
    tiers = {each["type"]: each for each in shown["recoveryPointTierDetails"]}
    archive = tiers.get("ArchivedRP", {})
    until = archive.get("extendedInfo", {}).get("RehydratedRPExpiryTime")
    expiry = shown.get("recoveryPointProperties", {}).get("expiryTime")
    ready = shown["recoveryPointMoveReadinessInfo"]["ArchivedRP"]["isReadyForMove"]
    disks = shown.get("recoveryPointDiskConfiguration", {}).get("includedDiskList", [])
    prints = [disk["contentFingerprint"] for disk in disks] or [shown["contentFingerprint"]]
    return Point(
        name=entry["name"],
        taken=instant(shown.get("recoveryPointTime") or shown["recoveryPointTimeInUTC"]),
        kind=shown.get("type", ""),
        snapshot=tiers.get("InstantRP", {}).get("status") == "Valid",
        vaulted=tiers.get("HardenedRP", {}).get("status") == "Valid",
        archived=bool(archive),
        rehydrated_until=None if until is None else instant(until),
        ready=ready,
        expires=None if expiry is None else instant(expiry),
        prints=tuple(prints),
    )


def _date(at: int) -> str:
    """Write an instant as filters of jobs have it."""
    whole = text(at)
    hour = int(whole[11:13])
    half = "AM" if hour < 12 else "PM"
    return f"{whole[:10]} {(hour + 11) % 12 + 1:02d}{whole[13:19]} {half}"


def _whole(at: int) -> str:
    return f"{text(at)[:19]}Z"
