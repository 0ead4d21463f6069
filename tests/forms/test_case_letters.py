"""Letters of whole cases on the real runtime: they say what was handed in, and nothing only a program understands."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date
from typing import Any

import pytest
import segno
from docx import Document
from docx.oxml.ns import qn

from registers import files
from tests.conftest import World
from workflows import install, letters, notices, scenarios, versionfiles

CODES = re.compile(
    r"None|null|\{|\}|\b(?:true|false|True|False|report|form|key|simplified|approved|VOCS|NH3N|sip-eeb)\b"
)


def play(world: World, name: str, procedure: str = "one_window", **changed: Any) -> scenarios.Player:
    contents = versionfiles.read_folder(install.procedures_folder() / procedure)
    every = json.loads(contents["scenarios.json"])["scenarios"]
    scenario = next(item for item in every if item["name"]["zh"].startswith(name))
    for step in scenario["steps"]:
        if step.get("task") in changed:
            step["submit"] = {**step["submit"], **changed[step["task"]]}
    player = scenarios.Player(world.rt, world.time, contents, scenario)
    player.play()
    return player


def letters_of(world: World, player: scenarios.Player) -> list[tuple[dict[str, Any], bytes, str]]:
    with world.rt.db.transaction() as conn:
        made = letters.of_case(conn, player.case_id)
    contents = [files.path_of(world.rt.files_root, one["sha256"]).read_bytes() for one in made]
    return [(one, content, words(content)) for one, content in zip(made, contents, strict=True)]


def words(content: bytes) -> str:
    body = Document(io.BytesIO(content)).element.body
    return "\n".join("".join(n.text or "" for n in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))


@pytest.mark.parametrize(
    ("procedure", "name"),
    [
        ("one_window", "同时办理：报告表＋重点管理"),
        ("one_window", "分阶段：报告书＋重点管理"),
        ("one_window", "公示期有人申请听证"),
        ("one_window", "不予批准环评，许可随之不予许可"),
        ("one_window", "受理后企业撤回"),
        ("change", "一般变动：增加排放口"),
        ("change", "一般变动：法定代表人变更"),
        ("permit_renewal", "重点管理：补正一次"),
        ("permit_renewal", "当场更正；签发退回重拟"),
        ("permit_renewal", "新建生产线"),
    ],
)
def test_no_letter_of_a_case_has_a_code_in_it(world: World, procedure: str, name: str) -> None:
    made = letters_of(world, play(world, name, procedure))
    assert made
    for one, _, text in made:
        without_code = text.replace(one["verify_code"] or "\0", "")
        assert not CODES.search(without_code), (one["kind"], CODES.findall(without_code))
        assert "苏州示范电子科技有限公司" in text, one["kind"]


def test_letters_name_the_project_and_not_the_procedure(world: World) -> None:
    made = letters_of(world, play(world, "同时办理：报告表＋重点管理"))
    for one, _, text in made:
        if one["kind"] not in ("permit_original", "permit_copy"):
            assert "集成电路封装测试扩建项目" in text, one["kind"]
        assert "一窗办理" not in text


def test_the_permit_copy_holds_outlets_amounts_of_the_plant_and_reports(world: World) -> None:
    made = letters_of(world, play(world, "同时办理：报告表＋重点管理", task_application={"noise": "厂界执行3类标准。"}))
    text = next(text for one, _, text in made if one["kind"] == "permit_copy")
    for part in (
        "DA001",
        "挥发性有机物",
        "全厂许可年排放量",
        "年度和季度执行报告",
        "厂界执行3类标准。",
        "集成电路制造",
    ):
        assert part in text, part


def test_a_staged_permit_gets_its_own_notice_of_acceptance(world: World) -> None:
    made = letters_of(world, play(world, "分阶段：报告书＋重点管理"))
    first, second = [text for one, _, text in made if one["kind"] == "acceptance_notice"]
    assert "届时另行出具受理通知书" in first
    assert "排污许可（重点管理）：自" in second
    assert "报告书审批" not in second


def test_the_announcement_says_what_the_public_notice_says(world: World) -> None:
    player = play(world, "同时办理：报告表＋重点管理")
    made = {one["kind"]: text for one, _, text in letters_of(world, player)}
    with world.rt.db.transaction() as conn:
        shown = {one["kind"]: one for one in notices.of_case(conn, player.case_id)}
    kinds = {"acceptance": "acceptance", "intended_decision": "intended", "decision": "decision"}
    for kind, letter in kinds.items():
        for name, text in shown[kind]["content"].items():
            assert name in made[f"{letter}_announcement"]
            assert text.split("\n")[0] in made[f"{letter}_announcement"]
    assert {
        "项目名称",
        "建设地点",
        "建设单位",
        "环境影响评价机构",
        "项目概况",
        "主要环境影响及预防或者减轻不良环境影响的对策和措施",
        "公众参与情况",
        "建设单位或者地方政府作出的相关环境保护措施承诺",
        "听证告知",
        "联系电话",
    } <= set(shown["intended_decision"]["content"])


def test_the_receipt_of_delivery_lists_the_documents_that_were_served(world: World) -> None:
    made = letters_of(world, play(world, "同时办理：报告表＋重点管理"))
    receipt = next(text for one, _, text in made if one["kind"] == "delivery_receipt")
    assert "环境影响评价文件批复" in receipt
    assert next(one["number"] for one, _, _ in made if one["kind"] == "eia_approval") in receipt
    assert "受理通知书" not in receipt


def test_the_qr_code_of_a_letter_leads_to_its_check(world: World) -> None:
    made = letters_of(world, play(world, "只办许可：简化管理，仅组装"))
    one, content, _ = next(item for item in made if item[0]["kind"] == "permit_original")
    picture = io.BytesIO()
    segno.make(f"{world.rt.base_url}/verify/{one['verify_code']}", error="m").save(
        picture, kind="png", scale=8, border=1
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        media = [archive.read(name) for name in archive.namelist() if name.startswith("word/media/")]
    assert media == [picture.getvalue()]


def test_the_case_is_called_after_the_project_as_soon_as_it_is_applied_for(world: World) -> None:
    contents = versionfiles.read_folder(install.procedures_folder() / "one_window")
    scenario = json.loads(contents["scenarios.json"])["scenarios"][0]
    scenario["steps"] = scenario["steps"][:1]
    player = scenarios.Player(world.rt, world.time, contents, scenario)
    player.play()
    with world.rt.db.transaction() as conn:
        title = conn.exec_driver_sql("SELECT title FROM cases WHERE id = %s", (player.case_id,)).scalar()
    assert title == "集成电路封装测试扩建项目"


def test_a_withdrawal_is_confirmed_in_writing_only_when_something_was_received(world: World) -> None:
    made = letters_of(world, play(world, "受理后企业撤回"))
    assert "企业决定暂缓建设" in next(text for one, _, text in made if one["kind"] == "withdrawal_notice")
    contents = versionfiles.read_folder(install.procedures_folder() / "one_window")
    scenario = {"today": date(2026, 9, 1).isoformat(), "steps": [{"withdraw": "不再建设"}]}
    player = scenarios.Player(world.rt, world.time, contents, scenario)
    player.play()
    assert letters_of(world, player) == []
