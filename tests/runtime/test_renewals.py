"""A renewal in the registers: same number, next term, old terms readable; late, by law, and never twice."""

from __future__ import annotations

import io
import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from sqlalchemy import func, insert, select, text

from registers import files, renewals, totals
from registers.db import uuid7
from registers.obligations import Obligation
from registers.permits import Permit, PermitChange
from registers.quota_accounts import QuotaPosting
from tests.conftest import World
from workflows import cron, expiry, install, letters, openness, scenarios, versionfiles
from workflows.models import Case, Incident, Matter

FOLDER = install.procedures_folder() / "permit_renewal"
NUMBER = "91320594MA1EXAMP04001P"
OLD = (date(2022, 3, 3), date(2027, 3, 2))


def play(world: World, name: str, *, until: str = "", today: date | None = None, **holds: Any) -> scenarios.Player:
    """A scenario of the procedure, for good; `until` names the task before which it stops."""
    contents = versionfiles.read_folder(FOLDER)
    every = json.loads(contents["scenarios.json"])["scenarios"]
    said = next(one for one in every if one["name"]["zh"].startswith(name))
    names = [step.get("task") for step in said["steps"]]
    steps = said["steps"][: names.index(until)] if until else said["steps"]
    said = {**said, "steps": steps, "holds": [{**said["holds"][0], **holds}]}
    world.time.move_to(today or date.fromisoformat(said["today"]))
    player = scenarios.Player(world.rt, world.time, contents, said)
    player.play()
    return player


def permit(world: World) -> dict[str, Any]:
    with world.rt.db.transaction() as conn:
        return dict(conn.execute(select(Permit.__table__).where(Permit.number == NUMBER)).mappings().one())


def terms(world: World) -> list[tuple[date, date | None]]:
    with world.rt.db.transaction() as conn:
        found = renewals.versions(conn, [permit(world)["id"]])
    return [(one["valid_from"], one["valid_to"]) for one in found.get(permit(world)["id"], [])]


def words(world: World, player: scenarios.Player, kind: str) -> str:
    """A letter of the case, opened again."""
    with world.rt.db.transaction() as conn:
        made = next(one for one in letters.of_case(conn, player.case_id) if one["kind"] == kind)
    body = Document(io.BytesIO(files.path_of(world.rt.files_root, made["sha256"]).read_bytes())).element.body
    return "\n".join("".join(n.text or "" for n in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))


def duty(world: World, due_on: date = date(2027, 1, 1)) -> uuid.UUID:
    """The reminder of this renewal, as the daily work enters it."""
    made = uuid7()
    row = {
        "id": made, "enterprise_id": world.actor("qiye").enterprise_id, "kind": "renewal", "title": {"zh": "申请延续", "en": "renew"},
        "due_on": due_on, "basis": "x", "rule": "permit.renewal_lead", "start_on": OLD[1], "created_at": world.time.now(),
    }  # fmt: skip
    with world.rt.db.transaction() as conn:
        conn.execute(insert(Obligation).values(row))
    return made


def stand(world: World, obligation_id: uuid.UUID) -> Any:
    with world.rt.db.transaction() as conn:
        return conn.execute(select(Obligation.__table__).where(Obligation.id == obligation_id)).mappings().one()


def test_a_renewed_permit_keeps_its_number_and_its_old_term_stays_readable(world: World) -> None:
    player = play(world, "按期申请")
    held = permit(world)
    assert (held["valid_from"], held["valid_to"], held["status"]) == (OLD[0], date(2032, 3, 2), "valid")
    assert terms(world) == [(date(2027, 3, 3), date(2032, 3, 2)), OLD]
    with world.rt.db.transaction() as conn:
        (change,) = conn.execute(select(PermitChange.__table__).where(PermitChange.permit_id == held["id"])).mappings()
        public = openness.permit(conn, NUMBER)
        old = renewals.versions(conn, [held["id"]])[held["id"]][1]
    assert (change["action"], change["case_id"]) == ("renewal", player.case_id)
    assert public["valid_to"] == date(2032, 3, 2)
    assert [one["valid_to"] for one in public["terms"]] == [date(2032, 3, 2), OLD[1]]
    assert "monitoring" in old["content"] and "noise" not in old["content"]
    assert held["content"]["noise"] == "厂界噪声执行3类标准"


