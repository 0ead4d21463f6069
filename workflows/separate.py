"""The part of a case that is a body's own: what one of two deciding bodies does is not shown to the other.

One intake, two deciding bodies (hazardous-waste licence and discharge permit): each sees the shared material, the site
visit, both clocks and what was issued, and besides only what concerns its own decision. The applicant, and the
program's own eyes, see everything. With one body for both nothing is hidden.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from forms import letters as templates
from forms.definition import FormDefinition
from registers.accounts import Actor
from registers.waste_rules import PARTS
from workflows.definitions import Compiled
from workflows.models import Matter


def hidden(conn: Connection, actor: Actor, case_id: uuid.UUID) -> frozenset[str]:
    """The matters of the pair that another body decides and this person does not see into; mostly none."""
    if actor.scope.everything or actor.enterprise_id is not None:
        return frozenset()
    rows = conn.execute(
        select(Matter.kind, Matter.body_id).where(Matter.case_id == case_id, Matter.kind.in_(PARTS))
    ).all()
    if len({row.body_id for row in rows}) < len(PARTS):
        return frozenset()
    return frozenset(row.kind for row in rows if row.body_id not in actor.case_body_ids)


def is_hidden(compiled: Compiled, away: frozenset[str], element: str | None) -> bool:
    """Whether an element of the model belongs to a matter that is not shown."""
    found = compiled.model.elements.get(element or "") if away else None
    return found is not None and found.properties.get("matter") in away


def own_events(compiled: Compiled, away: frozenset[str], history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The record without the steps of what is not shown."""
    return [line for line in history if not is_hidden(compiled, away, line["element"])]


def own_data(compiled: Compiled, away: frozenset[str], form: FormDefinition, data: dict[str, Any]) -> dict[str, Any]:
    """A submission without the sections that only the other body needs (`part_sections` of the settings)."""
    of_parts: Mapping[str, Sequence[str]] = compiled.settings.get("part_sections", {})
    closed = {section for part in away for section in of_parts.get(part, ())}
    names = {field.name for section in form.sections if section.id in closed for field in section.fields}
    return {key: value for key, value in data.items() if key not in names} if names else data


def own_variables(compiled: Compiled, away: frozenset[str], variables: dict[str, Any]) -> dict[str, Any]:
    """The case's variables without the answers of what is not shown."""
    if not away:
        return variables
    gone = {
        element.properties.get("result") or element.id
        for element in compiled.model.elements.values()
        if element.properties.get("matter") in away
    }
    forms = {element.properties.get("result"): element for element in compiled.model.elements.values()}
    kept = {}
    for name, value in variables.items():
        element = forms.get(name)
        if name in gone or name.split("_")[0] in away:
            continue
        whole = element is not None and isinstance(value, dict) and element.type == "userTask"
        kept[name] = own_data(compiled, away, compiled.form_of(element.id), value) if whole and element else value
    return kept


def shows_letter(away: frozenset[str], letter: Mapping[str, Any]) -> bool:
    """Whether a letter may be read: the other body's only when its full text is public."""
    return letter["matter"] not in away or (letter["status"] == "issued" and templates.about(letter["kind"]).public)
