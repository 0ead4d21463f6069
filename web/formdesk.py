"""What the editor of forms gets, and the page of a form that is still being written."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import url_for

import forms
from forms.definition import TYPES, FormDefinition
from registers import catalogues
from registers.errors import DomainError
from web import formpage, workbench
from web.i18n import gettext
from workflows import formchange
from workflows.formchange import Touched
from workflows.runtime import Runtime

MOST_BYTES = 1_000_000


def parsed(text: str) -> FormDefinition:
    """A form as the editor sends it; DomainError says what is wrong and where."""
    if len(text) > MOST_BYTES:
        raise DomainError("form_size", "表单定义过大。", "The form definition is too large.")
    try:
        given = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise DomainError("form_json", "表单定义不是有效的JSON。", "The form definition is not valid JSON.") from None
    try:
        return forms.parse(given)
    except RecursionError:
        raise DomainError("form_depth", "条件嵌套过深。", "The conditions are nested too deeply.") from None


def touched(rt: Runtime, procedure: str, name: str, form: FormDefinition) -> Touched:
    """What a form means for the work that is open; counted over all cases, answers stay where they are."""
    with rt.db.transaction() as conn:
        return formchange.touched(conn, procedure, name, form)


def preview_words() -> dict[str, Any]:
    """What the macros of forms need to draw a page without a task."""
    return {"data": {}, "errors": {}, "files": {}, "task": None, **formpage.helpers()}


def payload(draft: workbench.Draft, name: str, content: str, csrf: str) -> dict[str, Any]:
    """The form, what may be chosen, where to save and to ask, what to say."""
    address = {"definition_id": draft.row["id"], "name": name}
    return {
        "form": json.loads(content),
        "name": f"forms/{name}.json",
        "sha": draft.row["sha256"],
        "save": f"/api/v1/definitions/{draft.row['id']}/files",
        "preview": url_for("pages.preview_form", **address),
        "touched": url_for("pages.form_touches", **address),
        "csrf": csrf,
        "types": [{"value": kind, "title": title} for kind, title in type_names().items()],
        "catalogues": [{"value": one, "title": title} for one, title in catalogue_names().items()],
        "said": _said(),
    }


def type_names() -> dict[str, str]:
    """The kinds of questions in words."""
    names = {
        "text": gettext("单行文字"),
        "textarea": gettext("多行文字"),
        "integer": gettext("整数"),
        "decimal": gettext("小数"),
        "tons": gettext("吨数（6位小数）"),
        "percent": gettext("百分数"),
        "date": gettext("日期"),
        "boolean": gettext("是否"),
        "choice": gettext("单选"),
        "choices": gettext("多选"),
        "catalogue": gettext("目录选项"),
        "table": gettext("表格"),
        "file": gettext("附件"),
        "declaration": gettext("承诺"),
        "credit_code": gettext("统一社会信用代码"),
    }
    return {kind: names.get(kind, kind) for kind in sorted(TYPES, key=list(names).index)}


def catalogue_names() -> dict[str, str]:
    """The catalogues a question can offer."""
    titles = {
        "zones": gettext("功能区"),
        "gbt4754": gettext("国民经济行业分类"),
        "pollutants": gettext("总量控制因子"),
        "eia": gettext("环评名录"),
        "permit": gettext("排污许可名录"),
    }
    return {name: titles.get(name, name) for name in catalogues.names()}


def _said() -> dict[str, str]:
    return {
        "unsaved": gettext("有未保存的修改"),
        "saving": gettext("正在保存…"),
        "saved": gettext("草稿已保存"),
        "failed": gettext("保存失败，将自动重试；请勿关闭页面，也可以先导出。"),
        "wrong": gettext("有待改正，改正后自动保存："),
        "title": gettext("表单标题"),
        "help": gettext("说明"),
        "section": gettext("部分"),
        "sectionTitle": gettext("部分标题"),
        "field": gettext("字段"),
        "column": gettext("列"),
        "columns": gettext("表格的列"),
        "zh": gettext("中文"),
        "en": gettext("英文"),
        "name": gettext("标识"),
        "type": gettext("类型"),
        "label": gettext("问题"),
        "required": gettext("必填"),
        "readonly": gettext("由系统填写，不可修改"),
        "multiple": gettext("可以多个"),
        "citation": gettext("依据"),
        "unit": gettext("单位"),
        "places": gettext("小数位数"),
        "min": gettext("最小值"),
        "max": gettext("最大值"),
        "maxLength": gettext("最多字数"),
        "pattern": gettext("格式（正则表达式）"),
        "patternHint": gettext("格式说明"),
        "minRows": gettext("至少行数"),
        "maxRows": gettext("至多行数"),
        "accept": gettext("允许的文件类型（逗号分隔）"),
        "prefill": gettext("预填来源（变量中的位置）"),
        "catalogue": gettext("目录"),
        "choices": gettext("选项"),
        "value": gettext("值"),
        "showIf": gettext("显示条件"),
        "always": gettext("总是显示"),
        "when": gettext("当"),
        "is": gettext("是"),
        "isNot": gettext("不是"),
        "allOf": gettext("全部满足"),
        "anyOf": gettext("任一满足"),
        "addCondition": gettext("增加条件"),
        "complex": gettext("该条件较复杂，此处只读："),
        "clear": gettext("清除条件"),
        "addSection": gettext("增加部分"),
        "addField": gettext("增加字段"),
        "addColumn": gettext("增加列"),
        "addChoice": gettext("增加选项"),
        "up": gettext("上移"),
        "down": gettext("下移"),
        "remove": gettext("删除"),
        "copy": gettext("复制"),
        "more": gettext("更多要求"),
        "none": gettext("未指定"),
        "newField": gettext("新问题"),
        "newSection": gettext("新部分"),
        "option": gettext("选项一"),
        "yes": gettext("是"),
        "no": gettext("否"),
        "ready": gettext("可以编辑"),
    }
