"""Plan files: YAML or JSON, read with the line of every place so that an error can name it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain import marked_texts
from ..domain.marked_texts import MarkedText, WrongText


@dataclass(frozen=True)
class PlanFile:
    """A plan's document, and the line on which each place of it stands."""

    name: str
    content: MarkedText

    @property
    def document(self) -> Any:
        """What the file says."""
        return self.content.document

    def where(self, place: str | None) -> str:
        """Return the file, and the line of a place or of the nearest one around it."""
        mark = self.content.mark(place)
        return f"{self.name}:{mark.line}" if mark else self.name


def read(path: Path) -> PlanFile:
    """Read a plan file. Raises ``ValueError`` that says where the text is no YAML or JSON.

    A name that ends in .json is JSON, every other one YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: is not a text in UTF-8") from None
    is_json = path.suffix.lower() == ".json"
    try:
        found = marked_texts.json_of(text) if is_json else marked_texts.yaml_of(text)
    except WrongText as problem:
        where = path.name if problem.mark is None else f"{path.name}:{problem.mark.line}"
        raise ValueError(f"{where}: {problem.reason}") from None
    return PlanFile(path.name, found)
