"""Every word the editors of models and decision tables say, in the reader's language."""

from __future__ import annotations

from typing import Any

from web.i18n import gettext


def editor() -> dict[str, Any]:
    """The panel, the tools and the state of the editor of models."""
    return {
        **_saving(),
        "nothing": gettext("在图中选择一个步骤或连线，在这里填写它的办理要求。"),
        "find": gettext("选择步骤"),
        "append": gettext("在其后添加"),
        "kinds": {
            "bpmn:UserTask": gettext("用户任务"),
            "bpmn:ServiceTask": gettext("服务步骤"),
            "bpmn:BusinessRuleTask": gettext("决策步骤"),
            "bpmn:CallActivity": gettext("调用流程"),
            "bpmn:ExclusiveGateway": gettext("排他网关（择一）"),
            "bpmn:ParallelGateway": gettext("并行网关（同时）"),
            "bpmn:EndEvent": gettext("结束"),
        },
        "name": gettext("名称"),
        "id": gettext("标识"),
        "badId": gettext("标识以字母开头，只用字母、数字、下划线、点和短横。"),
        "takenId": gettext("该标识已被使用。"),
        "none": gettext("未指定"),
        "unknown": gettext("未知"),
        "groups": {
            "general": gettext("基本"),
            "work": gettext("办理"),
            "limit": gettext("时限与依据"),
            "operator": gettext("处理程序"),
            "decision": gettext("决策"),
            "flow": gettext("流向条件"),
            "loop": gettext("多实例"),
            "event": gettext("事件"),
            "milestone": gettext("节点、文书与公示"),
            "found": gettext("检查结果"),
            "documentation": gettext("说明"),
        },
        "condition": gettext("条件表达式"),
        "build": gettext("按选择生成条件"),
        "defaultFlow": gettext("默认流向"),
        "operator": gettext("处理程序"),
        "expression": gettext("表达式…"),
        "takes": gettext("取值"),
        "outputs": gettext("给出"),
        "basis": gettext("依据"),
        "result": gettext("结果变量"),
        "decision": gettext("决策表"),
        "called": gettext("调用的流程"),
        "documentation": gettext("备注（写给其他设计员）"),
        "loopKind": gettext("多次办理"),
        "loopKinds": [
            {"value": "", "title": gettext("只办理一次")},
            {"value": "parallel", "title": gettext("同时办理多份")},
            {"value": "sequential", "title": gettext("逐份办理")},
        ],
        "loopInput": gettext("对哪个列表的每一项"),
        "loopItem": gettext("每一项在步骤中的名称"),
        "loopCardinality": gettext("或者固定份数"),
        "loopOutput": gettext("结果汇总到列表"),
        "loopOutputItem": gettext("每份结果的名称"),
        "loopCondition": gettext("提前结束的条件"),
        "timerKind": gettext("定时方式"),
        "timerKinds": [
            {"value": "timeDuration", "title": gettext("等待多长时间")},
            {"value": "timeDate", "title": gettext("到某个时刻")},
            {"value": "timeCycle", "title": gettext("周期")},
        ],
        "timerText": gettext("时间（PT1H一小时，P3D三日）；法定时限请用“办理时限”"),
        "reference": gettext("名称（消息、信号、错误）"),
        "interrupting": gettext("发生时中断该步骤"),
        "openLimit": gettext("查看或修改这项时限"),
        "newLimit": gettext("新增时限"),
        "fix": gettext("怎么办"),
        "onDue": [{"value": "remind", "title": gettext("到期提醒")}, {"value": "fire", "title": gettext("到期触发")}],
        "resume": [{"value": "yes", "title": gettext("退回时带出上次提交")}],
        "compare": {
            "==": gettext("是"),
            "!=": gettext("不是"),
            "<": gettext("小于"),
            "<=": gettext("不大于"),
            ">": gettext("大于"),
            ">=": gettext("不小于"),
        },
        "value": gettext("值"),
        "use": gettext("采用"),
        "yes": gettext("是"),
        "no": gettext("否"),
        "properties": {
            "form": gettext("表单"),
            "role": gettext("办理角色"),
            "limitRule": gettext("办理时限"),
            "legalBasis": gettext("法律依据"),
            "matter": gettext("事项"),
            "onDue": gettext("到期时"),
            "result": gettext("结果变量"),
            "notBy": gettext("不得由办理过该步骤的人办理"),
            "signed": gettext("何时需要签名（表达式）"),
            "body": gettext("办理机关"),
            "milestone": gettext("节点"),
            "sections": gettext("只重新开放的部分（表达式）"),
            "resume": gettext("退回"),
            "letter": gettext("有关的文书"),
            "notice": gettext("有关的公示"),
        },
        "losses": gettext("编辑器不能保留的内容"),
        "lossesAbout": gettext(
            "下列内容在标准BPMN图中没有位置，保存后将不在文件中（原来的文件仍在修改历史中）。注释会原样保留。在您决定之前不会保存。"
        ),
        "lossesGoOn": gettext("知道了，不保留这些内容"),
        "lossesBack": gettext("不改动文件"),
        "play": playing(),
        "notModel": gettext("这不是可以打开的BPMN文件，图未改变："),
        "laidOut": gettext("该模型没有图形信息，已自动布局。"),
    }


