"""What a plan may say; an error names the place, the reason and what was probably meant."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app.domain.errors import Refused
from app.domain.instants import HOUR, parse
from app.planning import files
from app.planning.plans import Peak
from app.planning.schema import PLAN
from tests.planning.bodies import daily, document, plan, weekly

GOOD = document(daily(), weekly(4, "Sunday"), count=2, horizon="P1Y")


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the good plan with another value at a place such as ``groups.0.count``."""
    given: Any = copy.deepcopy(GOOD)
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    part = given
    for step in way:
        part = part[step]
    part[last] = value
    found: dict[str, Any] = given
    return found


def test_the_good_plan_is_good() -> None:
    jsonschema_rs.validate(dict(PLAN), GOOD)
    found = plan(GOOD)
    assert [group.vm(2) for group in found.groups] == ["p1x-1-2", "p2x-2-2"]
    assert (found.peak.shown, found.time_zone) == ("09:00-17:00", "UTC")
    assert found.work == round((365 + 365 / 7) * (2 + 4)) + 4 * 15


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("groups.0.count", 0, "groups[0].count", "0 is not a whole number from 1 to 100000"),
        ("groups.0.count", True, "groups[0].count", "True is not a whole number"),
        ("groups.0.count", "5", "groups[0].count", "'5' is not a whole number"),
        ("groups.0.count", None, "groups[0].count", "is required"),
        ("groups.0.counts", 5, "groups[0].counts", "is not known; did you mean 'count'?"),
        ("groups.1.policy", "p3x", "groups[1].policy", "there is no policy 'p3x'; did you mean"),
        ("groups.1.name", "p1x-1-{n}", "groups[1].name", "'p1x-1-1' is a VM of groups[0] too"),
        ("groups.1.name", "web", "groups[1].name", "needs {n}"),
        ("groups.1.diskSizesGB", 100, "groups[1].diskSizesGB", "must be a list of 1 to 33 sizes"),
        ("groups.1.diskSizesGB", [0], "groups[1].diskSizesGB[0]", "0 is not a whole number of GB"),
        ("groups.1.usedPercent", 101, "groups[1].usedPercent", "from 1 to 100"),
        ("groups.1.churnPercentPerDay", "lots", "groups[1].churnPercentPerDay", "is not a number"),
        ("groups", {}, "groups", "must be a list"),
        ("groups", [], "groups", "is empty"),
        ("groups.0", 7, "groups[0]", "must be an object"),
        ("horizon", "P31Y", "horizon", "out of range; allowed: over 0, to P30Y"),
        ("horizon", "P0D", "horizon", "out of range"),
        ("horizon", "-P1D", "horizon", "out of range"),
        ("horizon", "1 year", "horizon", "not an ISO 8601 duration such as P1Y"),
        ("horizon", 1, "horizon", "1 is not a text"),
        ("start", "tomorrow", "start", "is not a date or an instant"),
        ("start", "1931-01-01", "start", "out of range"),
        ("timeZone", "W Europe Standard Time", "timeZone", "did you mean 'W. Europe Standard"),
        ("timeZone", "Europe/Berlin", "timeZone", "is not a Windows time zone name"),
        ("peak", "9-5", "peak.hours", "'9-5' is not a span of hours such as 09:00-17:00"),
        ("peak", "09:00-09:00", "peak.hours", "is not a span"),
        ("peak", "09:00-24:30", "peak.hours", "is not a span"),
        ("peak", {"day": []}, "peak.day", "did you mean 'days'?"),
        ("peak", {"days": ["Mondy"]}, "peak.days[0]", "did you mean 'Monday'?"),
        ("sample", 0, "sample", "from 1 to"),
        ("policys", [], "policys", "did you mean 'policies'?"),
        ("policies", [], "policies", "is empty"),
        ("policies.0.name", "P2X", "policies[1].name", "'p2x' is the name of another policy too"),
        ("policies.0.name", None, "policies[0].name", "is required"),
        ("policies.0.propertys", {}, "policies[0].propertys", "did you mean 'properties'?"),
        ("policies.0.properties", [], "policies[0].properties", "must be an object"),
        ("edits", [{"policy": "p1x"}], "edits[0]", "needs one of 'at' (an instant) and 'after'"),
        (
            "edits",
            [{"policy": "p1x", "at": "2028-01-01", "properties": {}}],
            "edits[0].at",
            "2028-01-01T00:00:00Z is not in the plan",
        ),
        ("edits", [{"after": "P1D", "properties": {}}], "edits[0].policy", "is required"),
    ],
)
def test_an_error_names_the_place_and_what_is_right(
    path: str, value: Any, place: str, message: str
) -> None:
    with pytest.raises(Refused) as caught:
        plan(changed(path, value))
    assert caught.value.code == "InvalidPlan"
    assert caught.value.target == place
    assert caught.value.message.startswith(f"{place}: ")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        (
            "policies.0.properties.retentionPolicy.dailySchedule.retentionDuration.count",
            6,
            "BMSUserErrorInvalidPolicyInput",
            "policies[0] 'p1x': properties.retentionPolicy.dailySchedule.retentionDuration.count: "
            "6 is out of range; allowed: 7 to 9999 days",
        ),
        (
            "policies.0.properties.schedulePolicy.scheduleRunTimes",
            ["2026-01-01T22:10:00Z"],
            "BMSUserErrorInvalidPolicyInput",
            "policies[0] 'p1x': properties.schedulePolicy.scheduleRunTimes[0]: ",
        ),
        ("policies.0.properties.timeZone", 7, "InvalidRequestContent", "policies[0] 'p1x': "),
        ("policies.0.name", "1", "BMSUserErrorInvalidPolicyInput", "policies[0] '1': policyName"),
        (
            "policies.0.properties.backupManagementType",
            "AzureWorkload",
            "NotSupported",
            "policies[0] 'p1x': properties.backupManagementType",
        ),
        (
            "edits",
            [{"policy": "p1x", "after": "P9D", "properties": {**daily(), "policyType": "V2"}}],
            "BMSUserErrorInvalidPolicyInput",
            "edits[0] 'p1x': ",
        ),
    ],
)
def test_a_policy_is_refused_as_azure_refuses_it(
    path: str, value: Any, code: str, message: str
) -> None:
    with pytest.raises(Refused) as caught:
        plan(changed(path, value))
    assert caught.value.code == code
    assert caught.value.message.startswith(message)


