"""Sandbox cases as pages and API show them."""

from __future__ import annotations

import uuid
from typing import Any

import forms
from registers.errors import DomainError
from web import views
from web.context import actor, reading, runtime
from web.i18n import day, gettext
from workflows import access, definitions, looking, trials


def opened(trial_id: uuid.UUID) -> tuple[dict[str, Any], dict[str, Any], dict[str, bytes]]:
    """A sandbox case, its version and the files of that; raises Forbidden, NotFound."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        trial = trials.one(conn, trial_id)
        row = definitions.row(conn, trial["definition_id"])
        return trial, row, definitions.files_of(conn, trial["definition_id"])


def look(trial_id: uuid.UUID) -> looking.Look:
    """Where a sandbox case stands."""
    trial, _, contents = opened(trial_id)
    return looking.look(runtime(), trial, contents)


def document(trial: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Where a sandbox case stands, as plain data."""
    problem = state["problem"]
    clocks = [views.matter_document(clock) for clock in state["clocks"]]
    shown = {key: value for key, value in state.items() if key not in ("compiled", "problem", "clocks")}
    shown["tasks"] = [{**task, "form_title": vars(task["form_title"])} for task in state["tasks"]]
    result: dict[str, Any] = views.plain(
        {
            "id": trial["id"],
            "definition_id": trial["definition_id"],
            "title_of_trial": trial["title"],
            "started_on": trial["started_on"],
            "revision": trial["revision"],
            "steps": trial["steps"],
            **shown,
            "clocks": clocks,
            "problem": None if problem is None else {"code": problem.code, "zh": problem.zh, "en": problem.en},
        }
    )
    return result


def task_document(task: looking.OpenTask) -> dict[str, Any]:
    """An open task of a sandbox case: its form as a schema, what it starts from, and an example of how to fill it in."""
    result: dict[str, Any] = views.plain(
        {
            **{key: task.row[key] for key in ("element", "name", "role", "body")},
            "schema": forms.json_schema(task.shown.form),
            "data": task.shown.data,
            "example": task.example,
        }
    )
    return result


def scenario_name(zh: str, en: str) -> dict[str, str]:
    """The name of a scenario in both languages; the English one may be left out."""
    if not zh.strip():
        raise DomainError("required", "请填写场景名称。", "Give the scenario a name.", pointer="zh")
    return {"zh": zh.strip()[:200], "en": (en.strip() or zh.strip())[:200]}


def told(step: dict[str, Any]) -> str:
    """A step that no task is behind, in a few words."""
    if "advance" in step:
        to = step["advance"]
        if to == "until_due":
            return gettext("时间推进到下一到期日")
        return (
            gettext("时间推进%(n)s天") % {"n": to}
            if isinstance(to, int)
            else gettext("时间推进到%(d)s") % {"d": day(to)}
        )
    if "withdraw" in step:
        return gettext("申请单位撤回申请")
    return gettext("机关终止案件") if "cancel" in step else gettext("公众提出意见")
