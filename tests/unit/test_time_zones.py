"""Windows' time zone names: which are known, what they mean, and where their data is from."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from tzlocal.windows_tz import tz_win, win_tz

from app.domain import time_zones
from app.domain.instants import HOUR

STANDARD_HOURS = {
    "UTC": 0.0,
    "UTC-11": -11.0,
    "UTC+13": 13.0,
    "AUS Eastern Standard Time": 10.0,
    "Aus Central W. Standard Time": 8.75,
    "Cen. Australia Standard Time": 9.5,
    "Chatham Islands Standard Time": 12.75,
    "GMT Standard Time": 0.0,
    "India Standard Time": 5.5,
    "Kamchatka Standard Time": 12.0,
    "Line Islands Standard Time": 14.0,
    "Lord Howe Standard Time": 10.5,
    "Mid-Atlantic Standard Time": -2.0,
    "Nepal Standard Time": 5.75,
    "New Zealand Standard Time": 12.0,
    "Newfoundland Standard Time": -3.5,
    "Pacific Standard Time": -8.0,
    "Qyzylorda Standard Time": 5.0,
    "South Sudan Standard Time": 2.0,
}


@pytest.mark.parametrize("name", sorted(time_zones.ZONES))
def test_every_name_is_known_in_any_casing_and_has_data(name: str) -> None:
    assert time_zones.canonical(name.upper()) == name
    assert time_zones.canonical(name.lower()) == name
    assert files("tzdata").joinpath("zoneinfo", *time_zones.ZONES[name].split("/")).is_file()
    for year in (1970, 2026, 2100):
        assert abs(time_zones.standard_offset(name, year)) <= 14 * HOUR


@pytest.mark.parametrize("name", STANDARD_HOURS)
def test_standard_time_is_that_of_windows(name: str) -> None:
    assert time_zones.standard_offset(name, 2026) == STANDARD_HOURS[name] * HOUR


def test_the_names_are_those_of_cldr_and_two_old_ones_that_it_lacks() -> None:
    assert win_tz | time_zones.OLD == time_zones.ZONES
    # When CLDR has them the table of old names can go.
    assert not set(time_zones.OLD) & set(win_tz)


def test_the_data_is_never_the_hosts(tmp_path: Path) -> None:
    """On a host whose London lies in Tokyo, and whose clocks are there too."""
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    tmp_path.joinpath("Europe").mkdir()
    tmp_path.joinpath("Europe", "London").write_bytes(tokyo)
    asked = (
        "from datetime import UTC, datetime; from zoneinfo import ZoneInfo;"
        "from app.domain.time_zones import standard_offset;"
        "print(datetime(2026, 1, 2, 9, tzinfo=UTC).astimezone(ZoneInfo('Europe/London')).hour,"
        "standard_offset('GMT Standard Time', 2026))"
    )
    host = os.environ | {"PYTHONTZPATH": str(tmp_path), "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", asked]
    answer = subprocess.run(command, env=host, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["18", "0"]


@pytest.mark.parametrize("name", ["", " ", "Europe/London", "Pacific Time", "UTC+1", "Mars"])
def test_what_windows_does_not_call_a_zone_is_unknown(name: str) -> None:
    assert time_zones.canonical(name) is None
    assert time_zones.is_unknown(name).startswith(f"'{name}' is not a Windows time zone name")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Europe/Berlin", "; Windows calls it 'W. Europe Standard Time'"),
        ("europe/dublin", "; Windows calls it 'GMT Standard Time'"),
        ("Asia/Calcutta", "; Windows calls it 'India Standard Time'"),
        ("US/Pacific", "; Windows calls it 'Pacific Standard Time'"),
        ("Etc/UTC", "; Windows calls it 'UTC'"),
        ("pacific standart time", "; did you mean 'Pacific Standard Time'?"),
        ("W.Europe Standard Time", "; did you mean 'W. Europe Standard Time'?"),
        ("USEasternStandardTime", "; did you mean 'US Eastern Standard Time'?"),
        ("Eastern Time", "; did you mean 'Eastern Standard Time'?"),
        ("x" * 1_000_000, " such as 'Pacific Standard Time'"),
    ],
)
def test_who_writes_another_name_is_told_the_right_one(name: str, told: str) -> None:
    assert time_zones.is_unknown(name).endswith(told)


def test_an_iana_name_is_told_a_name_that_is_known() -> None:
    assert set(tz_win.values()) <= set(time_zones.ZONES)


def test_the_hour_of_ramadan_is_not_the_standard_time_of_morocco() -> None:
    # Ramadan was in January in 1998, before Morocco set its clocks back for it, and is in 2030.
    assert time_zones.standard_offset("Morocco Standard Time", 2025) == HOUR
    for year in range(1986, 2101):
        assert time_zones.standard_offset("Morocco Standard Time", year) in (0, HOUR)


def test_winter_time_that_goes_backwards_is_not_the_standard_time() -> None:
    # Namibia's clocks went back from April to September, from 1994 to 2017.
    assert {time_zones.standard_offset("Namibia Standard Time", year) for year in (2016, 2026)} == {
        2 * HOUR
    }
