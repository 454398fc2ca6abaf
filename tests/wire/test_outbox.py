"""The outbox on either database: restarts, several servers, and worlds that were saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from app.server import RunningServer, start
from app.settings import Settings
from tests.conftest import START
from tests.wire.builders import done
from tests.wire.receivers import WebhookReceiver
from tests.wire.told import (
    fail_a_backup,
    listened_to,
    protected,
    put_action_group,
    put_rule,
    settle,
    told,
)


def chosen(database: str, home: Path, **more: Any) -> Settings:
    return Settings(
        port=0,
        https_port=None,
        home=home,
        clock_mode="frozen",
        start_time=START,
        database=database,
        **more,
    )


def client_of(server: RunningServer) -> httpx.Client:
    return httpx.Client(base_url=server.http_url, params={"api-version": "2025-04-01"}, timeout=30)


def test_a_restart_between_two_attempts_goes_on(
    stored_world: str, tmp_path: Path, receiver: WebhookReceiver
) -> None:
    receiver.answer([503])
    with start(chosen(stored_world, tmp_path)) as server, client_of(server) as arm:
        listened_to(arm, receiver.url)
        fail_a_backup(arm)
        settle(arm, hurry=False)
    assert len(receiver.got) == 1
    with start(chosen(stored_world, tmp_path)) as server, client_of(server) as arm:
        assert settle(arm)["states"]["Delivered"] == 1
    one, two = receiver.got
    assert (one.body, one.headers["webhook-id"]) == (two.body, two.headers["webhook-id"])


def test_two_servers_on_one_database_tell_everything_once(
    stored_world: str, tmp_path: Path, receiver: WebhookReceiver
) -> None:
    with (
        start(chosen(stored_world, tmp_path)) as one,
        start(chosen(stored_world, tmp_path)) as other,
        client_of(one) as arm,
        client_of(other) as also,
    ):
        protected(arm)
        hooks = [{"name": f"hook-{n}", "serviceUri": receiver.url} for n in range(40)]
        put_action_group(arm, "", webhookReceivers=hooks)
        put_rule(arm)
        fail_a_backup(arm)
        settle(also)
        assert settle(arm)["states"]["Delivered"] == 40
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 40


def test_what_was_saved_is_not_told_again(stored_world: str, tmp_path: Path) -> None:
    with (
        WebhookReceiver(503, 200) as receiver,
        start(chosen(stored_world, tmp_path)) as server,
        client_of(server) as arm,
    ):
        listened_to(arm, receiver.url)
        fail_a_backup(arm)
        settle(arm, hurry=False)
        assert told(arm)[0]["state"] == "Waiting"
        done(arm.put("/_emulator/worlds/saved"))
        settle(arm)
        done(arm.post("/_emulator/worlds/saved/restore"))
        assert told(arm) == []
        assert settle(arm)["settled"]
        fail_a_backup(arm)
        settle(arm)
        assert len(receiver.got) == 3
