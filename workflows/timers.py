"""BPMN timers: ISO 8601 text or an expression, turned into the instant they are due.

These are the timers that are *not* statutory; limits of law are clocks, not timers. Months and years are
counted on the calendar (31 January plus one month is the last day of February); a date without a time is
midnight in China.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from registers.timesource import CHINA
from workflows.expressions import Expression, ExpressionError, compile_expression

DATE, DURATION, CYCLE = "date", "duration", "cycle"
MAX_YEARS = 100

_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=.)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:[.,](\d{1,6}))?S)?)?"
)
_CYCLE = re.compile(r"R(\d{0,4})/(.+)")
_LOOKS_ISO = re.compile(r"-?P[\dT]|R\d*/|\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Duration:
    """A length of time with calendar months kept apart."""

    months: int
    rest: timedelta

    def after(self, start: datetime) -> datetime:
        """The instant this long after another, months counted on the calendar of China."""
        if not self.months:
            return start + self.rest
        here = start.astimezone(CHINA)
        year, month = divmod(here.year * 12 + here.month - 1 + self.months, 12)
        day = min(here.day, calendar.monthrange(year, month + 1)[1])
        return (here.replace(year=year, month=month + 1, day=day)).astimezone(UTC) + self.rest


def _wrong(text: object, zh: str, en: str) -> ExpressionError:
    return ExpressionError(f"定时器“{text}”：{zh}", f"Timer “{text}”: {en}")


def parse_duration(text: str) -> Duration:
    """An ISO 8601 duration such as P14D or PT1H30M; negative and fractional calendar units are refused."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise _wrong(text, "时长应写成 P14D 或 PT1H30M 的形式。", "write a duration as P14D or PT1H30M.")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:7])
    micro = int((found.group(8) or "0").ljust(6, "0"))
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=micro)
    if years * 12 + months > MAX_YEARS * 12 or rest > timedelta(days=366 * MAX_YEARS):
        raise _wrong(text, "时长过长。", "the duration is too long.")
    return Duration(years * 12 + months, rest)


def parse_instant(value: Any) -> datetime:
    """An instant out of a date, a time or ISO text; without a zone it is China time."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise _wrong(value, "日期应写成 2025-01-31 或 2025-01-31T09:00:00+08:00。", "write 2025-01-31.") from None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=CHINA)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), CHINA).astimezone(UTC)
    raise _wrong(value, "应为日期或时间。", "a date or a time is needed.")


def parse_cycle(text: str) -> tuple[int | None, Duration]:
    """`R3/PT10M` as (3, ten minutes); `R/PT10M` has no end. Cron text and start dates are refused."""
    found = _CYCLE.fullmatch(text.strip())
    if not found:
        raise _wrong(text, "循环应写成 R3/P1D 的形式（不支持 cron）。", "write a cycle as R3/P1D (no cron).")
    period = parse_duration(found.group(2))
    if period.months == 0 and period.rest < timedelta(seconds=1):
        raise _wrong(text, "循环间隔至少一秒。", "the interval is at least one second.")
    return (int(found.group(1)) if found.group(1) else None), period


@dataclass(frozen=True)
class Timer:
    """A checked timer: a literal or an expression, and how to read it."""

    kind: str
    literal: str | None
    expression: Expression | None

    def first(self, variables: Mapping[str, Any], now: datetime) -> tuple[datetime, int | None]:
        """When it is due for the first time, and how many times it is due after that (None: without end)."""
        value: Any = self.literal if self.expression is None else self.expression.evaluate(variables)
        if self.kind == DATE:
            return parse_instant(value), 0
        if not isinstance(value, str):
            if self.kind == DURATION and isinstance(value, date):
                return parse_instant(value), 0
            raise _wrong(value, "应为 ISO 8601 文本或日期。", "ISO 8601 text or a date is needed.")
        if self.kind == DURATION:
            return parse_duration(value).after(now), 0
        count, period = parse_cycle(value)
        return period.after(now), None if count is None else max(count - 1, 0)

    def again(self, variables: Mapping[str, Any], last: datetime) -> datetime:
        """When a cycle is due the next time."""
        value = self.literal if self.expression is None else self.expression.evaluate(variables)
        return parse_cycle(str(value))[1].after(last)


def compile_timer(kind: str, text: str) -> Timer:
    """Check the text of a timer; ISO text may stand bare or in quotes."""
    bare = text.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1].strip()
    if bare == text.strip() and not _LOOKS_ISO.match(bare):
        return Timer(kind, None, compile_expression(bare))
    if kind == DATE:
        parse_instant(bare)
    elif kind == DURATION:
        parse_duration(bare)
    else:
        parse_cycle(bare)
    return Timer(kind, bare, None)
