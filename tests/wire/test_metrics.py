"""The figures for Prometheus: well formed, true, and cheap (docs/decisions/0034)."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    VAULT_ID,
    advance,
    delete_item,
    done,
    set_clock,
)

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_]\w*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\+Inf|-?[0-9.e+-]+)")


def figures(arm: httpx.Client) -> dict[str, float]:
    """Return every sample by its name and labels, as they are written."""
    answer = done(arm.get("/_emulator/metrics"))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    found = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            series = line.rpartition(" ")[0]
            assert series not in found, line
            found[series] = float(match[3])
    return found


def test_each_metric_is_explained_once_and_its_samples_follow(protected: httpx.Client) -> None:
    text = done(protected.get("/_emulator/metrics")).text
    explained: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP"):
            explained.append(line.split()[2])
        elif line.startswith("# TYPE"):
            assert line.split()[2] == explained[-1]
            assert line.split()[3] in ("counter", "gauge", "histogram")
        else:
            name = re.split(r"[{ ]", line)[0]
            assert re.fullmatch(rf"{explained[-1]}(_bucket|_sum|_count)?", name), line
    assert len(explained) == len(set(explained))


def test_the_clock_is_shown(arm: httpx.Client) -> None:
    set_clock(arm, mode="frozen")
    found = figures(arm)
    assert found["rsvault_clock_seconds"] == 1767225600
    assert found['rsvault_clock_mode{mode="frozen"}'] == 1
    assert found['rsvault_clock_mode{mode="live"}'] == 0
    assert found["rsvault_clock_rate"] == 1
    assert found["rsvault_advance_running"] == 0
    epoch = found["rsvault_clock_epoch"]
    done(arm.post("/_emulator/reset"))
    assert figures(arm)["rsvault_clock_epoch"] == epoch + 1


def test_what_a_world_holds_is_counted(protected: httpx.Client) -> None:
    before = figures(protected)
    assert before["rsvault_vaults"] == 1
    assert before['rsvault_protected_items{state="IRPending"}'] == 1
    set_clock(protected, skipOnWait="off")
    back_up_and_look(protected)
    set_clock(protected, skipOnWait="finish")
    delete_item(protected)
    assert figures(protected)['rsvault_protected_items{state="SoftDeleted"}'] == 1


def back_up_and_look(arm: httpx.Client) -> None:
    done(arm.post(f"{ITEM_ID}/backup"))
    running = 'rsvault_jobs_running{operation="Backup",status="InProgress"}'
    assert figures(arm)[running] == 1
    advance(arm, until="idle")
    found = figures(arm)
    assert running not in found
    assert found['rsvault_jobs{operation="Backup",status="Completed"}'] == 1
    assert found['rsvault_recovery_points{tier="InstantRP and HardenedRP"}'] == 1
    advance(arm, by="P5D")
    assert figures(arm)['rsvault_recovery_points{tier="HardenedRP"}'] >= 1
    assert found['rsvault_counted{table="jobs"}'] == 1


def test_requests_are_counted_by_operation_and_class(arm: httpx.Client) -> None:
    ours = 'operation_id="Vaults_Get",method="GET"'
    answered = f'rsvault_requests_total{{{ours},status="4xx"}}'
    before = figures(arm).get(answered, 0)
    for _ in range(3):
        assert arm.get(VAULT_ID).status_code == 404
    found = figures(arm)
    assert found[answered] == before + 3
    name = "rsvault_request_duration_seconds"
    buckets = [
        value
        for series, value in found.items()
        if series.startswith(f'{name}_bucket{{operation_id="Vaults_Get"')
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == found[f'{name}_count{{operation_id="Vaults_Get"}}'] >= 3
    assert found[f'{name}_sum{{operation_id="Vaults_Get"}}'] > 0


def test_paths_and_methods_that_nobody_knows_make_no_series_of_their_own(
    arm: httpx.Client,
) -> None:
    arm.get("/a/b/c")
    known = len(figures(arm))
    for number in range(20):
        arm.request(f"METHOD{number}", f"/{number}")
    # The scrape above counted itself: those series came with it.
    assert len(figures(arm)) <= known + 20
    again = len(figures(arm))
    arm.request("OTHER", "/elsewhere")
    assert len(figures(arm)) == again


@pytest.mark.parametrize("path", ["/_emulator/metrics", "/_EMULATOR/Metrics/"])
def test_the_path_is_spelled_as_loosely_as_any_other(arm: httpx.Client, path: str) -> None:
    assert done(arm.get(path)).text.startswith("# HELP rsvault_info")


def test_a_refused_precondition_is_counted_too(arm: httpx.Client) -> None:
    done(arm.put(GROUP_ID, json={"location": "westeurope"}))
    arm.put(GROUP_ID, json={"location": "westeurope"}, headers={"If-None-Match": "*"})
    labels = 'operation_id="ResourceGroups_CreateOrUpdate",method="PUT",status="4xx"'
    assert figures(arm)[f"rsvault_requests_total{{{labels}}}"] >= 1
