"""When a policy of databases backs up what, and how long it keeps it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.instants import DAY, HOUR, MINUTE, from_datetime, to_datetime
from app.domain.policies import (
    DIFFERENTIAL,
    FULL,
    INCREMENTAL,
    DatabasePolicy,
    Delta,
    HanaPolicy,
    Length,
    Logs,
)
from app.domain.retention_rules import WEEKDAYS, Rule

SUNDAY = frozenset({"Sunday"})
MONTHLY = Rule("Monthly", 12, weekdays=SUNDAY, weeks=frozenset({"First"}))
HALF_HOURS = st.integers(0, 47).map(lambda half: half * 30 * MINUTE)
THIS_CENTURY = st.integers(from_datetime(datetime(2000, 1, 1, tzinfo=UTC)), 4_000_000_000_000_000)
ZONES = st.sampled_from(["UTC", "Pacific Standard Time", "India Standard Time"])


def weekly(
    zone: str = "UTC", full: int = 2 * HOUR, differential: int = HOUR, incremental: int = 3 * HOUR
) -> DatabasePolicy:
    return HanaPolicy(
        times=(full,),
        time_zone=zone,
        instant_days=0,
        rules=(MONTHLY, Rule("Weekly", 4, weekdays=SUNDAY)),
        weekdays=SUNDAY,
        deltas=(
            Delta(DIFFERENTIAL, differential, frozenset({"Monday", "Thursday"}), 20),
            Delta(INCREMENTAL, incremental, frozenset({"Tuesday"}), 10),
        ),
        logs=Logs(15 * MINUTE, 7 * DAY),
    )


@given(ZONES, HALF_HOURS, HALF_HOURS, HALF_HOURS, THIS_CENTURY)
def test_a_week_has_a_slot_for_each_day_of_each_part(
    zone: str, full: int, differential: int, incremental: int, now: int
) -> None:
    policy = weekly(zone, full, differential, incremental)
    slots = [policy.next_slot(now)]
    while len(slots) < 5:
        slots.append(policy.next_slot(slots[-1]))
    assert now < slots[0]
    assert slots[4] - slots[0] == 7 * DAY
    kinds = sorted(policy.kind_of(slot) for slot in slots[:4])
    assert kinds == [DIFFERENTIAL, DIFFERENTIAL, FULL, INCREMENTAL]
    for slot in slots:
        assert policy.next_slot(slot - 1) == slot
        assert (
            policy.keep(slot).length
            == {
                FULL: policy.keep_full(slot).length,
                DIFFERENTIAL: Length("", 20 * DAY),
                INCREMENTAL: Length("", 10 * DAY),
            }[policy.kind_of(slot)]
        )


def at(day: int, hour: int) -> int:
    return from_datetime(datetime(2026, 1, day, hour, tzinfo=UTC))


def test_a_full_backup_has_the_rules_of_its_day_and_another_the_tag_of_its_kind() -> None:
    policy = weekly()
    assert policy.next_slot(at(1, 12)) == at(4, 2)
    first = policy.keep(at(4, 2))
    assert (first.tags, first.length.rule) == ("MW", "Monthly")
    assert policy.keep(at(11, 2)).tags == "W"
    assert policy.keep(at(5, 1)).tags == "E"
    assert policy.keep(at(6, 3)).tags == "I"


def test_a_full_backup_in_the_place_of_another_is_kept_as_the_lowest_rule_says() -> None:
    kept = weekly().keep_full(at(5, 1))
    assert (kept.tags, kept.length) == ("W", Length("Weekly", 28 * DAY))
    assert to_datetime(at(5, 1)).weekday() == WEEKDAYS.index("Monday")


def test_points_of_a_part_that_is_gone_keep_their_length() -> None:
    policy = weekly()
    without = HanaPolicy(policy.times, "UTC", 0, policy.rules, policy.weekdays)
    assert without.length("E", 0) is None
    assert without.is_kept_on("E")
    assert not without.is_kept_on("D"), "a weekly schedule knows no daily points"
