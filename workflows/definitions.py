"""Definitions (流程版本): drafts, published versions, retirement; and the compiled form of each.

A definition is a set of files: `procedure.json` (settings), `.bpmn` models, `.dmn` decision tables,
`forms/*.json` and `scenarios.json`. A published definition never changes (its SHA-256 is kept) and is
in force from a date; running cases keep the version they started with.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

import forms
import forms.letters
from forms.definition import FOLDER, FormDefinition
from forms.letters import About, own, reading
from handlers import registry
from registers import limits
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.parties import ROLES
from workflows import engine, lint, services, structure
from workflows.models import Definition, DefinitionFile
from workflows.runtime import Runtime

SETTINGS = "procedure.json"
PLAIN_FORM = "remark"
_FILE_NAME = re.compile(
    r"[A-Za-z0-9_.-]{1,80}\.(bpmn|dmn|json)|forms/[a-z0-9_]{1,60}\.json|letters/[a-z0-9_]{1,60}\.(docx|json)"
)


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
        return self.forms[name] if name in self.forms else self.forms[PLAIN_FORM]

    def letter(self, name: str) -> About:
        """A letter of this version or of the installation; raises NotFound."""
        return self.kinds.get(name) or forms.letters.about(name)


class LintFailed(DomainError):
    """The files cannot be published: the findings say where and what to do."""

    def __init__(self, findings: list[lint.Finding]) -> None:
        self.findings = findings
        errors = [finding for finding in findings if finding.severity == "error"]
        first = errors[0] if errors else findings[0]
        super().__init__(
            "lint",
            f"模型检查发现{len(errors)}处错误，例如：{first.zh}",
            f"The model has {len(errors)} errors, for example: {first.en}",
            pointer=f"{first.element or ''}:{first.line or ''}",
        )


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a procedure folder, with the forms its settings name taken from the forms room.

    `shared` names files of other procedures that are called here as well; each version keeps its own copy. A form
    in the folder's own `forms/` takes the place of the installation's form of that name.
    """
    files = {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in {".bpmn", ".dmn", ".json"} and path.is_file()
    }
    if SETTINGS not in files:
        raise DomainError("no_settings", f"文件夹中缺少{SETTINGS}。", f"The folder has no {SETTINGS}.")
    settings = json.loads(files[SETTINGS])
    for other, names in settings.get("shared", {}).items():
        # A folder that was exported has its own copy; the shipped ones share.
        files |= {name: (folder.parent / other / name).read_bytes() for name in names if name not in files}
    files |= {
        f"letters/{path.name}": path.read_bytes()
        for path in sorted((folder / "letters").glob("*"))
        if path.suffix in {".docx", ".json"}
    }
    for name in settings.get("forms", []):
        own = folder / "forms" / f"{name}.json"
        files[f"forms/{name}.json"] = (own if own.is_file() else FOLDER / f"{name}.json").read_bytes()
    return files


def plain_settings(procedure: str, title: str) -> bytes:
    """Settings for a single BPMN file that came without any."""
    return json.dumps({"id": procedure, "title": {"zh": title, "en": title}}, ensure_ascii=False).encode()


def digest(files: dict[str, bytes]) -> str:
    """SHA-256 over names and contents in order of name."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return whole.hexdigest()


def model_files(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files the engine reads."""
    return {name: content for name, content in files.items() if name.endswith((".bpmn", ".dmn"))}


def context(conn: Connection, files: dict[str, bytes]) -> lint.LintContext:
    """What the linter may know: handlers, forms, roles, limits, letters of this installation."""
    settings = _settings(files)
    own_forms = forms_of(files)
    return lint.LintContext(
        handlers={
            **{name: lint.HandlerInfo(info.inputs, info.required) for name, info in registry.info().items()},
            **{name: lint.HandlerInfo(info.inputs, info.required) for name, info in services.info().items()},
        },
        forms={name: frozenset(forms.field_names(form)) for name, form in own_forms.items()},
        roles=frozenset(ROLES),
        limits=limits.codes(conn),
        letters=frozenset(forms.letters.names()) | set(letter_kinds(files)),
        notices=frozenset(services.NOTICE_KINDS),
        variables={**services.CASE_VARIABLES, **settings.get("variables", {})},
    )


