"""The shipped procedures: every scenario plays, every flow is passed by one, and the drawings are clean."""

import itertools
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from lxml import etree

sys.path.insert(0, str(Path(__file__).parent))
from driver import ROOT, check, load, play

PROCEDURES = sorted(path.parent.name for path in ROOT.glob("*/scenarios.json"))
SCENARIOS = {name: json.loads((ROOT / name / "scenarios.json").read_text("utf-8"))["scenarios"] for name in PROCEDURES}
# These write to registers that only PostgreSQL keeps; `test_runner` plays them, with all flows, on the real runtime.
REGISTERS = {
    "eco_park", "park_reform", "pilot_evaluation", "annual_declaration", "quota_bulletin", "quota_reserve", "permit_renewal",
    "reduction_audit", "upper_reserve",
}  # fmt: skip
IN_MEMORY = [name for name in PROCEDURES if name not in REGISTERS and not name.startswith("two_licences")]
CASES = [(name, scenario) for name in IN_MEMORY for scenario in SCENARIOS[name]]
NS = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}
DIAGRAMS = sorted(ROOT.glob("*/*.bpmn"))
_passed: dict[str, set[str]] = defaultdict(set)


@pytest.mark.parametrize(("procedure", "scenario"), CASES, ids=[case["name"]["en"] for _, case in CASES])
def test_a_scenario_goes_as_it_says(procedure, scenario):
    player = play(procedure, scenario)
    _passed[procedure].update(player.route)
    check(player, scenario["expect"])


@pytest.mark.parametrize("procedure", IN_MEMORY)
def test_together_the_scenarios_pass_every_flow(procedure):
    if not _passed[procedure]:
        for scenario in SCENARIOS[procedure]:
            _passed[procedure].update(play(procedure, scenario).route)
    flows = {
        flow
        for path in (ROOT / procedure).glob("*.bpmn")
        for flow in re.findall(r'<bpmn:sequenceFlow id="([^"]+)"', path.read_text("utf-8"))
    }
    assert flows - _passed[procedure] == set()


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_every_human_task_has_a_form_a_role_and_the_procedure_names_its_forms(procedure):
    model, settings = load(procedure)
    for element in model.elements.values():
        if element.type == "userTask":
            assert element.properties["form"] in settings["forms"], element.id
            assert element.properties.get("role") or settings["lanes"][element.lane], element.id


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_no_two_shapes_of_a_diagram_overlap(path):
    boxes, hosts = _boxes(path)
    for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
        if other in (hosts.get(one),) or one in (hosts.get(other),):
            continue
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} and {other} overlap"


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_no_line_of_a_diagram_runs_through_a_shape_it_does_not_belong_to(path):
    boxes, hosts = _boxes(path)
    tree = etree.parse(path)
    ends = {
        flow.get("id"): (flow.get("sourceRef"), flow.get("targetRef"))
        for flow in tree.iterfind(".//bpmn:sequenceFlow", NS)
    }
    for edge in tree.iterfind(".//bpmndi:BPMNEdge", NS):
        own = {*ends[edge.get("bpmnElement")], *(hosts.get(end) for end in ends[edge.get("bpmnElement")])}
        points = [(float(p.get("x")), float(p.get("y"))) for p in edge.iterfind("di:waypoint", NS)]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            assert x0 == x1 or y0 == y1, f"{edge.get('id')} is not rectangular"
            for name, box in boxes.items():
                inside = max(x0, x1) > box[0] and min(x0, x1) < box[2] and max(y0, y1) > box[1] and min(y0, y1) < box[3]
                assert not inside or name in own, f"{edge.get('id')} runs through {name}"


@pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.name)
def test_gateways_ask_questions_and_their_flows_answer(path):
    tree = etree.parse(path)
    for gateway in tree.iterfind(".//bpmn:exclusiveGateway", NS):
        if len(gateway.findall("bpmn:outgoing", NS)) == 1:
            assert len(gateway.findall("bpmn:incoming", NS)) > 1, gateway.get("id")  # ways meet again: no question
            continue
        assert gateway.get("name", "").endswith("？"), gateway.get("id")
        for flow in tree.iterfind(f".//bpmn:sequenceFlow[@sourceRef='{gateway.get('id')}']", NS):
            assert flow.get("name"), flow.get("id")


def _boxes(path):
    tree = etree.parse(path)
    nodes = {ref.text for ref in tree.iterfind(".//bpmn:flowNodeRef", NS)}
    hosts = {event.get("id"): event.get("attachedToRef") for event in tree.iterfind(".//bpmn:boundaryEvent", NS)}
    boxes = {}
    for shape in tree.iterfind(".//bpmndi:BPMNShape", NS):
        if shape.get("bpmnElement") in nodes:
            bounds = shape.find("dc:Bounds", NS)
            x, y, w, h = (float(bounds.get(key)) for key in ("x", "y", "width", "height"))
            boxes[shape.get("bpmnElement")] = (x, y, x + w, y + h)
    return boxes, hosts
