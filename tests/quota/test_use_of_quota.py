"""Use of quota through the real procedures: thresholds to the last place, and no reservation left by any ending."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from handlers import registry
from handlers.quota import filing
from registers import quota, quota_accounts, quota_balances, quota_check
from registers.accounts import SYSTEM
from registers.quota_accounts import Account
from registers.timesource import FixedTime
from tests.conftest import TODAY, World, key
from tests.kit import open_task
from workflows import cases, definitions, expiry, install, migrating, quotarehearsal, scenarios, versionfiles
from workflows.dmn import Decision, parse_dmn
from workflows.install import procedures_folder
from workflows.models import Case, Task
from workflows.signatures import PLAYED

RESERVE = Account("gaomao", "VOCS", "reserve", "15")
APPLICATION = {
    "project_name": "扩建项目",
    "project_address": "星湖街1号",
    "eia": "form",
    "quota": [{"factor": "VOCS", "plant_added_t": "0.5"}],
}


@pytest.fixture
def furnished(world: World) -> World:
    """A zone with ten tons of VOCs and a ratio of two."""
    with world.rt.db.transaction() as conn:
        quotarehearsal.furnish(conn, {"reserve": {"VOCS": "10"}, "ratios": {"VOCS": "2"}}, world.time)
    return world


def _holding(world: World, rows: list[dict[str, Any]] | None = None) -> uuid.UUID:
    """A case of the procedure that has reserved one ton and waits for the head."""
    started = cases.start(world.rt, world.actor("qiye"), key(), procedure="quota_use")
    case_id = uuid.UUID(started["case_id"])
    data = {**APPLICATION, "quota": rows or APPLICATION["quota"]}
    cases.complete(
        world.rt, world.actor("qiye"), key(), task_id=open_task(world, case_id, "task_quota_apply"), data=data
    )
    return case_id


def _stands(world: World, case_id: uuid.UUID) -> tuple[dict[Account, Decimal], Decimal, str]:
    with world.rt.db.transaction() as conn:
        assert list(quota_check.differences(conn)) == []
        status = conn.scalar(select(Case.status).where(Case.id == case_id))
        return quota.reserved(conn, case_id), quota_balances.balance(conn, RESERVE), str(status)


def _decide(world: World, case_id: uuid.UUID, outcome: str) -> None:
    task_id = open_task(world, case_id, "task_quota_decision")
    data = {"outcome": outcome, "reason": "理由"}
    cases.complete(world.rt, world.actor("qianfa"), key(), task_id=task_id, data=data, seal=PLAYED)


def _withdraw(world: World, case_id: uuid.UUID) -> None:
    cases.withdraw(world.rt, world.actor("qiye"), key(), case_id=case_id, reason="项目暂停")


def _cancel(world: World, case_id: uuid.UUID) -> None:
    cases.cancel(world.rt, world.actor("qianfa"), key(), case_id=case_id, reason="重复申请")


def test_the_review_reserves_and_the_approval_uses(furnished: World) -> None:
    case_id = _holding(furnished)
    held, left, _ = _stands(furnished, case_id)
    assert held == {RESERVE._replace(register="reserved"): Decimal(1)}
    assert left == 9
    _decide(furnished, case_id, "approved")
    held, left, status = _stands(furnished, case_id)
    assert (held, left, status) == ({}, 9, "closed")
    with furnished.rt.db.transaction() as conn:
        owner = conn.scalar(select(Case.enterprise_id).where(Case.id == case_id))
        assert owner is not None
        permitted = quota_balances.share(conn, RESERVE._replace(register="total"), owner)
        assert permitted >= Decimal("0.5")


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (lambda world, case_id: _decide(world, case_id, "refused"), "closed"),
        (_withdraw, "withdrawn"),
        (_cancel, "cancelled"),
    ],
    ids=["refused", "withdrawn", "cancelled"],
)
def test_a_case_that_ends_otherwise_leaves_no_reservation_behind(
    furnished: World, ending: Callable[[World, uuid.UUID], None], status: str
) -> None:
    case_id = _holding(furnished)
    ending(furnished, case_id)
    assert _stands(furnished, case_id) == ({}, Decimal(10), status)


def test_a_case_that_expires_leaves_no_reservation_behind(furnished: World) -> None:
    case_id = _holding(furnished, [{"factor": "VOCS", "plant_added_t": "0.5"}])
    with furnished.rt.db.transaction() as conn:
        # The applicant is asked for a plan again after the reservation, and never answers.
        row = (
            conn.execute(select(Task.__table__).where(Task.case_id == case_id, Task.status == "open")).mappings().one()
        )
        conn.execute(
            Task.__table__.update()
            .where(Task.id == row["id"])
            .values(
                role="preparer",
                enterprise_id=select(Case.enterprise_id).where(Case.id == case_id).scalar_subquery(),
                body_id=None,
            )
        )
    furnished.time.move_to(furnished.time.today() + timedelta(days=400))
    assert expiry.close_idle(furnished.rt) >= 1
    assert _stands(furnished, case_id) == ({}, Decimal(10), "cancelled")


@pytest.mark.parametrize("how", ["refused", "withdrawn"])
def test_a_case_moved_to_another_version_leaves_no_reservation_behind(furnished: World, how: str) -> None:
    case_id = _holding(furnished)
    held = _stands(furnished, case_id)
    files = versionfiles.read_folder(procedures_folder() / "quota_use")
    renamed = {
        name: content.replace(b"task_quota_decision", b"task_quota_sign") if name.endswith(".bpmn") else content
        for name, content in files.items()
    }
    with furnished.rt.db.transaction() as conn:
        target, _ = definitions.create_draft(conn, SYSTEM, "quota_use", renamed, furnished.rt.time.now())
        definitions.publish(conn, SYSTEM, target, furnished.time.today(), furnished.rt.time.now())
    migrating.migrate(
        furnished.rt,
        furnished.actor("xitong"),
        key(),
        case_id=case_id,
        definition_id=target,
        mapping={"task_quota_decision": "task_quota_sign"},
        reason="新办法施行",
    )
    assert _stands(furnished, case_id) == held
    if how == "withdrawn":
        _withdraw(furnished, case_id)
    else:
        data = {"outcome": "refused", "reason": "理由"}
        task_id = open_task(furnished, case_id, "task_quota_sign")
        cases.complete(furnished.rt, furnished.actor("qianfa"), key(), task_id=task_id, data=data, seal=PLAYED)
    reserved, balance, status = _stands(furnished, case_id)
    assert (reserved, balance, status) == ({}, Decimal(10), "closed" if how == "refused" else "withdrawn")


def test_a_second_review_gives_back_before_it_reserves_again(furnished: World) -> None:
    first = _holding(furnished)
    second = _holding(furnished, [{"factor": "VOCS", "plant_added_t": "1"}])
    assert _stands(furnished, first)[1] == 7
    _withdraw(furnished, first)
    _decide(furnished, second, "approved")
    assert _stands(furnished, second)[1] == 8


# -- thresholds ---------------------------------------------------------------------------------------------


def _amounts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    ctx = registry.HandlerContext(None, FixedTime.on(TODAY), None, None, TODAY, None)  # type: ignore[arg-type]
    return registry.call("quota.amounts", {"rows": rows}, ctx)


@cache
def _table() -> Decision:
    folder = next(path for path in install.shipped() if path.name == "quota_use")
    return parse_dmn((folder / "quota_route.dmn").read_bytes(), "quota_route.dmn")[0]


def _by_table(rows: list[dict[str, Any]]) -> str:
    """The route by the decision table that ships, evaluated as the runtime evaluates it."""
    return str(_table().evaluate({"quota_amounts": _amounts(rows)}).outputs["route"])


EDGES = [
    ("COD", "1.000000", "filing"),
    ("COD", "1.000001", "audit"),
    ("PM", "1.000000", "filing"),
    ("SO2", "1.000001", "audit"),
    ("NOX", "1", "filing"),
    ("VOCS", "1.000001", "audit"),
    ("NH3N", "0.1", "filing"),
    ("NH3N", "0.100001", "audit"),
    ("TN", "0.100000", "filing"),
    ("TP", "0.100001", "audit"),
    ("PB", "0.000001", "audit"),
    ("HG", "0.000001", "audit"),
    ("COD", "0", "none"),
]


@pytest.mark.parametrize(("factor", "amount", "route"), EDGES)
def test_the_table_of_routes_turns_at_the_last_place(factor: str, amount: str, route: str) -> None:
    assert _by_table([{"factor": factor, "plant_added_t": amount}]) == route


def test_the_whole_plant_counts_and_not_the_project() -> None:
    rows = [{"factor": "COD", "project_added_t": "0.2", "plant_added_t": "1.2"}]
    assert _by_table(rows) == "audit"
    assert _by_table([{"factor": "COD", "project_added_t": "1.2", "plant_added_t": "0.9"}]) == "filing"


def test_two_rows_of_one_factor_are_one_amount() -> None:
    rows = [{"factor": "COD", "plant_added_t": "0.6"}, {"factor": "COD", "plant_added_t": "0.400001"}]
    assert _by_table(rows) == "audit"


def test_two_factors_below_their_limits_are_two_filings() -> None:
    rows = [{"factor": "COD", "plant_added_t": "0.9"}, {"factor": "SO2", "plant_added_t": "0.9"}]
    assert _by_table(rows) == "filing"


factor_keys = st.sampled_from(sorted(quota_accounts.factors()))
tons_ = st.decimals("0", "3", places=6)


@given(st.lists(st.tuples(factor_keys, tons_), min_size=1, max_size=6))
def test_the_table_and_the_limits_of_the_factors_agree(given_rows: list[tuple[str, Decimal]]) -> None:
    rows = [{"factor": factor, "plant_added_t": str(amount)} for factor, amount in given_rows]
    routes = {line["route"] for line in filing(rows)}
    strictest = "audit" if "balance" in routes else "filing" if "filing" in routes else "none"
    assert _by_table(rows) == strictest


def _call(name: str, **inputs: Any) -> dict[str, Any]:
    ctx = registry.HandlerContext(None, FixedTime.on(TODAY), None, None, TODAY, None)  # type: ignore[arg-type]
    return registry.call(name, inputs, ctx)


def test_pipe_and_works_by_the_worked_figure() -> None:
    told = _call("quota.external", flow_m3_a=Decimal(10000), pipe_limit_mg_l=Decimal(500), works_limit_mg_l=Decimal(30))
    assert (told["pipe_t"], told["external_t"]) == (Decimal("5.000000"), Decimal("0.300000"))
    row = {"factor": "COD", "flow_m3_a": "10000", "pipe_limit_mg_l": "500", "works_limit_mg_l": "30"}
    assert _amounts([row])["ton_factors_t"] == Decimal("0.3")


def test_the_information_form_has_piped_and_external_amounts_of_project_and_plant() -> None:
    water = {"flow_m3_a": "10000", "pipe_limit_mg_l": "500", "works_limit_mg_l": "30", "plant_pipe_t": "12.5"}
    rows = [{"factor": "COD", **water}, {"factor": "VOCS", "plant_added_t": "0.4"}]
    lines = {line["name_zh"]: line for line in _call("quota.information", rows=rows)["lines"]}
    cod, vocs = lines["化学需氧量"], lines["挥发性有机物"]
    assert (cod["project_pipe"], cod["project_external"], cod["plant_pipe"]) == ("5", "0.3", "12.5")
    assert (vocs["project_pipe"], vocs["project_external"], vocs["plant_pipe"]) == ("/", "0.4", "/")


def test_air_by_the_worked_figure_is_tons_and_not_kilograms() -> None:
    # 20,000 m³/h at 10 mg/m³ for 8,000 h: 1.6e9 mg = 1,600 kg = 1.6 t.
    told = _call("quota.air", flow_m3_h=Decimal(20000), concentration_mg_m3=Decimal(10), hours_a=Decimal(8000))
    assert told["amount_t"] == Decimal("1.600000")


@pytest.mark.parametrize(("declared", "doubtful"), [("300", True), ("0.3", False), ("0.0003", True), ("0.25", False)])
def test_an_amount_in_another_unit_is_doubted(declared: str, doubtful: bool) -> None:
    row = {"factor": "COD", "plant_added_t": declared, "flow_m3_a": "10000", "works_limit_mg_l": "30"}
    assert bool(_amounts([row])["doubts_zh"]) is doubtful


@pytest.mark.parametrize(
    ("factor", "taihu", "approved", "new_plan"),
    [
        ("COD", False, "2.4", False),
        ("COD", False, "2.400001", True),
        ("TN", False, "2.4", False),
        ("TN", True, "2.4", True),
        ("TN", True, "2", False),
        ("COD", True, "2.4", False),
    ],
)
def test_a_fifth_above_needs_no_new_plan_but_for_nitrogen_and_phosphorus_in_the_taihu_basin(
    factor: str, taihu: bool, approved: str, new_plan: bool
) -> None:
    told = _call(
        "quota.approved",
        lines=[{"factor": factor, "added_t": Decimal(2)}],
        approved=[{"factor": factor, "approved_t": approved}],
        taihu_nitrogen_phosphorus=taihu,
    )
    assert told["new_plan"] is new_plan
    if approved != "2" and not new_plan:
        assert "待法律顾问确认" in told["confirm_zh"]


def test_every_scenario_of_the_procedure_plays_on_the_real_runtime(world: World) -> None:
    report = scenarios.run_files(world.rt, versionfiles.read_folder(procedures_folder() / "quota_use"))
    assert [(one.title["zh"], one.problems) for one in report.results if not one.passed] == []
    assert report.coverage == 1.0
    assert len(report.results) >= 12
