"""The rules for events: which trigger may stand where, and what has to be given with it."""

from __future__ import annotations

from workflows.bpmn import ACTIVITIES, EventDefinition, Node, Scope
from workflows.expressions import ExpressionError
from workflows.report import Report
from workflows.structure import link_target, start_events
from workflows.timers import CYCLE, compile_timer

_NAMES = {
    "message": ("消息", "message"), "timer": ("定时", "timer"), "signal": ("信号", "signal"), "error": ("错误", "error"),
    "escalation": ("升级", "escalation"), "condition": ("条件", "conditional"), "link": ("链接", "link"),
    "terminate": ("终止", "terminate"), "compensate": ("补偿", "compensation"), "cancel": ("取消", "cancel"),
}  # fmt: skip
_OUTSIDE = frozenset({"message", "timer", "signal", "condition"})
_ALLOWED = {
    "startEvent": _OUTSIDE,
    "event subprocess": _OUTSIDE | {"error", "escalation"},
    "intermediateCatchEvent": _OUTSIDE | {"link"},
    "intermediateThrowEvent": frozenset({"message", "signal", "escalation", "link"}),
    "boundaryEvent": _OUTSIDE | {"error", "escalation"},
    "endEvent": frozenset({"message", "signal", "escalation", "error", "terminate"}),
}
_INSTEAD = {
    "compensate": (
        "请用普通顺序流画出撤销步骤（例如出错后进入“释放”服务步骤）。",
        "Draw the undoing steps with ordinary flows, for example after an error event.",
    ),
    "cancel": (
        "请用错误结束事件和错误边界事件表示。",
        "Use an error end event and an error boundary event.",
    ),
}


def check_starts(report: Report, scope: Scope, kind: str | None) -> None:
    """How a process, an embedded subprocess or an event subprocess begins."""
    events = start_events(scope)
    triggered = [node for node in events if node.events]
    plain = [node for node in events if not node.events]
    if kind == "event":
        if len(events) != 1 or len(triggered) != 1:
            report.error(
                "event_subprocess", scope, "事件子流程须有且只有一个带触发条件的开始事件。",
                "An event subprocess has exactly one start event, with a trigger.",
                "请只保留一个，并选择触发类型。", "Keep one and choose its trigger.",
            )  # fmt: skip
        return
    if kind == "embedded" and triggered:
        report.error(
            "start", triggered[0], "嵌入子流程的开始事件不能带触发条件。", "The start event of an embedded subprocess has no trigger.",
            "请改为普通开始事件。", "Make it a plain start event.",
        )  # fmt: skip
    elif len(plain) > 1 or (not plain and len(triggered) > 1):
        report.error(
            "start", (plain or triggered)[1], "有多个开始事件，无法确定案件从何处开始。",
            "There are several start events; it is not clear where a case starts.",
            "请只保留一个普通开始事件。", "Keep one plain start event.",
        )  # fmt: skip
    elif triggered and plain:
        for node in triggered:
            report.warn(
                "start_unused", node, "案件总是从普通开始事件开始，该触发不会启动案件。",
                "A case always starts at the plain start event; this trigger never starts one.",
                "请删除，或改为流程中的等待事件。", "Remove it, or wait for the event inside the process.",
            )  # fmt: skip
    elif triggered:
        report.warn(
            "start_trigger", triggered[0], "案件由提交申请启动，开始事件的触发条件仅作说明。",
            "A case starts when it is opened; the trigger of the start event is documentation.",
            "可改为普通开始事件。", "Make it a plain start event.",
        )  # fmt: skip


def check(report: Report, scope: Scope, node: Node, in_event_subprocess: bool) -> None:
    """One event."""
    if len(node.events) > 1 or node.flag("parallelMultiple"):
        report.error(
            "multiple_event", node, "不支持多重事件。", "Multiple events are not supported.",
            "请用基于事件的网关或多个边界事件表示。", "Use an event-based gateway or several boundary events.",
        )  # fmt: skip
        return
    where = "event subprocess" if in_event_subprocess and node.tag == "startEvent" else node.tag
    event = node.event
    if event is None:
        if node.tag in ("intermediateCatchEvent", "boundaryEvent"):
            report.error(
                "no_trigger", node, "该事件没有触发条件。", "This event has no trigger.",
                "请选择消息、定时、信号或条件。", "Choose a message, a timer, a signal or a condition.",
            )  # fmt: skip
    elif event.kind not in _ALLOWED[where]:
        zh, en = _NAMES[event.kind]
        fix_zh, fix_en = _INSTEAD.get(event.kind, ("请改用其他事件类型。", "Use another kind of event."))
        report.error(
            "unsupported_event",
            node,
            f"此处不支持{zh}事件。",
            f"A {en} event is not supported here ({node.tag}).",
            fix_zh,
            fix_en,
        )
    else:
        _check_definition(report, scope, node, event, where)
    _check_flows(report, scope, node)


