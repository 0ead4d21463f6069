"""The commands of the quota ledger, ready to be killed at every statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from registers import parties, quota, quota_postings
from registers.accounts import SYSTEM, Actor
from registers.quota import Need
from registers.quota_accounts import Account, Kind
from registers.quota_postings import Posting
from tests.conftest import TODAY, World, key
from workflows import quotaledger, quotaround

Ready = tuple[Actor, dict[str, Any]]
ENTRY = {"zone": "shangwu", "factor": "CD", "amount": Decimal("2.5"), "document": "清查报告", "reason": "期初"}
RATIOS = {
    "valid_from": date(2026, 10, 1),
    "lines": [{"factor": "CD", "ratio": "1.2"}],
    "basis": "苏环办〔2026〕1号",
}
BAN = {"zone": "shangwu", "factor": "CD", "from_on": TODAY, "reason": "未达标", "document": "苏环〔2026〕2号"}


def total_of(world: World, amount: str = "5") -> uuid.UUID:
    """An enterprise with a permitted total in an account that the demonstration leaves empty."""
    with world.rt.db.transaction() as conn:
        enterprise = conn.scalar(select(parties.Enterprise.id).order_by(parties.Enterprise.credit_code).limit(1))
        assert enterprise is not None
        total = Account("shangwu", "CD", "total", "15")
        lines = quota_postings.transfer(total._replace(register="source"), total, Decimal(amount))
        quota_postings.post(conn, Posting(Kind.OPENING, TODAY, lines, enterprise_id=enterprise), world.time.now())
    return enterprise


def hold(world: World, case_id: uuid.UUID, amount: str = "1") -> None:
    """Let a case hold a reservation."""
    with world.rt.db.transaction() as conn:
        reserve = Account("shangwu", "CD", "reserve", "15")
        lines = quota_postings.transfer(reserve._replace(register="source"), reserve, Decimal(10))
        now = world.time.now()
        quota_postings.post(conn, Posting(Kind.OPENING, TODAY, lines), now)
        need = Need("CD", Decimal(amount), Decimal("1.2"), "quota.ratio@1")
        quota.reserve(
            conn,
            quota.Demand(case_id=case_id, enterprise_id=None, zone="shangwu", period="15", needs=[need], on=TODAY),
            now,
        )


def _enter(world: World) -> Ready:
    return world.actor("xitong"), {"kind": "opening", **ENTRY}


def _reverse(world: World) -> Ready:
    made = quotaledger.enter(world.rt, world.actor("xitong"), key(), kind="opening", **ENTRY)
    return world.actor("qianfa"), {"posting_id": uuid.UUID(made["posting_ids"][0]), "reason": "误记"}


def _ratio_enter(world: World) -> Ready:
    return world.actor("xitong"), dict(RATIOS)


def _ratio_sign(world: World) -> Ready:
    made = quotaledger.ratio_enter(world.rt, world.actor("xitong"), key(), **RATIOS)
    return world.actor("anquan"), {"ratio_id": uuid.UUID(made["ratio_id"]), "sign": True}


def _ban_enter(world: World) -> Ready:
    return world.actor("shencha"), dict(BAN)


def _ban_decide(world: World) -> Ready:
    made = quotaledger.ban_enter(world.rt, world.actor("shencha"), key(), **BAN)
    return world.actor("qianfa"), {"ban_id": uuid.UUID(made["ban_id"]), "decision": "in_force"}


def _propose(world: World) -> Ready:
    facts = {"zone": "shangwu", "factor": "CD", "ground": "dropped", "amount": Decimal(2), "facts": "项目不再建设"}
    return world.actor("shencha"), {"enterprise_id": total_of(world), **facts}


def _decide(world: World) -> Ready:
    actor, arguments = _propose(world)
    made = quotaround.propose(world.rt, actor, key(), **arguments)
    return world.actor("qianfa"), {"recovery_id": uuid.UUID(made["recovery_id"]), "recover": True, "reason": "属实"}


def _daily(world: World) -> Ready:
    return SYSTEM, {}


PREPARED: dict[str, Callable[[World], Ready]] = {
    "quota.enter": _enter,
    "quota.reverse": _reverse,
    "quota.ratio_enter": _ratio_enter,
    "quota.ratio_sign": _ratio_sign,
    "quota.ban_enter": _ban_enter,
    "quota.ban_decide": _ban_decide,
    "quota.recovery_propose": _propose,
    "quota.recovery_decide": _decide,
    "day.quota": _daily,
}
