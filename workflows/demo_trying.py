"""Demonstration data of the workbench: a draft that is being tried, as a designer leaves it at the end of a day."""

from __future__ import annotations

import json
import uuid

from sqlalchemy import Connection, insert, select

from registers import accounts, parties
from registers.db import uuid7
from registers.timesource import TimeSource
from workflows import definitions, versionfiles
from workflows import scenarios as playing
from workflows.trying_models import Trial

PROCEDURE = "change"
DESIGNER = "sheji"


def load(conn: Connection, time: TimeSource) -> uuid.UUID:
    """A draft of the procedure for changes with one sandbox case in it; returns the draft."""
    designer = conn.scalar(select(parties.User.id).where(parties.User.login == DESIGNER))
    assert designer is not None
    actor = accounts.actor_by_id(conn, designer, time.today())
    files = definitions.files_of(conn, definitions.in_force(conn, PROCEDURE, time.today()))
    draft, _ = definitions.create_draft(conn, actor, PROCEDURE, files, time.now())
    played = json.loads(files[playing.SCENARIOS])["scenarios"][0]
    settings = json.loads(files[versionfiles.SETTINGS])
    conn.execute(
        insert(Trial).values(
            id=uuid7(), definition_id=draft, title=played["name"]["zh"], started_on=time.today(), given={},
            steps=[{"task": settings["start_task"], "submit": played["start"]}], revision=1,
            created_at=time.now(), created_by=designer, changed_at=time.now(),
        )
    )  # fmt: skip
    return draft
