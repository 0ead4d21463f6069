"""The fields of a kind of letter on the pages of the workbench: what was typed, as the facts the workbench keeps."""

from __future__ import annotations

from typing import Any

from flask import request

from forms import letters
from forms.letters.own import TYPES
from web.i18n import gettext, pick


def facts() -> dict[str, Any]:
    """The kind of letter that was sent."""
    form = request.form
    rows = zip(
        *(form.getlist(f"placeholder_{part}") for part in ("name", "zh", "en", "type", "optional")), strict=False
    )
    placeholders = {
        name.strip(): {"zh": zh, "en": en, "type": kind or "text", "optional": optional == "yes"}
        for name, zh, en, kind, optional in rows
        if name.strip()
    }
    return {
        "title": {"zh": form.get("title_zh", ""), "en": form.get("title_en", "")},
        "basis": form.get("basis", ""),
        "number": form.get("number", ""),
        "served": bool(form.get("served")),
        "placeholders": placeholders,
    }


def typed() -> dict[str, Any]:
    """The same with its code, to be shown again beside what is wrong."""
    return {"code": request.form.get("code", ""), **facts()}


def types() -> list[tuple[str, str]]:
    """The types of placeholders in words."""
    said = {"text": gettext("文字"), "date": gettext("日期"), "number": gettext("数字")}
    return [(kind, said[kind]) for kind in TYPES]


def common_words() -> list[tuple[str, str]]:
    """What every letter may say: the placeholder and its meaning."""
    return [(name, pick(spec.label)) for name, spec in letters.common().items()]
