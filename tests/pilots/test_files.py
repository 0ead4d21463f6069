"""One file for an enterprise and for a park: everything of one unit, on the page, by API and as a workbook."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.conftest import World
from tests.waste.kit import play
from workflows import demo_waste, unitfiles


@pytest.fixture
def operator(world: World) -> str:
    """The operator of wastes with papers, a ledger, and one inspection that found something."""
    with world.rt.db.transaction() as conn:
        demo_waste.operate(conn, world.time)
    play(world, "two_licences_inspection", "发现问题", 2)
    return str(world.actor("weifei").enterprise_id)


def sheets_of(answer: Any) -> dict[str, list[tuple[Any, ...]]]:
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.data))
    return {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


def test_the_file_of_an_operator_holds_papers_wastes_and_inspections(
    world: World, operator: str, api: Any, at_page: Any
) -> None:
    found = api("shencha").get(f"/enterprise-files/{operator}")
    assert found["waste"]["licence"] == "3205710001"
    # The fourth entry of the demonstration: 900-249-08 came in as 820 and 1480.5, went as 805 and 1462.
    stored = {one["code"]: one["stock"] for one in found["waste"]["stored"]}
    assert stored["900-249-08"] == "33.500000"
    assert [one["procedure"] for one in found["inspections"]] == ["two_licences_inspection"]
    assert {one["kind"] for one in found["permits"]} == {"waste", "permit"}
    page = at_page("shencha")[0].get(f"/enterprise-files/{operator}").get_data(as_text=True)
    for said in ("3205710001", "HW08 900-249-08", "联合检查", f"/enterprise-files/{operator}/sheet"):
        assert said in page, said


def test_the_file_of_an_enterprise_goes_out_as_a_workbook_by_page_and_api(
    world: World, operator: str, api: Any, at_page: Any
) -> None:
    for answer in (
        at_page("weifei")[0].get(f"/enterprise-files/{operator}/sheet"),
        api("shencha").raw(f"/enterprise-files/{operator}/sheet"),
    ):
        book = sheets_of(answer)
        assert {"基本情况", "案件", "许可", "后续义务", "总量指标", "危险废物", "联合检查"} <= set(book)
        assert ("HW08 900-249-08", "33.500000") in {row[:2] for row in book["危险废物"]}
        assert {row[2] for row in book["许可"][1:]} >= {"3205710001"}
        assert len(book["联合检查"]) == 2
    assert api("qiye").raw(f"/enterprise-files/{operator}/sheet").status_code == 404


def test_the_file_of_a_park_gathers_its_operators_permits_and_inspections(
    world: World, operator: str, api: Any, at_page: Any
) -> None:
    found = api("jianguan").get("/parks/sip")
    assert operator in {one["id"] for one in found["waste"]}
    assert {(one["kind"], one["permits"]) for one in found["permits"]} >= {("waste", 1)}
    assert len(found["inspections"]) == 1
    book = sheets_of(at_page("jianguan")[0].get("/parks/sip/sheet"))
    assert demo_waste.OPERATOR in {row[0] for row in book["危险废物"]}
    assert demo_waste.OPERATOR in {row[0] for row in book["企业"]}
    assert api("qiye").raw("/parks/sip/sheet").status_code == 403


def test_an_enterprise_without_wastes_has_no_ledger_in_its_file(world: World) -> None:
    actor = world.actor("qiye")
    assert actor.enterprise_id is not None
    with world.rt.db.transaction() as conn:
        assert unitfiles.enterprise(conn, world.rt, actor, actor.enterprise_id)["waste"] is None


def test_what_was_typed_about_a_park_is_still_there_after_an_error(at_page: Any) -> None:
    client, hidden = at_page("jianguan")
    typed = {"area_km2": "280", "position": "东边", "sectors": "集成电路", "infrastructure": "泵站 | 3万吨/日 | 在建"}
    told = client.post("/parks/sip", data={**hidden, **typed})
    page = told.get_data(as_text=True)
    assert told.status_code == 422 and "不是位置" in page
    for said in ('value="280"', 'value="东边"', "集成电路", "泵站 | 3万吨/日 | 在建"):
        assert said in page, said
    assert client.post("/parks/sip", data={**hidden, **typed, "position": "E120.72 N31.32"}).status_code == 302
    page = client.get("/parks/sip").get_data(as_text=True)
    assert 'value="E120.72 N31.32"' in page and "集成电路" in page
