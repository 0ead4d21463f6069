"""The rules for activities, loops and gateways."""

from __future__ import annotations

import ast

from workflows import checks_events
from workflows.bpmn import EVENTS, GATEWAYS, Flow, Loop, Node, Scope
from workflows.expressions import ExpressionError, compile_expression
from workflows.report import Report
from workflows.structure import Source

MAX_INSTANCES = 500  # of one repeated activity; the engine holds to the same figure where the number is computed
PROPERTIES = frozenset(
    {
        "form", "role", "body", "matter", "limitRule", "onDue", "legalBasis", "result", "letter", "notice", "milestone", "sections", "resume",
        "notBy", "resultSchema", "operator", "signed",
    }
)  # fmt: skip


def check(report: Report, source: Source, scope: Scope, node: Node, in_event_subprocess: bool) -> None:
    """One node."""
    if node.tag in EVENTS:
        checks_events.check(report, scope, node, in_event_subprocess)
    elif node.tag in GATEWAYS:
        _check_gateway(report, scope, node)
    else:
        _check_activity(report, source, scope, node)
    _check_properties(report, node)
    if node.operator is not None:
        for name, text in node.parameters.items():
            report.expression(node, text, f"参数 {name} ", f"The parameter {name}")


def _check_properties(report: Report, node: Node) -> None:
    for name, value in node.properties.items():
        if name not in PROPERTIES:
            report.warn(
                "property", node, f"未知属性 {name}，不起作用。", f"The property {name} is unknown and has no effect.",
                f"可用：{'、'.join(sorted(PROPERTIES))}。", f"Known: {', '.join(sorted(PROPERTIES))}.",
            )  # fmt: skip
        elif name in ("body", "signed") and value:
            report.expression(node, value, f"属性 {name} ", f"The property {name}")
        elif name == "onDue" and value not in ("remind", "fire"):
            report.error(
                "property", node, f"onDue 不能是“{value}”。", f"onDue cannot be “{value}”.",
                "请写 remind（提醒）或 fire（触发）。", "Write remind or fire.",
            )  # fmt: skip
        elif name == "result" and value and not (value.isidentifier() and not value.startswith("_")):
            report.error(
                "property", node, f"结果变量名“{value}”无效。", f"“{value}” is no name for a variable.",
                "请用字母、数字和下划线，且不以下划线开头。", "Use letters, digits and underscores, not starting with one.",
            )  # fmt: skip


# -- activities ------------------------------------------------------------------------------------------


def _check_activity(report: Report, source: Source, scope: Scope, node: Node) -> None:
    if node.flag("isForCompensation"):
        report.error(
            "compensation", node, "不支持补偿活动。", "Compensation is not supported.",
            "请用普通顺序流画出撤销步骤。", "Draw the undoing steps with ordinary flows.",
        )  # fmt: skip
    for name in ("startQuantity", "completionQuantity"):
        if node.attributes.get(name, "1") != "1":
            report.error(
                "quantity", node, f"不支持 {name} 不为 1。", f"{name} other than 1 is not supported.",
                "请用并行网关或多实例表示。", "Use a parallel gateway or multi-instance.",
            )  # fmt: skip
    if node.tag == "transaction":
        report.error(
            "transaction", node, "不支持事务子流程（取消与补偿）。", "Transactions (cancel and compensation) are not supported.",
            "请改为子流程，并用错误结束事件和错误边界事件表示失败。",
            "Use a subprocess with an error end event and an error boundary event.",
        )  # fmt: skip
    elif node.tag == "adHocSubProcess":
        report.error(
            "ad_hoc", node, "不支持自由（ad hoc）子流程。", "Ad hoc subprocesses are not supported.",
            "请用并行或包容网关画出可选步骤。", "Draw the optional steps with a parallel or inclusive gateway.",
        )  # fmt: skip
    elif node.is_event_subprocess:
        if node.incoming or node.outgoing or node.loop is not None:
            report.error(
                "event_subprocess", node, "事件子流程不能有顺序流或循环。", "An event subprocess has no flows and no loop.",
                "请删除连到它的顺序流。", "Remove the flows at its border.",
            )  # fmt: skip
    elif node.tag == "scriptTask":
        report.error(
            "script", node, "模型中不允许脚本任务。", "Script tasks are not allowed.",
            "请改为服务任务（规则处理器）或业务规则任务（决策表）。", "Use a service task (handler) or a business rule task (decision table).",
        )  # fmt: skip
    elif node.tag in ("serviceTask", "sendTask") and not node.operator:
        report.error(
            "no_operator", node, "没有指定由哪个规则处理器执行。", "No handler is named that carries it out.",
            "请在 serviceTaskOperator 中选择处理器；如由人办理，请改为用户任务。",
            "Choose a handler (serviceTaskOperator); if a person does it, make it a user task.",
        )  # fmt: skip
    elif node.tag == "businessRuleTask" and not node.operator:
        _check_decision(report, source, node)
    elif node.tag == "receiveTask" and node.flag("instantiate"):
        report.error(
            "instantiate", node, "不支持由接收任务启动案件。", "A receive task cannot start a case.",
            "请用开始事件。", "Use a start event.",
        )  # fmt: skip
    elif node.tag == "callActivity":
        _check_call(report, source, node)
    if node.loop is not None:
        _check_loop(report, node, node.loop)
    _check_activity_flows(report, scope, node)


