"""Resource ids are read in every spelling that ARM reads, and compared without their casing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import resource_ids
from app.domain.resource_ids import VM_TYPE, ResourceId

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
VM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/My-Group/providers/{VM_TYPE}/My-VM"
NAMES = st.text(st.characters(blacklist_characters="/", max_codepoint=0x24F), min_size=1)


def test_an_id_is_taken_apart_and_put_together_again() -> None:
    found = resource_ids.parse(VM)
    assert found == ResourceId(SUBSCRIPTION, "My-Group", VM_TYPE, "My-VM")
    assert found.text == VM
    assert found.folded == VM.lower()


@given(st.uuids(), NAMES, NAMES)
def test_names_in_ids_are_kept_as_they_were_sent(subscription: object, group: str, vm: str) -> None:
    wanted = ResourceId(str(subscription), group, VM_TYPE, vm)
    assert resource_ids.parse(wanted.text) == wanted
    assert resource_ids.parse_group(f"/subscriptions/{subscription}/resourceGroups/{group}") == (
        str(subscription),
        group,
    )


@pytest.mark.parametrize("spelled", [VM.upper(), VM.lower(), VM.replace("/", "//"), f"{VM}/"])
def test_every_spelling_of_an_id_is_the_same_resource(spelled: str) -> None:
    found = resource_ids.parse(spelled)
    assert found is not None
    assert found.folded == VM.lower()
    assert found.text.startswith("/subscriptions/")
    assert "/resourceGroups/" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "My-VM",
        VM.removeprefix("/"),
        VM.replace(SUBSCRIPTION, "my-subscription"),
        f"{VM}/extensions/agent",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g",
        VM.replace("resourceGroups", "groups"),
        f"https://management.azure.com{VM}",
    ],
)
def test_what_names_no_resource_of_a_group_is_no_id(text: str) -> None:
    assert resource_ids.parse(text) is None


def test_the_id_of_a_group_is_taken_apart_and_put_together_again() -> None:
    text = resource_ids.group_id(SUBSCRIPTION, "My-Group")
    assert resource_ids.parse_group(text) == (SUBSCRIPTION, "My-Group")
    assert resource_ids.parse_group(f"{text.upper()}/") == (SUBSCRIPTION, "MY-GROUP")


@pytest.mark.parametrize("text", ["", "My-Group", VM, "/subscriptions/x/resourceGroups/g"])
def test_what_names_no_group_is_no_id_of_one(text: str) -> None:
    assert resource_ids.parse_group(text) is None


@pytest.mark.parametrize("name", ["g", "My.Group_(1)-2", "größe", "g" * 90])
def test_groups_may_have_letters_digits_and_a_few_signs(name: str) -> None:
    assert resource_ids.is_group_name(name)


@pytest.mark.parametrize("name", ["", "g.", "a b", "a/b", "a;b", "g" * 91, "g\n"])
def test_groups_may_not_have_other_signs_nor_end_in_a_dot(name: str) -> None:
    assert not resource_ids.is_group_name(name)


@pytest.mark.parametrize("text", ["East US 2", "eastus2", "EASTUS2", "EastUS 2"])
def test_a_region_has_one_short_name(text: str) -> None:
    assert resource_ids.normal_location(text) == "eastus2"
