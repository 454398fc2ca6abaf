"""docs/resources.md names every companion type and what is refused of it, from the table itself.

It is written by this file: ``python -m tests.house.test_resource_page`` after a change.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.resource_types import EMULATED, REGISTERED_ONLY, UNMOVABLE
from app.providers.companions.store import CompanionType
from app.providers.companions.table import TYPES

PAGE = Path(__file__).parents[2] / "docs" / "resources.md"
HEAD = """# Resources beside the vault

Written by `python -m tests.house.test_resource_page`; do not edit.

What backups, restores and their clients need besides Recovery Services. Each type is validated as
Azure does, has the properties that clients read, is deleted with its group, is listed under
`/resources` and found by Resource Graph, and outlives a restart.

- A type that is not here is refused with 404 `InvalidResourceType`, which names it. With
  `rsvault serve --generic-resources` it is kept as a plain document: its envelope is checked
  (location, tags, an object of properties), nothing is computed.
- `Microsoft.Classic*` is answered with 404, always: clients ask there first.
- Locks (`Microsoft.Authorization/locks`) on subscriptions, groups, resources and what lies in them
  hold: `CanNotDelete` and `ReadOnly` answer 409 `ScopeLocked`.
- Resource Graph answers `where`, `extend`, `project`, `order by`, `take` and `count` on the tables
  `resources`, `resourcecontainers`, `recoveryservicesresources` and `alertsmanagementresources`,
  and refuses the rest by name.
- Nothing runs in a guest (`runCommand` is refused), nothing is in a share, and the data plane of
  key vaults is refused by name; keys are made through Resource Manager.
"""


def page() -> str:
    """Return the page as it has to be."""
    rows = [_row(kind) for kind in sorted(TYPES, key=lambda kind: kind.type_name.lower())]
    types = [
        f"- `{namespace}`: {', '.join(f'`{each.name}`' for each in EMULATED[namespace])}"
        for namespace in sorted(EMULATED)
    ]
    return "\n".join(
        [
            HEAD,
            "## The table of types",
            "",
            "| type | operations | created with | deleted with | lies in | moves |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "## What `GET .../providers` shows",
            "",
            *types,
            "",
            f"Registered, with no types: {', '.join(f'`{each}`' for each in REGISTERED_ONLY)}.",
            "",
        ]
    )


def _row(kind: CompanionType) -> str:
    names = (kind.create, kind.get, kind.update, kind.delete, kind.list_in_group)
    operations = [*names, None if kind.parent is not None else kind.list_all]
    named = ", ".join(each for each in operations if each)
    parent = f"`{kind.parent.type_name}`" if kind.parent is not None else "a group"
    deleted = "200, 204" if kind.delete else "-"
    top = kind
    while top.parent is not None:
        top = top.parent
    moves = "no" if top.type_name.lower() in UNMOVABLE else "yes"
    own = f"`{kind.type_name}` | {kind.operations}: {named}"
    return f"| {own} | {kind.created_status} | {deleted} | {parent} | {moves} |"


def test_the_page_of_resources_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m tests.house.test_resource_page"
    )


def test_every_companion_type_is_shown_by_its_provider() -> None:
    shown = {f"{namespace}/{each.name}" for namespace, types in EMULATED.items() for each in types}
    assert {kind.type_name for kind in TYPES} <= shown


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
