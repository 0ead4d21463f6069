"""The boards: figures counted by hand, the same in every view of them, the cases behind each, nobody's else cases."""

from __future__ import annotations

import io
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import text

from registers import parties, pilots
from registers.db import Scope
from registers.errors import DomainError
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish, service
from workflows import boards, boardwork, cases, reformwork

MODEL = chain(
    node("userTask", "fill", role="preparer"),
    service("open_eia", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
    service("clock", "clock.start", matter="'eia'"),
    node("userTask", "check", role="window"),
    service("decide", "matter.decide", matter="'eia'", outcome="'approved'"),
)
SPAN = (date(2026, 9, 1), date(2026, 12, 31))


def begin(world: World) -> uuid.UUID:
    return uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])


def do(world: World, case_id: uuid.UUID, login: str) -> None:
    cases.complete(world.rt, world.actor(login), key(), task_id=open_task(world, case_id), data={"remark": "好"})


@pytest.fixture
def town(world: World) -> dict[str, uuid.UUID]:
    """Three cases: one slow, one quick, one that waits at the window beyond its limit.

    1 September 2026 is a Tuesday; 5 and 6 September are a weekend, 20 September is worked, 25 to 27 are off.
    """
    publish(world.rt, MODEL)
    slow, waiting = begin(world), begin(world)
    world.time.move_to(date(2026, 9, 4))
    do(world, slow, "qiye")  # Tue 1, Wed 2, Thu 3: three days of the applicant
    quick = begin(world)
    do(world, quick, "qiye")  # the same day: none
    do(world, waiting, "qiye")
    world.time.move_to(date(2026, 9, 7))
    do(world, quick, "chuangkou")  # Fri 4: one day of the authority
    world.time.move_to(date(2026, 9, 10))
    do(world, slow, "chuangkou")  # Fri 4, Mon 7, Tue 8, Wed 9: four
    boardwork.refresh(world.rt, world.actor("jianguan"), key())
    return {"slow": slow, "quick": quick, "waiting": waiting}


def test_days_are_working_days_and_each_belongs_to_one_side(world: World, town: dict[str, uuid.UUID]) -> None:
    with world.rt.db.transaction() as conn:
        rows = boards.closed(conn, world.actor("jianguan"), "trial", *SPAN)
    assert {row["case_id"]: (row["authority_days"], row["applicant_days"]) for row in rows} == {
        town["slow"]: (4, 3),
        town["quick"]: (1, 0),
    }
    assert {(row["submissions"], row["visits"]) for row in rows} == {(1, 0)}


def test_visits_are_counted_as_they_were_recorded(
    world: World, town: dict[str, uuid.UUID], api: Any, at_page: Any
) -> None:
    client, hidden = at_page("chuangkou")
    told = {**hidden, "on": "2026-09-10", "purpose": "collect"}
    assert client.post(f"/cases/{town['quick']}/visits", data=told).status_code == 302
    visit = {"on": "2026-09-04", "purpose": "hand_in", "note": "原件核对"}
    made = api("chuangkou").post(f"/cases/{town['slow']}/visits", visit)
    api("chuangkou").post(f"/cases/{town['slow']}/visits", {**visit, "on": "2026-09-07", "purpose": "correct"})
    gone = api("chuangkou").post(f"/cases/{town['slow']}/visits/{made['visit_id']}/reverse", {"note": "登记错误"})
    assert api("chuangkou").last.status_code == 201, gone
    api("chuangkou").post(f"/cases/{town['slow']}/visits/{made['visit_id']}/reverse", {"note": "再次"})
    assert api("chuangkou").last.status_code == 409
    boardwork.refresh(world.rt, world.actor("jianguan"), key())
    with world.rt.db.transaction() as conn:
        rows = boards.closed(conn, world.actor("jianguan"), "trial", *SPAN)
    assert {row["case_id"]: row["visits"] for row in rows} == {town["slow"]: 1, town["quick"]: 1}
    listed = api("qiye").get(f"/cases/{town['slow']}/visits")
    assert [one["stands"] for one in listed] == [False, False, True]
    page = client.get(f"/cases/{town['slow']}").get_data(as_text=True)
    assert "共1次" in page
    assert "已撤销" in page


def test_only_the_bodies_of_a_case_record_visits_and_none_before_it_began(
    world: World, town: dict[str, uuid.UUID], api: Any
) -> None:
    visit = {"on": "2026-09-04", "purpose": "hand_in"}
    for login, status in (("qiye", 403), ("qiye2", 404), ("huiban", 404)):
        api(login).post(f"/cases/{town['slow']}/visits", visit)
        assert api(login).last.status_code == status, login
    for day in ("2026-08-31", "2026-09-11"):
        api("chuangkou").post(f"/cases/{town['slow']}/visits", {**visit, "on": day})
        assert api("chuangkou").last.status_code == 422, day


