"""One stopped step as page and API show it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy import Connection

from registers.accounts import Actor
from web import views
from workflows import compiling, incidents
from workflows.runtime import Runtime

MOST_PATHS = 300


def details(
    conn: Connection, rt: Runtime, actor: Actor, incident_id: uuid.UUID
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The incident, and: the step's name, what it is given, the data of the case, corrections."""
    row = incidents.one(conn, actor, incident_id)
    compiled = compiling.compiled(rt, conn, row["definition_id"])
    element = compiled.model.elements.get(row["element"])
    plain = views.plain(incidents.variables(rt, conn, row))
    return row, {
        "step_name": element.name if element else row["element"],
        "inputs": [
            {**one, "shown": json.dumps(one["value"], ensure_ascii=False)[:200]}
            for one in views.plain(incidents.inputs(rt, conn, row))
        ],
        "plain": plain,
        "paths": list(paths(plain))[:MOST_PATHS],
        "mends": incidents.mends(conn, row["case_id"]),
    }


def document(row: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The same as plain data."""
    shown = {**facts, "variables": facts["plain"]}
    result: dict[str, Any] = views.plain({**row, **{key: value for key, value in shown.items() if key != "plain"}})
    return result


def paths(value: Any, prefix: str = "") -> Any:
    """The single data inside nested data, by their paths."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(inner, (dict, list)) and inner:
            yield from paths(inner, path)
        else:
            yield path
