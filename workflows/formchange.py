"""What a change of a form means for people who are filling it in: which drafts it touches, what will be asked again.

A running case keeps the form of its own version; it meets the new one when it is moved. So the saved drafts of running cases are
checked with the new form by the same schema that checks a submission, and what is wrong only there is what will be asked again. Only
numbers are told: a designer has no business with the answers.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

import forms
from forms.definition import Field, FormDefinition
from forms.schema import FormErrors
from workflows import definitions, versionfiles
from workflows.models import Case, Draft, Task

MOST_TASKS = 500


@dataclass(frozen=True)
class Asked:
    """A question that some people will have to look at: why, and in how many of the saved drafts."""

    name: str
    label: Mapping[str, str]
    why: str  # new, type, answer, removed
    drafts: int


@dataclass(frozen=True)
class Touched:
    """Open tasks with this form in running cases, those with a saved draft, and the questions that change for them."""

    tasks: int
    drafts: int
    more: bool
    asked: tuple[Asked, ...]


def touched(conn: Connection, procedure: str, name: str, new: FormDefinition | None) -> Touched:
    """What the new form (None: it is taken away) does to the work that is open; `conn` sees all cases."""
    rows = conn.execute(
        select(Case.definition_id, Draft.data)
        .select_from(Task)
        .join(Case, Case.id == Task.case_id)
        .outerjoin(Draft, Draft.task_id == Task.id)
        .where(Case.procedure == procedure, Case.status == "running", Task.status == "open", Task.form == name)
        .limit(MOST_TASKS + 1)
    ).all()
    old: dict[uuid.UUID, FormDefinition | None] = {}
    again: Counter[tuple[str, str]] = Counter()
    drafts = 0
    for row in rows[:MOST_TASKS]:
        if row.definition_id not in old:
            old[row.definition_id] = versionfiles.forms_of(definitions.files_of(conn, row.definition_id)).get(name)
        before = old[row.definition_id]
        if row.data is not None:
            drafts += 1
        if before is not None and new is not None:
            again.update(_changes(before, new, row.data or {}))
    labels = {**_labels([form for form in old.values() if form]), **_labels([new] if new else [])}
    asked = [Asked(field, labels.get(field, {}), why, count) for (field, why), count in sorted(again.items())]
    return Touched(min(len(rows), MOST_TASKS), drafts, len(rows) > MOST_TASKS, tuple(asked))


def _changes(old: FormDefinition, new: FormDefinition, data: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The questions of one task that change, with the reason."""
    found = {
        (name, "new")
        for name, field in new.fields.items()
        if name not in old.fields and (field.required or _required_inside(field)) and not field.readonly
    }
    found |= {
        (name, "type")
        for name, field in new.fields.items()
        if name in old.fields and old.fields[name].type != field.type and _answered(data.get(name))
    }
    found |= {(name, "removed") for name in old.fields if name not in new.fields and _answered(data.get(name))}
    if data:
        said = {name for name, _ in found}
        worse = _wrong(new, data) - _wrong(old, data)
        found |= {(name, "answer") for name in worse if name not in said}
    return found


def _required_inside(field: Field) -> bool:
    return any(column.required for column in field.columns) and field.min_rows > 0


def _wrong(form: FormDefinition, data: Mapping[str, Any]) -> set[str]:
    """The questions whose answers do not pass the form."""
    raw = json.loads(json.dumps({key: value for key, value in data.items() if key in form.fields}), parse_float=Decimal)
    try:
        forms.validate(form, raw)
    except FormErrors as errors:
        return {error.path.split(".")[0] for error in errors.errors}
    return set()


def _answered(value: Any) -> bool:
    return value not in (None, "", [], {})


def _labels(known: list[FormDefinition]) -> dict[str, Mapping[str, str]]:
    return {
        name: {"zh": field.label["zh"], "en": field.label["en"]}
        for form in known
        for name, field in form.fields.items()
    }
