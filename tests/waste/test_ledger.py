"""The waste ledger: stock by code and day, balance, age, scale, spreadsheets, reports, who sees whose."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import chinese_calendar
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select, update

from handlers import waste_reports
from registers import waste_ledger
from registers.errors import DomainError
from registers.permits import Permit
from registers.waste_ledger import Line, Usage, since
from tests.conftest import World, key
from tests.waste.kit import ASH, OIL, ORGANIC, enter, operator
from tests.web.conftest import Api
from web import sheets
from workflows import cron, wasteledger
from workflows.notify import Message

Person = Callable[[str], Api]
FRESH = "251-001-08"


def line(world: World, code: str, first: str, last: str) -> Line:
    with world.rt.db.transaction() as conn:
        lines = waste_ledger.period(conn, operator(world), date.fromisoformat(first), date.fromisoformat(last))
    return next(one for one in lines if one.code == code)


def test_what_came_in_went_out_or_lies_in_store(world: World) -> None:
    enter(world, "received", "2026-03-01", "10", FRESH)
    enter(world, "treated", "2026-03-20", "4", FRESH)
    enter(world, "shipped", "2026-04-02", "1.5", FRESH)
    march = line(world, FRESH, "2026-03-01", "2026-03-31")
    assert (march.opening, march.received, march.treated, march.closing) == (0, 10, 4, 6)
    april = line(world, FRESH, "2026-04-01", "2026-04-30")
    assert (april.opening, april.shipped, april.closing) == (6, Decimal("1.5"), Decimal("4.5"))
    assert waste_reports.balanced(april)


def test_nothing_leaves_that_was_not_there(world: World) -> None:
    enter(world, "received", "2026-03-10", "2", FRESH)
    with pytest.raises(DomainError, match="waste_stock"):
        enter(world, "treated", "2026-03-11", "2.000001", FRESH)
    # Not even on an earlier day, when later entries make up for it.
    with pytest.raises(DomainError, match="waste_stock"):
        enter(world, "treated", "2026-03-09", "1", FRESH)


def test_an_entry_that_others_rest_on_cannot_be_taken_back(world: World) -> None:
    first = enter(world, "received", "2026-03-10", "2", FRESH)
    treated = enter(world, "treated", "2026-03-11", "2", FRESH)
    person = world.actor("weifei")
    with pytest.raises(DomainError, match="waste_stock"):
        wasteledger.reverse(world.rt, person, key(), entry_id=first, reason="误记")
    wasteledger.reverse(world.rt, person, key(), entry_id=treated, reason="误记")
    wasteledger.reverse(world.rt, person, key(), entry_id=first, reason="误记")
    with pytest.raises(DomainError, match="waste_reversed"):
        wasteledger.reverse(world.rt, person, key(), entry_id=first, reason="再来")
    with world.rt.db.transaction() as conn:
        rows, total = waste_ledger.entries(conn, operator(world), code=FRESH)
    assert total == 4
    assert [row["stands"] for row in rows] == [False] * 4


MOVES = st.lists(
    st.tuples(st.sampled_from(["received", "produced", "treated", "shipped"]), st.integers(1, 28), st.integers(1, 9)),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_the_stock_is_the_sum_of_what_was_accepted_and_never_below_zero(world: World, moves: list[Any]) -> None:
    code = ["900-199-08", "900-200-08", "900-201-08", "900-203-08", "900-204-08"][len(moves) % 5]
    before = line(world, OIL, "2026-01-01", "2026-12-31").closing
    balance = Decimal(0)
    with world.rt.db.transaction() as conn:
        known = {
            one.code: one.closing
            for one in waste_ledger.period(conn, operator(world), date(2026, 1, 1), date(2026, 12, 31))
        }
    balance = known.get(code, Decimal(0))
    for kind, day, amount in moves:
        try:
            enter(world, kind, f"2026-05-{day:02d}", str(amount), code, lot=str(uuid.uuid4()))
        except DomainError:
            continue
        balance += amount if kind in ("received", "produced") else -amount
    with world.rt.db.transaction() as conn:
        found = {
            one.code: one.closing
            for one in waste_ledger.period(conn, operator(world), date(2026, 1, 1), date(2026, 12, 31))
        }
    assert found.get(code, Decimal(0)) == balance >= 0
    assert found[OIL] == before


@pytest.mark.parametrize(("stock", "day"), [("0", None), ("3", 9), ("4", 5), ("9", 5), ("9.5", 1)])
def test_the_age_of_the_stock_is_first_in_first_out(stock: str, day: int | None) -> None:
    inflows = [(date(2026, 1, 1), Decimal(5)), (date(2026, 1, 5), Decimal(6)), (date(2026, 1, 9), Decimal(3))]
    assert since(inflows, Decimal(stock)) == (date(2026, 1, day) if day else None)


def test_what_lies_for_a_year_is_warned_of_and_then_over(world: World) -> None:
    enter(world, "received", "2025-10-15", "1", FRESH)

    def state(on: date) -> tuple[str, date]:
        with world.rt.db.transaction() as conn:
            rows = wasteledger.by_code(wasteledger.batches(conn, world.rt.reference.get(conn), operator(world), on))
        found = next(one for one in rows if one.code == FRESH)
        return found.state, found.due

    # Law: CODE art. 535, one year.
    assert state(date(2026, 8, 15)) == ("fine", date(2026, 10, 15))
    assert state(date(2026, 8, 16))[0] == "warn"
    assert state(date(2026, 10, 15))[0] == "warn"
    assert state(date(2026, 10, 16))[0] == "over"


def test_the_operator_and_its_body_are_told_once_of_storage_near_its_end_and_over(world: World) -> None:
    enter(world, "received", "2025-11-10", "1", FRESH)

    def told(login: str) -> list[str]:
        query = select(Message.title).where(Message.user_id == world.actor(login).id, Message.kind == "duty")
        with world.rt.db.transaction() as conn:
            return [title["zh"] for title in conn.scalars(query) if FRESH in title["zh"]]

    for day in (date(2026, 9, 10), date(2026, 9, 11), date(2026, 9, 12)):
        world.time.move_to(day)
        cron.daily(world.rt)
    assert len(told("weifei")) == len(told("shencha")) == 1
    assert told("qiye") == []
    world.time.move_to(date(2026, 11, 11))
    cron.daily(world.rt)
    assert "已超过2026-11-10" in told("weifei")[-1]


def test_what_is_left_of_each_batch_is_first_in_first_out(world: World) -> None:
    for day, amount, lot in (("2026-03-01", "10", "A"), ("2026-03-05", "4", "B"), ("2026-03-09", "3", "C")):
        enter(world, "received", day, amount, FRESH, lot=lot, partner="某汽修厂")
    enter(world, "shipped", "2026-03-20", "11.5", FRESH)
    with world.rt.db.transaction() as conn:
        found = [one for one in waste_ledger.batches(conn, operator(world), date(2026, 3, 31)) if one.code == FRESH]
        whole = waste_ledger.batches(conn, operator(world), date(2026, 3, 19))
    assert [(one.lot, one.left, one.partner) for one in found] == [
        ("B", Decimal("2.5"), "某汽修厂"),
        ("C", Decimal(3), "某汽修厂"),
    ]
    assert [one.left for one in whole if one.code == FRESH] == [10, 4, 3]


def collecting(world: World) -> None:
    """Let the operator hold a collection licence."""
    with world.rt.db.transaction() as conn:
        held = (Permit.enterprise_id == operator(world), Permit.kind == "waste")
        conn.execute(update(Permit).where(*held).values(klass="collection"))


def after_working_days(start: date, days: int) -> date:
    on = start
    while days:
        on += timedelta(days=1)
        days -= chinese_calendar.is_workday(on)
    return on


def test_a_collector_hands_each_lot_over_within_ninety_working_days(world: World, api: Person, at_page: Any) -> None:
    collecting(world)
    for day, lot in (("2026-03-02", "LOT-1"), ("2026-05-11", "LOT-2")):
        enter(world, "received", day, "1", FRESH, lot=lot)
    # Law: 危险废物经营许可证管理办法 art. 20.
    found = {one["lot"]: one for one in api("weifei").get(f"/waste/{operator(world)}")["lots"]}
    assert found["LOT-1"]["due"] == after_working_days(date(2026, 3, 2), 90).isoformat()
    assert found["LOT-2"]["due"] == after_working_days(date(2026, 5, 11), 90).isoformat()
    assert found["LOT-1"]["state"] == "over"
    assert found["LOT-2"]["state"] == "warn"
    for login in ("weifei", "shencha"):
        page = at_page(login)[0].get(f"/waste/{operator(world)}").get_data(as_text=True)
        assert "LOT-1" in page
        assert "90个工作日内移交" in page


def test_each_lot_near_its_hand_over_is_told_of_by_itself(world: World) -> None:
    collecting(world)
    for day, lot in (("2026-05-11", "LOT-2"), ("2026-06-01", "LOT-3")):
        enter(world, "received", day, "1", FRESH, lot=lot)

    def told() -> list[str]:
        query = select(Message.title).where(Message.user_id == world.actor("weifei").id, Message.kind == "duty")
        with world.rt.db.transaction() as conn:
            return [title["zh"] for title in conn.scalars(query) if FRESH in title["zh"] and "移交期限" in title["zh"]]

    for day in (date(2026, 9, 2), date(2026, 9, 3)):
        world.time.move_to(day)
        cron.daily(world.rt)
    assert [text for text in told() if "LOT-2" in text] == told()
    assert len(told()) == 1
    world.time.move_to(after_working_days(date(2026, 6, 1), 90))
    cron.daily(world.rt)
    assert sum("LOT-3" in text for text in told()) == 1
    assert any("LOT-2" in text and "已超过" in text for text in told())


def test_a_count_shows_its_difference_and_moves_nothing(world: World) -> None:
    enter(world, "received", "2026-03-01", "10", FRESH)
    enter(world, "counted", "2026-03-31", "9.8", FRESH)
    found = line(world, FRESH, "2026-03-01", "2026-03-31")
    assert (found.closing, found.difference) == (10, Decimal("-0.2"))
    assert not waste_reports.balanced(found)


@pytest.mark.parametrize(
    ("used", "state"), [("7999.9", "fine"), ("8000", "warn"), ("9599.999999", "warn"), ("9600", "over")]
)
def test_the_licensed_scale_warns_and_asks_for_a_new_licence(used: str, state: str) -> None:
    assert Usage(Decimal(used), Decimal(8000)).state == state


# -- spreadsheets -------------------------------------------------------------------------------------


def table(*rows: list[Any]) -> io.BytesIO:
    return io.BytesIO(sheets.write("台账", [title for _, title in wasteledger.COLUMNS], rows))


def upload(at_page: Any, content: io.BytesIO) -> str:
    client, hidden = at_page("weifei")
    answer = client.post("/waste/import", data={**hidden, "file": (content, "台账.xlsx")})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(client.get(answer.headers["Location"]).get_data(as_text=True))


def test_good_rows_are_entered_and_bad_ones_say_why(world: World, at_page: Any) -> None:
    page = upload(
        at_page,
        table(
            ["2026-05-01", "接收", FRESH, 3.25, "LD-1", "甲公司", ""],
            ["2026-05-02", "接收", "999-999-99", 1, "LD-2", "", ""],
            ["2026-05-03", "接收", FRESH, 1, "", "", ""],
            ["2099-01-01", "利用处置", FRESH, 1, "", "", ""],
            ["2026-05-04", "吃掉", FRESH, -1, "", "", ""],
        ),
    )
    assert "1行录入，4行有误" in page
    for said in ("名录中没有代码", "须填写联单号", "不晚于今天", "类别应为", "大于零"):
        assert said in page
    assert line(world, FRESH, "2026-05-01", "2026-05-31").received == Decimal("3.25")


def test_a_table_read_in_twice_changes_nothing(world: World, at_page: Any) -> None:
    rows = ["2026-05-01", "接收", FRESH, 3, "LD-1", "甲公司", ""]
    upload(at_page, table(rows))
    upload(at_page, table(rows))
    assert line(world, FRESH, "2026-05-01", "2026-05-31").received == 3


def test_rows_that_would_bring_a_code_below_zero_are_not_entered_and_others_are(world: World, at_page: Any) -> None:
    page = upload(
        at_page,
        table(
            ["2026-05-01", "接收", FRESH, 1, "LD-1", "", ""],
            ["2026-05-02", "利用处置", FRESH, 5, "", "", ""],
            ["2026-05-02", "接收", "251-002-08", 2, "LD-3", "", ""],
        ),
    )
    assert "1行录入，2行有误" in page
    assert line(world, "251-002-08", "2026-05-01", "2026-05-31").received == 2


def test_what_is_exported_can_be_read_in_again(world: World, at_page: Any) -> None:
    client, _ = at_page("weifei")
    content = client.get(f"/waste/{operator(world)}/sheet").get_data()
    read = sheets.read(io.BytesIO(content), wasteledger.COLUMNS, 5000)
    assert read
    page = upload(at_page, io.BytesIO(content))
    assert f"{len(read)}行录入，0行有误" in page


# -- reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(waste_reports.REPORTS))
def test_each_report_is_filled_out_of_the_one_ledger_by_page_api_and_sheet(
    world: World, api: Person, at_page: Any, kind: str
) -> None:
    enter(world, "received", "2026-05-01", "12.5", OIL)
    enter(world, "produced", "2026-05-02", "2.25", ASH)
    wanted = {"kind": kind, "year": 2026, "quarter": 2}
    found = api("weifei").get(f"/waste/{operator(world)}/report", **wanted)
    codes = {row[2] for row in found["rows"]}
    assert OIL in codes
    assert (ASH in codes) is (kind != "licence_quarter")
    client, _ = at_page("jianguan")
    assert OIL in client.get(f"/waste/{operator(world)}/report", query_string=wanted).get_data(as_text=True)
    content = client.get(f"/waste/{operator(world)}/report/sheet", query_string=wanted).get_data()
    rows = list(load_workbook(io.BytesIO(content)).active.values)
    assert len(rows) == len(found["rows"]) + 1
    assert list(rows[0]) == [column["zh"] for column in found["columns"]]


def test_a_quarter_has_its_own_first_and_last_day() -> None:
    assert waste_reports.span("licence_quarter", 2026, 4) == (date(2026, 10, 1), date(2026, 12, 31))
    assert waste_reports.span("licence_quarter", 2028, 1) == (date(2028, 1, 1), date(2028, 3, 31))
    assert waste_reports.span("statistics", 2026, 2) == (date(2026, 1, 1), date(2026, 12, 31))


# -- people -------------------------------------------------------------------------------------------


def test_only_the_operator_enters_and_only_its_overseers_read(world: World, api: Person) -> None:
    entry = {"kind": "received", "on": "2026-05-01", "code": ORGANIC, "amount": "1", "lot": "LD-9"}
    api("weifei").post("/waste/entries", entry)
    assert api("weifei").last.status_code == 201
    for login in ("shencha", "jianguan"):
        assert api(login).get(f"/waste/{operator(world)}")["enterprise"]["name"] == "苏州示范危废处置有限公司"
        api(login).post("/waste/entries", entry)
        assert api(login).last.status_code == 403
    for login in ("qiye", "huiban"):
        for path in ("", "/entries", "/sheet"):
            assert api(login).raw(f"/waste/{operator(world)}{path}").status_code == 404


def test_the_ledger_s_page_takes_an_entry_and_keeps_a_wrong_one(world: World, at_page: Any) -> None:
    client, hidden = at_page("weifei")
    typed = {"kind": "received", "on": "2026-05-01", "code": FRESH, "amount": "3.5", "lot": "LD-7", "partner": "甲公司"}
    assert client.post("/waste/entries", data={**hidden, **typed}).status_code == 302
    assert "LD-7" in client.get("/waste").get_data(as_text=True)
    wrong = client.post("/waste/entries", data={**hidden, **typed, "idempotency_key": key(), "code": "999-999-99"})
    assert wrong.status_code == 400 or wrong.status_code == 422
    assert "999-999-99" in wrong.get_data(as_text=True)
