"""The machine: users do whatever they like to a vault, and the model tells what must come of it.

Every rule can always be tried. What is impossible in the present state must be refused with the
status and code that the model names, and must change nothing. After each rule everything that a
client can see is compared with the model.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.stateful import model
from tests.stateful.model import DAY, HOUR, MINUTE, Facts, Item, Job, Model, Policy, Verdict, Vm
from tests.stateful.observed import (
    BEGINNING,
    CLOCK,
    RESTORED_ID,
    Exchange,
    Place,
    Seen,
    Watcher,
    instant,
    prints_of,
    set_up,
    text,
    tiers_of,
)
from tests.stateful.runs import Run
from tests.wire.builders import (
    RESTORE,
    STOP,
    SUSPEND,
    UNDELETE,
    VAULT_ID,
    item_body,
    item_id,
    policy_body,
    vm_body,
    vm_id,
)

VMS = ("vm-0", "vm-1")
SYSTEMS: Mapping[str, str] = {"vm-0": "Linux", "vm-1": "Windows"}
OS_DISKS: Mapping[str, int] = {"vm-0": 30, "vm-1": 1000}
DATA_DISK = 8
GIGABYTES = {name: size + DATA_DISK for name, size in OS_DISKS.items()}
POLICIES = ("first", "second")
MICROSECONDS = (-1, 0, 1)

ANY = "any"
"""Stands for the first VM that it can be done to."""
vms = st.sampled_from([*VMS, ANY, ANY])
names = st.sampled_from(POLICIES)
picks = st.integers(0, 30)
half_hours = st.integers(0, 47)


class VaultMachine(RuleBasedStateMachine):
    """One vault of one world: its users, its clock, and the server that is started anew."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.watcher = Watcher(run.place)
        self.statuses: dict[str, str] = {}
        self.restarted = False
        self.refused = False
        self._begin()

    def _begin(self) -> None:
        """Begin with an empty world whose vault is ready."""
        set_up(self.watcher)
        settings = self.run.place.settings
        self.model = Model(
            self.watcher.now(),
            GIGABYTES,
            hides_unvaulted=settings.recovery_point_visibility == "vault",
            sweep_every=settings.expiry_sweep_hours * HOUR,
        )
        self.statuses.clear()
        self.seen = self.watcher.look()

    def teardown(self) -> None:
        """Keep what was asked and answered."""
        self.run.scripts.append(self.watcher.exchanges)
        self.run.did.update(self.model.happened)

    # --- asking, and comparing ------------------------------------------------------------

    def expect(self, kind: str, verdict: Verdict, method: str, path: str, sent: Any = None) -> Any:
        """Send a request, see that it is answered as the model says, and compare the world."""
        status, body = self.watcher.ask(method, path, sent)
        code = body["error"]["code"] if status >= 400 else None
        assert (status, code) == verdict, (kind, verdict, status, body)
        self.refused = code is not None
        self.run.note(f"{kind} {code or status}")
        return body

    def job_of(self, job: Job) -> None:
        """Learn the name of a job from the operation that has just begun it."""
        status = self.watcher.polled()
        assert status["status"] == "Succeeded", status
        job.name = status["properties"]["jobId"]

    def compare(self) -> None:
        """See that everything a client can see is what the model says.

        What a refusal has changed, against the rules, is seen with the next step.
        """
        self.run.steps += 1
        if self.refused:
            return
        seen = self.seen = self.watcher.look()
        self.model.advance(seen.now, self.facts)
        self._compare_items(seen)
        self._compare_points(seen)
        self._compare_jobs(seen)
        if self.model.restored:
            assert self.watcher.restored_prints() == sorted(self.model.restored)

    def facts(self, job: Job) -> Facts:
        """Tell the model how long a job's phases took."""
        self._name(job)
        assert job.name is not None, f"there is no job {job}"
        return self.seen.facts(job.name)

    def _name(self, job: Job) -> None:
        """Find the job in the list that nobody has told the name of."""
        if job.name is not None:
            return
        taken = {each.name for each in self.model.jobs}
        for entry in reversed(self.seen.jobs):
            if entry["name"] not in taken and _key(entry["properties"]) == _wanted(job):
                job.name = entry["name"]
                return

    def _compare_items(self, seen: Seen) -> None:
        shown = {
            name: (
                item["protectionState"],
                item["policyName"],
                item.get("isScheduledForDeferredDelete", False),
                item["extendedInfo"]["recoveryPointCount"],
            )
            for name, item in seen.items.items()
        }
        wanted = {
            name: (
                item.state,
                item.policy or "",
                item.deleted,
                len(self.model.visible(item)),
            )
            for name, item in self.model.items.items()
        }
        assert shown == wanted

    def _compare_points(self, seen: Seen) -> None:
        for name, item in self.model.items.items():
            newest = max(item.points, default=0)
            shown = [_shown(point) for point in seen.points[name]]
            wanted = [
                (
                    taken,
                    "Valid" if point.snapshot else "Deleted",
                    point.vaulted,
                    point.consistency,
                    point.shown_expiry(seen.now, newest=taken == newest, expiring=item.expiring),
                )
                for taken, point in sorted(self.model.visible(item).items(), reverse=True)
            ]
            assert shown == wanted, name

    def _compare_jobs(self, seen: Seen) -> None:
        for job in self.model.jobs:
            self._name(job)
        shown = {entry["name"]: _job(entry["properties"]) for entry in seen.jobs}
        wanted = {str(job.name): (*_wanted(job), job.status, job.ended) for job in self.model.jobs}
        assert shown == wanted
        starts = [instant(entry["properties"]["startTime"]) for entry in seen.jobs]
        assert starts == sorted(starts, reverse=True), "the newest job comes first"
        self._check_transitions(seen)
        running = Counter(seen.running_phases())
        assert set(running.values()) <= {1}, f"two sub-tasks of a phase run: {running}"

    def _check_transitions(self, seen: Seen) -> None:
        now = {entry["name"]: entry["properties"]["status"] for entry in seen.jobs}
        for name, before in self.statuses.items():
            assert now[name] == before or now[name] in NEXT[before], (name, before, now[name])
        self.statuses = now

    # --- time -----------------------------------------------------------------------------

    @rule(minutes=st.integers(0, 40), microseconds=st.sampled_from(MICROSECONDS))
    def advance_minutes(self, minutes: int, microseconds: int) -> None:
        """Go a little further, while jobs run."""
        self._advance_to(self.model.now + minutes * MINUTE + microseconds)

    @rule(hours=st.integers(1, 60))
    def advance_hours(self, hours: int) -> None:
        """Go some hours further."""
        self._advance_to(self.model.now + hours * HOUR)

    @rule(days=st.sampled_from([1, 2, 3, 5, 8, 8, 13, 20]))
    def advance_days(self, days: int) -> None:
        """Go so much further that points expire and deleted data is purged."""
        self._advance_to(self.model.now + days * DAY)

    @rule(pick=picks, microseconds=st.sampled_from([*MICROSECONDS, MINUTE]))
    def advance_to_what_is_due(self, pick: int, microseconds: int) -> None:
        """Go to where something happens, or a microsecond beside it."""
        due = self._due()
        if due:
            self.run.note("advance to what is due")
            self._advance_to(due[pick % len(due)] + microseconds)

    def _due(self) -> list[int]:
        """Return the instants to come that the model can name."""
        due = [job.ends for job in self.model.running()]
        for item in self.model.items.values():
            due += [item.slot, item.purge_at]
            for point in item.points.values():
                for at in (point.expires, point.instant_until):
                    due.append(at + -at % self.model.sweep_every)
        soon = self.model.now + 40 * DAY
        return sorted({at for at in due if at is not None and self.model.now < at <= soon})

    def _advance_to(self, to: int) -> None:
        verdict = model.GOES_BACK if to < self.model.now else model.OK
        self.expect("advance", verdict, "POST", f"{CLOCK}/advance", {"to": text(to)})
        self.compare()
        assert self.model.now == max(to, self.seen.now)

    @rule()
    def advance_until_idle(self) -> None:
        """Go on until no job runs."""
        if not self.model.running():
            return
        before = self.model.now
        self.expect("until idle", model.OK, "POST", f"{CLOCK}/advance", {"until": "idle"})
        self.compare()
        assert not self.model.running()
        ends = [job.ended for job in self.model.jobs if job.ended is not None]
        assert self.model.now == max([before, *ends])

    @rule(pick=picks, how=st.sampled_from(["step", "finish"]))
    def wait_for_a_job(self, pick: int, how: str) -> None:
        """Poll a job as clients do, with a clock that leaps for those who wait."""
        running = sorted(self.model.running(), key=lambda job: job.name or "")
        if not running:
            return
        job, before = running[pick % len(running)], self.model.now
        phase = job.phase
        self.watcher.ask("PATCH", CLOCK, {"skipOnWait": how})
        found = self.watcher.get(f"{VAULT_ID}/backupJobs/{job.name}")["properties"]
        self.watcher.ask("PATCH", CLOCK, {"skipOnWait": "off"})
        self.refused = False
        self.compare()
        self.run.note(f"wait for a job: {how}")
        if how == "finish":
            assert job.ended == self.model.now
            assert found["status"] == job.status
        else:
            assert job.moved == self.model.now > before
            assert job.phase != phase

    @rule(rate=st.sampled_from([None, 60, 86_400]))
    def live_for_a_moment(self, rate: int | None) -> None:
        """Let the clock run by itself, as fast as real time or faster, and stop it again."""
        mode = {"mode": "live"} if rate is None else {"mode": "scaled", "rate": rate}
        kept = len(self.watcher.exchanges)
        self.watcher.ask("PATCH", CLOCK, mode)
        first = self.watcher.now()
        self.watcher.ask("PATCH", CLOCK, {"mode": "frozen"})
        now = self.watcher.now()
        assert self.model.now <= first <= now
        # Played again, the same time passes in one go: the answers must be the same.
        self.watcher.exchanges[kept:] = [
            Exchange("POST", f"{CLOCK}/advance", {"to": text(now)}, status=200)
        ]
        self.refused = False
        self.compare()
        assert self.model.now == now
        self.run.note(f"live at rate {rate or 1}")

    # --- the server -----------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        """Stop the server and start it again: everything is as it was, to the byte."""
        if self.restarted or self.run.place.settings.database == "memory":
            return
        self.restarted = True
        self.run.note("restart")
        paths = [each.path for each in self.watcher.exchanges if each.method == "GET"][-30:]
        before = [self.run.place.ask("GET", path) for path in paths]
        self.run.place.restart()
        assert [self.run.place.ask("GET", path) for path in paths] == before
        self.refused = False
        self.compare()

    @rule(really=st.integers(0, 9))
    def reset(self, really: int) -> None:
        """Empty the world, once in a while."""
        if really == 9:
            self.run.note("reset")
            self.run.scripts.append(list(self.watcher.exchanges))
            self._begin()
            assert self.seen.jobs == []
            assert BEGINNING <= self.model.now < BEGINNING + MINUTE

    # --- machines -------------------------------------------------------------------------

    @initialize(at=half_hours, days=st.integers(7, 10), instant_days=st.integers(1, 5))
    def begin(self, at: int, days: int, instant_days: int) -> None:
        """Begin with two VMs, a policy, and one of the VMs protected by it."""
        for name in VMS:
            self.put_vm(name)
        self.put_policy("first", at, days, instant_days, "UTC")
        for name in VMS:
            self.protect(name, "first")

    def chosen(self, vm: str, possible: Callable[[Item], object]) -> str:
        """Return the VM that is meant, which may be any whose item lets something be done."""
        if vm != ANY:
            return vm
        return next((item.vm for item in self.model.items.values() if possible(item)), VMS[0])

    @rule(vm=st.sampled_from(VMS))
    def put_vm(self, vm: str) -> None:
        """Create a VM, or send it again."""
        verdict = (200, None) if vm in self.model.vms else (201, None)
        self.model.vms.setdefault(vm, Vm(SYSTEMS[vm]))
        body = vm_body(gigabytes=OS_DISKS[vm], os=SYSTEMS[vm])
        self.expect("put VM", verdict, "PUT", vm_id(vm), body)
        self.compare()

    @rule(vm=st.sampled_from(VMS))
    def delete_vm(self, vm: str) -> None:
        """Delete a VM; its protection stays."""
        verdict = model.OK if self.model.vms.pop(vm, None) else model.NOTHING
        self.expect("delete VM", verdict, "DELETE", vm_id(vm))
        self.compare()

    @rule(vm=st.sampled_from(VMS))
    def switch(self, vm: str) -> None:
        """Switch a VM off or on."""
        found = self.model.vms.get(vm)
        action = "powerOff" if found is None or found.running else "start"
        if found is not None:
            found.running = not found.running
        verdict = model.NO_VM if found is None else model.OK
        self.expect(action, verdict, "POST", f"{vm_id(vm)}/{action}")
        self.compare()

    # --- policies -------------------------------------------------------------------------

    @rule(
        name=names,
        at=half_hours,
        days=st.integers(6, 10),
        instant_days=st.integers(1, 6),
        zone=st.sampled_from(sorted(model.ZONES)),
    )
    def put_policy(self, name: str, at: int, days: int, instant_days: int, zone: str) -> None:
        """Create a policy, or edit one."""
        policy = Policy(at * 30 * MINUTE, zone, days, instant_days)
        kind = "edit policy" if name in self.model.policies else "create policy"
        verdict = self.model.put_policy(name, policy)
        time = f"{at // 2:02d}:{at % 2 * 30:02d}"
        body = policy_body(at=time, days=days, instant=instant_days, timeZone=zone)
        self.expect(kind, verdict, "PUT", _policy_id(name), body)
        self.compare()

    @rule(name=names)
    def delete_policy(self, name: str) -> None:
        """Delete a policy."""
        verdict = self.model.delete_policy(name)
        self.expect("delete policy", verdict, "DELETE", _policy_id(name))
        self.compare()

    @rule(days=st.sampled_from([13, 14, 15, 20]))
    def set_soft_delete_days(self, days: int) -> None:
        """Change how long deleted data is kept from now on."""
        verdict = model.OK if days >= 14 else model.INVALID_CONTENT
        if days >= 14:
            self.model.soft_delete_days = days
        sent = {"properties": {"softDeleteRetentionPeriodInDays": days}}
        path = f"{VAULT_ID}/backupconfig/vaultconfig"
        self.expect("soft-delete days", verdict, "PATCH", path, sent)
        self.compare()

    # --- protection -----------------------------------------------------------------------

    @rule(vm=vms, policy=names)
    def protect(self, vm: str, policy: str) -> None:
        """Protect a VM, move it to another policy, or resume its protection."""
        vm = self.chosen(vm, lambda item: item.policy is None and not item.deleted)
        verdict = self.model.protect(vm, policy)
        sent = item_body(policyId=_policy_id(policy), sourceResourceId=vm_id(vm))
        self.expect("protect", verdict, "PUT", item_id(vm), sent)
        self.compare()

    @rule(vm=vms)
    def stop(self, vm: str) -> None:
        """Stop protection and keep everything."""
        vm = self.chosen(vm, lambda item: item.policy)
        verdict = self.model.stop(vm, suspend=False)
        self.expect("stop", verdict, "PUT", item_id(vm), STOP)
        self.compare()

    @rule(vm=vms)
    def suspend(self, vm: str) -> None:
        """Stop protection and let points expire."""
        vm = self.chosen(vm, lambda item: item.policy)
        verdict = self.model.stop(vm, suspend=True)
        self.expect("suspend", verdict, "PUT", item_id(vm), SUSPEND)
        self.compare()

    @rule(vm=vms)
    def delete(self, vm: str) -> None:
        """Stop protection and delete the data."""
        vm = self.chosen(vm, lambda item: not item.deleted)
        verdict = self.model.delete(vm)
        self.expect("delete", verdict, "DELETE", item_id(vm))
        self.compare()

    @rule(vm=vms)
    def undelete(self, vm: str) -> None:
        """Bring deleted data back; every point is still there."""
        vm = self.chosen(vm, lambda item: item.deleted)
        before = self.seen.points.get(vm)
        verdict = self.model.undelete(vm)
        self.expect("undelete", verdict, "PUT", item_id(vm), UNDELETE)
        self.compare()
        if verdict == model.ACCEPTED and before is not None:
            shown = [_shown(point)[:4] for point in self.seen.points[vm]]
            assert shown == [_shown(point)[:4] for point in before]

    # --- backups and restores ---------------------------------------------------------------

    @rule(vm=vms, days=st.sampled_from([None, None, 0, 1, 3, 9]))
    def back_up(self, vm: str, days: int | None) -> None:
        """Back up now, and say how long to keep it."""
        vm = self.chosen(vm, lambda item: item.policy)
        until = None if days is None else self.model.now + days * DAY
        verdict, job = self.model.back_up(vm, until)
        properties: dict[str, Any] = {"objectType": "IaasVMBackupRequest"}
        if until is not None:
            properties["recoveryPointExpiryTimeInUTC"] = text(until)
        sent = {"properties": properties}
        self.expect("back up", verdict, "POST", f"{item_id(vm)}/backup", sent)
        if job is not None:
            self.run.note(f"on-demand backup {job.status}")
            self.job_of(job)
        self.compare()

    @rule(vm=vms, minutes=st.sampled_from([0, 2, 8, 8, 15]), then=st.integers(0, 8))
    def back_up_twice(self, vm: str, minutes: int, then: int) -> None:
        """Back up again soon: while the first takes its snapshot, or transfers."""
        self.back_up(vm, None)
        self.advance_minutes(minutes, 0)
        self.back_up(vm, None)
        self.advance_minutes(then, 0)

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        """Cancel one of the latest jobs, whatever its state, or one that is not there."""
        latest = sorted(self.model.jobs, key=lambda job: (job.moved, job.name or ""))[-6:]
        job = latest[pick % len(latest)] if latest and pick else None
        self._cancel(job)

    @rule(pick=picks)
    def cancel_what_runs(self, pick: int) -> None:
        """Cancel a job that runs."""
        running = sorted(self.model.running(), key=lambda job: job.name or "")
        if running:
            self._cancel(running[pick % len(running)])

    def _cancel(self, job: Job | None) -> None:
        name = "00000000-0000-0000-0000-000000000000" if job is None else job.name
        phase = "" if job is None else f" {job.phase}"
        verdict = self.model.cancel(job)
        path = f"{VAULT_ID}/backupJobs/{name}/cancel"
        self.expect(f"cancel{phase}", verdict, "POST", path)
        self.compare()

    @rule(vm=vms, pick=picks)
    def restore(self, vm: str, pick: int) -> None:
        """Restore the disks of a point, or of one that is not there."""
        vm = self.chosen(vm, lambda item: item.points and not item.deleted)
        points = self.seen.points.get(vm, [])
        chosen = points[pick % len(points)] if points and pick else None
        name = "1" if chosen is None else chosen["name"]
        taken = 0 if chosen is None else _shown(chosen)[0]
        prints = [] if chosen is None else prints_of(chosen)
        verdict, job = self.model.restore(vm, taken, prints)
        sent = RESTORE["properties"] | {
            "sourceResourceId": vm_id(vm),
            "targetResourceGroupId": RESTORED_ID,
        }
        path = f"{item_id(vm)}/recoveryPoints/{name}/restore"
        self.expect("restore", verdict, "POST", path, {"properties": sent})
        if job is not None:
            self.job_of(job)
        self.compare()


