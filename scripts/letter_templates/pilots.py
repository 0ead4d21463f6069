"""Papers of pilots: the request and the notice."""

from __future__ import annotations

from scripts.letter_templates.paper import Letter


def pilot_request() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{recipient}}：")
    letter.body("{{reason}}", "经组织专家评审，现将{{count}}项试点一并请示如下：")
    letter.table(
        "lines",
        [
            ("序号", "{{number}}", 14),
            ("所在地", "{{city}}", 26),
            ("试点内容", "{{title}}", 58),
            ("牵头单位", "{{lead}}", 36),
            ("期限", "{{deadline}}", 22),
        ],
        size=10.5,
    )
    letter.body("妥否，请示。", "案件编号：{{case_number}}", "{{?body_phone}}联系电话：{{body_phone}}")
    letter.signature()
    letter.save("pilot_request")


def pilot_notice() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{recipient}}：")
    letter.body(
        "试点名称：{{project_name}}",
        "{{content}}",
        "案件编号：{{case_number}}",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("pilot_notice")
