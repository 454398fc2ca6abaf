"""The table of regions is whole: every pair leads to a region, every name is a short one."""

from __future__ import annotations

import pytest

from app.domain.regions import REGIONS, SECONDARY_REGION, secondary_to, some_names
from app.domain.resource_ids import normal_location


def test_every_region_of_a_pair_is_in_the_table() -> None:
    assert {*SECONDARY_REGION, *SECONDARY_REGION.values()} <= set(REGIONS)


def test_no_region_is_its_own_secondary() -> None:
    assert [name for name, secondary in SECONDARY_REGION.items() if name == secondary] == []


@pytest.mark.parametrize("name", REGIONS)
def test_the_display_name_of_a_region_leads_to_its_short_name(name: str) -> None:
    assert normal_location(REGIONS[name].display_name) == name


@pytest.mark.parametrize(
    ("primary", "secondary"),
    [
        ("westeurope", "northeurope"),
        ("northeurope", "westeurope"),
        ("westus3", "eastus"),
        ("eastus", "westus"),
        ("brazilsouth", "southcentralus"),
        ("southcentralus", "northcentralus"),
        ("westindia", "southindia"),
    ],
)
def test_pairs_have_a_direction_as_the_az_command_has_it(primary: str, secondary: str) -> None:
    assert SECONDARY_REGION[primary] == secondary


@pytest.mark.parametrize("name", ["polandcentral", "italynorth", "qatarcentral", "israelcentral"])
def test_newer_regions_have_no_secondary_region(name: str) -> None:
    assert name in REGIONS
    assert name not in SECONDARY_REGION


def test_a_refusal_names_a_few_regions_that_exist() -> None:
    few = some_names().split(" and ")[0].split(", ")
    assert set(few) <= set(REGIONS)


def test_a_region_may_be_the_secondary_one_of_several_or_of_none() -> None:
    assert secondary_to("northeurope") == ("westeurope",)
    assert set(secondary_to("westus3")) == {"eastus3"}
    assert {"eastus2", "southwestus"} < set(secondary_to("centralus"))
    assert secondary_to("polandcentral") == ()