NEXT: Mapping[str, tuple[str, ...]] = {
    "InProgress": ("Cancelling", "Cancelled", "Completed", "CompletedWithWarnings", "Failed"),
    "Cancelling": ("Cancelled",),
    "Cancelled": (),
    "Completed": (),
    "CompletedWithWarnings": (),
    "Failed": (),
}
"""What a client may see of a job after what it has seen: the job's table."""


def _policy_id(name: str) -> str:
    return f"{VAULT_ID}/backupPolicies/{name}"


def _shown(point: dict[str, Any]) -> tuple[int, str, bool, str, int | None]:
    """Return what is compared of a recovery point."""
    properties = point["properties"]
    tiers = tiers_of(point)
    expiry = properties.get("recoveryPointProperties", {}).get("expiryTime")
    return (
        instant(properties["recoveryPointTime"]),
        tiers["InstantRP"],
        tiers.get("HardenedRP") == "Valid",
        properties["recoveryPointType"],
        None if expiry is None else instant(expiry),
    )


def _key(job: dict[str, Any]) -> tuple[int, str, str, bool]:
    started = instant(job["startTime"])
    return started, job["operation"], job["entityFriendlyName"], job["isUserTriggered"]


def _wanted(job: Job) -> tuple[int, str, str, bool]:
    return job.started, job.operation, job.vm, job.user


def _job(job: dict[str, Any]) -> tuple[Any, ...]:
    """Return what is compared of a job."""
    ended = instant(job["endTime"]) if "endTime" in job else None
    return (*_key(job), job["status"], ended)


def played_again(script: list[Exchange], place: Place) -> list[tuple[Exchange, Exchange]]:
    """Send a script's requests to another server; return what was answered otherwise."""
    watcher = Watcher(place)
    watcher.ask("POST", "/_emulator/reset")
    differing = []
    for was in script:
        now = place.ask(was.method, was.path, was.sent)
        advanced_live = was.status == 200 and not was.body and was.path.startswith(CLOCK)
        if now != was and not advanced_live:
            differing.append((was, now))
    return differing


def as_text(script: list[Exchange]) -> str:
    """Return what a script asks, one request a line."""
    return "\n".join(f"{each.method} {each.path} {json.dumps(each.sent)}" for each in script)
