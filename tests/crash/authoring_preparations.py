"""Preparations of the commands that change drafts: begin, settings, files, letters, going back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from forms import letters
from registers.accounts import Actor
from tests.conftest import World, key
from tests.runtime.models import chain, node
from workflows import authoring, definitions, designing, drafting, lettering

Ready = tuple[Actor, dict[str, Any]]
TITLE = {"zh": "咨询", "en": "Advice"}
ANOTHER = chain(node("userTask", "ask", role="preparer")).decode()


def begun(world: World) -> tuple[uuid.UUID, str]:
    """A new draft and its SHA-256."""
    made = authoring.begin(world.rt, world.actor("sheji"), key(), procedure="advice", title=TITLE)
    with world.rt.db.transaction() as conn:
        return uuid.UUID(made["id"]), definitions.row(conn, uuid.UUID(made["id"]))["sha256"]


def _begin(world: World) -> Ready:
    return world.actor("sheji"), {"procedure": "advice", "title": TITLE}


def _settings(world: World) -> Ready:
    definition_id, digest = begun(world)
    facts = {"starters": ["window"], "letters": ["allowed_notice"]}
    return world.actor("sheji"), {"definition_id": definition_id, "facts": facts, "expected": digest}


def _remove(world: World) -> Ready:
    definition_id, digest = begun(world)
    return world.actor("sheji"), {"definition_id": definition_id, "name": "forms/remark.json", "expected": digest}


def _restore(world: World) -> Ready:
    definition_id, digest = begun(world)
    facts = {"name": "process.bpmn", "content": ANOTHER, "expected": digest}
    saved = designing.save(world.rt, world.actor("sheji"), key(), definition_id=definition_id, **facts)
    with world.rt.db.transaction() as conn:
        change = drafting.history(conn, definition_id)[0]["id"]
    return world.actor("sheji"), {"definition_id": definition_id, "change_id": change, "expected": saved["sha256"]}


def _letter(world: World) -> Ready:
    definition_id, digest = begun(world)
    template = letters.template_bytes("allowed_notice")
    facts = {"name": "allowed_notice", "content": template, "expected": digest}
    return world.actor("sheji"), {"definition_id": definition_id, **facts}


KIND = {"title": {"zh": "现场核查函", "en": "Letter on a visit"}, "number": "{prefix}核函〔{year}〕{seq}号"}


def _kind(world: World) -> Ready:
    definition_id, digest = begun(world)
    return world.actor("sheji"), {"definition_id": definition_id, "name": "visit", "facts": KIND, "expected": digest}


def _drop_kind(world: World) -> Ready:
    actor, asked = _kind(world)
    made = lettering.save_kind(world.rt, actor, key(), **asked)
    return actor, {"definition_id": asked["definition_id"], "name": "visit", "expected": made["sha256"]}


LETTER = lettering.save_letter.name
PREPARED: dict[str, Callable[[World], Ready]] = {
    "definition.begin": _begin,
    "definition.settings": _settings,
    "definition.remove_file": _remove,
    "definition.restore": _restore,
    LETTER: _letter,
    lettering.save_kind.name: _kind,
    lettering.remove_kind.name: _drop_kind,
}
