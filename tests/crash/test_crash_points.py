"""Kill the process at every statement boundary of every command, replay with the same key, look for damage.

`COMMANDS` is what the program itself registers; a command without a preparation here fails the first test.
For each command a child process is killed (SIGKILL) before and after every statement, before and after the
commit. Before the commit nothing may have changed; after it everything must be there, once; the replay gives
an answer and changes nothing that was done. Invariants are checked after each kill.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, select, text

import workflows.administration
import workflows.clockwork
import workflows.deadlines
import workflows.designing
import workflows.houserules
import workflows.migrating
import workflows.publicity
import workflows.reductionwork
import workflows.totalwork  # noqa: F401 - importing registers the commands
from registers import parties, quota_check
from registers.accounts import SYSTEM, Actor
from registers.obligations import Obligation
from registers.parties import Delegation, Enterprise
from registers.reduction_tables import ReductionUse
from tests.clocks import kit
from tests.conftest import World, key
from tests.crash import desk_preparations, quota_preparations
from tests.crash.authoring_preparations import PREPARED as AUTHORING
from tests.crash.pilot_preparations import PREPARED as PILOTS
from tests.crash.signing_preparations import PREPARED as SIGNED
from tests.crash.trying_preparations import PREPARED as TRYING
from tests.crash.waste_preparations import PREPARED as WASTES
from tests.runtime.models import chain, node, publish, service
from workflows import (
    calendaring,
    cases,
    clockwork,
    cron,
    definitions,
    events,
    limitwork,
    milestoning,
    notify,
    publicity,
    publishing,
    worklist,
)
from workflows.commands import COMMANDS, Command
from workflows.models import Deadline, Incident, Notice, Submission, Task

pytestmark = pytest.mark.crash

REMARK = {"remark": "好"}


@dataclass
class Prepared:
    """A command ready to be carried out, by whom, with what."""

    actor: Actor
    arguments: dict[str, Any]
    unchanged: tuple[str, ...] = ()


Prepare = Callable[[World], Prepared]
PREPARATIONS: dict[str, Prepare] = {}


def prepares(name: str) -> Callable[[Prepare], Prepare]:
    def register(function: Prepare) -> Prepare:
        PREPARATIONS[name] = function
        return function

    return register


ONE = chain(node("userTask", "fill", role="preparer"))
REVIEW = chain(node("userTask", "review", role="reviewer"))
# A step in which much happens: matter, clock, notice, permit, obligation, and then the next task.
RICH = chain(
    node("userTask", "fill", role="preparer"),
    service("open_eia", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
    service("clock", "clock.start", matter="'eia'"),
    service("notice", "notice.publish", kind="'acceptance'", title="'公示'", limit_rule="'eia.form.acceptance_notice'"),
    service("decide", "matter.decide", matter="'eia'", outcome="'approved'"),
    service("permit", "permit.issue", kind="'permit'", klass="'key'", validity_rule="'permit.validity'"),
    service("duty", "obligation.create", kind="'renewal'", title="'延续'", limit_rule="'permit.validity'"),
    node("userTask", "check", role="window", limitRule="permit.deficiency"),
)


def _started(world: World, model: bytes) -> tuple[uuid.UUID, uuid.UUID]:
    publish(world.rt, model)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    with world.rt.db.transaction() as conn:
        task_id = conn.scalar(select(Task.id).where(Task.case_id == case_id, Task.status == "open"))
    assert task_id is not None
    return case_id, task_id


@prepares("case.start")
def _(world: World) -> Prepared:
    publish(world.rt, ONE)
    return Prepared(world.actor("qiye"), {"procedure": "trial"})


@prepares("task.complete")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qiye"), {"task_id": _started(world, RICH)[1], "data": REMARK})


@prepares("case.withdraw")
def _(world: World) -> Prepared:
    case_id = _started(world, ONE)[0]
    quota_preparations.hold(world, case_id)
    return Prepared(world.actor("qiye"), {"case_id": case_id, "reason": "撤回"})


@prepares("case.cancel")
def _(world: World) -> Prepared:
    case_id = _started(world, ONE)[0]
    quota_preparations.hold(world, case_id)
    return Prepared(world.actor("qianfa"), {"case_id": case_id, "reason": "终止"})


@prepares("case.remark")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qianfa"), {"case_id": _started(world, ONE)[0], "text": "备注"})


@prepares("case.correct")
def _(world: World) -> Prepared:
    case_id, task_id = _started(world, ONE)
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task_id, data=REMARK)
    with world.rt.db.transaction() as conn:
        submission = conn.scalar(select(Submission.id))
    facts = {"submission_id": submission, "path": "remark", "value": "新", "reason": "笔误"}
    return Prepared(world.actor("shencha"), {"case_id": case_id, **facts})


@prepares("incident.retry")
def _(world: World) -> Prepared:
    failing = service("decide", "matter.decide", matter="'eia'", outcome="'approved'")
    case_id, task_id = _started(world, chain(node("userTask", "fill", role="preparer"), failing))
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task_id, data=REMARK)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Incident.id)) is not None
        conn.execute(
            text(
                "INSERT INTO matter (id, case_id, kind, klass, status, opened_on)"
                " VALUES (gen_random_uuid(), :case, 'eia', 'form', 'open', '2026-09-01')"
            ),
            {"case": case_id},
        )
    return Prepared(world.actor("xitong"), {"case_id": case_id})


@prepares("task.claim")
def _(world: World) -> Prepared:
    return Prepared(world.actor("shencha"), {"task_id": _started(world, REVIEW)[1]})


@prepares("task.release")
def _(world: World) -> Prepared:
    task_id = _started(world, REVIEW)[1]
    worklist.claim(world.rt, world.actor("shencha"), key(), task_id=task_id)
    return Prepared(world.actor("shencha"), {"task_id": task_id, "reason": "出差"})


@prepares("task.assign")
def _(world: World) -> Prepared:
    task_id = _started(world, REVIEW)[1]
    return Prepared(world.actor("qianfa"), {"task_id": task_id, "user_id": world.actor("shencha2").id})


@prepares("draft.save")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qiye"), {"task_id": _started(world, ONE)[1], "data": {"remark": "写到一半"}})


@prepares("delegation.create")
def _(world: World) -> Prepared:
    today = world.time.today()
    facts = {"valid_from": today, "valid_to": today + timedelta(days=2), "reason": "休假"}
    return Prepared(world.actor("qianfa"), {"to_user_id": world.actor("shencha").id, **facts})


@prepares("delegation.revoke")
def _(world: World) -> Prepared:
    today = world.time.today()
    worklist.lend(
        world.rt,
        world.actor("qianfa"),
        key(),
        to_user_id=world.actor("shencha").id,
        valid_from=today,
        valid_to=today,
        reason="会",
    )
    with world.rt.db.transaction() as conn:
        made = conn.scalar(select(Delegation.id))
    return Prepared(world.actor("qianfa"), {"delegation_id": made})


@prepares("deadline.fire")
def _(world: World) -> Prepared:
    waits = (
        '<bpmn:intermediateCatchEvent id="period" name="period"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="limitRule" value="eia.intended_notice"/></spiffworkflow:properties>'
        "</bpmn:extensionElements><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>"
    )
    _, task_id = _started(world, chain(node("userTask", "fill", role="preparer"), waits))
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task_id, data=REMARK)
    world.time.move_to(world.time.today() + timedelta(days=30))
    with world.rt.db.transaction() as conn:
        due = conn.scalar(select(Deadline.id).where(Deadline.done_at.is_(None)))
    return Prepared(SYSTEM, {"only": [due]})


@prepares("deadline.remind")
def _(world: World) -> Prepared:
    _started(world, chain(node("userTask", "check", role="preparer", limitRule="permit.deficiency")))
    world.time.move_to(world.time.today() + timedelta(days=30))
    return Prepared(SYSTEM, {"limit": 10})


@prepares("notice.comment")
def _(world: World) -> Prepared:
    _, task_id = _started(world, RICH)
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task_id, data=REMARK)
    with world.rt.db.transaction() as conn:
        notice = conn.scalar(select(Notice.id))
    return Prepared(publicity.PUBLIC, {"notice_id": notice, "author": "居民", "contact": "1", "comment": "意见"})


@prepares("definition.draft")
def _(world: World) -> Prepared:
    return Prepared(world.actor("sheji"), {"procedure": "trial", "files": {"process.bpmn": ONE.decode()}})


@prepares("definition.copy")
def _(world: World) -> Prepared:
    return Prepared(world.actor("sheji"), {"definition_id": publish(world.rt, ONE)})


@prepares("definition.save")
def _(world: World) -> Prepared:
    made = COMMANDS["definition.copy"](world.rt, world.actor("sheji"), key(), definition_id=publish(world.rt, ONE))
    with world.rt.db.transaction() as conn:
        digest = definitions.row(conn, uuid.UUID(made["id"]))["sha256"]
    facts = {"name": "process.bpmn", "content": REVIEW.decode(), "expected": digest}
    return Prepared(world.actor("sheji"), {"definition_id": uuid.UUID(made["id"]), **facts})


@prepares("definition.publish")
def _(world: World) -> Prepared:
    made = COMMANDS["definition.draft"](
        world.rt, world.actor("sheji"), key(), procedure="trial", files={"process.bpmn": ONE.decode()}
    )
    publishing.propose(world.rt, world.actor("sheji"), key(), definition_id=uuid.UUID(made["id"]), note="首次发布")
    return Prepared(world.actor("xitong"), {"definition_id": uuid.UUID(made["id"])})


@prepares("definition.retire")
def _(world: World) -> Prepared:
    return Prepared(world.actor("sheji"), {"definition_id": publish(world.rt, ONE)})


@prepares("case.migrate")
def _(world: World) -> Prepared:
    publish(world.rt, ONE)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    target = publish(world.rt, ONE)
    return Prepared(world.actor("xitong"), {"case_id": case_id, "definition_id": target, "reason": "新法施行"})


@prepares("case.migrate_back")
def _(world: World) -> Prepared:
    publish(world.rt, ONE)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    target = publish(world.rt, ONE)
    COMMANDS["case.migrate"](
        world.rt, world.actor("xitong"), key(), case_id=case_id, definition_id=target, reason="新法施行"
    )
    return Prepared(world.actor("xitong"), {"case_id": case_id})


@prepares("body.create")
def _(world: World) -> Prepared:
    facts = {"code": "new", "name_zh": "新局", "name_en": "New", "kind": "city", "prefix": "新", "powers": ("eia",)}
    return Prepared(world.actor("anquan"), facts)


@prepares("body.change")
def _(world: World) -> Prepared:
    facts = {"body_id": body_of(world, "sip-eeb"), "phone": "0512-1", "address": "路2号"}
    return Prepared(world.actor("anquan"), facts)


@prepares("zone.create")
def _(world: World) -> Prepared:
    facts = {"code": "new", "name_zh": "新区", "name_en": "New", "body_id": body_of(world, "sip-eeb")}
    return Prepared(world.actor("anquan"), facts)


GRANT = {"matter": "eia", "basis": "某文", "valid_from": date(2027, 1, 1)}


@prepares("power.grant")
def _(world: World) -> Prepared:
    return Prepared(world.actor("anquan"), {"body_id": body_of(world, "sz-eeb"), **GRANT})


@prepares("power.end")
def _(world: World) -> Prepared:
    made = COMMANDS["power.grant"](world.rt, world.actor("anquan"), key(), body_id=body_of(world, "sz-eeb"), **GRANT)
    return Prepared(world.actor("anquan"), {"power_id": uuid.UUID(made["power_id"]), "last_day": date(2027, 6, 1)})


@prepares("enterprise.change")
def _(world: World) -> Prepared:
    return Prepared(world.actor("anquan"), {"enterprise_id": world.actor("qiye").enterprise_id, "name": "新名"})


@prepares("user.change")
def _(world: World) -> Prepared:
    return Prepared(world.actor("anquan"), {"user_id": world.actor("qiye").id, "active": False})


@prepares("user.password")
def _(world: World) -> Prepared:
    return Prepared(world.actor("anquan"), {"user_id": world.actor("qiye").id, "password": "another long one"})


@prepares("role.give")
def _(world: World) -> Prepared:
    facts = {"role": "head", "body_id": body_of(world, "sip-eeb")}
    return Prepared(world.actor("anquan"), {"user_id": world.actor("shencha").id, **facts})


@prepares("role.take")
def _(world: World) -> Prepared:
    person = world.actor("shencha").id
    with world.rt.db.transaction() as conn:
        role_id = conn.scalar(select(parties.UserRole.id).where(parties.UserRole.user_id == person))
    return Prepared(world.actor("anquan"), {"user_id": person, "role_id": role_id})


def body_of(world: World, code: str) -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        return parties.body_by_code(conn, code).id


@prepares("enterprise.create")
def _(world: World) -> Prepared:
    facts = {"credit_code": "91130200699229617X", "name": "新厂", "address": "路1号", "legal_representative": "某"}
    return Prepared(world.actor("anquan"), facts)


@prepares("user.create")
def _(world: World) -> Prepared:
    enterprise = world.actor("qiye").enterprise_id
    facts = {"login": "new", "name": "新人", "password": "a long password", "role": "preparer"}
    return Prepared(world.actor("anquan"), {**facts, "enterprise_id": enterprise})


PAUSE = {"matter": "eia", "kind": "expert_review", "days": 10, "reason": "评审"}


@prepares("clock.pause")
def _(world: World) -> Prepared:
    return Prepared(world.actor("shencha"), {"case_id": kit.begin(world), **PAUSE})


@prepares("clock.resume")
def _(world: World) -> Prepared:
    case_id = kit.begin(world)
    clockwork.pause(world.rt, world.actor("shencha"), key(), case_id=case_id, **PAUSE)
    return Prepared(world.actor("shencha"), {"case_id": case_id, "matter": "eia"})


@prepares("clock.extend")
def _(world: World) -> Prepared:
    case_id = kit.begin(world, kit.with_limit("licence.decide"))
    return Prepared(world.actor("qianfa"), {"case_id": case_id, "matter": "eia", "days": 5, "reason": "复杂"})


@prepares("clock.ring")
def _(world: World) -> Prepared:
    kit.begin(world)
    world.time.move_to(world.time.today() + timedelta(days=40))
    return Prepared(SYSTEM, {"limit": 10})


PLAN = {"key": "own", "title": "踏勘", "on": date(2026, 9, 10)}


@prepares("milestone.plan")
def _(world: World) -> Prepared:
    given = {"owner_kind": "case", "owner_id": kit.begin(world), "items": [PLAN]}
    return Prepared(world.actor("shencha"), given)


@prepares("milestone.push")
def _(world: World) -> Prepared:
    owner = {"owner_kind": "case", "owner_id": kit.begin(world)}
    milestoning.plan(world.rt, world.actor("shencha"), key(), items=[PLAN], **owner)
    return Prepared(world.actor("shencha"), {**owner, "key": "own", "on": date(2026, 9, 20), "reason": "改期"})


@prepares("house.choose")
def _(world: World) -> Prepared:
    kit.begin(world)
    return Prepared(world.actor("xitong"), {"key": "light.red_days", "value": 5, "source": "会议纪要"})


@prepares("setting.save")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qiye"), {"email": "qiye@example.com", "email_when": "daily"})


@prepares("setting.feed")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qiye"), {"digest": notify.feed_secret()[1]})


@prepares("message.read")
def _(world: World) -> Prepared:
    case_id = kit.begin(world)
    clockwork.pause(world.rt, world.actor("shencha"), key(), case_id=case_id, **PAUSE)
    return Prepared(world.actor("qiye"), {})


HOLIDAYS = {"year": 2027, "source": "通知", "days": {"2027-01-01": "off"}}


@prepares("calendar.import")
def _(world: World) -> Prepared:
    return Prepared(world.actor("xitong"), HOLIDAYS)


@prepares("dates.recompute")
def _(world: World) -> Prepared:
    world.time.move_to(date(2026, 12, 21))
    kit.begin(world, kit.with_limit("waste.decide"))
    made = calendaring.import_year(world.rt, world.actor("xitong"), key(), **HOLIDAYS)
    return Prepared(SYSTEM, {"recomputation_id": uuid.UUID(made["recomputation_id"])})


@prepares("day.digest")
def _(world: World) -> Prepared:
    notify.save_settings(world.rt, world.actor("qiye"), key(), email="q@example.com", email_when="daily")
    case_id = kit.begin(world)
    clockwork.pause(world.rt, world.actor("shencha"), key(), case_id=case_id, **PAUSE)
    return Prepared(SYSTEM, {})


SHORTER = {"code": "eia.form.decide", "valid_from": date(2026, 9, 1), "note": "文件", "limit": 20}


@prepares("limit.propose")
def _(world: World) -> Prepared:
    return Prepared(world.actor("xitong"), SHORTER)


@prepares("limit.decide")
def _(world: World) -> Prepared:
    made = limitwork.propose(world.rt, world.actor("xitong"), key(), **SHORTER)
    return Prepared(world.actor("anquan"), {"proposal_id": uuid.UUID(made["proposal_id"]), "approve": True})


@prepares("day.duties")
def _(world: World) -> Prepared:
    return Prepared(SYSTEM, {})


@prepares("day.purge")
def _(world: World) -> Prepared:
    return Prepared(SYSTEM, {})


@prepares("day.expiry")
def _(world: World) -> Prepared:
    return Prepared(SYSTEM, {})


@prepares("obligation.done")
def _(world: World) -> Prepared:
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        duty = conn.scalar(select(Obligation.id).where(Obligation.body_id.is_not(None)).limit(1))
    return Prepared(world.actor("shencha"), {"obligation_id": duty, "note": "已办"})


@prepares("permit.operation_started")
def _(world: World) -> Prepared:
    return Prepared(world.actor("qiye"), {"permit_id": kit.permit(world), "on": date(2026, 8, 1)})


@prepares("permit.deem_renewed")
def _(world: World) -> Prepared:
    permit_id = kit.permit(world, valid_to=date(2026, 9, 20))
    kit.begin(world, kit.with_limit("permit.renewal.decide", "permit"))
    world.time.move_to(date(2026, 9, 21))
    return Prepared(SYSTEM, {"permit_id": permit_id})


@prepares("case.expire")
def _(world: World) -> Prepared:
    case_id = _started(world, ONE)[0]
    world.time.move_to(world.time.today() + timedelta(days=200))
    return Prepared(SYSTEM, {"case_id": case_id})


def _from_quota(ready: Callable[[World], tuple[Actor, dict[str, Any]]]) -> Prepare:
    return lambda world: Prepared(*ready(world))


PREPARATIONS.update({name: _from_quota(ready) for name, ready in quota_preparations.PREPARED.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in WASTES.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in desk_preparations.PREPARED.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in PILOTS.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in TRYING.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in AUTHORING.items()})
PREPARATIONS.update({name: _from_quota(ready) for name, ready in SIGNED.items()})


@prepares("reduction.upper_use")
def _(world: World) -> Prepared:
    # The demonstration has a project of which 10 t of VOCs are also in the upper-level reserve.
    with world.rt.db.transaction() as conn:
        project = conn.scalar(select(ReductionUse.project_id).where(ReductionUse.to_upper))
    facts = {"factor": "VOCS", "amount": Decimal("1.5"), "document": "苏环办〔2026〕7号"}
    return Prepared(world.actor("shencha"), {"project_id": project, **facts})


@prepares("totals.enlist")
def _(world: World) -> Prepared:
    facts = {"year": 2027, "enterprise_id": world.actor("qiye").enterprise_id, "basis": "排污许可重点管理"}
    return Prepared(world.actor("shencha"), facts)


@prepares("totals.unlist")
def _(world: World) -> Prepared:
    facts = {"year": 2026, "enterprise_id": world.actor("qiye").enterprise_id, "reason": "已关停"}
    return Prepared(world.actor("shencha"), facts)


@prepares("totals.quality")
def _(world: World) -> Prepared:
    facts = {"zone": "kejiao", "medium": "air", "met": False, "cut_percent": Decimal(5), "document": "考核文件"}
    return Prepared(world.actor("shencha"), {"year": 2025, **facts})


@prepares("totals.import")
def _(world: World) -> Prepared:
    with world.rt.db.transaction() as conn:
        code = conn.scalar(select(Enterprise.credit_code).where(Enterprise.id == world.actor("qiye").enterprise_id))
    row = {"credit_code": code, "factor": "COD", "amount": "0.7", "source": "统计"}
    rows = [row, {**row, "amount": "many"}]
    facts = {"kind": "statistics", "year": 2025, "file_name": "统计.xlsx", "rows": rows}
    return Prepared(world.actor("shencha"), facts)


def command_of(name: str) -> Command:
    """The command of a preparation; one that is prepared in several ways says after a comma in which."""
    return COMMANDS[name.partition(",")[0]]


def test_every_command_of_the_program_is_prepared_here() -> None:
    assert {name for name in COMMANDS if not name.startswith("test.")} - set(PREPARATIONS) == set()


@pytest.mark.parametrize("name", sorted(PREPARATIONS))
def test_killed_anywhere_a_command_is_done_once_or_not_at_all(world: World, name: str) -> None:
    prepared, once = PREPARATIONS[name](world), key()
    before = _contents(world)
    boundary = 0
    while _killed(world, name, prepared, once, boundary):
        after = _contents(world)
        if after != before:
            break
        boundary += 1
        assert boundary < 400
    else:
        pytest.fail("the command ended before the process was killed, yet changed nothing")
    done = _contents(world)
    answer = command_of(name)(world.rt, prepared.actor, once, **prepared.arguments)
    assert answer
    assert _contents(world) == done, "the replay changed something"
    assert boundary > 4, "the harness did not reach the statements of the command"
    _check_invariants(world)


def _killed(world: World, name: str, prepared: Prepared, once: str, boundary: int) -> bool:
    """Run the command in a child that is killed at the boundary; False when it ended before."""
    child = os.fork()
    if child == 0:
        _die_at(world, name, prepared, once, boundary)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the command failed at boundary {boundary}"
    return os.WIFSIGNALED(status)


def _die_at(world: World, name: str, prepared: Prepared, once: str, boundary: int) -> None:
    status = 1
    try:
        rt, database = world.rt, world.rt.db
        database.engine.dispose(close=False)  # the parent's connections stay the parent's
        passed = iter(range(10_000))

        def maybe(*_: Any) -> None:
            if next(passed) == boundary:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database.engine, "before_cursor_execute", maybe)
        event.listen(database.engine, "after_cursor_execute", maybe)
        commit = database.engine.dialect.do_commit

        def killing_commit(connection: Any) -> None:
            maybe()
            commit(connection)
            maybe()

        database.engine.dialect.do_commit = killing_commit  # type: ignore[method-assign]
        command_of(name)(rt, prepared.actor, once, **prepared.arguments)
        status = 0
    finally:
        os._exit(status)


def _contents(world: World) -> dict[str, str]:
    """A fingerprint of every table, by one statement: how many rows it has, and which transactions wrote them."""
    with world.rt.db.transaction() as conn:
        tables = list(
            conn.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
            )
        )
        each = [
            f"SELECT '{name}', concat(count(*), '/', sum(xmin::text::bigint)) FROM \"{name}\""
            for name in sorted(tables)
        ]
        return {row[0]: row[1] for row in conn.execute(text(" UNION ALL ".join(each)))}


def _check_invariants(world: World) -> None:
    with world.rt.db.transaction() as conn:
        assert list(events.verify(conn)) == []
        assert list(quota_check.differences(conn)) == []
        gaps = conn.scalar(
            text(
                "SELECT count(*) FROM cases c WHERE c.event_seq <>"
                " (SELECT count(*) FROM event e WHERE e.case_id = c.id)"
            )
        )
        numbers = conn.scalar(
            text(
                "SELECT count(*) FROM numbering_counter n WHERE kind = 'case' AND last <> (SELECT count(*) FROM cases)"
            )
        )
        unanswered = conn.scalar(text("SELECT count(*) FROM idempotency WHERE response IS NULL"))
        orphans = conn.scalar(
            text(
                "SELECT count(*) FROM task t JOIN cases c ON c.id = t.case_id WHERE t.status = 'open' AND c.status <> 'running'"
            )
        )
    assert (gaps, numbers, unanswered, orphans) == (0, 0, 0, 0)