def playing() -> dict[str, Any]:
    """The play of tokens on the drawing."""
    return {
        "title": gettext("令牌推演"),
        "about": gettext(
            "按画出的流向走一遍，不看条件和数据：走哪条路、事件何时发生、重复的步骤办几次由您决定；调用的流程逐步走完。要用真实数据和规则，请到“试办”。"
        ),
        "changed": gettext("图已修改，从头开始。"),
        "again": gettext("从头开始"),
        "back": gettext("退一步"),
        "log": gettext("经过"),
        "comma": gettext("、"),
        "usual": gettext("默认流向"),
        "at": gettext("现在停在：{a}"),
        "over": gettext("全部结束，没有遗留。"),
        "stuck": gettext("走不下去了：{a} 在等永远不会到的流向。"),
        "kinds": {
            "bpmn:StartEvent": gettext("开始"),
            "bpmn:EndEvent": gettext("结束"),
            "bpmn:ExclusiveGateway": gettext("排他网关（择一）"),
            "bpmn:ParallelGateway": gettext("并行网关（同时）"),
            "bpmn:InclusiveGateway": gettext("包容网关（可选多条）"),
            "bpmn:EventBasedGateway": gettext("事件网关（先到先走）"),
            "bpmn:Process": gettext("流程"),
        },
        "choices": {
            "begin": gettext("从“{a}”开始"),
            "finish": gettext("办完“{a}”"),
            "once": gettext("办“{a}”（第1次）"),
            "again": gettext("“{a}”再办一次"),
            "enough": gettext("“{a}”不再重复，继续"),
            "none": gettext("“{a}”一次也不办，跳过"),
            "happens": gettext("发生“{a}”"),
            "take": gettext("“{a}”走：{b}"),
            "pick": gettext("“{a}”选上：{b}"),
            "unpick": gettext("“{a}”不选：{b}"),
            "go": gettext("“{a}”按所选继续"),
        },
        "happens": {
            "finished": gettext("办完“{a}”。"),
            "done": gettext("“{a}”办了第{n}次。"),
            "times": gettext("“{a}”共办{n}次，办完。"),
            "skipped": gettext("“{a}”一次也没有办。"),
            "happened": gettext("发生“{a}”。"),
            "along": gettext("“{a}”之后是“{b}”。"),
            "joined": gettext("各路在“{a}”汇合。"),
            "entered": gettext("进入“{a}”。"),
            "interrupted": gettext("“{a}”中断。"),
            "thrown": gettext("经过“{a}”。"),
            "ended": gettext("到达“{a}”。"),
            "stops": gettext("“{a}”没有流出，路径在此结束。"),
            "over": gettext("“{a}”全部结束。"),
            "endless": gettext("不需要人的步骤转个不停，推演已停下：“{a}”。"),
        },
    }


def tables() -> dict[str, Any]:
    """The editor of decision tables."""
    return {
        **_saving(),
        "overlap": gettext("第{a}行与第{b}行可以同时成立，例如"),
        "overlapFine": gettext("（命中策略为{p}，不是错误）"),
        "gap": gettext("没有任何一行适用于"),
        "overlapsRow": gettext("与第{n}行重叠"),
        "addMissing": gettext("补上这一行"),
        "noGaps": gettext("每一种输入都有一行适用。"),
        "undecided": gettext("有的单元格用到变量或条件，或者组合过多，不能判断有无遗漏；请用测试行核对。"),
        "test": gettext("看哪些行命中"),
        "fires": gettext("命中第{n}行"),
        "nothing": gettext("没有命中任何一行"),
        "outputs": gettext("结果"),
        "pick": gettext("请选择"),
        "newColumn": gettext("输入"),
        "result": gettext("结果"),
        "checking": gettext("正在检查…"),
    }


