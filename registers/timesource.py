"""Where "now" comes from.

Everything that needs the time is given a `TimeSource`; nobody calls `datetime.now()`. Instants are
UTC, dates of law are dates in China (Asia/Shanghai), where every body that uses this program sits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


class TimeSource(Protocol):
    """Anything that can tell the present instant and the present date of law."""

    def now(self) -> datetime: ...

    def today(self) -> date: ...


@dataclass(frozen=True)
class SystemTime:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.now().astimezone(CHINA).date()


@dataclass
class FixedTime:
    """A clock that stands still until it is moved: for scenarios, rehearsals and tests."""

    instant: datetime

    @classmethod
    def on(cls, day: date, hour: int = 9) -> FixedTime:
        """Nine o'clock in the morning (by default) of a day in China."""
        return cls(datetime.combine(day, time(hour), CHINA).astimezone(UTC))

    def now(self) -> datetime:
        return self.instant

    def today(self) -> date:
        return self.instant.astimezone(CHINA).date()

    def move_to(self, day: date, hour: int = 9) -> None:
        """Set the clock to a later day; an earlier one is refused, as in life."""
        target = datetime.combine(day, time(hour), CHINA).astimezone(UTC)
        if target < self.instant:
            raise ValueError(f"the clock cannot go back from {self.instant} to {target}")
        self.instant = target


def end_of(day: date) -> datetime:
    """The first instant after a date of law has passed: midnight in China, as UTC."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA).astimezone(UTC)


def last_day(instant: datetime) -> date:
    """The date of law that `end_of` gave this instant for."""
    return day_of(instant - timedelta(microseconds=1))


def day_of(instant: datetime) -> date:
    """The date of law on which an instant falls."""
    return instant.astimezone(CHINA).date()
