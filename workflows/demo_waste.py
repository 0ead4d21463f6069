"""Demonstration of the two licences: people of the province and of the health department, powers, a licensed operator.

The days are fixed (2026), so that scenarios and screens look the same whenever the demonstration is loaded.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from handlers.waste import read_wastes
from registers import parties, permits, waste_ledger, waste_licences
from registers.db import uuid7
from registers.timesource import TimeSource
from registers.waste_ledger import Movement

OPERATOR = "苏州示范危废处置有限公司"
WASTES = [
    {"code": "900-249-08", "capacity_t": Decimal(3000), "way": "dispose", "facility": "incineration"},
    {"code": "900-039-49", "capacity_t": Decimal(4000), "way": "dispose", "facility": "incineration"},
    {"code": "336-064-17", "capacity_t": Decimal(1000), "way": "dispose", "facility": "physical"},
]
SECONDARY = ["772-003-18", "772-005-18"]
# kind, day, code, tonnes, manifest or batch, from whom or to whom
LEDGER = [
    ("received", "2025-10-08", "900-039-49", "60", "320500202510080001", "苏州示范电子科技有限公司"),
    ("treated", "2025-11-20", "900-039-49", "48", "", ""),
    ("received", "2026-01-15", "900-249-08", "820", "320500202601150003", "苏州示范涂装有限公司"),
    ("treated", "2026-02-10", "900-249-08", "805", "", ""),
    ("produced", "2026-02-28", "772-003-18", "96.4", "FH-2026-02", "焚烧线"),
    ("received", "2026-03-12", "900-249-08", "1480.5", "320500202603120011", "苏州示范汽修有限公司"),
    ("treated", "2026-04-30", "900-249-08", "1462", "", ""),
    ("received", "2026-05-18", "336-064-17", "705.25", "320500202605180007", "苏州示范涂装有限公司"),
    ("treated", "2026-06-25", "336-064-17", "690", "", ""),
    ("produced", "2026-06-30", "772-003-18", "171.6", "FH-2026-06", "焚烧线"),
    ("shipped", "2026-07-10", "772-003-18", "240", "320500202607100021", "示范填埋有限公司"),
    ("counted", "2026-07-31", "772-003-18", "28", "", "年中盘点"),
    ("counted", "2026-07-31", "336-064-17", "15", "", "年中盘点"),
]
# login, name, role, body code
PEOPLE = [
    ("shengsheng", "许省审", "reviewer", "js-eed"),
    ("shengqian", "曹厅长", "head", "js-eed"),
    ("huiban4", "严卫健", "consulted", "sip-health"),
]


def load(
    conn: Connection, time: TimeSource, *, bodies: dict[str, uuid.UUID], hashed: str
) -> list[tuple[str, str, str]]:
    """Make the demonstration; called once by `demo.load`, returns login, name and role of each account."""
    bodies["sip-health"] = parties.create_body(
        conn,
        code="sip-health",
        name_zh="苏州工业园区卫生健康部门",
        name_en="SIP health department",
        kind="department",
        prefix="苏园卫",
        parent_id=bodies["sip-eeb"],
    )
    power = {
        "id": uuid7(),
        "matter": "waste",
        "body_id": bodies["sip-eeb"],
        "zone_code": None,
        "valid_from": date(2022, 12, 1),
        "valid_to": None,
        "basis": "江苏省危险废物经营许可权限下放：设区市和获得授权的园区",
    }
    conn.execute(insert(parties.Power), [power])
    for login, name, role, where in PEOPLE:
        parties.create_user(
            conn, login=login, name=name, password_hash=hashed, now=time.now(), roles=[(role, bodies[where])]
        )
    made = [(login, name, role) for login, name, role, _ in PEOPLE]
    operator = _operator(conn, time)
    for login, name, role in (("weifei", "秦经办", "preparer"), ("weifa", "尤法人", "legal_representative")):
        parties.create_user(
            conn,
            login=login,
            name=name,
            password_hash=hashed,
            now=time.now(),
            roles=[(role, None)],
            enterprise_id=operator,
        )
        made.append((login, name, role))
    return made


def operate(conn: Connection, time: TimeSource) -> None:
    """Let the operator hold both papers and keep its ledger; once."""
    operator = conn.scalar(select(parties.Enterprise.id).where(parties.Enterprise.name == OPERATOR))
    if operator is None or waste_licences.newest(conn, operator, "waste") is not None:
        return
    _papers(conn, time, operator, parties.body_by_code(conn, "sip-eeb").id)
    movements = [
        Movement(kind, date.fromisoformat(on), code, Decimal(amount), lot, partner)
        for kind, on, code, amount, lot, partner in LEDGER
    ]
    waste_ledger.enter(conn, operator, movements, by=None, now=time.now())


def _operator(conn: Connection, time: TimeSource) -> uuid.UUID:
    first_17 = "91320594MA3EXAMP0"
    code = next(
        first_17 + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if parties.credit_code_is_valid(first_17 + last)
    )
    return parties.create_enterprise(
        conn,
        credit_code=code,
        name=OPERATOR,
        now=time.now(),
        address="江苏省苏州市苏州工业园区胜浦路8号",
        legal_representative="尤法人",
        contact_name="秦经办",
        contact_phone="0512-62889999",
        industry="7724",
        zone_code="gaomao",
    )


def _papers(conn: Connection, time: TimeSource, operator: uuid.UUID, bureau: uuid.UUID) -> None:
    """A waste licence and a discharge permit of different age, as operators hold them today."""
    code = parties.enterprise(conn, operator)["credit_code"]
    wastes = [{**row, "capacity_t": str(row["capacity_t"])} for row in read_wastes(WASTES)]
    licence: dict[str, Any] = {
        "site_address": "江苏省苏州市苏州工业园区胜浦路8号",
        "ways": ["collect", "store", "dispose"],
        "ways_zh": "收集、贮存、处置",
        "wastes": wastes,
        "scale_t": "8000",
        "facilities": "回转窑焚烧线一条、物化处理线一条、危险废物仓库两座",
        "landfill": False,
    }
    permit: dict[str, Any] = {
        "outlets": [{"code": "DA001", "kind": "air", "name": "焚烧炉排气筒", "main": True, "height_m": "50"}],
        "emissions": [{"outlet": "DA001", "factor": "NOX", "concentration": "250", "amount_t": "18"}],
        "totals": [{"factor": "NOX", "amount_t": "18"}],
        "wastes": [{"code": row["code"], "origin": "licensed"} for row in wastes]
        + [{"code": secondary, "origin": "secondary"} for secondary in SECONDARY],
    }
    papers = (
        ("waste", "3205710001", "comprehensive", date(2023, 3, 6), date(2028, 3, 5), licence),
        ("permit", f"{code}001P", "key", date(2023, 6, 12), date(2028, 6, 11), permit),
    )
    for kind, number, klass, first, last, content in papers:
        permits.enter(
            conn,
            kind=kind,
            number=number,
            klass=klass,
            enterprise_id=operator,
            case_id=None,
            body_id=bureau,
            decided_on=first,
            valid_from=first,
            valid_to=last,
            content=content,
            now=time.now(),
        )
