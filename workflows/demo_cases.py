"""Cases of the demonstration at telling moments, so that no desk is empty on the first look.

They are played by the shipped scenarios of the one-window procedure, each begun some days ago, by the people of the demonstration;
what they sign is marked as a demonstration. Called by `onewindow demo` alone, after everything else is there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from registers.accounts import SYSTEM
from registers.timesource import FixedTime
from workflows import boardwork, casenotes, compiling, corrections, definitions, install, objections
from workflows.rehearsal import Rehearsal
from workflows.runtime import Runtime

PROCEDURE = "one_window"


@dataclass(frozen=True)
class Moment:
    """A case begun so many days ago: its scenario by the beginning of the name, and the step that waits now (none: it is over)."""

    scenario: str
    days_ago: int
    until: str
    site: str


MOMENTS = (
    Moment("同时办理：报告表＋简化管理", 45, "", "星湖街1号一期厂房"),
    Moment("会办三个部门", 13, "task_consult", "星湖街1号二期厂房"),
    Moment("环评与许可不一致：企业修改许可申请", 16, "task_fix_application", "星湖街1号三期厂房"),
    Moment("同时办理：报告表＋重点管理", 26, "task_site_check", "星湖街1号四期厂房"),
    Moment("同时办理：报告表＋重点管理", 19, "task_site_check", "星湖街1号中试车间"),
    Moment("同时办理：报告表＋简化管理", 10, "task_eia_opinion", "星湖街1号检测中心"),
    Moment("补正：首次告知", 7, "task_correct", "星湖街1号研发楼"),
    Moment("同时办理：报告表＋简化管理", 1, "task_completeness_joint", "星湖街1号仓库"),
)


def load(rt: Runtime) -> int:
    """Play them; returns how many cases there are now."""
    played = [_play(rt, moment) for moment in MOMENTS]
    closed, consulted, *_, received = played
    closed.time.move_to(rt.time.today() - timedelta(days=4))
    closed.say(objections.bring, "qiye", **OBJECTION)
    consulted.say(casenotes.write, "qiye", text="请问部门会办预计何时结束？需要我们补充资料吗？")
    received.say(corrections.ask, "qiye", text="排气筒高度填写有误，应为25米，请退回更正。")
    boardwork.daily(rt, SYSTEM)
    boardwork.work(rt)
    return len(played)


OBJECTION = {
    "kind": "decision",
    "grounds": "许可排放量核定时未计入活性炭吸附装置的去除效率，核定结果低于申请量。",
    "wanted": "请按申请材料中的去除效率重新核定挥发性有机物许可排放量。",
}


class _Played(Rehearsal):
    """A case played for good, under the version in force, by the people who are there."""

    def __init__(self, rt: Runtime, time: FixedTime) -> None:
        self.rt, self.time, self.given, self.house, self.applicant = rt, time, {}, False, "qiye"
        with rt.db.transaction() as conn:
            self.definition_id = definitions.in_force(conn, PROCEDURE, time.today())
            self.compiled = compiling.compiled(rt, conn, self.definition_id)
        self.refused: list[str] = []
        self.acted: list[str] = []
        self.cases = []
        self.case_id = self._start()

    def say(self, command: Any, login: str, **said: Any) -> None:
        """Something else that a person does in the case."""
        command(self.rt, self._person("preparer", login), case_id=self.case_id, **said)


def _play(rt: Runtime, moment: Moment) -> _Played:
    folder = install.procedures_folder() / PROCEDURE
    known = json.loads((folder / "scenarios.json").read_text("utf-8"))["scenarios"]
    scenario = next(one for one in known if one["name"]["zh"].startswith(moment.scenario))
    time = FixedTime.on(rt.time.today() - timedelta(days=moment.days_ago))
    case = _Played(replace(rt, time=time), time)
    first = {"task": case.compiled.settings["start_task"], "submit": scenario["start"]}
    for step in [first, *scenario["steps"]]:
        if moment.until and step.get("task") == moment.until:
            break
        case.take(_at(step, moment))
    return case


def _at(step: dict[str, Any], moment: Moment) -> dict[str, Any]:
    """The step with the site of this case: five projects of one enterprise are not on one spot."""
    if step.get("task") != "task_application":
        return step
    name = f"{step['submit']['project_name']}（{moment.site.removeprefix('星湖街1号')}）"
    return {**step, "submit": {**step["submit"], "project_name": name, "site_address": f"苏州工业园区{moment.site}"}}