def _saving() -> dict[str, str]:
    return {
        "unsaved": gettext("有未保存的修改"),
        "saving": gettext("正在保存…"),
        "saved": gettext("草稿已保存"),
        "failed": gettext("保存失败，将自动重试；请勿关闭页面，也可以先导出。"),
        "fine": gettext("没有发现问题。"),
        "ready": gettext("可以编辑"),
    }


def lint() -> dict[str, dict[str, str]]:
    """What the rules in the browser find, each with what to do: the words of the linter's rules and of our own."""
    rows = {
        "conditional-flows": (gettext("网关的流向缺少条件"), gettext("为每条流向填写条件，或者设为默认流向。")),
        "end-event-required": (gettext("流程没有结束"), gettext("在最后一步后面添加结束事件。")),
        "event-sub-process-typed-start-event": (gettext("事件子流程的开始没有类型"), gettext("选择消息、定时等类型。")),
        "fake-join": (gettext("多条流向直接汇到一个步骤"), gettext("先用网关汇合。")),
        "label-required": (gettext("没有名称"), gettext("填写名称，办理人在待办中看到的就是它。")),
        "link-event": (gettext("链接事件没有配对"), gettext("填写相同的链接名称。")),
        "no-complex-gateway": (gettext("复杂网关不能运行"), gettext("改用排他、并行或包容网关。")),
        "no-disconnected": (gettext("没有与其他步骤连接"), gettext("用连线接上，或者删除。")),
        "no-duplicate-sequence-flows": (gettext("重复的连线"), gettext("删除其中一条。")),
        "no-gateway-join-fork": (gettext("一个网关既汇合又分支"), gettext("拆成两个网关。")),
        "no-implicit-end": (gettext("路径在此中断"), gettext("连到下一步或者结束事件。")),
        "no-implicit-split": (gettext("步骤有多条流出"), gettext("用网关分支，或者给流向写条件。")),
        "no-implicit-start": (gettext("没有流入，走不到这里"), gettext("从前一步连线过来。")),
        "no-overlapping-elements": (gettext("图形重叠"), gettext("移开一些。")),
        "single-blank-start-event": (gettext("开始事件多于一个"), gettext("只保留一个开始。")),
        "single-event-definition": (gettext("事件有多种类型"), gettext("只保留一种。")),
        "start-event-required": (gettext("流程没有开始"), gettext("添加开始事件。")),
        "sub-process-blank-start-event": (gettext("子流程的开始不应有类型"), gettext("改为普通开始事件。")),
        "superfluous-gateway": (gettext("多余的网关"), gettext("删除，直接连线。")),
        "superfluous-termination": (gettext("多余的终止结束"), gettext("改为普通结束。")),
        "own-operator": (gettext("服务步骤没有选择处理程序"), gettext("在右侧选择规则或者案件服务。")),
        "own-input": (gettext("必填的取值未填写"), gettext("在右侧填写标*的各项。")),
        "own-decision": (gettext("决策步骤没有选择决策表"), gettext("在右侧选择决策表。")),
        "own-role": (gettext("没有办理角色"), gettext("在右侧选择角色，或者放进泳道。")),
        "own-called": (gettext("没有选择调用的流程"), gettext("在右侧选择流程。")),
        "own-type": (gettext("这种步骤没有类型"), gettext("改为用户任务、服务步骤或决策步骤。")),
    }
    return {rule: {"said": said, "fix": fix} for rule, (said, fix) in rows.items()}


def input_name(name: str) -> str:
    """What an input of a handler is called; one without a name of its own keeps the technical one."""
    return {
        "action": gettext("动作"),
        "amount": gettext("数量"),
        "application": gettext("申请"),
        "approved": gettext("是否批准"),
        "body": gettext("机关"),
        "bodies": gettext("各机关"),
        "content": gettext("内容"),
        "days": gettext("日数"),
        "document": gettext("文件"),
        "facts": gettext("事实"),
        "from": gettext("起算日"),
        "ground": gettext("理由"),
        "items": gettext("各项"),
        "kind": gettext("种类"),
        "klass": gettext("类别"),
        "letter": gettext("文书"),
        "limit_rule": gettext("时限"),
        "lines": gettext("各行"),
        "matter": gettext("事项"),
        "mode": gettext("办理方式"),
        "number": gettext("编号"),
        "on": gettext("日期"),
        "opinion": gettext("审查意见"),
        "outcome": gettext("结果"),
        "promised": gettext("承诺时限"),
        "reason": gettext("理由"),
        "recipient": gettext("收件人"),
        "rows": gettext("各行"),
        "title": gettext("标题"),
        "values": gettext("文书内容"),
        "year": gettext("年度"),
        "zone": gettext("功能区"),
    }.get(name, name)
