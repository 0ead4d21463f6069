"""The commands of trying and publishing, ready to be killed at every statement."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from registers.accounts import SYSTEM, Actor
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish, service
from workflows import cases, definitions, incidents, modelruns, publishing, trials
from workflows.models import Incident, Task

Ready = tuple[Actor, dict[str, Any]]
MODEL = chain(node("userTask", "fill", role="preparer"))
STEP = {"task": "fill", "submit": {"remark": "好"}}


def _draft(world: World) -> uuid.UUID:
    settings = {"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia", "start_task": "fill"}
    files = {"process.bpmn": MODEL, "procedure.json": json.dumps(settings).encode()}
    with world.rt.db.transaction() as conn:
        return definitions.create_draft(conn, SYSTEM, "trial", files, world.time.now())[0]


def _trial(world: World) -> uuid.UUID:
    made = trials.start(world.rt, world.actor("sheji"), key(), definition_id=_draft(world))
    return uuid.UUID(made["trial_id"])


def _start(world: World) -> Ready:
    return world.actor("sheji"), {"definition_id": _draft(world), "today": world.time.today()}


def _step(world: World) -> Ready:
    return world.actor("sheji"), {"trial_id": _trial(world), "taken": STEP, "revision": 0}


def _undo(world: World) -> Ready:
    trial_id = _trial(world)
    trials.take(world.rt, world.actor("sheji"), key(), trial_id=trial_id, taken=STEP, revision=0)
    return world.actor("sheji"), {"trial_id": trial_id, "keep": 0}


def _keep(world: World) -> Ready:
    return world.actor("sheji"), {"trial_id": _trial(world), "scenario": {"name": {"zh": "甲", "en": "A"}, "steps": []}}


def _drop(world: World) -> Ready:
    return world.actor("sheji"), {"trial_id": _trial(world)}


def _run(world: World) -> Ready:
    return world.actor("sheji"), {"definition_id": _draft(world), "kind": "replay"}


def _walk(world: World) -> Ready:
    scenario = {"name": {"zh": "甲", "en": "A"}, "start": {"remark": "好"}, "steps": []}
    with world.rt.db.transaction() as conn:
        files = definitions.files_of(conn, _draft(world)) | {
            "scenarios.json": json.dumps({"scenarios": [scenario]}).encode()
        }
        made, _ = definitions.create_draft(conn, SYSTEM, "trial", files, world.time.now())
    asked = modelruns.request(world.rt, world.actor("sheji"), key(), definition_id=made, kind="scenarios")
    return SYSTEM, {"run_id": uuid.UUID(asked["run_id"])}


def _propose(world: World) -> Ready:
    return world.actor("sheji"), {"definition_id": _draft(world), "note": "首次发布"}


def _decline(world: World) -> Ready:
    definition_id = _draft(world)
    publishing.propose(world.rt, world.actor("sheji"), key(), definition_id=definition_id, note="首次发布")
    return world.actor("xitong"), {"definition_id": definition_id, "remark": "缺少依据"}


def _stopped(world: World) -> uuid.UUID:
    """The incident of a case that stopped at a letter whose name is wrong."""
    fill = node("userTask", "fill", role="preparer", result="answer")
    letter = service("letter", "letter.draft", "made", letter="answer.remark", values="{'reason': '测试'}")
    publish(world.rt, chain(fill, letter, node("userTask", "after", role="window")))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    with world.rt.db.transaction() as conn:
        task = conn.scalar(select(Task.id).where(Task.case_id == case_id))
    assert task is not None
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task, data={"remark": "nothing"})
    with world.rt.db.transaction() as conn:
        found = conn.scalar(select(Incident.id).where(Incident.case_id == case_id))
    assert found is not None
    return found


MENDED = {"path": "answer.remark", "value": "withdrawal_notice", "reason": "名称写错"}


def _skip(world: World) -> Ready:
    return world.actor("xitong"), {"incident_id": _stopped(world), "reason": "已线下出具"}


def _mend(world: World) -> Ready:
    return world.actor("xitong"), {"incident_id": _stopped(world), **MENDED}


def _decide(world: World) -> Ready:
    made = incidents.propose(world.rt, world.actor("xitong"), key(), incident_id=_stopped(world), **MENDED)
    return world.actor("qianfa"), {"mend_id": uuid.UUID(made["mend_id"]), "accept": True}


PREPARED: dict[str, Callable[[World], Ready]] = {
    "trial.start": _start,
    "trial.step": _step,
    "trial.undo": _undo,
    "trial.keep": _keep,
    "trial.drop": _drop,
    "definition.propose": _propose,
    "definition.decline": _decline,
    "incident.skip": _skip,
    "mend.propose": _mend,
    "mend.decide": _decide,
    "model_run.request": _run,
    "model_run.walk": _walk,
}
