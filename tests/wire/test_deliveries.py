"""What webhooks are told of alerts, on real sockets: once, signed, and again if need be."""

from __future__ import annotations

import time

import httpx
import pytest
from click.testing import CliRunner, Result

from app.cli import rsvault
from app.client import ControlError, ControlPlane
from app.server import RunningServer
from tests.wire.builders import (
    ITEM_ID,
    ROOT,
    VAULT_ID,
    Served,
    back_up,
    done,
    error_of,
    listed,
)
from tests.wire.receivers import HANG_UP, SILENCE, WebhookReceiver, is_signed
from tests.wire.told import (
    DELIVERIES,
    KEY,
    ONCALL,
    RULE,
    fail_a_backup,
    listened_to,
    protected,
    put_action_group,
    put_rule,
    settle,
    told,
)


def test_a_failed_backup_is_told_in_the_common_alert_schema(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    protected(arm)
    put_action_group(arm, f"{receiver.url}/alerts?code=open-sesame")
    put_rule(arm)
    fail_a_backup(arm)
    assert settle(arm)["states"] == {
        "Waiting": 0,
        "Sending": 0,
        "Delivered": 1,
        "Failed": 0,
        "NotSent": 0,
    }
    (got,) = receiver.got
    assert got.path == "/alerts?code=open-sesame"
    assert got.headers["content-type"].startswith("application/json")
    assert got.document["schemaId"] == "azureMonitorCommonAlertSchema"
    essentials = got.essentials
    assert (
        essentials.items()
        >= {
            "alertRule": "Backup Failure",
            "severity": "Sev1",
            "signalType": "Log",
            "monitorCondition": "Fired",
            "monitoringService": "Azure Backup",
            "alertTargetIDs": [VAULT_ID.lower()],
            "configurationItems": ["vault-1"],
            "targetResourceType": "microsoft.recoveryservices/vaults",
            "targetResourceGroup": "group-1",
            "essentialsVersion": "1.0",
            "alertContextVersion": "1.0",
        }.items()
    )
    assert essentials["firedDateTime"].startswith("2026-01-01T")
    context = got.document["data"]["alertContext"]
    assert context["category"] == "Jobs"
    assert context["protectedItemId"].lower() == ITEM_ID.lower()
    assert context["linkedResourceName"] == "vm-1"
    (shown,) = told(arm)
    assert shown["payload"] == got.document
    assert shown["id"] == got.headers["webhook-id"]
    assert shown["alertId"] == essentials["alertId"]
    assert (shown["state"], shown["attempts"], shown["status"]) == ("Delivered", 1, 200)
    assert shown["uri"] == f"{receiver.url}/alerts?code={{secret-1}}"


def test_it_is_signed_with_the_worlds_key(arm: httpx.Client, receiver: WebhookReceiver) -> None:
    listened_to(arm, receiver.url)
    fail_a_backup(arm)
    settle(arm)
    key = done(arm.get(f"{DELIVERIES}/key")).json()["signingSecret"]
    (got,) = receiver.got
    assert is_signed(got, key)
    assert not is_signed(got, KEY)
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60  # noqa: TID251


def test_without_a_rule_nothing_is_told(arm: httpx.Client, receiver: WebhookReceiver) -> None:
    protected(arm)
    put_action_group(arm, receiver.url)
    fail_a_backup(arm)
    assert told(arm) == []
    put_rule(arm, enabled=False)
    fail_a_backup(arm)
    assert told(arm) == []


def test_a_rule_that_removes_all_groups_keeps_an_alert_silent(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    listened_to(arm, receiver.url)
    night = {"recurrenceType": "Daily", "startTime": "22:00:00", "endTime": "06:00:00"}
    put_rule(
        arm,
        RULE.replace("rule-1", "rule-2"),
        actions=[{"actionType": "RemoveAllActionGroups"}],
        schedule={"timeZone": "UTC", "recurrences": [night]},
    )
    fail_a_backup(arm)
    assert told(arm) == []
    (alert,) = listed(arm, f"{ROOT}/providers/Microsoft.AlertsManagement/alerts")
    assert alert["properties"]["essentials"]["actionStatus"] == {"isSuppressed": True}
    done(arm.post("/_emulator/clock/advance", json={"to": "2026-01-01T12:00:00Z"}))
    fail_a_backup(arm)
    settle(arm)
    assert [got.essentials["firedDateTime"][:13] for got in receiver.got] == ["2026-01-01T12"]


def test_who_is_not_told_is_noted_with_the_reason(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    protected(arm)
    put_action_group(
        arm,
        receiver.url,
        emailReceivers=[{"name": "mail", "emailAddress": "ops@example.org"}],
        webhookReceivers=[{"name": "secure", "serviceUri": receiver.url, "useAadAuth": True}],
    )
    put_rule(arm)
    fail_a_backup(arm)
    assert settle(arm)["states"]["NotSent"] == 2
    reasons = {each["receiver"]: each["problem"] for each in told(arm, state="notsent")}
    assert reasons["mail"] == "not sent: no mail leaves the emulator"
    assert "Entra ID" in reasons["secure"]
    assert receiver.got == []


def test_a_group_that_is_disabled_or_deleted_is_not_told(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    protected(arm)
    put_action_group(arm, receiver.url, enabled=False)
    put_rule(arm)
    fail_a_backup(arm)
    done(arm.delete(ONCALL))
    fail_a_backup(arm)
    assert told(arm) == []


@pytest.mark.parametrize("first", [503, 429, HANG_UP])
def test_a_webhook_is_called_again_with_the_same_body_and_id(
    arm: httpx.Client, receiver: WebhookReceiver, first: int
) -> None:
    listened_to(arm, receiver.url)
    receiver.answer([first])
    fail_a_backup(arm)
    assert settle(arm)["states"]["Delivered"] == 1
    one, two = receiver.got
    assert one.body == two.body
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert told(arm)[0]["attempts"] == 2


def test_what_azure_does_not_retry_fails_at_once(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    listened_to(arm, receiver.url)
    receiver.answer([500])
    fail_a_backup(arm)
    settle(arm)
    (shown,) = told(arm, state="Failed")
    assert (shown["attempts"], shown["status"]) == (1, 500)
    assert shown["problem"] == "the answer was 500"


def test_after_six_attempts_it_has_failed(arm: httpx.Client, receiver: WebhookReceiver) -> None:
    listened_to(arm, receiver.url)
    receiver.answer([503] * 10)
    fail_a_backup(arm)
    settle(arm)
    assert len(receiver.got) == 6
    (shown,) = told(arm)
    assert (shown["state"], shown["attempts"], shown["nextAttemptAt"]) == ("Failed", 6, None)


def test_without_hurry_what_waits_for_its_next_attempt_is_left(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    listened_to(arm, receiver.url)
    receiver.answer([503])
    fail_a_backup(arm)
    elsewhere = {"subscription": "99999999-2222-3333-4444-555555555555"}
    settled = done(arm.post(f"{DELIVERIES}/settle", params=elsewhere)).json()
    assert (settled["settled"], settled["waiting"]) == (True, 0)
    left = settle(arm, hurry=False)
    assert (left["settled"], left["waiting"]) == (True, 1)
    (shown,) = told(arm)
    assert shown["state"] == "Waiting"
    assert shown["nextAttemptAt"] > shown["attemptedAt"]
    assert settle(arm)["settled"]


def test_filters_and_pages(arm: httpx.Client, receiver: WebhookReceiver) -> None:
    listened_to(arm, receiver.url)
    for _ in range(3):
        fail_a_backup(arm)
    settle(arm)
    everything = told(arm)
    assert [each["createdAt"] for each in everything] == sorted(
        each["createdAt"] for each in everything
    )
    first = done(arm.get(DELIVERIES, params={"$top": "2"})).json()
    assert first["value"] == everything[:2]
    alert = everything[1]["alertId"]
    assert told(arm, alert=alert) == [everything[1]]
    assert told(arm, alert=alert.rpartition("/")[2]) == [everything[1]]
    assert told(arm, actionGroup="ONCALL") == told(arm, actionGroup=ONCALL) == everything
    assert told(arm, actionGroup="call") == []
    assert told(arm, subscription="99999999-2222-3333-4444-555555555555") == []
    for wrong in ({"state": "Lost"}, {"alert": "x"}, {"colour": "red"}, {"subscription": "x"}):
        error = error_of(arm.get(DELIVERIES, params=wrong), 400)
        assert error["target"] == next(iter(wrong))


def test_what_is_resolved_by_a_later_backup_is_told_too(
    arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    listened_to(arm, receiver.url)
    fail_a_backup(arm)
    back_up(arm, ITEM_ID)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    settle(arm)
    conditions = {got.essentials["monitorCondition"]: got.essentials for got in receiver.got}
    assert set(conditions) == {"Fired", "Resolved"}
    fired, resolved = conditions["Fired"], conditions["Resolved"]
    assert fired["alertId"] == resolved["alertId"]
    assert resolved["resolvedDateTime"] > fired["firedDateTime"]


def test_the_client_lists_and_waits(world: RunningServer, arm: httpx.Client) -> None:
    with WebhookReceiver(503) as receiver, ControlPlane(world.http_url) as control:
        listened_to(arm, receiver.url)
        fail_a_backup(arm)
        assert control.deliveries.wait(hurry=False)["Waiting"] == 1
        assert control.deliveries.wait()["Delivered"] == 1
        assert is_signed(receiver.got[0], control.deliveries.key())
        (shown,) = control.deliveries.list(action_group="oncall", state="Delivered")
        assert shown["receiver"] == "hook"
        with pytest.raises(ControlError, match="state"):
            control.deliveries.list(state="lost")


def run(world: RunningServer, *words: str) -> Result:
    return CliRunner().invoke(rsvault, ["deliveries", *words, "--url", world.http_url])


def test_the_command_lists_and_waits(
    world: RunningServer, arm: httpx.Client, receiver: WebhookReceiver
) -> None:
    listened_to(arm, receiver.url)
    receiver.answer([500])
    fail_a_backup(arm)
    waited = run(world, "wait")
    assert waited.exit_code == 0
    assert "Failed 1" in waited.output
    line = run(world, "list", "--action-group", "oncall", "--state", "failed").output
    assert line.startswith("2026-01-01T")
    for word in ("Failed", "Backup Failure Fired", "oncall/hook", "attempts 1", "was 500"):
        assert word in line
    assert run(world, "key").output.startswith("whsec_")
    wrong = run(world, "list", "--state", "lost")
    assert wrong.exit_code != 0
    assert "allowed: Waiting, Sending" in wrong.output


# --- servers of their own ----------------------------------------------------------------


def test_a_slow_receiver_is_given_up_and_called_again(serve: Served) -> None:
    with WebhookReceiver(SILENCE) as receiver:
        arm = serve(webhook_timeout=1)
        listened_to(arm, receiver.url)
        fail_a_backup(arm)
        assert settle(arm)["states"]["Delivered"] == 1
        assert len(receiver.got) == 2


def test_who_waits_in_vain_is_told_what_is_left(serve: Served) -> None:
    with WebhookReceiver(SILENCE) as receiver:
        arm = serve()
        listened_to(arm, receiver.url)
        fail_a_backup(arm)
        with (
            ControlPlane(str(arm.base_url)) as control,
            pytest.raises(TimeoutError, match="1 deliveries are not at their end"),
        ):
            control.deliveries.wait(0)


def test_a_key_and_waits_of_ones_own(serve: Served, receiver: WebhookReceiver) -> None:
    arm = serve(webhook_key=KEY, webhook_waits=(3600.0,))
    listened_to(arm, receiver.url)
    receiver.answer([503, 503])
    fail_a_backup(arm)
    assert settle(arm)["states"]["Failed"] == 1
    assert len(receiver.got) == 2
    assert all(is_signed(got, KEY) for got in receiver.got)
