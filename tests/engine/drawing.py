"""Small ways to write BPMN in tests."""

from __future__ import annotations

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="http://example.org/">\n'
)


def process(body: str, *, process_id: str = "p", top: str = "", executable: str = "true") -> bytes:
    """A file with one process."""
    return (
        f'{HEAD}{top}<bpmn:process id="{process_id}" isExecutable="{executable}">\n{body}\n</bpmn:process>\n'
        "</bpmn:definitions>"
    ).encode()


def draw(text: str) -> str:
    """Nodes and flows from short lines.

    `user a`, `service a operator x=expr -> result`, `xor g`, `and g`, `or g`, `start s`, `end e`, `a -> b`, `a -> b : condition`,
    `a -> b *` (default). Anything that begins with `<` is taken as it is.
    """
    kinds = {
        "user": "userTask", "task": "task", "manual": "manualTask", "xor": "exclusiveGateway", "and": "parallelGateway",
        "or": "inclusiveGateway", "start": "startEvent", "end": "endEvent", "event": "eventBasedGateway",
        "throw": "intermediateThrowEvent",
    }  # fmt: skip
    nodes: dict[str, str] = {}
    raw: list[str] = []
    flows: list[str] = []
    defaults: dict[str, str] = {}
    for number, line in enumerate(part.strip() for part in text.strip().splitlines()):
        if not line:
            continue
        if line.startswith("<"):
            raw.append(line)
        elif "->" in line and line.split()[0] not in (*kinds, "service"):
            ends, _, condition = line.partition(":")
            source, target = (part.strip() for part in ends.split("->"))
            flow = f"f_{source}_{target.strip(' *')}_{number}"
            if target.endswith("*"):
                defaults[source] = flow
                target = target.strip(" *")
            inner = ""
            if condition.strip():
                escaped = condition.strip().replace("&", "&amp;").replace("<", "&lt;")
                inner = (
                    f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escaped}</bpmn:conditionExpression>'
                )
            flows.append(
                f'<bpmn:sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'
            )
        else:
            kind, name, *rest = line.split()
            if kind == "service":
                operator, *more = rest
                result = more[more.index("->") + 1] if "->" in more else None
                parameters = "".join(
                    f'<spiffworkflow:parameter id="{part.split("=", 1)[0]}" type="any" value="{part.split("=", 1)[1]}"/>'
                    for part in more
                    if "=" in part
                )
                variable = f' resultVariable="{result}"' if result else ""
                nodes[name] = (
                    f'<bpmn:serviceTask id="{name}" DEFAULT><bpmn:extensionElements><spiffworkflow:serviceTaskOperator '
                    f'id="{operator}"{variable}><spiffworkflow:parameters>{parameters}</spiffworkflow:parameters>'
                    "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"
                )
            else:
                nodes[name] = f'<bpmn:{kinds[kind]} id="{name}" name="{name}" DEFAULT/>'
    lines = []
    for name, xml in nodes.items():
        lines.append(xml.replace("DEFAULT", f'default="{defaults[name]}"' if name in defaults else ""))
    for xml in raw:
        lines.append(xml)
    return "\n".join(lines + flows)
