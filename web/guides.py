"""The guide of a procedure (办事指南), read from the model, its forms, its limits and its letters; nothing is written twice.

Who applies, the basis and what it costs stand in the settings of the procedure. All else is looked up: the deciding
body, limits of law beside the promised ones, what stops a clock, materials from the forms an applicant fills in, steps
from the tasks, results from the letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from forms.definition import Field, FormDefinition
from registers import parties
from registers.errors import DomainError, NotFound
from registers.laws import cite
from registers.limits import LimitRule, pause_text, start_text
from registers.parties import BodyRef
from web import words
from web.i18n import language, model_name, pick
from workflows import lettering
from workflows.compiling import Compiled
from workflows.engine import Element
from workflows.reference import Reference
from workflows.runtime import Runtime

APPLICANTS = frozenset({"preparer", "legal_representative"})
SCENARIOS = "scenarios.json"


def of(conn: Connection, rt: Runtime, compiled: Compiled) -> dict[str, Any]:
    """Everything the guide says, in the reader's language."""
    reference, given = rt.reference.get(conn), compiled.settings.get("guide", {})
    today = rt.time.today()
    body = _body(conn, rt, compiled)
    rules = [reference.rule(conn, code, today, body.code if body else None) for code in given.get("limits", ())]
    return {
        "who": _said(given.get("who")),
        "conditions": _said(given.get("conditions")),
        "body": body,
        "body_name": words.in_language((body.name_zh, body.name_en)) if body else "",
        "steps_told": _said(given.get("steps")),
        "fee": _said(given.get("fee")),
        "result": _said(given.get("result")),
        "basis": [words.in_language(cite(code)) for code in given.get("basis", ())],
        "limits": [_limit(rule) for rule in rules],
        "special": _special(rules),
        "materials": list(_materials(compiled)),
        "steps": [_step(conn, reference, rt, compiled, element) for element in _tasks(compiled)],
        "letters": _letters(compiled),
    }


def sample(compiled: Compiled, files: dict[str, bytes], form_id: str) -> tuple[FormDefinition, dict[str, Any]]:
    """A form as one of the procedure's own scenarios fills it in; raises NotFound."""
    form = compiled.forms.get(form_id)
    if form is None or form_id not in {one["form"] for one in _materials(compiled)}:
        raise NotFound()
    scenarios = json.loads(files.get(SCENARIOS, b'{"scenarios": []}'))["scenarios"]
    elements = {key for key, one in compiled.model.elements.items() if one.properties.get("form") == form_id}
    if compiled.settings.get("start_form") == form_id:
        found = [scenario["start"] for scenario in scenarios if scenario.get("start")]
    else:
        found = [
            step["submit"]
            for scenario in scenarios
            for step in scenario.get("steps", ())
            if step.get("task") in elements and step.get("submit")
        ]
    if not found:
        raise NotFound()
    # The scenario that fills in most shows most; its files are only named there.
    data = max(found, key=lambda one: len(json.dumps(one)))
    return form, {name: value for name, value in data.items() if "file:" not in json.dumps(value)}


def letter_sample(compiled: Compiled, files: dict[str, bytes], name: str) -> tuple[str, bytes]:
    """A letter of this procedure with the names of what will stand in it; raises NotFound."""
    if name not in compiled.settings.get("letters", ()):
        raise NotFound()
    return pick(compiled.letter(name).title), lettering.sample(files, name)


def _body(conn: Connection, rt: Runtime, compiled: Compiled) -> BodyRef | None:
    matter = compiled.settings.get("lead_matter")
    try:
        return parties.deciding_body(conn, matter, None, rt.time.today()) if matter else None
    except DomainError:
        # No body holds the power yet: the guide is readable all the same.
        return None


def _limit(rule: LimitRule) -> dict[str, str]:
    return {
        "title": pick(rule.title),
        "statutory": words.limit_text(rule),
        "promised": words.promised_text(rule) if rule.promised is not None else "",
        "starts": words.in_language(start_text(rule.start_fact)),
        "basis": words.in_language((rule.basis_zh, rule.basis_en)),
    }


def _special(rules: Iterable[LimitRule]) -> list[dict[str, Any]]:
    """What stops a clock, each with the limits it stops and its basis: the days of such a procedure are not counted."""
    found: dict[str, dict[str, Any]] = {}
    for rule in rules:
        for kind in sorted(rule.pauses):
            line = found.setdefault(
                kind,
                {
                    "title": words.in_language(pause_text(kind)),
                    "limits": [],
                    "basis": words.in_language((rule.pause_basis_zh, rule.pause_basis_en)),
                },
            )
            line["limits"].append(pick(rule.title))
    return list(found.values())


def _materials(compiled: Compiled) -> Iterable[dict[str, Any]]:
    """What an applicant hands in: each form, and each file it asks for."""
    seen: set[str] = set()
    named = [compiled.settings.get("start_form")]
    named += [one.properties.get("form") for one in _tasks(compiled) if compiled.role_of(one) in APPLICANTS]
    for name in named:
        form = compiled.forms.get(name or "")
        if form is None or form.id in seen:
            continue
        seen.add(form.id)
        yield {"form": form.id, "title": pick(form.title), "online": True, "required": True, "note": "", "basis": ""}
        for section in form.sections:
            for field in section.fields:
                if field.type == "file":
                    yield _file(form, field)


def _file(form: FormDefinition, field: Field) -> dict[str, Any]:
    return {
        "form": form.id,
        "title": pick(field.label),
        "online": False,
        "required": field.required,
        "note": pick(field.help),
        "formats": "、".join(field.accept) if language() == "zh" else ", ".join(field.accept),
        "basis": pick(field.citation),
    }


def _tasks(compiled: Compiled) -> list[Element]:
    return [element for element in compiled.model.elements.values() if element.type == "userTask"]


def _step(conn: Connection, reference: Reference, rt: Runtime, compiled: Compiled, element: Element) -> dict[str, str]:
    code = element.properties.get("limitRule")
    rule = reference.rule(conn, code, rt.time.today()) if code else None
    return {
        "name": model_name(element.name),
        "role": words.role_name(compiled.role_of(element)),
        "limit": words.limit_text(rule) if rule else "—",
        "basis": element.properties.get("legalBasis")
        or (words.in_language((rule.basis_zh, rule.basis_en)) if rule else ""),
    }


def _letters(compiled: Compiled) -> list[dict[str, str]]:
    return [
        {"name": name, "title": pick(compiled.letter(name).title), "basis": compiled.letter(name).basis}
        for name in compiled.settings.get("letters", ())
    ]


def _said(value: Any) -> list[str]:
    """A text or a list of texts in the reader's language, always as a list."""
    said = value.get(language(), value.get("zh")) if isinstance(value, dict) else value
    return [said] if isinstance(said, str) else list(said or ())
