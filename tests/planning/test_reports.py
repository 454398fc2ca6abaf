"""The report as people see it: advice with its figures, the table, the picture, the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from app import cli
from app.planning import charts, tables
from app.planning.schema import REPORT
from tests.planning.bodies import (
    advice,
    daily,
    document,
    first_sunday,
    hourly,
    kept,
    report,
    weekly,
)

SVG = "{http://www.w3.org/2000/svg}"
LONG = {"monthlySchedule": first_sunday(12, "Months")}


def texts(given: dict[str, Any], about: str) -> list[str]:
    return [each["text"] for each in advice(report(given), about)]


def test_a_report_is_what_its_schema_says() -> None:
    given = document(daily(30), hourly(4, 12), weekly(4, "Sunday"), count=3, horizon="P90D")
    given["edits"] = [{"policy": "p1x", "after": "P60D", "properties": daily(7)}]
    given["groups"].append({"count": 2, "diskSizesGB": [30]})
    jsonschema_rs.validate(dict(REPORT), report(given))


def test_backups_in_peak_hours_are_told_with_a_quiet_hour() -> None:
    (text,) = texts(document(daily(30, at="10:00"), count=4, horizon="P28D"), "peak")
    assert text == (
        "80 of 112 backups of 'p1x' start in your peak hours (09:00-17:00 Monday to Friday): "
        "move it from 10:00 to 01:00."
    )


def test_peak_hours_of_summer_are_told_as_such() -> None:
    body = {**daily(at="08:30"), "timeZone": "W. Europe Standard Time"}
    (text,) = texts(document(body, horizon="P1Y"), "peak")
    assert "in summer only, as schedules keep standard time: move it from 08:30" in text


def test_many_backups_at_one_moment_are_to_be_spread() -> None:
    (text,) = texts(document(daily(at="22:00"), count=25, horizon="P28D"), "spread")
    assert text.startswith("25 backups of 'p1x' start at the same moment, 22:00, and take up to ")
    assert text.endswith("3 policies, at 22:00, 22:30 and 23:00, would run 9 at once.")


def test_policies_that_meet_are_told_when_to_start() -> None:
    given = document(daily(30, at="22:00"), daily(60, at="22:00"), count=2, horizon="P28D")
    (text,) = texts(given, "overlap")
    assert text == (
        "Transfers of 'p1x' and 'p2x' run at the same time, up to 4 at once, in the hour 22. "
        "Start 'p1x' at 22:30, when the other is over."
    )


def test_two_policies_alike_are_one() -> None:
    given = document(daily(30), daily(30), count=3, horizon="P28D")
    (text,) = texts(given, "group")
    assert text == (
        "'p1x' and 'p2x' have the same times and retention (daily at 22:00; 30 days): one will "
        "do for all 6 VMs, and there is less to review."
    )
    assert texts(given, "overlap") == []


def test_short_retention_alone_is_told_with_what_more_would_cost() -> None:
    (text,) = texts(document(daily(30), count=3, horizon="P28D"), "retention")
    # 50 GB each, of which 2 % a day change: eleven months of 30.44 GB.
    assert text == (
        "'p1x' keeps nothing beyond 30 days: nothing survives a problem found after 30 days. A "
        "monthly rule of 12 months would add 36 points and up to 1,005 GB."
    )
    assert texts(document(daily(30, more=LONG), horizon="P28D"), "retention") == []


def test_a_rule_that_never_governs_is_told() -> None:
    short = {"weeklySchedule": {"daysOfTheWeek": ["Sunday"], **kept(2, "Weeks")}}
    found = texts(document(daily(30, more={**LONG, **short}), horizon="P28D"), "retention")
    assert found == [
        "'p1x' keeps points for 2 weeks that it keeps for 30 days anyway: that rule never "
        "governs. Take it out, or make it longer."
    ]


def test_snapshots_of_many_days_are_told_with_what_fewer_would_save() -> None:
    body = {**daily(30, more=LONG), "instantRpRetentionRangeInDays": 5}
    (text,) = texts(document(body, count=4, horizon="P28D"), "snapshots")
    # 50 GB and four days of 1 GB each, for four VMs; three days fewer.
    assert text.startswith(
        "'p1x' holds 216 GB of snapshots for 5 days: 2 days would save about 12 GB"
    )


def test_an_edit_that_deletes_is_told_first() -> None:
    given = document(daily(30, more=LONG), count=2, horizon="P90D")
    given["edits"] = [{"policy": "p1x", "after": "P60D", "properties": daily(10, more=LONG)}]
    found = report(given)
    # Of twenty evenings one is the first Sunday of February.
    assert found["advice"][0]["text"].startswith(
        "The edit of 'p1x' on 2026-03-02 deletes 38 points: 38 daily ones (2026-01-31 to "
        "2026-02-19). Nothing brings them back. It frees 0 GB of snapshots and "
    )


def test_advice_is_about_what_the_edits_leave() -> None:
    given = document(daily(30, at="10:00"), horizon="P90D")
    given["edits"] = [{"policy": "p1x", "after": "P30D", "properties": daily(60, at="01:00")}]
    found = report(given)
    assert found["peak"]["starts"] == 22
    assert [each["about"] for each in found["advice"]] == []
    assert (found["policies"][0]["schedule"], found["policies"][0]["retention"]) == (
        "daily at 01:00",
        "60 days",
    )


def test_limits_of_azure_are_told() -> None:
    given = document(daily(30, more=LONG), count=1_200, sample=2, horizon="P10D")
    found = texts(given, "limits")
    assert found[0] == "1,200 VMs are more than a vault takes (1,000): use 2 vaults."
    assert found[1] == "'p1x' has 1,200 VMs; az refuses 1,000 or more: split it."
    assert found[2].startswith("The portal puts at most 100 VMs under a policy; 'p1x' has 1,200")


def test_more_points_than_azure_keeps_are_told() -> None:
    weeks = {"weeklySchedule": {"daysOfTheWeek": ["Sunday"], **kept(5000, "Weeks")}}
    found = texts(document(daily(9999, more=weeks), horizon="P10D"), "limits")
    assert found[0].startswith("'p1x' would keep 14,999 points of a VM; Azure keeps 9,999")


def test_a_good_plan_needs_no_change() -> None:
    monthly = {"monthlySchedule": first_sunday(2, "Months", at="01:00")}
    body = daily(30, at="01:00", more=monthly)
    found = report(document(body, count=2, horizon="P1Y"))
    assert found["advice"] == []
    assert "Nothing to change" in tables.text(found)


def test_every_figure_of_an_advice_is_in_its_text() -> None:
    given = document(daily(30), daily(30, at="10:00"), weekly(4, "Sunday"), count=30)
    given["groups"].append({"count": 2, "diskSizesGB": [30]})
    found = report({**given, "horizon": "P60D"})
    assert len(found["advice"]) > 6
    for each in found["advice"]:
        assert each["figures"], each
        assert re.search(r"\d", each["text"]), each


# --- shown -------------------------------------------------------------------------------------


def large() -> dict[str, Any]:
    given = document(hourly(4, 24), daily(30, more=LONG), weekly(52, "Sunday", "Wednesday"))
    for group, count in zip(given["groups"], (90_000, 9_000, 900), strict=True):
        group |= {"count": count, "diskSizesGB": [32_000]}
    given["edits"] = [{"policy": "p2x", "after": "P60D", "properties": daily(7)}]
    return {**given, "sample": 1, "horizon": "P400D"}


@pytest.mark.parametrize("given", [document(daily(), horizon="P20D"), large()])
def test_the_table_fits_a_terminal(given: dict[str, Any]) -> None:
    found = report(given)
    text = tables.text(found)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert all(line == line.rstrip() for line in text.splitlines())
    for title in ("POLICIES", "THE DAY", "STORED", "ADVICE"):
        assert f"\n\n{title}\n" in text
    assert ("SAMPLED: 3 of 99,900" in text) is ("sample" in given)


def test_the_picture_is_a_picture_that_says_what_it_shows() -> None:
    given = document(daily(30, at="10:00"), count=3, horizon="P90D")
    given["edits"] = [{"policy": "p1x", "after": "P60D", "properties": daily(7, at="10:00")}]
    found = report(given)
    root = ElementTree.fromstring(charts.svg(found))
    assert root.tag == f"{SVG}svg"
    title, about = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert title.text == "Backup plan of 3 VMs, 2026-01-01 to 2026-04-01"
    assert about is not None
    assert "Most backups start in hour 10: 3 a day." in str(about.text)
    headings = [each.text for each in root.iter(f"{SVG}text") if each.get("class") == "panel"]
    assert headings == ["Backups by hour of the day", "Live recovery points", "Stored GB"]
    assert len(list(root.iter(f"{SVG}polygon"))) == 4


def test_names_in_a_picture_are_escaped() -> None:
    found = report(document(daily(), horizon="P10D"))
    found["timeZone"] = "<&>"
    assert "Times are &lt;&amp;&gt;" in charts.svg(found)
    ElementTree.fromstring(charts.svg(found))


# --- the command -------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.rsvault, ("plan", *map(str, arguments)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A plan file of one VM and ten days."""
    found = tmp_path / "plan.yaml"
    given = document(daily(), horizon="P10D", peak={"hours": "08:00-10:00", "days": ["Sunday"]})
    found.write_text(json.dumps(given, indent=2), encoding="utf-8")  # JSON is YAML, too
    return found


