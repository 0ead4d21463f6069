"""Models mangled at random: whatever comes out is linted, compiled and started without a traceback."""

import contextlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from registers.errors import DomainError
from tests.engine.drawing import process
from tests.engine.kit import NOON
from workflows import engine
from workflows.bpmn import NODES
from workflows.lint import ERROR, lint

MODELS = sorted((Path(__file__).parent / "models").glob("*.bpmn"))
RICH = process(
    """
    <bpmn:startEvent id="s"/><bpmn:userTask id="a"/><bpmn:exclusiveGateway id="x" default="f4"/><bpmn:parallelGateway id="g"/>
    <bpmn:subProcess id="sub"><bpmn:startEvent id="i"/><bpmn:task id="t"/><bpmn:endEvent id="o"><bpmn:errorEventDefinition/></bpmn:endEvent>
      <bpmn:sequenceFlow id="n1" sourceRef="i" targetRef="t"/><bpmn:sequenceFlow id="n2" sourceRef="t" targetRef="o"/></bpmn:subProcess>
    <bpmn:boundaryEvent id="b" attachedToRef="sub"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>
    <bpmn:inclusiveGateway id="j"/><bpmn:receiveTask id="r"/><bpmn:eventBasedGateway id="eg"/>
    <bpmn:intermediateCatchEvent id="c1">
      <bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>
    </bpmn:intermediateCatchEvent>
    <bpmn:intermediateCatchEvent id="c2"><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>
    <bpmn:task id="m"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>
    <bpmn:callActivity id="call" calledElement="q"/><bpmn:endEvent id="e"/>
    <bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="x"/>
    <bpmn:sequenceFlow id="f3" sourceRef="x" targetRef="g"><bpmn:conditionExpression>a == 1</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f4" sourceRef="x" targetRef="eg"/><bpmn:sequenceFlow id="f5" sourceRef="g" targetRef="sub"/>
    <bpmn:sequenceFlow id="f6" sourceRef="g" targetRef="m"/><bpmn:sequenceFlow id="f7" sourceRef="sub" targetRef="j"/>
    <bpmn:sequenceFlow id="f8" sourceRef="b" targetRef="r"/><bpmn:sequenceFlow id="f9" sourceRef="r" targetRef="j"/>
    <bpmn:sequenceFlow id="f10" sourceRef="m" targetRef="j"/><bpmn:sequenceFlow id="f11" sourceRef="j" targetRef="call"/>
    <bpmn:sequenceFlow id="f12" sourceRef="eg" targetRef="c1"/><bpmn:sequenceFlow id="f13" sourceRef="eg" targetRef="c2"/>
    <bpmn:sequenceFlow id="f14" sourceRef="c1" targetRef="call"/><bpmn:sequenceFlow id="f15" sourceRef="c2" targetRef="a"/>
    <bpmn:sequenceFlow id="f16" sourceRef="call" targetRef="e"/>
    """
)
CALLED = process('<bpmn:task id="inner"/>', process_id="q")
TAGS = [*sorted(NODES), "sequenceFlow", "timerEventDefinition", "linkEventDefinition", "signalEventDefinition", "escalationEventDefinition",
                        "errorEventDefinition", "standardLoopCharacteristics", "lane", "nonsense"]  # fmt: skip


def mangle(data: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    """Apply some random changes to the tree."""
    root = etree.fromstring(data)
    for kind, first, second in changes:
        elements = [element for element in root.iter() if isinstance(element.tag, str) and element is not root]
        if not elements:
            break
        one, other = elements[first % len(elements)], elements[second % len(elements)]
        if kind == "drop":
            one.getparent().remove(one)
        elif kind == "rename":
            one.tag = f"{{{etree.QName(one).namespace}}}{TAGS[second % len(TAGS)]}"
        elif kind == "move" and one not in other.iter() and other not in one.iter():
            other.append(one)
        elif kind == "swap" and one.attrib and other.attrib:
            key, value = other.attrib.items()[second % len(other.attrib)]
            one.set(one.attrib.keys()[first % len(one.attrib)], value)
            one.set(key, value)
        elif kind == "text":
            one.text = ["", "a == 1", "${a}", "-1", "P1D", "s", "[1, 2]", "null"][second % 8]
        elif kind == "empty" and one.attrib:
            del one.attrib[one.attrib.keys()[second % len(one.attrib)]]
    return etree.tostring(root)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["drop", "rename", "move", "swap", "text", "empty"]), st.integers(0, 300), st.integers(0, 300)
    ),
    max_size=8,
)


@given(
    st.sampled_from([RICH, RICH, *(path.read_bytes() for path in MODELS)]),
    CHANGES,
    st.lists(st.integers(0, 9), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_a_mangled_model_is_refused_or_runs(data, changes, choices):
    files = {"m.bpmn": mangle(data, changes), "q.bpmn": CALLED}
    findings = lint(files)
    refused = any(finding.severity == ERROR for finding in findings)
    try:
        compiled = engine.compile(files)
    except engine.ModelError:
        assert refused
        return
    assert not refused
    with contextlib.suppress(DomainError):
        case = engine.start(compiled, {"a": 1}, lambda *_: {}, now=lambda: NOON)
        outcome = engine.run(case)
        for choice in choices:
            assert all(isinstance(item.error, DomainError) for item in outcome.parked)
            if not outcome.waiting:
                break
            item = outcome.waiting[choice % len(outcome.waiting)]
            case = engine.load(compiled, engine.dump(case), lambda *_: {}, now=lambda: NOON)
            act = engine.complete if item.kind == "task" else engine.fire
            outcome = act(case, item.id, choice % 2)