def test_the_letters_state_the_old_number_the_next_term_and_the_record_of_renewals(world: World) -> None:
    player = play(world, "按期申请")
    decision = words(world, player, "renewal_decision")
    assert "准予延续排污许可决定书" in decision and NUMBER in decision
    assert "自2027年3月3日起至2032年3月2日止" in decision
    assert "行政复议" in decision and "届满后作出" not in decision
    copy = words(world, player, "permit_copy")
    assert NUMBER in copy and "2032年3月2日" in copy and "延续：原有效期至2027年3月2日" in copy


def test_a_refusal_states_its_reason_and_the_remedies_and_leaves_the_permit_as_it_was(world: World) -> None:
    player = play(world, "当场更正")
    refusal = words(world, player, "renewal_decision")
    assert "不予延续排污许可决定书" in refusal and "责令改正事项逾期未整改到位" in refusal
    assert "行政复议" in refusal and "行政诉讼" in refusal and "届满前继续有效" in refusal
    assert (permit(world)["valid_to"], terms(world)) == (OLD[1], [])


def test_amounts_may_become_less_and_the_ledger_does_not_move(world: World) -> None:
    player = play(world, "编号填错")
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).where(QuotaPosting.case_id == player.case_id)) == 0
    amounts = {row["factor"]: row["amount_t"] for row in permit(world)["content"]["totals"]}
    assert (amounts["VOCS"], amounts["COD"]) == ("1.6", "5.9")


def test_amounts_that_the_reviewer_sets_stand_in_permit_letter_and_copy(world: World) -> None:
    player = play(world, "重点管理", klass="key")
    amounts = {row["factor"]: row["amount_t"] for row in permit(world)["content"]["totals"]}
    assert (amounts["VOCS"], amounts["COD"]) == ("1.5", "6.4")
    assert "核定为：挥发性有机物1.5吨。" in words(world, player, "renewal_decision")
    with world.rt.db.transaction() as conn:
        unit = world.actor("qiye").enterprise_id
        assert unit is not None
        assert totals.permitted_by_permit(conn, unit)["VOCS"] == Decimal("1.5")


def test_who_asked_late_is_not_renewed_by_silence_and_is_without_a_permit_until_the_decision(world: World) -> None:
    player = play(world, "逾期申请", until="task_renewal_plan", today=date(2027, 2, 20))
    world.time.move_to(date(2027, 3, 5))
    assert expiry.deem_renewed(world.rt) == 0
    cron.daily(world.rt)
    assert permit(world)["status"] == "expired"
    finish(player, "2027-03-05")
    held = permit(world)
    assert (held["status"], held["valid_from"], held["valid_to"]) == ("valid", date(2027, 3, 5), date(2032, 3, 4))
    assert "不属于许可证的有效期" in words(world, player, "renewal_decision")


def finish(player: scenarios.Player, day: str, **opinion: Any) -> None:
    """From the plan of the review to the delivery."""
    said = json.loads((FOLDER / "scenarios.json").read_text("utf-8"))["scenarios"][0]["steps"]
    rest = said[[step["task"] for step in said].index("task_renewal_plan") :]
    for step in rest:
        changed = {"task_renewal_opinion": opinion, "task_renewal_delivery": {"delivered_on": day}}.get(
            step["task"], {}
        )
        player.carry_out([{**step, "submit": {**step["submit"], **changed}}])


def test_silence_renews_who_asked_in_time_and_the_officers_add_no_second_term(world: World) -> None:
    player = play(world, "按期申请", until="task_renewal_plan")
    world.time.move_to(date(2027, 3, 3))
    assert expiry.deem_renewed(world.rt) == 1
    assert terms(world) == [(date(2027, 3, 3), date(2032, 3, 2)), OLD]
    finish(player, "2027-03-03", outcome="refused", reason="超标", opinion="不符合")
    assert permit(world)["valid_to"] == date(2032, 3, 2)
    assert set(terms(world)) == {(date(2027, 3, 3), date(2032, 3, 2)), OLD}
    assert "已视为准予延续" in words(world, player, "renewal_decision")
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Matter.status).where(Matter.case_id == player.case_id)) == "approved"


