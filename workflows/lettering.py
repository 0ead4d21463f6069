"""Word templates that a version brings along: checked when they come, read with their placeholders, looked at with a case.

A template takes the place of the installation's template of that letter, for this version only. Placeholders are those of the letter;
an unknown one is refused with its name and place. A preview is filled from a case the person may see and stored nowhere.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from forms import letters as templates
from forms.letters import reading
from forms.letters.catalogue import About, Placeholder
from registers.accounts import Actor
from registers.errors import DomainError, NotFound
from workflows import access, authoring, definitions, drafting, letters, separate
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.runtime import Runtime

LISTED = 2  # rows a preview shows where a case has none


@dataclass(frozen=True)
class Line:
    """A placeholder of a letter: is it in the template, and must there be a value?"""

    name: str
    spec: Placeholder
    places: tuple[reading.Found, ...]


@command("definition.save_letter")
def save_letter(step: Step, *, definition_id: uuid.UUID, name: str, content: bytes, expected: str) -> Answer:
    """Keep a Word template for a letter in a draft; unknown placeholders are refused with name and place."""
    access.require(step.actor, "definition.edit")
    about = templates.about(name)
    wrong = reading.unknown(content, about)
    if wrong:
        zh = "；".join(f"{one.token}（{one.zh}）" for one in wrong[:10])
        en = "; ".join(f"{one.token} ({one.en})" for one in wrong[:10])
        raise DomainError(
            "letter_template",
            f"模板使用了这份文书没有的占位符：{zh}。请改用下表中的名称后重新上传。",
            f"The template uses placeholders this letter does not have: {en}. Use the names of the table and upload it again.",
            pointer="file",
            errors=[{"token": one.token, "zh": one.zh, "en": one.en} for one in wrong],
        )
    digest = drafting.keep(step, definition_id, file_of(name), content, expected)
    settings = json.loads(definitions.files_of(step.conn, definition_id)[definitions.SETTINGS])
    if name not in settings.get("letters", []):
        settings["letters"] = sorted({*settings.get("letters", []), name})
        digest = drafting.keep(step, definition_id, definitions.SETTINGS, authoring.as_bytes(settings), digest)
    return {"id": definition_id, "sha256": digest}


def file_of(name: str) -> str:
    """Where a version keeps the template of a letter."""
    return f"letters/{name}.docx"


def template_of(files: dict[str, bytes], name: str) -> bytes:
    """The template that is used for a letter in these files: the version's own, else the installation's."""
    return definitions.letters_of(files).get(name) or templates.template_bytes(name)


def own_names(files: dict[str, bytes]) -> frozenset[str]:
    """The letters these files have a template of their own for."""
    return frozenset(definitions.letters_of(files))


def unknown_in(files: dict[str, bytes], name: str) -> list[reading.Found]:
    """What in the template of a letter is no placeholder of it; the installation's own are checked by its tests."""
    own = definitions.letters_of(files).get(name)
    return reading.unknown(own, templates.about(name)) if own else []


def lines(files: dict[str, bytes], name: str) -> list[Line]:
    """Every placeholder the letter has, those that stand in the template first."""
    found = reading.placeholders(template_of(files, name))
    made = [
        Line(key, spec, tuple(one for one in found if one.name == key))
        for key, spec in templates.about(name).placeholders.items()
    ]
    return sorted(made, key=lambda line: (not line.places, line.spec.optional, line.name))


def preview(
    rt: Runtime, conn: Connection, actor: Actor, files: dict[str, bytes], name: str, case_id: uuid.UUID | None
) -> bytes:
    """The letter filled from a case (as it was issued there, else with what the case knows), or with names of the placeholders."""
    about = templates.about(name)
    known = {} if case_id is None else _of_case(rt, conn, actor, name, case_id)
    values = {key: known.get(key) or _stand_in(spec) for key, spec in about.placeholders.items()}
    return templates.render(name, values, template_of(files, name))


def _of_case(rt: Runtime, conn: Connection, actor: Actor, name: str, case_id: uuid.UUID) -> dict[str, Any]:
    access.visible_case(conn, actor, case_id)
    away = separate.hidden(conn, actor, case_id)
    made = [one for one in letters.of_case(conn, case_id) if one["kind"] == name and separate.shows_letter(away, one)]
    if made:
        return dict(made[-1]["content_values"])
    step = Step(rt, conn, actor, "letter.preview", rt.time.now(), rt.time.today())
    run = CaseRun.lock(step, case_id, closed_too=True)
    return letters.foreseen(run, name)


def _stand_in(spec: Placeholder) -> Any:
    """What stands where a value is not known: its name in brackets."""
    if spec.type == "rows":
        return [{key: f"〔{column.label['zh']}〕" for key, column in spec.columns.items()} for _ in range(LISTED)]
    return f"〔{spec.label['zh']}〕"


def of_letter(name: str) -> About:
    """A letter by name; raises NotFound."""
    if name not in templates.names():
        raise NotFound("没有这种文书。", "There is no such letter.")
    return templates.about(name)