def test_a_large_house_is_carried_over_in_portions_and_says_how_far_it_is(
    world: World, town: dict[str, uuid.UUID], monkeypatch: pytest.MonkeyPatch, at_page: Any
) -> None:
    with world.rt.db.transaction() as conn:
        before = boards.steps(conn, world.actor("jianguan"), "trial", *SPAN)
        stamped = boards.stamp(conn)
        conn.execute(text("UPDATE board_case SET event_seq = -1"))
    assert stamped is not None
    world.time.move_to(date(2026, 9, 11))
    monkeypatch.setattr(boardwork, "BATCH", 1)
    made = boardwork.refresh(world.rt, world.actor("jianguan"), key())
    assert (made["finished"], made["done"], made["total"]) == (False, 1, 3)
    page = at_page("jianguan")[0].get("/boards/cases").get_data(as_text=True)
    assert "已处理1件，共3件" in page
    with world.rt.db.transaction() as conn:
        under_way = boards.stamp(conn)
    assert under_way is not None
    assert under_way["as_of"] == stamped["as_of"]
    assert boardwork.work(world.rt) == 2
    # Month by month the counts by days, and what stands open last.
    with world.rt.db.transaction() as conn:
        after = boards.stamp(conn)
        found = boards.steps(conn, world.actor("jianguan"), "trial", *SPAN)
    # A day more has passed for what stands open; everything else is as it was.
    assert [{**row, "open_longest": None} for row in found] == [{**row, "open_longest": None} for row in before]
    assert after is not None
    assert after["under_way"] is None
    assert after["as_of"] == world.time.now()
    assert boardwork.work(world.rt) == 0


def test_median_and_90th_percentile_of_a_step_and_of_a_month(world: World, town: dict[str, uuid.UUID]) -> None:
    with world.rt.db.transaction() as conn:
        found = {row["element"]: row for row in boards.steps(conn, world.actor("jianguan"), "trial", *SPAN)}
        months = boards.months(conn, world.actor("jianguan"), "trial", "fill", *SPAN)
    assert (found["check"]["steps"], found["check"]["median"], found["check"]["p90"]) == (2, 1, 4)
    # Days of the applicant: 3, 3 and 0.
    assert (found["fill"]["steps"], found["fill"]["median"], found["fill"]["p90"]) == (3, 3, 3)
    assert (found["check"]["open"], found["check"]["open_longest"]) == (1, 4)
    assert [(row["month"], row["steps"], row["median"]) for row in months] == [(date(2026, 9, 1), 3, 3)]


def test_every_figure_opens_the_cases_behind_it(world: World, town: dict[str, uuid.UUID]) -> None:
    supervisor = world.actor("jianguan")
    with world.rt.db.transaction() as conn:
        done = boards.behind_step(conn, supervisor, "trial", "check", *SPAN)
        waiting = boards.behind_step(conn, supervisor, "trial", "check", *SPAN, still_open=True)
        compared = boards.bodies(conn, supervisor, "trial", *SPAN)
    assert [row["case_id"] for row in done] == [town["slow"], town["quick"]]
    assert [row["case_id"] for row in waiting] == [town["waiting"]]
    assert [(row["cases"], row["authority_median"], row["total_p90"]) for row in compared] == [(2, 1, 7)]


def test_a_case_goes_through_its_lights_as_time_passes_without_a_refresh(
    world: World, town: dict[str, uuid.UUID]
) -> None:
    supervisor = world.actor("jianguan")

    def light() -> str:
        with world.rt.db.transaction() as conn:
            counts = boards.lights(conn, supervisor, world.time.now(), "trial")
        return next(name for name, count in counts.items() if count["authority"])

    assert light() == "green"
    # 30 days from 4 September (a form), counted in calendar days: due on 4 October.
    world.time.move_to(date(2026, 10, 3))
    assert light() == "red"
    world.time.move_to(date(2026, 10, 6))
    assert light() == "overdue"
    with world.rt.db.transaction() as conn:
        listed = boards.by_clock(conn, supervisor, world.time.now(), procedure="trial", light="overdue")
    assert [row["case_id"] for row in listed] == [town["waiting"]]


def test_carrying_over_again_changes_nothing_and_a_changed_case_is_carried_over(
    world: World, town: dict[str, uuid.UUID]
) -> None:
    supervisor = world.actor("jianguan")

    def carried() -> list[str]:
        with world.rt.db.transaction() as conn:
            rows = [
                list(conn.scalars(text(f"SELECT (to_jsonb(t) - 'id')::text FROM {table} t ORDER BY 1")))
                for table in ("board_case", "board_task", "board_days")
            ]
        return [line for part in rows for line in part]

    before = carried()
    assert boardwork.refresh(world.rt, supervisor, key())["changed"] == 0
    assert carried() == before
    do(world, town["waiting"], "chuangkou")
    assert boardwork.refresh(world.rt, supervisor, key())["changed"] == 1
    with world.rt.db.transaction() as conn:
        assert boards.lights(conn, supervisor, world.time.now(), "trial")["green"]["authority"] == 0


