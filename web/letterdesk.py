"""What the pages of letters, limits and roles of a version show."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import send_file
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from forms import letters as templates
from registers import limits
from registers.errors import DomainError, NotFound
from web import words, workbench
from web.context import actor, reading, runtime
from web.i18n import model_name, pick
from workflows import lettering, limitwork, staffing, versionfiles, worklist
from workflows.bpmn import Node
from workflows.checks_context import literal_text

CASES = 30


@dataclass(frozen=True)
class ShownLetter:
    """A letter of a version: its title, where it is made, whether the version has a template of its own."""

    name: str
    title: str
    basis: str
    steps: list[str]
    own: bool
    kind: bool  # the kind itself is the version's own, not only its template
    unknown: int


def letters_of(draft: workbench.Draft) -> list[ShownLetter]:
    """The letters that the settings list, that steps make, or that the version has templates for."""
    made: dict[str, list[str]] = {}
    for node in workbench.nodes(draft.files):
        name = literal_text(node.parameters.get("letter", "")) or node.properties.get("letter")
        if name and (node.operator or "").startswith("letter."):
            made.setdefault(name, []).append(model_name(node.name) or node.id)
    own = lettering.own_names(draft.files)
    known = workbench.letter_kinds(draft.files)
    kinds = versionfiles.letter_kinds(draft.files)
    named = sorted({*draft.settings.get("letters", ()), *made, *own, *kinds} & known.keys())
    return [
        ShownLetter(
            name,
            pick(known[name].title),
            known[name].basis,
            made.get(name, []),
            name in own,
            name in kinds,
            len(lettering.unknown_in(draft.files, name)),
        )
        for name in named
    ]


def cases(conn: Connection, procedure: str) -> list[dict[str, Any]]:
    """Cases of the procedure that this person may see, to look at a letter with."""
    rows = worklist.cases(conn, actor(), status=None, search="", limit=CASES, offset=0, procedure=procedure)
    return [{"id": row["id"], "number": row["number"], "title": row["title"]} for row in rows.rows]


def preview(definition_id: uuid.UUID, name: str, form: str, case_id: uuid.UUID | None) -> Response:
    """The letter as a download; PDF only where LibreOffice is."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        about = lettering.of_letter(draft.files, name)
        document = lettering.preview(runtime(), conn, actor(), draft.files, name, case_id)
    if form == "docx":
        return workbench.as_file(f"{pick(about.title)}.docx", document)
    converted = templates.to_pdf(document)
    if converted is None:
        raise NotFound("本机没有LibreOffice，不能转换为PDF。", "There is no LibreOffice here to make a PDF.")
    title = f"{pick(about.title)}.pdf"
    answer = send_file(io.BytesIO(converted), mimetype="application/pdf", as_attachment=True, download_name=title)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def limits_of(conn: Connection, draft: workbench.Draft, on: date) -> list[dict[str, Any]]:
    """The limits that steps of the version use, each with its versions and what is proposed."""
    used: dict[str, list[str]] = {}
    for node in workbench.nodes(draft.files):
        for code in _codes_of(node):
            used.setdefault(code, []).append(model_name(node.name) or node.id)
    proposed = limitwork.proposals(conn)
    known = limits.codes(conn)
    return [
        {
            "code": code,
            "steps": steps,
            "rule": _rule(conn, code, on) if code in known else None,
            "versions": (stored := limitwork.versions(conn, code)),
            "next": next((row for row in reversed(stored) if row["valid_from"] > on), None),
            "proposed": [row for row in proposed if row["code"] == code and row["status"] == "proposed"],
        }
        for code, steps in sorted(used.items())
    ]


def _rule(conn: Connection, code: str, on: date) -> limits.LimitRule | None:
    try:
        return limits.rule(conn, code, on)
    except DomainError:
        return None


def _codes_of(node: Node) -> set[str]:
    named = {node.properties.get("limitRule"), literal_text(node.parameters.get("limit_rule", ""))}
    return {code for code in named if code}


def roles_of(conn: Connection, draft: workbench.Draft, on: date) -> list[dict[str, Any]]:
    """The roles of the version: the steps they do, the bodies that have people for them."""
    lanes: Mapping[str, str] = draft.settings.get("lanes", {})
    steps: dict[str, list[str]] = {}
    for node in workbench.nodes(draft.files):
        if node.tag in ("userTask", "manualTask"):
            role = node.properties.get("role") or lanes.get(node.lane or "", "")
            steps.setdefault(role, []).append(model_name(node.name) or node.id)
    staff = staffing.of_roles(conn, [role for role in steps if role], on)
    return [
        {
            "role": role,
            "title": words.role_name(role),
            "steps": named,
            "staff": [one for one in staff if one.role == role],
        }
        for role, named in sorted(steps.items())
    ]
