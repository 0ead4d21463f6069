"""Reads BPMN 2.0 XML as any modelling tool writes it into the plain data of `workflows.bpmn`.

It judges nothing: unknown or ignored parts are kept as `Remark`s for the linter.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from workflows.bpmn import BPMN, NODES, SCOPES, Document, EventDefinition, Flow, Loop, Node, Process, Remark, Scope
from workflows.xmlsafe import line_of, local, namespace, parse

SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

# Drawn, but without effect on the course of a case by the standard itself.
DOCUMENTATION = frozenset(
    {
        "documentation", "extensionElements", "laneSet", "dataObject", "dataObjectReference", "dataStoreReference",
        "textAnnotation", "group", "association", "category", "auditing", "monitoring", "property", "incoming",
        "outgoing", "supports", "correlationSubscription", "ioBinding", "artifact",
    }
)  # fmt: skip
EVENT_KINDS: Mapping[str, str] = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "conditionalEventDefinition": "condition",
    "linkEventDefinition": "link",
    "terminateEventDefinition": "terminate",
    "compensateEventDefinition": "compensate",
    "cancelEventDefinition": "cancel",
}


def read(data: bytes, file: str) -> Document:
    """The document; raises `XmlRefused` when the bytes are not acceptable XML."""
    return _Reader(parse(data), file).document


class _Reader:
    def __init__(self, root: etree._Element, file: str) -> None:
        self.document = Document(file)
        self.process: str | None = None
        self.named: dict[str, tuple[str, str]] = {}  # id -> (tag, name or code)
        if local(root) != "definitions" or namespace(root) != BPMN:
            self._remark("not_bpmn", root, f"{{{namespace(root)}}}{local(root)}")
            return
        for child in self._own(root):
            tag = local(child)
            if tag in ("message", "signal", "error", "escalation"):
                code = child.get("errorCode") or child.get("escalationCode")
                name = code if tag in ("error", "escalation") else child.get("name")
                identifier = child.get("id", "")
                self.named[identifier] = (tag, name or identifier)
        for child in self._own(root):
            self._top(child)
        ids: dict[str, int] = {}
        for element in root.iter():
            # The ids of data items are names of variables, and may repeat.
            counts = namespace(element) == BPMN and local(element) not in ("inputDataItem", "outputDataItem")
            used = element.get("id") if counts else None
            if used:
                if used in ids:
                    self.document.duplicates.append((used, line_of(element)))
                ids[used] = line_of(element)

    def _remark(self, kind: str, element: etree._Element, detail: str, owner: str | None = None) -> None:
        remark = Remark(kind, owner or element.get("id"), line_of(element), detail, self.process)
        self.document.remarks.append(remark)

    @staticmethod
    def _own(element: etree._Element) -> list[etree._Element]:
        """The children that belong to BPMN itself."""
        return [child for child in element if namespace(child) == BPMN]

    def _top(self, child: etree._Element) -> None:
        tag = local(child)
        if tag == "process":
            process = Process(
                child.get("id", ""),
                line_of(child),
                name=child.get("name", ""),
                executable=_flag(child.get("isExecutable")),
                file=self.document.file,
            )
            if not process.id:
                self._remark("no_id", child, "process")
                return
            self.process = process.id
            self._scope(child, process)
            self.process = None
            self.document.processes.append(process)
        elif tag == "collaboration":
            for part in self._own(child):
                if local(part) == "participant":
                    self.document.participants.append((part.get("name", ""), _reference(part.get("processRef"))))
        elif tag in ("choreography", "globalChoreographyTask"):
            self._remark("choreography", child, tag)
        elif tag == "extension" and _flag(child.get("mustUnderstand")):
            self._remark("must_understand", child, child.get("definition", ""))
        elif tag.startswith("global") or tag == "import":
            self._remark("ignored_top", child, tag)

    def _scope(self, element: etree._Element, scope: Scope) -> None:
        self._foreign(element)
        lanes: dict[str, str] = {}
        for child in self._own(element):
            tag = local(child)
            if tag == "laneSet":
                self._lanes(child, lanes)
            elif tag == "sequenceFlow":
                self._flow(child, scope)
            elif tag in NODES:
                self._node(child, scope)
            elif tag in ("ioSpecification", "dataInputAssociation", "dataOutputAssociation"):
                self._remark("data_mapping", child, tag, element.get("id"))
            elif tag in ("performer", "humanPerformer", "potentialOwner", "resourceRole"):
                self._remark("performer", child, tag, element.get("id"))
            elif tag not in DOCUMENTATION and tag not in (
                "multiInstanceLoopCharacteristics",
                "standardLoopCharacteristics",
            ):
                self._remark("unknown_element", child, tag)
        for node_id, lane in lanes.items():
            if node_id in scope.nodes:
                scope.nodes[node_id].lane = lane
        for flow in scope.flows.values():
            source, target = scope.nodes.get(flow.source), scope.nodes.get(flow.target)
            if source is not None and flow.id not in source.outgoing:
                source.outgoing.append(flow.id)
            if target is not None and flow.id not in target.incoming:
                target.incoming.append(flow.id)
        for node in scope.nodes.values():
            # `incoming` and `outgoing` only give the order; the flows themselves say what is connected.
            node.outgoing = [ref for ref in node.outgoing if ref in scope.flows and scope.flows[ref].source == node.id]
            node.incoming = [ref for ref in node.incoming if ref in scope.flows and scope.flows[ref].target == node.id]

    def _lanes(self, lane_set: etree._Element, lanes: dict[str, str]) -> None:
        for lane in self._own(lane_set):
            if local(lane) != "lane":
                continue
            name = lane.get("name") or lane.get("id", "")
            for part in self._own(lane):
                if local(part) == "flowNodeRef":
                    lanes[_reference(part.text) or ""] = str(name)
                elif local(part) == "childLaneSet":
                    # Written after the outer lane: the innermost lane wins.
                    self._lanes(part, lanes)

    def _flow(self, element: etree._Element, scope: Scope) -> None:
        condition, language = None, None
        for part in self._own(element):
            if local(part) == "conditionExpression":
                condition, language = _text(part), part.get("language")
                if condition is None:
                    self._remark("empty_condition", part, "", element.get("id"))
        self._foreign(element)
        identifier = element.get("id") or f"flow:{line_of(element)}:{len(scope.flows)}"
        scope.flows[identifier] = Flow(
            identifier,
            _reference(element.get("sourceRef")) or "",
            _reference(element.get("targetRef")) or "",
            condition,
            language,
            element.get("name", ""),
            line_of(element),
        )

    def _node(self, element: etree._Element, scope: Scope) -> None:
        identifier = element.get("id")
        if not identifier:
            self._remark("no_id", element, local(element))
            return
        node = Node(
            identifier,
            local(element),
            line_of(element),
            name=" ".join(element.get("name", "").split()),
            attributes={str(key): str(value) for key, value in element.attrib.items() if not str(key).startswith("{")},
            default=_reference(element.get("default")),
        )
        if node.tag == "boundaryEvent":
            # Never None: a boundary event without a host is one with an unknown host.
            node.attached_to = _reference(element.get("attachedToRef")) or ""
        elif node.tag == "callActivity":
            node.called = _reference(element.get("calledElement"))
        node.interrupting = node.flag("cancelActivity" if node.tag == "boundaryEvent" else "isInterrupting", True)
        if node.tag in SCOPES:
            node.scope = Scope(identifier, node.line)
            self._scope(element, node.scope)
        else:
            self._foreign(element)
        for child in self._own(element):
            self._part(child, node)
        if node.tag in ("sendTask", "receiveTask") and not node.events:
            ref = _reference(element.get("messageRef"))
            known = self.named.get(ref or "")
            name = known[1] if known is not None and known[0] == "message" else None
            node.events.append(EventDefinition("message", node.line, name=name, ref=ref))
        self._extensions(element, node)
        scope.nodes[identifier] = node

    def _part(self, child: etree._Element, node: Node) -> None:
        tag = local(child)
        if tag == "incoming" and child.text:
            node.incoming.append(_reference(child.text) or "")
        elif tag == "outgoing" and child.text:
            node.outgoing.append(_reference(child.text) or "")
        elif tag in EVENT_KINDS:
            node.events.append(self._event(child))
        elif tag == "eventDefinitionRef":
            self._remark("event_ref", child, (child.text or "").strip(), node.id)
        elif tag in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
            node.loop = self._loop(child, node)
        elif tag == "script":
            self._remark("script", child, "", node.id)
        elif node.scope is None:
            if tag in ("ioSpecification", "dataInputAssociation", "dataOutputAssociation"):
                if tag == "ioSpecification" or any(local(part) in ("assignment", "transformation") for part in child):
                    self._remark("data_mapping", child, tag, node.id)
            elif tag in ("performer", "humanPerformer", "potentialOwner", "resourceRole"):
                self._remark("performer", child, tag, node.id)
            elif tag in ("dataOutput", "dataInput", "inputSet", "outputSet", "rendering", "activationCondition"):
                if tag == "activationCondition":
                    self._remark("unknown_element", child, tag, node.id)
            elif tag not in DOCUMENTATION:
                self._remark("unknown_element", child, tag, node.id)

    def _event(self, element: etree._Element) -> EventDefinition:
        tag = local(element)
        kind = EVENT_KINDS[tag]
        line = line_of(element)
        self._foreign(element)
        if kind == "timer":
            for part in self._own(element):
                if local(part) in ("timeDate", "timeDuration", "timeCycle"):
                    return EventDefinition(kind, line, timer=local(part)[4:].lower(), text=_text(part))
            return EventDefinition(kind, line)
        if kind == "condition":
            texts = [_text(part) for part in self._own(element) if local(part) == "condition"]
            return EventDefinition(kind, line, text=texts[0] if texts else None)
        if kind == "link":
            return EventDefinition(kind, line, name=element.get("name"))
        ref = _reference(element.get(f"{kind}Ref"))
        if kind in ("message", "signal", "error", "escalation"):
            known = self.named.get(ref or "")
            if ref and (known is None or known[0] != kind):
                self._remark("unknown_ref", element, ref)
            return EventDefinition(kind, line, name=known[1] if known and known[0] == kind else None, ref=ref)
        return EventDefinition(kind, line)

    def _loop(self, element: etree._Element, node: Node) -> Loop:
        self._foreign(element, node.id)
        parts: dict[str, etree._Element] = {local(part): part for part in self._own(element)}
        if local(element) == "standardLoopCharacteristics":
            return Loop(
                "standard",
                line_of(element),
                condition=_text(parts.get("loopCondition")),
                maximum=element.get("loopMaximum"),
                test_before=bool(_flag(element.get("testBefore"))),
            )
        behavior = element.get("behavior", "All")
        if behavior != "All" or "complexBehaviorDefinition" in parts:
            self._remark("unknown_element", element, f"behavior={behavior}", node.id)
        return Loop(
            "sequential" if _flag(element.get("isSequential")) else "parallel",
            line_of(element),
            cardinality=_text(parts.get("loopCardinality")),
            input=_text(parts.get("loopDataInputRef")),
            input_item=_item(parts.get("inputDataItem")),
            output=_text(parts.get("loopDataOutputRef")),
            output_item=_item(parts.get("outputDataItem")),
            condition=_text(parts.get("completionCondition")),
        )

    def _extensions(self, element: etree._Element, node: Node) -> None:
        for holder in self._own(element):
            if local(holder) != "extensionElements":
                continue
            for part in holder:
                if namespace(part).rstrip("/") != SPIFF:
                    continue  # foreign parts are remarked on by `_foreign`
                self._extension(part, node)

    def _extension(self, part: etree._Element, node: Node) -> None:
        tag = local(part)
        if tag == "properties":
            for item in part:
                if local(item) == "property":
                    node.properties[item.get("name", "")] = item.get("value", "")
        elif tag == "serviceTaskOperator":
            node.operator = (item_id := part.get("id", "").strip()) or None
            node.result = part.get("resultVariable") or None
            if item_id:
                node.properties["operator"] = item_id
            for group in part:
                if local(group) == "parameters":
                    for item in group:
                        if local(item) == "parameter":
                            node.parameters[item.get("id", "")] = item.get("value", "")
        elif tag == "calledDecisionId":
            node.decision = _text(part)
        elif tag in ("preScript", "postScript", "payloadExpression", "messagePayload"):
            self._remark("script", part, tag, node.id)
        elif tag in ("messageVariable", "variableName"):
            node.properties.setdefault("result", _text(part) or "")
        else:
            self._remark("spiff_ignored", part, tag, node.id)

    def _foreign(self, element: etree._Element, owner: str | None = None) -> None:
        """Remark on what other products wrote: attributes in their namespaces and extension elements."""
        who = owner or element.get("id")
        for key, value in element.attrib.items():
            name = etree.QName(str(key))
            if name.namespace and name.namespace != BPMN and not name.namespace.startswith("http://www.w3.org/"):
                self._remark("foreign", element, f"{name.namespace}|{name.localname}|{value!s}", who)
        for holder in element:
            if local(holder) != "extensionElements":
                continue
            for part in holder:
                if namespace(part).rstrip("/") != SPIFF:
                    detail = f"{namespace(part)}|{local(part)}|{part.get('class') or part.get('expression') or ''}"
                    self._remark("foreign", part, detail, who)


def _text(element: etree._Element | None) -> str | None:
    if element is None:
        return None
    text = "".join(str(piece) for piece in element.itertext()).strip()
    return text or None


def _item(element: etree._Element | None) -> str | None:
    """The variable a data item stands for: spiff and others use the id, some tools only a name."""
    if element is None:
        return None
    return element.get("id") or element.get("name") or _text(element)


def _reference(text: str | None) -> str | None:
    """An id out of a QName: the prefix says nothing within one file."""
    if text is None or not text.strip():
        return None
    return text.strip().rsplit(":", 1)[-1]


def _flag(text: str | None) -> bool | None:
    return None if text is None else text.strip() in ("true", "1")
