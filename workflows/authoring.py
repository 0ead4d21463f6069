"""Beginning a procedure from nothing, and its settings as facts that are checked: nobody edits procedure.json by hand.

A new draft can be published as it stands: a start, one task with a form, the closing step, an end, drawn. Everything else is added in
the editor. Settings come as a few named facts; what is not named stays.
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import select

import forms
import forms.letters
from registers import laws, limits
from registers.errors import Conflict, DomainError
from registers.parties import CASE_ROLES, ENTERPRISE_ROLES, ROLES
from workflows import access, definitions, drafting, matters, versionfiles
from workflows.commands import Answer, Step, command
from workflows.models import Definition

STARTERS = (*ENTERPRISE_ROLES, *sorted(CASE_ROLES))
VARIABLE_TYPES = ("object", "list", "text", "number", "boolean", "date")
MAIN = "process.bpmn"
_CODE = re.compile(r"[a-z][a-z0-9_]{1,59}")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,4}")


@command("definition.begin")
def begin(
    step: Step,
    *,
    procedure: str,
    title: dict[str, str],
    form: str = versionfiles.PLAIN_FORM,
    starter: str = "preparer",
    applicant: bool = True,
    lead_matter: str | None = None,
) -> Answer:
    """Make the first draft of a new procedure; it is complete enough to be published and to be built upon."""
    access.require(step.actor, "definition.edit")
    _check_code(procedure)
    if step.conn.scalar(select(Definition.id).where(Definition.procedure == procedure).limit(1)) is not None:
        raise Conflict(
            "procedure_exists",
            "已有这个代码的流程，请从它的版本另存草稿，或换一个代码。",
            "There is a procedure with this code: copy one of its versions, or choose another code.",
            pointer="procedure",
        )
    if starter not in STARTERS:
        raise _wrong("starter", "未知的角色。", "Unknown role.")
    settings = {
        "id": procedure,
        "title": _words(title, "title"),
        "process_id": procedure,
        "start_form": form,
        "start_task": "task_apply",
        "variables": {"application": "object"},
        "lanes": {},
        "files": [MAIN],
        "forms": [form],
        "letters": [],
        "letter_values": {},
        **({"lead_matter": lead_matter} if lead_matter else {}),
        **({} if starter in ENTERPRISE_ROLES else {"starters": [starter]}),
        **({} if applicant else {"applicant": False}),
    }
    _check_matter(lead_matter)
    files = {
        versionfiles.SETTINGS: as_bytes(settings),
        MAIN: _first_model(procedure, title["zh"], form, starter).encode(),
        f"forms/{form}.json": forms.definition_bytes(form),
    }
    definition_id, version = definitions.create_draft(step.conn, step.actor, procedure, files, step.now)
    return {"id": definition_id, "procedure": procedure, "version": version}


@command("definition.settings")
def change_settings(step: Step, *, definition_id: uuid.UUID, facts: dict[str, Any], expected: str) -> Answer:
    """Change the named settings of a draft; each is checked, what is not named stays."""
    access.require(step.actor, "definition.edit")
    files = definitions.files_of(step.conn, definition_id)
    settings = json.loads(files[versionfiles.SETTINGS])
    for name, value in facts.items():
        check = _CHECKS.get(name)
        if check is None:
            raise _wrong(name, f"没有设置项“{name}”。", f"There is no setting “{name}”.")
        settings[name] = check(step, name, value)
        if name == "letters" and not set(settings[name]) <= forms.letters.names() | set(
            versionfiles.letter_kinds(files)
        ):
            raise _wrong(name, "未知的文书。", "Unknown letter.")
        if settings[name] is None or (name == "applicant" and settings[name] is True):
            del settings[name]
    digest = drafting.keep(step, definition_id, versionfiles.SETTINGS, as_bytes(settings), expected)
    return {"id": definition_id, "sha256": digest, "settings": settings}


def first_table(decision: str, title: str, place: str) -> str:
    """A decision table to begin with: one input column, one output, one row that always holds."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,59}", decision):
        raise _wrong(
            "decision", "决策表代码用小写字母、数字和下划线。", "The code has small letters, digits and underscores."
        )
    if place and not _PATH.fullmatch(place):
        raise _wrong("place", "请从列表中选择输入。", "Choose the input of the list.")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"'
        f' id="definitions_{decision}" name={quoteattr(title)} namespace="https://onewindow/{decision}">'
        f'<decision id="{decision}" name={quoteattr(title)}><decisionTable id="table_{decision}" hitPolicy="FIRST">'
        f'<input id="input_1" label={quoteattr(place or "输入")}><inputExpression id="expression_1" typeRef="string">'
        f"<text>{escape(place or 'null')}</text></inputExpression></input>"
        '<output id="output_1" label="结果" name="result" typeRef="string"/>'
        '<rule id="rule_1"><inputEntry id="cell_1"><text>-</text></inputEntry>'
        '<outputEntry id="out_1"><text>"yes"</text></outputEntry></rule></decisionTable></decision></definitions>\n'
    )


