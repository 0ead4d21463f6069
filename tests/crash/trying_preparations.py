"""The commands of trying and publishing, ready to be killed at every statement."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from registers.accounts import SYSTEM, Actor
from tests.conftest import World, key
from tests.runtime.models import chain, node
from workflows import definitions, modelruns, publishing, trials

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


PREPARED: dict[str, Callable[[World], Ready]] = {
    "trial.start": _start,
    "trial.step": _step,
    "trial.undo": _undo,
    "trial.keep": _keep,
    "trial.drop": _drop,
    "definition.propose": _propose,
    "definition.decline": _decline,
    "model_run.request": _run,
    "model_run.walk": _walk,
}
