"""What is done once a day, on however many nodes: a row per name and day, claimed in the transaction of the work.

APScheduler wakes every node every ten minutes (`workflows.deadlines.Alarm`); each job that is due today and has
no row yet is carried out by the node that inserts the row first. A node that was asleep at the hour, or died
in the middle, is made good by the next wake-up.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from registers.accounts import SYSTEM
from registers.db import Base
from registers.timesource import CHINA
from workflows.commands import Answer, Command, Step, command
from workflows.runtime import Runtime

log = logging.getLogger("onewindow.cron")


class CronRun(Base):
    """A daily job that was done."""

    __tablename__ = "cron_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    on_date: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]


@dataclass(frozen=True)
class Daily:
    """A job of the day and the hour (in China) from which it may run."""

    command: Command
    hour: int


DAILY: list[Daily] = []


def daily(rt: Runtime) -> list[str]:
    """Carry out the jobs of today that are due and not done; returns their names."""
    hour = rt.time.now().astimezone(CHINA).hour
    today = rt.time.today()
    with rt.db.transaction() as conn:
        done = set(conn.scalars(select(CronRun.name).where(CronRun.on_date == today)))
    ran = []
    for job in DAILY:
        if job.hour <= hour and job.command.name not in done:
            try:
                if job.command(rt, SYSTEM, f"{job.command.name}:{today}").get("ran"):
                    ran.append(job.command.name)
            except Exception:
                log.exception("%s failed; it is tried again", job.command.name)
    return ran


def claim(step: Step) -> bool:
    """Whether this transaction is the one that does the command's work today."""
    row = {"name": step.command, "on_date": step.today, "at": step.now}
    return step.conn.scalar(insert(CronRun).values(row).on_conflict_do_nothing().returning(CronRun.name)) is not None


_DIGEST = text(
    """
    INSERT INTO delivery (user_id, channel, content, due_at)
    SELECT s.user_id, 'email', jsonb_build_object('digest', jsonb_agg(
             jsonb_build_object('title', m.title, 'link', m.link, 'kind', m.kind) ORDER BY m.created_at)), :now
      FROM user_setting s JOIN message m ON m.user_id = s.user_id
     WHERE s.email_when = 'daily' AND s.email <> '' AND m.read_at IS NULL AND NOT m.kind = ANY(s.muted)
       AND m.created_at > coalesce((SELECT max(at) FROM cron_run WHERE name = :name AND on_date < :today),
                                   CAST(:now AS timestamptz) - interval '7 days')
     GROUP BY s.user_id
    """
)


@command("day.digest")
def digest(step: Step) -> Answer:
    """One e-mail a day with the unread messages since the last, for those who want it so."""
    if not claim(step):
        return {"ran": False}
    made = step.conn.execute(_DIGEST, {"now": step.now, "name": step.command, "today": step.today})
    return {"ran": True, "digests": made.rowcount}


DAILY.append(Daily(digest, 8))
