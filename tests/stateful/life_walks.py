"""Walks of whole lives, to where chance seldom goes: what a drill would do, step by step.

Each is a list of steps as Hypothesis writes them down for a failure.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.stateful.life_machine import LifeMachine
from tests.stateful.life_model import HERE, PAIR


def a_region_that_fails(state: LifeMachine) -> None:
    """Nothing happens in it; its pair restores what had come there; back, it catches up."""
    state.begin(opted=True)
    state.advance_days(days=3)
    state.back_up(vm="vm-1", days=9)
    state.back_up_database(kind="Full")
    state.advance_hours(hours=13)
    state.back_up(vm="vm-1", days=40)
    state.advance_minutes(minutes=8)
    state.restore(vm="vm-1", pick=1, archived=False)
    state.take_down(region=HERE)
    state.take_down(region=HERE)
    state.protect(name="vm-1")
    state.stop(name="sales", suspend=False)
    state.back_up(vm="vm-1", days=3)
    state.advance_days(days=2)
    state.restore_there(vm="vm-1", pick=1)
    state.restore_database_there(pick=1, at_end=False)
    state.advance_until_idle()
    state.restart()
    state.advance_days(days=8)
    state.bring_back(region=HERE)
    state.bring_back(region=HERE)
    state.advance_minutes(minutes=0)
    state.advance_minutes(minutes=40)
    state.advance_until_idle()
    state.advance_hours(hours=12)
    state.advance_days(days=8)


def the_pair_fails(state: LifeMachine) -> None:
    """Copies stand still while either region is down, and restores there where they stood."""
    state.begin(opted=False)
    state.advance_days(days=5)
    state.restore_there(vm="vm-1", pick=1)
    state.opt_in()
    state.opt_in()
    state.advance_hours(hours=36)
    state.take_down(region=PAIR)
    state.restore_there(vm="vm-1", pick=1)
    state.advance_hours(hours=49)
    state.bring_back(region=PAIR)
    state.advance_hours(hours=11)
    state.advance_hours(hours=1)
    state.advance_minutes(minutes=40)
    state.restore_there(vm="vm-1", pick=1)
    state.restore_there(vm="vm-1", pick=0)
    state.advance_minutes(minutes=8)
    state.take_down(region=PAIR)
    state.advance_days(days=2)
    state.take_down(region=HERE)
    state.advance_days(days=1)
    state.bring_all_back()
    state.advance_to_what_is_due(pick=0, microseconds=-1)
    state.advance_to_what_is_due(pick=0, microseconds=0)
    state.advance_until_idle()
    state.advance_to_what_is_due(pick=0, microseconds=1)


def into_the_archive_and_back(state: LifeMachine) -> None:
    """Points go to the archive, are rehydrated for a while, and restored in it only."""
    state.begin(opted=True)
    state.advance_months(days=100)
    state.move(vm="vm-1", pick=0)
    state.move(vm="vm-1", pick=1)
    state.advance_minutes(minutes=8)
    state.take_down(region=HERE)
    state.move(vm="vm-1", pick=1)
    state.advance_days(days=2)
    state.bring_back(region=HERE)
    state.advance_until_idle()
    state.restore(vm="vm-1", pick=6, archived=True)
    state.rehydrate(vm="vm-1", pick=6, days=10, high=False)
    state.rehydrate(vm="vm-1", pick=6, days=10, high=False)
    state.advance_hours(hours=3)
    state.take_down(region=HERE)
    state.advance_hours(hours=36)
    state.bring_back(region=HERE)
    state.advance_until_idle()
    state.restore(vm="vm-1", pick=6, archived=True)
    state.restart()
    state.advance_until_idle()
    state.restore_there(vm="vm-1", pick=30)
    state.advance_until_idle()
    state.advance_days(days=15)
    state.restore(vm="vm-1", pick=6, archived=True)
    state.advance_months(days=64)
    state.rehydrate(vm="vm-2", pick=6, days=11, high=True)
    state.advance_hours(hours=1)
    state.advance_hours(hours=12)
    state.rehydrate(vm="vm-1", pick=1, days=11, high=True)
    state.rehydrate(vm="vm-1", pick=0, days=11, high=True)
    state.delete(name="vm-2")
    state.rehydrate(vm="vm-2", pick=6, days=11, high=True)
    state.undelete(name="vm-2")
    state.advance_months(days=35)
    state.protect(name="vm-2")
    state.advance_months(days=35)


def the_log_of_a_database(state: LifeMachine) -> None:
    """A log can be restored since the newest full backup, whoever began to back it up when."""
    state.begin(opted=True)
    state.back_up_database(kind="Log")
    state.advance_days(days=5)
    state.put_database_policy(logs=False)
    state.back_up_database(kind="Log")
    state.advance_days(days=2)
    state.choose_policy(policy="plain")
    state.back_up_database(kind="Full")
    state.advance_hours(hours=3)
    state.choose_policy(policy="logs")
    state.advance_hours(hours=13)
    state.restore_to_an_instant(pick=0, after=0, over=False)
    state.restore_to_an_instant(pick=1, after=1, over=False)
    state.restore_database(pick=2, over=False)
    state.switch()
    state.restore_database(pick=2, over=False)
    state.advance_hours(hours=3)
    state.back_up_database(kind="Log")
    state.switch()
    state.back_up_database(kind="Differential")
    state.advance_hours(hours=11)
    state.restore_to_an_instant(pick=1, after=0, over=True)
    state.advance_until_idle()
    state.back_up_database(kind="Differential")
    state.advance_days(days=1)
    state.back_up_database(kind="Full")
    state.advance_hours(hours=3)
    state.take_down(region=HERE)
    state.advance_hours(hours=36)
    state.restore_database_there(pick=1, at_end=True)
    state.bring_back(region=HERE)
    state.advance_hours(hours=3)
    state.advance_days(days=20)


def a_log_that_begins_late(state: LifeMachine) -> None:
    """A policy that begins to take logs, edited or chosen, begins with the newest full backup."""
    state.put_database_policy(logs=False)
    state.begin(opted=False)
    state.put_database_policy(logs=False)
    state.stop(name="sales", suspend=False)
    state.protect(name="sales")
    state.advance_days(days=8)
    state.put_database_policy(logs=True)
    state.advance_hours(hours=3)
    state.stop(name="sales", suspend=True)
    state.advance_days(days=20)
    state.protect(name="sales")
    state.advance_days(days=5)


def stopped_deleted_and_brought_back(state: LifeMachine) -> None:
    """Of what is retained nothing goes; undeleted it is all there; purged it is gone."""
    state.begin(opted=True)
    state.advance_days(days=15)
    state.stop(name="sales", suspend=False)
    state.stop(name="vm-1", suspend=True)
    state.back_up(vm="vm-1", days=3)
    state.back_up_database(kind="Full")
    state.advance_months(days=35)
    state.delete(name="sales")
    state.delete(name="sales")
    state.protect(name="sales")
    state.stop(name="sales", suspend=True)
    state.back_up_database(kind="Full")
    state.restore_database(pick=1, over=False)
    state.restore_database_there(pick=1, at_end=False)
    state.advance_days(days=8)
    state.undelete(name="sales")
    state.undelete(name="sales")
    state.protect(name="sales")
    state.advance_days(days=8)
    state.delete(name="sales")
    state.delete(name="vm-2")
    state.take_down(region=HERE)
    state.advance_days(days=20)
    state.bring_back(region=HERE)
    state.undelete(name="vm-2")
    state.delete(name="sales")
    state.advance_minutes(minutes=1)
    for name in ("sales", "vm-2"):
        state.undelete(name=name)
        state.stop(name=name, suspend=True)
        state.stop(name=name, suspend=False)
    state.back_up_database(kind="Full")
    state.restore_database(pick=1, over=False)
    state.move(vm="vm-2", pick=1)
    state.protect(name="sales")
    state.protect(name="vm-2")
    state.advance_days(days=8)


def immutable(state: LifeMachine) -> None:
    """An immutable vault loses nothing before its time."""
    state.begin(opted=False)
    state.delete(name="vm-2")
    state.undelete(name="vm-2")
    state.set_immutability(immutable=True)
    state.advance_days(days=8)
    state.delete(name="vm-1")
    state.delete(name="sales")
    state.put_database_policy(logs=False)
    state.choose_policy(policy="logs")
    state.choose_policy(policy="plain")
    state.stop(name="vm-1", suspend=False)
    state.advance_months(days=35)
    state.delete(name="vm-1")
    state.stop(name="sales", suspend=True)
    state.take_down(region=HERE)
    state.set_immutability(immutable=False)
    state.advance_months(days=35)
    state.bring_back(region=HERE)
    state.advance_days(days=1)
    state.set_immutability(immutable=False)
    state.delete(name="vm-1")
    state.delete(name="sales")
    state.advance_days(days=15)


WALKS: tuple[Callable[[LifeMachine], None], ...] = (
    a_region_that_fails,
    the_pair_fails,
    into_the_archive_and_back,
    the_log_of_a_database,
    a_log_that_begins_late,
    stopped_deleted_and_brought_back,
    immutable,
)
