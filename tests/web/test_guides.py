"""The guide of every shipped procedure is whole, in both languages, and says where each thing comes from."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from flask import Flask

from tests.conftest import World
from tests.web.conftest import Api
from workflows import install

Person = Callable[[str], Api]
PROCEDURES = sorted(path.parent for path in install.procedures_folder().glob("*/procedure.json"))


@pytest.mark.parametrize("folder", PROCEDURES, ids=lambda path: path.name)
def test_every_procedure_says_who_on_what_conditions_how_and_with_what_result(folder: Path) -> None:
    guide: dict[str, Any] = json.loads((folder / "procedure.json").read_text("utf-8"))["guide"]
    assert {"who", "conditions", "steps", "result", "basis", "fee"} <= set(guide)
    for part in ("who", "conditions", "steps", "result", "fee"):
        assert guide[part]["zh"] and guide[part]["en"], part
        if isinstance(guide[part]["zh"], list):
            assert len(guide[part]["zh"]) == len(guide[part]["en"]), part


def test_the_page_of_a_guide_has_all_its_parts(world: World, app: Flask) -> None:
    shown = app.test_client().get("/procedures/one_window").get_data(as_text=True)
    parts = ("适用对象", "受理条件", "申请材料", "办理时限", "法定期限", "承诺期限", "特别程序", "是否计入办理时限")
    for part in (*parts, "办理流程", "设定依据", "办理结果", "文书和结果样本", "流程图", "收费", "填写示例"):
        assert part in shown, part
    assert "不予批准（许可）决定书" in shown


def test_a_sample_of_a_result_names_what_will_stand_in_it(world: World, app: Flask) -> None:
    client = app.test_client()
    for letter in json.loads((install.procedures_folder() / "one_window" / "procedure.json").read_text())["letters"]:
        answer = client.get(f"/procedures/one_window/letters/{letter}.docx")
        assert answer.status_code == 200, letter
        document = Document(io.BytesIO(answer.data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)
        assert "〔" in text and "{{" not in text, letter
    assert client.get("/procedures/one_window/letters/waste_licence.docx").status_code == 404
