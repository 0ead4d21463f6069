"""Repetition and nesting: multi-instance, loops, subprocesses, called processes and their variables."""

from decimal import Decimal

import pytest

from tests.engine.drawing import draw, process
from tests.engine.kit import Run, model, run
from workflows.engine.tree import ClosedEnvironment
from workflows.expressions import ExpressionError


def each(
    kind: str, name: str, *, sequential: bool = False, over: str = "", inner: str = "", attributes: str = ""
) -> str:
    flag = ' isSequential="true"' if sequential else ""
    return (
        f'<bpmn:{kind} id="{name}" {attributes}><bpmn:multiInstanceLoopCharacteristics{flag}>{over}'
        f"</bpmn:multiInstanceLoopCharacteristics>{inner}</bpmn:{kind}>"
    )


OVER = (
    "<bpmn:loopDataInputRef>bodies</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>opinions</bpmn:loopDataOutputRef>"
    '<bpmn:inputDataItem id="body"/><bpmn:outputDataItem id="opinion"/>'
)
BODIES = {"bodies": ["水", "气", "土"]}
AFTER = "start s\nuser after\ns -> ask\nask -> after\n"


def test_a_parallel_task_is_offered_once_for_each_item_with_its_own_variables():
    case = run(AFTER + each("userTask", "ask", over=OVER), BODIES)
    assert [(w.local["body"], w.index) for w in case.outcome.waiting] == [("水", 0), ("气", 1), ("土", 2)]
    assert "body" not in case.variables


def test_outputs_are_collected_in_the_order_of_the_items():
    case = run(AFTER + each("userTask", "ask", over=OVER), BODIES)
    case.do("ask", {"ok": 3}, 2).do("ask", {"ok": 1}, 0)
    assert case.open == ["ask"]
    assert case.do("ask", {"ok": 2}).open == ["after"]
    assert case.variables["opinions"] == [{"ok": 1}, {"ok": 2}, {"ok": 3}]
    assert set(case.variables) == {"bodies", "opinions"}


def test_a_sequential_task_is_offered_one_after_the_other():
    case = run(AFTER + each("userTask", "ask", over=OVER, sequential=True), BODIES)
    seen = []
    while case.open == ["ask"]:
        seen.append(case.waiting("ask").local["body"])
        case.do("ask", seen[-1] + "!")
    assert seen == BODIES["bodies"]
    assert case.variables["opinions"] == ["水!", "气!", "土!"]


@pytest.mark.parametrize("sequential", [False, True])
def test_an_empty_collection_is_passed(sequential):
    case = run(AFTER + each("userTask", "ask", over=OVER, sequential=sequential), {"bodies": []})
    assert case.open == ["after"]
    assert case.variables["opinions"] == []


def test_a_completion_condition_ends_the_rest():
    over = OVER + "<bpmn:completionCondition>numberOfCompletedInstances >= 2</bpmn:completionCondition>"
    case = run(AFTER + each("userTask", "ask", over=over), BODIES)
    assert case.do("ask", 1, 0).do("ask", 2, 1).open == ["after"]
    assert len(case.variables["opinions"]) == 2


def test_a_completion_condition_may_look_at_the_outputs():
    over = OVER + '<bpmn:completionCondition>any_of(opinions, "vote", "no")</bpmn:completionCondition>'
    case = run(AFTER + each("userTask", "ask", over=over), BODIES)
    assert case.do("ask", {"vote": "yes"}).open == ["ask", "ask"]
    assert case.do("ask", {"vote": "no"}).open == ["after"]


def test_cardinality_counts_and_results_are_collected_under_the_result_name():
    over = "<bpmn:loopCardinality>n + 1</bpmn:loopCardinality>"
    case = run(AFTER + each("userTask", "ask", over=over), {"n": 1})
    assert [w.local["loopCounter"] for w in case.outcome.waiting] == [0, 1]
    assert case.do("ask", "a").do("ask", "b").variables["ask"] == ["a", "b"]


def test_a_collection_that_is_no_list_or_too_long_is_parked():
    for value in ("text", {"a": 1}, None, list(range(501))):
        case = run(AFTER + each("userTask", "ask", over=OVER), {"bodies": value})
        assert [item.element.id for item in case.outcome.parked] == ["ask"]


INNER = (
    '<bpmn:startEvent id="i"/><bpmn:userTask id="draft"/><bpmn:exclusiveGateway id="q" default="f_n"/><bpmn:userTask id="fix"/>'
    '<bpmn:endEvent id="o"/><bpmn:sequenceFlow id="f_1" sourceRef="i" targetRef="draft"/>'
    '<bpmn:sequenceFlow id="f_2" sourceRef="draft" targetRef="q"/><bpmn:sequenceFlow id="f_n" sourceRef="q" targetRef="o"/>'
    '<bpmn:sequenceFlow id="f_y" sourceRef="q" targetRef="fix"><bpmn:conditionExpression>draft == body</bpmn:conditionExpression></bpmn:sequenceFlow>'
    '<bpmn:sequenceFlow id="f_3" sourceRef="fix" targetRef="o"/>'
)


def test_instances_of_a_subprocess_do_not_see_each_other():
    over = OVER.replace('outputDataItem id="opinion"', 'outputDataItem id="draft"')
    case = run(AFTER + each("subProcess", "ask", over=over, inner=INNER), BODIES)
    assert case.open == ["draft"] * 3
    # The first answers with another's name, the second with its own: only the second has to fix it.
    case.do("draft", "气", 0)
    case.do("draft", "气", 0)
    assert case.open == ["draft", "fix"]
    assert case.waiting("fix").local["body"] == "气"
    case.do("fix").do("draft", "x")
    assert case.open == ["after"]
    assert case.variables["opinions"] == ["气", "气", "x"]


