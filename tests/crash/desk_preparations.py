"""The commands of the desks, ready to be killed at every statement."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

import forms
from registers import factors
from registers.accounts import SYSTEM, Actor
from tests.conftest import TODAY, World, key
from tests.runtime.models import chain, node, publish, service
from workflows import (
    casenotes,
    cases,
    corrections,
    definitions,
    deskwork,
    numberwork,
    objections,
    publicity,
    reviewing,
    standins,
    visits,
)
from workflows.models import Notice, NoticeComment, Task

Ready = tuple[Actor, dict[str, Any]]
KIND = sorted(numberwork.titles())[0]
REVIEW = chain(node("userTask", "review", role="reviewer"))
SITE = chain(node("userTask", "check", role="reviewer", form="site_check"))
NOTICE = chain(
    service("notice", "notice.publish", kind="'acceptance'", title="'公示'", limit_rule="'eia.form.acceptance_notice'"),
    node("userTask", "review", role="reviewer"),
)


def _case(world: World, model: bytes) -> tuple[uuid.UUID, uuid.UUID]:
    if model is SITE:
        _publish_with_form(world, model, "site_check")
    else:
        publish(world.rt, model)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    with world.rt.db.transaction() as conn:
        task_id = conn.scalar(select(Task.id).where(Task.case_id == case_id, Task.status == "open"))
    assert task_id is not None
    return case_id, task_id


def _publish_with_form(world: World, model: bytes, form: str) -> None:
    settings = {"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia", "forms": [form]}
    files = {
        "process.bpmn": model,
        "procedure.json": json.dumps(settings).encode(),
        f"forms/{form}.json": forms.definition_bytes(form),
    }
    with world.rt.db.transaction() as conn:
        made, _ = definitions.create_draft(conn, SYSTEM, "trial", files, world.time.now())
        definitions.publish(conn, SYSTEM, made, world.time.today(), world.time.now())


def _note(world: World) -> Ready:
    return world.actor("qiye"), {"case_id": _case(world, REVIEW)[0], "text": "何时可以现场核查？"}


def _settle(world: World) -> Ready:
    case_id = _case(world, REVIEW)[0]
    made = casenotes.write(world.rt, world.actor("qiye"), key(), case_id=case_id, text="何时？")
    return world.actor("shencha"), {"case_id": case_id, "note_id": uuid.UUID(made["note_id"])}


def _mark(world: World) -> Ready:
    facts = {"part": "outlets", "state": "return", "note": "缺少高度"}
    return world.actor("shencha"), {"task_id": _case(world, REVIEW)[1], **facts}


def _template(world: World) -> Ready:
    return world.actor("shencha"), {"form": "eia_opinion", "title": "常用", "text": "同意。"}


def _drop_template(world: World) -> Ready:
    made = reviewing.save_template(world.rt, world.actor("shencha"), key(), form="remark", title="常用", text="同意。")
    return world.actor("shencha"), {"template_id": uuid.UUID(made["template_id"])}


def _filter(world: World) -> Ready:
    return world.actor("shencha"), {"name": "超期", "query": {"light": "red"}}


def _drop_filter(world: World) -> Ready:
    made = deskwork.save_filter(world.rt, world.actor("shencha"), key(), name="超期", query={"light": "red"})
    return world.actor("shencha"), {"filter_id": uuid.UUID(made["filter_id"])}


def _plan(world: World) -> Ready:
    facts = {"title": "电子行业", "on_date": TODAY, "inspectors": "李审查、周审查"}
    return world.actor("shencha"), {"task_ids": [_case(world, SITE)[1]], **facts}


def _drop(world: World) -> Ready:
    actor, facts = _plan(world)
    made = deskwork.plan(world.rt, actor, key(), **facts)
    return actor, {"round_id": uuid.UUID(made["round_id"])}


def _answer(world: World) -> Ready:
    case_id = _case(world, NOTICE)[0]
    with world.rt.db.transaction() as conn:
        notice_id = conn.scalar(select(Notice.id).where(Notice.case_id == case_id))
    assert notice_id is not None
    said = {"author": "王居民", "contact": "13800000000", "comment": "担心噪声"}
    publicity.take_comment(world.rt, key(), notice_id, **said)
    with world.rt.db.transaction() as conn:
        comment_id = conn.scalar(select(NoticeComment.id))
    return world.actor("shencha"), {"case_id": case_id, "comment_id": comment_id, "text": "已采取措施。"}


def _visit(world: World) -> Ready:
    case_id = _case(world, REVIEW)[0]
    return world.actor("chuangkou"), {"case_id": case_id, "on": world.time.today(), "purpose": "hand_in"}


def _visit_reverse(world: World) -> Ready:
    person, told = _visit(world)
    made = visits.record(world.rt, person, key(), **told)
    return person, {"case_id": told["case_id"], "visit_id": uuid.UUID(made["visit_id"]), "note": "登记错误"}


def _factor(world: World) -> Ready:
    person = world.actor("shencha").id
    assert person is not None
    now = world.time.now()
    with world.rt.db.transaction() as conn:
        secret = factors.begin(conn, world.rt.vault, person, now)
        factors.confirm(conn, world.rt.vault, person, factors.code(secret, factors.step_of(now)), now)
    return world.actor("anquan"), {"user_id": person}


def _profile(world: World) -> Ready:
    return world.actor("anquan"), {"profile": "gb22239", "source": "等保备案"}


def _object(world: World) -> Ready:
    said = {"kind": "request", "grounds": "材料已提交", "wanted": "取消补正要求"}
    return world.actor("qiye"), {"case_id": _case(world, REVIEW)[0], **said}


def _objected(world: World) -> uuid.UUID:
    person, said = _object(world)
    return uuid.UUID(objections.bring(world.rt, person, key(), **said)["objection_id"])


def _answer_objection(world: World) -> Ready:
    facts = {"objection_id": _objected(world), "outcome": "partly", "text": "其中一项成立。"}
    return world.actor("qianfa"), facts


def _withdraw_objection(world: World) -> Ready:
    return world.actor("qiye"), {"objection_id": _objected(world)}


def _stand_in(world: World) -> Ready:
    period = {"valid_from": TODAY, "valid_to": TODAY, "reason": "病假"}
    return world.actor("anquan"), {
        "user_id": world.actor("qianfa").id,
        "to_user_id": world.actor("shencha").id,
        **period,
    }


def _end_stand_in(world: World) -> Ready:
    person, facts = _stand_in(world)
    made = standins.appoint(world.rt, person, key(), **facts)["delegation_id"]
    return person, {"user_id": facts["user_id"], "delegation_id": uuid.UUID(made)}


def _pattern(world: World) -> Ready:
    facts = {
        "body_code": "sip-eeb",
        "kind": "eia",
        "template": "苏环建〔{year}〕07第{seq:04}号",
        "from_year": TODAY.year,
    }
    return world.actor("xitong"), facts


def _last(world: World) -> Ready:
    facts = {"body_code": "sip-eeb", "kind": KIND, "year": TODAY.year, "last": 88, "note": "纸质台账"}
    return world.actor("xitong"), facts


def _ask_correction(world: World) -> Ready:
    return world.actor("qiye"), {"case_id": _case(world, REVIEW)[0], "text": "排气筒高度应为25米"}


def _answer_correction(world: World) -> Ready:
    person, asked = _ask_correction(world)
    note_id = uuid.UUID(corrections.ask(world.rt, person, key(), **asked)["note_id"])
    return world.actor("shencha"), {
        "case_id": asked["case_id"],
        "note_id": note_id,
        "outcome": "declined",
        "text": "请撤回重报",
    }


PREPARED: dict[str, Callable[[World], Ready]] = {
    "case.note": _note,
    "case.note_settle": _settle,
    "correction.ask": _ask_correction,
    "correction.answer": _answer_correction,
    "review.mark": _mark,
    "template.save": _template,
    "template.drop": _drop_template,
    "filter.save": _filter,
    "filter.drop": _drop_filter,
    "site.plan": _plan,
    "site.drop": _drop,
    "notice.answer": _answer,
    "visit.record": _visit,
    "visit.reverse": _visit_reverse,
    "objection.raise": _object,
    "objection.answer": _answer_objection,
    "objection.withdraw": _withdraw_objection,
    "standin.appoint": _stand_in,
    "standin.end": _end_stand_in,
    "numbering.pattern": _pattern,
    "numbering.last": _last,
    "user.factor_drop": _factor,
    "security.profile": _profile,
}
