"""How tokens move: gateways, implicit splits and merges, parked steps, guards."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from tests.engine.drawing import process
from tests.engine.kit import Run, model, run
from workflows import engine

STRAIGHT = """
start s
user a
end e
s -> a
a -> e
"""


def test_a_case_waits_for_its_first_task_and_ends_at_its_end_event():
    case = run(STRAIGHT)
    assert case.open == ["a"]
    assert not case.outcome.finished
    case.do("a", {"ok": True})
    assert case.outcome.finished
    assert case.outcome.ended_by == "e"
    assert case.variables == {"a": {"ok": True}}


def test_the_route_names_elements_and_flows_in_order():
    case = run(STRAIGHT).do("a")
    assert case.route == ["s", "f_s_a_3", "a", "f_a_e_4", "e"]


def test_a_task_cannot_be_done_twice():
    case = run(STRAIGHT)
    waiting = case.waiting("a").id
    case.do("a")
    with pytest.raises(engine.NotWaiting):
        engine.complete(case.instance, waiting, {})


@pytest.mark.parametrize("strange", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_id_is_not_waiting(strange):
    case = run(STRAIGHT)
    with pytest.raises(engine.NotWaiting):
        engine.complete(case.instance, strange, {})


CHOICE = """
start s
xor q
user big
user small
end e
s -> q
q -> big : area > 1000
q -> small *
big -> e
small -> e
"""


@pytest.mark.parametrize(("area", "task"), [(1001, "big"), (1000, "small"), (None, "small")])
def test_an_exclusive_gateway_takes_the_first_true_flow_else_the_default(area, task):
    assert run(CHOICE, {"area": area}).open == [task]


def test_a_gateway_without_a_true_flow_parks_until_it_has_one():
    case = run("start s\nxor q\nuser a\nuser b\ns -> q\nq -> a : x == 1\nq -> b : x == 2", {"x": 3})
    assert case.open == []
    assert [item.element.id for item in case.outcome.parked] == ["q"]
    engine.set_variables(case.instance, {"x": 2})
    assert case.again().open == ["b"]
    assert case.outcome.parked == []


BLOCK = """
start s
and split
user a
user b
and join
user after
end e
s -> split
split -> a
split -> b
a -> join
b -> join
join -> after
after -> e
"""


def test_a_parallel_join_waits_for_all_branches():
    case = run(BLOCK)
    assert case.open == ["a", "b"]
    assert case.do("b").open == ["a"]
    assert case.do("a").open == ["after"]
    assert case.do("after").outcome.finished


def test_a_branch_that_finishes_late_does_not_bring_back_old_values():
    case = run(BLOCK, {"x": "old", "y": {"deep": [1]}})
    case.do("a", {})
    engine.set_variables(case.instance, {"x": "new", "y": {"deep": [1, 2]}})
    case.reload()
    case.do("b", {})
    assert case.variables["x"] == "new"
    assert case.variables["y"] == {"deep": [1, 2]}


def test_a_service_in_one_branch_changes_a_variable_for_all():
    case = run(
        """
        start s
        and split
        user a
        service write any.thing v=a -> x
        user b
        and join
        xor q
        user new
        user old
        s -> split
        split -> a
        a -> write
        write -> join
        split -> b
        b -> join
        join -> q
        q -> new : x == "new"
        q -> old *
        """,
        {"x": "old"},
        services=lambda operator, inputs, element: "new",
    )
    assert case.do("a", {}).do("b", {}).open == ["new"]


def test_a_parallel_join_in_a_loop_waits_again_each_round():
    case = run(
        """
        start s
        xor back
        and split
        user a
        user b
        and join
        xor q
        end e
        s -> back
        back -> split
        split -> a
        split -> b
        a -> join
        b -> join
        join -> q
        q -> e : a == "enough"
        q -> back *
        """
    )
    for _ in range(5):
        assert case.open == ["a", "b"]
        assert case.do("a", "again").open == ["b"]
        case.do("b")
    case.do("b")
    assert case.do("a", "enough").outcome.finished


def test_twenty_blocks_of_four_stay_small():
    lines = ["start s", "end e"]
    last = "s"
    for block in range(20):
        lines += [f"and o{block}", f"and j{block}", f"{last} -> o{block}"]
        for place in range(4):
            name = f"u{block}_{place}"
            lines += [f"user {name}", f"o{block} -> {name}", f"{name} -> j{block}"]
        last = f"j{block}"
    case = run("\n".join([*lines, f"{last} -> e"]))
    largest = 0
    while not case.outcome.finished:
        case.do(case.open[0])
        largest = max(largest, len(case.instance.workflow.tasks))
    assert largest < 20


INCLUSIVE = """
start s
or split
user a
user b
user c
or join
user after
s -> split
split -> a : n >= 1
split -> b : n >= 2
split -> c *
a -> join
b -> join
c -> join
join -> after
"""


@pytest.mark.parametrize(("n", "tasks"), [(2, ["a", "b"]), (1, ["a"]), (0, ["c"])])
def test_an_inclusive_gateway_takes_what_holds_and_joins_exactly_that(n, tasks):
    case = run(INCLUSIVE, {"n": n})
    assert case.open == tasks
    for task in tasks:
        assert "after" not in case.open
        case.do(task)
    assert case.open == ["after"]


def test_an_inclusive_join_waits_for_a_token_that_can_still_come_by_a_detour():
    case = run(
        """
        start s
        and split
        user a
        user b
        xor q
        user end_b
        or join
        user after
        s -> split
        split -> a
        split -> b
        b -> q
        q -> join : b == "join"
        q -> end_b *
        a -> join
        join -> after
        """
    )
    assert case.do("a").open == ["b"]
    assert case.do("b", "elsewhere").open == ["after", "end_b"]


def test_two_flows_out_of_a_task_run_in_parallel():
    case = run("start s\nuser a\nuser b\nuser c\ns -> a\na -> b\na -> c")
    assert case.do("a").open == ["b", "c"]


def test_conditional_flows_out_of_a_task_are_all_taken_that_hold():
    text = "start s\nuser a\nuser b\nuser c\nuser d\ns -> a\na -> b : a > 1\na -> c : a > 2\na -> d *"
    assert run(text).do("a", 3).open == ["b", "c"]
    assert run(text).do("a", 2).open == ["b"]
    assert run(text).do("a", 1).open == ["d"]


def test_two_flows_into_a_task_start_it_twice():
    case = run("start s\nand g\nuser a\nuser b\nuser c\ns -> g\ng -> a\ng -> b\na -> c\nb -> c")
    assert case.do("a").do("b").open == ["c", "c"]


def test_a_process_without_events_starts_and_ends_where_nothing_is_connected():
    case = run("user a\nuser b\nuser c\na -> b")
    assert case.open == ["a", "c"]
    assert case.do("a").do("c").do("b").outcome.finished


def test_a_failing_service_is_parked_and_the_other_branch_goes_on():
    broken = [True]

    def service(operator, inputs, element):
        if broken[0]:
            raise RuntimeError("register not reachable")
        return 7

    case = run(
        "start s\nand g\nservice x reg.ask v=1 -> n\nuser a\nuser b\nend e\ns -> g\ng -> x\ng -> a\na -> b\nb -> e\nx -> e",
        services=service,
    )
    assert [(item.element.id, str(item.error)) for item in case.outcome.parked] == [("x", "register not reachable")]
    assert case.do("a").open == ["b"]
    assert [item.element.id for item in case.outcome.parked] == ["x"]
    broken[0] = False
    case.again()
    assert case.outcome.parked == []
    assert case.variables["n"] == 7
    assert not case.outcome.finished
    assert case.do("b").outcome.finished


def test_a_service_that_succeeded_is_not_called_again_when_only_the_way_on_failed():
    case = run(
        "start s\nservice x a.b -> n\nuser a\nuser b\ns -> x\nx -> a : missing == 1\nx -> b : missing == 2",
        services=lambda operator, inputs, element: 1,
    )
    assert [item.element.id for item in case.outcome.parked] == ["x"]
    engine.set_variables(case.instance, {"missing": 2})
    assert case.again().open == ["b"]
    assert len(case.calls) == 1


def test_parameters_are_expressions_and_the_result_is_kept():
    case = run(
        "start s\nservice x quota.balance amount=form.tons*2 who=form.name -> balance\nuser a\ns -> x\nx -> a",
        {"form": {"tons": 1.5, "name": "厂"}},
        services=lambda operator, inputs, element: {"left": 0.1},
    )
    assert case.calls == [("quota.balance", {"amount": Decimal("3.0"), "who": "厂"})]
    assert str(case.variables["balance"]["left"]) == "0.1"


def test_terminate_ends_everything_at_once():
    case = run(
        """
        start s
        and g
        user a
        user b
        s -> g
        g -> a
        g -> b
        a -> stop
        <bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>
        """
    )
    case.do("a")
    assert case.outcome.finished
    assert case.outcome.ended_by == "stop"
    assert case.open == []


def test_cancel_withdraws_everything():
    case = run(BLOCK)
    outcome = engine.cancel(case.instance)
    assert outcome.finished
    assert outcome.waiting == []
    assert outcome.ended_by is None


def test_a_join_that_cannot_fire_any_more_is_reported_as_stuck():
    case = run("start s\nxor q\nuser a\nuser b\nand j\nend e\ns -> q\nq -> a : true\nq -> b *\na -> j\nb -> j\nj -> e")
    case.do("a")
    assert not case.outcome.finished
    assert case.outcome.stuck == ["j"]


LOOP = "start s\nuser a\nxor q\nend e\ns -> a\na -> q\nq -> e : a == 1\nq -> a *"


def test_a_case_stays_as_small_after_hundreds_of_rounds():
    case = run(LOOP)
    first = len(engine.dump(case.instance))
    for _ in range(300):
        case.do("a", 0)
    assert len(engine.dump(case.instance)) < first + 60
    assert case.do("a", 1).outcome.finished


def test_endless_rounds_are_refused_in_time():
    case = run(LOOP)
    with pytest.raises(engine.EngineLimit, match="900"):
        for _ in range(1000):
            case.do("a", 0)


def test_too_many_automatic_steps_in_one_go_are_refused():
    many = """
        <bpmn:startEvent id="s"/>
        <bpmn:subProcess id="many">
          <bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>400</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>
          <bpmn:startEvent id="i"/><bpmn:manualTask id="k"/>
          <bpmn:sequenceFlow id="f1" sourceRef="i" targetRef="k"/>
        </bpmn:subProcess>
        <bpmn:sequenceFlow id="f2" sourceRef="s" targetRef="many"/>
    """
    compiled = engine.compile({"m.bpmn": process(many)})
    with pytest.raises(engine.EngineLimit, match="1000"):
        Run(compiled)


def test_the_same_model_may_serve_many_threads():
    compiled = model(BLOCK)

    def whole(number: int) -> bool:
        case = Run(compiled, {"n": number})
        case.do("a").do("b", number).do("after")
        return case.outcome.finished and case.variables["b"] == number

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(whole, range(60)))
