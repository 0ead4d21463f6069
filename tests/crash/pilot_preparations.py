"""The commands of pilots and parks, ready to be killed at every statement."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update

from registers import pilots, scoring
from registers.accounts import ANONYMOUS, SYSTEM, Actor
from registers.milestones import Milestone
from registers.pilot_tables import Pilot, PilotRisk, PilotTask
from tests.conftest import TODAY, World, key
from workflows import boardwork, majorevents, piloting, reformwork, scoringwork
from workflows.board_tables import BoardWalk

Ready = tuple[Actor, dict[str, Any]]


def _pilot(world: World, code: str = "PERMIT-05") -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        found: uuid.UUID = pilots.by_code(conn, code)["id"]
    return found


def _keeper(world: World) -> Actor:
    return world.actor("shencha")


def _load(world: World) -> Ready:
    gone = _pilot(world, "PARK-09")
    with world.rt.db.transaction() as conn:
        conn.execute(delete(Milestone).where(Milestone.owner_id == gone))
        conn.execute(delete(PilotTask).where(PilotTask.pilot_id == gone))
        conn.execute(delete(Pilot).where(Pilot.id == gone))
    return world.actor("shengjian"), {}


def _assign(world: World) -> Ready:
    return world.actor("shengjian"), {"pilot_id": _pilot(world, "PERMIT-01"), "lead": "sz-eeb", "approver": "js-eed"}


def _park(world: World) -> Ready:
    return _keeper(world), {"code": "sip", "facts": {"area_km2": "278", "sectors": ["生物医药"]}}


def _task(world: World) -> Ready:
    told = {"title": "补充评估", "due": date(2026, 12, 31), "deliverable": "报告", "source": "会议纪要"}
    return _keeper(world), {"pilot_id": _pilot(world), **told}


def _reach(world: World) -> Ready:
    return _keeper(world), {"pilot_id": _pilot(world), "key": "m01", "on": date(2021, 8, 30)}


def _push(world: World) -> Ready:
    told = {"key": "m05", "on": date(2027, 1, 31), "cause": "upper", "reason": "平台接口推迟"}
    return _keeper(world), {"pilot_id": _pilot(world), **told}


def _deliver(world: World) -> Ready:
    return _keeper(world), {"pilot_id": _pilot(world), "key": "m01", "title": "试点实施方案"}


def _report(world: World) -> Ready:
    return _keeper(world), {"pilot_id": _pilot(world), "kind": "quarter", "light": "green", "said": "按计划进行"}


def _note(world: World) -> Ready:
    return _keeper(world), {"pilot_id": _pilot(world), "reason": "成立专班", "document": "会议纪要1号"}


def _indicator(world: World) -> Ready:
    told = {"key": "days", "title": "办理工作日", "unit": "日", "better": "down", "source": "实施细则"}
    return _keeper(world), {"pilot_id": _pilot(world), **told, "baseline": Decimal(90), "target": Decimal(54)}


def _value(world: World) -> Ready:
    actor, told = _indicator(world)
    piloting.indicator(world.rt, actor, key(), **told)
    row = {"key": "days", "on": TODAY, "value": Decimal(60), "source": "系统统计"}
    return actor, {"pilot_id": told["pilot_id"], **row}


def _risk(world: World) -> Ready:
    told = {"title": "接口推迟", "level": "high", "measures": "人工导入", "owner": "王窗口"}
    return _keeper(world), {"pilot_id": _pilot(world), **told}


def _risk_close(world: World) -> Ready:
    actor, told = _risk(world)
    with world.rt.db.transaction() as conn:
        conn.execute(delete(PilotRisk))
    piloting.risk(world.rt, actor, key(), **told)
    with world.rt.db.transaction() as conn:
        risk_id = conn.scalar(select(PilotRisk.id))
    return actor, {"pilot_id": told["pilot_id"], "risk_id": risk_id, "closing": "接口已开放"}


def _compare(world: World) -> Ready:
    told = {"metric": "total_days", "procedure": "one_window", "base_value": Decimal(90), "base_source": "法定时限之和"}
    reform = {"reform_first": date(2026, 1, 1), "reform_last": date(2026, 12, 31), "claimed_percent": Decimal(40)}
    return _keeper(world), {"pilot_id": _pilot(world), **told, **reform}


def _event(world: World) -> Ready:
    told = {"on": TODAY, "ground": "major_event", "said": "发生突发环境事件，影响饮用水源"}
    return world.actor("shengjian"), {"pilot_id": _pilot(world), **told}


def _event_settle(world: World) -> Ready:
    actor, told = _event(world)
    made = majorevents.enter(world.rt, actor, key(), **told)
    settled = {"event_id": uuid.UUID(made["event_id"]), "outcome": "disqualified", "reason": "经核实属实"}
    with world.rt.db.transaction() as conn:
        conn.execute(update(Pilot).where(Pilot.id == told["pilot_id"]).values(approver_body_id=None))
    return actor, {"pilot_id": told["pilot_id"], **settled}


def _scheme(world: World) -> Ready:
    with world.rt.db.transaction() as conn:
        found = scoring.in_force(conn, "pilot")
    told = {"title": found["title"], "content": found["content"], "basis": found["basis"]}
    return world.actor("sheji"), {"code": "pilot", **told}


def _publish(world: World) -> Ready:
    actor, told = _scheme(world)
    made = scoringwork.save_scheme(world.rt, actor, key(), **told)
    return actor, {"scheme_id": uuid.UUID(made["scheme_id"])}


def _invite(world: World) -> Ready:
    pilot_id = _pilot(world)
    with world.rt.db.transaction() as conn:
        survey_id = scoring.open_survey(
            conn, pilot_id, {"zh": "问卷", "en": "questionnaire"}, on=TODAY, closes_on=date(2026, 12, 31)
        )
    invited = [{"name": "示范企业", "digest": scoring.digest_of("link").hex()}]
    return _keeper(world), {"pilot_id": pilot_id, "survey_id": survey_id, "invited": invited}


def _answer(world: World) -> Ready:
    actor, told = _invite(world)
    scoringwork.invite(world.rt, actor, key(), **told)
    return ANONYMOUS, {"token": "link", "answers": {"time": 5, "materials": 4, "visits": 4, "service": 5}}


def _refresh(world: World) -> Ready:
    return world.actor("shengjian"), {}


def _daily(world: World) -> Ready:
    return SYSTEM, {}


def _portion(world: World) -> Ready:
    with world.rt.db.transaction() as conn:
        under_way = {"requested_at": world.time.now(), "total": 5, "done": 0, "months": [], "finished_at": None}
        conn.execute(insert(BoardWalk).values(name="boards", **under_way))
    return SYSTEM, {}


# Importing the modules registers their commands.
COMMANDS_OF = (boardwork, majorevents, piloting, reformwork, scoringwork)
PREPARED: dict[str, Callable[[World], Ready]] = {
    "pilot.load": _load,
    "pilot.assign": _assign,
    "pilot.task": _task,
    "pilot.reach": _reach,
    "pilot.push": _push,
    "pilot.deliver": _deliver,
    "pilot.report": _report,
    "pilot.note": _note,
    "pilot.indicator": _indicator,
    "pilot.value": _value,
    "pilot.risk": _risk,
    "pilot.risk_close": _risk_close,
    "pilot.event": _event,
    "pilot.event_settle": _event_settle,
    "park.save": _park,
    "pilot.compare": _compare,
    "scheme.save": _scheme,
    "scheme.publish": _publish,
    "survey.invite": _invite,
    "survey.answer": _answer,
    "boards.refresh": _refresh,
    "boards.portion": _portion,
    "day.boards": _daily,
}
