"""Demonstration of the quota ledger: openings, signed ratios, permitted totals, a recovery that waits, a ban that was lifted.

Days of this plan period before the demonstration's today, amounts invented. The account of cadmium in the business
district stays empty: tests work on it.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection, insert

from registers import quota, quota_accounts, quota_postings
from registers.db import uuid7
from registers.quota import Need
from registers.quota_accounts import Account, Kind, Register
from registers.quota_postings import Posting
from registers.quota_rules import QuotaBan, QuotaRatio, QuotaRecovery
from registers.timesource import TimeSource

# Invented for the demonstration; a real table is entered and signed by administrators.
_RATIOS = {"SO2": "1", "NOX": "2", "VOCS": "2", "PM": "1", "COD": "1", "NH3N": "1", "TN": "1.1", "TP": "1.1"}
_OPENINGS = (
    ("gaomao", "VOCS", "18.5"),
    ("gaomao", "COD", "42"),
    ("gaomao", "NH3N", "3.6"),
    ("gaomao", "NOX", "25"),
    ("gaomao", "SO2", "12"),
    ("kejiao", "COD", "15"),
    ("kejiao", "VOCS", "6"),
)


def load(
    conn: Connection,
    time: TimeSource,
    *,
    people: dict[str, uuid.UUID],
    unit: uuid.UUID,
) -> None:
    """Enter the demonstration's ledger."""
    quota_accounts.seed(conn)
    today = time.today()
    first = max(quota_first(conn, today), today - timedelta(days=240))
    period = quota_accounts.period_on(conn, today)
    _ratios(conn, time, first, people)
    postings = [
        Posting(
            Kind.OPENING,
            first,
            quota_postings.transfer(
                Account(zone, factor, Register.SOURCE, period),
                Account(zone, factor, Register.RESERVE, period),
                Decimal(amount),
            ),
            document="园区总量指标清查报告（示例）",
            rule="SIPQUOTA:四.1",
            reason="本规划期期初余额",
            actor_id=people["xitong"],
        )
        for zone, factor, amount in _OPENINGS
    ]
    upper = Account("gaomao", "NOX", Register.UPPER, period)
    lines = quota_postings.transfer(upper._replace(register=Register.SOURCE), upper, Decimal(10))
    postings.append(
        Posting(
            Kind.OPENING,
            first,
            lines,
            document="苏环总量〔2026〕3号（示例）",
            rule="SIPQUOTA:四.2",
            reason="上级储备可用量",
            actor_id=people["xitong"],
        )
    )
    quota_postings.post_all(conn, postings, time.now())
    _uses(conn, time, period, first, people, unit)
    _recovery_and_ban(conn, time, period, people, unit)


def quota_first(conn: Connection, today: date) -> date:
    """The first day of the plan period of a day."""
    code = quota_accounts.period_on(conn, today)
    return next(period.first_on for period in quota_accounts.periods(conn) if period.code == code)


def _ratios(conn: Connection, time: TimeSource, first: date, people: dict[str, uuid.UUID]) -> None:
    lines = [{"factor": factor, "zone": "", "industry": "", "ratio": ratio} for factor, ratio in _RATIOS.items()]
    lines += [{"factor": item, "zone": "", "industry": "", "ratio": "1.2"} for item in ("PB", "HG", "CD", "CR", "AS")]
    conn.execute(
        insert(QuotaRatio).values(
            id=uuid7(),
            version=1,
            valid_from=first,
            lines=lines,
            basis="总量平衡比例（示例，非真实文件）",
            note="演示数据",
            status="signed",
            entered_by=people["xitong"],
            entered_at=time.now(),
            signed_by=people["anquan"],
            signed_at=time.now(),
        )
    )


def _uses(
    conn: Connection,
    time: TimeSource,
    period: str,
    first: date,
    people: dict[str, uuid.UUID],
    unit: uuid.UUID,
) -> None:
    """Reserved and used month by month, one auction; no case stands behind these, the reason says so."""
    today, ratio = time.today(), Decimal(2)
    steps = (("VOCS", "2.1", 30), ("VOCS", "1.4", 90), ("VOCS", "3.2", 150), ("COD", "4.5", 60))
    for factor, added, days in steps:
        on = min(first + timedelta(days=days), today)
        case_id = uuid7()
        need = Need(factor, Decimal(added), ratio if factor == "VOCS" else Decimal(1), "quota.ratio@1")
        quota.reserve(
            conn,
            quota.Demand(
                case_id=case_id,
                enterprise_id=unit,
                zone="gaomao",
                period=period,
                needs=[need],
                on=on,
                document="历史审批转录（示例）",
                reason="平台启用前的审批",
                actor_id=people["shencha"],
            ),
            time.now(),
        )
        quota.commit(
            conn,
            case_id,
            on=min(on + timedelta(days=12), today),
            now=time.now(),
            document="历史批复转录（示例）",
            reason="平台启用前的审批",
            actor_id=people["qianfa"],
        )
    reserve = Account("gaomao", "COD", Register.RESERVE, period)
    quota_postings.post(
        conn,
        Posting(
            Kind.AUCTION,
            min(first + timedelta(days=100), today),
            quota_postings.transfer(reserve, reserve._replace(register=Register.TOTAL), Decimal("1.25")),
            document="排污指标拍卖成交确认书（示例）",
            rule="SX16:6",
            reason="小微企业园区公开拍卖",
            enterprise_id=unit,
            actor_id=people["qianfa"],
        ),
        time.now(),
    )


def _recovery_and_ban(
    conn: Connection,
    time: TimeSource,
    period: str,
    people: dict[str, uuid.UUID],
    unit: uuid.UUID,
) -> None:
    today = time.today()
    conn.execute(
        insert(QuotaRecovery).values(
            id=uuid7(),
            enterprise_id=unit,
            zone_code="gaomao",
            factor="VOCS",
            period=period,
            ground="dropped",
            permitted=Decimal("6.7"),
            amount=Decimal("1.4"),
            facts="二期涂装线不再建设（示例）",
            status="proposed",
            proposed_by=people["shencha"],
            proposed_at=time.now(),
        )
    )
    conn.execute(
        insert(QuotaBan).values(
            id=uuid7(),
            zone_code="kejiao",
            factor="TP",
            from_on=today - timedelta(days=90),
            to_on=today + timedelta(days=30),
            reason="上一年度考核断面总磷未达标（示例）",
            document="苏园环限〔2026〕1号（示例）",
            status="lifted",
            entered_by=people["shencha"],
            entered_at=time.now(),
            decided_by=people["qianfa"],
            decided_at=time.now(),
            decision_note="断面已达标",
        )
    )
