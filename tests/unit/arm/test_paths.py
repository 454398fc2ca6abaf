"""Paths are found in every spelling, and what leads nowhere is refused by name."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.arm import paths
from app.arm.calls import Answer, Endpoint, endpoint
from app.arm.paths import LONGEST_SEGMENT, Match, PathTree
from app.domain.errors import Kind, Refused

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/{{vaultName}}"
JOBS = f"{VAULT}/backupJobs"
PATH = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/My-Group"
    "/providers/Microsoft.RecoveryServices/vaults/My-Vault"
)
NAMES = st.text(
    st.characters(blacklist_characters="/\ufffd", blacklist_categories=("Cs", "Cc")),
    min_size=1,
    max_size=80,
)


def declared(method: str, template: str) -> Endpoint:
    return endpoint(method, template, f"{method} {template}", tag="Tests")(Answer)


TREE = PathTree(
    [
        declared("GET", "/subscriptions"),
        declared("GET", GROUP),
        declared("GET", VAULT),
        declared("PUT", VAULT),
        declared("GET", JOBS),
        declared("POST", f"{JOBS}/{{jobName}}/cancel"),
    ]
)


def find(path: str) -> Match | None:
    return TREE.find(paths.segments_of(path.encode()))


def found(path: str) -> Match:
    match = find(path)
    assert match is not None
    return match


def test_a_path_leads_to_its_names_and_methods() -> None:
    match = found(PATH)
    assert match.path == PATH
    assert sorted(match.endpoints) == ["GET", "PUT"]
    assert match.parameters == {
        "subscriptionId": SUBSCRIPTION,
        "resourceGroupName": "My-Group",
        "vaultName": "My-Vault",
    }


@pytest.mark.parametrize(
    "spelled",
    [
        PATH.replace("subscriptions", "SUBSCRIPTIONS").replace("providers", "pRoViDeRs"),
        PATH.replace("resourceGroups", "resourcegroups").replace("Microsoft", "MICROSOFT"),
        PATH.replace("/", "//"),
        f"//{PATH}",
        f"{PATH}/",
        f"{PATH}//",
        PATH.replace("vaults", "%76aults"),
    ],
)
def test_every_spelling_of_the_keywords_is_the_canonical_one(spelled: str) -> None:
    match = found(spelled)
    assert match.path.lower() == PATH.lower()
    assert match.path.startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/My-Group/providers")
    assert "/Microsoft.RecoveryServices/vaults/" in match.path


@given(NAMES, NAMES)
def test_names_are_kept_as_they_were_sent(group: str, vault: str) -> None:
    path = PATH.replace("My-Group", quote(group, safe="")).replace("My-Vault", quote(vault))
    match = found(path)
    assert match.parameters["resourceGroupName"] == group
    assert match.parameters["vaultName"] == vault


def test_a_semicolon_may_be_escaped() -> None:
    assert found(f"{PATH}/backupJobs/VM%3Bv2%3bvm1/cancel").parameters["jobName"] == "VM;v2;vm1"
    assert found(f"{PATH}/backupJobs/VM;v2;vm1/cancel").parameters["jobName"] == "VM;v2;vm1"
    assert found(f"{PATH}/backupJobs/50%253B/cancel").parameters["jobName"] == "50%3B"


@pytest.mark.parametrize("name", ["Providers", "subscriptions", "vaults", "backupJobs", "cancel"])
def test_a_resource_may_be_called_like_a_keyword(name: str) -> None:
    path = PATH.replace("My-Group", name).replace("My-Vault", name)
    assert found(path).parameters["vaultName"] == name
    assert found(path).path == path
    assert found(f"{path}/backupJobs/{name}/cancel").parameters["jobName"] == name


def test_a_keyword_goes_before_a_name_and_a_name_is_tried_after_it() -> None:
    tree = PathTree([declared("GET", "/a/b/c"), declared("GET", "/a/{name}/d")])
    keyword, name = tree.find(["a", "B", "c"]), tree.find(["a", "B", "d"])
    assert keyword is not None
    assert (keyword.path, keyword.parameters) == ("/a/b/c", {})
    assert name is not None
    assert (name.path, name.parameters) == ("/a/B/d", {"name": "B"})


@pytest.mark.parametrize("path", ["/", "/nowhere", f"{PATH}/backupVaults", f"{PATH}/backupJobs/1"])
def test_a_path_that_nobody_declared_leads_nowhere(path: str) -> None:
    assert find(path) is None


@pytest.mark.parametrize(
    "segment",
    ["a%00b", "a%0Ab", "a%0d%0ab", "%7F", "%09", "a%2Fb", "%FF", "%ED%A0%80", "%EF%BF%BD"],
)
def test_names_that_nothing_on_azure_has_are_refused(segment: str) -> None:
    with pytest.raises(Refused) as raised:
        find(f"{PATH}/backupJobs/{segment}/cancel")
    assert (raised.value.kind, raised.value.code) == (Kind.INVALID, "InvalidRequestUri")


def test_a_name_may_be_long_but_not_endless() -> None:
    assert paths.segments_of(b"/" + b"a" * LONGEST_SEGMENT) == ["a" * LONGEST_SEGMENT]
    with pytest.raises(Refused):
        paths.segments_of(b"/" + b"a" * (LONGEST_SEGMENT + 1))


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading_of_paths(raw: bytes) -> None:
    try:
        segments = paths.segments_of(raw)
    except Refused as refused:
        segments = [refused.code]
    TREE.find(segments)
    assert paths.nowhere(segments).kind is Kind.NOT_FOUND


def test_an_endpoint_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"GET /a/\{other\} is declared twice"):
        PathTree([declared("GET", "/a/{name}"), declared("GET", "/a/{other}")])


def test_every_guid_is_a_subscription_and_nothing_else_is() -> None:
    paths.check_subscription({})
    paths.check_subscription({"subscriptionId": SUBSCRIPTION.upper()})
    with pytest.raises(Refused) as raised:
        paths.check_subscription({"subscriptionId": "my-subscription"})
    assert raised.value.code == "InvalidSubscriptionId"
    assert "'my-subscription'" in raised.value.message


def test_a_wrong_method_is_told_the_right_ones() -> None:
    refused = paths.method_not_allowed("PATCH", found(PATH).endpoints)
    assert refused.kind is Kind.METHOD_NOT_ALLOWED
    assert "allowed: GET, PUT" in refused.message


def test_a_type_that_is_not_emulated_is_refused_by_its_name() -> None:
    segments = paths.segments_of(f"{PATH}/replicationFabrics/f1/x".encode())
    refused = paths.nowhere(segments)
    assert refused.code == "InvalidResourceType"
    assert "'vaults/replicationFabrics/x'" in refused.message
    assert "'Microsoft.RecoveryServices'" in refused.message
    assert paths.nowhere(["etc", "passwd"]).code == "NotFound"
