"""Values for every letter, as a case gives them: text, ISO dates, decimals as text, codes of choices."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {
    "body_name": "苏州工业园区生态环境局",
    "body_phone": "0512-00000000",
    "body_address": "苏州工业园区现代大道999号",
    "number": "苏园环审〔2026〕18号",
    "case_number": "苏园环一窗〔2026〕42号",
    "enterprise_name": "苏州示例新材料有限公司",
    "enterprise_address": "苏州工业园区示例路8号",
    "credit_code": "91130200699229617X",
    "legal_representative": "张三",
    "project_name": "年产2000吨电子级粘合剂扩建项目",
    "site_address": "苏州工业园区示例路8号厂区内",
    "date": "2026-11-22",
    "eia_class": "form",
    "eia_number": "苏园环审〔2026〕17号",
    "eia_accepted_on": "2026-10-09",
    "eia_due_on": "2026-11-08",
    "eia_limit": "30日",
    "permit_class": "simplified",
    "permit_number": "91130200699229617X001P",
    "permit_accepted_on": "2026-10-09",
    "permit_due_on": "2026-11-05",
    "permit_limit": "20日",
    "verify_code": "Zk3v9QmT1xYb",
    "verify_url": "https://onewindow.example.cn/verify/Zk3v9QmT1xYb",
}

EMISSIONS = [
    {"outlet": "DA001", "factor": "挥发性有机物", "concentration": "60", "amount_t": "0.412000", "standard": "DB32/4041—2021"},
    {"outlet": "DA001", "factor": "颗粒物", "concentration": "20.0", "amount_t": "0.085000", "standard": "DB32/4041—2021"},
    {"outlet": "DW001", "factor": "化学需氧量", "concentration": "500", "amount_t": "1.250000", "standard": "接管标准"},
]  # fmt: skip
OUTLETS = [
    {"code": "DA001", "kind": "air", "name": "1号排气筒", "main": False, "position": "120.71°E，31.32°N", "height_m": "25.0"},
    {"code": "DW001", "kind": "water", "name": "污水接管口", "main": False, "position": "厂区北侧", "destination": "pipe"},
]  # fmt: skip

VALUES: dict[str, dict[str, Any]] = {
    "acceptance_notice": {"received_on": "2026-09-29", "eia_promised_on": "2026-10-30"},
    "waste_licence": {
        "licence_number": "3205710012",
        "valid_from": "2026-11-22",
        "valid_to": "2031-11-21",
        "first_issued": "2026-11-22",
        "ways": "收集、贮存、处置",
        "scale_t": "8000",
        "waste_class": "comprehensive",
        "classes": "HW08、HW49",
    },
    "waste_licence_copy": {
        "licence_number": "3205710012",
        "valid_from": "2026-11-22",
        "valid_to": "2031-11-21",
        "ways": "收集、贮存、处置",
        "scale_t": "8000",
        "waste_class": "comprehensive",
        "facilities": "回转窑焚烧线一条",
        "wastes": [
            {
                "klass": "HW08",
                "klass_name": "废矿物油与含矿物油废物",
                "code": "900-249-08",
                "capacity_t": "3000",
                "way_zh": "处置",
            },
            {"klass": "HW49", "klass_name": "其他废物", "code": "900-039-49", "capacity_t": "5000", "way_zh": "处置"},
        ],
        "duties": [
            {"name": "应急", "text": "每半年开展一次应急演练"},
            {"name": "终止经营", "text": "清运剩余废物并监测场地"},
        ],
        "retention": "一套台账，保存10年以上。",
    },
    "waste_refusal": {
        "reason": "专业技术人员不足三名。",
        "conditions": [
            {"zh": "技术人员", "basis": "《危险废物经营许可证管理办法》第5条第1款", "evidence": "符合条件的仅两名"}
        ],
    },
    "joint_result_notice": {
        "lines": [
            {"part": "危险废物经营许可", "outcome": "不予许可", "reason": "技术人员不足"},
            {"part": "排污许可", "outcome": "准予许可", "reason": "符合许可条件"},
        ],
        "fate": "排污许可照常核发：现有生产线仍需排污",
    },
    "site_sheet": {
        "part": "waste",
        "visited_on": "2026-11-10",
        "inspectors": "李四、王五",
        "signers": "李四、王五",
        "dissent": "贮存库标志尺寸应复核",
        "items": [
            {
                "item": "台账如实、完整记录",
                "result_zh": "符合",
                "note": "抽查三批",
                "basis": "《排污许可管理条例》第21条",
            }
        ],
    },
    "licence_reapply_notice": {
        "grounds": [
            {"zh": "超过原批准年经营规模20%以上（超出21%）", "basis_zh": "《危险废物经营许可证管理办法》第12条"}
        ],
        "waste_number": "3205710012",
        "held_permit": "91130200699229617X001P",
    },
    "licence_decision": {
        "action": "renewal",
        "part": "waste",
        "held_number": "3205710012",
        "outcome": "approved",
        "reason": "符合换证条件",
        "what": "有效期届满延续",
        "valid_to": "2031-11-21",
        "other": "refused",
        "late": "本项应于2026-10-12前申请，实际于2026-11-02提出，逾期21日",
        "closure": "2026-10-30现场核查合格。",
    },
    "inspection_record": {
        "visited_on": "2026-11-10",
        "inspectors": "李四、王五",
        "summary": "现场整洁，发现一处问题",
        "partner": "江苏省生态环境厅",
        "cosigners": "许省审、曹厅",
        "dissent": "贮存库标志应当更新",
        "items": [
            {
                "item": "自动监测设备安装、联网",
                "result_zh": "不符合",
                "note": "数采仪掉线",
                "basis": "《排污许可管理条例》第20条",
            }
        ],
    },
    "rectification_notice": {
        "items": [
            {
                "item": "自动监测设备安装、联网",
                "result_zh": "不符合",
                "note": "数采仪掉线",
                "basis": "《排污许可管理条例》第20条",
            }
        ],
        "correct_by": "2026-12-01",
        "comment": "首次整改不到位",
    },
    "not_accepted_notice": {
        "reason": "项目跨省级行政区域，不属于本机关审批权限。",
        "authority": "国务院生态环境主管部门",
        "received_on": "2026-09-29",
    },
    "not_needed_notice": {"reason": "环评：未列入名录，无需办理；排污许可：登记管理，填报排污登记表。"},
    "deficiency_notice": {
        "items": [
            {"section": "eia_document", "item": "报告表未附环境风险专项评价。", "from_correction": False},
            {
                "section": "monitoring",
                "item": "DA001挥发性有机物的监测频次与规范不符，应为每半年一次。",
                "from_correction": False,
            },
            {"section": "quota", "item": "总量平衡方案缺少来源企业的减排证明材料。", "from_correction": False},
        ],
        "correct_by": "2026-12-15",
    },
    "time_notice": {"procedure": "专家评审", "days": "15", "starts_on": "2026-10-12"},
    "acceptance_announcement": {
        "elements": [
            {"name": "项目名称", "text": "年产2000吨电子级粘合剂扩建项目"},
            {"name": "环境影响评价机构", "text": "江苏示例环境科技有限公司"},
            {"name": "项目概况", "text": "在现有厂区内扩建电子级粘合剂生产线，新增反应釜4台，年产电子级粘合剂2000吨。"},
            {"name": "通讯地址", "text": "苏州工业园区生态环境局，现代大道999号"},
        ],
        "notice_from": "2026-10-09",
        "notice_to": "2026-10-15",
    },
    "intended_announcement": {
        "elements": [
            {"name": "项目名称", "text": "年产2000吨电子级粘合剂扩建项目"},
            {"name": "公众参与情况", "text": "受理公示期间未收到反馈意见。"},
            {"name": "听证告知", "text": "申请人、利害关系人可以提出听证申请。"},
        ],
        "notice_from": "2026-10-20",
        "notice_to": "2026-10-26",
    },
    "decision_announcement": {
        "elements": [
            {"name": "环评审批决定", "text": "批准（2026年10月30日）"},
            {"name": "环评决定文号", "text": "苏园环审〔2026〕18号"},
        ],
        "notice_url": "https://onewindow.example.cn/notices/18",
    },
    "change_notice": {
        "klass": "一般变动",
        "eia": "编制一般变动环境影响分析，纳入竣工验收",
        "permit": "reapply",
        "what": "增加废气排放口一个",
        "criteria": [{"zh": "新增排放口", "basis_zh": "《排污许可管理条例》第15条第3项"}],
        "approval_number": "苏园环审〔2025〕11号",
    },
    "renewal_notice": {
        "number_held": "91130200699229617X001P",
        "held_to": "2026-11-21",
        "over": "yes",
        "grounds": [
            {"zh": "许可证有效期至2026-11-21，有效期届满，不能延续", "basis_zh": "《排污许可管理条例》第14条第2款"}
        ],
    },
    "renewal_decision": {
        "outcome": "approved",
        "number_held": "91130200699229617X001P",
        "held_to": "2026-11-21",
        "valid_from": "2026-11-22",
        "valid_to": "2031-11-21",
        "cuts": "挥发性有机物1.5吨",
    },
    "change_decision": {
        "outcome": "approved",
        "action": "change",
        "reason": "法定代表人变更，材料齐全。",
        "granted": "yes",
        "held_number": "91130200699229617X001P",
        "grounds": [{"zh": "法定代表人变更", "basis_zh": "《排污许可管理条例》第14条第3款"}],
    },
    "eia_approval": {
        "summary": "项目在现有厂区内扩建电子级粘合剂生产线，新增反应釜4台、分散机6台及配套设施，建成后年产电子级粘合剂2000吨。"
        "总投资3000万元，其中环保投资180万元。",
        "conditions": "（一）全过程贯彻循环经济和清洁生产理念，采用先进的生产工艺和设备，减少污染物的产生量和排放量。\n"
        "（二）生产废水经预处理后与生活污水一并接管至园区污水处理厂，不得外排。\n"
        "（三）工艺废气经密闭收集、两级活性炭吸附处理后由25米高排气筒排放，厂界无组织排放监控浓度执行有关标准。\n"
        "（四）合理布局，选用低噪声设备，厂界噪声执行3类标准。\n"
        "（五）按照“减量化、资源化、无害化”原则处置各类固体废物，危险废物委托有资质的单位处置。",
        "totals": EMISSIONS,
        "supervisor_name": "园区生态环境综合行政执法大队",
        "copies_to": "园区行政审批局，园区生态环境综合行政执法大队，江苏示例环境科技有限公司",
    },
    "eia_refusal": {
        "ground": "standards",
        "reason": "报告表提出的单级活性炭吸附措施去除效率取值90%缺乏依据，按照规范取值核算，挥发性有机物排放浓度超过排放标准。",
        "copies_to": "园区行政审批局",
    },
    "permit_original": {"valid_from": "2026-10-30", "valid_to": "2031-10-29", "industry": "专用化学产品制造"},
    "permit_copy": {
        "valid_from": "2026-10-30",
        "valid_to": "2031-10-29",
        "industry": "专用化学产品制造",
        "equipment": [
            {"code": "MF0001", "name": "反应釜", "parameters": "5立方米", "count": "4", "outlet": "DA001"},
            {
                "code": "TA001",
                "name": "两级活性炭吸附装置",
                "parameters": "风量12000立方米/时",
                "count": "1",
                "outlet": "DA001",
            },
        ],
        "outlets": OUTLETS,
        "emissions": EMISSIONS,
        "totals": [{"factor": "挥发性有机物", "amount_t": "0.412000"}],
        "monitoring": [{"outlet": "DA001", "factor": "挥发性有机物", "method": "manual", "frequency": "1次/半年"}],
        "noise": "厂界执行3类标准，昼间65分贝，夜间55分贝。",
        "waste": "危险废物贮存于危废库（60平方米），委托有资质的单位处置。",
    },
    "permit_refusal": {"reason": "申请的挥发性有机物许可年排放量大于环评批复核定的总量。"},
    "hearing_notice": {
        "opinion": "经初步审查，项目选址符合规划，污染防治措施可行，拟同意批准。",
        "comments": "收到周边居民反映异味问题的意见3条。",
    },
    "extension_notice": {
        "original_due": "2026-11-08",
        "new_due": "2026-11-22",
        "approved_by": "本机关负责人李四",
        "reason": "项目涉及的环境风险防范措施需要进一步论证。",
    },
    "delivery_receipt": {
        "documents": [
            {"title": "环境影响评价文件批复", "number": "苏园环审〔2026〕18号"},
            {"title": "排污许可证（正本、副本）", "number": "91130200699229617X001P"},
        ],
        "recipient": "苏州示例新材料有限公司",
        "way": "direct",
        "place": "一窗受理大厅",
    },
    "withdrawal_notice": {"withdrawn_on": "2026-10-15", "reason": "项目投资计划调整。"},
    "reduction_opinion": {
        "project_number": "JP-gaomao-2026-001",
        "zone_name": "高端制造与国际贸易区",
        "kind": "深度治理类",
        "outcome": "pass",
        "granted": "yes",
        "second_by": "third_party",
        "reason": "类型、核算和许可证变更均符合规定。",
        "lines": [
            {
                "name_zh": "挥发性有机物",
                "working": "R = 12 × (1 − 60% × 50%) − 12 × (1 − 95% × 90%)",
                "source_zh": "竣工环境保护验收报告",
                "net_t": "6.660000",
            },
            {
                "name_zh": "化学需氧量",
                "working": "R = 10000 × (500 − 30) × 10⁻⁶",
                "source_zh": "环境监测数据",
                "net_t": "4.7",
            },
        ],
    },
    "reserve_decision": {
        "zone_name": "高端制造与国际贸易区",
        "round": "2026年第三季度",
        "comment": "同意储备。",
        "lines": [
            {
                "project": "JP-gaomao-2026-001",
                "name": "涂装废气深度治理",
                "factor_zh": "挥发性有机物",
                "left": "6.66",
                "excluded_zh": "用于本单位“以新带老”1.2",
                "reserve": "5.46",
            }
        ],
    },
    "upper_request": {
        "zone_name": "高端制造与国际贸易区",
        "for_project": "苏园环一窗〔2026〕42号 年产2000吨电子级粘合剂扩建项目",
        "reason": "本级储备不足，项目属于年度重点项目。",
        "lines": [{"factor_zh": "挥发性有机物", "balance_t": "0.120000", "asked_t": "3.5"}],
    },
    "pilot_request": {
        "heading": "关于开展固定污染源排污许可管理试点（2021年）的请示",
        "recipient": "生态环境部环境影响评价与排放管理司",
        "count": "1",
        "reason": "结合我省工作实际，拟申请开展试点，已组织专家审核把关。",
        "lines": [
            {
                "number": "1",
                "city": "苏州市",
                "title": "排污许可制与环境影响评价制度有机衔接改革试点",
                "lead": "苏州市生态环境局",
                "deadline": "2023-01-31",
            }
        ],
    },
    "pilot_notice": {
        "heading": "关于延长试点期限的通知",
        "recipient": "苏州工业园区管委会",
        "content": "试点工作成效显著，同意延长试点期限一年。",
    },
    "zone_bulletin": {
        "heading": "2026年第三季度减排和储备情况通报",
        "zones": "各功能区",
        "first": "2026-07-01",
        "last": "2026-09-30",
        "comment": "高端制造与国际贸易区挥发性有机物储备收支失衡，应当加大减排力度。",
        "lines": [
            {
                "zone_zh": "高端制造与国际贸易区",
                "factor_zh": "挥发性有机物",
                "entered": "6.66",
                "excluded": "1.2",
                "reserved": "5.46",
                "left": "0",
                "reserve": "5.46",
            },
            {
                "zone_zh": "独墅湖科教创新区",
                "factor_zh": "化学需氧量",
                "entered": "4.7",
                "excluded": "0",
                "reserved": "0",
                "left": "4.7",
                "reserve": "0.3",
            },
        ],
    },
    "quota_information": {
        "lines": [
            {
                "name_zh": name,
                "project_pipe": pipe,
                "project_external": external,
                "plant_pipe": "—",
                "plant_external": plant,
            }
            for name, pipe, external, plant in (
                ("颗粒物", "/", "0.085", "0.285"),
                ("二氧化硫", "/", "—", "—"),
                ("氮氧化物", "/", "—", "—"),
                ("挥发性有机物", "/", "0.412", "1.912"),
                ("化学需氧量", "5", "0.3", "0.9"),
                ("氨氮", "—", "—", "—"),
                ("总氮", "—", "—", "—"),
                ("总磷", "—", "—", "—"),
                ("重金属", "—", "—", "—"),
            )
        ],
    },
    "allowed_notice": {
        "year": "2025",
        "next_year": "2026",
        "demands": "执行大气污染物特别排放限值。",
        "lines": [
            {
                "name_zh": "挥发性有机物",
                "permitted": "2.4",
                "actual": "1.912",
                "allowed": "1.8",
                "basis_zh": "上一年度环境空气质量未达目标，削减5%",
            }
        ],
    },
}


def values(letter: str) -> dict[str, Any]:
    """Everything a letter needs."""
    return {**COMMON, **VALUES[letter]}
