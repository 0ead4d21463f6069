"""The desk of a reviewer: marks on the parts of an application, wordings a body keeps, differences between versions.

A mark belongs to the reviewer's open task: fine, looked at but incomplete, or to be returned with a note. Marked
returns become the rows of the list that the model's own form sends back; the mark itself changes nothing in the case.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from forms.definition import FormDefinition
from forms.words import Words
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, Forbidden, NotFound
from workflows import access, worklist
from workflows.commands import Answer, Step, command
from workflows.desk_models import OpinionTemplate, ReviewMark
from workflows.models import Task

STATES = ("fine", "incomplete", "return")


@dataclass(frozen=True)
class Change:
    """One datum that is not what it was: its place, what it is called, before and after."""

    path: str
    label: Words
    row: int | None
    old: Any
    new: Any


@command("review.mark")
def mark(step: Step, *, task_id: uuid.UUID, part: str, state: str | None = None, note: str = "") -> Answer:
    """Mark a part of what is under review, or take the mark back (no state)."""
    task = step.conn.execute(select(Task.__table__).where(Task.id == task_id)).mappings().first()
    if task is None:
        raise NotFound()
    if task["status"] != "open" or task["body_id"] is None or not access.may_work_on(step.actor, task):
        raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
    if state is not None and (state not in STATES or not part or len(part) > 100 or len(note) > 1000):
        raise DomainError("mark", "标记不正确。", "This mark is not known.", pointer="state")
    if state == "return" and not note.strip():
        raise DomainError("note", "请写明退回的理由和要求。", "Say what has to be changed.", pointer="note")
    if state is None:
        step.conn.execute(delete(ReviewMark).where(ReviewMark.task_id == task_id, ReviewMark.part == part))
    else:
        values = {"state": state, "note": note.strip(), "marked_by": step.actor.id, "marked_at": step.now}
        step.conn.execute(
            upsert(ReviewMark)
            .values(task_id=task_id, part=part, case_id=task["case_id"], **values)
            .on_conflict_do_update(index_elements=["task_id", "part"], set_=values)
        )
    return {"task_id": task_id, "part": part, "state": state}


def marks(conn: Connection, task_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The marks of a task by part; the caller has checked the task."""
    rows = conn.execute(select(ReviewMark.__table__).where(ReviewMark.task_id == task_id)).mappings()
    return {row["part"]: dict(row) for row in rows}


def marks_for(conn: Connection, actor: Actor, task_id: uuid.UUID) -> dict[str, dict[str, Any]]:
    """The same for somebody of the body whose task it is; raises NotFound."""
    task = worklist.task(conn, actor, task_id)
    if task["body_id"] not in actor.case_body_ids:
        raise NotFound()
    return marks(conn, task_id)


@command("template.save")
def save_template(step: Step, *, form: str, title: str, text: str) -> Answer:
    """Keep a wording for the opinions of one's body in a form; the same title again replaces it."""
    if not title.strip() or not text.strip() or len(title) > 100 or len(text) > 4000:
        raise DomainError("template", "请填写名称和内容。", "A template needs a title and a text.", pointer="title")
    bodies = writes_for(step.actor)
    if not bodies:
        raise Forbidden("您没有执行此操作的权限。", "You do not have the right to do this.")
    values = {"text": text.strip(), "created_by": step.actor.id, "created_at": step.now}
    made = step.conn.scalar(
        upsert(OpinionTemplate)
        .values(id=uuid7(), body_id=bodies[0], form=form, title=title.strip(), **values)
        .on_conflict_do_update(index_elements=["body_id", "form", "title"], set_=values)
        .returning(OpinionTemplate.id)
    )
    return {"template_id": made}


@command("template.drop")
def drop_template(step: Step, *, template_id: uuid.UUID) -> Answer:
    """Take a wording of one's body out."""
    done = step.conn.execute(
        delete(OpinionTemplate).where(
            OpinionTemplate.id == template_id, OpinionTemplate.body_id.in_(writes_for(step.actor))
        )
    )
    if done.rowcount != 1:
        raise NotFound()
    return {"template_id": template_id}


def templates(conn: Connection, actor: Actor, form: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """The wordings of the person's bodies (for one form)."""
    query = select(OpinionTemplate.__table__).where(OpinionTemplate.body_id.in_(writes_for(actor)))
    if form is not None:
        query = query.where(OpinionTemplate.form == form)
    rows = conn.execute(query.order_by(OpinionTemplate.form, OpinionTemplate.title).limit(limit))
    return [dict(row) for row in rows.mappings()]


def writes_for(actor: Actor) -> list[uuid.UUID]:
    """The bodies for which the person writes opinions."""
    roles = {"window", "reviewer", "head", "expert", "consulted"}
    return sorted({body for role, body in actor.roles if role in roles and body is not None})


def changes(form: FormDefinition, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two submissions of one form, datum by datum; rows are compared by their first column."""
    found: list[Change] = []
    for name, field in form.fields.items():
        if field.type != "table":
            if _said(before.get(name)) != _said(after.get(name)):
                found.append(Change(name, field.label, None, before.get(name), after.get(name)))
            continue
        old, new = _rows(before.get(name)), _rows(after.get(name))
        keys = _keys(old + new, field.columns[0].name)
        known = {_key(row, keys): row for row in old}
        for place, row in enumerate(new):
            earlier = known.pop(_key(row, keys), None)
            for column in field.columns:
                was = (earlier or {}).get(column.name)
                if _said(was) != _said(row.get(column.name)):
                    label = Words(f"{field.label.zh}：{column.label.zh}", f"{field.label.en}: {column.label.en}")
                    found.append(Change(f"{name}.{place}.{column.name}", label, place + 1, was, row.get(column.name)))
        for row in known.values():
            shown = " ".join(str(value) for value in row.values() if value not in (None, ""))
            found.append(Change(name, field.label, None, shown, None))
    return found


def _keys(rows: list[dict[str, Any]], first: str) -> list[str]:
    """What tells rows apart: the first column, with the second one when the first repeats (outlet and factor)."""
    values = [row.get(first) for row in rows]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    second = [name for name in columns if name != first][:1]
    return [first] if len(set(map(str, values))) * 2 > len(values) or not second else [first, *second]


def _key(row: Mapping[str, Any], keys: list[str]) -> tuple[str, ...]:
    return tuple(str(row.get(key) or "") for key in keys)


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _said(value: Any) -> str:
    return "" if value is None else str(value)
