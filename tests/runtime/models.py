"""Small models for tests of the runtime, written as short lines."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Iterable
from typing import Any

from registers.accounts import SYSTEM
from workflows import definitions
from workflows.runtime import Runtime

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="test">\n'
)


def node(kind: str, node_id: str, inner: str = "", **properties: str) -> str:
    """One flow node with its properties."""
    rows = "".join(f'<spiffworkflow:property name="{key}" value="{value}"/>' for key, value in properties.items())
    extension = f"<spiffworkflow:properties>{rows}</spiffworkflow:properties>" if rows else ""
    wrapped = f"<bpmn:extensionElements>{extension}{inner}</bpmn:extensionElements>" if extension or inner else ""
    return f'<bpmn:{kind} id="{node_id}" name="{node_id}">{wrapped}</bpmn:{kind}>'


def service(node_id: str, operator: str, result: str = "", **inputs: str) -> str:
    """A service step with its inputs as expressions."""
    parameters = "".join(
        f'<spiffworkflow:parameter id="{key}" type="any" value="{value}"/>' for key, value in inputs.items()
    )
    target = f' resultVariable="{result}"' if result else ""
    inner = (
        f'<spiffworkflow:serviceTaskOperator id="{operator}"{target}><spiffworkflow:parameters>{parameters}'
        "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
    )
    return node("serviceTask", node_id, inner)


def process(nodes: Iterable[str], flows: Iterable[tuple[str, str]]) -> bytes:
    """A whole model out of nodes and (source, target) pairs."""
    lines = [
        f'<bpmn:sequenceFlow id="flow_{source}_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in flows
    ]
    body = "\n".join([*nodes, *lines])
    return f'{_HEAD}<bpmn:process id="p" isExecutable="true">\n{body}\n</bpmn:process>\n</bpmn:definitions>'.encode()


def chain(*nodes: str) -> bytes:
    """The nodes one after the other, with a start and an end."""
    ids = ["begin", *(re.search(r'id="([^"]+)"', item)[1] for item in nodes), "finish"]  # type: ignore[index]
    return process(
        ['<bpmn:startEvent id="begin"/>', *nodes, '<bpmn:endEvent id="finish"/>'], list(itertools.pairwise(ids))
    )


def parallel(*nodes: str) -> bytes:
    """The nodes side by side between a split and a join."""
    ids = [re.search(r'id="([^"]+)"', item)[1] for item in nodes]  # type: ignore[index]
    gates = ['<bpmn:parallelGateway id="split"/>', '<bpmn:parallelGateway id="join"/>']
    flows = [("begin", "split"), *(("split", i) for i in ids), *((i, "join") for i in ids), ("join", "finish")]
    return process(['<bpmn:startEvent id="begin"/>', *gates, *nodes, '<bpmn:endEvent id="finish"/>'], flows)


def publish(rt: Runtime, model: bytes, procedure: str = "trial", **settings: Any) -> uuid.UUID:
    """Publish a model as a procedure in force today."""
    given = {"id": procedure, "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia", **settings}
    files = {"process.bpmn": model, "procedure.json": json.dumps(given).encode()}
    with rt.db.transaction() as conn:
        made, _ = definitions.create_draft(conn, SYSTEM, procedure, files, rt.time.now())
        definitions.publish(conn, SYSTEM, made, rt.time.today(), rt.time.now())
    return made
