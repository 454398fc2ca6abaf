"""Ids are functions of the seed and the row: the same ones in every run and on every database."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import ids
from app.domain.instants import LATEST

ENTROPY = st.integers(0, (1 << ids.ENTROPY_BITS) - 1)
TAKEN_AT = st.integers(0, LATEST)


@given(st.text())
def test_a_hash_fits_every_database_and_is_never_negative(text: str) -> None:
    assert 0 <= ids.hash_60(text) < 1 << ids.ENTROPY_BITS


def test_the_hash_is_the_head_of_the_md5_sum() -> None:
    assert ids.md5_hex("abc") == "900150983cd24fb0d6963f7d28e17f72"
    assert ids.hash_60("abc") == 0x900150983CD24FB


@given(st.integers(), st.text(), st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_a_guid_is_read_back_as_it_is_stored(seed: int, name: str, digits: str) -> None:
    made = ids.guid_hex(seed, "job", name)
    for stored in (made, digits):
        assert ids.parse_guid(ids.guid(stored)) == stored
        assert ids.parse_guid(ids.guid(stored).upper()) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not-a-guid",
        "5b6cd8e86b1c4c02a6a30f3ad5cd9c7b",
        "{5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7b}",
        "urn:5b6cd8e86b1c4c02a6a30f3ad5cd9c7b",
        "----5b6cd8e86b1c4c02a6a30f3ad5cd9c7b",
        "5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7g",
        "5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c_7",
        "5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7b\n",
        "\N{FULLWIDTH DIGIT FIVE}b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7b",
    ],
)
def test_only_the_common_spelling_is_a_guid(text: str) -> None:
    assert ids.parse_guid(text) is None


def test_keys_differ_by_seed_kind_and_every_part_of_the_name() -> None:
    keys = {
        ids.key(0, "item", 1, "a"),
        ids.key(1, "item", 1, "a"),
        ids.key(0, "vault", 1, "a"),
        ids.key(0, "item", 2, "a"),
        ids.key(0, "item", 1, "b"),
        ids.key(0, "item", 1),
    }
    assert len(keys) == 6
    assert ids.key(0, "item", 1, "a") in keys


@given(ENTROPY, TAKEN_AT)
def test_the_name_of_a_recovery_point_leads_back_to_its_instant(entropy: int, at: int) -> None:
    name = ids.recovery_point_name(entropy, at)
    assert name.isdigit()
    assert ids.recovery_point_instant(entropy, name) == at


@given(ENTROPY, TAKEN_AT, TAKEN_AT)
def test_two_recovery_points_of_an_item_have_two_names(entropy: int, one: int, two: int) -> None:
    names = ids.recovery_point_name(entropy, one), ids.recovery_point_name(entropy, two)
    assert (names[0] == names[1]) == (one == two)


@pytest.mark.parametrize("name", ["", "abc", "-1", "1.5", " 1", "١٢٣", "9" * 19])
def test_what_is_no_name_of_a_point_leads_nowhere(name: str) -> None:
    assert ids.recovery_point_instant(12345, name) is None


@given(ENTROPY, st.text(alphabet="0123456789", min_size=1, max_size=18))
def test_any_number_names_an_instant_that_a_database_can_look_for(entropy: int, name: str) -> None:
    instant = ids.recovery_point_instant(entropy, name)
    assert instant is not None
    assert 0 <= instant < 1 << 63


def test_the_content_of_a_disk_changes_with_time_and_origin() -> None:
    prints = {ids.fingerprint(origin, at) for origin in ("a", "b") for at in (1, 2)}
    assert len(prints) == 4


def test_every_request_has_an_id_of_its_own() -> None:
    assert uuid.UUID(ids.request_id()) != uuid.UUID(ids.request_id())
