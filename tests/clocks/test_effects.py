"""What happens by itself: consent and renewal by silence, registrations that end, letters that pauses make, house rules."""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from docx import Document
from sqlalchemy import insert, select

from registers import files
from registers.db import uuid7
from registers.limits import LimitSetting
from registers.obligations import Obligation
from registers.permits import Permit
from tests.clocks.kit import RUNNING, again, begin, calls, lines, messages, permit, reading, with_limit
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish, service
from tests.web.conftest import Api
from workflows import calendaring, cases, cron, deadlines, expiry, houserules, recompute
from workflows.commands import Command, Step
from workflows.models import Case, Deadline, Letter, Matter, Task

Person = Callable[[str], Api]


def matter(world: World, case_id: uuid.UUID) -> Any:
    with world.rt.db.transaction() as conn:
        return conn.execute(select(Matter.__table__).where(Matter.case_id == case_id)).mappings().one()


def permit_row(world: World, permit_id: uuid.UUID) -> Any:
    with world.rt.db.transaction() as conn:
        return conn.execute(select(Permit.__table__).where(Permit.id == permit_id)).mappings().one()


# -- decisions by silence ----------------------------------------------------------------------------


def test_a_re_audit_that_is_not_answered_in_ten_days_is_agreed_by_law(world: World) -> None:
    case_id = begin(world, with_limit("eia.re_audit.decide", "re_audit"))
    world.time.move_to(date(2026, 9, 11))
    deadlines.sweep(world.rt)
    assert matter(world, case_id)["status"] == "open"
    world.time.move_to(date(2026, 9, 12))
    deadlines.sweep(world.rt)
    decided = matter(world, case_id)
    assert (decided["status"], decided["decided_on"], decided["ground"]) == ("approved", date(2026, 9, 11), "deemed")
    (line,) = lines(world, case_id, "deemed")
    assert line["effect"] == "deemed_agreed" and "《建设项目环境保护管理条例》第12条" in line["basis"]
    assert any("视为审核同意" in title for title in messages(world, "qiye", "decision"))
    assert calls(world, case_id) == {}


def test_after_consent_by_silence_the_officer_can_still_finish_and_cannot_refuse(world: World) -> None:
    case_id = begin(world, with_limit("eia.re_audit.decide", "re_audit"))
    world.time.move_to(date(2026, 9, 12))
    deadlines.sweep(world.rt)
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=open_task(world, case_id, "review"), data={})
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "closed"
    assert matter(world, case_id)["decided_on"] == date(2026, 9, 11)
    assert len(lines(world, case_id, "deemed")) == 1


def test_an_ordinary_limit_that_runs_out_approves_nothing(world: World) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 10, 20))
    deadlines.sweep(world.rt)
    assert matter(world, case_id)["status"] == "open" and lines(world, case_id, "deemed") == []


def test_a_renewal_undecided_when_the_permit_ends_is_granted_by_law_for_five_more_years(world: World) -> None:
    permit_id = permit(world, valid_to=date(2026, 9, 20))
    case_id = begin(world, with_limit("permit.renewal.decide", "permit"))
    world.time.move_to(date(2026, 9, 21))
    cron.daily(world.rt)
    assert permit_row(world, permit_id)["status"] == "valid"
    assert [expiry.deem_renewed(world.rt), expiry.deem_renewed(world.rt)] == [1, 0]
    after = permit_row(world, permit_id)
    assert (after["status"], after["valid_to"]) == ("valid", date(2031, 9, 20))
    decided = matter(world, case_id)
    assert (decided["status"], decided["decided_on"], decided["ground"]) == ("approved", date(2026, 9, 20), "deemed")
    (line,) = lines(world, case_id, "deemed")
    assert "《行政许可法》第50条第2款" in line["basis"]
    assert lines(world, case_id, "permit_renewed")[0]["new"] == "2031-09-20"
    assert any("视为准予延续" in title for title in messages(world, "qiye", "decision"))


def test_on_the_last_day_of_the_permit_nothing_is_deemed_yet(world: World) -> None:
    permit(world, valid_to=date(2026, 9, 20))
    begin(world, with_limit("permit.renewal.decide", "permit"))
    world.time.move_to(date(2026, 9, 20))
    assert expiry.deem_renewed(world.rt) == 0


