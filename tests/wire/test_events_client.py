"""Events from Python and from the command line: list, follow, wait for, and a break in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from click.testing import CliRunner

from app.cli import rsvault
from app.client import ControlError, ControlPlane
from app.control_client.events import EventsLost, NotSeen
from app.testing import RecoveryVault
from tests.conftest import HOOKS
from tests.wire.builders import done, protect, put_group, put_policy, put_vault, put_vm

BACKUP = [
    "job.started",
    "job.snapshot_taken",
    "recovery_point.created",
    "recovery_point.vaulted",
    "job.completed",
]


@pytest.fixture(scope="module")
def kept() -> Iterator[RecoveryVault]:
    with RecoveryVault(https_port="off") as vault:
        yield vault


@pytest.fixture
def vault(kept: RecoveryVault) -> RecoveryVault:
    """A vault in which a VM is protected."""
    kept.reset()
    with httpx.Client(base_url=kept.http_url, event_hooks=HOOKS) as arm:
        for build in (put_group, put_vm, put_vault, put_policy, protect):
            build(arm)
    return kept


def test_a_test_lists_and_waits_for_what_happens(vault: RecoveryVault) -> None:
    assert vault.events.list() == []
    vault.clock.advance("P1D")
    told = vault.events.list(operation="Backup")
    assert [each.kind for each in told] == BACKUP
    completed = vault.events.wait_for("job.completed", item="vm-1", operation="Backup")
    assert completed == told[-1]
    assert completed.virtual_time.date() == datetime(2026, 1, 1, tzinfo=UTC).date()
    assert completed.job_id is not None
    assert completed.data["jobId"] == completed.job_id
    assert vault.events.list(("job.started", "job.completed"), after=told[0].number) == [told[-1]]


def test_what_does_not_happen_is_told_with_what_did(vault: RecoveryVault) -> None:
    vault.events.list()
    vault.clock.advance("P1D")
    with pytest.raises(NotSeen, match=r"job\.failed.*in 1 seconds(?s:.*)recovery_point\.vaulted"):
        vault.events.wait_for("job.failed", item="vm-1", timeout=1)


def test_what_is_waited_for_may_come_later(vault: RecoveryVault) -> None:
    events = vault.events
    with ThreadPoolExecutor(1) as thread:
        waited = thread.submit(events.wait_for, "recovery_point.vaulted", after="latest")
        while not waited.done():
            vault.clock.advance("P1D")
    assert waited.result().status == "HardenedRP"


def test_the_next_test_records_nothing(vault: RecoveryVault) -> None:
    vault.events.list()
    assert vault.control.events.recording().recording
    vault.reset()
    assert not vault.control.events.recording().recording
    with pytest.raises(ControlError, match="EventsNotRecorded"):
        vault.control.events.list()


def test_a_server_that_records_goes_on() -> None:
    with RecoveryVault("--events", "7", https_port="off") as vault:
        assert vault.events.recording().keep == 7
        vault.reset()
        assert vault.control.events.recording().recording


def test_wrong_filters_are_refused(vault: RecoveryVault) -> None:
    with pytest.raises(ControlError, match=r"did you mean 'job\.completed'"):
        vault.events.wait_for("job.complete")
    with pytest.raises(ControlError, match="is not a filter"):
        vault.events.list(vautl="safe")
    with pytest.raises(ControlError, match="InvalidRecording"):
        vault.events.record(0)


def test_following_goes_on_until_recording_ends(vault: RecoveryVault) -> None:
    events = vault.events
    vault.clock.advance("P1D")
    following = events.follow(operation="Backup")
    assert [next(following).kind for _ in BACKUP] == BACKUP
    vault.clock.advance("P1D")
    assert [next(following).kind for _ in BACKUP] == BACKUP
    events.stop()
    assert list(following) == []


def test_who_comes_too_late_hears_of_it(vault: RecoveryVault) -> None:
    vault.events.record(3)
    vault.clock.advance("P2D")
    first = vault.events.list()[0].number
    with pytest.raises(EventsLost):
        vault.events.list(after=first - 2)


def test_following_goes_over_a_break(vault: RecoveryVault) -> None:
    """A server that ends its stream is asked again, from where it was."""
    events = vault.events
    vault.clock.advance("P2D")
    following = events.follow(operation="Backup", wait=0)
    vault.clock.advance("P1D")
    numbers = [next(following).number for _ in range(15)]
    assert numbers == [each.number for each in events.list(operation="Backup")]


def test_the_command_lists_and_follows(vault: RecoveryVault) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(rsvault, ["events", "--url", vault.http_url, *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert run() == ""
    vault.clock.advance("P1D")
    lines = run("--operation", "Backup").splitlines()
    assert [line.split()[1] for line in lines] == BACKUP
    (line,) = run("--json", "--follow", "--kind", "job.completed", "--limit", "1").splitlines()
    assert json.loads(line)["kind"] == "job.completed"
    assert json.loads(line)["id"] > 0
    assert run("--stop") == ""
    assert not vault.control.events.recording().recording
    refused = CliRunner().invoke(rsvault, ["events", "--url", vault.http_url, "--kind", "nap"])
    assert refused.exit_code == 1
    assert "no kind of event" in refused.output


def test_the_journal_is_followed_too(vault: RecoveryVault) -> None:
    """It waits for what is asked after it has begun to look."""
    with (
        ControlPlane(vault.http_url) as control,
        ThreadPoolExecutor(1) as thread,
        httpx.Client(base_url=vault.http_url, event_hooks=HOOKS) as arm,
    ):
        following = control.journal.follow(operation_id="ResourceGroups_*")
        first = thread.submit(next, following)
        while not first.done():
            put_group(arm)
        assert first.result().method == "PUT"
        done(arm.get("/subscriptions"))
