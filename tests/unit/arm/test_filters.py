"""``$filter`` has a small grammar: what is in it is read, what is not is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.arm import filters
from app.domain.errors import Kind, Refused
from app.domain.instants import from_datetime

KEYS = ("backupManagementType", "status", "startTime")
STATUSES = ("InProgress", "Completed")


def refusal(text: str) -> Refused:
    with pytest.raises(Refused) as raised:
        filters.read(text, KEYS)
    return raised.value


@pytest.mark.parametrize("text", [None, "", "   "])
def test_no_filter_has_no_terms(text: str | None) -> None:
    assert filters.read(text, KEYS) == {}


@pytest.mark.parametrize(
    "text",
    [
        "backupManagementType eq 'AzureIaasVM' and status eq 'InProgress'",
        "BACKUPMANAGEMENTTYPE EQ 'AzureIaasVM' AND STATUS EQ 'InProgress'",
        "  backupmanagementtype  eq  'AzureIaasVM'   And   status  Eq  'InProgress'  ",
        "backupManagementType eq AzureIaasVM and status eq InProgress",
        "status eq 'InProgress' and backupManagementType eq 'AzureIaasVM'",
        "backupManagementType eq 'AzureIaasVM'and status eq 'InProgress'",
    ],
)
def test_terms_are_read_in_every_spelling(text: str) -> None:
    assert filters.read(text, KEYS) == {
        "backupManagementType": "AzureIaasVM",
        "status": "InProgress",
    }


@given(st.dictionaries(st.sampled_from(KEYS), st.text()))
def test_quotes_are_doubled_inside_of_quotes(terms: dict[str, str]) -> None:
    written = [f"{key} eq '{value.replace(chr(39), chr(39) * 2)}'" for key, value in terms.items()]
    assert filters.read(" and ".join(written), KEYS) == terms


def test_the_word_and_inside_of_quotes_joins_nothing() -> None:
    assert filters.read("status eq 'this and that eq'", KEYS) == {"status": "this and that eq"}


@pytest.mark.parametrize(
    "text",
    [
        "status",
        "status eq",
        "status eq ''' and",
        "status ne 'Completed'",
        "status eq 'Completed' or status eq 'Failed'",
        "status eq 'Completed' and",
        "and status eq 'Completed'",
        "status eq 'Completed' status eq 'Failed'",
        "status eq 'Completed' and status eq 'InProgress'",
        "(status eq 'Completed')",
        "status eq 'it's'",
        "friendlyName eq 'vm1'",
        "'status' eq 'Completed'",
        "status eq 2026-01-01",
    ],
)
def test_anything_else_is_refused_and_names_the_keys(text: str) -> None:
    refused = refusal(text)
    assert (refused.kind, refused.code) == (Kind.INVALID, "BMSUserErrorInvalidInput")
    assert refused.target == "$filter"
    assert f"'{text}'" in refused.message
    assert "backupManagementType, startTime, status" in refused.message


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_filters(text: str) -> None:
    try:
        terms = filters.read(text, KEYS)
    except Refused:
        return
    assert terms.keys() <= set(KEYS)


@pytest.mark.parametrize("sent", ["InProgress", "inprogress", "INPROGRESS"])
def test_a_word_is_read_in_any_casing_and_given_in_azures(sent: str) -> None:
    assert filters.one_of({"status": sent}, "status", STATUSES) == "InProgress"


def test_a_word_that_was_not_sent_is_none() -> None:
    assert filters.one_of({}, "status", STATUSES) is None
    assert filters.instant({}, "startTime") is None


def test_an_unknown_word_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(Refused, match="status 'Lost' is not known; allowed: Completed, InProgress"):
        filters.one_of({"status": "Lost"}, "status", STATUSES)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-31 01:02:03 PM", 13),
        ("2026-01-31 1:02:03 pm", 13),
        ("2026-01-31 12:02:03 AM", 0),
        ("2026-01-31 12:02:03 PM", 12),
        ("2026-01-31T13:02:03Z", 13),
        ("2026-01-31T13:02:03+01:00", 12),
        ("2026-01-31 13:02:03", 13),
        ("2026-01-31T13:02:03.000Z", 13),
        ("2026-01-31 13:02:03+00:00", 13),
        ("1/31/2026 1:02:03 PM", 13),
        ("01/31/2026 01:02:03 PM", 13),
        ("2026-01-31 00:02:03 AM", 0),
    ],
)
def test_dates_are_read_with_twelve_hours_or_in_iso_8601(text: str, hour: int) -> None:
    wanted = from_datetime(datetime(2026, 1, 31, hour, 2, 3, tzinfo=UTC))
    assert filters.instant({"startTime": text}, "startTime") == wanted


@pytest.mark.parametrize("text", ["", "yesterday", "31/01/2026", "2026-01-31 13:02:03 PM"])
def test_what_is_no_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused, match="is not a date such as '2026-01-31 01:00:00 PM'"):
        filters.instant({"startTime": text}, "startTime")


@pytest.mark.parametrize("text", ["2026-01-31", "1/31/2026", "2026-01-31 00:00:00 AM"])
def test_a_day_alone_is_its_midnight(text: str) -> None:
    midnight = from_datetime(datetime(2026, 1, 31, tzinfo=UTC))
    assert filters.instant({"startTime": text}, "startTime") == midnight


@pytest.mark.parametrize(("sent", "wanted"), [("True", True), ("false", False), (None, None)])
def test_a_flag_is_true_or_false_in_any_casing(sent: str | None, wanted: bool | None) -> None:
    assert filters.flag({} if sent is None else {"extendedInfo": sent}, "extendedInfo") is wanted


def test_a_flag_that_is_neither_is_refused() -> None:
    with pytest.raises(Refused, match="extendedInfo '1' is not known; allowed: false, true"):
        filters.flag({"extendedInfo": "1"}, "extendedInfo")
