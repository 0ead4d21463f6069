"""The joint procedure on the real runtime: clocks, parts of two bodies, papers with their elements, register."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from sqlalchemy import select

from registers import files, obligations, parties, waste_licences, waste_rules
from registers.errors import DomainError
from registers.permits import Permit, PermitChange
from tests.conftest import World, key
from tests.waste.kit import operator, outcome, play, scenario
from workflows import administration, letters, matters
from workflows.lights import ClockAlarm

JOINT = "一个机关：综合经营"
TWO = "两个机关：年焚烧"


def words(world: World, case_id: Any, kind: str) -> str:
    with world.rt.db.transaction() as conn:
        found = [one for one in letters.of_case(conn, case_id) if one["kind"] == kind]
    assert found, kind
    document = Document(io.BytesIO(files.path_of(world.rt.files_root, found[-1]["sha256"]).read_bytes()))
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in document.element.body.iter(qn("w:p")))


def clocks(world: World, case_id: Any) -> dict[str, Any]:
    with world.rt.db.transaction() as conn:
        found = matters.readings(conn, world.rt.reference.get(conn), case_id, world.time.today())
    return {clock.matter["kind"]: clock for clock in found}


def test_each_licence_has_its_own_clock(world: World) -> None:
    player = play(world, "two_licences", JOINT, 3)
    found = clocks(world, player.case_id)
    assert found["waste"].rule.limit == 20
    assert found["waste"].rule.unit == "workday"
    assert found["permit"].rule.limit == 45
    assert found["permit"].rule.unit == "day"
    assert found["permit"].reading.statutory_due == date(2026, 10, 16)


def test_expert_review_stops_both_clocks_until_it_ends(world: World) -> None:
    player = play(world, "two_licences", TWO, 4)
    assert {clock.reading.state for clock in clocks(world, player.case_id).values()} == {"paused"}
    assert "专家评审" in words(world, player.case_id, "time_notice")


def test_two_bodies_decide_each_their_own(world: World) -> None:
    player = play(world, "two_licences", TWO)
    found = clocks(world, player.case_id)
    assert found["waste"].matter["body_code"] == "js-eed"
    assert found["permit"].matter["body_code"] == "sip-eeb"
    with world.rt.db.transaction() as conn:
        made = {one["kind"]: one["content_values"]["body_name"] for one in letters.of_case(conn, player.case_id)}
    assert made["waste_licence"] == "江苏省生态环境厅"
    assert made["permit_original"] == "苏州工业园区生态环境局"


# Law: 危险废物经营许可证管理办法 art. 10, and the elements of the discharge permit (排污许可管理条例 art. 13).
LICENCE = ("法人名称", "法定代表人", "住所", "经营方式", "年经营规模", "有效期限", "证书编号", "设施地址", "发证")


def test_the_licence_carries_the_elements_of_article_ten(world: World) -> None:
    player = play(world, "two_licences", JOINT)
    both = words(world, player.case_id, "waste_licence") + words(world, player.case_id, "waste_licence_copy")
    assert [element for element in LICENCE if element not in both] == []
    for said in ("3205710002", "HW08", "900-249-08", "林法人", "物化处理线一条"):
        assert said in both


def test_the_permit_names_licensed_and_secondary_wastes(world: World) -> None:
    player = play(world, "two_licences", JOINT)
    copy = words(world, player.case_id, "permit_copy")
    assert "900-249-08" in copy
    assert "次生危险废物：HW18 772-003-18" in copy
    assert "保存10年以上" in copy


def test_special_duties_stand_in_the_licence_and_not_in_the_permit(world: World) -> None:
    player = play(world, "two_licences", JOINT)
    assert "应急预案已备案" in words(world, player.case_id, "waste_licence_copy")
    assert "应急预案已备案" not in words(world, player.case_id, "permit_copy")


def papers(world: World, case_id: Any) -> dict[str, Any]:
    with world.rt.db.transaction() as conn:
        return {row.kind: row for row in conn.execute(select(Permit.__table__).where(Permit.case_id == case_id))}


def test_both_papers_end_on_the_earlier_day_when_the_applicant_asked_for_it(world: World) -> None:
    player = play(world, "two_licences", "一个机关：收集许可")
    found = papers(world, player.case_id)
    assert found["waste"].valid_to == found["permit"].valid_to == date(2029, 8, 31)


def test_without_that_wish_each_has_its_own_period(world: World) -> None:
    player = play(world, "two_licences", "一个机关：专家评审")
    assert papers(world, player.case_id)["permit"].valid_to == date(2031, 8, 31)


def test_one_reminder_stands_at_the_earlier_of_both_dates(world: World) -> None:
    player = play(world, "two_licences", "一个机关：专家评审")
    with world.rt.db.transaction() as conn:
        found = [row for row in obligations.of_case(conn, player.case_id) if row["kind"] == "renewal"]
    assert len(found) == 1
    # Law: 60 days before 2031-08-31 is 2031-07-02; 30 working days before it is later.
    assert found[0]["due_on"] == date(2031, 7, 2)


def test_the_result_notice_says_what_became_of_the_other_licence(world: World) -> None:
    player = play(world, "two_licences", "两个机关：省厅不予经营许可")
    said = words(world, player.case_id, "joint_result_notice")
    assert "不予许可" in said
    assert "排污许可照常核发：现有其他生产线仍需排污" in said
    assert outcome(world, player.case_id) == "completed"


def test_the_refusal_lists_the_conditions_that_are_not_met(world: World) -> None:
    player = play(world, "two_licences", "缺一名技术人员")
    said = words(world, player.case_id, "waste_refusal")
    assert "技术人员" in said
    assert "仅两名技术人员符合条件" in said
    assert "行政复议" in said


def test_one_visit_gives_two_sheets_that_share_the_common_lines(world: World) -> None:
    player = play(world, "two_licences", JOINT)
    with world.rt.db.transaction() as conn:
        sheets = [one["content_values"] for one in letters.of_case(conn, player.case_id) if one["kind"] == "site_sheet"]
    items = {sheet["part"]: {line["item"] for line in sheet["items"]} for sheet in sheets}
    assert "台账如实、完整记录" in items["waste"] & items["permit"]
    assert "专业技术人员在岗" in items["waste"] - items["permit"]
    assert "自动监测设备安装、联网" in items["permit"] - items["waste"]


def test_a_new_pair_supersedes_the_old_one(world: World) -> None:
    play(world, "two_licences", "超规模重新申请")
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(Permit.number, Permit.status).where(Permit.enterprise_id == operator(world)))
        found = {row.number: row.status for row in rows}
    assert found["3205710001"] == "superseded"
    assert found["3205710002"] == "valid"


def held(world: World) -> dict[str, Any]:
    with world.rt.db.transaction() as conn:
        rows = conn.execute(
            select(Permit.kind, Permit.status, Permit.valid_to).where(Permit.enterprise_id == operator(world))
        )
        return {row.kind: (row.status, row.valid_to) for row in rows}


def test_a_renewal_carries_both_papers_on_from_the_day_after(world: World) -> None:
    play(world, "two_licences_upkeep", "两证延续")
    assert held(world) == {"waste": ("valid", date(2033, 3, 5)), "permit": ("valid", date(2033, 6, 11))}


def test_a_renewal_that_is_refused_for_one_leaves_that_paper_as_it_was(world: World) -> None:
    play(world, "two_licences_upkeep", "延续：经营许可准予")
    assert held(world) == {"waste": ("valid", date(2033, 3, 5)), "permit": ("valid", date(2028, 6, 11))}


def test_cancellation_ends_both_papers_and_says_so_in_the_register(world: World) -> None:
    play(world, "two_licences_upkeep", "终止经营")
    assert {status for status, _ in held(world).values()} == {"cancelled"}
    with world.rt.db.transaction() as conn:
        assert set(conn.scalars(select(PermitChange.action))) == {"cancel"}


@pytest.mark.parametrize("name", ["规模超出21%", "增加废物类别"])
def test_what_needs_a_new_application_changes_nothing_in_the_register(world: World, name: str) -> None:
    before = held(world)
    play(world, "two_licences_upkeep", name)
    assert held(world) == before


def test_the_region_of_a_body_makes_its_licence_numbers_and_else_the_unconfirmed_one(world: World) -> None:
    with world.rt.db.transaction() as conn:
        body_id = parties.body_by_code(conn, "sip-eeb").id
    with pytest.raises(DomainError, match="region_code"):
        administration.change_body(world.rt, world.actor("anquan"), key(), body_id=body_id, region_code="32057")
    assert waste_rules.rule("regions")["verified"] == "no"
    with world.rt.db.transaction() as conn:
        assert waste_licences.next_number(conn, "sip-eeb").startswith("320571")
    administration.change_body(world.rt, world.actor("anquan"), key(), body_id=body_id, region_code="320591")
    with world.rt.db.transaction() as conn:
        assert waste_licences.next_number(conn, "sip-eeb") == "3205910001"


# The steps of TWO: 12 proposes and 13 signs the licence, 14 proposes and 15 signs the permit.
def test_each_body_s_clock_stops_at_its_own_signature_while_the_papers_wait(world: World) -> None:
    player = play(world, "two_licences", TWO, 14)
    signed = world.time.today()
    found = clocks(world, player.case_id)
    assert found["waste"].reading.state == "decided"
    assert found["permit"].reading.state != "decided"
    with world.rt.db.transaction() as conn:
        assert conn.scalars(select(Permit.id).where(Permit.case_id == player.case_id)).all() == []
    assert found["waste"].reading.statutory_due >= signed


def test_a_body_that_signed_in_time_is_not_late_because_the_other_is(world: World) -> None:
    player = play(world, "two_licences", TWO, 16, waits={14: 40})
    found = clocks(world, player.case_id)
    assert world.time.today() > found["waste"].reading.statutory_due
    assert found["waste"].reading.state == "decided"
    assert {clock.matter["status"] for clock in found.values()} == {"approved"}
    assert {clock.matter["decided_on"] for clock in found.values()} == {world.time.today()}
    with world.rt.db.transaction() as conn:
        issued = conn.execute(select(Permit.kind, Permit.decided_on).where(Permit.case_id == player.case_id)).all()
        alarms = conn.execute(
            select(ClockAlarm.matter_id).where(ClockAlarm.case_id == player.case_id, ClockAlarm.stage == "overdue")
        ).all()
    assert {row.kind: row.decided_on for row in issued} == dict.fromkeys(("waste", "permit"), world.time.today())
    assert found["waste"].matter["id"] not in {row.matter_id for row in alarms}


def test_a_late_change_says_so_on_the_desk_and_in_the_decision(world: World, at_page: Any) -> None:
    name = "名称、法定代表人变更"
    asked = dict(scenario("two_licences_upkeep", name)["start"], changed_on="2026-07-01")
    player = play(world, "two_licences_upkeep", name, 0, start=asked)
    # Law: 15 working days (HWM art. 11) and 30 days (PDR art. 14) after the first of July 2026.
    page = at_page("qianfa")[0].get(f"/cases/{player.case_id}").get_data(as_text=True)
    assert "逾期提出" in page
    assert "应于2026-07-31前申请" in page
    again = play(world, "two_licences_upkeep", name, start=asked)
    said = words(world, again.case_id, "licence_decision")
    assert "申请期限：本项应于2026-07-31前申请，实际于2026-09-01提出，逾期32日" in said


def test_a_change_in_time_says_nothing_of_lateness(world: World) -> None:
    player = play(world, "two_licences_upkeep", "名称、法定代表人变更")
    assert "申请期限" not in words(world, player.case_id, "licence_decision")


def test_an_operation_ends_after_a_check_at_the_site_that_the_ledger_does_not_contradict(world: World) -> None:
    name = "终止经营：核查与台账不符"
    player = play(world, "two_licences_upkeep", name, 1)
    assert [task["element"] for task in player.open_tasks()] == ["task_closure_check"]
    player = play(world, "two_licences_upkeep", name)
    decisions = [words(world, player.case_id, "licence_decision")]
    with world.rt.db.transaction() as conn:
        values = {
            one["matter"]: one["content_values"]
            for one in letters.of_case(conn, player.case_id)
            if one["kind"] == "licence_decision"
        }
    assert "核查合格" in values["waste"]["closure"]
    assert not values["permit"].get("closure")
    assert "注销" in decisions[0]
    # Law: HWM art. 14, 20 working days after the measures of the first of June.
    assert "逾期" in values["waste"]["late"]


def test_the_other_issuing_body_signs_the_joint_inspection(world: World) -> None:
    player = play(world, "two_licences_inspection", "省厅发起检查")
    said = words(world, player.case_id, "inspection_record")
    assert "会同检查机关：苏州工业园区生态环境局；签署人员：李审查、周审查" in said
    assert "不同意见：仓库标志应当更新" in said
