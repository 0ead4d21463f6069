"""Demonstration of reduction projects and of the annual round: entered, reserved, waiting and refused projects, a list.

The days are fixed (2026), so that scenarios and screens look the same whenever the demonstration is loaded.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from handlers.reduction import calculation
from registers import reduction_uses, reductions, totals
from registers.quota_accounts import periods
from registers.reduction_uses import Portion
from registers.timesource import TimeSource

_WATER = {
    "kind": "treatment",
    "project_name": "循环水站深度治理",
    "unit_name": "苏州示范水务有限公司",
    "completed_on": "2026-04-20",
    "available_sources": ["acceptance", "monitoring"],
    "treatment_rows": [
        {
            "factor": "COD",
            "method": "water",
            "flow": "10000",
            "old_concentration": "500",
            "new_concentration": "30",
            "source": "acceptance",
            "evidence": "竣工环境保护验收报告第18页",
        },
        {
            "factor": "TP",
            "method": "water",
            "flow": "10000",
            "old_concentration": "7",
            "new_concentration": "1",
            "source": "acceptance",
            "evidence": "竣工环境保护验收报告第19页",
        },
    ],
}
_PAINT = {
    "kind": "process",
    "project_name": "溶剂型涂料改水性涂料",
    "unit_name": "苏州示范涂装有限公司",
    "completed_on": "2026-03-15",
    "available_sources": ["permit"],
    "process_rows": [
        {
            "factor": "VOCS",
            "activity": "40",
            "activity_unit": "吨",
            "old_factor": "420",
            "new_factor": "80",
            "factor_unit": "kg",
            "source": "permit",
            "evidence": "2025年度执行报告、原辅料台账",
        }
    ],
}
_CLOSURE = {
    "kind": "closure",
    "project_name": "度假区食品厂关闭",
    "unit_name": "阳澄湖示范食品厂",
    "closed_on": "2026-05-31",
    "first_discharge_on": "2012-03-01",
    "closed_scope": "whole",
    "available_sources": ["permit", "statistics"],
    "closure_rows": [
        {"factor": "COD", "actual_t": "1.8", "actual_year": 2025, "source": "permit", "evidence": "2025年度执行报告"},
        {"factor": "NH3N", "actual_t": "0.12", "actual_year": 2025, "source": "permit", "evidence": "2025年度执行报告"},
    ],
}
_REFUSED = {**_PAINT, "project_name": "写字楼食堂油烟净化", "unit_name": "金鸡湖示范餐饮有限公司"}


def load(
    conn: Connection,
    time: TimeSource,
    *,
    bureau: uuid.UUID,
    people: dict[str, uuid.UUID],
    enterprises: tuple[uuid.UUID, uuid.UUID],
) -> None:
    """Make the demonstration; called once by `demo.load`."""
    first, second = enterprises
    water = _project(conn, time, _WATER, "kejiao", "service", date(2026, 5, 10), bureau, people)
    _enter(conn, time, water, date(2026, 6, 20), people)
    paint = _project(conn, time, _PAINT, "gaomao", "renewal", date(2026, 4, 8), bureau, people, enterprise_id=second)
    _enter(conn, time, paint, date(2026, 5, 15), people)
    portions = [
        Portion(paint, "VOCS", "own_replacement", Decimal("1.6")),
        Portion(paint, "VOCS", "reserve", Decimal("10"), to_upper=True),
    ]
    reduction_uses.use(conn, portions, on=date(2026, 6, 30), now=time.now(), by=people["shencha"])
    _project(conn, time, _CLOSURE, "dujia", "relocation", date(2026, 8, 12), bureau, people)
    refused = _project(conn, time, _REFUSED, "shangwu", "inspection", date(2026, 5, 20), bureau, people)
    reductions.refuse(
        conn,
        refused,
        reason="减排量已作为新建项目区域削减使用，不得重复申报。",
        on=date(2026, 6, 25),
        by=people["qianfa"],
    )
    _annual(conn, time, first, second, people)


def _project(
    conn: Connection,
    time: TimeSource,
    declaration: dict[str, Any],
    zone: str,
    origin: str,
    on: date,
    bureau: uuid.UUID,
    people: dict[str, uuid.UUID],
    enterprise_id: uuid.UUID | None = None,
) -> uuid.UUID:
    made = reductions.enlist(
        conn,
        zone=zone,
        body_id=bureau,
        unit_name=declaration["unit_name"],
        name=declaration["project_name"],
        kind=declaration["kind"],
        origin=origin,
        on=on,
        now=time.now(),
        enterprise_id=enterprise_id,
        listed_by=people["chuangkou"],
    )
    period = next(one for one in periods(conn) if one.code == made["period"])
    counted = calculation(declaration, period)
    for line in counted["lines"]:
        line |= {name: format(line[name], "f") for name in ("reduced_t", "deducted_t", "net_t")}
    reductions.declare(conn, made["id"], declaration=declaration, calculation=counted, by=people["chuangkou"])
    project_id: uuid.UUID = made["id"]
    return project_id


def _enter(conn: Connection, time: TimeSource, project_id: uuid.UUID, on: date, people: dict[str, uuid.UUID]) -> None:
    reductions.checked(conn, project_id, stage="first", by=people["shencha"])
    reductions.checked(conn, project_id, stage="second", by=people["shencha2"], kind="person")
    counted = reductions.one(conn, project_id)["calculation"]
    amounts = {line["factor"]: Decimal(line["net_t"]) for line in counted["lines"]}
    reductions.enter(conn, project_id, amounts, on=on, now=time.now(), by=people["qianfa"])


def _annual(
    conn: Connection, time: TimeSource, first: uuid.UUID, second: uuid.UUID, people: dict[str, uuid.UUID]
) -> None:
    for unit, basis in ((first, "重点管理排污许可证"), (second, "环境统计重点调查单位")):
        totals.put_on_list(conn, 2026, unit, basis=basis, by=people["shencha"], now=time.now())
    for medium, met, cut in (("air", False, "5"), ("water", True, "0")):
        totals.put_quality(
            conn,
            year=2025,
            zone="gaomao",
            medium=medium,
            met=met,
            cut_percent=Decimal(cut),
            document="园区2025年度环境质量考核结果（示范数据）",
            by=people["shencha"],
            now=time.now(),
        )
    totals.put_statistic(conn, 2025, second, "VOCS", Decimal("5.2"), "2025年环境统计（示范数据）")
    rows = [
        {
            "factor": "VOCS",
            "permitted": Decimal("8"),
            "actual": Decimal("5.6"),
            "claimed": Decimal("7.5"),
            "method": "balance",
            "evidence": "物料衡算表",
            "findings": [
                {
                    "zh": "挥发性有机物：申报实际排放量5.6大于环境统计5.2吨/年",
                    "en": "VOCs: actual as declared 5.6, statistics 5.2 t/a",
                }
            ],
        }
    ]
    totals.declare(
        conn, year=2025, enterprise_id=second, zone="gaomao", rows=rows, case_id=None, by=None, now=time.now()
    )
