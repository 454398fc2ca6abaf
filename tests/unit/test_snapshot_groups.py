"""How groups of snapshots are named, and which names a policy may ask for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.domain.instants import LATEST, SECOND, parse
from app.domain.resource_ids import is_group_name
from app.domain.snapshot_groups import (
    LONGEST,
    Pattern,
    checked,
    collection_name,
    pattern,
    restore_point_name,
    restore_point_second,
)

PREFIX = "azureBackupRGNamePrefix"
SUFFIX = "azureBackupRGNameSuffix"


def details(prefix: Any = None, suffix: Any = None) -> dict[str, Any]:
    return {"instantRPDetails": {PREFIX: prefix, SUFFIX: suffix}}


def test_a_policy_that_says_nothing_has_the_names_of_the_service() -> None:
    assert pattern({"instantRPDetails": {}}, "westeurope").name(1) == "AzureBackupRG_westeurope_1"
    assert pattern(None, "westeurope").name(1) == "AzureBackupRG_westeurope_1"


def test_a_number_stands_between_prefix_and_suffix() -> None:
    own = pattern(details("snaps-", "-rg"), "westeurope")
    assert (own.name(1), own.name(20)) == ("snaps-1-rg", "snaps-20-rg")
    assert pattern({"instantRPDetails": {PREFIX: "snaps"}}, "westeurope").name(3) == "snaps3"


@pytest.mark.parametrize("name", ["a.1(b)", "A.12(B)"])
def test_a_group_is_known_by_its_name_in_any_casing(name: str) -> None:
    assert Pattern("a.", "(b)").matches(name)


@pytest.mark.parametrize("name", ["a.0(b)", "a.01(b)", "a.(b)", "ax1(b)", "a.1(b)c", "xa.1(b)"])
def test_a_group_of_another_name_is_another(name: str) -> None:
    assert not Pattern("a.", "(b)").matches(name)


@pytest.mark.parametrize(
    ("prefix", "suffix", "field", "told"),
    [
        ("a b", None, PREFIX, "'a b' may only hold"),
        ("a/b", None, PREFIX, "'a/b' may only hold"),
        ("a", "b#", SUFFIX, "'b#' may only hold"),
        (None, "b", PREFIX, "is required"),
        ("", "b", PREFIX, "is required"),
        ("a", "b.", SUFFIX, "'b.' may not end"),
        ("a" * 75, None, PREFIX, "75 characters"),
        ("a" * 40, "b" * 35, PREFIX, "75 characters"),
    ],
)
def test_a_name_that_no_group_may_have_is_refused(
    prefix: Any, suffix: Any, field: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        checked(details(prefix, suffix))
    assert refused.value.code == "BMSUserErrorInvalidPolicyInput"
    assert refused.value.target == f"properties.instantRPDetails.{field}"
    assert told in refused.value.message


parts = st.text(st.sampled_from("abc-_.()19é"), max_size=LONGEST)


@given(prefix=parts, suffix=parts, number=st.integers(1, 10**9))
def test_what_is_accepted_names_groups_that_can_be(prefix: str, suffix: str, number: int) -> None:
    try:
        kept = checked(details(prefix, suffix))
    except Refused:
        return
    found = pattern({"instantRPDetails": kept}, "westeurope")
    assert is_group_name(found.name(number))
    assert found.matches(found.name(number))


def test_a_collection_is_named_for_its_vm() -> None:
    assert collection_name("vm-1", 12) == "AzureBackup_vm-1_12"


def test_a_restore_point_is_named_for_the_second_it_was_taken_in() -> None:
    at = parse("2025-12-02T12:04:15.25Z")
    assert restore_point_name(at) == "AzureBackup_20251202_120415"
    assert restore_point_second("azurebackup_20251202_120415") == at // SECOND * SECOND


@given(st.integers(0, LATEST))
def test_a_name_leads_back_to_its_second(at: int) -> None:
    assert restore_point_second(restore_point_name(at)) == at // SECOND * SECOND


@pytest.mark.parametrize(
    "name", ["", "x", "AzureBackup_20251302_120415", "AzureBackup_20251202_12041", "AzureBackup_٢"]
)
def test_a_name_that_is_none_leads_nowhere(name: str) -> None:
    assert restore_point_second(name) is None
