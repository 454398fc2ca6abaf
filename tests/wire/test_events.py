"""The stream of events: what happens in a world, as it happens, over a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import start
from app.settings import Settings
from tests.conftest import HOOKS, START
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    SUBSCRIPTION,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    item_body,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    set_clock,
)

EVENTS = "/_emulator/events"
RECORDING = f"{EVENTS}/recording"
BACKUP = [
    "job.started",
    "job.snapshot_taken",
    "recovery_point.created",
    "recovery_point.vaulted",
    "job.completed",
]


@dataclass(frozen=True)
class Message:
    """One message of a stream."""

    id: str | None
    event: str
    data: dict[str, Any]


def messages(lines: Iterator[str]) -> Iterator[Message]:
    """Yield the messages that an EventSource would hand to its listeners."""
    found: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            found[name] = value.removeprefix(" ")
            continue
        if "data" in found:
            yield Message(found.get("id"), found["event"], json.loads(found["data"]))
        found = {}


def kept(arm: httpx.Client, **filters: Any) -> list[Message]:
    answer = done(arm.get(EVENTS, params={"follow": "false", **filters}))
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    return list(messages(iter(answer.text.splitlines())))


def last_number(arm: httpx.Client) -> int:
    return int(done(arm.get(RECORDING)).json()["last"])


def kinds(found: list[Message]) -> list[str]:
    return [each.event for each in found]


@contextmanager
def listening(
    arm: httpx.Client, after: str | None = None, **filters: Any
) -> Iterator[Iterator[Message]]:
    """Listen on a connection of its own."""
    headers = {} if after is None else {"Last-Event-ID": after}
    with (
        httpx.Client(base_url=arm.base_url, timeout=30) as own,
        own.stream("GET", EVENTS, params=filters, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        yield messages(answer.iter_lines())


@pytest.fixture
def recorded(protected: httpx.Client) -> Iterator[httpx.Client]:
    """A client of a world whose VM is protected, recorded from now on."""
    advance(protected, until="idle")
    done(protected.put(RECORDING))
    yield protected
    done(protected.delete(RECORDING))


# --- what is told ------------------------------------------------------------------------


def test_the_life_of_a_backup_is_told_with_the_ids_that_azure_has(recorded: httpx.Client) -> None:
    advance(recorded, by="P1D")
    told = kept(recorded)
    assert kinds(told) == BACKUP
    first = int(told[0].id or 0)
    assert [each.id for each in told] == [str(first + place) for place in range(5)]
    last = told[-1].data
    job = done(recorded.get(last["jobId"])).json()
    assert job["properties"]["endTime"] == last["virtualTime"]
    assert last | {"jobId": 0, "virtualTime": 0, "realTime": 0} == {
        "kind": "job.completed",
        "virtualTime": 0,
        "realTime": 0,
        "subscription": SUBSCRIPTION,
        "vaultId": VAULT_ID,
        "itemId": done(recorded.get(ITEM_ID)).json()["id"],
        "item": "vm-1",
        "jobId": 0,
        "recoveryPointId": None,
        "operation": "Backup",
        "status": "Completed",
        "errorCode": None,
        "alert": None,
        "alertId": None,
    }
    (point,) = listed(recorded, POINTS)
    assert {each.data["recoveryPointId"] for each in told[2:4]} == {point["id"]}
    assert [each.data["status"] for each in told[2:4]] == ["InstantRP", "HardenedRP"]


def test_points_are_told_until_they_are_gone(recorded: httpx.Client) -> None:
    back_up(recorded, until="2026-01-12T00:00:00Z")
    advance(recorded, until="idle")
    first = kept(recorded)
    (point,) = [each.data["recoveryPointId"] for each in first if each.event == BACKUP[2]]
    advance(recorded, by="P14D")
    after = [each for each in kept(recorded) if each.data["recoveryPointId"] == point]
    assert kinds(after)[2:] == ["recovery_point.snapshot_expired", "recovery_point.expired"]
    assert after[-1].data["virtualTime"] == "2026-01-12T00:00:00Z"
    assert refused(recorded.get(point))[0] == 404


def test_points_of_a_deleted_item_are_told_until_the_purge(recorded: httpx.Client) -> None:
    advance(recorded, by="P2D")
    before = kept(recorded)[-1].id
    delete_item(recorded)
    back = item_body(protectionState="ProtectionStopped", isRehydrate=True)
    done(recorded.put(ITEM_ID, json=back))
    advance(recorded, until="idle")
    delete_item(recorded)
    advance(recorded, by="P15D")
    told = kept(recorded, after=before, kind="recovery_point.*")
    assert kinds(told) == [
        *["recovery_point.soft_deleted"] * 2,
        *["recovery_point.undeleted"] * 2,
        *["recovery_point.soft_deleted"] * 2,
        *["recovery_point.deleted"] * 2,
    ]
    assert len({each.data["recoveryPointId"] for each in told}) == 2


def test_a_failed_and_a_cancelled_job_say_so(recorded: httpx.Client) -> None:
    set_clock(recorded, skipOnWait="off")
    fault = {"fault": "transfer-fails", "count": 1}
    done(recorded.post("/_emulator/faults", json=fault))
    advance(recorded, by="P1D")
    done(recorded.post(f"{ITEM_ID}/backup", json={"properties": {
        "objectType": "IaasVMBackupRequest"}}))  # fmt: skip
    (job,) = [each.data["jobId"] for each in kept(recorded)[-1:]]
    done(recorded.post(f"{job}/cancel"))
    advance(recorded, by="PT1H")
    (ended,) = kept(recorded, kind="job.completed_with_warnings")
    assert ended.data["errorCode"] is not None
    (cancelled,) = kept(recorded, kind="job.cancelled", job=job)
    assert cancelled.data["status"] == "Cancelled"


def test_where_points_are_hidden_none_is_told_before_it_is_in_the_vault(serve: Served) -> None:
    arm = serve(recovery_point_visibility="vault", events=100)
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(arm)
    advance(arm, by="P1D")
    told = kept(arm, operation="Backup")
    assert kinds(told) == [*BACKUP[:2], *BACKUP[2:]]
    assert told[2].data["virtualTime"] == told[3].data["virtualTime"]


def test_a_reset_is_told_and_forgets_what_was(recorded: httpx.Client) -> None:
    advance(recorded, by="P1D")
    last = last_number(recorded)
    done(recorded.post("/_emulator/reset"))
    (told,) = kept(recorded)
    assert (told.event, told.id) == ("world.reset", str(last + 1))
    assert kinds(kept(recorded, after=last - 1)) == ["events.lost", "world.reset"]
    assert kinds(kept(recorded, after=last, subscription=SUBSCRIPTION)) == ["world.reset"]


def test_a_saved_world_comes_back_and_what_runs_in_it_is_told(recorded: httpx.Client) -> None:
    set_clock(recorded, skipOnWait="off")
    advance(recorded, by="PT22H1M")
    done(recorded.put("/_emulator/worlds/running"))
    advance(recorded, by="P1D")
    done(recorded.post("/_emulator/worlds/running/restore"))
    assert kinds(kept(recorded)) == ["world.restored"]
    advance(recorded, by="PT4H")
    assert kinds(kept(recorded)) == ["world.restored", *BACKUP[1:]]


# --- nothing is recorded until somebody asks -----------------------------------------------


def test_nothing_is_recorded_until_somebody_asks(protected: httpx.Client) -> None:
    status, code = refused(protected.get(EVENTS))
    assert (status, code) == (409, "EventsNotRecorded")
    told = protected.get(EVENTS).json()["error"]["message"]
    assert "PUT /_emulator/events/recording" in told
    assert "--events" in told
    shown = done(protected.get(RECORDING)).json()
    assert shown["recording"] is False
    advance(protected, by="P2D")
    begun = done(protected.put(RECORDING, json={"keep": 7})).json()
    assert (begun["recording"], begun["keep"]) == (True, 7)
    assert kept(protected) == []
    assert done(protected.put(RECORDING)).json()["keep"] == 7
    advance(protected, by="P2D")
    assert len(kept(protected)) == 7
    ended = done(protected.delete(RECORDING)).json()
    assert (ended["recording"], ended["last"]) == (False, begun["last"] + 12)
    assert protected.get(EVENTS).status_code == 409


@pytest.mark.parametrize("keep", [0, -1, 1_000_001, "7", 1.5, True])
def test_a_bound_that_cannot_be_is_refused(arm: httpx.Client, keep: Any) -> None:
    answer = arm.put(RECORDING, json={"keep": keep})
    assert answer.status_code == 400
    assert "keep" in answer.json()["error"]["message"]


# --- filters -------------------------------------------------------------------------------


def test_events_are_found_by_every_filter(recorded: httpx.Client) -> None:
    put_vm(recorded, "vm-2")
    protect(recorded, "vm-2")
    advance(recorded, by="P1D")
    everything = kept(recorded)
    mine = [each for each in everything if each.data["item"] == "vm-1"]
    assert 0 < len(mine) < len(everything)
    assert kept(recorded, item="VM-1") == kept(recorded, item=ITEM_ID.upper()) == mine
    assert kept(recorded, vault="vault-1") == kept(recorded, vault=VAULT_ID.lower()) == everything
    assert kept(recorded, vault="ault-1") == []
    assert kept(recorded, subscription=SUBSCRIPTION) == everything
    assert kept(recorded, subscription="99999999-2222-3333-4444-555555555555") == []
    completed = kept(recorded, kind="job.completed", operation="backup")
    assert len(completed) == 2
    assert {*kinds(kept(recorded, kind="job.*,recovery_point.created"))} == {
        "job.started", "job.snapshot_taken", "job.completed", "recovery_point.created",
    }  # fmt: skip
    job = completed[0].data["jobId"]
    assert kinds(kept(recorded, job=job)) == BACKUP
    assert kept(recorded, job=job.rpartition("/")[2]) == kept(recorded, job=job)
    assert kept(recorded, after=everything[2].id, limit="2") == everything[3:5]
    assert kept(recorded, after="latest") == []


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"kind": "job.complted"}, "did you mean 'job.completed'"),
        ({"kind": ""}, "kind"),
        ({"subscription": "mine"}, "subscription"),
        ({"vault": ""}, "vault"),
        ({"item": "x" * 2001}, "item"),
        ({"job": "mine"}, "job"),
        ({"operation": "Nap"}, "Restore"),
        ({"after": "-1"}, "after"),
        ({"after": "9" * 30}, "after"),
        ({"follow": "maybe"}, "follow"),
        ({"limit": "0"}, "limit"),
        ({"wait": "86401"}, "wait"),
        ({"knd": "job.*"}, "did you mean 'kind'"),
    ],
)
def test_a_filter_that_is_none_is_refused(
    arm: httpx.Client, sent: dict[str, str], named: str
) -> None:
    answer = arm.get(EVENTS, params=sent)
    assert refused(answer) == (400, "InvalidEventFilter")
    assert named in answer.json()["error"]["message"]


def test_a_last_event_id_that_is_none_is_refused(arm: httpx.Client) -> None:
    answer = arm.get(EVENTS, headers={"Last-Event-ID": "yesterday"})
    assert refused(answer) == (400, "InvalidEventFilter")
    assert "Last-Event-ID" in answer.json()["error"]["message"]


# --- the stream ----------------------------------------------------------------------------


def test_a_listener_hears_of_what_happens_and_comes_back_without_a_gap(
    recorded: httpx.Client,
) -> None:
    with listening(recorded) as heard:
        advance(recorded, by="P1D")
        first = [next(heard) for _ in range(3)]
    advance(recorded, by="P1D")
    with listening(recorded, after=first[-1].id) as heard:
        second = [next(heard) for _ in range(7)]
    assert [*first, *second] == kept(recorded)


def test_who_was_away_for_too_long_is_told(recorded: httpx.Client) -> None:
    done(recorded.put(RECORDING, json={"keep": 3}))
    begun = last_number(recorded)
    advance(recorded, by="P2D")
    with listening(recorded, after=str(begun + 1)) as heard:
        lost, *others = [next(heard) for _ in range(4)]
    assert (lost.event, lost.id) == ("events.lost", None)
    assert lost.data == {"after": begun + 1, "lostUpTo": begun + 7, "last": begun + 10}
    assert [int(each.id or 0) - begun for each in others] == [8, 9, 10]
    # A number that was not given yet is that of another world.
    assert kinds(kept(recorded, after=begun + 999))[0] == "events.lost"
    assert kinds(kept(recorded))[0] != "events.lost"


def test_a_listener_hears_that_recording_ends(recorded: httpx.Client) -> None:
    with listening(recorded) as heard:
        done(recorded.delete(RECORDING))
        assert kinds(list(heard)) == ["events.ended"]


def test_a_stream_ends_after_so_many_events_or_seconds(recorded: httpx.Client) -> None:
    advance(recorded, by="P1D")
    with listening(recorded, limit="2") as heard:
        assert kinds(list(heard)) == BACKUP[:2]
    with listening(recorded, wait="0", after=str(last_number(recorded) - 1)) as heard:
        assert kinds(list(heard)) == BACKUP[4:]
    with listening(recorded, wait="1", kind="job.failed") as heard:
        assert list(heard) == []


def test_many_listen_at_once_and_all_hear_the_same(recorded: httpx.Client) -> None:
    def hear(_: int) -> list[Message]:
        with listening(recorded, limit="10") as heard:
            return list(heard)

    with ThreadPoolExecutor(30) as threads:
        everybody = threads.map(hear, range(30))
        advance(recorded, by="P2D")
        told = list(everybody)
    assert told == [kept(recorded)] * 30


# --- servers -------------------------------------------------------------------------------


def test_a_listener_goes_on_after_a_restart(stored_world: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"port": 0, "https_port": None, "home": tmp_path}
    options |= {"database": stored_world, "clock_mode": "frozen", "start_time": START}
    with start(Settings(**options, events=50)) as server, client_of(server) as arm:
        for build in (put_group, put_vm, put_vault, put_policy, protect):
            build(arm)
        advance(arm, by="P1D")
        before = kept(arm)
        with listening(arm, after=before[-1].id) as heard:
            server.stop()
            assert list(heard) == [], "the stream ends with the server"
    with start(Settings(**options)) as server, client_of(server) as arm:
        assert kept(arm) == before
        with listening(arm, after=before[-1].id) as heard:
            advance(arm, by="P1D")
            assert [next(heard).event for _ in BACKUP] == BACKUP


def client_of(server: Any) -> httpx.Client:
    return httpx.Client(base_url=server.http_url, event_hooks=HOOKS, timeout=30)


def test_who_goes_is_let_go_of(tmp_path: Path) -> None:
    from app.main import create_app

    apps: list[Any] = []
    settings = Settings(port=0, https_port=None, home=tmp_path, events=9, clock_mode="frozen")

    def create(chosen: Settings) -> Any:
        apps.append(create_app(chosen))
        return apps[0]

    with start(settings, create=create) as server, client_of(server) as arm:
        listeners = apps[0].state.listeners
        with listening(arm), listening(arm):
            assert len(listeners) == 2
        # Whoever asks next is served after the ends of the connections were seen.
        for _ in range(200):
            done(arm.get(RECORDING))
            if not len(listeners):
                break
        assert len(listeners) == 0


def test_another_process_moves_time_and_this_one_tells(serve: Served, stored_world: str) -> None:
    one = serve(database=stored_world, events=100)
    other = serve(database=stored_world, run_engine=False)
    for build in (put_group, put_vm, put_vault, put_policy, protect):
        build(one)
    with listening(other, operation="Backup") as heard:
        advance(one, by="P1D")
        assert [next(heard).event for _ in BACKUP] == BACKUP


def test_alerts_are_told_as_they_are_raised_and_resolved(recorded: httpx.Client) -> None:
    done(recorded.post("/_emulator/faults", json={"fault": "agent-not-ready", "count": 1}))
    advance(recorded, by="P2D")
    fired, resolved = kept(recorded, kind="alert.*", item="vm-1")
    assert (fired.event, resolved.event) == ("alert.fired", "alert.resolved")
    (failed,) = kept(recorded, kind="job.failed")
    assert fired.data["virtualTime"] == failed.data["virtualTime"]
    assert fired.data["errorCode"] == failed.data["errorCode"]
    assert fired.data["jobId"] == failed.data["jobId"]
    alert = done(recorded.get(fired.data["alertId"])).json()["properties"]["essentials"]
    assert alert["alertRule"] == fired.data["alert"] == resolved.data["alert"]
    assert alert["monitorConditionResolvedDateTime"] == resolved.data["virtualTime"]
