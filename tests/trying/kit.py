"""Drafts for the tests of trying and publishing: small ones drawn here, and copies of shipped procedures."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy import text

import forms
from registers.accounts import SYSTEM
from tests.conftest import World
from tests.runtime.models import chain, node
from workflows import definitions, install, versionfiles

FILL = node("userTask", "fill", role="preparer")
CHECK = node("userTask", "check", role="window", limitRule="permit.deficiency")


def small(*nodes: str, **settings: Any) -> dict[str, bytes]:
    """The files of a small procedure whose first step is `fill`."""
    given = {
        "id": "trial",
        "title": {"zh": "试验", "en": "Trial"},
        "lead_matter": "eia",
        "start_task": "fill",
        **settings,
    }
    named = given.get("forms", [])
    return {
        "process.bpmn": chain(*(nodes or (FILL, CHECK))),
        "procedure.json": json.dumps(given).encode(),
        **{f"forms/{name}.json": forms.definition_bytes(name) for name in named},
    }


def shipped(name: str) -> dict[str, bytes]:
    """The files of a shipped procedure."""
    return versionfiles.read_folder(install.procedures_folder() / name)


def draft(world: World, files: dict[str, bytes]) -> uuid.UUID:
    """Keep files as a draft."""
    with world.rt.db.transaction() as conn:
        procedure = json.loads(files["procedure.json"])["id"]
        return definitions.create_draft(conn, SYSTEM, procedure, files, world.time.now())[0]


def counts(world: World) -> dict[str, int]:
    """How many rows every table has, and where the counters of numbers stand: what a trial must not change."""
    with world.rt.db.transaction() as conn:
        tables = list(conn.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")))
        found = {name: conn.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0 for name in tables}
        found["numbers given"] = conn.scalar(text("SELECT coalesce(sum(last), 0) FROM numbering_counter")) or 0
    return found
