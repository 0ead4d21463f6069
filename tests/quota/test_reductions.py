"""The register of reduction projects: who checks, what enters, what leaves, and that it never leaves twice."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from handlers.reserve import quarter_days
from registers import parties, quota_balances, reduction_check, reduction_uses, reductions
from registers.errors import Conflict, DomainError
from registers.quota_accounts import Account, Register
from registers.reduction_reports import report
from registers.reduction_tables import ReductionAmount, ReductionProject
from registers.reduction_uses import Portion
from tests.conftest import World, key
from tests.web.conftest import Api
from workflows import cases, definitions, quotaledger, scenarios, versionfiles
from workflows.install import procedures_folder
from workflows.models import Case, Task

DAY = date(2026, 9, 1)


def listed(conn: Connection, world: World, zone: str = "gaomao", **more: Any) -> uuid.UUID:
    bureau = parties.body_by_code(conn, "sip-eeb").id
    facts = {"unit_name": "某厂", "name": "某项目", "kind": "closure", "origin": "relocation"}
    made = reductions.enlist(conn, zone=zone, body_id=bureau, on=DAY, now=world.time.now(), **{**facts, **more})
    project_id: uuid.UUID = made["id"]
    return project_id


def entered(conn: Connection, world: World, amount: str = "5", zone: str = "gaomao", factor: str = "COD") -> uuid.UUID:
    project_id = listed(conn, world, zone)
    people = [world.actor(login).id for login in ("qiye", "shencha", "shencha2", "qianfa")]
    reductions.declare(conn, project_id, declaration={}, calculation={}, by=people[0])
    reductions.checked(conn, project_id, stage="first", by=people[1])
    reductions.checked(conn, project_id, stage="second", by=people[2], kind="person")
    reductions.enter(conn, project_id, {factor: Decimal(amount)}, on=DAY, now=world.time.now(), by=people[3])
    return project_id


def held(conn: Connection, register: Register, zone: str = "gaomao", factor: str = "COD") -> Decimal:
    return quota_balances.balance(conn, Account(zone, factor, register, "15"))


def test_projects_are_numbered_within_zone_and_year(world: World) -> None:
    with world.rt.db.transaction() as conn:
        ids = [listed(conn, world, "shangwu") for _ in range(2)]
        numbers = [reductions.one(conn, project_id)["number"] for project_id in ids]
    assert numbers == ["JP-shangwu-2026-002", "JP-shangwu-2026-003"]


def test_projects_listed_at_the_same_moment_get_different_numbers(world: World) -> None:
    def work() -> None:
        with world.rt.db.transaction() as conn:
            listed(conn, world, "dujia")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.rt.db.transaction() as conn:
        numbers = list(
            conn.scalars(
                select(ReductionProject.number).where(ReductionProject.zone_code == "dujia").order_by("number")
            )
        )
    assert numbers == [f"JP-dujia-2026-{n:03d}" for n in range(1, 8)]


def test_the_second_check_is_made_by_somebody_else(conn: Connection, world: World) -> None:
    project_id = listed(conn, world)
    reductions.declare(conn, project_id, declaration={}, calculation={}, by=world.actor("qiye").id)
    reductions.checked(conn, project_id, stage="first", by=world.actor("shencha").id)
    for login in ("shencha", "qiye"):
        with pytest.raises(DomainError) as caught:
            reductions.checked(conn, project_id, stage="second", by=world.actor(login).id)
        assert caught.value.code == "same_person"


def test_the_database_itself_refuses_one_person_for_both_checks(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = listed(conn, world)
        person = world.actor("shencha").id
    with pytest.raises(IntegrityError), world.rt.db.transaction() as conn:
        conn.execute(
            update(ReductionProject).where(ReductionProject.id == project_id).values(first_by=person, second_by=person)
        )
    with pytest.raises(IntegrityError), world.rt.db.transaction() as conn:
        conn.execute(update(ReductionProject).where(ReductionProject.id == project_id).values(status="entered"))


def test_a_new_calculation_takes_back_the_checks(conn: Connection, world: World) -> None:
    project_id = listed(conn, world)
    reductions.declare(conn, project_id, declaration={}, calculation={}, by=world.actor("qiye").id)
    reductions.checked(conn, project_id, stage="first", by=world.actor("shencha").id)
    reductions.declare(conn, project_id, declaration={}, calculation={"x": 1}, by=world.actor("qiye").id)
    assert reductions.one(conn, project_id)["first_by"] is None


def test_an_entered_amount_stands_in_the_ledger_once(conn: Connection, world: World) -> None:
    before = held(conn, Register.REDUCTION)
    project_id = entered(conn, world)
    assert held(conn, Register.REDUCTION) == before + 5
    with pytest.raises(Conflict):
        reductions.enter(conn, project_id, {"COD": Decimal(5)}, on=DAY, now=world.time.now(), by=None)
    assert held(conn, Register.REDUCTION) == before + 5


def test_portions_go_to_the_reserve_or_out_and_the_rest_stays(conn: Connection, world: World) -> None:
    project_id = entered(conn, world)
    before = {register: held(conn, register) for register in (Register.REDUCTION, Register.RESERVE)}
    portions = [
        Portion(project_id, "COD", purpose, Decimal(amount))
        for purpose, amount in (("reserve", "2"), ("binding", "1"), ("sold", "0.5"), ("own_replacement", "0.5"))
    ]
    reduction_uses.use(conn, portions, on=DAY, now=world.time.now(), by=None)
    assert held(conn, Register.REDUCTION) == before[Register.REDUCTION] - 4
    assert held(conn, Register.RESERVE) == before[Register.RESERVE] + 2
    assert reductions.amounts_of(conn, [project_id])[project_id][0]["left"] == 1
    assert sorted(use["purpose"] for use in reductions.uses_of(conn, project_id)) == [
        "binding",
        "own_replacement",
        "reserve",
        "sold",
    ]


def test_no_more_leaves_than_was_entered_and_then_nothing_at_all(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world)
        before = held(conn, Register.REDUCTION)
    portions = [Portion(project_id, "COD", "binding", Decimal(3)), Portion(project_id, "COD", "reserve", Decimal(3))]
    with pytest.raises(DomainError) as caught, world.rt.db.transaction() as conn:
        reduction_uses.use(conn, portions, on=DAY, now=world.time.now(), by=None)
    assert caught.value.code == "reduction_short"
    with world.rt.db.transaction() as conn:
        assert held(conn, Register.REDUCTION) == before
        assert reductions.uses_of(conn, project_id) == []


def test_eight_at_once_share_what_one_project_holds(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world, "5", "shangwu", "TN")
    outcomes: list[bool] = []

    def work() -> None:
        try:
            with world.rt.db.transaction() as conn:
                portion = Portion(project_id, "TN", "reserve", Decimal("1"))
                reduction_uses.use(conn, [portion], on=DAY, now=world.time.now(), by=None)
            outcomes.append(True)
        except DomainError:
            outcomes.append(False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 3 + [True] * 5
    with world.rt.db.transaction() as conn:
        assert held(conn, Register.RESERVE, "shangwu", "TN") == 5
        assert held(conn, Register.REDUCTION, "shangwu", "TN") == 0


def test_what_the_upper_level_uses_leaves_the_reserve_but_no_more_than_it_holds(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world, "5", "dujia", "TP")
        portions = [
            Portion(project_id, "TP", "reserve", Decimal(2), to_upper=True),
            Portion(project_id, "TP", "reserve", Decimal(3)),
        ]
        reduction_uses.use(conn, portions, on=DAY, now=world.time.now(), by=None)
    facts = {"on": DAY, "now": world.time.now(), "by": None, "document": "苏环办〔2026〕7号"}
    with world.rt.db.transaction() as conn:
        reduction_uses.use_by_upper(conn, Portion(project_id, "TP", "upper", Decimal("1.5")), **facts)
        assert held(conn, Register.RESERVE, "dujia", "TP") == Decimal("3.5")
    with pytest.raises(DomainError), world.rt.db.transaction() as conn:
        reduction_uses.use_by_upper(conn, Portion(project_id, "TP", "upper", Decimal("0.6")), **facts)


def test_a_grant_passes_through_the_upper_account_into_the_reserve(conn: Connection, world: World) -> None:
    reduction_uses.grant(
        conn, zone="dujia", amounts={"PM": Decimal(3)}, on=DAY, now=world.time.now(), by=None, document="文件"
    )
    assert held(conn, Register.RESERVE, "dujia", "PM") == 3
    assert held(conn, Register.UPPER, "dujia", "PM") == 0
    assert held(conn, Register.SOURCE, "dujia", "PM") == -3


def test_uses_are_never_changed(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world)
        portion = Portion(project_id, "COD", "binding", Decimal(1))
        reduction_uses.use(conn, [portion], on=DAY, now=world.time.now(), by=None)
    with pytest.raises(DBAPIError), world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE reduction_use SET amount = 2"))
    with (
        psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        owner.execute("DELETE FROM reduction_use")


def test_reversing_a_use_gives_the_amount_back_and_an_entry_only_when_nothing_of_it_has_left(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world, "5", "dujia", "TN")
        portion = Portion(project_id, "TN", "reserve", Decimal(2))
        used = reduction_uses.use(conn, [portion], on=DAY, now=world.time.now(), by=None)[0]
        entry = conn.scalar(select(ReductionAmount.posting_id).where(ReductionAmount.project_id == project_id))
    officer = world.actor("qianfa")
    with pytest.raises(Conflict):
        quotaledger.reverse(world.rt, officer, key(), posting_id=entry, reason="误记")
    quotaledger.reverse(world.rt, officer, key(), posting_id=used, reason="误记")
    with world.rt.db.transaction() as conn:
        assert reductions.amounts_of(conn, [project_id])[project_id][0]["left"] == 5
        assert [use["reversed"] for use in reductions.uses_of(conn, project_id)] == [True]
        assert list(reduction_check.differences(conn)) == []
    quotaledger.reverse(world.rt, officer, key(), posting_id=entry, reason="误记")
    with world.rt.db.transaction() as conn:
        assert reductions.one(conn, project_id)["status"] == "void"
        assert held(conn, Register.REDUCTION, "dujia", "TN") == 0


def test_the_check_of_registers_finds_what_does_not_agree(world: World) -> None:
    with world.rt.db.transaction() as conn:
        project_id = entered(conn, world)
        assert list(reduction_check.differences(conn)) == []
        conn.execute(update(ReductionAmount).where(ReductionAmount.project_id == project_id).values(used=Decimal(1)))
        found = list(reduction_check.differences(conn))
    assert [one.about.split()[1] for one in found] == ["COD"]
    assert "登记已用 1" in found[0].zh


def test_the_report_counts_the_days_and_the_register_the_end(conn: Connection, world: World) -> None:
    project_id = entered(conn, world, "5", "shangwu", "SO2")
    portion = Portion(project_id, "SO2", "sold", Decimal("1.25"))
    reduction_uses.use(conn, [portion], on=date(2026, 10, 2), now=world.time.now(), by=None)
    third = {(row["zone"], row["factor"]): row for row in report(conn, *quarter_days(2026, 3))}["shangwu", "SO2"]
    assert (third["entered"], third["sold"], third["left"], third["projects"]) == (5, 0, 5, 1)
    fourth = {(row["zone"], row["factor"]): row for row in report(conn, *quarter_days(2026, 4))}["shangwu", "SO2"]
    assert (fourth["entered"], fourth["sold"], fourth["left"]) == (0, Decimal("1.25"), Decimal("3.75"))


def test_a_withdrawn_case_takes_its_project_off_the_list(world: World) -> None:
    person = world.actor("qiye")
    case_id = uuid.UUID(cases.start(world.rt, person, key(), procedure="reduction_audit")["case_id"])
    with world.rt.db.transaction() as conn:
        task_id = conn.scalar(select(Task.id).where(Task.case_id == case_id, Task.status == "open"))
        compiled = definitions.in_force(conn, "reduction_audit", DAY)
    assert compiled and task_id is not None
    lead = {
        "project_name": "锅炉改电",
        "unit_name": "某厂",
        "zone": "gaomao",
        "kind": "process",
        "origin": "inspection",
        "year": 2026,
        "declared_by": "unit",
    }
    cases.complete(world.rt, world.actor("chuangkou"), key(), task_id=task_id, data=lead)
    with world.rt.db.transaction() as conn:
        project_id = reductions.of_case(conn, case_id)
        assert reductions.one(conn, project_id)["status"] == "listed"
    cases.withdraw(world.rt, person, key(), case_id=case_id, reason="重新整理")
    with world.rt.db.transaction() as conn:
        assert reductions.one(conn, project_id)["status"] == "void"


def test_a_rehearsal_leaves_no_trace(world: World) -> None:
    def traces() -> list[int]:
        with world.rt.db.transaction() as conn:
            tables = ("cases", "reduction_project", "quota_posting", "letter", "idempotency", "numbering_counter")
            return [conn.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables]

    before = traces()
    played = scenarios.run_files(world.rt, versionfiles.read_folder(procedures_folder() / "upper_reserve"))
    assert all(result.passed for result in played.results)
    assert traces() == before


def test_only_the_named_roles_begin_a_bureau_procedure(world: World) -> None:
    for login in ("qiye", "huiban", "zhuanjia"):
        with pytest.raises(DomainError) as caught:
            cases.start(world.rt, world.actor(login), key(), procedure="quota_reserve", zone="kejiao")
        assert caught.value.status == 403, login
    made = cases.start(world.rt, world.actor("shencha"), key(), procedure="quota_reserve", zone="kejiao")
    with world.rt.db.transaction() as conn:
        row = conn.execute(select(Case.enterprise_id, Case.status).where(Case.id == uuid.UUID(made["case_id"]))).one()
    assert row == (None, "running")


def test_what_sends_a_declaration_back_is_told_to_who_must_mend_it(
    world: World, api: Callable[[str], Api], at_page: Callable[[str], Any]
) -> None:
    folder = procedures_folder() / "reduction_audit"
    played = json.loads((folder / "scenarios.json").read_text("utf-8"))["scenarios"][0]
    number = api("qiye").post("/cases", {"procedure": "reduction_audit"})["number"]

    def task(login: str) -> str:
        return str(api(login).get("/tasks", search=number)["tasks"][0]["id"])

    api("chuangkou").post(f"/tasks/{task('chuangkou')}/complete", {"data": played["start"]})
    wrong = {**played["steps"][0]["submit"], "completed_on": "2020-05-20"}
    wrong |= {name: api("qiye").upload("a.pdf") for name in wrong if name.endswith("_file")}
    api("qiye").post(f"/tasks/{task('qiye')}/complete", {"data": wrong})
    client, _ = at_page("qiye")
    page = client.get(f"/tasks/{task('qiye')}").get_data(as_text=True)
    assert "竣工日期2020-05-20不在“十五五”" in page
    assert 'value="2020-05-20"' in page
