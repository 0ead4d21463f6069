"""The annual round: list, declarations against what is known, allowed amounts, spreadsheets that lose nothing."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from handlers.totals import allowed
from registers import totals
from registers.parties import enterprise
from tests.conftest import World, key
from tests.web.conftest import Api
from web import sheets
from workflows import cron, install, totalwork

Person = Callable[[str], Api]


@pytest.mark.parametrize(
    ("result", "amount"),
    [
        (None, "2.2"),
        ({"met": True, "cut_percent": Decimal(5)}, "2.2"),
        ({"met": False, "cut_percent": Decimal(5)}, "2.09"),
        ({"met": False, "cut_percent": Decimal("33.33")}, "1.46674"),
        ({"met": False, "cut_percent": Decimal(100)}, "0"),
    ],
)
def test_the_allowed_amount_follows_last_years_result(result: Any, amount: str) -> None:
    assert allowed(Decimal("2.2"), "air", result)[0] == Decimal(amount)


@given(st.decimals(0, 10**6, places=6), st.decimals(0, 100, places=2))
def test_a_cut_is_never_rounded_in_the_units_favour(base: Decimal, cut: Decimal) -> None:
    left, _, _ = allowed(base, "water", {"met": False, "cut_percent": cut})
    assert 0 <= left <= base * (100 - cut) / 100
    assert left == left.quantize(Decimal("0.000001"))


def _sheet(kind: str, *rows: dict[str, Any]) -> io.BytesIO:
    book = Workbook()
    book.active.append([title for _, title in totalwork.COLUMNS[kind]])
    for row in rows:
        book.active.append([row.get(name) for name, _ in totalwork.COLUMNS[kind]])
    content = io.BytesIO()
    book.save(content)
    content.seek(0)
    return content


def _code(world: World, login: str) -> str:
    with world.rt.db.transaction() as conn:
        unit_id = world.actor(login).enterprise_id
        assert unit_id is not None
        return str(enterprise(conn, unit_id)["credit_code"])


def test_a_spreadsheet_is_read_as_it_was_typed() -> None:
    rows = [
        {"credit_code": "91320594MA1EXAMP0X", "factor": "化学需氧量", "amount": 0.1, "source": "统计"},
        {"credit_code": " 9132 ", "factor": None, "amount": "1.000001", "source": 7},
        {},
    ]
    found = sheets.read(_sheet("statistics", *rows), totalwork.COLUMNS["statistics"], 100)
    assert [row["amount"] for row in found] == ["0.1", "1.000001"]
    assert found[1]["credit_code"] == "9132"
    assert found[1]["source"] == "7"


def test_what_is_no_workbook_or_lacks_a_column_is_refused_in_words() -> None:
    for content in (b"", b"credit_code,name", b"PK\x03\x04rubbish"):
        with pytest.raises(Exception, match="sheet"):
            sheets.read(io.BytesIO(content), totalwork.COLUMNS["list"], 10)
    with pytest.raises(Exception, match="sheet"):
        book = Workbook()
        book.active.append(["统一社会信用代码"])
        content = io.BytesIO()
        book.save(content)
        content.seek(0)
        sheets.read(content, totalwork.COLUMNS["list"], 10)


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    made = sheets.write("t", ["a"], [["=1+1"], ["@x"], [Decimal("0.1")]])
    cells = [row[0] for row in load_workbook(io.BytesIO(made)).active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s", "s", "s"]
    assert [cell.value for cell in cells] == ["=1+1", "@x", "0.1"]


def test_bad_rows_are_kept_with_their_reasons_and_good_rows_are_entered(world: World, api: Person) -> None:
    officer, code = api("shencha"), _code(world, "qiye")
    good = {"credit_code": code, "factor": "化学需氧量", "amount": "0.7", "source": "2025年环境统计"}
    rows = [
        good,
        {**good, "factor": "氨氮", "amount": "0.05"},
        {**good, "credit_code": "91110000000000000X"},
        {**good, "factor": "二噁英"},
        {**good, "amount": "-1"},
        {**good, "amount": "0.1234567"},
        {**good, "name": "别的公司", "source": ""},
    ]
    made = officer.post("/totals/import", {"kind": "statistics", "year": 2025, "file_name": "t.xlsx", "rows": rows})
    assert (made["good"], made["bad"]) == (2, 5)
    kept = officer.get(f"/totals/imports/{made['import_id']}")
    assert [row["values"]["amount"] for row in kept["rows"]] == [row["amount"] for row in rows]
    assert [[error["column"] for error in row["errors"]] for row in kept["rows"]] == [
        [],
        [],
        ["credit_code"],
        ["factor"],
        ["amount"],
        ["amount"],
        ["name", "source"],
    ]
    unit = world.actor("qiye").enterprise_id
    assert unit is not None
    with world.rt.db.transaction() as conn:
        assert totals.statistics(conn, 2025, unit) == {"COD": Decimal("0.7"), "NH3N": Decimal("0.05")}


def test_the_downloaded_result_can_be_mended_and_read_in_again(world: World, at_page: Callable[[str], Any]) -> None:
    client, hidden = at_page("shencha")
    code = _code(world, "qiye")
    rows = [{"credit_code": code, "factor": "COD", "amount": "x", "source": "统计"}]
    answer = client.post(
        "/totals/import",
        data={**hidden, "kind": "statistics", "year": "2026", "file": (_sheet("statistics", *rows), "统计.xlsx")},
    )
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    assert "0行录入，1行有误" in page.get_data(as_text=True)
    sheet = client.get(answer.headers["Location"] + "/sheet")
    book = load_workbook(io.BytesIO(sheet.data))
    heads = [cell.value for cell in book.active[1]]
    assert heads[-2:] == ["行号", "问题"]
    assert "应为不小于零" in book.active[2][len(heads) - 1].value
    book.active.cell(2, heads.index("环境统计排放量（吨/年）") + 1).value = "0.7"
    mended = io.BytesIO()
    book.save(mended)
    mended.seek(0)
    again = client.post(
        "/totals/import",
        data={
            **hidden,
            "idempotency_key": key(),
            "kind": "statistics",
            "year": "2026",
            "file": (mended, "统计改.xlsx"),
        },
    )
    assert "1行录入，0行有误" in client.get(again.headers["Location"]).get_data(as_text=True)


def test_half_a_declaration_is_none(world: World, api: Person) -> None:
    code = _code(world, "qiye")
    row = {
        "credit_code": code,
        "permitted": "1",
        "actual": "0.8",
        "claimed": "1",
        "method": "手工监测",
        "evidence": "报告",
    }
    rows = [{**row, "factor": "COD"}, {**row, "factor": "TP", "method": "猜"}]
    made = api("shencha").post("/totals/import", {"kind": "declaration", "year": 2025, "rows": rows})
    assert (made["good"], made["bad"]) == (0, 2)
    assert api("qiye").get("/totals/amounts", year=2025)["amounts"] == []
    rows[1]["method"] = "物料衡算"
    made = api("shencha").post("/totals/import", {"kind": "declaration", "year": 2025, "rows": rows})
    assert (made["good"], made["bad"]) == (2, 0)
    mine = api("qiye").get("/totals/amounts", year=2025)["amounts"]
    assert {item["factor"]: item["method"] for item in mine} == {"COD": "manual", "TP": "balance"}


def test_a_declaration_is_held_against_list_and_statistics(world: World, api: Person) -> None:
    unit = str(world.actor("qiye").enterprise_id)
    officer = api("shencha")
    officer.post("/totals/units/" + unit + "/remove", {"year": 2026, "reason": "试验"})
    rows = [{"credit_code": _code(world, "qiye"), "factor": "VOCS", "amount": "1.5", "source": "统计"}]
    officer.post("/totals/import", {"kind": "statistics", "year": 2025, "rows": rows})
    played = json.loads(Path(install.procedures_folder() / "annual_declaration" / "scenarios.json").read_text("utf-8"))
    start = played["scenarios"][0]["start"]
    case = api("qiye").post("/cases", {"procedure": "annual_declaration"})
    task = api("qiye").get("/tasks", search=case["number"])["tasks"][0]
    api("qiye").post(f"/tasks/{task['id']}/complete", {"data": start})
    review = officer.get("/tasks", search=case["number"])["tasks"][0]
    found = officer.get(f"/tasks/{review['id']}")["context"]["check"]
    assert sorted(line["factor"] for line in found["lines"]) == ["", "VOCS"]
    assert "申报实际排放量1.9大于环境统计1.5" in json.dumps(found, ensure_ascii=False)


def test_strangers_see_nothing_of_the_registers_of_a_zone(world: World, api: Person) -> None:
    project = api("shencha").get("/reductions")["projects"][0]["id"]
    for login in ("huiban", "zhuanjia", "sheji", "qiye"):
        person = api(login)
        person.get(f"/reductions/{project}")
        assert person.last.status_code == 404, login
        assert all(item["enterprise_id"] for item in person.get("/reductions")["projects"])
        assert person.get("/totals/units", year=2026)["units"] == []
        person.get("/reductions/report", first="2026-01-01", last="2026-12-31")
        assert person.last.status_code == 403, login
    made = api("shencha").post("/totals/import", {"kind": "list", "year": 2026, "rows": [{"basis": "x"}]})
    for login in ("qiye", "huiban", "jianguan"):
        person = api(login)
        person.get(f"/totals/imports/{made['import_id']}")
        assert person.last.status_code == 404, login
        person.post("/totals/units", {"year": 2026, "enterprise_id": str(uuid.uuid4()), "basis": "x"})
        assert person.last.status_code in (403, 404), login
    assert {item["enterprise_id"] for item in api("qiye2").get("/reductions")["projects"]} == {
        str(world.actor("qiye2").enterprise_id)
    }


def test_list_results_and_upper_use_by_page(world: World, at_page: Callable[[str], Any]) -> None:
    client, hidden = at_page("shencha")
    unit = world.actor("qiye").enterprise_id
    listed = client.post(
        "/totals/units", data={**hidden, "year": "2027", "enterprise_id": str(unit), "basis": "重点管理"}
    )
    assert listed.status_code == 302
    result = {"zone": "dujia", "medium": "water", "met": "false", "cut_percent": "10", "document": "考核结果"}
    entered = client.post("/totals/quality", data={**hidden, "idempotency_key": key(), "year": "2027", **result})
    assert entered.status_code == 302
    page = client.get("/totals?year=2027").get_data(as_text=True)
    assert "重点管理" in page and "削减10%" in page
    with world.rt.db.transaction() as conn:
        assert totals.is_listed(conn, 2027, unit)  # type: ignore[arg-type]
        assert totals.quality(conn, 2026, "dujia")["water"]["cut_percent"] == 10
    wrong = client.post(
        "/totals/quality", data={**hidden, "idempotency_key": key(), "year": "2027", **result, "document": ""}
    )
    assert wrong.status_code == 422


def test_the_calls_of_the_year_lead_to_their_procedures(
    world: World, api: Person, at_page: Callable[[str], Any]
) -> None:
    cron.daily(world.rt)
    duties = {duty["kind"]: duty["procedure"] for duty in api("shencha").get("/obligations")}
    assert duties["quota.reduction.declare_quarterly"] == "reduction_audit"
    world.time.move_to(date(2027, 2, 1))
    cron.daily(world.rt)
    client, _ = at_page("shencha")
    page = client.get("/duties").get_data(as_text=True)
    for procedure in ("reduction_audit", "quota_reserve"):
        assert f'href="/procedures/{procedure}"' in page
    assert "排定总量管理名单" in page
