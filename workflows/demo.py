"""Demonstration data: a park, its bodies, two enterprises and one account for each role.

Only `onewindow demo` calls this, on request. The bodies carry real names so that screens look as they
will; people, enterprises and numbers are invented (the credit codes pass their check).
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from registers import accounts, parties
from registers.db import uuid7
from registers.timesource import TimeSource
from workflows import demo_pilots, demo_quota, demo_reductions
from workflows.demo_waste import load as load_waste

PASSWORD = "onewindow-demo"  # noqa: S105 - printed on the sign-in page of a demonstration, never used elsewhere

# code, Chinese name, English name, kind, prefix in official numbers, parent
BODIES: list[tuple[str, str, str, str, str, str | None]] = [
    ("js-eed", "江苏省生态环境厅", "Jiangsu Department of Ecology and Environment", "province", "苏环", None),
    ("sz-eeb", "苏州市生态环境局", "Suzhou Bureau of Ecology and Environment", "city", "苏环建", "js-eed"),
    (
        "sip-eeb",
        "苏州工业园区生态环境局",
        "SIP Bureau of Ecology and Environment",
        "park_bureau",
        "苏园环",
        "sz-eeb",
    ),
    ("sip-water", "苏州工业园区水务部门", "SIP water department", "department", "苏园水", "sip-eeb"),
    ("sip-safety", "苏州工业园区应急管理局", "SIP emergency management", "department", "苏园应", "sip-eeb"),
    (
        "sip-plan",
        "苏州工业园区规划建设委员会",
        "SIP planning and construction",
        "department",
        "苏园规",
        "sip-eeb",
    ),
]
ZONES = [
    ("gaomao", "高端制造与国际贸易区", "Advanced Manufacturing and International Trade Zone"),
    ("kejiao", "独墅湖科教创新区", "Dushu Lake Science and Education Innovation District"),
    ("dujia", "阳澄湖半岛旅游度假区", "Yangcheng Lake Peninsula Resort"),
    ("shangwu", "金鸡湖商务区", "Jinji Lake Business District"),
]
# login, name, role, body code (None = the first enterprise, "2" = the second)
PEOPLE = [
    ("qiye", "陈经办", "preparer", None),
    ("faren", "林法人", "legal_representative", None),
    ("qiye2", "钱经办", "preparer", "2"),
    ("chuangkou", "王窗口", "window", "sip-eeb"),
    ("shencha", "李审查", "reviewer", "sip-eeb"),
    ("shencha2", "周审查", "reviewer", "sip-eeb"),
    ("qianfa", "张局长", "head", "sip-eeb"),
    ("zhuanjia", "吴教授", "expert", "sip-eeb"),
    ("huiban", "赵水务", "consulted", "sip-water"),
    ("huiban2", "孙应急", "consulted", "sip-safety"),
    ("huiban3", "郑规划", "consulted", "sip-plan"),
    ("jianguan", "冯监管", "supervisor", "sz-eeb"),
    ("shidian", "许试点", "reviewer", "js-eed"),
    ("tingzhang", "秦厅长", "head", "js-eed"),
    ("shengjian", "韩督导", "supervisor", "js-eed"),
    ("zhuanjia2", "吕教授", "expert", "js-eed"),
    ("zhuanjia3", "施教授", "expert", "js-eed"),
    ("zhuanjia4", "曹教授", "expert", "js-eed"),
    ("zhuanjia5", "严教授", "expert", "js-eed"),
    ("sheji", "褚设计", "designer", "sip-eeb"),
    ("xitong", "卫系统", "system_admin", "sip-eeb"),
    ("anquan", "蒋安全", "security_admin", "sip-eeb"),
    ("shenji", "沈审计", "audit_admin", "sip-eeb"),
]


def credit_code(first_17: str) -> str:
    """A credit code with its matching check character."""
    return next(
        first_17 + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if parties.credit_code_is_valid(first_17 + last)
    )


def is_empty(conn: Connection) -> bool:
    """Whether nobody can sign in yet, so that demonstration data does no harm."""
    return conn.scalar(select(parties.User.id).limit(1)) is None


def load(conn: Connection, time: TimeSource) -> list[tuple[str, str, str]]:
    """Make the demonstration data; returns login, name and role of each account."""
    ids: dict[str, uuid.UUID] = {}
    for code, name_zh, name_en, kind, prefix, parent in BODIES:
        ids[code] = parties.create_body(
            conn,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            kind=kind,
            prefix=prefix,
            parent_id=ids[parent] if parent else None,
            phone="0512-66680000",
            address="江苏省苏州市苏州工业园区现代大道999号",
            court_name="苏州市姑苏区人民法院",
            reconsideration_name="苏州市人民政府",
        )
    conn.execute(
        insert(parties.Zone),
        [{"code": code, "name_zh": zh, "name_en": en, "body_id": ids["sip-eeb"]} for code, zh, en in ZONES],
    )
    _powers(conn, ids)
    first = _enterprise(conn, time, "91320594MA1EXAMP0", "苏州示范电子科技有限公司", "林法人", "3982", "gaomao")
    second = _enterprise(conn, time, "91320594MA2EXAMP0", "苏州示范涂装有限公司", "何法人", "3360", "gaomao")
    hashed = accounts.hash_password(PASSWORD)
    made = []
    for login, name, role, where in PEOPLE:
        of_enterprise = where in (None, "2")
        parties.create_user(
            conn,
            login=login,
            name=name,
            password_hash=hashed,
            now=time.now(),
            roles=[(role, None if of_enterprise else ids[str(where)])],
            enterprise_id=(second if where == "2" else first) if of_enterprise else None,
        )
        made.append((login, name, role))
    made += load_waste(conn, time, bodies=ids, hashed=hashed)
    people = {row.login: row.id for row in conn.execute(select(parties.User.login, parties.User.id))}
    demo_quota.load(conn, time, people=people, unit=second)
    demo_reductions.load(conn, time, bureau=ids["sip-eeb"], people=people, enterprises=(first, second))
    demo_pilots.load(conn, time, bodies=ids, people=people)
    return made


def _powers(conn: Connection, ids: dict[str, uuid.UUID]) -> None:
    rows: list[dict[str, Any]] = []
    for matter, code, since, until, basis in (
        ("eia", "sip-eeb", date(2015, 1, 1), None, "苏州工业园区行使设区市级环评审批权限"),
        (
            "permit",
            "sz-eeb",
            date(2020, 1, 1),
            date(2022, 12, 31),
            "排污许可管理条例第六条：设区的市级以上审批部门",
        ),
        ("permit", "sip-eeb", date(2023, 1, 1), None, "江苏省排污许可制改革试点：许可核发权限交由园区行使"),
    ):
        rows.append(
            {
                "id": uuid7(),
                "matter": matter,
                "body_id": ids[code],
                "zone_code": None,
                "valid_from": since,
                "valid_to": until,
                "basis": basis,
            }
        )
    conn.execute(insert(parties.Power), rows)


def _enterprise(
    conn: Connection,
    time: TimeSource,
    first_17: str,
    name: str,
    representative: str,
    industry: str,
    zone: str,
) -> uuid.UUID:
    return parties.create_enterprise(
        conn,
        credit_code=credit_code(first_17),
        name=name,
        now=time.now(),
        address="江苏省苏州市苏州工业园区星湖街1号",
        legal_representative=representative,
        contact_name="陈经办",
        contact_phone="0512-62880000",
        industry=industry,
        zone_code=zone,
    )
