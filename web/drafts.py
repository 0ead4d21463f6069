"""How a draft stands, in words: what was saved when, and the state of each part of the form."""

from __future__ import annotations

from typing import Any

from forms import progress
from registers.timesource import CHINA
from web.context import actor
from web.i18n import day, gettext, pick
from workflows.formdata import Shown


def part(one: progress.Part) -> dict[str, Any]:
    """A part of a form as the task list shows it; `mark` is the class of its state."""
    word = {
        progress.NOT_STARTED: gettext("未开始"),
        progress.STARTED: gettext("填写中"),
        progress.DONE: gettext("已完成"),
        progress.WRONG: gettext("有错误"),
        progress.BLOCKED: gettext("暂不能开始"),
    }[one.state]
    return {
        "id": one.section.id,
        "title": pick(one.section.title),
        "state": one.state,
        "word": gettext("不在修改范围") if one.closed else gettext("未开始（可不填）") if one.optional else word,
        "why": pick(one.why) if one.why else "",
        "more": _more(one),
        "closed": one.closed,
    }


def line(shown: Shown, parts: list[progress.Part]) -> str:
    """What of the draft was saved when, and by whom when that was a colleague; empty without a draft."""
    if shown.saved_at is None:
        return ""
    local = shown.saved_at.astimezone(CHINA)
    at = f"{day(local.date())} {local:%H:%M:%S}"
    text = gettext("草稿已于%(t)s保存") % {"t": at}
    if shown.saved_by and shown.saved_by != actor().name:
        text += gettext("（%(name)s）") % {"name": shown.saved_by}
    text += gettext("：已填%(n)s项") % {"n": sum(one.answered for one in parts if not one.closed)}
    rows = progress.rows_of(shown.form, shown.data)
    return text + (gettext("，表格%(n)s行") % {"n": rows} if rows else "")


def done(parts: list[dict[str, Any]]) -> str:
    """“3 of 8 parts are complete”."""
    return gettext("已完成%(n)s/%(m)s") % {"n": sum(one["state"] == progress.DONE for one in parts), "m": len(parts)}


def _more(one: progress.Part) -> str:
    if one.wrong:
        return gettext("%(n)s处需要修改") % {"n": len(one.wrong)}
    if one.missing and one.state == progress.STARTED:
        return gettext("还有%(n)s项必填") % {"n": len(one.missing)}
    return ""