def test_peak_hours_know_weekends_and_daylight_saving() -> None:
    peak = Peak(9 * HOUR, 17 * HOUR, ("Monday", "Friday"), "W. Europe Standard Time")
    assert peak.holds(parse("2026-01-02T08:00:00Z"))  # a Friday, nine o'clock
    assert not peak.holds(parse("2026-01-02T07:59:59Z"))
    assert not peak.holds(parse("2026-01-02T16:00:00Z"))
    assert not peak.holds(parse("2026-01-03T10:00:00Z"))
    assert peak.holds(parse("2026-07-03T07:00:00Z"))  # in summer it is nine an hour earlier
    assert peak.meets(parse("2026-01-01T22:00:00Z"), parse("2026-01-02T08:00:01Z"))
    assert not peak.meets(parse("2026-01-01T22:00:00Z"), parse("2026-01-02T08:00:00Z"))
    assert peak.meets(parse("2026-01-03T00:00:00Z"), parse("2026-01-05T09:00:00Z"))


def test_peak_hours_may_go_on_after_midnight() -> None:
    peak = Peak(22 * HOUR, 2 * HOUR, ("Friday",), "UTC")
    assert peak.holds(parse("2026-01-02T23:00:00Z"))
    assert peak.holds(parse("2026-01-03T01:59:00Z"))
    assert not peak.holds(parse("2026-01-02T01:00:00Z"))
    assert [hour for hour in range(24) if peak.touches(hour)] == [0, 1, 22, 23]


# --- files -------------------------------------------------------------------------------------


def read(folder: Path, text: str, name: str = "plan.yaml") -> files.PlanFile:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return files.read(file)


def test_yaml_is_read_as_its_authors_mean_it(tmp_path: Path) -> None:
    text = "at: 22:00\nday: 2026-01-01T22:00:00Z\nno: no\nn: 12\nx: 1.5\nnull: ~\nyes: true\n"
    assert read(tmp_path, text).document == {
        "at": "22:00",
        "day": "2026-01-01T22:00:00Z",
        "no": "no",
        "n": 12,
        "x": 1.5,
        None: None,
        "yes": True,
    }


def test_what_repeats_is_written_once(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n"
    assert read(tmp_path, text).document == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


def test_every_place_has_its_line(tmp_path: Path) -> None:
    found = read(tmp_path, "groups:\n  - count: 1\n  - policy: a\n    count: 2\n")
    assert found.where("groups[1].count") == "plan.yaml:4"
    assert found.where("groups[1].name") == "plan.yaml:3"
    assert found.where("peak.hours") == "plan.yaml"
    assert found.where(None) == "plan.yaml"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("a: [1\nb: 2", "plan.yaml", "plan.yaml:2: is not YAML: "),
        ("a: 1\na: 2", "plan.yaml", "plan.yaml:2: 'a' stands twice in one object"),
        ("a: &a [*a]", "plan.yaml", "plan.yaml:1: is nested too deeply"),
        ("a: !!python/object:os.system x", "plan.yaml", "plan.yaml:1: is not YAML: could not"),
        ("a: \x07", "plan.yaml", "plan.yaml: is not YAML"),
        ('{"a": 1,}', "plan.json", "plan.json:1: is not JSON: "),
        ("[" * 100_000, "plan.json", "plan.json: is not JSON: "),
    ],
)
def test_a_file_that_cannot_be_read_says_where(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=r"plan\.") as caught:
        read(tmp_path, text, name)
    assert str(caught.value).startswith(message)


def test_an_empty_file_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"\(plan\): must be an object with policies"):
        plan(read(tmp_path, "").document)
