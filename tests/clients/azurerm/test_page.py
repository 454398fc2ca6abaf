"""docs/terraform.md says what the tests do, and counts what has passed."""

from __future__ import annotations

import re
from pathlib import Path

from app.server import RunningServer
from tests.clients.azurerm.releases import RELEASES
from tests.terraform.results import counted, results
from tests.terraform.workspace import CONFIGURATIONS, SIGNED_IN, environment

PAGE = (Path(__file__).parents[3] / "docs" / "terraform.md").read_text(encoding="utf-8")


def exported(mark: str) -> dict[str, str]:
    """Return the variables of a marked block."""
    found = re.search(rf"<!-- {mark} -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, mark
    return dict(re.findall(r"^export (\w+)=(\S*)", found.group(1), re.MULTILINE))


def test_the_page_exports_what_the_tests_give_to_terraform(
    world: RunningServer, tmp_path: Path
) -> None:
    told = exported("terraform:environment")
    given = environment(world, tmp_path)
    assert set(told) == set(given) - {"PATH", "HOME"}
    assert {name: told[name] for name in SIGNED_IN} == SIGNED_IN
    assert told["GO_AZURE_SDK_SKIP_POLLING_DELAY"] == given["GO_AZURE_SDK_SKIP_POLLING_DELAY"]


def test_the_page_names_the_variables_of_the_suite() -> None:
    assert set(exported("terraform:run")) == {
        "RSVAULT_TEST_AZURERM",
        "RSVAULT_TEST_AZURERM_ACCEPTANCE",
    }


def test_the_page_counts_the_acceptance_tests_right() -> None:
    rows = {
        family: f"| {family} | {tests} | {passed} | {tests - passed - cannot} | {cannot} |"
        for family, (tests, passed, cannot) in counted().items()
    }
    assert [row for row in rows.values() if row not in PAGE] == []
    assert f"{len(results())} of the 151 tests" in PAGE


def test_the_page_names_releases_and_configurations() -> None:
    names = [each.name for each in RELEASES]
    names += [each.name for each in CONFIGURATIONS.glob("*.tf")]
    assert [name for name in names if name not in PAGE] == []
