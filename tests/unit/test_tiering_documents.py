"""Archive tiering as policy data: which rules Azure takes, and with which retention."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.errors import Refused
from app.domain.tiering_documents import NO_ARCHIVE, tiering

FIELD = "properties.tieringPolicy.ArchivedRP"


def rule(mode: str, duration: int = 0, unit: str = "Invalid") -> dict[str, Any]:
    return {"tieringMode": mode, "duration": duration, "durationType": unit}


def kept(**counts: int) -> dict[str, Any]:
    units = {"monthly": "Months", "yearly": "Years", "weekly": "Weeks"}
    return {
        f"{name}Schedule": {"retentionDuration": {"count": count, "durationType": units[name]}}
        for name, count in counts.items()
    }


LONG = kept(yearly=10)


def asked(
    found: dict[str, Any] | None, retention: dict[str, Any], stored: Any = None
) -> dict[str, Any]:
    sent = {} if found is None else {"tieringPolicy": {"ArchivedRP": found}}
    return tiering(sent, stored, retention)


def refusal(found: dict[str, Any] | None, retention: dict[str, Any], stored: Any = None) -> Refused:
    with pytest.raises(Refused) as raised:
        asked(found, retention, stored)
    assert raised.value.code == "BMSUserErrorInvalidPolicyInput"
    return raised.value


def test_without_any_nothing_is_tiered() -> None:
    assert asked(None, {}) == tiering({"tieringPolicy": {}}, None, {}) == NO_ARCHIVE


@pytest.mark.parametrize(
    "found",
    [
        rule("TierRecommended"),
        rule("DoNotTier"),
        rule("TierAfter", 3, "Months"),
        rule("TierAfter", 90, "Days"),
        rule("TierAfter", 13, "Weeks"),
        rule("TierAfter", 1, "Years"),
    ],
)
def test_rules_are_kept_as_they_were_sent(found: dict[str, Any]) -> None:
    assert asked(found, LONG) == {"ArchivedRP": found}


def test_a_mode_without_a_length_is_completed() -> None:
    assert asked({"tieringMode": "tierrecommended"}, LONG) == {
        "ArchivedRP": rule("TierRecommended")
    }


def test_what_is_not_sent_stays() -> None:
    stored = {"tieringPolicy": {"ArchivedRP": rule("TierAfter", 5, "Months")}}
    assert asked(None, LONG, stored) == stored["tieringPolicy"]
    assert asked(rule("DoNotTier"), LONG, stored) == NO_ARCHIVE


@pytest.mark.parametrize(
    ("found", "field", "told"),
    [
        ({}, "tieringMode", "is required; allowed: TierRecommended, TierAfter, DoNotTier"),
        (rule("Invalid"), "tieringMode", "'Invalid' is not allowed"),
        (rule("TierRecommended", 3), "duration", "3 is not allowed with TierRecommended"),
        (rule("TierRecommended", 0, "Months"), "durationType", "allowed: Invalid"),
        (rule("DoNotTier", 1), "duration", "allowed: 0"),
        (rule("TierAfter", 3), "durationType", "allowed: Days, Weeks, Months, Years"),
        (rule("TierAfter", 2, "Months"), "duration", "2 Months is too short"),
        (rule("TierAfter", 89, "Days"), "duration", "89 Days is too short"),
        (rule("TierAfter", -1, "Years"), "duration", "-1 Years is too short"),
    ],
)
def test_a_wrong_rule_is_refused_by_its_field(found: dict[str, Any], field: str, told: str) -> None:
    refused = refusal(found, LONG)
    assert refused.target == f"{FIELD}.{field}"
    assert told in refused.message


def test_another_tier_is_refused() -> None:
    with pytest.raises(Refused, match=r"'HardenedRP' is not allowed; allowed: ArchivedRP"):
        tiering({"tieringPolicy": {"HardenedRP": rule("DoNotTier")}}, None, LONG)


@pytest.mark.parametrize(
    ("found", "short", "enough"),
    [
        (rule("TierRecommended"), [{}, kept(monthly=8), kept(weekly=500)], [kept(monthly=9)]),
        (rule("TierAfter", 5, "Months"), [kept(monthly=10)], [kept(monthly=10, yearly=1)]),
        (rule("TierAfter", 1, "Years"), [kept(yearly=1)], [kept(yearly=2), kept(monthly=18)]),
    ],
)
def test_some_points_must_live_for_six_months_in_the_archive(
    found: dict[str, Any], short: list[dict[str, Any]], enough: list[dict[str, Any]]
) -> None:
    for retention in enough:
        assert asked(found, retention) == {"ArchivedRP": found}
    for retention in short:
        assert refusal(found, retention).target == f"{FIELD}.tieringMode"


def test_retention_cannot_be_cut_below_what_the_archive_needs() -> None:
    stored = {"tieringPolicy": {"ArchivedRP": rule("TierRecommended")}}
    message = refusal(None, kept(monthly=6), stored).message
    assert "monthly or yearly retention of 9 months at least" in message
