"""The whole life of protected data: what is told of it never contradicts what was told before.

The walks lead to where chance seldom goes; after them Hypothesis takes the machine wherever it
likes. The quick test always goes the same ways. The deep ones go new ways at each run, and print
how many steps each walk took: ``pytest -m deep -rP tests/stateful/test_lives.py``.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.life_machine import LifeMachine
from tests.stateful.life_walks import WALKS
from tests.stateful.observed import Place
from tests.stateful.runs import Run
from tests.stateful.test_vault_machine import check_answers

QUICK = settings(
    max_examples=2,
    stateful_step_count=20,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
DEEP = settings(QUICK, max_examples=60, stateful_step_count=50, derandomize=False)
OFTEN: dict[str, Any] = {"limits": "off"}
"""The machine does in a day what Azure's limits allow in many."""
CHANCE = "wherever Hypothesis likes"

HAPPENS = """
westeurope down 200; westeurope up 200; northeurope down 200; northeurope up 200; made up for
protect ServiceUnavailable; back up ServiceUnavailable; who ServiceUnavailable; restart
opt in 202; leave 200; leave BMSUserErrorCrossRegionRestoreNotEnabled; copy seen
leave BMSUserErrorRecoveryPointNotFound; restore there 202; restore database there 202
point archived; move 202; move BMSUserErrorRecoveryPointNotFound; move ServiceUnavailable
restore UserErrorRecoveryPointNotRehydrated; rehydrate 202; restore 202
rehydrate UserErrorRecoveryPointRehydrationAlreadyInProgress
rehydrate BMSUserErrorItemSoftDeleted
back up Full 202; back up Differential 202; back up Log 202; two ranges of a log
back up Log UserErrorSQLPODoesNotSupportBackupType; restore database 202
restore database VMNotInRunningStateUserError; restore to an instant 202
restore to an instant UserErrorPointInTimeNotInRange
stop 202; suspend 202; delete 202; undelete 202; item purged; point expired
delete UserErrorOperationDeniedOnImmutableItem; protect UserErrorOperationDeniedOnImmutableItem
database policy UserErrorOperationDeniedOnImmutableItem; database policy 200
"""
"""Every step, refusal and event that a run must have come to: else the machine tried too little."""


def explore(run: Run, ways: settings) -> Counter[str]:
    """Take the machine on the walks, then wherever Hypothesis likes; count the steps of each."""
    steps: Counter[str] = Counter()
    for walk in WALKS:
        before = run.steps
        state = LifeMachine(run)
        walk(state)
        state.teardown()
        steps[walk.__name__] = run.steps - before

    class Here(LifeMachine):
        def __init__(self) -> None:
            super().__init__(run)

    before = run.steps
    run_state_machine_as_test(Here, settings=ways)
    steps[CHANCE] = run.steps - before
    return steps


def check_that_it_happened(run: Run) -> None:
    wanted = {each.strip() for line in HAPPENS.split("\n") for each in line.split(";")} - {""}
    assert wanted - set(run.did) == set(), "the machine did not come to these"


def test_what_is_told_of_a_life_agrees_with_itself(stored_world: str, tmp_path: Path) -> None:
    run = Run(Place(stored_world, tmp_path, **OFTEN))
    with closing(run.place):
        explore(run, QUICK)
    check_that_it_happened(run)
    check_answers(run.scripts[:1], tmp_path, **OFTEN)


@pytest.mark.deep
@pytest.mark.parametrize(
    "options",
    [OFTEN, OFTEN | {"expiry_sweep_hours": 24}, OFTEN | {"seed": 7}],
    ids=["as it comes", "daily sweeps", "another seed"],
)
def test_what_is_told_of_a_life_agrees_with_itself_wherever_one_goes(
    stored_world: str, tmp_path: Path, options: dict[str, Any]
) -> None:
    run = Run(Place(stored_world, tmp_path, **options))
    with closing(run.place):
        steps = explore(run, DEEP)
    for walk, number in steps.items():
        sys.stdout.write(f"{walk.replace('_', ' ')}: {number} steps\n")
    for kind, number in sorted(run.did.items()):
        sys.stdout.write(f"{kind}: {number}\n")
    check_that_it_happened(run)
    check_answers(run.scripts[::10], tmp_path, **options)
