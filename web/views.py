"""Documents for the API and the pages, put together from queries of the runtime."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping

import forms
from forms import progress
from registers import obligations, parties
from registers.accounts import Actor
from workflows import (
    access,
    casefile,
    casenotes,
    compiling,
    events,
    formdata,
    letters,
    matters,
    notices,
    objections,
    openness,
    separate,
    signatures,
    worklist,
)
from workflows.commands import to_json
from workflows.runtime import Runtime


def plain(value: Any) -> Any:
    """The value as JSON can carry it."""
    return json.loads(to_json(value))


def case_document(conn: Connection, rt: Runtime, actor: Actor, case_id: uuid.UUID) -> dict[str, Any]:
    """A case with everything that hangs on it."""
    case = dict(access.visible_case(conn, actor, case_id))
    case.pop("event_hash")
    enterprise = parties.enterprise(conn, case["enterprise_id"]) if case["enterprise_id"] else None
    away = separate.hidden(conn, actor, case_id)
    compiled = compiled_of(conn, rt, case["definition_id"])
    document = {
        **case,
        "enterprise": enterprise,
        "tasks": [
            {**task, "mine": task["status"] == "open" and access.may_work_on(actor, task)}
            for task in worklist.tasks_of_case(conn, case_id)
            if task["matter"] not in away
        ],
        "matters": [matter_document(clock) for clock in clocks(conn, rt, case_id, away)],
        "elsewhere": separate.elsewhere(conn, case_id, away),
        "letters": letters_of(conn, away, case_id),
        "notices": notices.of_case(conn, case_id),
        "comments": notices.comments(conn, case_id),
        "submissions": [
            {**one, "data": separate.own_data(compiled, away, compiled.form_of(one["element"]), one["data"])}
            for one in casefile.submissions(conn, case_id)
            if not separate.is_hidden(compiled, away, one["element"])
        ],
        "permits": casefile.permits(conn, case_id),
        "obligations": obligations.of_case(conn, case_id),
        "incidents": casefile.incidents(conn, case_id),
        "objections": objections.of_case(conn, case_id),
        "signatures": [
            one for one in signatures.of_case(conn, case_id) if not separate.is_hidden(compiled, away, one["element"])
        ],
    }
    result: dict[str, Any] = plain(document)
    return result


def clocks(
    conn: Connection, rt: Runtime, case_id: uuid.UUID, away: frozenset[str] = frozenset()
) -> list[matters.MatterClock]:
    """The matters of a case with their clocks as of today, without those that are another body's alone."""
    found = matters.readings(conn, rt.reference.get(conn), case_id, rt.time.today())
    return [clock for clock in found if clock.matter["kind"] not in away]


