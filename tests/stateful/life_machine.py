"""The machine of whole lives: two VMs and a database, an archive, two regions and their outages.

As in ``vault_machine`` every rule can always be tried, and is refused where it must be. What is
told after each rule is given to ``life_model``, which says whether a client may be told so.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.stateful.life_model import (
    HERE,
    PAIR,
    SOFT_DELETE_DAYS,
    Item,
    Point,
)
from tests.stateful.life_regions import RegionMachine
from tests.stateful.life_world import (
    IMMUTABLE,
    MOVE,
    NO_POINT_ID,
    NOT_IN_RANGE,
    NOT_READY,
    NOT_REHYDRATED,
    OF,
    PATHS,
    PLANS,
    REHYDRATING,
    UNAVAILABLE,
    database_plan,
    names,
    picks,
    vms,
    whole,
)
from tests.stateful.model import (
    ACCEPTED,
    DAY,
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
from tests.stateful.observed import RESTORED_ID, text
from tests.wire.builders import (
    RESTORE,
    VAULT_ID,
    item_body,
    vm_id,
)
from tests.wire.databases import SQL_VM
from tests.wire.protected_databases import (
    RANGE,
    SALES,
    database_body,
    restore_body,
    target,
)
from tests.wire.secondary import FAR, request
from tests.wire.secondary_databases import asked


class LifeMachine(RegionMachine):
    """One vault with all that it protects, its pair, and a server that is started anew."""

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
        refused: tuple[Verdict, ...] = ()
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
        got = self.ask(
            "database policy", OK, "PUT", path, database_plan(logs=logs), or_else=refused
        )
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
        verdict = ACCEPTED
        refused: tuple[Verdict, ...] = ()
        if item is None or item.deleted:
            verdict = NOTHING
        elif self.life.is_immutable:
            held = [each for each in item.points.values() if each.vaulted or each.archived]
            kept = item.state == "stopped" and held
            lasting = [each.expires for each in held if each.expires and not each.snapshot]
            if kept or any(expires > self.life.now for expires in lasting):
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
        verdict = self._readable(vm, point)
        refused: tuple[Verdict, ...] = ()
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
        verdict = self._readable(vm, point)
        refused: tuple[Verdict, ...] = ()
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
        more: dict[str, Any] = {"objectType": "IaasVMRestoreWithRehydrationRequest"}
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
        plan = None if item is None else item.plan
        if kind == "Log" and plan is not None and plan.log_every is None:
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
            second = at // SECOND * SECOND
            there = any(start <= second <= end for start, end in item.ranges)
            verdict = ACCEPTED if there else NOT_IN_RANGE
        sent = {"kind": "AzureWorkloadSQLPointInTimeRestoreRequest", "pointInTime": whole(at)}
        path = f"{SALES}/recoveryPoints/{RANGE}"
        self._restore_database("restore to an instant", path, verdict, over, **sent)

    def _restore_database(
        self, what: str, path: str, verdict: Verdict, over: bool, **more: Any
    ) -> None:
        more["targetInfo"] = target("MSSQLSERVER/copy", "Overwrite")
        if over:
            more["targetInfo"] = {"overwriteOption": "Overwrite"}
            more["recoveryType"] = "OriginalLocation"
        if verdict == ACCEPTED and not self.vm_runs:
            verdict = (409, "VMNotInRunningStateUserError")
        body = restore_body(**more)
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