def _check_decision(report: Report, source: Source, node: Node) -> None:
    if node.decision is None:
        report.error(
            "no_decision", node, "没有指定决策表。", "No decision is named.",
            "请在 calledDecisionId 中选择决策表；如由人判断，请改为用户任务。",
            "Choose a decision (calledDecisionId); if a person decides, make it a user task.",
        )  # fmt: skip
    elif node.decision not in source.decisions:
        report.error(
            "unknown_decision", node, f"没有编号为 {node.decision} 的决策。", f"There is no decision {node.decision}.",
            f"已有：{'、'.join(source.decisions) or '无'}。请一并上传 DMN 文件。",
            f"There are: {', '.join(source.decisions) or 'none'}. Upload the DMN file with it.",
        )  # fmt: skip


def _check_call(report: Report, source: Source, node: Node) -> None:
    if not node.called:
        report.error(
            "no_called", node, "调用活动没有指定要调用的流程。", "The call activity names no process to call.",
            "请填写 calledElement，或改为子流程或任务。", "Give its calledElement, or make it a subprocess or a task.",
        )  # fmt: skip
    elif node.called not in source.processes:
        report.error(
            "unknown_called", node, f"文件中没有流程 {node.called}。", f"There is no process {node.called} in the files.",
            f"已有：{'、'.join(source.processes)}。请一并上传。", f"There are: {', '.join(source.processes)}. Upload it as well.",
        )  # fmt: skip


def _check_loop(report: Report, node: Node, loop: Loop) -> None:
    if loop.condition is not None:
        report.expression(node, loop.condition, "循环条件", "The loop condition")
    if loop.kind == "standard":
        maximum = loop.maximum
        if maximum is not None and not (maximum.isdigit() and 1 <= int(maximum) <= MAX_INSTANCES):
            report.error(
                "loop", node, f"最大循环次数“{maximum}”应为 1 到 {MAX_INSTANCES}。",
                f"The loop maximum “{maximum}” must be 1 to {MAX_INSTANCES}.", "请修改。", "Correct it.",
            )  # fmt: skip
        if maximum is None and loop.condition is None:
            report.error(
                "loop", node, "循环既无条件也无最大次数。", "The loop has neither a condition nor a maximum.",
                "请填写循环条件或最大次数。", "Give a loop condition or a maximum.",
            )  # fmt: skip
        return
    if (loop.input is None) == (loop.cardinality is None):
        report.error(
            "multi_instance", node, "多实例须给出集合或实例数，且只给其一。",
            "Multi-instance needs a collection or a cardinality, and only one of them.",
            "请填写 loopDataInputRef（集合变量）或 loopCardinality（数量）。",
            "Give loopDataInputRef (a list) or loopCardinality (a number).",
        )  # fmt: skip
    if loop.input is not None:
        report.expression(node, loop.input, "多实例集合", "The collection")
    if loop.cardinality is not None:
        cardinality = report.expression(node, loop.cardinality, "实例数", "The cardinality")
        if cardinality is not None and not cardinality.names:
            try:
                number = cardinality.evaluate({})
            except ExpressionError:
                number = -1
            if not isinstance(number, int) or not 0 <= number <= MAX_INSTANCES:
                report.error(
                    "multi_instance", node, f"实例数应为 0 到 {MAX_INSTANCES} 的整数。",
                    f"The cardinality must be a whole number from 0 to {MAX_INSTANCES}.", "请分批办理。", "Split the work.",
                )  # fmt: skip
    for name in (loop.input_item, loop.output_item, loop.output):
        if name is not None and not (name.isidentifier() and not name.startswith("_")):
            report.error(
                "multi_instance", node, f"“{name}”不能作为变量名。", f"“{name}” is no name for a variable.",
                "请用字母、数字和下划线，且不以下划线开头。", "Use letters, digits and underscores, not starting with one.",
            )  # fmt: skip
    if loop.output is not None and loop.output == loop.input:
        report.error(
            "multi_instance", node, "多实例的输出集合不能与输入集合相同。", "The output collection is the same as the input collection.",
            "请使用另一个变量。", "Use another variable.",
        )  # fmt: skip