def letters_of(conn: Connection, away: frozenset[str], case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The letters of a case that may be read."""
    return [one for one in letters.of_case(conn, case_id) if separate.shows_letter(away, one)]


def history(conn: Connection, rt: Runtime, actor: Actor, case: Mapping[str, Any] | RowMapping) -> list[dict[str, Any]]:
    """The lines of a case's record that this person may read; the caller has checked the case."""
    away = separate.hidden(conn, actor, case["id"])
    compiled = compiled_of(conn, rt, case["definition_id"])
    return separate.own_events(compiled, away, events.history(conn, case["id"]))


def notes(conn: Connection, rt: Runtime, actor: Actor, case: Mapping[str, Any] | RowMapping) -> list[dict[str, Any]]:
    """The notes of a case that this person may read; the caller has checked the case."""
    found = casenotes.of_case(conn, actor, case)
    away = separate.hidden(conn, actor, case["id"])
    if not away:
        return found
    submissions = {row["id"]: row for row in casefile.submissions(conn, case["id"])}
    return separate.own_notes(compiled_of(conn, rt, case["definition_id"]), away, submissions, found)


def matter_document(clock: matters.MatterClock) -> dict[str, Any]:
    """A matter with its clock as plain data."""
    document: dict[str, Any] = {key: value for key, value in clock.matter.items() if key != "case_id"}
    if clock.reading is not None and clock.rule is not None:
        reading = clock.reading
        document["clock"] = {
            "limit": clock.rule.limit,
            "unit": clock.rule.unit,
            "basis": {"zh": clock.rule.basis_zh, "en": clock.rule.basis_en},
            "state": reading.state,
            "started": reading.started,
            "due": reading.due,
            "statutory_due": reading.statutory_due,
            "promised_due": reading.promised_due,
            "used": reading.used,
            "paused": reading.paused,
            "remaining": reading.remaining,
            "provisional": reading.provisional,
            "derivation": [{"on": line.on, "zh": line.zh, "en": line.en} for line in reading.derivation],
        }
    return document


def task_document(conn: Connection, rt: Runtime, actor: Actor, task_id: uuid.UUID) -> dict[str, Any]:
    """A task with its form, the data it starts from, and what has been submitted before it."""
    task = worklist.task(conn, actor, task_id)
    shown = formdata.for_display(conn, rt, task)
    result: dict[str, Any] = plain(
        {
            **{key: value for key, value in task.items() if key != "definition_id"},
            "may_work": task["status"] == "open" and access.may_work_on(actor, task),
            "form_id": shown.form.id,
            "schema": forms.json_schema(shown.form),
            "data": shown.data,
            "draft_revision": shown.revision,
            "draft_saved_at": shown.saved_at,
            "progress": [part_document(part) for part in formdata.parts(conn, shown)],
            "open_sections": sorted(shown.open_sections) if shown.open_sections is not None else None,
            "context": separate.own_variables(
                compiled_of(conn, rt, task["definition_id"]),
                separate.hidden(conn, actor, task["case_id"]),
                shown.context,
            ),
        }
    )
    return result


def part_document(part: progress.Part) -> dict[str, Any]:
    """A section of a form as it stands: its state, and what is wrong or missing with the place of each."""
    return {
        "section": part.section.id,
        "state": part.state,
        "answered": part.answered,
        "asked": part.asked,
        "why": {"zh": part.why.zh, "en": part.why.en} if part.why else None,
        "wrong": [vars(error) for error in part.wrong],
        "missing": [vars(error) for error in part.missing],
    }


PUBLIC_NOTICE = ("id", "kind", "title", "content", "from_on", "until_on", "open")
# How to reach the body that publishes: an office's telephone is meant to be read.
BODY_CONTACTS = ("联系电话", "通讯地址", "反馈意见的方式")
PUBLIC_COMMENT = ("author", "comment", "at", "answer", "answered_at")
PUBLIC_LETTER = ("id", "kind", "title", "number", "issued_at", "sha256")


def public_notice(conn: Connection, notice: dict[str, Any]) -> dict[str, Any]:
    """Only what a notice makes public; with the decision, its full text as letters to download."""
    decisions = letters.published(conn, notice["case_id"]) if notice["kind"] in notices.OF_DECISIONS else []
    result: dict[str, Any] = plain({key: notice[key] for key in PUBLIC_NOTICE})
    result["title"] = openness.masked(result["title"])
    result["content"] = {
        name: openness.masked(value) if isinstance(value, str) and name not in BODY_CONTACTS else value
        for name, value in result["content"].items()
    }
    said = notices.answered(conn, notice["id"])
    result["comments"] = plain([public_comment(one) for one in said])
    result["letters"] = plain([{key: letter[key] for key in PUBLIC_LETTER} for letter in decisions])
    return result


def public_comment(comment: dict[str, Any]) -> dict[str, Any]:
    """A comment that was answered: what was said and answered, by whom only in its first character."""
    shown = {key: comment[key] for key in PUBLIC_COMMENT}
    return {
        **shown,
        "author": openness.masked_name(shown["author"]),
        "comment": openness.masked(shown["comment"]),
        "answer": openness.masked(shown["answer"]),
    }


def compiled_of(conn: Connection, rt: Runtime, definition_id: uuid.UUID) -> compiling.Compiled:
    """The compiled definition of a case."""
    return compiling.compiled(rt, conn, definition_id)
