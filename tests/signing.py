"""Signed steps in tests: a model with one, and how people prove who they are."""

from __future__ import annotations

import json
import uuid

import forms
from registers.accounts import SYSTEM
from tests.conftest import World, key
from tests.runtime.models import chain, node
from workflows import cases, definitions

PASSWORD = "onewindow-demo"
SIGNATURE = {"password": PASSWORD}
AGREED = {"decision": "agree", "truthful": True}
SIGNED_STEPS = ("task_declaration", "task_sign", "task_quota_decision")


def promised(world: World, *let_out: str) -> tuple[uuid.UUID, uuid.UUID]:
    """A case in which the enterprise has handed in its remark and its legal representative is to sign; case and task.

    `let_out` are steps that the signature lets go on.
    """
    settings = {"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia"}
    model = chain(
        node("userTask", "fill", role="preparer"),
        node("userTask", "promise", role="legal_representative", form="declaration", signed="decision == 'agree'"),
        *let_out,
        node("userTask", "check", role="window"),
    )
    content = {
        "procedure.json": json.dumps(settings).encode(),
        "process.bpmn": model,
        "forms/declaration.json": forms.definition_bytes("declaration"),
    }
    with world.rt.db.transaction() as conn:
        made, _ = definitions.create_draft(conn, SYSTEM, "trial", content, world.rt.time.now())
        definitions.publish(conn, SYSTEM, made, world.rt.time.today(), world.rt.time.now())
    started = cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")
    first = uuid.UUID(started["open_tasks"][0])
    answer = cases.complete(world.rt, world.actor("qiye"), key(), task_id=first, data={"remark": "材料齐全"})
    return uuid.UUID(started["case_id"]), uuid.UUID(answer["open_tasks"][0])
