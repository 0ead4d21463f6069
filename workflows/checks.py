"""What is wrong with a model, as far as its files alone tell.

Every construct of BPMN is either run exactly as the standard says or refused here, with its id, its line and another way to say it;
what is merely without effect is warned about. The compiler refuses models with errors, so the engine meets only what it knows.
"""

from __future__ import annotations

from workflows import checks_events, checks_foreign, checks_nodes, structure
from workflows.bpmn import Process, Scope
from workflows.findings import ERROR, Finding
from workflows.report import Report
from workflows.structure import Source

MAX_NODES = 300
MAX_FLOWS = 1000
MAX_NESTING = 5
# Ids the library's own tools give to tasks of theirs.
RESERVED = frozenset({"Start", "End", "Root"})


def check(source: Source, main: Process | None) -> list[Finding]:
    """Everything that can be said without knowing the installation; errors first."""
    findings = list(source.findings)
    running = structure.called_processes(source, main) if main is not None else []
    for document in source.documents:
        report = Report(document.file)
        checks_foreign.check(report, document, {process.id for process in running})
        for process in document.processes:
            if any(process is each for each in running):
                _check_process(report, source, process, process is main)
            elif process.nodes:
                _not_run(report, process, main)
        findings += report.findings
    findings += _check_whole(source, main)
    return sorted(findings, key=lambda finding: (finding.severity != ERROR, finding.file or "", finding.line or 0))


def _check_whole(source: Source, main: Process | None) -> list[Finding]:
    """What is wrong with the files together: no process to run, or an id that two processes use."""
    report = Report(source.documents[0].file if source.documents else "")
    if main is None and not any(finding.severity == ERROR for finding in source.findings):
        choreography = any(
            remark.kind == "choreography" for document in source.documents for remark in document.remarks
        )
        report.error(
            "no_process", (None, 1),
            "没有可运行的流程。" + ("编排图（choreography）只描述参与方之间的消息，不能运行。" if choreography else ""),
            "There is no process to run."
            + (" A choreography only describes messages between parties and cannot be run." if choreography else ""),
            "请画出一个含有步骤的流程（process），或检查流程编号。", "Draw a process with steps in it, or check the process id.",
        )  # fmt: skip
    seen: dict[str, str] = {}
    for document in source.documents:
        for process in document.processes:
            if process.id in seen and process.nodes:
                report.file = document.file
                report.error(
                    "duplicate_process", process, f"流程编号 {process.id} 在多处使用。",
                    f"The process id {process.id} is used more than once.", "请改用不同的编号。", "Give it another id.",
                )  # fmt: skip
            seen[process.id] = document.file
    return report.findings


def _not_run(report: Report, process: Process, main: Process | None) -> None:
    report.warn(
        "not_run", process, f"流程 {process.name or process.id} 不会运行：一个案件只运行一个流程"
        + (f"（{main.name or main.id}）" if main else "") + "，其他泳池视为说明。",
        f"The process {process.name or process.id} is not run: a case runs one process"
        + (f" ({main.name or main.id})" if main else "") + ", other pools are documentation.",
        "如需运行，请用调用活动引用它，或单独上传。", "Call it by a call activity, or upload it by itself.",
    )  # fmt: skip


def _check_process(report: Report, source: Source, process: Process, is_main: bool) -> None:
    """A process that is run: its size, whether it calls itself, how deep it nests, and everything in it."""
    if is_main and not process.executable:
        report.warn(
            "not_executable", process, "流程未标记为可执行（isExecutable），仍将按可执行处理。",
            "The process is not marked executable (isExecutable); it is run all the same.",
            "请在建模工具中勾选“可执行”。", "Tick executable in the modelling tool.",
        )  # fmt: skip
    count = sum(1 for _ in process.walk())
    if count > MAX_NODES:
        report.error(
            "size", process, f"流程有 {count} 个节点，超过上限 {MAX_NODES}。",
            f"The process has {count} nodes; the limit is {MAX_NODES}.",
            "请将其拆分为若干流程，用调用活动连接。", "Split it into processes that call each other.",
        )  # fmt: skip
        return
    flows = len(process.flows) + sum(len(node.scope.flows) for _, node in process.walk() if node.scope is not None)
    if flows > MAX_FLOWS:
        report.error(
            "size", process, f"流程有 {flows} 条顺序流，超过上限 {MAX_FLOWS}。",
            f"The process has {flows} flows; the limit is {MAX_FLOWS}.",
            "请将其拆分为若干流程，用调用活动连接。", "Split it into processes that call each other.",
        )  # fmt: skip
        return
    if structure.calls_itself(source, process):
        report.error(
            "recursion", process, f"流程 {process.id} 会调用自己。", f"The process {process.id} calls itself.",
            "请改为循环（回到前面的步骤）。", "Use a loop back to an earlier step.",
        )  # fmt: skip
    elif is_main and structure.nesting(source, process) > MAX_NESTING:
        report.error(
            "nesting", process, f"子流程嵌套超过 {MAX_NESTING} 层。", f"Subprocesses are nested more than {MAX_NESTING} deep.",
            "请减少嵌套。", "Nest less.",
        )  # fmt: skip
    _check_scope(report, source, process, None)


