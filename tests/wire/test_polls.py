"""``polls=N``: what a client waits for is over at its N-th look, and no look is ever counted."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import ControlPlane
from app.server import CannotStart, start
from app.settings import Settings
from tests.processes import run
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    VAULT_ID,
    Served,
    advance,
    back_up,
    done,
    item_body,
    job,
    job_of,
    listed,
    now,
    put_group,
    put_storage,
    put_vault,
    put_vm,
    refused,
    set_clock,
    vm_id,
)

CLOCK = "/_emulator/clock"
JOBS = f"{VAULT_ID}/backupJobs"
SKIPS = "x-go-azure-sdk-skip-polling-delay"


def enable(arm: httpx.Client) -> str:
    """Begin to protect the VM, and return where that is polled."""
    answer = done(arm.put(ITEM_ID, json=item_body(policyId=POLICY_ID, sourceResourceId=vm_id())))
    return str(answer.headers["azure-asyncoperation"])


def looks_at(arm: httpx.Client, url: str, times: int) -> list[str]:
    return [done(arm.get(url)).json()["status"] for _ in range(times)]


def looks_at_job(arm: httpx.Client, job_id: str, times: int) -> list[str]:
    return [job(arm, job_id)["status"] for _ in range(times)]


# --- at the N-th look ---------------------------------------------------------------------


@pytest.mark.parametrize("clock", ["frozen", "live"])
@pytest.mark.parametrize("polls", [1, 2, 3, 7, 31])
def test_an_operation_is_over_at_the_nth_look(vault: httpx.Client, polls: int, clock: str) -> None:
    put_vm(vault)
    set_clock(vault, mode=clock, skipOnWait=f"polls={polls}")
    looks = looks_at(vault, enable(vault), polls + 1)
    assert looks == ["InProgress"] * (polls - 1) + ["Succeeded"] * 2


@pytest.mark.parametrize("polls", [1, 2, 3, 10, 99])
def test_a_backup_is_over_at_the_nth_look(protected: httpx.Client, polls: int) -> None:
    set_clock(protected, skipOnWait="off")
    done(protected.post(f"{ITEM_ID}/backup"))
    job_id = listed(protected, JOBS)[0]["name"]
    set_clock(protected, skipOnWait=f"polls={polls}")
    looks = looks_at_job(protected, job_id, polls + 1)
    assert looks == ["InProgress"] * (polls - 1) + ["Completed"] * 2


@pytest.mark.parametrize(
    ("mode", "states"),
    [
        ("finish", ["Succeeded", "Succeeded"]),
        ("step", ["Provisioning", "Succeeded"]),
        ("polls=2", ["Provisioning", "Succeeded"]),
        ("off", ["Provisioning", "Provisioning"]),
    ],
)
def test_a_vault_that_is_being_made_is_polled_by_its_own_address(
    arm: httpx.Client, mode: str, states: list[str]
) -> None:
    put_group(arm)
    set_clock(arm, skipOnWait=mode)
    put_vault(arm)
    seen = [done(arm.get(VAULT_ID)).json()["properties"]["provisioningState"] for _ in states]
    assert seen == states


def test_each_look_moves_the_clock_by_an_equal_part_of_the_way(protected: httpx.Client) -> None:
    job_id = back_up(protected)
    set_clock(protected, skipOnWait="polls=4")
    clock = ControlPlane(str(protected.base_url))
    moments = [clock.clock().now]
    for _ in range(4):
        job(protected, job_id)
        moments.append(clock.clock().now)
    clock.close()
    ways = [later - sooner for sooner, later in pairwise(moments)]
    assert max(ways[:3]) - min(ways[:3]) <= ways[0] / 1e6
    assert abs(ways[3] - ways[0]) < ways[0] / 1e3


def test_the_phases_of_a_backup_can_be_watched(protected: httpx.Client) -> None:
    job_id = back_up(protected)
    set_clock(protected, skipOnWait="polls=40")
    seen = set()
    for _ in range(40):
        tasks = job(protected, job_id)["extendedInfo"]["tasksList"]
        seen.add(tuple(each["status"] for each in tasks))
    assert seen == {
        ("InProgress", "NotStarted"),
        ("Completed", "InProgress"),
        ("Completed", "Completed"),
    }


def restore(arm: httpx.Client) -> str:
    job_id = back_up(arm)
    advance(arm, until={"job": job_id})
    (point,) = listed(arm, POINTS)
    put_storage(arm)
    return job_of(arm, arm.post(f"{point['id']}/restore", json=RESTORE))


def test_a_restore_is_over_at_the_nth_look(protected: httpx.Client) -> None:
    job_id = restore(protected)
    set_clock(protected, skipOnWait="polls=5")
    looks = looks_at_job(protected, job_id, 5)
    assert looks == ["InProgress"] * 4 + ["Completed"]


def test_a_cancelled_job_is_over_at_the_nth_look_from_then_on(protected: httpx.Client) -> None:
    job_id = restore(protected)
    set_clock(protected, skipOnWait="polls=3")
    job(protected, job_id)
    done(protected.post(f"{JOBS}/{job_id}/cancel"))
    assert looks_at_job(protected, job_id, 3) == ["Cancelling", "Cancelling", "Cancelled"]


def test_a_group_is_gone_at_the_nth_look(arm: httpx.Client) -> None:
    put_group(arm)
    set_clock(arm, skipOnWait="polls=3")
    url = done(arm.delete(GROUP_ID)).headers["location"]
    assert [arm.get(url).status_code for _ in range(3)] == [202, 202, 200]


# --- nothing is counted -------------------------------------------------------------------


def test_each_of_two_who_wait_moves_the_clock(vault: httpx.Client) -> None:
    put_vm(vault)
    set_clock(vault, skipOnWait="polls=4")
    url = enable(vault)
    with httpx.Client(base_url=vault.base_url) as other:
        looks = [looks_at(each, url, 1)[0] for each in (vault, other, vault, other)]
    assert looks == ["InProgress"] * 3 + ["Succeeded"]


def test_it_holds_over_several_servers_and_a_restart(serve: Served, stored_world: str) -> None:
    first = serve(database=stored_world, skip_on_wait="polls=3", clock_mode="frozen")
    put_group(first)
    url = done(first.put(VAULT_ID, json={"location": "westeurope"})).headers["azure-asyncoperation"]
    path = httpx.URL(url).raw_path.decode()
    second = serve(database=stored_world)
    assert second.get(CLOCK).json()["skipOnWait"] == "polls=3"
    assert looks_at(first, path, 1) + looks_at(second, path, 2) == [
        "InProgress",
        "InProgress",
        "Succeeded",
    ]


def test_a_clock_that_was_moved_meanwhile_leaves_fewer_looks(vault: httpx.Client) -> None:
    put_vm(vault)
    set_clock(vault, skipOnWait="polls=31")
    url = enable(vault)
    advance(vault, by="PT29S")
    assert looks_at(vault, url, 2) == ["InProgress", "Succeeded"]


def test_what_is_due_on_the_way_happens(protected: httpx.Client) -> None:
    set_clock(protected, skipOnWait="off")
    advance(protected, to="2026-01-01T21:59:50Z")
    set_clock(protected, skipOnWait="polls=2")
    answer = done(protected.put(ITEM_ID, json=item_body(policyId=POLICY_ID)))
    looks_at(protected, answer.headers["azure-asyncoperation"], 2)
    started = [each["properties"]["startTime"] for each in listed(protected, JOBS)]
    assert "2026-01-01T22:00:00Z" in started


# --- its words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("instant", "finish"),
        ("clock", "off"),
        ("polls=1", "finish"),
        ("polls=2", "polls=2"),
        ("polls=99", "polls=99"),
        ("finish", "finish"),
        ("off", "off"),
        ("step", "step"),
    ],
)
def test_a_word_has_one_spelling_wherever_it_is_said(
    arm: httpx.Client, sent: str, kept: str
) -> None:
    assert arm.patch(CLOCK, json={"skipOnWait": sent}).json()["skipOnWait"] == kept
    with ControlPlane(str(arm.base_url)) as control:
        assert control.set_clock(skip_on_wait=sent).skip_on_wait == kept
    told = run("clock", "set", "--skip-on-wait", sent, "--url", str(arm.base_url))
    assert f"skip-on-wait  {kept}\n" in told.stdout
    assert Settings(skip_on_wait=sent).skip_on_wait == kept


@pytest.mark.parametrize(
    "sent", ["polls=0", "polls=100", "polls=", "polls=-1", "polls=03", "polls=2.5", "polls", "Step"]
)
def test_any_other_word_is_refused_wherever_it_is_said(arm: httpx.Client, sent: str) -> None:
    told = "polls=N with N from 1 to 99"
    answer = arm.patch(CLOCK, json={"skipOnWait": sent})
    assert refused(answer)[0] == 400
    assert told in answer.json()["error"]["message"]
    with pytest.raises(ValueError, match=told):
        Settings(skip_on_wait=sent)
    typed = run("clock", "set", "--skip-on-wait", sent, "--url", str(arm.base_url))
    assert typed.returncode == 2
    assert "polls=N" in typed.stderr


@pytest.mark.parametrize(("kept", "asked"), [("clock", "off"), ("polls=1", "instant")])
def test_another_spelling_of_what_is_stored_is_no_contradiction(
    serve: Served, stored_world: str, kept: str, asked: str
) -> None:
    given = frozenset({"skip_on_wait"})
    serve(database=stored_world, skip_on_wait=kept)
    again = serve(database=stored_world, skip_on_wait=asked, given=given)
    assert now(again)


def test_another_number_than_what_is_stored_is_a_contradiction(
    serve: Served, stored_world: str, tmp_path: Path
) -> None:
    serve(database=stored_world, skip_on_wait="polls=3")
    options: dict[str, Any] = {"port": 0, "https_port": None, "home": tmp_path}
    chosen = Settings(database=stored_world, skip_on_wait="polls=4", **options)
    with pytest.raises(CannotStart, match=r"--skip-on-wait polls=4 contradicts polls=3"):
        start(chosen)


# --- the delay of azurerm -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["step", "finish", "polls=3"])
def test_azurerm_is_told_not_to_sleep_where_looks_move_the_clock(
    vault: httpx.Client, mode: str
) -> None:
    put_vm(vault)
    set_clock(vault, skipOnWait=mode)
    begun = done(vault.put(f"{VAULT_ID}2", json={"location": "westeurope"}))
    assert begun.headers[SKIPS] == "true"
    url = begun.headers["azure-asyncoperation"]
    assert [vault.get(url).headers[SKIPS] for _ in range(4)] == ["true"] * 4
    assert vault.get(f"{VAULT_ID}2").headers[SKIPS] == "true", "deletes are waited for like this"


def test_azurerm_is_left_to_sleep_where_time_has_to_pass(vault: httpx.Client) -> None:
    put_vm(vault)
    set_clock(vault, skipOnWait="clock")
    url = enable(vault)
    answers = [vault.get(url), vault.get(VAULT_ID), vault.delete(ITEM_ID)]
    assert [SKIPS in each.headers for each in answers] == [False] * 3


def test_a_vault_is_put_with_polls_as_without(arm: httpx.Client) -> None:
    set_clock(arm, skipOnWait="polls=5")
    put_group(arm)
    assert put_vault(arm)["name"] == "vault-1"