def test_without_output_an_instance_leaves_its_variables_to_the_case_when_it_completes():
    over = '<bpmn:loopDataInputRef>bodies</bpmn:loopDataInputRef><bpmn:inputDataItem id="body"/>'
    case = run(AFTER + each("subProcess", "ask", over=over, inner=INNER, sequential=True), {"bodies": ["水"]})
    case.do("draft", "x")
    assert case.variables["draft"] == "x"
    assert "body" not in case.variables


def test_a_standard_loop_goes_on_while_its_condition_holds():
    loop = (
        '<bpmn:userTask id="ask"><bpmn:standardLoopCharacteristics><bpmn:loopCondition>ask != "ok"</bpmn:loopCondition>'
        "</bpmn:standardLoopCharacteristics></bpmn:userTask>"
    )
    case = run(AFTER + loop)
    assert case.do("ask", "no").do("ask", "no").open == ["ask"]
    assert case.do("ask", "ok").open == ["after"]


def test_a_standard_loop_may_test_first_and_has_a_maximum():
    def loop(attributes: str, condition: str) -> str:
        return (
            f'<bpmn:userTask id="ask"><bpmn:standardLoopCharacteristics {attributes}><bpmn:loopCondition>{condition}'
            "</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:userTask>"
        )

    assert run(AFTER + loop('testBefore="true"', "false")).open == ["after"]
    case = run(AFTER + loop('loopMaximum="2"', "true"))
    assert case.do("ask").do("ask").open == ["after"]


CALLED = process(draw("start s\nuser inner\nend e\ns -> inner\ninner -> e"), process_id="called", executable="false")
CALLER = 'start s\nuser after\ns -> call\ncall -> after\n<bpmn:callActivity id="call" calledElement="called"/>'


def test_a_called_process_of_another_file_runs_with_the_same_variables():
    case = Run(model(CALLER, **{"called.bpmn": CALLED}), {"x": 1})
    assert case.open == ["inner"]
    assert case.do("inner", Decimal("1.10")).open == ["after"]
    assert case.variables["inner"] == Decimal("1.10")


def test_ids_that_two_processes_share_are_told_apart():
    compiled = model(CALLER, **{"called.bpmn": CALLED})
    assert {"s", "called:s", "inner", "call"} <= set(compiled.elements)
    assert Run(compiled).route == ["s", "f_s_call_2", "called:s", "f_s_inner_3"]


def test_a_process_may_be_called_for_each_item():
    case = Run(
        model(
            AFTER
            + each(
                "callActivity", "ask", over=OVER.replace('"opinion"', '"inner"'), attributes='calledElement="called"'
            ),
            **{"called.bpmn": CALLED},
        ),
        BODIES,
    )
    assert case.open == ["inner"] * 3
    case.do("inner", "a", 1).do("inner", "b", 0).do("inner", "c")
    assert case.open == ["after"]
    assert case.variables["opinions"] == ["b", "a", "c"]


def test_terminate_ends_only_the_subprocess_it_is_in():
    inner = (
        '<bpmn:startEvent id="i"/><bpmn:userTask id="one"/><bpmn:userTask id="two"/><bpmn:endEvent id="stop">'
        '<bpmn:terminateEventDefinition/></bpmn:endEvent><bpmn:sequenceFlow id="f_1" sourceRef="i" targetRef="one"/>'
        '<bpmn:sequenceFlow id="f_2" sourceRef="i" targetRef="two"/><bpmn:sequenceFlow id="f_3" sourceRef="one" targetRef="stop"/>'
    )
    case = run(AFTER + f'<bpmn:subProcess id="ask">{inner}</bpmn:subProcess>')
    assert case.open == ["one", "two"]
    assert case.do("one").open == ["after"]


def test_an_empty_subprocess_is_passed():
    assert run(AFTER + '<bpmn:subProcess id="ask"/>').open == ["after"]


def test_a_boundary_event_of_a_multi_instance_takes_all_instances_away():
    case = run(
        AFTER
        + "user late\nb -> late\n"
        + each("userTask", "ask", over=OVER)
        + '\n<bpmn:boundaryEvent id="b" attachedToRef="ask"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D'
        "</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>",
        BODIES,
    )
    assert case.open == ["ask", "ask", "ask", "b"]
    assert case.fire("b").open == ["late"]


def test_services_are_repeated_too():
    case = run(
        AFTER
        + '<bpmn:serviceTask id="ask"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="a.b" resultVariable="r">'
        '<spiffworkflow:parameters><spiffworkflow:parameter id="x" type="any" value="body"/></spiffworkflow:parameters>'
        "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics>"
        + OVER.replace('"opinion"', '"r"')
        + "</bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>",
        BODIES,
        services=lambda operator, inputs, element: inputs["x"] + "1",
    )
    assert case.variables["opinions"] == ["水1", "气1", "土1"]


def test_the_library_itself_cannot_run_a_script_or_open_python():
    environment = ClosedEnvironment()
    for text in ("__import__('os').system('true')", "().__class__", "open('/etc/passwd')"):
        with pytest.raises(ExpressionError):
            environment.evaluate(text, {})
    with pytest.raises(ExpressionError):
        environment.execute("x = 1", {})
    with pytest.raises(ExpressionError):
        environment.call_service({})
