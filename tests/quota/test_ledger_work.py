"""Ratios and bans with four eyes, postings by hand, recovery, and the daily round, through the commands."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from registers import (
    parties,
    quota,
    quota_accounts,
    quota_balances,
    quota_check,
    quota_postings,
    quota_rules,
    reductions,
)
from registers.accounts import SYSTEM
from registers.errors import DomainError
from registers.quota_accounts import Account, Kind
from registers.quota_postings import Posting
from tests.conftest import TODAY, World, key
from tests.quota.test_reductions import listed
from workflows import quotaledger, quotaround

FACTS = {"zone": "shangwu", "factor": "CD", "document": "文件", "reason": "理由"}
RESERVE = Account("shangwu", "CD", "reserve", "15")


def _unit(world: World, login: str) -> uuid.UUID:
    found = world.actor(login).enterprise_id
    assert found is not None
    return found


def _open(world: World, amount: str = "10", **more: Any) -> None:
    facts = {**FACTS, "kind": "opening", "amount": Decimal(amount), **more}
    quotaledger.enter(world.rt, world.actor("xitong"), key(), **facts)


def _balances(world: World, *registers: str) -> list[Decimal]:
    with world.rt.db.transaction() as conn:
        assert list(quota_check.differences(conn)) == []
        return [quota_balances.balance(conn, RESERVE._replace(register=name)) for name in registers]


# -- postings by hand --------------------------------------------------------------------------------------


def test_an_auction_gives_from_the_reserve_to_the_bidder(world: World) -> None:
    _open(world)
    unit = _unit(world, "qiye")
    facts = {**FACTS, "kind": "auction", "amount": Decimal("1.5"), "enterprise_id": unit}
    quotaledger.enter(world.rt, world.actor("shencha"), key(), **facts)
    assert _balances(world, "reserve", "total") == [Decimal("8.5"), Decimal("1.5")]
    with world.rt.db.transaction() as conn:
        assert quota_balances.share(conn, RESERVE._replace(register="total"), unit) == Decimal("1.5")


def test_a_replacement_is_one_to_one_and_never_more_than_the_other_has(world: World) -> None:
    giver, taker = _unit(world, "qiye"), _unit(world, "qiye2")
    _open(world, "3", register="total", enterprise_id=giver)
    facts = {**FACTS, "kind": "replacement", "enterprise_id": taker, "from_enterprise_id": giver}
    quotaledger.enter(world.rt, world.actor("shencha"), key(), **facts, amount=Decimal(2), to_zone="dujia")
    with world.rt.db.transaction() as conn:
        total = RESERVE._replace(register="total")
        assert quota_balances.share(conn, total, giver) == 1
        assert quota_balances.share(conn, total._replace(zone="dujia"), taker) == 2
    with pytest.raises(DomainError, match="quota_short"):
        quotaledger.enter(world.rt, world.actor("shencha"), key(), **facts, amount=Decimal("1.000001"))


@pytest.mark.parametrize(
    ("login", "kind"),
    [("shencha", "opening"), ("xitong", "auction"), ("qiye", "zone_transfer"), ("huiban", "upper_debit")],
)
def test_nobody_makes_postings_that_are_anothers(world: World, login: str, kind: str) -> None:
    facts = {**FACTS, "kind": kind, "amount": Decimal(1), "enterprise_id": _unit(world, "qiye"), "to_zone": "dujia"}
    with pytest.raises(DomainError, match="forbidden"):
        quotaledger.enter(world.rt, world.actor(login), key(), **facts)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("-1")}, "amount"),
        ({"amount": Decimal("0.0000001")}, "quota_places"),
        ({"document": " "}, "document"),
        ({"on": TODAY + timedelta(days=1)}, "on"),
        ({"kind": "commitment"}, "kind"),
        ({"register": "used"}, "register"),
        ({"factor": "CO2"}, "quota_factor"),
    ],
)
def test_a_posting_by_hand_is_checked(world: World, change: dict[str, Any], code: str) -> None:
    facts = {**FACTS, "kind": "opening", "amount": Decimal(1), **change}
    with pytest.raises(DomainError, match=code):
        quotaledger.enter(world.rt, world.actor("xitong"), key(), **facts)


# -- ratios and bans --------------------------------------------------------------------------------------


def _ratio(conn: Connection, factor: str = "CD", zone: str = "shangwu", industry: str = "3982") -> Decimal:
    return quota_rules.ratio(conn, on=date(2026, 10, 5), factor=factor, zone=zone, industry=industry).value


def test_ratios_count_when_a_second_administrator_has_signed_them_and_the_narrowest_line_wins(world: World) -> None:
    lines = [
        {"factor": "CD", "ratio": "1.3"},
        {"factor": "CD", "ratio": "1.5", "industry": "398"},
        {"factor": "CD", "ratio": "2", "zone": "dujia"},
    ]
    entered = quotaledger.ratio_enter(
        world.rt, world.actor("xitong"), key(), valid_from=date(2026, 10, 1), lines=lines, basis="苏环办〔2026〕1号"
    )
    ratio_id = uuid.UUID(entered["ratio_id"])
    with world.rt.db.transaction() as conn:
        assert _ratio(conn) == Decimal("1.2")  # the demonstration's signed table still counts
    with pytest.raises(DomainError, match="forbidden"):
        quotaledger.ratio_sign(world.rt, world.actor("xitong"), key(), ratio_id=ratio_id, sign=True)
    with pytest.raises(DomainError, match="forbidden"):
        quotaledger.ratio_sign(world.rt, world.actor("qianfa"), key(), ratio_id=ratio_id, sign=True)
    quotaledger.ratio_sign(world.rt, world.actor("anquan"), key(), ratio_id=ratio_id, sign=True)
    with world.rt.db.transaction() as conn:
        assert _ratio(conn) == Decimal("1.5")
        assert _ratio(conn, industry="2611") == Decimal("1.3")
        assert _ratio(conn, zone="dujia") == Decimal("2")
        with pytest.raises(DomainError, match="quota_ratio_missing"):
            _ratio(conn, factor="COD")


def test_a_ban_is_proposed_by_an_officer_and_put_in_force_and_lifted_by_the_head(world: World) -> None:
    facts = {**FACTS, "from_on": TODAY, "to_on": TODAY + timedelta(days=30)}
    made = quotaledger.ban_enter(world.rt, world.actor("shencha"), key(), **facts)
    ban_id = uuid.UUID(made["ban_id"])

    def in_force(on: date) -> int:
        with world.rt.db.transaction() as conn:
            return len(quota_rules.bans(conn, "shangwu", on, ["CD"]))

    assert in_force(TODAY) == 0
    with pytest.raises(DomainError, match="forbidden"):
        quotaledger.ban_decide(world.rt, world.actor("shencha"), key(), ban_id=ban_id, decision="in_force")
    quotaledger.ban_decide(world.rt, world.actor("qianfa"), key(), ban_id=ban_id, decision="in_force")
    days = (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=30), TODAY + timedelta(days=31))
    assert [in_force(day) for day in days] == [0, 1, 1, 0]
    quotaledger.ban_decide(world.rt, world.actor("qianfa"), key(), ban_id=ban_id, decision="lift", note="达标")
    assert in_force(TODAY) == 0


# -- recovery and warnings -----------------------------------------------------------------------------------


def test_a_recovery_is_decided_with_reasons_and_takes_a_part_at_most(world: World) -> None:
    unit = _unit(world, "qiye")
    _open(world, "5", register="total", enterprise_id=unit)
    facts = {"enterprise_id": unit, "zone": "shangwu", "factor": "CD", "ground": "dropped", "facts": "不再建设"}
    with pytest.raises(DomainError, match="amount"):
        quotaround.propose(world.rt, world.actor("shencha"), key(), **facts, amount=Decimal("5.000001"))
    made = quotaround.propose(world.rt, world.actor("shencha"), key(), **facts, amount=Decimal(4))
    recovery_id = uuid.UUID(made["recovery_id"])
    with pytest.raises(DomainError, match="reason"):
        quotaround.decide(world.rt, world.actor("qianfa"), key(), recovery_id=recovery_id, recover=True, reason=" ")
    quotaround.decide(
        world.rt,
        world.actor("qianfa"),
        key(),
        recovery_id=recovery_id,
        recover=True,
        reason="结合实际",
        amount=Decimal("2.5"),
    )
    assert _balances(world, "total", "reserve") == [Decimal("2.5"), Decimal("2.5")]


@pytest.mark.parametrize(("actual", "proposed"), [("7.999999", 1), ("8", 0), ("9", 0)])
def test_surplus_is_proposed_below_four_fifths_after_a_whole_year_of_operation(
    world: World, actual: str, proposed: int
) -> None:
    unit = _unit(world, "qiye")
    world.time.move_to(date(2028, 3, 1))
    with world.rt.db.transaction() as conn:
        total = RESERVE._replace(register="total")
        lines = quota_postings.transfer(total._replace(register="source"), total, Decimal(10))
        quota_postings.post(conn, Posting(Kind.OPENING, date(2026, 6, 1), lines, enterprise_id=unit), world.time.now())
        conn.execute(
            text(
                "INSERT INTO unit_total (id, year, enterprise_id, zone_code, factor, permitted, actual, claimed, method,"
                " evidence, findings, status, allowed, declared_at) VALUES (gen_random_uuid(), 2027, :unit, 'shangwu',"
                " 'CD', 10, :actual, 10, 'automatic', '', '[]', 'decided', 10, now())"
            ),
            {"unit": unit, "actual": Decimal(actual)},
        )
    assert quotaround.daily(world.rt, SYSTEM, key())["proposed"] == 0  # nobody has reported the start of operation
    with world.rt.db.transaction() as conn:
        conn.execute(
            text(
                "INSERT INTO permit (id, kind, number, klass, enterprise_id, body_id, decided_on, valid_from, content,"
                " status, entered_at, operation_started_on) SELECT gen_random_uuid(), 'permit', 'T1', 'key', :unit,"
                " z.body_id, '2026-06-01', '2026-06-01', '{}', 'valid', now(), '2026-12-31' FROM zone z"
                " WHERE z.code = 'shangwu'"
            ),
            {"unit": unit},
        )
    world.time.move_to(date(2028, 3, 2))
    assert quotaround.daily(world.rt, SYSTEM, key())["proposed"] == proposed
    world.time.move_to(date(2028, 3, 3))
    assert quotaround.daily(world.rt, SYSTEM, key())["proposed"] == 0


def test_a_zone_that_runs_short_is_told_to_its_body_and_a_ban_is_proposed(world: World) -> None:
    _open(world, "10")
    facts = {**FACTS, "kind": "upper_debit", "amount": Decimal("9.5")}
    quotaledger.enter(world.rt, world.actor("shencha"), key(), **facts)
    world.time.move_to(TODAY + timedelta(days=1))
    quotaround.daily(world.rt, SYSTEM, key())
    with world.rt.db.transaction() as conn:
        found = {one.factor: one for one in quotaround.supplies(conn, world.time.today(), ["shangwu"])}
        assert found["CD"].level == "red"
        assert found["CD"].months == Decimal("0.6")
        told = conn.scalars(
            text("SELECT u.login FROM message m JOIN app_user u ON u.id = m.user_id WHERE m.title->>'zh' LIKE '%总镉%'")
        ).all()
        assert {"shencha", "qianfa", "jianguan"} <= set(told)
        assert not {"qiye", "huiban"} & set(told)
        proposed = conn.execute(
            select(quota_rules.QuotaBan.status, quota_rules.QuotaBan.entered_by).where(
                quota_rules.QuotaBan.factor == "CD", quota_rules.QuotaBan.zone_code == "shangwu"
            )
        ).all()
        assert [tuple(row) for row in proposed] == [("proposed", None)]
    world.time.move_to(TODAY + timedelta(days=2))
    assert quotaround.daily(world.rt, SYSTEM, key())["warned"] == 0


def test_what_is_under_audit_is_forecast_apart_from_what_is_entered(world: World) -> None:
    _open(world, "10")
    quotaledger.enter(
        world.rt, world.actor("shencha"), key(), **{**FACTS, "kind": "upper_debit", "amount": Decimal("9.5")}
    )

    def outlook() -> quotaround.Supply:
        return next(one for one in quotaround.supplies(conn, world.time.today(), ["shangwu"]) if one.factor == "CD")

    with world.rt.db.transaction() as conn:
        assert (outlook().under_audit, outlook().months_audited) == (0, Decimal("0.6"))
        project = listed(conn, world, "shangwu")
        lines = [{"factor": "CD", "net_t": "9"}, {"factor": "HG", "net_t": "4"}]
        by = world.actor("qiye").id
        reductions.declare(conn, project, declaration={}, calculation={"lines": lines}, by=by)
        # (0.5 free + 9 under audit) at 9.5 a year: twelve months, while what is sure lasts 0.6.
        assert (outlook().under_audit, outlook().months_audited, outlook().months) == (9, 12, Decimal("0.6"))
        reductions.refuse(conn, project, reason="依据不足", by=world.actor("qianfa").id, on=world.time.today())
        assert outlook().under_audit == 0


def test_a_reversed_commitment_of_a_closed_case_goes_back_to_the_reserve(world: World) -> None:
    _open(world)
    with world.rt.db.transaction() as conn:
        case_id, now = uuid.uuid4(), world.time.now()
        enterprise = conn.scalar(select(parties.Enterprise.id).limit(1))
        quota.reserve(
            conn,
            quota.Demand(
                case_id=case_id,
                enterprise_id=enterprise,
                zone="shangwu",
                period=quota_accounts.period_on(conn, TODAY),
                needs=[quota.Need("CD", Decimal(2), Decimal("1.2"), "quota.ratio@1")],
                on=TODAY,
            ),
            now,
        )
        made = quota.commit(conn, case_id, on=TODAY, now=now)
    assert _balances(world, "reserve", "total", "used") == [Decimal("7.6"), Decimal(2), Decimal("0.4")]
    quotaledger.reverse(world.rt, world.actor("qianfa"), key(), posting_id=made[0], reason="撤销批复")
    assert _balances(world, "reserve", "reserved", "total", "used") == [10, 0, 0, 0]
