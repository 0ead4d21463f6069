"""Forms in the context of a case: what a form starts from, which parts are open, what is handed in.

A form starts from the draft when there is one, else from the last submission with the same form (a
returned application), else from the pre-fill context (the enterprise's register entry and the case's
variables). When a task names `sections`, an expression over the case's variables, only those sections
are asked again; the others keep the earlier submission's answers and cannot be changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

import forms
from forms import progress
from forms.definition import Field, FormDefinition
from forms.words import Words
from registers import files, parties
from registers.errors import DomainError, NotFound
from registers.parties import User
from workflows import casefile, compiling, documents, engine, expressions
from workflows.compiling import Compiled
from workflows.models import Case, Draft
from workflows.runtime import Runtime

if TYPE_CHECKING:
    from workflows.caserun import CaseRun


@dataclass(frozen=True)
class Shown:
    """A form as it is put before a person."""

    form: FormDefinition
    data: dict[str, Any]
    revision: int | None
    open_sections: frozenset[str] | None
    context: dict[str, Any]
    files: dict[str, files.StoredFile]
    saved_at: datetime | None = None
    saved_by: str | None = None
    saved_page: str | None = None


@dataclass(frozen=True)
class Filled:
    """A checked submission: values for the engine, and the same as it is stored."""

    values: dict[str, Any]
    stored: dict[str, Any]


def for_display(conn: Connection, rt: Runtime, task: dict[str, Any]) -> Shown:
    """The form of a task with the data it starts from; the caller has checked the task."""
    compiled = compiling.compiled(rt, conn, task["definition_id"])
    form = compiled.form_of(task["element"])
    variables = variables_of(conn, compiled, task["case_id"])
    element = compiled.model.elements[task["element"]]
    context = {**variables, **task["local"]}
    draft = conn.execute(
        select(Draft.data, Draft.revision, Draft.saved_at, Draft.page, User.name)
        .outerjoin(User, User.id == Draft.saved_by)
        .where(Draft.task_id == task["id"])
    ).first()
    earlier = casefile.latest(conn, task["case_id"], task["form"]) if task["form"] else None
    base = earlier if earlier is not None and _repeats(element) else None
    data = draft.data if draft else base or forms.prefill(form, context)
    return Shown(
        form=form,
        data=data,
        revision=draft.revision if draft else None,
        open_sections=_open_sections(element, context) if base is not None else None,
        context=context,
        files=documents.by_ids(conn, file_ids(form, data)),
        saved_at=draft.saved_at if draft else None,
        saved_by=draft.name if draft else None,
        saved_page=draft.page if draft else None,
    )


def parts(conn: Connection, shown: Shown, data: dict[str, Any] | None = None) -> list[progress.Part]:
    """How far the form has come, section by section, with these answers (those it shows when none are given)."""
    return progress.of(
        shown.form,
        shown.data if data is None else data,
        opened=shown.open_sections,
        context=shown.context,
        catalogues=_live(conn, shown.form),
    )


def for_submission(run: CaseRun, task: Any, raw: dict[str, Any]) -> Filled:
    """Check what was handed in and make it ready for the engine and for storing; raises FormErrors."""
    filled = checked(run.step.conn, run.compiled, task, raw, run.variables)
    form = run.compiled.form_of(task["element"])
    documents.attach(run.step, run.id, task["element"], file_ids(form, filled.stored))
    return filled


def checked(
    conn: Connection, compiled: Compiled, task: Any, raw: dict[str, Any], variables: Callable[[], dict[str, Any]]
) -> Filled:
    """What was handed in with a task, checked with its form; nothing is written. Raises FormErrors."""
    form, element = compiled.form_of(task["element"]), compiled.model.elements[task["element"]]
    earlier = casefile.latest(conn, task["case_id"], task["form"]) if task["form"] and _repeats(element) else None
    # The case's variables are unpacked only where a form looks at them.
    asks = earlier is not None or any(field.readonly for field in form.fields.values())
    context = {**variables(), **task["local"]} if asks else None
    opened = _open_sections(element, context or {}) if earlier is not None else None
    if earlier is not None and opened is not None:
        raw = _keep_closed(form, earlier, raw, opened)
    values = forms.validate(form, raw, context=context, catalogues=_live(conn, form))
    return Filled(values, forms.dump(form, values))


def _live(conn: Connection, form: FormDefinition) -> dict[str, frozenset[str]] | None:
    """The catalogues of this installation that the form asks for; most forms ask for none."""
    if not any(field.catalogue == "zones" for field in form.fields.values()):
        return None
    return {"zones": frozenset(code for code, _, _ in parties.zones(conn))}


def file_ids(form: FormDefinition, data: dict[str, Any]) -> set[uuid.UUID]:
    """The files named anywhere in a form's data; what is not an identifier is left to validation."""
    found: set[uuid.UUID] = set()
    for field, value in _walk(form, data):
        if field.type == "file" and value:
            for item in value if isinstance(value, list) else [value]:
                try:
                    found.add(uuid.UUID(str(item)))
                except ValueError:
                    continue
    return found


