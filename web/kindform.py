"""The fields of a kind of letter on the pages of the workbench: what was typed, as the facts the workbench keeps."""

from __future__ import annotations

from typing import Any

from flask import request

from forms import letters
from forms.letters.own import ROWS, TYPES
from web.i18n import gettext, pick


def facts() -> dict[str, Any]:
    """The kind of letter that was sent."""
    form = request.form
    rows = zip(
        *(form.getlist(f"placeholder_{part}") for part in ("name", "zh", "en", "type", "optional")), strict=False
    )
    placeholders: dict[str, dict[str, Any]] = {}
    for name, zh, en, kind, optional in rows:
        of_list, _, column = name.strip().partition(".")
        spec: dict[str, Any] = {"zh": zh, "en": en, "type": kind or "text", "optional": optional == "yes"}
        if column:
            placeholders.setdefault(of_list, {"type": ROWS}).setdefault("columns", {})[column] = spec
        elif of_list:
            placeholders[of_list] = {
                **spec,
                **({"columns": {}} if kind == ROWS else {}),
                **_begun(placeholders, of_list),
            }
    return {
        "title": {"zh": form.get("title_zh", ""), "en": form.get("title_en", "")},
        "basis": form.get("basis", ""),
        "number": form.get("number", ""),
        "served": bool(form.get("served")),
        "placeholders": placeholders,
    }


def _begun(placeholders: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The columns of a list that were named before the list itself."""
    return {key: value for key, value in placeholders.get(name, {}).items() if key == "columns"}


def lines(given: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Placeholders line by line: a list is followed by its columns, each under the name `list.column`."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, spec in given.get("placeholders", {}).items():
        found += [(name, spec), *((f"{name}.{column}", one) for column, one in spec.get("columns", {}).items())]
    return found


def typed() -> dict[str, Any]:
    """The same with its code, to be shown again beside what is wrong."""
    return {"code": request.form.get("code", ""), **facts()}


def types() -> list[tuple[str, str]]:
    """The types of placeholders in words."""
    said = {
        "text": gettext("文字"),
        "date": gettext("日期"),
        "number": gettext("数字"),
        ROWS: gettext("表格（逐行重复）"),
    }
    return [(kind, said[kind]) for kind in TYPES]


def common_words() -> list[tuple[str, str]]:
    """What every letter may say: the placeholder and its meaning."""
    return [(name, pick(spec.label)) for name, spec in letters.common().items()]
