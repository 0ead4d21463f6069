"""Forms in a case: what the server fills in itself, and which files a field takes."""

from __future__ import annotations

import io
import json
import uuid

import pytest

from registers.accounts import SYSTEM
from registers.errors import DomainError
from tests.conftest import World, key
from tests.runtime.models import chain, node
from workflows import casefile, cases, definitions, documents

READ_ONLY = {
    "id": "confirm",
    "version": 1,
    "title": {"zh": "确认", "en": "Confirm"},
    "sections": [
        {
            "id": "only",
            "title": {"zh": "确认", "en": "Confirm"},
            "fields": [
                {
                    "name": "unit",
                    "type": "text",
                    "label": {"zh": "单位", "en": "Unit"},
                    "required": True,
                    "readonly": True,
                    "prefill": "case.enterprise.name",
                },
                {"name": "note", "type": "text", "label": {"zh": "备注", "en": "Note"}},
            ],
        }
    ],
}


def test_what_is_sent_for_a_readonly_question_is_never_believed(world: World) -> None:
    settings = {"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia"}
    content = {
        "procedure.json": json.dumps(settings).encode(),
        "process.bpmn": chain(node("userTask", "fill", role="preparer", form="confirm")),
        "forms/confirm.json": json.dumps(READ_ONLY).encode(),
    }
    with world.rt.db.transaction() as conn:
        made, _ = definitions.create_draft(conn, SYSTEM, "trial", content, world.rt.time.now())
        definitions.publish(conn, SYSTEM, made, world.rt.time.today(), world.rt.time.now())
    started = cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")
    task_id = uuid.UUID(started["open_tasks"][0])
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task_id, data={"unit": "别的单位", "note": "好"})
    with world.rt.db.transaction() as conn:
        stored = casefile.latest(conn, uuid.UUID(started["case_id"]), "confirm")
    assert stored == {"unit": "苏州示范电子科技有限公司", "note": "好"}


def test_a_field_takes_only_the_kinds_of_files_it_names(world: World) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
    with pytest.raises(DomainError) as caught:
        documents.store(world.rt, world.actor("qiye"), io.BytesIO(png), "图.png", "image/png", accept=["pdf"])
    assert "pdf" in caught.value.zh