def at_path(data: Any, path: str) -> Any:
    """The datum at a path such as `outlets.3.flow`; raises NotFound."""
    here = data
    for part in path.split("."):
        try:
            here = here[int(part)] if isinstance(here, list) else here[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise NotFound(f"没有“{path}”这一项。", f"There is no datum “{path}”.") from None
    return here


def places(form: FormDefinition, data: dict[str, Any]) -> list[tuple[str, Words, int | None, Any]]:
    """The data that can be corrected: path, label, number of the row in a table, value; files are not among them."""
    found: list[tuple[str, Words, int | None, Any]] = []
    for section in form.sections:
        for field in section.fields:
            value = data.get(field.name)
            if field.type == "table":
                rows = value if isinstance(value, list) else []
                found += [
                    (f"{field.name}.{number}.{column.name}", column.label, number + 1, row.get(column.name))
                    for number, row in enumerate(rows)
                    for column in field.columns
                    if column.type != "file" and column.name in row
                ]
            elif field.type not in ("file", "declaration") and field.name in data:
                found.append((field.name, field.label, None, value))
    return found


def _walk(form: FormDefinition, data: dict[str, Any]) -> Iterator[tuple[Field, Any]]:
    for section in form.sections:
        for field in section.fields:
            value = data.get(field.name)
            if field.type != "table":
                yield field, value
                continue
            for row in value if isinstance(value, list) else []:
                if isinstance(row, dict):
                    for column in field.columns:
                        yield column, row.get(column.name)


def _repeats(element: engine.Element) -> bool:
    """Whether the task takes up its earlier submission (a returned application does)."""
    return "sections" in element.properties or element.properties.get("resume") == "yes"


def _open_sections(element: engine.Element, context: dict[str, Any]) -> frozenset[str] | None:
    expression = element.properties.get("sections")
    if not expression:
        return None
    named = expressions.compile_expression(expression, None).evaluate(context)
    return frozenset(named) if named else None


def _keep_closed(
    form: FormDefinition, earlier: dict[str, Any], raw: dict[str, Any], opened: frozenset[str]
) -> dict[str, Any]:
    """Answers of closed sections stay as they were; a different answer there is refused, not ignored."""
    merged = dict(raw)
    for section in form.sections:
        if section.id in opened:
            continue
        for field in section.fields:
            if field.name in raw and raw[field.name] not in (earlier.get(field.name), None, ""):
                raise DomainError(
                    "section_closed",
                    f"“{field.label['zh']}”不在补正范围内，不能修改。",
                    f"“{field.label['en']}” is not among the parts sent back and cannot be changed.",
                    pointer=field.name,
                )
            if field.name in earlier:
                merged[field.name] = earlier[field.name]
            else:
                merged.pop(field.name, None)
    return merged


def variables_of(conn: Connection, compiled: Compiled, case_id: uuid.UUID) -> dict[str, Any]:
    """The variables of a case as its engine holds them; the caller has checked the case."""
    state = conn.scalar(select(Case.state).where(Case.id == case_id))
    if state is None:
        raise NotFound()
    instance = engine.load(compiled.model, bytes(state), _no_services)
    return engine.variables(instance)


def _no_services(operator: str, inputs: dict[str, Any], element: engine.Element) -> Any:
    raise RuntimeError("a case that is only read runs no services")
