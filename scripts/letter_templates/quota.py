"""Papers of emission quotas: reductions, reserve, bulletin, use, allowed amounts."""

from __future__ import annotations

from scripts.letter_templates.paper import Letter


def reduction_opinion() -> None:
    letter = Letter()
    letter.head("减排项目入库审核意见")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{zone_name}}申报的减排项目“{{project_name}}”（项目编号{{project_number}}，案件编号{{case_number}}）收悉。减排工程类型："
        "{{kind}}。",
        "{{?second_by}}减排量经初核，并由{{second_by}}复核。",
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第4条，本机关对入库项目类型、减排量核算和排污许可证变更情况进行了"
        "审核，结论为：{{outcome}}。",
        "审核意见：{{reason}}",
    )
    letter.table(
        "lines",
        [
            ("序号", "{{number_in_list}}", 12),
            ("因子", "{{name_zh}}", 28),
            ("核算过程（吨/年）", "{{working}}", 62),
            ("数据来源", "{{source_zh}}", 32),
            ("减排量\n（吨/年）", "{{net_t}}", 22),
        ],
        size=10.5,
    )
    letter.body(
        "{{?granted}}已纳入减排库的减排量不得重复申报。用于约束性减排任务、本单位“以新带老”或者已出让排污权的，不纳入储备。",
        "{{?refused}}对审核结论有异议的，可以向本机关说明情况，补充材料后重新申报。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("reduction_opinion")


def reserve_decision() -> None:
    letter = Letter()
    letter.head("排污总量指标储备确认书")
    letter.to_whom("{{zone_name}}：")
    letter.body(
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第1条，经核定，{{round}}指标储备情况如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("项目编号", "{{project}}", 32),
            ("项目名称", "{{name}}", 34),
            ("因子", "{{factor_zh}}", 22),
            ("可用\n减排量", "{{left}}", 20),
            ("不储备的量和原因", "{{excluded_zh}}", 28),
            ("转入\n储备库", "{{reserve}}", 20),
        ],
        size=10.5,
    )
    letter.body(
        "{{?comment}}意见：{{comment}}",
        "未分配的减排量保留在减排库，参加下一次储备。案件编号：{{case_number}}",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("reserve_decision")


def upper_request() -> None:
    letter = Letter()
    letter.head("上级总量储备指标使用申请")
    letter.to_whom("{{upper_name}}：")
    letter.body(
        "{{zone_name}}本级储备库中总量指标不足。根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第2条，现申请使用上级"
        "污染物总量储备指标。使用项目：{{for_project}}。",
        "申请使用的指标如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("序号", "{{number_in_list}}", 16),
            ("因子", "{{factor_zh}}", 56),
            ("本级储备库余量", "{{balance_t}}", 42),
            ("申请使用量", "{{asked_t}}", 42),
        ],
        size=14,
    )
    letter.body("理由：{{reason}}", "案件编号：{{case_number}}", "{{?body_phone}}联系电话：{{body_phone}}")
    letter.signature()
    letter.save("upper_request")


def zone_bulletin() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{zones}}：")
    letter.body(
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分，现将{{first}}至{{last}}污染减排、减排量使用和总量指标储备情况通报"
        "如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("功能区", "{{zone_zh}}", 36),
            ("因子", "{{factor_zh}}", 24),
            ("核定\n减排量", "{{entered}}", 20),
            ("另有\n用途", "{{excluded}}", 18),
            ("转入\n储备", "{{reserved}}", 18),
            ("减排库\n余量", "{{left}}", 20),
            ("储备库\n余量", "{{reserve}}", 20),
        ],
        size=10.5,
    )
    letter.heading("分析和要求")
    letter.body("{{comment}}")
    letter.signature()
    letter.save("zone_bulletin")


def quota_information() -> None:
    """Annex 1 of the park's rules: project and whole plant, piped and external, factor by factor."""
    letter = Letter()
    letter.head("排污总量指标管理信息表")
    letter.pairs(
        [
            ["排污单位名称", "{{enterprise_name}}"],
            ["统一社会信用代码", "{{credit_code}}"],
            ["建设项目名称", "{{project_name}}"],
            ["建设地点", "{{site_address}}"],
        ],
        [42, 114],
        size=12,
        height=8,
    )
    letter.table(
        "lines",
        [
            ("排污种类\n（吨/年）", "{{name_zh}}", 36),
            ("本次核定项目\n接管量", "{{project_pipe}}", 30),
            ("本次核定项目\n外排环境量", "{{project_external}}", 30),
            ("全厂核定\n接管量", "{{plant_pipe}}", 30),
            ("全厂核定\n外排环境量", "{{plant_external}}", 30),
        ],
        size=11,
    )
    letter.text(
        "提醒：本机关对排污总量实施动态管理和指标校核。排污单位不符合管理要求的，本机关根据环境质量状况和实际管理情况收回相应总量指标（实施细则"
        "第四部分第4条、附件1）。",
        size=12,
        line=19,
        indent=2,
    )
    letter.signature()
    letter.save("quota_information")


def allowed_notice() -> None:
    letter = Letter()
    letter.head("污染物允许排放量核定通知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位{{year}}年度污染物排放总量申报（案件编号{{case_number}}）收悉。经技术复核，根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》"
        "第五部分第3条，核定你单位{{next_year}}年度污染物允许排放量如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("因子", "{{name_zh}}", 30),
            ("许可\n排放量", "{{permitted}}", 24),
            ("上年实际\n排放量", "{{actual}}", 24),
            ("允许\n排放量", "{{allowed}}", 24),
            ("核定依据", "{{basis_zh}}", 54),
        ],
        size=11,
    )
    letter.body(
        "{{?demands}}污染防治要求：{{demands}}",
        "允许排放量不改变排污许可证载明的许可排放量。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("allowed_notice")