def test_a_permit_whose_renewal_was_only_accepted_after_its_end_or_not_at_all_expires(world: World) -> None:
    permit_id = permit(world, valid_to=date(2026, 8, 31))
    begin(world, with_limit("permit.renewal.decide", "permit"))
    assert expiry.deem_renewed(world.rt) == 0
    cron.daily(world.rt)
    assert permit_row(world, permit_id)["status"] == "expired"


def test_a_registration_ends_after_five_years_and_its_holder_is_asked_to_register_again(world: World) -> None:
    model = chain(
        node("userTask", "fill", role="preparer"),
        service(
            "enter",
            "permit.issue",
            kind="'permit'",
            klass="'registration'",
            number="'REG-1'",
            validity_rule="'permit.registration.validity'",
        ),
    )
    begin(world, model)
    with world.rt.db.transaction() as conn:
        row = conn.execute(select(Permit.__table__)).mappings().one()
    assert row["valid_to"] == date(2031, 8, 31)
    cron.daily(world.rt)
    world.time.move_to(date(2031, 3, 1))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        duty = conn.execute(select(Obligation.__table__).where(Obligation.kind == "registration")).mappings().one()
    assert (duty["due_on"], "第186条" in duty["basis"]) == (date(2031, 8, 31), True)
    world.time.move_to(date(2031, 8, 31))
    cron.daily(world.rt)
    assert permit_row(world, row["id"])["status"] == "valid"
    world.time.move_to(date(2031, 9, 1))
    cron.daily(world.rt)
    assert permit_row(world, row["id"])["status"] == "expired"
    assert any("排污登记REG-1" in title for title in messages(world, "qiye", "duty"))


# -- letters and messages ------------------------------------------------------------------------------