def test_boards_hold_only_the_cases_of_ones_bodies_and_the_second_wall_agrees(
    world: World, town: dict[str, uuid.UUID]
) -> None:
    with world.rt.db.transaction() as conn:
        other = parties.body_by_code(conn, "sip-water").id
    with world.rt.db.transaction(Scope(body_ids=frozenset({other}))) as conn:
        assert conn.scalar(text("SELECT count(*) FROM board_case")) == 0
        assert conn.scalar(text("SELECT count(*) FROM board_task")) == 0
    with world.rt.db.transaction() as conn, pytest.raises(DomainError):
        boards.steps(conn, world.actor("qiye"), "trial", *SPAN)


def test_an_effect_is_measured_with_numbers_of_cases_and_a_claim_is_checked(
    world: World, town: dict[str, uuid.UUID]
) -> None:
    keeper = world.actor("shencha")
    with world.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "PERMIT-05")["id"]
    told: dict[str, Any] = {"pilot_id": pilot_id, "metric": "total_days", "procedure": "trial"}
    period = {"reform_first": SPAN[0], "reform_last": SPAN[1]}
    stated = {"base_value": Decimal(10), "base_source": "法定时限之和"}
    reformwork.compare(world.rt, keeper, key(), **told, **period, **stated, claimed_percent=Decimal(60))
    reformwork.compare(world.rt, keeper, key(), **told, **period, **stated, claimed_percent=Decimal(70))
    empty = {"base_first": date(2020, 1, 1), "base_last": date(2020, 12, 31)}
    reformwork.compare(world.rt, keeper, key(), **told, **period, **empty, claimed_percent=Decimal(40))
    with world.rt.db.transaction() as conn:
        first, second, third = reformwork.effects(conn, pilot_id)
    # Days in all: 7 and 1; median 4, mean 4; against 10 that is 60 % less.
    assert (first["reform"]["cases"], first["reform"]["median"], first["change"]["median"]) == (2, 4, Decimal("-60.0"))
    assert (first["claim_holds"], second["claim_holds"]) == (True, False)
    assert (third["base"]["cases"], third["change"]["median"], third["claim_holds"]) == (0, None, None)
    with pytest.raises(DomainError):
        reformwork.compare(world.rt, keeper, key(), **told, **period, base_value=Decimal(10))


PAGES = [
    "/pilots", "/pilots?on=2020-06-30&programme=parks-2019&light=red", "/pilots/due?days=-1", "/pilots/slips?cause=upper",
    "/parks", "/parks/sip", "/enterprise-files", "/boards/cases", "/boards/steps?procedure=trial",
    "/boards/steps/cases?procedure=trial&element=check", "/boards/bodies?procedure=trial",
    "/boards/bodies/cases?procedure=trial", "/boards/quota", "/schemes",
]  # fmt: skip


def test_the_boards_say_what_they_rest_on_and_their_figures_are_links(
    world: World, town: dict[str, uuid.UUID], at_page: Any
) -> None:
    client, _ = at_page("jianguan")
    for path in PAGES:
        assert client.get(path).status_code == 200, path
    for path in ("/boards/cases", "/boards/steps?procedure=trial", "/boards/bodies?procedure=trial", "/pilots"):
        said = client.get(path).get_data(as_text=True)
        assert "数据来源" in said and "截至" in said, path
    steps = client.get("/boards/steps?procedure=trial&element=check").get_data(as_text=True)
    assert '"check": "heat-' in steps and '"check": "4d' in steps
    assert "/boards/steps/cases?procedure=trial" in steps
    assert str(town["slow"]) in client.get("/boards/steps/cases?procedure=trial&element=check").get_data(as_text=True)