def _check_activity_flows(report: Report, scope: Scope, node: Node) -> None:
    outgoing = [scope.flows[ref] for ref in node.outgoing]
    conditional = [flow for flow in outgoing if flow.condition is not None]
    if len(outgoing) > 1:
        if conditional:
            report.warn(
                "conditional_flows", node, "任务之后有带条件的顺序流：条件成立的都会走（相当于包容网关）。",
                "Conditional flows leave this activity: every one that holds is taken, as behind an inclusive gateway.",
                "如只应走一条，请在其后加排他网关。", "If only one is meant, put an exclusive gateway behind it.",
            )  # fmt: skip
        else:
            report.warn(
                "implicit_split", node, f"任务之后有 {len(outgoing)} 条顺序流：将并行执行。",
                f"{len(outgoing)} flows leave this activity: they run in parallel.",
                "请用并行网关明确表示；如只走一条，请用排他网关。", "Say so with a parallel gateway, or use an exclusive one.",
            )  # fmt: skip
    if conditional and len(conditional) == len(outgoing) and node.default is None:
        report.warn(
            "no_default", node, "所有出口都带条件且没有默认流，条件都不成立时将停在此处。",
            "All flows have conditions and none is the default; when none holds the case stops here.",
            "请设置默认流。", "Mark a default flow.",
        )  # fmt: skip
    _check_default(report, scope, node)


def _check_default(report: Report, scope: Scope, node: Node) -> None:
    if node.default is None:
        return
    if node.default not in node.outgoing:
        report.error(
            "default", node, f"默认流 {node.default} 不从这里出发。", f"The default flow {node.default} does not leave here.",
            "请重新选择默认流。", "Choose it again.",
        )  # fmt: skip
    elif scope.flows[node.default].condition is not None:
        report.warn(
            "default", node, "默认流上的条件不起作用。", "The condition on the default flow has no effect.",
            "请删除该条件。", "Remove it.",
        )  # fmt: skip


# -- gateways --------------------------------------------------------------------------------------------


def _check_gateway(report: Report, scope: Scope, node: Node) -> None:
    outgoing = [scope.flows[ref] for ref in node.outgoing]
    if node.tag == "complexGateway":
        report.error(
            "complex_gateway", node, "不支持复杂网关。", "Complex gateways are not supported.",
            "请用包容网关，或用多实例的完成条件表示“若干个完成即可”。",
            "Use an inclusive gateway, or the completion condition of multi-instance for “n out of m”.",
        )  # fmt: skip
        return
    if not outgoing:
        report.warn(
            "gateway_end", node, "网关之后没有步骤，分支在此结束。", "Nothing follows the gateway; the branch ends here.",
            "请连接到结束事件。", "Connect it to an end event.",
        )  # fmt: skip
    if node.tag == "eventBasedGateway":
        _check_event_gateway(report, scope, node, outgoing)
    elif node.tag == "parallelGateway":
        for flow in outgoing:
            if flow.condition is not None:
                report.error(
                    "condition_place", flow, "并行网关之后的顺序流不能带条件。", "Flows out of a parallel gateway have no conditions.",
                    "请删除条件，或改用包容网关。", "Remove the condition, or use an inclusive gateway.",
                )  # fmt: skip
    else:
        _check_default(report, scope, node)
        if len(outgoing) > 1:
            _check_choice(report, node, outgoing)
        elif outgoing and outgoing[0].condition is not None and node.default is None:
            report.warn(
                "no_default", node, "唯一的出口带有条件，条件不成立时将停在此处。",
                "The only flow out has a condition; when it does not hold the case stops here.",
                "请去掉条件，或增加默认流。", "Remove the condition, or add a default flow.",
            )  # fmt: skip