def _check_definition(report: Report, scope: Scope, node: Node, event: EventDefinition, where: str) -> None:
    if event.kind == "timer":
        _check_timer(report, node, event, where)
    elif event.kind == "condition":
        if event.text is None:
            report.error(
                "condition", node, "条件事件没有条件。", "The condition is missing.", "请填写条件。", "Write one."
            )
        else:
            report.expression(node, event.text, "条件", "The condition")
    elif event.kind == "link":
        _check_link(report, scope, node, event)
    elif event.kind == "signal":
        if event.name is None:
            report.error(
                "no_name", node, "信号没有名称。", "The signal has no name.", "请选择信号。", "Select a signal."
            )
    elif event.kind == "message" and node.tag in ("intermediateThrowEvent", "endEvent") and not node.operator:
        report.warn(
            "message_not_sent", node, "系统只记录该消息，不会自动发送给任何人。",
            "The message is recorded but sent to nobody by itself.",
            "如需通知，请用指定处理器的服务任务（如 notice.publish、letter.issue）。",
            "To notify somebody, use a service task with a handler (such as notice.publish or letter.issue).",
        )  # fmt: skip
    if event.kind == "error" and not node.interrupting:
        report.error(
            "error_interrupts", node, "错误事件必须是中断型。", "An error event always interrupts.",
            "请改为中断型。", "Make it interrupting.",
        )  # fmt: skip
    if (
        event.kind in ("error", "escalation")
        and event.ref is None
        and node.tag in ("endEvent", "intermediateThrowEvent")
    ):
        report.warn(
            "no_code", node, "未指定错误或升级代码，只能被不限代码的事件捕获。",
            "It has no code and is caught only by events that catch everything.", "请选择代码。", "Select a code.",
        )  # fmt: skip
    if event.kind == "error" and node.tag == "boundaryEvent":
        host = scope.nodes.get(node.attached_to or "")
        if host is not None and host.tag in ("task", "userTask", "manualTask", "receiveTask"):
            report.warn(
                "error_never", node, "人工任务不会产生错误，该边界事件不会触发。", "Human work throws no error; this event never happens.",
                "请在任务之后用网关判断结果。", "Decide by a gateway after the task.",
            )  # fmt: skip


def _check_timer(report: Report, node: Node, event: EventDefinition, where: str) -> None:
    if event.timer is None or event.text is None:
        report.error(
            "timer", node, "定时器没有时间。", "The timer has no time.", "请填写日期、时长或循环，例如 P14D。",
            "Give a date, a duration or a cycle, for example P14D.",
        )  # fmt: skip
        return
    try:
        compile_timer(event.timer, event.text)
    except ExpressionError as error:
        report.error(
            "timer", node, error.zh, error.en,
            "日期 2025-01-31，时长 P14D 或 PT1H，循环 R3/P1D，或得出日期的表达式。法定时限请用 limitRule。",
            "A date 2025-01-31, a duration P14D or PT1H, a cycle R3/P1D, or an expression that gives a date. "
            "Limits of law are limitRule.",
        )  # fmt: skip
        return
    if event.timer == CYCLE and (node.interrupting or where not in ("boundaryEvent", "event subprocess")):
        report.warn(
            "timer_once", node, "此处的循环定时只触发一次。", "Here a cycle happens once only.",
            "请改为时长，或改为非中断边界事件。", "Use a duration, or a non-interrupting boundary event.",
        )  # fmt: skip


def _check_link(report: Report, scope: Scope, node: Node, event: EventDefinition) -> None:
    catching = [
        other for other in scope.nodes.values()
        if other.tag == "intermediateCatchEvent" and other.event and other.event.kind == "link" and other.event.name == event.name
    ]  # fmt: skip
    throwing = node.tag == "intermediateThrowEvent"
    if event.name is None or (throwing and len(catching) != 1) or len(catching) > 1:
        report.error(
            "link", node, f"链接“{event.name or ''}”须在同一层有且只有一个目标。",
            f"The link “{event.name or ''}” needs exactly one target on the same level.",
            "请检查链接名称。", "Check the names of the links.",
        )  # fmt: skip
    if (throwing and node.outgoing) or (not throwing and node.incoming):
        report.error(
            "link", node, "链接事件在这一侧不能有顺序流。", "A link event has no sequence flow on this side.",
            "请删除该顺序流。", "Remove the flow.",
        )  # fmt: skip
    if throwing and catching:
        link_target(scope, node)


def _check_flows(report: Report, scope: Scope, node: Node) -> None:
    if node.tag in ("startEvent", "boundaryEvent") and node.incoming:
        report.error(
            "flow_into_event", node, "顺序流不能进入开始事件或边界事件。", "No flow leads into a start or boundary event.",
            "请连接到其后的步骤。", "Connect it to the step after.",
        )  # fmt: skip
    if node.tag == "endEvent" and node.outgoing:
        report.error(
            "flow_from_end",
            node,
            "结束事件之后不能再有顺序流。",
            "No flow leaves an end event.",
            "请删除。",
            "Remove it.",
        )
    if node.tag == "startEvent" and any(scope.flows[ref].condition is not None for ref in node.outgoing):
        report.error(
            "condition_place", node, "开始事件之后的顺序流不能带条件。", "Flows out of a start event have no conditions.",
            "请在其后加排他网关。", "Put an exclusive gateway behind it.",
        )  # fmt: skip
    if node.tag == "boundaryEvent":
        host = scope.nodes.get(node.attached_to or "")
        if host is None or host.tag not in ACTIVITIES or host.is_event_subprocess:
            report.error(
                "boundary", node, f"边界事件所附着的 {node.attached_to} 不是本层的任务或子流程。",
                f"The boundary event is attached to {node.attached_to}, which is no activity of this level.",
                "请把它放到任务或子流程的边上。", "Attach it to an activity.",
            )  # fmt: skip
        if not node.outgoing:
            report.warn(
                "boundary_end", node, "边界事件之后没有步骤。", "Nothing follows the boundary event.",
                "请画出其后的步骤。", "Draw what follows.",
            )  # fmt: skip
