"""Events: waiting, boundary events, event gateways, errors, escalations, signals, event subprocesses, timers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.engine.kit import NOON, Run, model, run
from workflows import engine

TOP = """
<bpmn:message id="m_withdraw" name="撤回申请"/>
<bpmn:message id="m_reply" name="答复"/>
<bpmn:signal id="g_stop" name="停止"/>
<bpmn:error id="e_short" errorCode="short"/>
<bpmn:error id="e_other" errorCode="other"/>
<bpmn:escalation id="x_late" escalationCode="late"/>
"""


def catch(name: str, definition: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{name}">{definition}</bpmn:intermediateCatchEvent>'


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    flag = "" if interrupting else ' cancelActivity="false"'
    return f'<bpmn:boundaryEvent id="{name}" attachedToRef="{host}"{flag}>{definition}</bpmn:boundaryEvent>'


MESSAGE = '<bpmn:messageEventDefinition messageRef="m_reply"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="g_stop"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="x_late"/>'


def timer(kind: str, text: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def condition(text: str) -> str:
    return f"<bpmn:conditionalEventDefinition><bpmn:condition>{text}</bpmn:condition></bpmn:conditionalEventDefinition>"


def error(ref: str = "") -> str:
    return f"<bpmn:errorEventDefinition{f' errorRef={chr(34)}{ref}{chr(34)}' if ref else ''}/>"


def test_a_message_is_waited_for_and_its_payload_kept():
    case = run(f"start s\nuser a\nend e\ns -> w\nw -> a\na -> e\n{catch('w', MESSAGE)}", top=TOP)
    waiting = case.waiting("w")
    assert (waiting.kind, waiting.element.event_name) == ("message", "答复")
    assert case.fire("w", {"text": "同意"}).open == ["a"]
    assert case.variables["w"] == {"text": "同意"}


def test_a_receive_task_waits_for_a_message():
    case = run('start s\nend e\ns -> r\nr -> e\n<bpmn:receiveTask id="r" messageRef="m_reply"/>', top=TOP)
    assert case.waiting("r").kind == "message"
    assert case.fire("r").outcome.finished


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "PT1H", NOON + timedelta(hours=1)),
        ("timeDuration", '"P14D"', NOON + timedelta(days=14)),
        ("timeDuration", "P1M", datetime(2026, 10, 1, 4, tzinfo=UTC)),
        ("timeDate", "2026-10-01", datetime(2026, 9, 30, 16, tzinfo=UTC)),
        ("timeDate", "2026-10-01T09:00:00+08:00", datetime(2026, 10, 1, 1, tzinfo=UTC)),
        ("timeDate", "deadline", datetime(2026, 12, 30, 16, tzinfo=UTC)),
        ("timeDuration", "wait", NOON + timedelta(minutes=5)),
        ("timeCycle", "R3/PT10M", NOON + timedelta(minutes=10)),
    ],
)
def test_a_timer_tells_when_it_is_due_and_never_fires_by_itself(kind, text, due):
    case = run(
        f"start s\nuser a\ns -> w\nw -> a\n{catch('w', timer(kind, text))}",
        {"deadline": date(2026, 12, 31), "wait": "PT5M"},
    )
    assert case.waiting("w").due == due
    assert case.again().open == ["w"]
    assert case.fire("w").open == ["a"]


def test_a_month_after_the_last_of_january_is_the_last_of_february():
    compiled = model(f"start s\nuser a\ns -> w\nw -> a\n{catch('w', timer('timeDuration', 'P1M'))}")
    case = Run(compiled, now=datetime(2026, 1, 31, 4, tzinfo=UTC))
    assert case.waiting("w").due == datetime(2026, 2, 28, 4, tzinfo=UTC)


HOSTED = "start s\nuser a\nuser normal\nuser other\ns -> a\na -> normal\nb -> other\n"


def test_an_interrupting_boundary_event_takes_the_task_away():
    case = run(HOSTED + boundary("b", "a", MESSAGE), top=TOP)
    assert case.waiting("b").host == case.waiting("a").id
    assert case.fire("b").open == ["other"]


def test_a_boundary_event_goes_with_its_task():
    case = run(HOSTED + boundary("b", "a", MESSAGE), top=TOP)
    assert case.do("a").open == ["normal"]


def test_a_non_interrupting_boundary_event_may_happen_again():
    case = run(HOSTED + boundary("b", "a", MESSAGE, interrupting=False), top=TOP)
    assert case.fire("b").fire("b").open == ["a", "b", "other", "other"]
    assert case.do("a").open == ["normal", "other", "other"]


def test_a_repeating_reminder_ends_after_its_count():
    case = run(HOSTED + boundary("b", "a", timer("timeCycle", "R2/P1D"), interrupting=False))
    assert case.waiting("b").due == NOON + timedelta(days=1)
    case.fire("b")
    assert case.waiting("b").due == NOON + timedelta(days=2)
    assert case.fire("b").open == ["a", "other", "other"]


SUB = """<bpmn:subProcess id="sub"><bpmn:startEvent id="i"/><bpmn:userTask id="inner"/><bpmn:userTask id="more"/>
<bpmn:endEvent id="o">{end}</bpmn:endEvent><bpmn:sequenceFlow id="f_1" sourceRef="i" targetRef="inner"/>
<bpmn:sequenceFlow id="f_2" sourceRef="inner" targetRef="more"/><bpmn:sequenceFlow id="f_3" sourceRef="more" targetRef="o"/>
</bpmn:subProcess>"""


def hosted_sub(end: str = "", *extra: str) -> str:
    return "\n".join(
        [
            "start s", "user normal", "user other", "s -> sub", "sub -> normal", "b -> other",
            SUB.format(end=end).replace("\n", ""), *extra,
        ]
    )  # fmt: skip


def test_an_embedded_subprocess_runs_and_goes_on():
    case = run(hosted_sub("", boundary("b", "sub", MESSAGE)), top=TOP)
    assert case.open == ["b", "inner"]
    assert case.do("inner").open == ["b", "more"]
    assert case.do("more").open == ["normal"]


def test_a_boundary_event_of_a_subprocess_withdraws_all_that_is_inside():
    case = run(hosted_sub("", boundary("b", "sub", MESSAGE)), top=TOP)
    assert case.fire("b").open == ["other"]


def test_an_error_is_caught_by_its_code():
    case = run(hosted_sub(error("e_short"), boundary("b", "sub", error("e_short"))), top=TOP)
    assert case.open == ["inner"]  # an error is not waited for from outside
    assert case.do("inner").do("more").open == ["other"]


def test_an_error_is_caught_by_an_event_that_catches_everything():
    case = run(hosted_sub(error("e_short"), boundary("b", "sub", error())), top=TOP)
    assert case.do("inner").do("more").open == ["other"]


def test_an_error_of_another_code_is_not_caught_and_ends_the_case():
    case = run(hosted_sub(error("e_short"), boundary("b", "sub", error("e_other"))), top=TOP)
    case.do("inner").do("more")
    assert case.outcome.finished
    assert case.outcome.ended_by == "o"


def test_an_escalation_goes_on_beside_the_subprocess():
    case = run(hosted_sub(ESCALATION, boundary("b", "sub", ESCALATION, interrupting=False)), top=TOP)
    assert case.do("inner").do("more").open == ["normal", "other"]
    assert [(item.kind, item.name) for item in case.outcome.thrown] == [("escalation", "late")]


def test_an_uncaught_escalation_has_no_effect():
    case = run(hosted_sub(ESCALATION, boundary("b", "sub", MESSAGE)), top=TOP)
    assert case.do("inner").do("more").open == ["normal"]


def test_a_service_may_throw_an_error_for_a_boundary_event():
    def short(operator, inputs, element):
        raise engine.ProcessError("short", "额度不足", "not enough")

    text = "start s\nservice x quota.reserve\nuser normal\nuser other\ns -> x\nx -> normal\nb -> other\n"
    case = run(text + boundary("b", "x", error("e_short")), top=TOP, services=short)
    assert case.open == ["other"]
    assert run(text + boundary("b", "x", error("e_other")), top=TOP, services=short).outcome.parked


def test_a_signal_reaches_everything_that_waits_for_it():
    case = run(
        "start s\nand g\nuser a\nuser b\nuser c\nuser d\ns -> g\ng -> a\ng -> b\ng -> w\nw -> c\nt1 -> d\na -> t\n"
        + catch("w", SIGNAL)
        + "\n"
        + boundary("t1", "b", SIGNAL)
        + f'\n<bpmn:intermediateThrowEvent id="t">{SIGNAL}</bpmn:intermediateThrowEvent>',
        top=TOP,
    )
    assert case.do("a").open == ["c", "d"]
    assert [item.name for item in case.outcome.thrown] == ["停止"]


EVENT_GATEWAY = (
    "start s\nevent g\nuser yes\nuser late\nuser note\ns -> g\ng -> w\ng -> t\ng -> r\nw -> yes\nt -> late\nr -> note\n"
    + catch("w", MESSAGE)
    + "\n"
    + catch("t", timer("timeDuration", "P1D"))
    + '\n<bpmn:receiveTask id="r" messageRef="m_withdraw"/>'
)


@pytest.mark.parametrize(("event", "task"), [("w", "yes"), ("t", "late"), ("r", "note")])
def test_the_first_event_behind_an_event_gateway_takes_the_others_away(event, task):
    case = run(EVENT_GATEWAY, top=TOP)
    assert case.open == ["r", "t", "w"]
    assert case.fire(event).open == [task]


def test_a_conditional_event_fires_when_its_condition_becomes_true():
    case = run("start s\nuser a\ns -> w\nw -> a\n" + catch("w", condition("paid == true")))
    assert case.waiting("w").kind == "condition"
    engine.set_variables(case.instance, {"paid": False})
    assert case.again().open == ["w"]
    engine.set_variables(case.instance, {"paid": True})
    assert case.again().open == ["a"]


def test_a_non_interrupting_condition_fires_once_each_time_it_becomes_true():
    case = run(HOSTED + boundary("b", "a", condition("n > 1"), interrupting=False), {"n": 0})
    for value, times in ((2, 1), (3, 1), (0, 1), (5, 2)):
        engine.set_variables(case.instance, {"n": value})
        case.again()
        assert case.open.count("other") == times


def event_subprocess(name: str, definition: str, *, interrupting: bool = True) -> str:
    flag = "" if interrupting else ' isInterrupting="false"'
    return (
        f'<bpmn:subProcess id="{name}" triggeredByEvent="true"><bpmn:startEvent id="{name}_s"{flag}>{definition}</bpmn:startEvent>'
        f'<bpmn:userTask id="{name}_t"/><bpmn:endEvent id="{name}_e"/>'
        f'<bpmn:sequenceFlow id="f_{name}1" sourceRef="{name}_s" targetRef="{name}_t"/>'
        f'<bpmn:sequenceFlow id="f_{name}2" sourceRef="{name}_t" targetRef="{name}_e"/></bpmn:subProcess>'
    )


WITHDRAW = '<bpmn:messageEventDefinition messageRef="m_withdraw"/>'
PLAIN = "start s\nuser a\nuser b\nend e\ns -> a\na -> b\nb -> e\n"


def test_an_interrupting_event_subprocess_replaces_what_was_going_on():
    case = run(PLAIN + event_subprocess("wd", WITHDRAW), top=TOP)
    case.do("a")
    assert case.open == ["b", "wd_s"]
    assert case.fire("wd_s", {"why": "改址"}).open == ["wd_t"]
    assert case.do("wd_t").outcome.finished
    assert case.variables["wd_s"] == {"why": "改址"}


def test_a_non_interrupting_event_subprocess_runs_beside_and_may_run_again():
    case = run(PLAIN + event_subprocess("wd", WITHDRAW, interrupting=False), top=TOP)
    assert case.fire("wd_s").fire("wd_s").open == ["a", "wd_s", "wd_t", "wd_t"]
    case.do("a").do("b")
    assert not case.outcome.finished
    assert case.open == ["wd_s", "wd_t", "wd_t"]
    assert case.do("wd_t").do("wd_t").outcome.finished


def test_an_unused_event_subprocess_does_not_keep_the_case_open():
    assert run(PLAIN + event_subprocess("wd", WITHDRAW), top=TOP).do("a").do("b").outcome.finished


def test_an_event_subprocess_catches_the_error_of_its_own_scope():
    case = run(
        f'start s\nuser a\nuser side\ns -> a\ns -> side\na -> bad\n<bpmn:endEvent id="bad">{error("e_short")}</bpmn:endEvent>\n'
        + event_subprocess("rescue", error("e_short")),
        top=TOP,
    )
    assert case.do("a").open == ["rescue_t"]
    assert case.do("rescue_t").outcome.finished


def test_link_events_jump():
    case = run(
        "start s\nuser a\nuser b\ns -> a\na -> out\nin -> b\n"
        '<bpmn:intermediateThrowEvent id="out"><bpmn:linkEventDefinition name="A"/></bpmn:intermediateThrowEvent>\n'
        '<bpmn:intermediateCatchEvent id="in"><bpmn:linkEventDefinition name="A"/></bpmn:intermediateCatchEvent>'
    )
    assert case.do("a").open == ["b"]


def test_a_timer_without_its_variable_parks_and_is_computed_when_there_is_one():
    case = run("start s\nuser a\ns -> w\nw -> a\n" + catch("w", timer("timeDate", "when")))
    assert [item.element.id for item in case.outcome.parked] == ["w"]
    engine.set_variables(case.instance, {"when": date(2027, 1, 1)})
    assert case.again().open == ["w"]


def test_a_timer_on_a_parked_service_can_still_fire():
    def down(operator, inputs, element):
        raise RuntimeError("down")

    case = run(
        "start s\nservice x a.b\nuser normal\nuser other\ns -> x\nx -> normal\nb -> other\n"
        + boundary("b", "x", timer("timeDuration", "P1D")),
        services=down,
    )
    assert case.outcome.parked
    case.fire("b")
    assert (case.open, case.outcome.parked) == (["other"], [])
