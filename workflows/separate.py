"""The part of a case that is a body's own: what one of two deciding bodies does is not shown to the other.

One intake, two deciding bodies (hazardous-waste licence and discharge permit): each sees the shared material, the site
visit and what was issued, and besides only its own clock and what concerns its own decision; files, notes and lines of
the record follow the same rule. The applicant, and the program's own eyes, see everything. With one body for both
nothing is hidden.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from forms.definition import FormDefinition
from registers.accounts import Actor
from registers.parties import Body
from registers.waste_rules import PARTS
from workflows import access, casefile, compiling, letters
from workflows.commands import to_json
from workflows.compiling import Compiled
from workflows.models import Case, CaseFile, Matter
from workflows.runtime import Runtime

_MOST_CASES = 100


def hidden(conn: Connection, actor: Actor, case_id: uuid.UUID) -> frozenset[str]:
    """The matters of the pair that another body decides and this person does not see into; mostly none."""
    if actor.scope.everything or actor.enterprise_id is not None:
        return frozenset()
    rows = conn.execute(
        select(Matter.kind, Matter.body_id).where(Matter.case_id == case_id, Matter.kind.in_(PARTS))
    ).all()
    return hidden_among(actor, {row.kind: row.body_id for row in rows})


def hidden_among(actor: Actor, bodies: Mapping[str, uuid.UUID | None]) -> frozenset[str]:
    """The same for somebody who has the case's matters with their bodies at hand."""
    pair = {kind: body for kind, body in bodies.items() if kind in PARTS}
    if actor.scope.everything or actor.enterprise_id is not None or len(set(pair.values())) < len(PARTS):
        return frozenset()
    return frozenset(kind for kind, body in pair.items() if body not in actor.case_body_ids)


def elsewhere(conn: Connection, case_id: uuid.UUID, away: frozenset[str]) -> list[dict[str, Any]]:
    """Who decides what is not shown; its outcome once it stands, nothing of its clock."""
    if not away:
        return []
    rows = conn.execute(
        select(Matter.kind, Body.name_zh, Body.name_en, Matter.status, Matter.decided_on)
        .join(Body, Body.id == Matter.body_id)
        .where(Matter.case_id == case_id, Matter.kind.in_(sorted(away)))
        .order_by(Matter.kind)
    )
    return [dict(row) for row in rows.mappings()]


def is_hidden(compiled: Compiled, away: frozenset[str], element: str | None) -> bool:
    """Whether an element of the model belongs to a matter that is not shown."""
    found = compiled.model.elements.get(element or "") if away else None
    return found is not None and found.properties.get("matter") in away


def own_events(compiled: Compiled, away: frozenset[str], history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The record without the steps of what is not shown, nor what became of its clock and papers on the way."""
    return [
        line
        for line in history
        if not is_hidden(compiled, away, line["element"]) and (line["data"].get("matter") not in away or _is_open(line))
    ]


def _is_open(line: Mapping[str, Any]) -> bool:
    """Whether a line tells what everybody may read: a decision, or a paper whose full text is public."""
    if line["kind"] == "letter_issued":
        return letters.is_public(line["data"]["letter"])
    return bool(line["kind"] == "decided")


def own_notes(
    compiled: Compiled,
    away: frozenset[str],
    submissions: Mapping[Any, Mapping[str, Any]],
    notes: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """The notes without those at a datum of a submission that is not shown; by the submissions of the case."""
    kept = []
    for note in notes:
        row = submissions.get(note["submission_id"])
        if row is None or not away:
            kept.append(note)
        elif not is_hidden(compiled, away, row["element"]):
            shown = own_data(compiled, away, compiled.form_of(row["element"]), row["data"])
            if str(note["path"]).split(".")[0] in shown:
                kept.append(note)
    return kept


def shows_file(rt: Runtime, conn: Connection, actor: Actor, file_id: uuid.UUID) -> bool:
    """Whether a case that the person may see has this file in a part that is shown to this person."""
    rows = conn.execute(
        select(Case.id, Case.definition_id, CaseFile.element)
        .join(CaseFile, CaseFile.case_id == Case.id)
        .where(CaseFile.file_id == file_id, access.visible_cases(actor))
        .limit(_MOST_CASES)
    ).all()
    return any(_in_own_part(rt, conn, actor, row, str(file_id)) for row in rows)


def _in_own_part(rt: Runtime, conn: Connection, actor: Actor, row: Any, file_id: str) -> bool:
    away = hidden(conn, actor, row.id)
    if not away:
        return True
    compiled = compiling.compiled(rt, conn, row.definition_id)
    if is_hidden(compiled, away, row.element):
        return False
    form = compiled.form_of(row.element)
    handed_in = (one["data"] for one in casefile.submissions(conn, row.id) if one["element"] == row.element)
    return any(file_id in to_json(own_data(compiled, away, form, data)) for data in handed_in)


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
    return letter["matter"] not in away or (letter["status"] == "issued" and letters.is_public(letter["kind"]))