def paused(**inputs: str) -> bytes:
    return chain(
        node("userTask", "fill", role="preparer"),
        service("open", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
        service("clock", "clock.start", matter="'eia'"),
        service("pause", "clock.pause", matter="'eia'", kind="'expert_review'", **inputs),
        node("userTask", "review", role="reviewer", matter="eia"),
    )


def test_a_pause_by_the_model_makes_the_same_written_notice_as_one_by_an_officer(world: World) -> None:
    case_id = begin(world, paused(days="15", reason="'专家评审会'"))
    with world.rt.db.transaction() as conn:
        letter = conn.execute(select(Letter.__table__).where(Letter.case_id == case_id)).mappings().one()
    content = files.path_of(world.rt.files_root, letter["sha256"]).read_bytes()
    text = "\n".join(line.text for line in Document(io.BytesIO(content)).paragraphs)
    assert letter["kind"] == "time_notice" and "专家评审" in text and "15" in text
    assert lines(world, case_id, "clock_paused")[0]["letter"] == letter["number"]
    assert any("所需时间告知书" in title for title in messages(world, "qiye", "letter"))


def test_a_model_that_issues_the_notice_in_a_step_of_its_own_gets_no_second_one(world: World) -> None:
    case_id = begin(world, paused(days="15", letter="false"))
    assert reading(world, case_id).state == "paused" and lines(world, case_id, "letter_issued") == []


def test_a_pause_without_its_length_stops_at_the_step_and_says_what_is_missing(world: World) -> None:
    case_id = begin(world, paused())
    assert reading(world, case_id).state == "running"
    assert "预计所需日数" in lines(world, case_id, "incident")[0]["cause"]


# -- a body's own way of counting ------------------------------------------------------------------------


def test_a_task_is_due_as_its_body_counts_a_bare_day(world: World) -> None:
    model = chain(
        node("userTask", "fill", role="preparer"),
        node("userTask", "check", role="window", limitRule="permit.deficiency"),
    )
    in_days = begin(world, model)
    with world.rt.db.transaction() as conn:
        given = {"body_code": "sip-eeb", "code": None, "valid_from": date(2020, 1, 1), "bare_day_unit": "workday"}
        conn.execute(insert(LimitSetting).values(id=uuid7(), **given))
    world.time.move_to(date(2026, 9, 4))
    in_workdays = again(world)
    with world.rt.db.transaction() as conn:
        of_window = select(Task.case_id, Task.due_on).where(Task.element == "check")
        due = {row.case_id: row.due_on for row in conn.execute(of_window)}
        held = {row.case_id: row.due_on for row in conn.execute(select(Deadline.case_id, Deadline.due_on))}
    # Three days after Tuesday 1 September; three working days after Friday 4 September.
    assert (due[in_days], due[in_workdays]) == (date(2026, 9, 4), date(2026, 9, 9))
    assert held == {in_days: date(2026, 9, 4), in_workdays: date(2026, 9, 9)}


def test_a_recount_keeps_to_the_body_s_own_way_of_counting(world: World) -> None:
    test_a_task_is_due_as_its_body_counts_a_bare_day(world)
    calendaring.import_year(
        world.rt, world.actor("xitong"), key(), year=2026, source="通知", days={"2026-09-08": "off"}
    )
    recompute.work(world.rt)
    with world.rt.db.transaction() as conn:
        found = set(conn.scalars(select(Deadline.due_on)))
    # The case of 1 September follows the setting too, and 8 September is off now.
    assert found == {date(2026, 9, 4), date(2026, 9, 10)}


# -- operation, training ---------------------------------------------------------------------------------


def test_a_year_after_the_reported_start_of_operation_the_body_checks_the_quotas(world: World, api: Person) -> None:
    permit_id = permit(world)
    cron.daily(world.rt)
    world.time.move_to(date(2026, 9, 2))
    api("qiye").post(f"/permits/{permit_id}/operation-started", {"on": "2026-08-15"})
    assert api("qiye").last.status_code == 200
    api("qiye").post(f"/permits/{permit_id}/operation-started", {"on": "2026-08-16"})
    assert api("qiye").last.status_code == 409
    api("qiye2").post(f"/permits/{permit_id}/operation-started", {"on": "2026-08-15"})
    assert api("qiye2").last.status_code == 404
    world.time.move_to(date(2027, 8, 1))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        duty = conn.execute(select(Obligation.__table__).where(Obligation.kind == "surplus_check")).mappings().one()
    assert (duty["due_on"], duty["body_id"] is not None) == (date(2027, 8, 15), True)
    api("shencha").post(f"/permits/{permit_id}/operation-started", {"on": "2026-08-20"})
    with world.rt.db.transaction() as conn:
        moved = conn.scalar(select(Obligation.due_on).where(Obligation.kind == "surplus_check"))
    assert moved == date(2027, 8, 20)


def test_the_start_of_operation_is_entered_on_the_page_of_duties(world: World, at_page: Callable[[str], Any]) -> None:
    permit_id = permit(world)
    client, hidden = at_page("qiye")
    assert "投运日期" in client.get("/duties").get_data(as_text=True)
    refused = client.post(f"/permits/{permit_id}/operation-started", data={**hidden, "on": "2026-12-01"})
    assert refused.status_code == 422 and "投运日期应在" in refused.get_data(as_text=True)
    client, hidden = at_page("qiye")
    client.post(f"/permits/{permit_id}/operation-started", data={**hidden, "on": "2026-08-15"})
    assert "2026年8月15日" in client.get("/duties").get_data(as_text=True)


@pytest.mark.parametrize("chosen", [1, 0])
def test_yearly_training_names_the_shaoxing_measure_and_can_be_switched_off(world: World, chosen: int) -> None:
    if not chosen:
        given = {"key": "duty.training", "value": 0, "source": "本地无此要求"}
        houserules.choose(world.rt, world.actor("xitong"), key(), **given)
    cron.daily(world.rt)
    world.time.move_to(date(2026, 9, 2))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        found = list(conn.scalars(select(Obligation.basis).where(Obligation.kind == "training")))
    assert bool(found) == bool(chosen)
    assert all("绍兴市" in basis and "第11项" in basis for basis in found)


# -- house rules -------------------------------------------------------------------------------------------


def test_an_administrator_sets_when_lights_change_and_the_calls_of_open_clocks_follow(
    world: World, api: Person
) -> None:
    case_id = begin(world)
    assert calls(world, case_id)["red"] == date(2026, 9, 28)
    api("xitong").post("/house-rules", {"key": "light.red_days", "value": 10, "source": "局长办公会2026年第8次"})
    api("xitong").post("/house-rules", {"key": "light.yellow_percent", "value": 50, "source": "局长办公会2026年第8次"})
    recompute.work(world.rt)
    found = calls(world, case_id)
    assert (found["yellow"], found["red"]) == (date(2026, 9, 16), date(2026, 9, 21))
    known = {rule["key"]: rule for rule in api("xitong").get("/house-rules")["rules"]}
    assert known["light.red_days"]["source_zh"] == "局长办公会2026年第8次"


def test_the_light_on_the_page_is_the_one_its_calls_speak_of(world: World, at_page: Callable[[str], Any]) -> None:
    case_id = begin(world)
    for on, colour in ((date(2026, 9, 20), "green"), (date(2026, 9, 21), "yellow"), (date(2026, 9, 28), "red")):
        world.time.move_to(on)
        client, _ = at_page("shencha")
        page = client.get(f"/cases/{case_id}/clock/eia").get_data(as_text=True)
        assert f'class="light {colour}"' in page, on


def test_a_house_rule_has_bounds_a_source_and_is_no_business_of_officers(world: World, api: Person) -> None:
    for given, status in (
        ({"key": "light.red_days", "value": 500, "source": "x"}, 422),
        ({"key": "no.such", "value": 5, "source": "x"}, 422),
        ({"key": "idle.draft_days", "value": 60, "source": " "}, 422),
    ):
        api("xitong").post("/house-rules", given)
        assert api("xitong").last.status_code == status, given
    api("qianfa").post("/house-rules", {"key": "light.red_days", "value": 5, "source": "x"})
    assert api("qianfa").last.status_code == 403
    assert api("qianfa").raw("/house-rules").status_code == 403


def test_how_long_a_draft_may_lie_is_a_house_rule(world: World) -> None:
    publish(world.rt, RUNNING)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    given = {"key": "idle.draft_days", "value": 40, "source": "办件规则"}
    houserules.choose(world.rt, world.actor("xitong"), key(), **given)
    world.time.move_to(world.time.today() + timedelta(days=40))
    assert expiry.close_idle(world.rt) == 0
    world.time.move_to(world.time.today() + timedelta(days=1))
    assert expiry.close_idle(world.rt) == 1
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "cancelled"


# -- recounts -----------------------------------------------------------------------------------------------


def test_a_case_opened_by_a_step_still_under_way_when_a_year_is_imported_gets_the_new_dates(world: World) -> None:
    begin(world, with_limit("licence.decide"))
    world.time.move_to(date(2026, 12, 15))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    task_id = open_task(world, case_id, "fill")
    at_work, go = threading.Event(), threading.Event()

    def slow(step: Step, *, task_id: uuid.UUID) -> dict[str, Any]:
        answer = cases.complete.function(step, task_id=task_id, data={"remark": "好"})
        at_work.set()
        go.wait(20)
        return answer

    actor = world.actor("qiye")
    thread = threading.Thread(
        target=lambda: Command("test.slow", slow, on_task=True)(world.rt, actor, key(), task_id=task_id)
    )
    thread.start()
    assert at_work.wait(20)
    days = {"2027-01-01": "off", "2027-01-04": "off"}
    calendaring.import_year(world.rt, world.actor("xitong"), key(), year=2027, source="通知", days=days)
    recompute.work(world.rt)
    with world.rt.db.transaction() as conn:
        assert recompute.recent(conn)[0]["finished_at"] is None
    go.set()
    thread.join()
    recompute.work(world.rt)
    with world.rt.db.transaction() as conn:
        assert recompute.recent(conn)[0]["finished_at"] is not None
    assert calls(world, case_id)["overdue"] == reading(world, case_id).statutory_due + timedelta(days=1)
    assert not reading(world, case_id).provisional


def test_two_nodes_do_not_recount_at_the_same_time_and_neither_waits(world: World) -> None:
    begin(world)
    days = {"2027-01-01": "off"}
    calendaring.import_year(world.rt, world.actor("xitong"), key(), year=2027, source="通知", days=days)
    with world.rt.db.transaction() as conn:
        conn.execute(select(recompute.Recomputation.id).with_for_update())
        assert recompute.work(world.rt) == 0
    assert recompute.work(world.rt) == 1
