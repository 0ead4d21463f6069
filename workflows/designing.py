"""Commands of the process designer: keep a draft, publish it, retire a version."""

from __future__ import annotations

import uuid
from datetime import date

from registers.errors import Conflict
from workflows import access, definitions, drafting, housebook, publishing, versionchecks, versionfiles
from workflows.commands import Answer, Step, command


@command("definition.draft")
def draft(step: Step, *, procedure: str, files: dict[str, str]) -> Answer:
    """Keep files as a new draft of a procedure, whatever the linter says; answer with its findings."""
    access.require(step.actor, "definition.edit")
    contents = versionfiles.from_texts(files)
    contents.setdefault(versionfiles.SETTINGS, versionfiles.plain_settings(procedure, procedure))
    definition_id, version = definitions.create_draft(step.conn, step.actor, procedure, contents, step.now)
    findings = versionchecks.check(step.conn, contents)
    return {
        "id": definition_id,
        "procedure": procedure,
        "version": version,
        "findings": [vars(finding) for finding in findings],
        "publishable": not any(finding.severity == "error" for finding in findings),
    }


@command("definition.copy")
def copy(step: Step, *, definition_id: uuid.UUID) -> Answer:
    """Begin a new draft with the files of any version: what is published is never edited itself."""
    access.require(step.actor, "definition.edit")
    procedure = definitions.row(step.conn, definition_id)["procedure"]
    files = definitions.files_of(step.conn, definition_id)
    made, version = definitions.create_draft(step.conn, step.actor, procedure, files, step.now)
    return {"id": made, "procedure": procedure, "version": version}


@command("definition.save")
def save(step: Step, *, definition_id: uuid.UUID, name: str, content: str, expected: str) -> Answer:
    """Keep one file of a draft, whatever the linter says; `expected` is the draft's SHA-256 as the editor knew it.

    Who saves over somebody else's later work is told so and loses nothing: the content stays in the editor.
    """
    access.require(step.actor, "definition.edit")
    digest = drafting.keep(step, definition_id, name, versionfiles.from_texts({name: content})[name], expected)
    findings = versionchecks.check(step.conn, definitions.files_of(step.conn, definition_id))
    return {"id": definition_id, "sha256": digest, "findings": [vars(finding) for finding in findings]}


@command("definition.publish")
def publish(step: Step, *, definition_id: uuid.UUID, valid_from: date | None = None, note: str = "") -> Answer:
    """Put in force what another person proposed, from the day proposed; the installer needs no proposal (`publishing`)."""
    access.require(step.actor, "definition.publish")
    return publishing.publish(step, definition_id, valid_from, note)


@command("definition.retire")
def retire(step: Step, *, definition_id: uuid.UUID, valid_to: date | None = None) -> Answer:
    """Take a version out of force from a date (today when none is given); running cases keep it."""
    access.require(step.actor, "definition.publish")
    end = valid_to or step.today
    if not definitions.end_force(step.conn, definition_id, end):
        raise Conflict("not_in_force", "只有施行中的版本可以停用。", "Only a version in force can be retired.")
    housebook.record(step, "definition_retired", definition=definition_id, valid_to=end)
    return {"id": definition_id, "valid_to": end}
