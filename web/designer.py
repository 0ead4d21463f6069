"""What the editors of models and decision tables get: what can be chosen, what the check finds, and every word they say.

Nobody types a technical name that could be chosen: forms, roles, limits, laws, handlers with their inputs, letters, notices, matters
and the values earlier steps leave behind all come from the registers and from the version itself.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from marshmallow import fields
from sqlalchemy import Connection

from handlers import registry
from registers import laws
from registers.parties import ROLES
from web import designerwords, words, workbench
from web.context import runtime
from web.i18n import gettext, language, pick
from web.workbench import Draft, option
from workflows import matters, services, versionchecks, versionfiles, xmlsafe

PARTS = ("lead", "eia", "permit", "waste", "consulted")  # under what a body takes part in a case
_TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.Boolean, "boolean"),
    (fields.Integer, "number"),
    (fields.Decimal, "number"),
    (fields.Date, "date"),
    (fields.String, "text"),
    (fields.List, "list"),
    (fields.Dict, "object"),
    (fields.Nested, "object"),
)


def payload(conn: Connection, draft: Draft, name: str, csrf: str) -> dict[str, Any]:
    """What the editor gets: the model, what may be chosen, what the check finds, where to save, what to say."""
    return {
        **_common(conn, draft, name, csrf),
        "choices": {**choices(conn, draft.files), "limitPage": url_for("pages.limits"), "file": name},
        "said": designerwords.editor(),
        "version": f"/api/v1/definitions/{draft.row['id']}",
        "away": url_for("pages.draft_history", definition_id=draft.row["id"]),
        "lint": designerwords.lint(),
    }


def table_payload(conn: Connection, draft: Draft, name: str, csrf: str) -> dict[str, Any]:
    """What the editor of decision tables gets."""
    return {
        **_common(conn, draft, name, csrf),
        "editable": draft.editable,
        "check": "/api/v1/tables/check",
        "places": workbench.places(draft.files),
        "said": designerwords.tables(),
    }


def _common(conn: Connection, draft: Draft, name: str, csrf: str) -> dict[str, Any]:
    return {
        "name": name,
        "xml": draft.files[name].decode(),
        "sha": draft.row["sha256"],
        "save": f"/api/v1/definitions/{draft.row['id']}/files",
        "csrf": csrf,
        "findings": [vars(finding) for finding in versionchecks.check(conn, draft.files)],
    }


def choices(conn: Connection, files: dict[str, bytes]) -> dict[str, Any]:
    """Forms, roles, limits, laws, handlers with their inputs, decisions, called processes, letters, notices, values."""
    own = versionfiles.forms_of(files)
    return {
        "forms": [option(name, pick(form.title)) for name, form in sorted(own.items())],
        "roles": [option(role, words.role_name(role)) for role in ROLES],
        "limits": workbench.limit_options(conn, runtime().time.today()),
        "laws": sorted(f"《{law.zh}》" for law in laws.laws().values()),
        "operators": _operators(),
        "decisions": [option(*found) for found in _named(files, ".dmn", "decision")],
        "processes": [option(*found) for found in _named(files, ".bpmn", "process")],
        "letters": [option(name, title) for name, title in workbench.letter_options(files)],
        "notices": [option(name, words.notice_name(name)) for name in sorted(services.NOTICE_KINDS)],
        "matters": [option(kind, words.in_language(titles)) for kind, titles in matters.MATTER_TITLES.items()],
        "tasks": [option(*task) for task in workbench.user_tasks(files)],
        "milestones": sorted(
            {node.properties["milestone"] for node in workbench.nodes(files) if node.properties.get("milestone")}
        ),
        "places": workbench.places(files),
        "parts": [option(part, "") for part in PARTS],
    }


def _operators() -> list[dict[str, Any]]:
    """Rules and case services by name, with what they take, what they are for, and their legal basis."""
    rules = [
        {
            **option(name, pick(item.title)),
            "group": gettext("规则"),
            "inputs": _inputs(name, item.inputs, item.required),
            "outputs": sorted(item.outputs),
            "basis": item.basis,
            "about": item.doc if language() == "en" else "",
        }
        for name, item in sorted(registry.info().items())
    ]
    own = [
        {
            **option(name, pick(item.title)),
            "group": gettext("案件服务"),
            "inputs": _inputs(name, item.inputs, item.required),
            "outputs": [],
            "basis": "",
            "about": "",
        }
        for name, item in sorted(services.info().items())
    ]
    return own + rules


def _inputs(operator: str, takes: frozenset[str], needs: frozenset[str]) -> list[dict[str, Any]]:
    """The inputs, needed ones first: the kind of value, and the list it is chosen from where there is one."""
    schema = registry.get(operator).inputs.fields if operator in registry.info() else {}
    lists = {"limit_rule": "limits", "letter": "letters", "matter": "matters", "body": "parts"}
    lists |= {"kind": "notices"} if operator.startswith("notice.") else {}
    lists |= {"kind": "matters"} if operator == "matter.open" else {}
    return [
        {
            "name": name,
            "title": designerwords.input_name(name),
            "required": name in needs,
            "kind": next((word for kind, word in _TYPES if isinstance(schema.get(name), kind)), ""),
            "list": lists.get(name),
        }
        for name in sorted(takes, key=lambda name: (name not in needs, name))
    ]


def _named(files: dict[str, bytes], ending: str, tag: str) -> list[tuple[str, str]]:
    found = []
    for name, content in sorted(files.items()):
        if name.endswith(ending):
            try:
                root = xmlsafe.parse(content)
            except xmlsafe.XmlRefused:
                continue
            found += [(node.get("id", ""), node.get("name", "")) for node in root.iter("{*}" + tag)]
    return found
