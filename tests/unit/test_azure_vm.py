"""Azure VMs as a workload: names in any casing, and durations that grow with the disks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workloads import azure_vm
from app.workloads.azure_vm import GIBIBYTE, INSTANT_RESTORE_MIN, RESTORE_MIN, VmName

NAMES = st.text(st.characters(blacklist_characters=";/", max_codepoint=0x7F), min_size=1)
ENTROPY = st.integers(0, (1 << 60) - 1)
DISKS = st.lists(st.integers(1, 32_767), min_size=1, max_size=32)
USED = st.integers(0, 256_000 * GIBIBYTE)


def test_a_vm_is_named_as_azure_backup_names_it() -> None:
    name = azure_vm.name_of("My-Group", "My-VM")
    assert name.short == "iaasvmcontainerv2;my-group;my-vm"
    assert name.container == "IaasVMContainer;iaasvmcontainerv2;my-group;my-vm"
    assert name.item == "VM;iaasvmcontainerv2;my-group;my-vm"


@given(NAMES, NAMES)
def test_names_are_read_back_in_any_casing(group: str, vm: str) -> None:
    name = azure_vm.name_of(group, vm)
    for text in (name.container, name.container.upper(), name.short, name.short.upper()):
        assert azure_vm.parse_container(text) == name
    for text in (name.item, name.item.upper(), name.short):
        assert azure_vm.parse_item(text) == name


def test_a_vm_renamed_in_its_casing_only_is_the_same_vm() -> None:
    assert azure_vm.name_of("GROUP", "Vm") == VmName("group", "vm")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vm1",
        "VM;vm1",
        "iaasvmcontainerv2;group",
        "iaasvmcontainerv2;group;",
        "iaasvmcontainerv2;group;vm;more",
        "VM;VM;iaasvmcontainerv2;group;vm",
        "SQLDataBase;mssqlserver;master",
        "iaasvmcontainer;group;vm",
    ],
)
def test_names_of_other_things_are_no_names_of_vms(text: str) -> None:
    assert azure_vm.parse_item(text) is None
    assert azure_vm.parse_container(text) is None


def test_the_name_of_an_item_is_not_the_name_of_a_container() -> None:
    name = azure_vm.name_of("group", "vm")
    assert azure_vm.parse_container(name.item) is None
    assert azure_vm.parse_item(name.container) is None


@given(DISKS, ENTROPY)
def test_a_quarter_to_three_fifths_of_the_disks_is_used(sizes: list[int], entropy: int) -> None:
    provisioned = sum(sizes) * GIBIBYTE
    assert provisioned // 4 <= azure_vm.used_bytes(sizes, entropy) <= provisioned * 6 // 10


@given(DISKS, st.integers(1, 32_767), ENTROPY)
def test_more_disks_use_more(sizes: list[int], another: int, entropy: int) -> None:
    assert azure_vm.used_bytes(sizes, entropy) < azure_vm.used_bytes([*sizes, another], entropy)


@given(USED, ENTROPY)
def test_content_always_changes_and_by_at_most_a_twentieth_a_day(used: int, entropy: int) -> None:
    changed = azure_vm.churn_bytes_per_second(used, entropy)
    assert 1 <= changed <= max(used * 5 // 100 // 86_400, 1)


@given(USED, USED)
def test_a_restore_takes_longer_the_more_there_is_to_restore(one: int, other: int) -> None:
    less, more = sorted((one, other))
    for from_snapshot in (True, False):
        shorter = azure_vm.restore_micros(less, from_snapshot=from_snapshot)
        assert shorter <= azure_vm.restore_micros(more, from_snapshot=from_snapshot)
        assert shorter >= (INSTANT_RESTORE_MIN if from_snapshot else RESTORE_MIN)


@given(USED)
def test_a_restore_from_a_snapshot_is_the_quicker_one(used: int) -> None:
    instant = azure_vm.restore_micros(used, from_snapshot=True)
    assert instant < azure_vm.restore_micros(used, from_snapshot=False)