def check(conn: Connection, files: dict[str, bytes]) -> list[lint.Finding]:
    """All findings of the linter and of a compilation in a limited child process."""
    return [
        *lint.check_upload(model_files(files), context(conn, files)),
        *_check_process(files),
        *_check_letters(files),
    ]


def _check_process(files: dict[str, bytes]) -> list[lint.Finding]:
    """The process that the settings begin with is in the files."""
    wanted = _settings(files).get("process_id")
    if not wanted or wanted in structure.read(model_files(files)).processes:
        return []
    return [
        lint.Finding(
            "error", "no_process", None, None, f"设置中的主流程“{wanted}”不在模型中。", f"The models have no process “{wanted}”, set at “Settings”.",
            "请在“设置”中选择主流程。", "Choose the main process at “Settings”.", SETTINGS,
        )
    ]  # fmt: skip


def _check_letters(files: dict[str, bytes]) -> list[lint.Finding]:
    """A kind of letter that the version brings along has a template, with placeholders it has."""
    templates = letters_of(files)
    found = []
    for name, kind in letter_kinds(files).items():
        said, fix = ("没有Word模板。", "has no Word template."), ("请在“文书”中上传模板。", "Upload one at “Letters”.")
        if name in templates:
            wrong = "、".join(one.token for one in reading.unknown(templates[name], kind))
            if not wrong:
                continue
            said = (f"的模板用了没有的占位符：{wrong}。", f"uses placeholders it does not have: {wrong}.")
            fix = ("请改模板，或在“文书”中补上占位符。", "Change the template, or add them at “Letters”.")
        found.append(
            lint.Finding(
                "error", "letter_kind", None, None, f"文书“{kind.title['zh']}”{said[0]}", f"The letter “{kind.title['en']}” {said[1]}",
                *fix, f"letters/{name}.json",
            )
        )  # fmt: skip
    return found


def create_draft(
    conn: Connection, actor: Actor, procedure: str, files: dict[str, bytes], now: datetime
) -> tuple[uuid.UUID, int]:
    """Keep the files as a new draft version; returns its id and version. Drafts may have findings."""
    settings = _settings(files)
    last = conn.scalar(select(func.max(Definition.version)).where(Definition.procedure == procedure)) or 0
    definition_id = uuid7()
    conn.execute(
        insert(Definition).values(
            id=definition_id,
            procedure=procedure,
            version=last + 1,
            status="draft",
            title=settings["title"],
            sha256=digest(files),
            created_at=now,
            created_by=actor.id,
        )
    )
    conn.execute(
        insert(DefinitionFile),
        [{"definition_id": definition_id, "name": name, "content": content} for name, content in files.items()],
    )
    return definition_id, last + 1


def publish(
    conn: Connection, actor: Actor, definition_id: uuid.UUID, valid_from: date, now: datetime, note: str = ""
) -> list[lint.Finding]:
    """Put a draft in force from a date; an open-ended earlier version ends the day before.

    Raises LintFailed when there are errors; returns the remaining warnings.
    """
    row = conn.execute(select(Definition.__table__).where(Definition.id == definition_id).with_for_update()).first()
    if row is None:
        raise NotFound()
    if row.status != "draft":
        raise Conflict("not_a_draft", "只有草稿可以发布。", "Only a draft can be published.")
    findings = check(conn, files_of(conn, definition_id))
    if any(finding.severity == "error" for finding in findings):
        raise LintFailed(findings)
    put_in_force(conn, definition_id, valid_from, now, actor, note)
    return findings


