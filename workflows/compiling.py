"""The compiled form of a version: its models ready for the engine, its forms and letters by name. Immutable, so it is cached for ever."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

import forms.letters
from forms.definition import FormDefinition
from forms.letters import About
from workflows import definitions, engine, versionfiles
from workflows.models import Definition
from workflows.runtime import Runtime


@dataclass(frozen=True)
class Compiled:
    """A definition ready to run: settings, engine model, forms by id."""

    id: uuid.UUID
    procedure: str
    version: int
    title: dict[str, str]
    settings: dict[str, Any]
    model: engine.Model
    forms: dict[str, FormDefinition]
    letters: dict[str, bytes]  # Word templates of its own, in the place of those of the installation
    kinds: dict[str, About]  # kinds of letters that only this version has

    def role_of(self, element: engine.Element) -> str | None:
        """The role a task is offered to: its own property, else that of its lane."""
        own = element.properties.get("role")
        if own:
            return own
        lane: str | None = self.settings.get("lanes", {}).get(element.lane or "")
        return lane

    def form_of(self, element_id: str) -> FormDefinition:
        """The form of a task; a task without one gets the plain "done, with a remark" form."""
        element = self.model.elements.get(element_id)
        name = element.properties.get("form") if element else None
        return self.forms[name] if name in self.forms else self.forms[versionfiles.PLAIN_FORM]

    def letter(self, name: str) -> About:
        """A letter of this version or of the installation; raises NotFound."""
        return self.kinds.get(name) or forms.letters.about(name)


def compiled(rt: Runtime, conn: Connection, definition_id: uuid.UUID) -> Compiled:
    """The definition ready to run, from the cache of this process when it is there."""
    return rt.definitions.get(definition_id, lambda: _compile(conn, definition_id))


def _compile(conn: Connection, definition_id: uuid.UUID) -> Compiled:
    row = conn.execute(
        select(Definition.procedure, Definition.version, Definition.title).where(Definition.id == definition_id)
    ).one()
    return compile_files(definitions.files_of(conn, definition_id), definition_id, row.version)


def compile_files(files: dict[str, bytes], definition_id: uuid.UUID, version: int) -> Compiled:
    """Compile a set of files; raises engine.ModelError when a model cannot run."""
    settings = versionfiles.settings(files)
    return Compiled(
        id=definition_id,
        procedure=settings["id"],
        version=version,
        title=settings["title"],
        settings=settings,
        model=engine.compile(versionfiles.model_files(files), settings.get("process_id")),
        forms=versionfiles.forms_of(files),
        letters=versionfiles.letters_of(files),
        kinds=versionfiles.letter_kinds(files),
    )
