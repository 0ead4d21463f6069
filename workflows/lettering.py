"""Letters that a version brings along: Word templates and kinds of its own, checked when they come, looked at with a case.

A template takes the place of the installation's template of that letter, for this version only. Placeholders are those of the letter;
an unknown one is refused with its name and place. A new kind of letter is a title, a pattern of numbers and placeholders (`save_kind`);
it begins with a template made for it. A preview is filled from a case the person may see and stored nowhere.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from forms import letters as templates
from forms.letters import own, reading
from forms.letters.catalogue import About, Placeholder
from registers.accounts import Actor
from registers.errors import Conflict, DomainError, NotFound
from workflows import access, authoring, definitions, drafting, letters, separate, structure, versionfiles
from workflows.caserun import CaseRun
from workflows.checks_context import literal_text
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
    files = definitions.files_of(step.conn, definition_id)
    _refuse_unknown(content, of_letter(files, name))
    digest = drafting.keep(step, definition_id, file_of(name), content, expected)
    return {"id": definition_id, "sha256": _listed(step, definition_id, name, digest)}


@command("definition.save_letter_kind")
def save_kind(step: Step, *, definition_id: uuid.UUID, name: str, facts: dict[str, Any], expected: str) -> Answer:
    """Make or change a kind of letter that only this version has; a new one gets a Word template to begin with.

    A placeholder that the template still uses cannot be taken away: the place is named, so that the template is changed first.
    """
    access.require(step.actor, "definition.edit")
    files = definitions.files_of(step.conn, definition_id)
    procedure = definitions.row(step.conn, definition_id)["procedure"]
    kept = own.checked(name, facts)
    about = own.described(name, kept, procedure)
    others = {key: kind for key, kind in versionfiles.letter_kinds(files).items() if key != name}
    if about.own_number and about.own_number in {kind.own_number for kind in others.values()}:
        raise DomainError(
            "letter_kind",
            "本版本的另一种文书已使用这种编号，请换用别的字样。",
            "Another kind of letter of this version is numbered like this; choose other words.",
            pointer="number",
        )
    template = versionfiles.letters_of(files).get(name)
    if template is not None:
        _refuse_unknown(template, about)
    digest = drafting.keep(step, definition_id, kind_file(name), own.written(kept), expected)
    if template is None:
        digest = drafting.keep(step, definition_id, file_of(name), own.first_template(about), digest)
    return {"id": definition_id, "name": name, "sha256": _listed(step, definition_id, name, digest)}


@command("definition.remove_letter_kind")
def remove_kind(step: Step, *, definition_id: uuid.UUID, name: str, expected: str) -> Answer:
    """Take a kind of letter out of a draft, with its template; refused while a step makes it."""
    access.require(step.actor, "definition.edit")
    files = definitions.files_of(step.conn, definition_id)
    if kind_file(name) not in files:
        raise NotFound("草稿中没有这种文书。", "There is no such kind of letter in the draft.")
    makers = _made_by(files, name)
    if makers:
        raise Conflict(
            "letter_used",
            f"步骤“{'、'.join(makers)}”还要出具这份文书，请先改那里。",
            f"These steps still make this letter: {', '.join(makers)}. Change them first.",
        )
    digest = drafting.keep(step, definition_id, kind_file(name), None, expected)
    if file_of(name) in files:
        digest = drafting.keep(step, definition_id, file_of(name), None, digest)
    settings = json.loads(files[versionfiles.SETTINGS])
    if name in settings.get("letters", []):
        settings["letters"] = [one for one in settings["letters"] if one != name]
        digest = drafting.keep(step, definition_id, versionfiles.SETTINGS, authoring.as_bytes(settings), digest)
    return {"id": definition_id, "sha256": digest}


def _made_by(files: dict[str, bytes], name: str) -> list[str]:
    source = structure.read(versionfiles.model_files(files))
    nodes = [node for process in source.processes.values() for _, node in process.walk()]
    return [node.name or node.id for node in nodes if literal_text(node.parameters.get("letter", "")) == name]


def _refuse_unknown(content: bytes, about: About) -> None:
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


def _listed(step: Step, definition_id: uuid.UUID, name: str, digest: str) -> str:
    """See that the settings list the letter; the SHA-256 of the draft then."""
    settings = json.loads(definitions.files_of(step.conn, definition_id)[versionfiles.SETTINGS])
    if name not in settings.get("letters", []):
        settings["letters"] = sorted({*settings.get("letters", []), name})
        digest = drafting.keep(step, definition_id, versionfiles.SETTINGS, authoring.as_bytes(settings), digest)
    return digest


def file_of(name: str) -> str:
    """Where a version keeps the template of a letter."""
    return f"letters/{name}.docx"


def kind_file(name: str) -> str:
    """Where a version keeps a kind of letter of its own."""
    return f"letters/{name}.json"


def kind_facts(files: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    """A kind of letter of the version's own as plain data; None for a letter of the installation."""
    content = files.get(kind_file(name))
    return own.checked(name, json.loads(content)) if content is not None else None


