"""Two versions of a procedure compared as what they mean: steps, flows, rules, fields, settings."""

from __future__ import annotations

import json
from typing import Any

from tests.runtime.models import chain, node, service
from workflows import comparing, install, versionfiles


def files(*nodes: str, **settings: Any) -> dict[str, bytes]:
    return {"process.bpmn": chain(*nodes), "procedure.json": json.dumps({"id": "trial", **settings}).encode()}


FILL = node("userTask", "fill", role="preparer")


def found(old: dict[str, bytes], new: dict[str, bytes]) -> dict[tuple[str, str], comparing.Difference]:
    return {(item.kind, item.id): item for item in comparing.compare(old, new)}


def test_the_same_files_have_no_differences() -> None:
    shipped = versionfiles.read_folder(install.procedures_folder() / "one_window")
    assert comparing.compare(shipped, shipped) == []


def test_moving_shapes_is_no_difference() -> None:
    shipped = versionfiles.read_folder(install.procedures_folder() / "one_window")
    moved = {
        name: content.replace(b'x="', b'x="1') if name.endswith(".bpmn") else content
        for name, content in shipped.items()
    }
    assert moved != shipped
    assert comparing.compare(shipped, moved) == []


def test_a_step_that_comes_and_one_that_goes_are_told_with_their_flows() -> None:
    told = found(
        files(FILL, node("userTask", "check", role="window")), files(FILL, node("userTask", "sign", role="head"))
    )
    assert told["step", "check"].change == "removed"
    assert told["step", "sign"].change == "added"
    assert told["flow", "flow_fill_check"].change == "removed"
    assert told["flow", "flow_fill_sign"].change == "added"
    assert comparing.markers(list(told.values()), "added") == {
        "sign": "added",
        "flow_fill_sign": "added",
        "flow_sign_finish": "added",
    }
    assert comparing.markers(list(told.values()), "removed") == {
        "check": "removed",
        "flow_fill_check": "removed",
        "flow_check_finish": "removed",
    }


def test_role_limit_and_inputs_are_told_before_and_after() -> None:
    old = files(node("userTask", "check", role="window"), service("close", "case.close", outcome="'a'"))
    new = files(
        node("userTask", "check", role="head", limitRule="permit.deficiency"),
        service("close", "case.close", outcome="'b'"),
    )
    told = found(old, new)
    assert [(item.what, item.before, item.after) for item in told["step", "check"].details] == [
        ("limitRule", "", "permit.deficiency"),
        ("role", "window", "head"),
    ]
    assert [(item.what, item.before, item.after) for item in told["step", "close"].details] == [
        ("input outcome", "'a'", "'b'")
    ]


def test_a_rule_of_a_table_is_told_cell_by_cell() -> None:
    shipped = versionfiles.read_folder(install.procedures_folder() / "quota_use")
    cell = b'<inputEntry id="cell_quota_route_1_1"><text>&gt; 0</text>'
    table = shipped["quota_route.dmn"].replace(cell, cell.replace(b"0</text>", b"1</text>"))
    (told,) = comparing.compare(shipped, {**shipped, "quota_route.dmn": table})
    assert (told.kind, told.change, told.where) == ("rule", "changed", "quota_route")
    assert [(item.before, item.after) for item in told.details] == [("> 0", "> 1")]


def test_a_question_that_becomes_required_and_a_new_column_are_told() -> None:
    shipped = versionfiles.read_folder(install.procedures_folder() / "quota_use")
    form = json.loads(shipped["forms/quota_application.json"])
    asked = {field["name"]: field for section in form["sections"] for field in section["fields"]}
    asked["balance_plan"]["required"] = True
    asked["quota"]["columns"].append({"name": "note", "type": "text", "label": {"zh": "备注", "en": "Note"}})
    told = found(shipped, {**shipped, "forms/quota_application.json": json.dumps(form).encode()})
    assert [(item.what, item.after) for item in told["field", "balance_plan"].details] == [("required", "True")]
    assert told["field", "quota.note"].change == "added"
    assert len(told) == 2


def test_a_setting_is_told() -> None:
    told = found(files(FILL, lead_matter="eia"), files(FILL, lead_matter="permit"))
    assert [(item.what, item.before, item.after) for item in told["setting", "lead_matter"].details] == [
        ("value", "eia", "permit")
    ]
