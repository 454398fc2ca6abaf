"""The table of alerts: every row is of what there is, and has words."""

from __future__ import annotations

import pytest

from app.domain import alerts, jobs
from app.domain.alerts import RULES, AlertRule, Category
from app.domain.policy_weakening import keeps_less
from app.domain.vault_settings import tells_of_jobs
from app.workloads.table import WORKLOADS
from tests.wire.builders import policy_body

DETAIL = {"days": 14, "policy": "daily", "former": "long", "kinds": "Log"}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_is_of_known_workloads_and_has_words(rule: AlertRule) -> None:
    assert set(rule.workloads) <= set(WORKLOADS)
    assert "{" not in alerts.description(rule.name, None, DETAIL)
    assert rule.severity == {Category.SECURITY: 0, Category.JOBS: 1}[rule.category]
    assert rule.may_be_switched_off == (rule.severity == 1)


def test_an_alert_about_a_job_has_the_words_of_its_error() -> None:
    error = jobs.ERRORS[jobs.NO_GUEST_AGENT]
    said = alerts.description("Backup Failure", jobs.NO_GUEST_AGENT, None)
    assert said == error.message
    advised = alerts.advice("Backup Failure", jobs.NO_GUEST_AGENT)
    assert all(each in advised for each in error.recommendations)
    assert alerts.description("Backup Failure", "NeverHeardOf", None) == "The backup has failed."


def test_what_fails_by_design_is_an_error_of_jobs() -> None:
    assert {*alerts.SILENT_ERRORS, *alerts.UNHEALTHY_ERRORS} <= set(jobs.ERRORS)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"monitoringSettings": {}},
        {"monitoringSettings": {"azureMonitorAlertSettings": {}}},
    ],
)
def test_failed_jobs_are_told_of_unless_a_vault_was_told_otherwise(
    settings: dict[str, object],
) -> None:
    assert tells_of_jobs(settings)


def test_a_vault_can_be_told_not_to_tell_of_failed_jobs() -> None:
    for word, tells in (("Disabled", False), ("Enabled", True)):
        told = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": word}}
        assert tells_of_jobs({"monitoringSettings": told}) is tells


def test_rarer_backups_are_kept_as_long() -> None:
    daily = policy_body(days=30)["properties"]
    weekly = policy_body(days=30)["properties"]
    weekly["schedulePolicy"] |= {"scheduleRunFrequency": "Weekly", "scheduleRunDays": ["Monday"]}
    assert not keeps_less(daily, weekly)
    assert not keeps_less(daily, policy_body(days=31)["properties"])
    assert keeps_less(daily, policy_body(days=29)["properties"])
    assert keeps_less(daily, policy_body(days=30, instant=1)["properties"])
