"""What the pages of the workbench know of a draft: its steps, lanes, values that later steps can use, letters, limits.

Everything comes from the files of the version and the registers of the installation; nothing is typed that can be chosen.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import send_file
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from forms import letters
from forms.definition import Field, FormDefinition
from handlers import registry
from registers import limits
from registers.errors import DomainError
from registers.parties import ROLES
from web import words
from web.context import actor
from web.i18n import gettext, language, model_name, pick
from workflows import access, authoring, definitions, matters, structure, versionfiles
from workflows.bpmn import Node
from workflows.letters import DOCX


@dataclass(frozen=True)
class Draft:
    """A version opened at the workbench."""

    row: dict[str, Any]
    files: dict[str, bytes]

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings."""
        found: dict[str, Any] = json.loads(self.files[versionfiles.SETTINGS])
        return found

    @property
    def editable(self) -> bool:
        """Whether it is a draft."""
        return bool(self.row["status"] == "draft")


def opened(conn: Connection, definition_id: uuid.UUID) -> Draft:
    """A version for a person who may edit models; raises Forbidden, NotFound."""
    access.require(actor(), "definition.edit")
    return Draft(definitions.row(conn, definition_id), definitions.files_of(conn, definition_id))


def option(value: str, title: str) -> dict[str, str]:
    """A choice as the pages show it: its name, and the technical name behind it."""
    if not title or title == value:
        return {"value": value, "title": title or value}
    return {"value": value, "title": f"{title}（{value}）" if language() == "zh" else f"{title} ({value})"}


def nodes(files: Mapping[str, bytes]) -> list[Node]:
    """All steps of all processes, as far as the models can be read."""
    source = structure.read(versionfiles.model_files(dict(files)))
    return [node for process in source.processes.values() for _, node in process.walk()]


def lanes(files: Mapping[str, bytes]) -> list[str]:
    """The names of the lanes that steps stand in."""
    return sorted({node.lane for node in nodes(files) if node.lane})


def user_tasks(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The tasks of people: id and name."""
    return [(node.id, model_name(node.name) or node.id) for node in nodes(files) if node.tag == "userTask"]


def processes(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The processes: id and name."""
    source = structure.read(versionfiles.model_files(dict(files)))
    return [(process.id, process.name or process.id) for process in source.processes.values()]


def places(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The values that steps leave behind, as expressions call them: `application.project_name` with its title and choices."""
    own_forms = versionfiles.forms_of(dict(files))
    source = structure.read(versionfiles.model_files(dict(files)))
    found: dict[str, dict[str, Any]] = {}
    for process in source.processes.values():
        for _, node in process.walk():
            for place in _left_by(node, own_forms, source):
                found.setdefault(place["value"], place)
    return sorted(found.values(), key=lambda place: str(place["value"]))


def _left_by(node: Node, own_forms: Mapping[str, FormDefinition], source: structure.Source) -> Iterator[dict[str, Any]]:
    name = model_name(node.name) or node.id
    variable = node.result or node.properties.get("result") or node.id
    form = own_forms.get(node.properties.get("form", ""))
    if node.tag == "userTask" and form is not None:
        for field in form.fields.values():
            yield _place(f"{variable}.{field.name}", f"{name} · {pick(field.label)}", field)
    elif node.decision and node.decision in source.decisions:
        for column in source.decisions[node.decision].outputs:
            yield _place(f"{variable}.{column.name}", f"{name} · {column.name}")
    elif node.operator and node.result:
        info = registry.info().get(node.operator)
        for output in sorted(info.outputs) if info else ():
            yield _place(f"{variable}.{output}", f"{name} · {output}")


def _place(value: str, title: str, field: Field | None = None) -> dict[str, Any]:
    choices = [{"value": one.value, "title": pick(one.label)} for one in field.choices] if field else []
    return {"value": value, "title": title, "type": field.type if field else "", "choices": choices}


def matter_options() -> list[tuple[str, str]]:
    """The matters a procedure can be about."""
    return [(kind, words.in_language(titles)) for kind, titles in matters.MATTER_TITLES.items()]


def starter_options() -> list[tuple[str, str]]:
    """The roles that can begin a case."""
    return [(role, words.role_name(role)) for role in authoring.STARTERS]


def role_options() -> list[tuple[str, str]]:
    """All roles."""
    return [(role, words.role_name(role)) for role in ROLES]


def letter_kinds(files: Mapping[str, bytes]) -> dict[str, letters.About]:
    """The letters a version can make: its own kinds and those of the installation."""
    return {name: letters.about(name) for name in letters.names()} | versionfiles.letter_kinds(files)


def letter_options(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The same by title."""
    return sorted(((name, pick(one.title)) for name, one in letter_kinds(files).items()), key=lambda item: item[1])


def limit_options(conn: Connection, on: Any) -> list[dict[str, str]]:
    """The limits with title, length and code."""
    found = []
    for code in sorted(limits.codes(conn)):
        try:
            rule = limits.rule(conn, code, on)
        except DomainError:  # one that begins later, or has ended
            continue
        found.append(option(code, f"{pick(rule.title)} · {words.limit_text(rule)}"))
    return found


def letter_places(files: Mapping[str, bytes], chosen: list[str]) -> list[tuple[str, str, bool]]:
    """The placeholders of the chosen letters that a place in the variables can fill: name, title, must it be there."""
    found: dict[str, tuple[str, str, bool]] = {}
    known = letter_kinds(files)
    for name in chosen:
        for key, spec in known[name].placeholders.items():
            # What fills the tables of a common letter is the affair of the step that makes it.
            if spec.type != "rows" or letters.find(name) is None:
                found[key] = (key, pick(spec.label), not spec.optional or found.get(key, ("", "", False))[2])
    return sorted(found.values())


def variable_types() -> list[tuple[str, str]]:
    """The types of variables in words."""
    return [
        ("object", gettext("对象（一次填报或者一项结果）")),
        ("list", gettext("列表")),
        ("text", gettext("文字")),
        ("number", gettext("数字")),
        ("boolean", gettext("是否")),
        ("date", gettext("日期")),
    ]


def as_file(name: str, content: bytes) -> Response:
    """A file of a version as a download."""
    short = name.rsplit("/", 1)[-1]
    kind = DOCX if short.endswith(".docx") else "application/octet-stream"
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=short, max_age=0)
