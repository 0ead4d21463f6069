"""Follow-up: the days from which the duties after an approval are counted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from marshmallow import Schema

from handlers.fields import Day
from handlers.registry import HandlerContext, handler


def month_end(day: date) -> date:
    """The last day of the month."""
    following = day.replace(day=28) + timedelta(days=4)
    return following - timedelta(days=following.day)


def quarter_end(day: date) -> date:
    """The last day of the quarter."""
    return month_end(day.replace(month=(day.month - 1) // 3 * 3 + 3, day=1))


class _Inputs(Schema):
    decided_on = Day(load_default=None)


class _Outputs(Schema):
    month_end = Day(required=True)
    quarter_end = Day(required=True)
    year_end = Day(required=True)


@handler(
    "followup.dates",
    title={"zh": "执行报告起算日", "en": "Days from which compliance reports are counted"},
    basis="《排污许可管理条例》第22条；《排污许可管理办法》第37条；HJ 944—2018",
    inputs=_Inputs,
    outputs=_Outputs,
)
def report_dates(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The ends of the first month, quarter and year after a decision; reports are due a while after them."""
    day = inputs["decided_on"] or ctx.act_date
    return {"month_end": month_end(day), "quarter_end": quarter_end(day), "year_end": date(day.year, 12, 31)}
