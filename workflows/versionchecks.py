"""What must hold of a version's files before it may run: the linter's findings, a start in a limited child process, process and letters."""

from __future__ import annotations

from sqlalchemy import Connection

import forms
import forms.letters
from forms.letters import reading
from handlers import registry
from registers import limits
from registers.errors import DomainError
from registers.parties import ROLES
from workflows import lint, services, structure, versionfiles


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


def check(conn: Connection, files: dict[str, bytes]) -> list[lint.Finding]:
    """All findings of the linter and of a compilation in a limited child process."""
    return [
        *lint.check_upload(versionfiles.model_files(files), context(conn, files)),
        *_check_process(files),
        *_check_letters(files),
    ]


def context(conn: Connection, files: dict[str, bytes]) -> lint.LintContext:
    """What the linter may know: handlers, forms, roles, limits, letters of this installation."""
    settings = versionfiles.settings(files)
    own_forms = versionfiles.forms_of(files)
    return lint.LintContext(
        handlers={
            **{name: lint.HandlerInfo(info.inputs, info.required) for name, info in registry.info().items()},
            **{name: lint.HandlerInfo(info.inputs, info.required) for name, info in services.info().items()},
        },
        forms={name: frozenset(forms.field_names(form)) for name, form in own_forms.items()},
        roles=frozenset(ROLES),
        limits=limits.codes(conn),
        letters=frozenset(forms.letters.names()) | set(versionfiles.letter_kinds(files)),
        notices=frozenset(services.NOTICE_KINDS),
        variables={**services.CASE_VARIABLES, **settings.get("variables", {})},
    )


def _check_process(files: dict[str, bytes]) -> list[lint.Finding]:
    """The process that the settings begin with is in the files."""
    wanted = versionfiles.settings(files).get("process_id")
    if not wanted or wanted in structure.read(versionfiles.model_files(files)).processes:
        return []
    return [
        lint.Finding(
            "error", "no_process", None, None, f"设置中的主流程“{wanted}”不在模型中。", f"The models have no process “{wanted}”, set at “Settings”.",
            "请在“设置”中选择主流程。", "Choose the main process at “Settings”.", versionfiles.SETTINGS,
        )
    ]  # fmt: skip


def _check_letters(files: dict[str, bytes]) -> list[lint.Finding]:
    """A kind of letter that the version brings along has a template, with placeholders it has."""
    templates = versionfiles.letters_of(files)
    found = []
    for name, kind in versionfiles.letter_kinds(files).items():
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