def _check_scope(report: Report, source: Source, scope: Scope, kind: str | None) -> None:
    """A process (kind None), an embedded subprocess ("embedded") or an event subprocess ("event")."""
    if not scope.nodes:
        report.warn(
            "empty", scope, "其中没有任何步骤，将直接通过。", "It has no steps and is passed at once.",
            "请画出其步骤，或改为任务。", "Draw its steps, or make it a task.",
        )  # fmt: skip
    _check_flows(report, scope)
    checks_events.check_starts(report, scope, kind)
    for node in scope.nodes.values():
        if node.id in RESERVED:
            report.warn(
                "reserved_id", node, f"编号 {node.id} 在其他 SpiffWorkflow 工具中保留，本系统可正常运行。",
                f"The id {node.id} is reserved in other SpiffWorkflow tools; here it works.",
                "建议改名。", "Consider another id.",
            )  # fmt: skip
        checks_nodes.check(report, source, scope, node, kind == "event")
        if node.scope is not None and node.tag == "subProcess":
            _check_scope(report, source, node.scope, "event" if node.is_event_subprocess else "embedded")
    _check_reach(report, scope)
    for circle in structure.automatic_cycles(source, scope):
        names = "、".join(node.name or node.id for node in circle[:5])
        report.error(
            "endless_loop", circle[0], f"循环中没有人工环节或等待：{names}。",
            f"A loop without human work or waiting: {', '.join(node.id for node in circle[:5])}.",
            "请在循环中加入用户任务或等待事件，或改用多实例。", "Put a user task or a waiting event into the loop, or use multi-instance.",
        )  # fmt: skip


def _check_flows(report: Report, scope: Scope) -> None:
    """Flows whose ends are not nodes of this level, and their conditions."""
    for flow in scope.flows.values():
        for end, ref in (("sourceRef", flow.source), ("targetRef", flow.target)):
            if ref not in scope.nodes:
                report.error(
                    "flow_end", flow, f"顺序流的 {end} “{ref}” 不是本层的节点。",
                    f"The {end} “{ref}” of the flow is not a node of this level.",
                    "请重新连接；顺序流不能跨越子流程或泳池边界（跨泳池请用消息流）。",
                    "Connect it again; sequence flows do not cross the border of subprocesses or pools.",
                )  # fmt: skip
        if flow.condition is not None:
            expression = report.expression(flow, flow.condition, "条件", "The condition")
            if expression is not None and flow.language and not _our_language(flow.language):
                report.warn(
                    "language", flow, f"条件声明的语言是 {flow.language}，本系统按自己的表达式语言解释。",
                    f"The condition declares the language {flow.language}; it is read as our expression language.",
                    "请核对其含义并去掉 language。", "Check what it means here and remove the language.",
                )  # fmt: skip


def _our_language(language: str) -> bool:
    lowered = language.lower()
    return "onewindow" in lowered or "spiffworkflow" in lowered or lowered == "python"


def _check_reach(report: Report, scope: Scope) -> None:
    first = structure.starts(scope) + [node for node in scope.nodes.values() if node.is_event_subprocess]
    reached = structure.reachable(scope, first)
    for node in scope.nodes.values():
        if node.id in reached or node.attached_to is not None:
            continue
        if node.tag == "startEvent":
            continue  # spoken about with the start events
        if not node.incoming:
            report.error(
                "unconnected", node, "没有任何顺序流进入该节点，它永远不会执行。", "No flow leads here; it will never be run.",
                "请连接它，或删除它。", "Connect it or remove it.",
            )  # fmt: skip
        else:
            report.warn(
                "unreachable", node, "从开始无法到达该节点。", "This cannot be reached from the start.",
                "请检查前面的连接。", "Check the flows that lead here.",
            )  # fmt: skip