def test_the_renewal_of_one_permit_renews_no_other_of_the_same_enterprise(world: World) -> None:
    player = play(world, "按期申请", until="task_renewal_plan")
    with world.rt.db.transaction() as conn:
        row = {**permit(world), "id": uuid7(), "number": "OTHER"}
        conn.execute(insert(Permit).values(row))
    world.time.move_to(date(2027, 3, 3))
    assert expiry.deem_renewed(world.rt) == 1
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Permit.status).where(Permit.number == "OTHER")) == "expired"
        assert conn.scalar(select(Case.status).where(Case.id == player.case_id)) == "running"


def test_a_permit_that_was_cancelled_meanwhile_is_not_brought_back(world: World) -> None:
    player = play(world, "按期申请", until="task_renewal_sign")
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE permit SET status = 'cancelled' WHERE number = :number"), {"number": NUMBER})
    player.carry_out([{"task": "task_renewal_sign", "as": "head", "submit": {"decision": "sign"}}])
    with world.rt.db.transaction() as conn:
        cause = conn.scalar(select(Incident.cause).where(Incident.case_id == player.case_id))
    assert "已注销" in (cause or "")
    assert permit(world)["status"] == "cancelled"


def test_a_deficiency_notice_names_the_parts_in_words(world: World) -> None:
    player = play(world, "重点管理", klass="key", until="task_renewal_plan")
    notice = words(world, player, "deficiency_notice")
    assert "自行监测方案" in notice and "monitoring" not in notice


def test_a_second_application_for_the_same_permit_goes_back(world: World) -> None:
    play(world, "按期申请", until="task_renewal_plan")
    second = play(world, "按期申请", until="task_renewal_application")
    assert [task["element"] for task in second.open_tasks()] == ["task_renewal_request"]


def test_a_term_that_has_not_begun_is_not_renewed(world: World) -> None:
    play(world, "按期申请")
    early = play(world, "按期申请", until="task_renewal_application", valid_to="2032-03-02")
    assert [task["element"] for task in early.open_tasks()] == ["task_renewal_request"]
    world.time.move_to(date(2027, 3, 3))
    early.carry_out([{"task": "task_renewal_request", "submit": {"permit_number": NUMBER, "anything_changed": False}}])
    assert [task["element"] for task in early.open_tasks()] == ["task_renewal_application"]


def test_nobody_is_late_who_has_asked_until_the_application_is_taken_back(world: World) -> None:
    owed = duty(world)
    player = play(world, "按期申请", until="task_renewal_plan")
    world.time.move_to(date(2027, 1, 5))
    cron.daily(world.rt)
    assert stand(world, owed)["status"] == "open"
    player.carry_out([{"withdraw": "停产"}])
    world.time.move_to(date(2027, 1, 6))
    cron.daily(world.rt)
    assert stand(world, owed)["status"] == "overdue"


def test_the_duty_is_done_on_the_day_of_the_application_and_the_next_one_is_entered(world: World) -> None:
    owed = duty(world)
    player = play(world, "按期申请")
    assert (stand(world, owed)["status"], stand(world, owed)["done_on"]) == ("done", date(2026, 11, 22))
    with world.rt.db.transaction() as conn:
        (following,) = conn.execute(
            select(Obligation.__table__).where(Obligation.case_id == player.case_id, Obligation.kind == "renewal")
        ).mappings()
    assert (following["due_on"], following["start_on"]) == (date(2032, 1, 2), date(2032, 3, 2))


def test_reports_of_the_year_that_both_terms_share_stay_due(world: World) -> None:
    play(world, "重点管理", klass="key")
    for day in (date(2026, 12, 15), date(2027, 12, 15)):
        world.time.move_to(day)
        cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        due = set(conn.scalars(select(Obligation.start_on).where(Obligation.kind == "annual_report")))
    assert {date(2026, 12, 31), date(2027, 12, 31)} <= due


def test_a_version_is_never_altered(world: World) -> None:
    play(world, "按期申请")
    for table in ("permit_version", "permit_renewal"):
        with world.rt.db.transaction() as conn, pytest.raises(Exception, match="permission denied"):
            conn.execute(text(f"DELETE FROM {table}"))
