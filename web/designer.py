"""What the editor of models offers to choose from: nobody types a technical name that could be chosen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

import forms.letters
from handlers import registry
from registers import limits
from registers.parties import ROLES
from web import words
from web.i18n import gettext, language, pick
from workflows import definitions, services, xmlsafe


def payload(conn: Connection, row: dict[str, Any], files: dict[str, bytes], name: str, csrf: str) -> dict[str, Any]:
    """What the editor gets: the model, what may be chosen, what the check finds, where to save, what to say."""
    return {
        "name": name,
        "xml": files[name].decode(),
        "sha": row["sha256"],
        "save": f"/api/v1/definitions/{row['id']}/files",
        "csrf": csrf,
        "choices": choices(conn, files),
        "findings": [vars(finding) for finding in definitions.check(conn, files)],
        "said": _said(),
    }


def _said() -> dict[str, Any]:
    return {
        "nothing": gettext("在图中选择一个步骤或连线，在这里填写它的办理要求。"),
        "name": gettext("名称"),
        "id": gettext("标识"),
        "badId": gettext("标识以字母开头，只用字母、数字、下划线、点和短横。"),
        "takenId": gettext("该标识已被使用。"),
        "none": gettext("未指定"),
        "unknown": gettext("未知"),
        "condition": gettext("条件表达式"),
        "defaultFlow": gettext("默认流向"),
        "operator": gettext("处理程序"),
        "result": gettext("结果变量"),
        "decision": gettext("决策表"),
        "called": gettext("调用的流程"),
        "onDue": [{"value": "remind", "title": gettext("到期提醒")}, {"value": "fire", "title": gettext("到期触发")}],
        "properties": {
            "form": gettext("表单"),
            "role": gettext("办理角色"),
            "limitRule": gettext("办理时限"),
            "legalBasis": gettext("法律依据"),
            "matter": gettext("事项"),
            "onDue": gettext("到期时"),
            "result": gettext("结果变量"),
            "notBy": gettext("不得由办理过该步骤的人办理"),
            "body": gettext("办理机关（表达式）"),
            "milestone": gettext("节点"),
        },
        "unsaved": gettext("有未保存的修改"),
        "saving": gettext("正在保存…"),
        "saved": gettext("草稿已保存"),
        "failed": gettext("保存失败，将自动重试；请勿关闭页面，也可以先导出。"),
        "fine": gettext("没有发现问题。"),
        "importWarnings": gettext("导入的文件有不能识别的内容："),
        "notModel": gettext("这不是可以打开的BPMN文件，图未改变："),
        "laidOut": gettext("该模型没有图形信息，已自动布局。"),
        "ready": gettext("可以编辑"),
    }


def choices(conn: Connection, files: dict[str, bytes]) -> dict[str, Any]:
    """Forms, roles, limits, handlers with their inputs, decisions, called processes, letters and notices."""
    own = definitions.forms_of(files)
    return {
        "forms": [_option(name, pick(form.title)) for name, form in sorted(own.items())],
        "roles": [_option(role, words.role_name(role)) for role in ROLES],
        "limits": [_option(code, "") for code in sorted(limits.codes(conn))],
        "operators": _operators(),
        "decisions": [_option(*found) for found in _named(files, ".dmn", "decision")],
        "processes": [_option(*found) for found in _named(files, ".bpmn", "process")],
        "letters": [_option(name, "") for name in sorted(forms.letters.names())],
        "notices": [_option(name, words.notice_name(name)) for name in sorted(services.NOTICE_KINDS)],
    }


def _option(value: str, title: str) -> dict[str, str]:
    if not title:
        return {"value": value, "title": value}
    return {"value": value, "title": f"{title}（{value}）" if language() == "zh" else f"{title} ({value})"}


def _operators() -> list[dict[str, Any]]:
    """Rules and case services by name, with what they take, what they are for, and their legal basis."""
    rules = {
        name: (pick(item.title), item.inputs, item.required, item.basis, item.doc)
        for name, item in registry.info().items()
    }
    own = {name: (pick(item.title), item.inputs, item.required, "", "") for name, item in services.info().items()}
    return [
        {**_option(name, title), "inputs": sorted(takes), "required": sorted(needs), "basis": basis, "about": about}
        for name, (title, takes, needs, basis, about) in sorted({**rules, **own}.items())
    ]


def _named(files: dict[str, bytes], ending: str, tag: str) -> list[tuple[str, str]]:
    found = []
    for name, content in sorted(files.items()):
        if name.endswith(ending):
            try:
                root = xmlsafe.parse(content)
            except xmlsafe.XmlRefused:
                continue
            found += [(node.get("id", ""), node.get("name", "")) for node in root.iter("{*}" + tag)]
    return found