def first_form(name: str, title: dict[str, str]) -> bytes:
    """A form to begin with: one section with one question."""
    form = {
        "id": name,
        "version": 1,
        "title": _words(title, "title"),
        "sections": [
            {
                "id": "main",
                "title": {"zh": "基本情况", "en": "Basic facts"},
                "fields": [
                    {"name": "content", "type": "textarea", "label": {"zh": "内容", "en": "Content"}, "required": True}
                ],
            }
        ],
    }
    forms.parse(form)
    return as_bytes(form)


def as_bytes(settings: Mapping[str, Any]) -> bytes:
    """Settings as the file holds them."""
    return json.dumps(settings, ensure_ascii=False, indent=1).encode()


# -- the settings that can be changed --------------------------------------------------------------------


def _title(step: Step, name: str, value: Any) -> Any:
    return _words(value, name)


def _summary(step: Step, name: str, value: Any) -> Any:
    return _words(value, name) if isinstance(value, dict) and any(value.values()) else None


def _truth(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong(name, "请选择是或否。", "Choose yes or no.")
    return value


def _matter(step: Step, name: str, value: Any) -> Any:
    _check_matter(value or None)
    return value or None


def _roles(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, list) or not set(value) <= set(STARTERS):
        raise _wrong(name, "未知的角色。", "Unknown role.")
    return sorted(set(value)) or None


def _lanes(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, dict) or not {role for role in value.values() if role} <= set(ROLES):
        raise _wrong(name, "未知的角色。", "Unknown role.")
    return {str(lane)[:200]: role for lane, role in value.items() if role}


def _variables(step: Step, name: str, value: Any) -> Any:
    known = isinstance(value, dict) and all(str(key).isidentifier() for key in value)
    if not known or not set(value.values()) <= set(VARIABLE_TYPES):
        raise _wrong(name, "变量名用字母、数字和下划线，并选择类型。", "Names of letters and digits, and a known type.")
    return value


def _letters(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(name, "未知的文书。", "Unknown letter.")
    return sorted(set(value))


def _letter_values(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, dict) or not all(_PATH.fullmatch(str(path)) for path in value.values() if path):
        raise _wrong(
            name, "请写变量中的位置，如 application.project_name。", "Give a place such as application.project_name."
        )
    return {key: path for key, path in value.items() if path}


def _identifier(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][\w.-]*", value):
        raise _wrong(name, "请从列表中选择。", "Choose one of the list.")
    return value


_GUIDE = frozenset({"who", "conditions", "steps", "result", "limits", "basis", "fee"})


def _guide(step: Step, name: str, value: Any) -> Any:
    if not isinstance(value, dict) or not set(value) <= _GUIDE:
        raise _wrong(name, "办事指南的内容有误。", "The guide is not as it should be.")
    if not all(_said(value.get(part, {"zh": []})) for part in ("conditions", "steps", "result", "fee")):
        raise _wrong(
            name,
            "受理条件、办理步骤、办理结果和收费应有中文。",
            "Conditions, steps, result and fee are given in Chinese, and may be in English.",
        )
    unknown = set(value.get("limits", ())) - limits.codes(step.conn)
    for code in value.get("basis", ()):
        try:
            laws.cite(code)
        except (KeyError, ValueError):
            unknown.add(code)
    if unknown:
        told = "、".join(sorted(unknown))
        raise _wrong(name, f"未知的时限或依据：{told}。", f"Unknown limit or citation: {told}.")
    return value


def _said(value: Any) -> bool:
    """Whether something is said in Chinese (and perhaps English), as a text or a list of texts."""
    if not isinstance(value, dict) or "zh" not in value or not set(value) <= {"zh", "en"}:
        return False
    texts = [said if isinstance(said, list) else [said] for said in value.values()]
    return all(isinstance(one, str) for said in texts for one in said)


_CHECKS = {
    "title": _title,
    "summary": _summary,
    "applicant": _truth,
    "lead_matter": _matter,
    "starters": _roles,
    "lanes": _lanes,
    "variables": _variables,
    "letters": _letters,
    "letter_values": _letter_values,
    "process_id": _identifier,
    "start_task": _identifier,
    "start_form": _identifier,
    "guide": _guide,
}


def _check_code(procedure: str) -> None:
    if not _CODE.fullmatch(procedure):
        raise _wrong(
            "procedure",
            "流程代码用小写字母、数字和下划线，以字母开头。",
            "The code has small letters, digits and underscores, and begins with a letter.",
        )


def _check_matter(kind: str | None) -> None:
    if kind is not None and kind not in matters.MATTER_TITLES:
        raise _wrong("lead_matter", "未知的事项。", "Unknown matter.")


def _words(value: Any, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not str(value.get("zh", "")).strip():
        raise _wrong(name, "请填写中文。", "The Chinese text is missing.")
    chinese = str(value["zh"]).strip()[:500]
    return {"zh": chinese, "en": str(value.get("en") or "").strip()[:500] or chinese}


def _wrong(pointer: str, zh: str, en: str) -> DomainError:
    return DomainError("settings", zh, en, pointer=pointer)


# -- the first drawing -----------------------------------------------------------------------------------


def _first_model(procedure: str, title: str, form: str, starter: str) -> str:
    """Start, application, closing, end: in one line from left to right."""
    nodes = {"start": (160, 102, 36, 36), "task_apply": (250, 80, 100, 80), "svc_close": (410, 80, 100, 80)}
    nodes["end"] = (570, 102, 36, 36)
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{key}_di" bpmnElement="{key}">'
        f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></bpmndi:BPMNShape>'
        for key, (x, y, width, height) in nodes.items()
    )
    names, flows, edges = list(nodes), "", ""
    for source, target in itertools.pairwise(names):
        flow, left, right = f"flow_{source}", nodes[source], nodes[target]
        flows += f'<bpmn:sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}"/>'
        edges += (
            f'<bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}"><di:waypoint x="{left[0] + left[2]}" y="120"/>'
            f'<di:waypoint x="{right[0]}" y="120"/></bpmndi:BPMNEdge>'
        )
    properties = {"form": form, "role": starter, "result": "application"}
    given = "".join(f'<spiffworkflow:property name="{k}" value={quoteattr(v)}/>' for k, v in properties.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
        ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
        f' id="definitions_{procedure}" targetNamespace="https://onewindow/{procedure}">'
        f'<bpmn:process id="{procedure}" name={quoteattr(title)} isExecutable="true">'
        '<bpmn:startEvent id="start" name="开始"><bpmn:outgoing>flow_start</bpmn:outgoing></bpmn:startEvent>'
        '<bpmn:userTask id="task_apply" name="提出申请"><bpmn:extensionElements><spiffworkflow:properties>'
        f"{given}</spiffworkflow:properties></bpmn:extensionElements>"
        "<bpmn:incoming>flow_start</bpmn:incoming><bpmn:outgoing>flow_task_apply</bpmn:outgoing></bpmn:userTask>"
        '<bpmn:serviceTask id="svc_close" name="办结"><bpmn:extensionElements>'
        '<spiffworkflow:serviceTaskOperator id="case.close"><spiffworkflow:parameters>'
        '<spiffworkflow:parameter id="outcome" type="any" value="&quot;done&quot;"/></spiffworkflow:parameters>'
        "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements>"
        "<bpmn:incoming>flow_task_apply</bpmn:incoming><bpmn:outgoing>flow_svc_close</bpmn:outgoing></bpmn:serviceTask>"
        '<bpmn:endEvent id="end" name="结束"><bpmn:incoming>flow_svc_close</bpmn:incoming></bpmn:endEvent>'
        f'{flows}</bpmn:process><bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="{procedure}">'
        f"{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>\n"
    )