def put_in_force(
    conn: Connection, definition_id: uuid.UUID, valid_from: date, now: datetime, actor: Actor, note: str
) -> None:
    """Make a checked draft the version in force from a date; the version before it ends there."""
    procedure = conn.scalar(select(Definition.procedure).where(Definition.id == definition_id))
    conn.execute(
        update(Definition)
        .where(
            Definition.procedure == procedure,
            Definition.status == "published",
            or_(Definition.valid_to.is_(None), Definition.valid_to >= valid_from),
        )
        .values(valid_to=valid_from, status="retired")
    )
    conn.execute(
        update(Definition)
        .where(Definition.id == definition_id)
        .values(status="published", valid_from=valid_from, published_at=now, published_by=actor.id, note=note)
    )


def end_force(conn: Connection, definition_id: uuid.UUID, valid_to: date) -> bool:
    """Take a published version out of force from a date; False when it was not in force."""
    done = conn.execute(
        update(Definition)
        .where(Definition.id == definition_id, Definition.status == "published")
        .values(status="retired", valid_to=valid_to)
    )
    return done.rowcount == 1


def in_force(conn: Connection, procedure: str, on: date) -> uuid.UUID:
    """The published version of a procedure that is in force on a date; raises NotFound."""
    found = conn.scalar(
        select(Definition.id)
        .where(
            Definition.procedure == procedure,
            Definition.status.in_(("published", "retired")),
            Definition.valid_from <= on,
            or_(Definition.valid_to.is_(None), Definition.valid_to > on),
        )
        .order_by(Definition.valid_from.desc(), Definition.version.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound(f"流程“{procedure}”目前没有生效的版本。", f"No version of “{procedure}” is in force.")
    return found


def listing(conn: Connection, *, status: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Definitions, newest first."""
    query = select(Definition.__table__).order_by(Definition.procedure, Definition.version.desc()).limit(limit)
    if status:
        query = query.where(Definition.status == status)
    return [dict(row) for row in conn.execute(query).mappings()]


def of_procedure(conn: Connection, procedure: str, limit: int = 200) -> list[dict[str, Any]]:
    """The versions of one procedure, newest first."""
    rows = conn.execute(
        select(Definition.__table__)
        .where(Definition.procedure == procedure)
        .order_by(Definition.version.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def files_of(conn: Connection, definition_id: uuid.UUID) -> dict[str, bytes]:
    """The files of a definition by name; raises NotFound."""
    rows = conn.execute(
        select(DefinitionFile.name, DefinitionFile.content).where(DefinitionFile.definition_id == definition_id)
    ).all()
    if not rows:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    return {row.name: bytes(row.content) for row in rows}


def row(conn: Connection, definition_id: uuid.UUID) -> dict[str, Any]:
    """A version without its files; raises NotFound."""
    found = conn.execute(select(Definition.__table__).where(Definition.id == definition_id)).mappings().first()
    if found is None:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    return dict(found)


def save_file(conn: Connection, definition_id: uuid.UUID, name: str, content: bytes | None, expected: str) -> str:
    """Replace, add or (with None) remove a file of a draft; returns the draft's new SHA-256.

    Raises Conflict when the version is no draft any more, or when its SHA-256 is not the expected one.
    """
    row = conn.execute(select(Definition.__table__).where(Definition.id == definition_id).with_for_update()).first()
    if row is None:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    if row.status != "draft":
        raise Conflict(
            "not_a_draft",
            "已发布的版本不能修改，请另存为草稿。",
            "A published version is not edited; copy it to a draft.",
        )
    if row.sha256 != expected:
        raise Conflict(
            "draft_changed",
            "草稿已被他人（或另一窗口）修改。您的内容仍在编辑器中：请导出备份，再重新打开草稿。",
            "Somebody else (or another window) has changed this draft. Your work is still in the editor: export it, then open"
            " the draft again.",
        )
    if not _FILE_NAME.fullmatch(name):
        raise DomainError("file_name", "文件名无效。", "That is no name for a file of a model.", pointer="name")
    files = files_of(conn, definition_id)
    if content is None:
        files.pop(name, None)
        conn.execute(
            delete(DefinitionFile).where(DefinitionFile.definition_id == definition_id, DefinitionFile.name == name)
        )
    else:
        files[name] = content
        row_of = {"definition_id": definition_id, "name": name, "content": content}
        conn.execute(
            upsert(DefinitionFile)
            .values(row_of)
            .on_conflict_do_update(index_elements=["definition_id", "name"], set_={"content": content})
        )
    settings = _settings(files)
    if settings["id"] != row.procedure:
        raise DomainError("procedure", "流程代码不能更改。", "The code of a procedure does not change.", pointer="id")
    changed = {"sha256": digest(files), "title": settings["title"]}
    conn.execute(update(Definition).where(Definition.id == definition_id).values(changed))
    return digest(files)


def compiled(rt: Runtime, conn: Connection, definition_id: uuid.UUID) -> Compiled:
    """The definition ready to run, from the cache of this process when it is there."""
    return rt.definitions.get(definition_id, lambda: _compile(conn, definition_id))


def _compile(conn: Connection, definition_id: uuid.UUID) -> Compiled:
    row = conn.execute(
        select(Definition.procedure, Definition.version, Definition.title).where(Definition.id == definition_id)
    ).one()
    return compile_files(files_of(conn, definition_id), definition_id, row.version)


def compile_files(files: dict[str, bytes], definition_id: uuid.UUID, version: int) -> Compiled:
    """Compile a set of files; raises engine.ModelError when a model cannot run."""
    settings = _settings(files)
    return Compiled(
        id=definition_id,
        procedure=settings["id"],
        version=version,
        title=settings["title"],
        settings=settings,
        model=engine.compile(model_files(files), settings.get("process_id")),
        forms=forms_of(files),
        letters=letters_of(files),
        kinds=letter_kinds(files),
    )


def _settings(files: dict[str, bytes]) -> dict[str, Any]:
    try:
        settings = json.loads(files[SETTINGS])
        if not isinstance(settings, dict) or "id" not in settings or "title" not in settings:
            raise ValueError("id and title are needed")
    except KeyError:
        raise DomainError("no_settings", f"缺少{SETTINGS}。", f"{SETTINGS} is missing.", pointer=SETTINGS) from None
    except ValueError as error:
        raise DomainError(
            "settings",
            f"{SETTINGS}不是有效的设置：{error}",
            f"{SETTINGS} is not valid: {error}",
            pointer=SETTINGS,
        ) from error
    return settings


def forms_of(files: dict[str, bytes]) -> dict[str, FormDefinition]:
    found = {PLAIN_FORM: forms.load(PLAIN_FORM)}
    for name, content in files.items():
        if name.startswith("forms/") and name.endswith(".json"):
            found[name.removeprefix("forms/").removesuffix(".json")] = forms.parse(
                json.loads(content, parse_float=Decimal)
            )
    return found


def as_texts(files: dict[str, bytes]) -> dict[str, str]:
    """Files as JSON can carry them: Word templates in base64, everything else as it is."""
    return {
        name: base64.b64encode(content).decode() if name.endswith(".docx") else content.decode()
        for name, content in files.items()
    }


def from_texts(texts: dict[str, str]) -> dict[str, bytes]:
    """The files again; raises DomainError when a Word template is not in base64."""
    try:
        return {
            name: base64.b64decode(text, validate=True) if name.endswith(".docx") else text.encode()
            for name, text in texts.items()
        }
    except ValueError:
        raise DomainError(
            "base64", "Word模板应以base64编码。", "A Word template is sent in base64.", pointer="files"
        ) from None


def letters_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """The Word templates that a version brings along, by the name of the letter."""
    return {
        name.removeprefix("letters/").removesuffix(".docx"): content
        for name, content in files.items()
        if name.startswith("letters/") and name.endswith(".docx")
    }


def letter_kinds(files: Mapping[str, bytes]) -> dict[str, About]:
    """The kinds of letters that a version brings along; each has its Word template beside it. Raises DomainError."""
    kinds = {
        name.removeprefix("letters/").removesuffix(".json"): content
        for name, content in sorted(files.items())
        if name.startswith("letters/") and name.endswith(".json")
    }
    if not kinds:
        return {}
    procedure = str(_settings(dict(files))["id"])
    return {name: own.kind(name, content, procedure) for name, content in kinds.items()}
