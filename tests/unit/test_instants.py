"""Instants and lengths of time are read and written exactly as Azure's clients do it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import isodate
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import instants
from app.domain.instants import DAY, EARLIEST, HOUR, LATEST, MINUTE, SECOND

ANY_INSTANT = st.integers(EARLIEST, LATEST)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))
CENTURY = 36_525 * DAY


def utc(*parts: int) -> int:
    return instants.from_datetime(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]


@given(ANY_INSTANT)
def test_what_is_written_is_read_back_the_same(instant: int) -> None:
    assert instants.parse(instants.wire(instant)) == instant
    assert instants.parse(instants.wire_without_zone(instant)) == instant
    assert instants.from_datetime(instants.to_datetime(instant)) == instant


@given(ANY_INSTANT, OFFSETS)
def test_an_offset_names_the_same_instant(instant: int, offset: timedelta) -> None:
    assume(EARLIEST + DAY < instant < LATEST - DAY)
    local = instants.to_datetime(instant).astimezone(timezone(offset))
    assert instants.parse(local.isoformat()) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-31T22:00:00.1234567Z", utc(2026, 1, 31, 22, 0, 0, 123_456)),
        ("2026-01-31T22:00:00.9999999Z", utc(2026, 1, 31, 22, 0, 0, 999_999)),
        ("2026-01-31T22:00:00.5Z", utc(2026, 1, 31, 22, 0, 0, 500_000)),
        ("2026-01-31T22:00:00", utc(2026, 1, 31, 22)),
        ("2026-01-31T22:00z", utc(2026, 1, 31, 22)),
        (" 2026-01-31 22:00:00 ", utc(2026, 1, 31, 22)),
        ("2026-01-31T22:00:00+05:30", utc(2026, 1, 31, 16, 30)),
        ("2026-01-31T22:00:00-0800", utc(2026, 2, 1, 6)),
        ("9999-12-31T23:59:59.9999999Z", LATEST + SECOND - 1),
        ("0001-01-01T00:00:00Z", EARLIEST),
    ],
)
def test_dates_are_read_in_every_spelling_of_the_clients(text: str, instant: int) -> None:
    assert instants.parse(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-01-31",
        "2026-02-30T00:00:00Z",
        "2026-01-31T24:01:00Z",
        "2026-01-31T22:00:00+99:00",
        "2026-01-31T22:00:00.Z",
        "2026-01-31T22:00:00Z; --",
        "\N{FULLWIDTH DIGIT TWO}026-01-31T22:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:30:00-01:00",
        "0001-01-01T00:30:00+01:00",
    ],
)
def test_what_is_no_date_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="is not") as refusal:
        instants.parse(text)
    assert text in str(refusal.value)


@given(st.text())
def test_no_text_breaks_the_reading_of_dates_and_durations(text: str) -> None:
    for read in (instants.parse, instants.parse_duration):
        with contextlib.suppress(ValueError):
            read(text)


def test_a_naive_datetime_is_no_instant() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instants.from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001


def test_fractions_have_no_trailing_zeros() -> None:
    assert instants.wire(utc(2026, 1, 1)) == "2026-01-01T00:00:00Z"
    assert instants.wire(utc(2026, 1, 1, 0, 0, 0, 120_000)) == "2026-01-01T00:00:00.12Z"
    assert instants.wire_without_zone(utc(2026, 1, 1, 0, 0, 0, 1)) == "2026-01-01T00:00:00.000001"


@given(st.integers(1, 1 << 62))
def test_what_lies_past_the_calendar_is_shown_as_its_end(further: int) -> None:
    assert instants.wire(LATEST + further).startswith("9999-12-31T23:59:59")
    assert instants.wire(EARLIEST - further).startswith("0001-01-01T00:00:00")
    assert instants.human(LATEST + further) == "12/31/9999 11:59:59 PM"


@given(ANY_INSTANT)
def test_a_job_shows_dates_as_americans_write_them(instant: int) -> None:
    read = datetime.strptime(f"{instants.human(instant)} +0000", "%m/%d/%Y %I:%M:%S %p %z")
    assert instants.from_datetime(read) == instant // SECOND * SECOND


@pytest.mark.parametrize(
    ("hour", "text"),
    [(0, "12:05:09 AM"), (1, "1:05:09 AM"), (12, "12:05:09 PM"), (23, "11:05:09 PM")],
)
def test_noon_and_midnight_are_twelve_o_clock(hour: int, text: str) -> None:
    assert instants.human(utc(2026, 3, 4, hour, 5, 9)) == f"3/4/2026 {text}"


@given(st.integers(0, CENTURY))
def test_a_length_of_time_is_written_in_iso_8601(micros: int) -> None:
    text = instants.iso_duration(micros)
    assert isodate.parse_duration(text) == timedelta(microseconds=micros)
    assert instants.parse_duration(text) == timedelta(microseconds=micros)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "PT0S"),
        (-1, "PT0S"),
        (41 * MINUTE + 12 * SECOND + 300_000, "PT41M12.3S"),
        (2 * HOUR, "PT2H"),
        (DAY, "P1D"),
        (DAY + 1, "P1DT0.000001S"),
        (90 * SECOND + 10 * HOUR, "PT10H1M30S"),
    ],
)
def test_parts_of_a_length_that_are_zero_are_left_out(micros: int, text: str) -> None:
    assert instants.iso_duration(micros) == text


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "00:00:00"),
        (-1, "00:00:00"),
        (3 * MINUTE + 4 * SECOND, "00:03:04"),
        (DAY + HOUR, "1.01:00:00"),
        (10 * DAY + 1, "10.00:00:00.0000010"),
        (500_000, "00:00:00.5000000"),
    ],
)
def test_a_length_of_time_is_written_as_dotnet_does(micros: int, text: str) -> None:
    assert instants.time_span(micros) == text


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        (utc(2026, 1, 31), "P1M", utc(2026, 2, 28)),
        (utc(2024, 2, 29), "P1Y", utc(2025, 2, 28)),
        (utc(2026, 1, 31), "P1M1DT1H", utc(2026, 3, 1, 1)),
        (utc(2026, 1, 31), "-P1M", utc(2025, 12, 31)),
        (utc(2026, 1, 31), "P2W", utc(2026, 2, 14)),
    ],
)
def test_months_and_years_move_by_the_calendar(start: int, duration: str, end: int) -> None:
    assert instants.after(start, instants.parse_duration(duration)) == end


@given(ANY_INSTANT, st.timedeltas())
def test_a_duration_past_the_calendar_ends_just_outside_it(start: int, length: timedelta) -> None:
    exact = start + length // timedelta(microseconds=1)
    assert instants.after(start, length) == min(max(exact, EARLIEST - 1), LATEST + SECOND)


@pytest.mark.parametrize("duration", ["P9000Y", "P99999M", f"P{'9' * 30}Y", "P1Y999999999D"])
def test_calendar_durations_past_the_end_are_later_than_the_latest(duration: str) -> None:
    length = instants.parse_duration(duration)
    assert instants.after(utc(2026, 1, 1), length) > LATEST
    assert instants.after(utc(2026, 1, 1), -length) < EARLIEST


@pytest.mark.parametrize("text", ["", "P", "120D", "P1", "P0.5Y", "P1.5M", "P9999999999D"])
def test_what_is_no_duration_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}'"):
        instants.parse_duration(text)


def test_ticks_are_tenths_of_microseconds_since_the_year_1() -> None:
    assert instants.ticks(EARLIEST) == 0
    assert instants.ticks(0) == 621_355_968_000_000_000
    assert instants.ticks(utc(2017, 12, 18, 7, 10, 13)) == 636_491_778_130_000_000
