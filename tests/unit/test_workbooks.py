"""Workbooks: whatever texts they hold come out again, and equal texts give equal bytes."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

from hypothesis import given
from hypothesis import strategies as st

from app.domain.workbooks import workbook

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), max_codepoint=0xD7FF))


@given(st.lists(st.lists(TEXTS, max_size=4), max_size=4))
def test_every_text_is_read_back_as_it_was(rows: list[list[str]]) -> None:
    content = workbook("Jobs", rows)
    with ZipFile(BytesIO(content)) as package:
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    [data] = sheet
    assert [["".join(cell.itertext()) for cell in row] for row in data] == rows
    assert workbook("Jobs", rows) == content


def test_every_part_of_a_workbook_is_well_formed() -> None:
    with ZipFile(BytesIO(workbook('A & "B"', [["1 < 2"]]))) as package:
        for name in package.namelist():
            ElementTree.fromstring(package.read(name))
        assert "[Content_Types].xml" in package.namelist()
