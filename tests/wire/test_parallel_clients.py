"""Eight clients at once, each with a connection of its own: nothing lost, an answer for everybody.

Each test runs against one server, and against two servers on one database.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.conftest import HOOKS
from tests.wire.builders import (
    ITEM_ID,
    POLICY_ID,
    VAULT_ID,
    Served,
    back_up,
    code_of,
    done,
    item,
    item_body,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    set_clock,
    vm_id,
)

CLIENTS = 8
Act = Callable[[httpx.Client, int], httpx.Response]
Crowd = Callable[[Act], list[httpx.Response]]


@pytest.fixture(params=[1, 2], ids=["one server", "two servers"])
def crowd(
    request: pytest.FixtureRequest, serve: Served, stored_world: str
) -> Iterator[tuple[httpx.Client, Crowd]]:
    """A client to prepare and to look with, and a way to let eight others act at once."""
    servers = [serve(database=stored_world, skip_on_wait="off") for _ in range(request.param)]
    first = servers[0]
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                httpx.Client(base_url=str(at.base_url), event_hooks=HOOKS, timeout=60)
            )
            for at in (servers[number % len(servers)] for number in range(CLIENTS))
        ]
        for client in clients:
            done(client.get("/_emulator/health"))
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))

        def all_at_once(act: Act) -> list[httpx.Response]:
            start = threading.Barrier(CLIENTS)

            def one(number: int) -> httpx.Response:
                start.wait()
                return act(clients[number], number)

            return list(pool.map(one, range(CLIENTS)))

        yield first, all_at_once


def prepare(arm: httpx.Client) -> None:
    """Make a vault that is ready, with a policy and an unprotected VM."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    settle(arm)


def settle(arm: httpx.Client) -> None:
    arm.post("/_emulator/clock/advance", json={"until": "idle"}).raise_for_status()


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    found = Counter(answer.status_code for answer in answers)
    assert max(found) < 500, [answer.text for answer in answers]
    return found


def test_of_many_who_change_what_they_read_none_is_overwritten(
    crowd: tuple[httpx.Client, Crowd],
) -> None:
    arm, all_at_once = crowd
    prepare(arm)

    def add_tags(client: httpx.Client, number: int) -> httpx.Response:
        for turn in range(10):
            shown = done(client.get(VAULT_ID))
            tags = shown.json().get("tags", {}) | {f"{number}-{turn}": "mine"}
            answer = client.put(
                VAULT_ID,
                json={"location": "westeurope", "tags": tags},
                headers={"If-Match": shown.headers["etag"]},
            )
            if answer.is_success:
                won.append(f"{number}-{turn}")
            else:
                lost.append(code_of(answer))
        return answer

    won: list[str] = []
    lost: list[str] = []
    statuses(all_at_once(add_tags))
    assert sorted(done(arm.get(VAULT_ID)).json()["tags"]) == sorted(won)
    assert len(won) + len(lost) == CLIENTS * 10
    assert set(lost) == {"PreconditionFailed"}, "no client met another: the test proves nothing"


def test_each_edit_of_a_policy_starts_from_the_one_before(
    crowd: tuple[httpx.Client, Crowd],
) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    done(arm.put(POLICY_ID, json=policy_body(days=100)))

    def one_day_more(client: httpx.Client, _: int) -> httpx.Response:
        while True:
            shown = done(client.get(POLICY_ID))
            retention = shown.json()["properties"]["retentionPolicy"]
            days = retention["dailySchedule"]["retentionDuration"]["count"]
            body = policy_body(days=days + 1) | {"eTag": shown.headers["etag"]}
            answer = client.put(POLICY_ID, json=body)
            if answer.status_code != 412:
                return answer

    assert statuses(all_at_once(one_day_more)) == {200: CLIENTS}
    properties = done(arm.get(POLICY_ID)).json()["properties"]
    duration = properties["retentionPolicy"]["dailySchedule"]["retentionDuration"]
    assert duration["count"] == 100 + CLIENTS


def test_of_many_who_create_what_must_be_new_one_does(crowd: tuple[httpx.Client, Crowd]) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    new = {"If-None-Match": "*"}
    path = f"{VAULT_ID}/backupPolicies/new"

    def create(client: httpx.Client, number: int) -> httpx.Response:
        return client.put(path, json=policy_body(days=100 + number), headers=new)

    answers = all_at_once(create)
    assert statuses(answers) == {200: 1, 412: CLIENTS - 1}
    winner = next(answer for answer in answers if answer.is_success)
    assert done(arm.get(path)).json() == winner.json()


def test_many_may_create_one_vault(crowd: tuple[httpx.Client, Crowd]) -> None:
    arm, all_at_once = crowd
    put_group(arm)
    answers = all_at_once(lambda client, _: client.put(VAULT_ID, json={"location": "westeurope"}))
    assert statuses(answers) == {201: 1, 200: CLIENTS - 1}
    assert len({answer.headers["etag"] for answer in answers}) == 1


def test_many_may_protect_one_vm(crowd: tuple[httpx.Client, Crowd]) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())
    statuses(all_at_once(lambda client, _: client.put(ITEM_ID, json=body)))
    settle(arm)
    assert len(listed(arm, f"{VAULT_ID}/backupProtectedItems")) == 1
    assert done(arm.get(POLICY_ID)).json()["properties"]["protectedItemsCount"] == 1


def test_of_many_backups_at_once_one_takes_its_snapshot(crowd: tuple[httpx.Client, Crowd]) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    set_clock(arm, skipOnWait="finish")
    protect(arm)
    set_clock(arm, skipOnWait="off")
    answers = all_at_once(lambda client, _: client.post(f"{ITEM_ID}/backup"))
    assert statuses(answers) == {202: CLIENTS}
    assert len({answer.headers["location"] for answer in answers}) == CLIENTS
    settle(arm)
    found = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    ends = Counter(each["properties"]["status"] for each in found)
    assert ends == {"Completed": 1, "Failed": CLIENTS - 1}
    assert len(listed(arm, f"{ITEM_ID}/recoveryPoints")) == 1


def test_those_who_delete_and_those_who_protect_leave_one_whole_state(
    crowd: tuple[httpx.Client, Crowd],
) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    set_clock(arm, skipOnWait="finish")
    protect(arm)
    back_up(arm)
    settle(arm)
    set_clock(arm, skipOnWait="off")
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())

    def act(client: httpx.Client, number: int) -> httpx.Response:
        return client.put(ITEM_ID, json=body) if number % 2 else client.delete(ITEM_ID)

    answers = all_at_once(act)
    assert statuses(answers)[202] >= 1
    for answer in answers:
        if not answer.is_success:
            assert code_of(answer) == "BMSUserErrorItemSoftDeleted"
    settle(arm)
    assert item(arm)["isScheduledForDeferredDelete"] is True
    assert item(arm)["protectionState"] == "ProtectionStopped"
    assert len(listed(arm, f"{ITEM_ID}/recoveryPoints")) == 1


def test_a_vault_is_deleted_or_gets_its_item(crowd: tuple[httpx.Client, Crowd]) -> None:
    arm, all_at_once = crowd
    prepare(arm)
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm_id())

    def act(client: httpx.Client, number: int) -> httpx.Response:
        return client.put(ITEM_ID, json=body) if number % 2 else client.delete(VAULT_ID)

    statuses(all_at_once(act))
    vault_is_there = arm.get(VAULT_ID).status_code == 200
    assert vault_is_there == (arm.get(ITEM_ID).status_code == 200)
