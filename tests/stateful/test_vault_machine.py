"""A vault against a simple model of one: whatever is done in whatever order, they agree.

The walks lead to where chance seldom goes; after them Hypothesis takes the machine wherever it
likes. The quick test always goes the same ways. The deep ones go new ways at each run:
``pytest -m deep tests/stateful``.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.observed import Exchange, Place
from tests.stateful.runs import Run
from tests.stateful.vault_machine import VaultMachine, played_again
from tests.stateful.walks import WALKS

QUICK = settings(
    max_examples=8,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
DEEP = settings(QUICK, max_examples=150, stateful_step_count=50, derandomize=False)

HAPPENS = """
advance 200; advance InvalidClock; advance to what is due; until idle 200; restart; reset
wait for a job: step; wait for a job: finish; live at rate 1; live at rate 86400
put VM 201; put VM 200; delete VM 200; delete VM 204; powerOff 200; start 200
powerOff ResourceNotFound
create policy 200; edit policy 200; edit policy BMSUserErrorInvalidPolicyInput
delete policy 200; delete policy 204; delete policy BMSUserErrorPolicyInUse
soft-delete days 200; soft-delete days InvalidRequestContent
protect 202; protect BMSUserErrorInvalidInput; protect BMSUserErrorItemSoftDeleted
protect UserErrorVmNotFoundV2
stop 202; stop BMSUserErrorItemSoftDeleted; stop BMSUserErrorDataSourceObjectNotFound
suspend 202; suspend BMSUserErrorItemSoftDeleted
suspend BMSUserErrorInvalidConfigureProtectionRequest
delete 202; delete 204; undelete 202; undelete BMSUserErrorItemNotSoftDeleted
undelete BMSUserErrorDataSourceObjectNotFound
back up 202; back up UserErrorProtectionStopped; back up BMSUserErrorItemSoftDeleted
back up BMSUserErrorInvalidInput; back up BMSUserErrorDataSourceObjectNotFound
on-demand backup InProgress; on-demand backup Failed
cancel snapshot 202; cancel restore 202; cancel transfer UserErrorJobNotInCancellableState
cancel cancelling UserErrorJobNotInCancellableState; cancel done UserErrorJobNotInProgress
cancel busy UserErrorCancellationNotSupportedForJobType; cancel BMSUserErrorJobNotFound
restore 202; restore BMSUserErrorRecoveryPointNotFound; restore BMSUserErrorItemSoftDeleted
restore BMSUserErrorDataSourceObjectNotFound
backup failed; transfer skipped; snapshot dropped; snapshot-only expired; point expired
newest kept; item purged; point lost; point found
"""
"""Every step, refusal and event that a run must have come to: else the machine tried too little."""


def explore(run: Run, ways: settings) -> None:
    """Take the machine on the walks, and then wherever Hypothesis likes."""
    for walk in WALKS:
        state = VaultMachine(run)
        walk(state)
        state.teardown()

    class Here(VaultMachine):
        def __init__(self) -> None:
            super().__init__(run)

    run_state_machine_as_test(Here, settings=ways)


def check_that_it_happened(run: Run) -> None:
    wanted = {each.strip() for line in HAPPENS.split("\n") for each in line.split(";")} - {""}
    assert wanted - set(run.did) == set(), "the machine did not come to these"


def check_answers(scripts: Iterable[list[Exchange]], home: Path, **options: Any) -> None:
    """Send the same requests to a server in memory that is never restarted: equal answers."""
    with closing(Place("memory", home, **options)) as twin:
        for script in scripts:
            assert played_again(script, twin) == []


def test_a_vault_does_what_its_model_says(stored_world: str, tmp_path: Path) -> None:
    run = Run(Place(stored_world, tmp_path))
    with closing(run.place):
        explore(run, QUICK)
    check_that_it_happened(run)
    check_answers([*run.scripts[:2], *run.scripts[-2:]], tmp_path)


@pytest.mark.deep
@pytest.mark.parametrize(
    "options",
    [{}, {"recovery_point_visibility": "vault"}, {"expiry_sweep_hours": 24}, {"seed": 7}],
    ids=["as it comes", "vaulted points only", "daily sweeps", "another seed"],
)
def test_a_vault_does_what_its_model_says_wherever_one_goes(
    stored_world: str, tmp_path: Path, options: dict[str, Any]
) -> None:
    run = Run(Place(stored_world, tmp_path, **options))
    with closing(run.place):
        explore(run, DEEP)
    check_that_it_happened(run)
    check_answers(run.scripts[::10], tmp_path, **options)