def test_an_enterprise_finds_its_own_file_and_no_board(world: World, town: dict[str, uuid.UUID], at_page: Any) -> None:
    client, _ = at_page("qiye")
    own = client.get("/enterprise-files", follow_redirects=True)
    assert own.status_code == 200
    assert str(town["slow"]) in own.get_data(as_text=True)
    for path in ("/pilots", "/boards/cases", "/boards/steps", "/parks"):
        assert client.get(path).status_code in (403, 404), path
    other = world.actor("qiye2").enterprise_id
    assert client.get(f"/enterprise-files/{other}").status_code == 404


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/pilots/sheet?on=2021-01-01&programme=parks-2019", ["PARK-01", "红", 3]),
        ("/boards/cases/sheet?procedure=trial", ["绿灯"]),
        ("/boards/steps/sheet?procedure=trial&first=2026-09-01&last=2026-12-31", ["机关", 4]),
        ("/boards/bodies/sheet?procedure=trial&first=2026-09-01&last=2026-12-31", ["苏州工业园区生态环境局", 7]),
        ("/boards/quota/sheet", ["高端制造与国际贸易区", "VOCS"]),
    ],
)
def test_each_board_goes_out_as_a_spreadsheet(
    world: World, town: dict[str, uuid.UUID], at_page: Any, path: str, said: list[Any]
) -> None:
    client, _ = at_page("jianguan")
    sheet = load_workbook(io.BytesIO(client.get(path).data)).active
    assert sheet is not None
    cells = {cell for row in sheet.iter_rows(values_only=True) for cell in row}
    assert all(one in cells for one in said), (said, cells)


def test_the_reports_are_word_documents_of_what_the_register_says(world: World, at_page: Any) -> None:
    client, _ = at_page("shencha")
    with world.rt.db.transaction() as conn:
        demo, nanjing = (pilots.by_code(conn, code)["id"] for code in ("DEMO-01", "PERMIT-01"))

    def words(path: str) -> str:
        document = Document(io.BytesIO(client.get(path).data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])

    report = words(f"/pilots/{demo}/word?on=2026-09-02")
    assert "一窗受理改革试点（示范数据）总结报告" in report
    assert "2026年4月10日" in report and "逾期完成" in report, "the rules were due in March and done in April"
    assert "接口联通报告（示范数据）（第1版）" in report and "基线值90.00" in report
    assert "秋冬季节" in words(f"/pilots/{nanjing}/word"), "the oddity of the source is told"
    bulletin = words("/programmes/parks-2019/bulletin?on=2021-01-01")
    assert "共10个试点：有逾期的10个" in bulletin and "逾期30项" in bulletin
    assert client.get("/programmes/nothing/bulletin").status_code == 404


def test_by_the_api_alone_a_pilot_is_kept(world: World, api: Any) -> None:
    officer = api("shencha")
    listed = officer.get("/pilots", programme="permit-2021", on="2022-01-15")
    pilot = next(one for one in listed["pilots"] if one["code"] == "PERMIT-05")
    path = f"/pilots/{pilot['id']}"
    officer.post(f"{path}/reach", {"key": "m01", "on": "2021-08-30", "note": "已报送"})
    file_id = officer.upload("plan.pdf")
    made = officer.post(f"{path}/deliverables", {"key": "m01", "title": "试点实施方案", "file_id": file_id})
    assert made["version"] == 1
    moved = officer.post(f"{path}/push/preview", {"key": "m05", "on": "2027-01-31"})["moved"]
    assert [one["key"] for one in moved] == ["m05"]
    officer.post(f"{path}/push", {"key": "m05", "on": "2027-01-31", "cause": "upper", "reason": "平台接口推迟"})
    officer.post(f"{path}/reports", {"kind": "quarter", "light": "yellow", "said": "对接有延迟"})
    risk = officer.post(f"{path}/risks", {"title": "接口推迟", "level": "high"})["risk_id"]
    officer.post(f"{path}/risks/{risk}/close", {"closing": "已开放"})
    told = {"key": "days", "title": "办理工作日", "better": "down", "source": "细则", "baseline": "90", "target": "54"}
    officer.post(f"{path}/indicators", told)
    officer.post(f"{path}/values", {"key": "days", "on": "2026-08-31", "value": "60", "source": "统计"})
    found = officer.get(path)
    first = found["tasks"][0]
    assert (first["state"], first["done_on"]) == ("done", "2021-08-30")
    assert found["slips"][0]["cause"] == "upper"
    assert found["indicators"][0]["values"][0]["value"] == "60"
    assert found["risks"][0]["closing"] == "已开放"
    deliverable = found["deliverables"][0]
    file = api("jianguan").raw(f"{path}/deliverables/{deliverable['id']}")
    assert file.status_code == 200 and file.data.startswith(b"%PDF")
    assert officer.get("/pilots/slips", cause="upper")["slips"][0]["key"] == "m05"
    park = officer.get("/parks/sip")
    assert {one["code"] for one in park["pilots"]} >= {"PERMIT-05", "PARK-04", "QUOTA-SIP"}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), min_size=1, max_size=30), st.sampled_from([50, 90]))
def test_a_percentile_out_of_counts_is_that_of_the_cases_one_by_one(
    counts: list[tuple[int, int]], percent: int
) -> None:
    each = sorted(days for days, n in counts for _ in range(n))
    # The smallest value that at least so many of a hundred do not exceed.
    wanted = next(days for days in each if sum(one <= days for one in each) * 100 >= len(each) * percent)
    assert boards._quantile(counts, percent) == wanted
