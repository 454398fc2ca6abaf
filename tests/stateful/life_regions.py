"""The machine of lives, as far as it looks, lets time pass, and lets regions fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.stateful.life_model import (
    HERE,
    LAG,
    PAIR,
    Life,
    Point,
    Seen,
    Span,
)
from tests.stateful.life_world import (
    JOBS,
    PATHS,
    PLANS,
    UNAVAILABLE,
    build,
    filter_date,
    picks,
    read_job,
    read_point,
    regions,
)
from tests.stateful.model import (
    ACCEPTED,
    DAY,
    HOUR,
    MINUTE,
    OK,
    SECOND,
    Verdict,
)
from tests.stateful.observed import CLOCK, RESTORED_ID, Watcher, instant, text
from tests.stateful.runs import Run
from tests.wire.builders import (
    VAULT_ID,
)
from tests.wire.protected_databases import (
    RANGE,
)
from tests.wire.secondary import FAR, OPTED_IN


class RegionMachine(RuleBasedStateMachine):
    """One vault with all that it protects, its pair, and a server that is started anew."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.watcher = Watcher(run.place)
        self.plans = dict(PLANS)
        self.restarted = False
        self.vm_runs = True
        build(self.watcher)
        sweep_every = run.place.settings.expiry_sweep_hours * HOUR
        self.life = Life(self.watcher.now(), sweep_every=sweep_every)

    def teardown(self) -> None:
        """Keep what was asked and answered; see that nothing that was told has changed."""
        self.run.scripts.append(self.watcher.exchanges)
        self.run.did.update(self.life.happened)
        if not self.life.is_down(HERE):
            told = {job.name: job for job in map(read_job, self.watcher.listed(JOBS))}
            known = {
                name: job for name, job in self.life.jobs.items() if name not in self.life.there
            }
            assert {name: told.get(name) for name in known} == known

    # --- asking, and looking --------------------------------------------------------------

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
        self.run.note(f"{kind} {code or status}")
        return status, code

    def look(self) -> None:
        """Look at everything, and let the model judge it."""
        self.run.steps += 1
        self.life.see(self._seen())
        for item in self.life.items.values():
            if len(item.ranges) > 1:
                self.run.note("two ranges of a log")

    def _seen(self) -> Seen:
        seen = Seen(self.watcher.now())
        if not self.life.is_down(HERE):
            self._look_here(seen)
        if not self.life.is_down(PAIR) and self.life.opted_at is not None:
            self._look_there(seen)
        return seen

    def _look_here(self, seen: Seen) -> None:
        seen.jobs = [read_job(each) for each in self.watcher.listed(self._jobs_since())]
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
        seen.jobs_there = [read_job(each) for each in answer[1]["value"]]
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
        return [read_point(each) for each in found], ranges

    def _jobs_since(self) -> str:
        """Return the list of all jobs that may be other than they were."""
        since = min([self.life.now, *(job.started for job in self.life.running())]) - SECOND
        until = self.life.now + 2000 * DAY
        span = f"startTime eq '{filter_date(since)}' and endTime eq '{filter_date(until)}'"
        return f"{JOBS}?$filter={span.replace(' ', '%20')}"

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
            self.run.note("advance to what is due")
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
        self.run.note("restart")
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
