"""Between a form definition and its page: reading what was posted, uploads, rows, words for answers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask import g, request
from werkzeug.datastructures import MultiDict

import forms
from forms.definition import Choice, Field, FormDefinition
from forms.words import Words
from registers import catalogues, parties
from registers.errors import DomainError
from web.context import actor, reading, runtime
from web.i18n import gettext, language, pick
from workflows import documents

MOST_REUSED = 50


def read(form: FormDefinition, posted: MultiDict[str, str]) -> dict[str, Any]:
    """The nested answers of a posted page; files marked for removal are left out."""
    removed = {
        (key.removeprefix("remove:"), value) for key, value in posted.items(multi=True) if key.startswith("remove:")
    }
    pairs = [
        (key, value)
        for key, value in posted.items(multi=True)
        if key.split(".")[0] in form.fields and (key, value) not in removed and not _is_blank_choice(form, key, value)
    ]
    raw = forms.from_page(form, _with_reused(form, posted, pairs))
    for key in posted:
        field = form.fields.get(key)
        if field is not None and field.type == "choices":
            raw.setdefault(key, [])
    return raw


def _with_reused(form: FormDefinition, posted: MultiDict[str, str], pairs: list[tuple[str, str]]) -> list[Any]:
    """The answers with the files chosen among those stored before: added to a list, in the place of a single one."""
    chosen = [
        (key.removeprefix("reuse:"), value)
        for key, value in posted.items(multi=True)
        if key.startswith("reuse:") and value and key.removeprefix("reuse:") in form.fields
    ]
    single = {name for name, _ in chosen if not form.fields[name].multiple}
    kept = [pair for pair in pairs if pair[0] not in single]
    return kept + [pair for pair in chosen if pair not in kept]


def _is_blank_choice(form: FormDefinition, key: str, value: str) -> bool:
    field = form.fields.get(key)
    return field is not None and field.type in ("choices", "file") and value == ""


def take_uploads(form: FormDefinition, raw: dict[str, Any]) -> dict[str, str]:
    """Store the files that came with the page and name them in the answers; returns what was wrong, by field."""
    errors: dict[str, str] = {}
    for key, sent in request.files.items(multi=True):
        if not key.startswith("upload:") or not sent.filename:
            continue
        path = key.removeprefix("upload:")
        field = _field_at(form, path)
        if field is None or field.type != "file":
            continue
        try:
            kept = documents.store(runtime(), actor(), sent.stream, sent.filename, sent.mimetype, accept=field.accept)
        except DomainError as error:
            errors[path] = f"{sent.filename}：{error.message(language())}"
            continue
        _place(raw, path, str(kept["id"]), field.multiple)
    return errors


def name_samples(form: FormDefinition, raw: dict[str, Any], mark: str) -> None:
    """Name the files that came with the page in the answers without keeping them: each stays a mark and a name."""
    for key, sent in request.files.items(multi=True):
        field = _field_at(form, key.removeprefix("upload:"))
        if key.startswith("upload:") and sent.filename and field is not None and field.type == "file":
            _place(raw, key.removeprefix("upload:"), mark + sent.filename, field.multiple)


def change_rows(raw: dict[str, Any], action: str) -> None:
    """Add a row to a table, or drop one: `add:outlets`, `drop:outlets.3`."""
    what, _, path = action.partition(":")
    if what == "add":
        raw.setdefault(path, []).append({"": ""})
        raw[path][-1] = {}
        return
    name, _, index = path.partition(".")
    rows = raw.get(name)
    if isinstance(rows, list) and index.isdecimal() and int(index) < len(rows):
        del rows[int(index)]


def messages(wrong: forms.FormErrors) -> dict[str, str]:
    """The first message for each field, in the reader's language."""
    return first_messages(wrong.errors)


def first_messages(errors: Iterable[forms.FieldError]) -> dict[str, str]:
    """The first message for each path."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(error.path, error.en if language() == "en" else error.zh)
    return found


def helpers() -> dict[str, Any]:
    """Functions the form macros use."""
    return {
        "options": options,
        "yes_no": yes_no,
        "shown": shown,
        "file_list": file_list,
        "choice_text": choice_text,
        "place": place,
        "upload_words": upload_words,
        "own_files": own_files,
    }


def own_files(field: Field) -> list[dict[str, Any]]:
    """What the applicant stored before and may use again for this question."""
    if actor().enterprise_id is None:
        return []
    if "own_files" not in g:
        with reading() as conn:
            g.own_files = [{**one, "text": str(one["id"])} for one in documents.reusable(conn, actor(), MOST_REUSED)]
    fits = {extension.lower() for extension in field.accept}
    return [one for one in g.own_files if not fits or one["name"].rpartition(".")[2].lower() in fits]


def upload_words() -> dict[str, str]:
    """What the page says of a file on its way (`web/static_src/lib/uploads.js`)."""
    return {
        "waiting": gettext("等待发送，保存在本机"),
        "sending": gettext("正在发送"),
        "sent": gettext("已发送"),
        "refused": gettext("不接受这个文件"),
        "remove": gettext("移除"),
        "unsent": gettext("还有{n}个文件未发送，线路恢复后自动发送，之后再提交。"),
    }


def options(field: Field) -> list[Choice]:
    """The choices of a field: its own, or those of a catalogue."""
    if field.choices:
        return list(field.choices)
    if not field.catalogue:
        return []
    if field.catalogue == "zones":
        with reading() as conn:
            return [Choice(code, Words(zh, en)) for code, zh, en in parties.zones(conn)]
    return [Choice(value, Words(text, text)) for value, text in catalogues.choices(field.catalogue)]


def yes_no() -> list[Choice]:
    """Yes and no as choices."""
    return [Choice("true", Words("是", "Yes")), Choice("false", Words("否", "No"))]


def shown(value: Any) -> str:
    """A stored value as an input shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def file_list(value: Any) -> list[str]:
    """The file identifiers in a value."""
    if not value:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def choice_text(field: Field, value: Any) -> str:
    """What a stored choice is called."""
    for choice in options(field):
        if choice.value == str(value):
            return pick(choice.label)
    return str(value)


def place(form: FormDefinition, path: str) -> str:
    """Where a field stands, in words: “outlets, row 3, flow”."""
    name, *rest = path.split(".")
    field = form.fields.get(name)
    if field is None:
        return path
    words = pick(field.label)
    if rest and rest[0].isdecimal():
        words += gettext(" 第%(n)s行") % {"n": int(rest[0]) + 1}
    if len(rest) > 1:
        column = next((one for one in field.columns if one.name == rest[1]), None)
        words += " " + (pick(column.label) if column else rest[1])
    return words


def _field_at(form: FormDefinition, path: str) -> Field | None:
    name, *rest = path.split(".")
    field = form.fields.get(name)
    if field is None or not rest:
        return field
    return next((one for one in field.columns if one.name == rest[-1]), None)


def _place(raw: dict[str, Any], path: str, file_id: str, multiple: bool) -> None:
    name, *rest = path.split(".")
    holder, key = raw, name
    if rest:
        rows = raw.setdefault(name, [])
        while len(rows) <= int(rest[0]):
            rows.append({})
        holder, key = rows[int(rest[0])], rest[1]
    held = holder.get(key) if multiple else None
    holder[key] = [*(held or []), file_id]