def template_of(files: dict[str, bytes], name: str) -> bytes:
    """The template that is used for a letter in these files: the version's own, else the installation's."""
    return versionfiles.letters_of(files).get(name) or templates.template_bytes(name)


def own_names(files: dict[str, bytes]) -> frozenset[str]:
    """The letters these files have a template of their own for."""
    return frozenset(versionfiles.letters_of(files))


def unknown_in(files: dict[str, bytes], name: str) -> list[reading.Found]:
    """What in the template of a letter is no placeholder of it; the installation's own are checked by its tests."""
    held = versionfiles.letters_of(files).get(name)
    return reading.unknown(held, of_letter(files, name)) if held else []


def lines(files: dict[str, bytes], name: str) -> list[Line]:
    """Every placeholder the letter has, those that stand in the template first."""
    found = reading.placeholders(template_of(files, name))
    made = [
        Line(key, spec, tuple(one for one in found if one.name == key))
        for key, spec in of_letter(files, name).placeholders.items()
    ]
    return sorted(made, key=lambda line: (not line.places, line.spec.optional, line.name))


def preview(
    rt: Runtime, conn: Connection, actor: Actor, files: dict[str, bytes], name: str, case_id: uuid.UUID | None
) -> bytes:
    """The letter filled from a case (as it was issued there, else with what the case knows), or with names of the placeholders."""
    known = {} if case_id is None else _of_case(rt, conn, actor, of_letter(files, name), case_id)
    return _filled(files, name, known)


def sample(files: dict[str, bytes], name: str) -> bytes:
    """The letter as anybody may see it beforehand: with the names of its placeholders."""
    return _filled(files, name, {})


def _filled(files: dict[str, bytes], name: str, known: Mapping[str, Any]) -> bytes:
    about = of_letter(files, name)
    values = {key: known.get(key) or _stand_in(spec) for key, spec in about.placeholders.items()}
    return templates.fill(template_of(files, name), about, values)


def _of_case(rt: Runtime, conn: Connection, actor: Actor, about: About, case_id: uuid.UUID) -> dict[str, Any]:
    access.visible_case(conn, actor, case_id)
    away = separate.hidden(conn, actor, case_id)
    made = [
        one for one in letters.of_case(conn, case_id) if one["kind"] == about.name and separate.shows_letter(away, one)
    ]
    if made:
        return dict(made[-1]["content_values"])
    step = Step(rt, conn, actor, "letter.preview", rt.time.now(), rt.time.today())
    run = CaseRun.lock(step, case_id, closed_too=True)
    return letters.foreseen(run, about)


def _stand_in(spec: Placeholder) -> Any:
    """What stands where a value is not known: its name in brackets."""
    if spec.type == "rows":
        return [{key: f"〔{column.label['zh']}〕" for key, column in spec.columns.items()} for _ in range(LISTED)]
    return f"〔{spec.label['zh']}〕"


def of_letter(files: Mapping[str, bytes], name: str) -> About:
    """A letter by name, of this version or of the installation; raises NotFound."""
    found = versionfiles.letter_kinds(files).get(name) or templates.find(name)
    if found is None:
        raise NotFound("没有这种文书。", "There is no such letter.")
    return found
