"""Demonstration of pilots and parks: the pilots of the documents, with bodies, and a few things recorded of one park.

What is recorded here is invented and says so; the dates and texts of the pilots are those of their documents.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, update

from registers import pilot_events, pilot_loading, pilots, scoring
from registers.db import uuid7
from registers.pilot_tables import Park, Pilot, PilotIndicator, PilotRisk, PilotValue
from registers.scoring_tables import PilotComparison
from registers.timesource import TimeSource

_SIP: dict[str, Any] = {
    "zone_codes": ["dujia", "gaomao", "kejiao", "shangwu"],
    "area_km2": Decimal(278),
    "sectors": ["新一代信息技术", "高端装备制造", "生物医药"],
    "infrastructure": [
        {"name": "第一污水处理厂（示范数据）", "capacity": "20万吨/日", "state": "运行"},
        {"name": "第二污水处理厂（示范数据）", "capacity": "30万吨/日", "state": "运行"},
    ],
    "negative_list": [{"item": "化工、电镀、印染新建项目（示范数据）", "document": "园区负面清单（示范数据）"}],
    "planning_eia": {"number": "示范审〔2015〕1号", "body": "示范数据", "on": "2015-07-24", "until": "2030-12-31"},
}

# Where the parks lie, by a tenth of a degree: enough to show the map, not for anything else.
_PLACES = {
    "jiangbei": ("118.8", "32.3"),
    "jiangyin-ht": ("120.3", "31.9"),
    "cz-zgc": ("119.5", "31.4"),
    "sip": ("120.7", "31.3"),
    "xiangcheng-ht": ("120.6", "31.4"),
    "wujiang-textile": ("120.7", "30.9"),
    "haian-changan": ("120.5", "32.6"),
    "lyg-etdz": ("119.3", "34.7"),
    "taixing-edz": ("119.9", "32.2"),
    "sz-suqian": ("118.3", "33.9"),
}


def load(conn: Connection, time: TimeSource, *, bodies: dict[str, uuid.UUID], people: dict[str, uuid.UUID]) -> None:
    """Make the demonstration; called once by `demo.load`."""
    now, by = time.now(), (people["shengjian"], "韩督导")
    scoring.seed(conn, now)
    pilot_loading.load(conn, now=now, by=by)
    conn.execute(update(Pilot).values(approver_body_id=bodies["js-eed"]))
    own = Pilot.park_code == "sip"
    conn.execute(update(Pilot).where(own).values(lead_body_id=bodies["sip-eeb"]))
    facts = {**_SIP, "body_id": bodies["sip-eeb"], "changed_by": people["shencha"], "changed_at": now}
    conn.execute(update(Park).where(Park.code == "sip").values(**facts))
    for code, (east, north) in _PLACES.items():
        conn.execute(update(Park).where(Park.code == code).values(longitude=Decimal(east), latitude=Decimal(north)))
    _recorded(conn, _invented(conn, now, by, bodies), now, by)


def _invented(
    conn: Connection, now: datetime, by: tuple[uuid.UUID | None, str], bodies: dict[str, uuid.UUID]
) -> uuid.UUID:
    """A pilot that is nobody's, to record things of: the real ones stay as their documents say."""
    title = {"zh": "一窗受理改革试点（示范数据）", "en": "One-window pilot (demonstration)"}
    made = pilots.create(
        conn,
        code="DEMO-01",
        programme="permit-2021",
        status="running",
        title=title,
        city="苏州市",
        park_code="sip",
        lead="苏州工业园区生态环境局",
        lead_body_id=bodies["sip-eeb"],
        approver_body_id=bodies["js-eed"],
        source="示范数据",
        deadline_on=date(2026, 12, 31),
        now=now,
    )
    given = (
        ("m01", "制定实施细则", "2026-01", "2026-03", "实施细则"),
        ("m02", "信息系统对接", "2026-03", "2026-06", "接口联通报告"),
        ("m03", "试运行", "2026-07", "2026-09", "试运行报告"),
        ("m04", "自评估", "2026-10", "2026-12", "自评估报告"),
    )
    tasks = [
        {
            "key": key,
            "title": {"zh": zh, "en": zh},
            "start": start,
            "due": due,
            "deliverable": what,
            "source": "示范数据",
        }
        for key, zh, start, due, what in given
    ]
    pilots.enter_tasks(conn, made, tasks, now=now, by=by)
    return made


def _recorded(conn: Connection, pilot_id: uuid.UUID, now: datetime, by: tuple[uuid.UUID | None, str]) -> None:
    for key, on, title in (("m01", date(2026, 4, 10), "实施细则"), ("m02", date(2026, 6, 20), "接口联通报告")):
        pilots.reach(conn, pilot_id, key, on, now=now, by=by, reason="示范数据")
        pilots.deliver(conn, pilot_id, key, title=f"{title}（示范数据）", by=by[1], now=now)
    said = "示范数据：细则印发，一窗受理启动。"
    pilots.report(conn, pilot_id, "quarter", on=date(2026, 6, 30), light="green", said=said, by=by[1], now=now)
    indicator = uuid7()
    words = {"zh": "环评与许可办理工作日（示范数据）", "en": "working days of EIA and permit (demonstration)"}
    figures = {"unit": "工作日", "better": "down", "baseline": Decimal(55), "target": Decimal(33)}
    conn.execute(
        insert(PilotIndicator).values(
            id=indicator, pilot_id=pilot_id, key="days", title=words, source="示范数据", **figures
        )
    )
    for on, value in ((date(2026, 3, 31), 48), (date(2026, 6, 30), 36)):
        row = {"on_date": on, "value": Decimal(value), "source": "示范数据", "entered_by": by[1], "at": now}
        conn.execute(insert(PilotValue).values(indicator_id=indicator, **row))
    risk = {"title": "两套平台数据重复填报（示范数据）", "level": "middle", "measures": "接口联通", "owner": "王窗口"}
    conn.execute(insert(PilotRisk).values(pilot_id=pilot_id, opened_on=date(2026, 1, 10), **risk))
    event = pilot_events.enter(
        conn,
        pilot_id,
        on=date(2026, 5, 20),
        ground="worse",
        said="示范数据：断面一次监测值超标，疑与试点有关。",
        document="示范函〔2026〕3号",
        by=by[1],
        now=now,
    )
    said = "示范数据：经复测为仪器故障，与试点无关。"
    pilot_events.settle(conn, pilot_id, event, outcome="dismissed", settling=said, by=by[1], on=date(2026, 6, 2))
    reform = {"metric": "total_days", "procedure": "one_window", "reform_first": date(2026, 1, 1)}
    base = {"base_value": Decimal(90), "base_source": "法定时限之和（示范定义：报告表30日、许可60日）"}
    conn.execute(
        insert(PilotComparison).values(
            pilot_id=pilot_id,
            reform_last=date(2026, 12, 31),
            claimed_percent=Decimal(40),
            entered_by=by[1],
            at=now,
            **reform,
            **base,
        )
    )