def _check_choice(report: Report, node: Node, outgoing: list[Flow]) -> None:
    bare = [flow for flow in outgoing if flow.condition is None and flow.id != node.default]
    exclusive = node.tag == "exclusiveGateway"
    if bare and (not exclusive or len(bare) > 1 or node.default is not None):
        for flow in bare:
            named = f"（{flow.name}）" if flow.name else ""
            report.error(
                "no_condition", flow, f"网关 {node.name or node.id} 的出口{named}没有条件，无法判断何时走这一条。",
                f"The flow {flow.name or flow.id} out of {node.name or node.id} has no condition; "
                "it is not said when to take it.",
                "请填写条件，例如 task_review.result == \"通过\"，或将其设为默认流。",
                'Write a condition, for example task_review.result == "pass", or mark it as the default flow.',
            )  # fmt: skip
    elif bare:
        report.warn(
            "implicit_default", bare[0], "该出口没有条件，将作为默认流（其他条件都不成立时走）。",
            "This flow has no condition; it is treated as the default flow.", "请将其标为默认流。", "Mark it as the default.",
        )  # fmt: skip
    elif node.default is None and not _complete([flow.condition or "" for flow in outgoing]):
        report.warn(
            "no_default", node, "没有默认流；所有条件都不成立（例如变量为空）时案件会停在此处。",
            "There is no default flow; when no condition holds (for example a value is missing) the case stops here.",
            "请将其中一条设为默认流。", "Mark one flow as the default.",
        )  # fmt: skip


def _complete(conditions: list[str]) -> bool:
    """Two conditions of which one always holds: x and not x, == and !=, in and not in."""
    if len(conditions) != 2:
        return False
    try:
        first, second = (ast.parse(compile_expression(text).text, mode="eval").body for text in conditions)
    except (ExpressionError, SyntaxError):
        return False
    return _negates(first, second) or _negates(second, first)


def _negates(first: ast.expr, second: ast.expr) -> bool:
    if isinstance(second, ast.UnaryOp) and isinstance(second.op, ast.Not):
        return ast.dump(first) == ast.dump(second.operand)
    if isinstance(first, ast.Compare) and isinstance(second, ast.Compare):
        pairs = ((ast.Eq, ast.NotEq), (ast.In, ast.NotIn))
        return (
            len(first.ops) == len(second.ops) == 1
            and any(isinstance(first.ops[0], a) and isinstance(second.ops[0], b) for a, b in pairs)
            and ast.dump(first.left) == ast.dump(second.left)
            and ast.dump(first.comparators[0]) == ast.dump(second.comparators[0])
        )
    return False


def _check_event_gateway(report: Report, scope: Scope, node: Node, outgoing: list[Flow]) -> None:
    if node.flag("instantiate") or node.attributes.get("eventGatewayType", "Exclusive") == "Parallel":
        report.error(
            "event_gateway", node, "不支持启动型或并行的事件网关。", "Instantiating or parallel event gateways are not supported.",
            "请用普通开始事件，或用并行网关连接多个等待事件。", "Use a start event, or a parallel gateway before waiting events.",
        )  # fmt: skip
    if len(outgoing) < 2:
        report.error(
            "event_gateway", node, "事件网关至少要有两个出口。", "An event-based gateway has at least two flows out.",
            "请增加等待事件，或去掉网关。", "Add an event, or remove the gateway.",
        )  # fmt: skip
    for flow in outgoing:
        target = scope.nodes.get(flow.target)
        if flow.condition is not None:
            report.error(
                "condition_place", flow, "事件网关之后的顺序流不能带条件。", "Flows out of an event-based gateway have no conditions.",
                "请删除条件。", "Remove it.",
            )  # fmt: skip
        if target is None:
            continue
        waiting = target.tag == "receiveTask" or (
            target.tag == "intermediateCatchEvent" and target.event is not None and target.event.kind != "link"
        )
        if not waiting or len(target.incoming) != 1 or target.loop is not None or scope.boundaries(target.id):
            report.error(
                "event_gateway", flow, f"事件网关之后须直接是等待事件或接收任务（{target.id} 不是，或另有入口、循环、边界事件）。",
                f"Behind an event-based gateway come waiting events or receive tasks; {target.id} is none, "
                "or has other flows in, a loop or boundary events.",
                "请在网关之后放置消息、定时、信号或条件事件。", "Put a message, timer, signal or conditional event there.",
            )  # fmt: skip
