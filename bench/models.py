"""The model of the benchmark: user tasks in a row, each with a short form."""

from __future__ import annotations

import itertools
import json

_HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="bench">'
    '<bpmn:process id="bench" isExecutable="true"><bpmn:startEvent id="begin"/>'
)


def row_of(tasks: int) -> dict[str, str]:
    """The files of a procedure with this many user tasks in a row."""
    nodes = "".join(
        f'<bpmn:userTask id="t{n}" name="t{n}"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="role" value="preparer"/></spiffworkflow:properties></bpmn:extensionElements>'
        "</bpmn:userTask>"
        for n in range(tasks)
    )
    ids = ["begin", *(f"t{n}" for n in range(tasks)), "finish"]
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{a}" targetRef="{b}"/>'
        for n, (a, b) in enumerate(itertools.pairwise(ids))
    )
    model = f'{_HEAD}{nodes}<bpmn:endEvent id="finish"/>{flows}</bpmn:process></bpmn:definitions>'
    settings = {"id": f"bench_{tasks}", "title": {"zh": f"{tasks}步", "en": f"{tasks} steps"}, "lead_matter": "eia"}
    return {"process.bpmn": model, "procedure.json": json.dumps(settings)}
