"""The clock on the wire: moved, changed, watched while it moves, and begun again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.server import RunningServer
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    REQUEST_IDS,
    RESTORE,
    ROOT,
    STORAGE_ID,
    VAULT_ID,
    Served,
    advance,
    back_up,
    done,
    item_body,
    job,
    listed,
    now,
    policy_body,
    protect,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

CLOCK = "/_emulator/clock"
START = "2026-01-01T00:00:00Z"


def read(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.get(CLOCK)).json()
    return found


def move(arm: httpx.Client, body: Any) -> httpx.Response:
    return arm.post(f"{CLOCK}/advance", json=body)


# --- read --------------------------------------------------------------------------------


def test_the_clock_shows_how_time_runs(arm: httpx.Client) -> None:
    shown = read(arm)
    assert shown == {
        "now": START,
        "mode": "frozen",
        "rate": 1,
        "skipOnWait": "finish",
        "epoch": shown["epoch"],
        "seed": 0,
        "startTime": START,
        "advancing": None,
    }


def test_a_frozen_clock_stands_still(arm: httpx.Client) -> None:
    assert {now(arm) for _ in range(5)} == {START}


def test_health_knows_the_time(arm: httpx.Client, dialect: str) -> None:
    advance(arm, by="PT1H")
    health = arm.get("/_emulator/health").json()
    database = "memory" if dialect == "sqlite" else dialect
    assert (health["status"], health["database"]) == ("ok", database)
    assert health["now"] == "2026-01-01T01:00:00Z"
    assert health["version"]


# --- moved -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "then"),
    [
        ("PT0S", START),
        ("PT0.000001S", "2026-01-01T00:00:00.000001Z"),
        ("PT90M", "2026-01-01T01:30:00Z"),
        ("P1M", "2026-02-01T00:00:00Z"),
        ("P1Y2M3DT4H5M6.5S", "2027-03-04T04:05:06.5Z"),
        ("P2W", "2026-01-15T00:00:00Z"),
        ("P120D", "2026-05-01T00:00:00Z"),
        ("P1000Y", "3026-01-01T00:00:00Z"),
    ],
)
def test_the_clock_is_moved_by_a_duration(arm: httpx.Client, duration: str, then: str) -> None:
    answer = move(arm, {"by": duration})
    assert answer.json()["now"] == then
    assert read(arm) == answer.json()


@pytest.mark.parametrize(
    ("instant", "then"),
    [
        (START, START),
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ("2026-01-02T01:00:00+01:00", "2026-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00.0000019Z", "2026-01-01T00:00:00.000001Z"),
        ("2026-06-01T00:00:00", "2026-06-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_the_clock_is_moved_to_an_instant(arm: httpx.Client, instant: str, then: str) -> None:
    assert advance(arm, to=instant) == then


def test_the_clock_moves_until_nothing_runs(protected: httpx.Client) -> None:
    job_id = back_up(protected)
    then = advance(protected, until="idle")
    found = job(protected, job_id)
    assert found["status"] == "Completed"
    assert found["endTime"] == then
    assert advance(protected, until="idle") == then
    assert then < "2026-01-01T22:00:00Z"


def test_the_clock_moves_until_a_job_is_done_and_no_further(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2", gigabytes=2000)
    protect(protected, "vm-2")
    long = back_up(protected, ITEM_ID.replace("vm-1", "vm-2"))
    short = back_up(protected)
    then = advance(protected, until={"job": short.upper()})
    assert job(protected, short)["endTime"] == then
    running = listed(protected, f"{VAULT_ID}/backupJobs", **{"$filter": "status eq 'InProgress'"})
    assert [each["name"] for each in running] == [long]
    assert advance(protected, until={"job": short}) == then


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": None},
        {"by": ""},
        {"by": "120 days"},
        {"by": "-P1D"},
        {"by": "P"},
        {"by": "P0.5M"},
        {"by": "P99999Y"},
        {"by": "P1D" * 50},
        {"by": 7},
        {"by": "P1D", "to": "2030-01-01T00:00:00Z"},
        {"by": "P1D", "until": "idle"},
        {"to": ""},
        {"to": "tomorrow"},
        {"to": "2025-12-31T23:59:59Z"},
        {"to": "0001-01-01T00:00:00Z"},
        {"to": "2026-13-01T00:00:00Z"},
        {"to": "10000-01-01T00:00:00Z"},
        {"to": 1_767_225_600},
        {"until": "bored"},
        {"until": {}},
        {"until": {"job": "7"}},
        {"until": {"job": 7}},
        {"until": []},
        [],
        "P1D",
    ],
)
def test_a_move_that_cannot_be_is_refused_and_the_clock_stands(
    arm: httpx.Client, body: Any
) -> None:
    before = read(arm)
    answer = move(arm, body)
    assert answer.status_code == 400
    assert refused(answer)[1] in ("InvalidAdvance", "InvalidClock", "InvalidRequestContent")
    assert read(arm) == before


def test_nobody_can_wait_for_a_job_that_is_not_there(arm: httpx.Client) -> None:
    answer = move(arm, {"until": {"job": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"}})
    assert refused(answer) == (404, "JobNotFound")


# --- changed -----------------------------------------------------------------------------


def test_a_live_clock_runs_and_stops_where_it_is_frozen(arm: httpx.Client) -> None:
    set_clock(arm, mode="live")
    assert read(arm)["mode"] == "live"
    seen = {now(arm) for _ in range(5)}
    assert len(seen) == 5
    set_clock(arm, mode="frozen")
    stopped = now(arm)
    assert stopped >= max(seen)
    assert now(arm) == stopped


def test_a_scaled_clock_runs_faster(arm: httpx.Client) -> None:
    set_clock(arm, mode="scaled", rate=86_400)
    assert (read(arm)["mode"], read(arm)["rate"]) == ("scaled", 86_400)
    first = datetime.fromisoformat(now(arm))
    second = datetime.fromisoformat(now(arm))
    assert (second - first).total_seconds() > 1
    set_clock(arm, mode="frozen")
    assert read(arm)["rate"] == 1


def test_time_does_not_jump_when_the_mode_changes(arm: httpx.Client) -> None:
    advance(arm, by="P10D")
    set_clock(arm, mode="live")
    assert now(arm).startswith("2026-01-11T00:00:0")
    set_clock(arm, mode="scaled", rate=2)
    assert now(arm).startswith("2026-01-11T00:00:")
    set_clock(arm, mode="frozen")
    assert now(arm).startswith("2026-01-11T00:00:")


def test_a_running_clock_does_what_becomes_due(protected: httpx.Client) -> None:
    set_clock(protected, skipOnWait="off")
    job_id = back_up(protected)
    set_clock(protected, mode="scaled", rate=31_536_000)
    while job(protected, job_id)["status"] == "InProgress":
        pass
    set_clock(protected, mode="frozen")
    assert job(protected, job_id)["status"] == "Completed"


@pytest.mark.parametrize("mode", ["off", "step", "finish"])
def test_waiting_is_changed_alone(arm: httpx.Client, mode: str) -> None:
    answer = done(arm.patch(CLOCK, json={"skipOnWait": mode}))
    assert (answer.json()["skipOnWait"], answer.json()["mode"]) == (mode, "frozen")
    assert arm.patch(CLOCK, json={}).json() == answer.json()


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "stopped"},
        {"mode": 7},
        {"rate": 2},
        {"mode": "live", "rate": 2},
        {"mode": "scaled", "rate": 0},
        {"mode": "scaled", "rate": -1},
        {"mode": "scaled", "rate": 1.5},
        {"mode": "scaled", "rate": True},
        {"mode": "scaled", "rate": 31_536_001},
        {"mode": "scaled", "rate": 10**30},
        {"skipOnWait": "maybe"},
        {"skipOnWait": True},
    ],
)
def test_a_change_that_cannot_be_is_refused_and_the_clock_is_as_it_was(
    arm: httpx.Client, body: dict[str, Any]
) -> None:
    before = read(arm)
    assert refused(arm.patch(CLOCK, json=body))[0] == 400
    assert read(arm) == before


# --- while a long advance runs ------------------------------------------------------------


def test_others_are_answered_while_a_long_advance_runs(
    protected: httpx.Client, server: RunningServer, dialect: str
) -> None:
    for number in range(2, 6):
        put_vm(protected, f"vm-{number}")
        protect(protected, f"vm-{number}")
    seen: list[dict[str, Any]] = []
    over = threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=server.http_url, params={"api-version": "2025-04-01"}) as other:
            while not over.is_set():
                assert other.get(VAULT_ID).status_code == 200
                assert other.put(POLICY_ID, json=policy_body()).status_code == 200
                seen.append(read(other))

    with ThreadPoolExecutor() as pool:
        watcher = pool.submit(watch)
        then = advance(protected, by="P4Y" if dialect == "sqlite" else "P1Y")
        over.set()
        watcher.result()
    under_way = [each for each in seen if each["advancing"]]
    times = [each["now"] for each in under_way]
    assert len(set(times)) > 2, "the advance was over before anyone could look"
    assert times == sorted(times)
    assert {each["advancing"]["to"] for each in under_way} == {then}
    assert read(protected)["advancing"] is None


def test_a_reset_ends_an_advance_that_still_runs(
    protected: httpx.Client, server: RunningServer
) -> None:
    url = f"{server.http_url}{CLOCK}/advance"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(httpx.post, url, json={"by": "P200Y"}, timeout=60)
        while read(protected)["advancing"] is None and not running.done():
            pass
        assert done(protected.post("/_emulator/reset")).json()["now"] == START
        assert refused(running.result()) == (409, "WorldWasReset")
    assert read(protected)["advancing"] is None
    assert now(protected) == START


def test_two_advances_at_once_follow_one_another(
    protected: httpx.Client, server: RunningServer
) -> None:
    def day(_: int) -> None:
        done(httpx.post(f"{server.http_url}{CLOCK}/advance", json={"by": "P1D"}, timeout=30))

    before = datetime.fromisoformat(now(protected))
    with ThreadPoolExecutor() as pool:
        list(pool.map(day, range(4)))
    assert (datetime.fromisoformat(now(protected)) - before).days == 4
    assert len(listed(protected, POINTS)) == 4


# --- begun again -------------------------------------------------------------------------


def test_a_reset_empties_the_world_and_opens_an_epoch(protected: httpx.Client) -> None:
    advance(protected, by="P3D")
    before = read(protected)
    answer = done(protected.post("/_emulator/reset"))
    assert answer.json() == before | {"now": START, "epoch": before["epoch"] + 1}
    assert listed(protected, f"{ROOT}/resourceGroups") == []
    assert refused(protected.get(ITEM_ID)) == (404, "ResourceGroupNotFound")


def play(arm: httpx.Client) -> list[tuple[int, bytes, dict[str, str]]]:
    """Do a bit of everything from an empty world and return all that was answered."""
    done(arm.post("/_emulator/reset"))
    heard = []

    def ask(method: str, path: str, body: Any = None) -> httpx.Response:
        answer = arm.request(method, path, json=body)
        headers = {name: value for name, value in answer.headers.items() if name not in REQUEST_IDS}
        heard.append((answer.status_code, answer.content, headers))
        return answer

    ask("PUT", GROUP_ID, {"location": "westeurope"})
    ask("PUT", vm_id(), vm_body())
    ask("PUT", STORAGE_ID, {"location": "westeurope", "sku": {"name": "Standard_LRS"}})
    ask("PUT", VAULT_ID, {"location": "westeurope"})
    ask("PUT", POLICY_ID, policy_body())
    enabled = ask("PUT", ITEM_ID, item_body(policyId=POLICY_ID, sourceResourceId=vm_id()))
    ask("GET", enabled.headers["azure-asyncoperation"])
    ask("POST", f"{ITEM_ID}/backup", {})
    ask("POST", f"{ITEM_ID}/backup", {})
    arm.post(f"{CLOCK}/advance", json={"by": "P5D"})
    for point in ask("GET", POINTS).json()["value"]:
        restored = ask("POST", f"{point['id']}/restore", RESTORE)
        ask("GET", restored.headers["location"])
    arm.post(f"{CLOCK}/advance", json={"until": "idle"})
    for each in ask("GET", f"{VAULT_ID}/backupJobs").json()["value"]:
        ask("GET", each["id"])
    ask("GET", f"{GROUP_ID}/providers/Microsoft.Compute/disks")
    ask("DELETE", ITEM_ID)
    ask("GET", ITEM_ID)
    ask("PUT", ITEM_ID, item_body(policyId=""))
    return heard


def test_the_same_calls_after_a_reset_get_the_same_bytes(arm: httpx.Client) -> None:
    first, second = play(arm), play(arm)
    assert len(first) > 20
    assert first == second
    assert any("location" in headers for _, _, headers in first)


def test_two_servers_of_one_seed_answer_with_the_same_bytes(serve: Served) -> None:
    one, other, different = serve(seed=7), serve(seed=7), serve(seed=8)

    def bodies(arm: httpx.Client) -> list[bytes]:
        # The address of a storage account's blobs is on the server's own host.
        host = str(arm.base_url).rstrip("/").encode()
        return [body.replace(host, b"https://host") for _, body, _ in play(arm)]

    assert bodies(one) == bodies(other)
    assert bodies(one) != bodies(different)