def test_the_command_prints_a_table_and_draws(file: Path, tmp_path: Path) -> None:
    result = run(file, "--chart", tmp_path / "plan.svg")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("2026-01-01 to 2026-01-11, 1 VM under 1 policy\n")
    ElementTree.fromstring((tmp_path / "plan.svg").read_text(encoding="utf-8"))


def test_options_win_over_the_file(file: Path) -> None:
    asked = ("--json", "--horizon", "P20D", "--peak", "21:00-23:00", "--start", "2027-05-05")
    found = json.loads(run(file, *asked, "--time-zone", "India Standard Time").stdout)
    assert (found["start"], found["end"]) == ("2027-05-05T00:00:00Z", "2027-05-25T00:00:00Z")
    assert (found["peak"]["hours"], found["peak"]["days"]) == ("21:00-23:00", ["Sunday"])
    assert found["timeZone"] == "India Standard Time"


def test_an_error_names_the_line(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace('"count": 7', '"count": 6')
    file.write_text(text, encoding="utf-8")
    line = 1 + text[: text.index('"count": 6')].count("\n")
    result = run(file)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: plan.yaml:{line}: policies[0] 'p1x': properties.retentionPolicy.dailySchedule."
        "retentionDuration.count: 6 is out of range; allowed: 7 to 9999 days "
        "(BMSUserErrorInvalidPolicyInput)\n"
    )


def test_wrong_calls_are_told_what_to_do(file: Path, tmp_path: Path) -> None:
    assert "give a plan file, or --vault" in run().stderr
    assert "give a plan file, or --vault" in run(file, "--vault", "x").stderr
    assert "sample: 0 is not a whole number" in run(file, "--sample", "0").stderr
    assert "No such file or directory" in run(file, "--chart", tmp_path / "no" / "plan.svg").stderr
    file.write_text("vault: /subscriptions/x", encoding="utf-8")
    assert "plan.yaml:1: vault: is known to a server only: use --vault" in run(file).stderr
