"""Walks that take the machine to where chance seldom goes, one after another on one run.

Each is a list of steps as Hypothesis writes them down for a failure.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.stateful.vault_machine import VaultMachine

TEN_AT_NIGHT = 44
LAST_OF_ALL = 30


def overlapping_backups(state: VaultMachine) -> None:
    """A second snapshot fails, a second transfer is skipped; cancelled, it leaves nothing."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=2)
    state.advance_minutes(minutes=0, microseconds=-1)
    state.advance_until_idle()
    state.back_up(vm="vm-0", days=None)
    state.back_up(vm="vm-0", days=None)
    state.advance_minutes(minutes=8, microseconds=0)
    state.cancel_what_runs(pick=0)
    state.back_up(vm="vm-0", days=3)
    state.wait_for_a_job(pick=0, how="step")
    state.wait_for_a_job(pick=1, how="finish")
    state.advance_until_idle()
    state.back_up(vm="vm-0", days=9)
    state.cancel_what_runs(pick=0)
    state.cancel_what_runs(pick=0)
    state.back_up(vm="vm-0", days=0)
    state.back_up(vm="vm-0", days=None)
    state.restart()
    state.advance_minutes(minutes=40, microseconds=0)
    state.cancel(pick=0)
    state.cancel(pick=1)
    state.live_for_a_moment(rate=86_400)
    state.live_for_a_moment(rate=None)
    state.advance_days(days=13)


def a_vm_that_goes_and_comes(state: VaultMachine) -> None:
    """Backups fail without their VM, and the last point stays; with it again, it goes."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=1)
    state.advance_days(days=2)
    state.switch(vm="vm-1")
    state.advance_days(days=1)
    state.delete_vm(vm="vm-0")
    state.delete_vm(vm="vm-0")
    state.switch(vm="vm-0")
    state.back_up(vm="vm-0", days=None)
    state.advance_days(days=20)
    state.restart()
    state.put_vm(vm="vm-0")
    state.switch(vm="vm-1")
    state.back_up(vm="vm-0", days=1)
    state.advance_days(days=3)
    state.delete(vm="vm-1")
    state.delete_vm(vm="vm-1")
    state.advance_days(days=20)
    state.protect(vm="vm-1", policy="first")
    state.put_vm(vm="vm-1")
    state.protect(vm="vm-1", policy="first")
    state.advance_days(days=2)


def stopped_and_resumed(state: VaultMachine) -> None:
    """Stopped, nothing expires; suspended, all but the last; resumed, what is over goes."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=3)
    state.put_policy(name="second", at=6, days=9, instant_days=1, zone="India Standard Time")
    state.put_policy(name="second", at=6, days=6, instant_days=1, zone="UTC")
    state.advance_days(days=8)
    state.stop(vm="vm-0")
    state.suspend(vm="vm-1")
    state.advance_days(days=20)
    state.back_up(vm="vm-0", days=None)
    state.suspend(vm="vm-0")
    state.stop(vm="vm-1")
    state.restart()
    state.advance_days(days=8)
    state.protect(vm="vm-0", policy="second")
    state.protect(vm="vm-1", policy="second")
    state.delete_policy(name="second")
    state.delete_policy(name="first")
    state.delete_policy(name="first")
    state.protect(vm="vm-1", policy="first")
    state.advance_days(days=8)
    state.put_policy(name="second", at=9, days=7, instant_days=5, zone="UTC")
    state.advance_days(days=8)


def suspended_while_two_backups_run(state: VaultMachine) -> None:
    """The point of the earlier of them is not the last one, and expires."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=2)
    state.advance_days(days=2)
    state.back_up(vm="vm-0", days=3)
    state.advance_minutes(minutes=15, microseconds=0)
    state.back_up(vm="vm-0", days=3)
    state.suspend(vm="vm-0")
    state.advance_until_idle()
    state.advance_days(days=8)


def deleted_and_undeleted(state: VaultMachine) -> None:
    """Deleted data comes back with every point until its days are over, and never after."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=2)
    state.advance_days(days=5)
    state.back_up(vm="vm-0", days=None)
    state.advance_minutes(minutes=8, microseconds=0)
    state.delete(vm="vm-0")
    state.delete(vm="vm-0")
    state.set_soft_delete_days(days=13)
    state.set_soft_delete_days(days=15)
    state.back_up(vm="vm-0", days=None)
    state.restore(vm="vm-0", pick=1)
    state.protect(vm="vm-0", policy="first")
    state.stop(vm="vm-0")
    state.suspend(vm="vm-0")
    state.advance_days(days=13)
    state.restart()
    state.undelete(vm="vm-0")
    state.undelete(vm="vm-0")
    state.advance_days(days=20)
    state.delete(vm="vm-0")
    state.advance_to_what_is_due(pick=LAST_OF_ALL, microseconds=-1)
    for _ in range(15):
        state.advance_days(days=1)
    state.undelete(vm="vm-0")
    state.stop(vm="vm-0")
    state.suspend(vm="vm-0")
    state.back_up(vm="vm-0", days=None)
    state.restore(vm="vm-0", pick=1)
    state.protect(vm="vm-0", policy="first")
    state.advance_days(days=1)


def a_delete_before_anything_was_kept(state: VaultMachine) -> None:
    """A snapshot that runs as its item is deleted leaves nothing, then or later."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=2)
    state.back_up(vm="vm-0", days=None)
    state.delete(vm="vm-0")
    state.advance_minutes(minutes=40, microseconds=0)
    state.undelete(vm="vm-0")
    state.protect(vm="vm-0", policy="first")
    state.advance_days(days=2)


def edited_while_a_snapshot_is_taken(state: VaultMachine) -> None:
    """The point that comes of it has the lengths of the edited policy."""
    state.begin(at=1, days=9, instant_days=2)
    state.advance_minutes(minutes=30, microseconds=0)
    state.put_policy(name="first", at=1, days=7, instant_days=4, zone="UTC")
    for _ in range(8):
        state.advance_days(days=1)


def purged_on_the_dot(state: VaultMachine) -> None:
    """Deleted data is there a microsecond before its days are over, and gone when they are."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=2)
    state.delete(vm="vm-0")
    state.delete(vm="vm-1")
    state.advance_until_idle()
    state.advance_to_what_is_due(pick=0, microseconds=-1)
    state.undelete(vm="vm-1")
    state.advance_to_what_is_due(pick=0, microseconds=0)
    state.undelete(vm="vm-0")


def restored(state: VaultMachine) -> None:
    """Restored disks hold what their point held; a cancelled restore makes none."""
    state.begin(at=TEN_AT_NIGHT, days=7, instant_days=1)
    state.restore(vm="vm-0", pick=0)
    state.advance_days(days=3)
    state.restore(vm="vm-0", pick=1)
    state.restore(vm="vm-0", pick=2)
    state.advance_minutes(minutes=2, microseconds=0)
    state.cancel_what_runs(pick=0)
    state.advance_until_idle()
    state.restore(vm="vm-1", pick=3)
    state.delete(vm="vm-1")
    state.restart()
    state.advance_hours(hours=60)
    state.reset(really=9)
    state.put_vm(vm="vm-0")
    state.protect(vm="vm-0", policy="first")


WALKS: tuple[Callable[[VaultMachine], None], ...] = (
    overlapping_backups,
    a_vm_that_goes_and_comes,
    stopped_and_resumed,
    suspended_while_two_backups_run,
    deleted_and_undeleted,
    a_delete_before_anything_was_kept,
    edited_while_a_snapshot_is_taken,
    purged_on_the_dot,
    restored,
)
