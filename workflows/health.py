"""How the house is doing, for administrators: what the program can see by itself, each with a word on what to do.

`/healthz` answers a watching machine; this is the longer answer for a person. Nothing here repairs anything.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text

from workflows import backup
from workflows.migrations import config
from workflows.models import Deadline, Incident
from workflows.notify import Delivery
from workflows.runtime import Runtime

LATE = timedelta(minutes=5)
GIVEN_UP = 5
LEAST_FREE = 2 * 1024**3
BACKUP_AGE = timedelta(days=2)
REHEARSAL_AGE = timedelta(days=100)


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is well, what was found, what to do when it is not (zh, en)."""

    name: str
    ok: bool
    found: str
    title: tuple[str, str]
    remedy: tuple[str, str] = ("", "")


def report(conn: Connection, rt: Runtime, alarm_well: bool | None) -> list[Check]:
    """Everything that is looked at, worst first."""
    now, home = rt.time.now(), rt.files_root.parent
    checks = [*_database(conn), *_queues(conn, now, alarm_well), *_keeping(home, now)]
    return sorted(checks, key=lambda one: one.ok)


def _database(conn: Connection) -> list[Check]:
    version = str(conn.scalar(text("SHOW server_version")))
    revision = str(conn.scalar(text("SELECT version_num FROM alembic_version")))
    head = ScriptDirectory.from_config(config("postgresql://")).get_current_head()
    size = str(conn.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))")))
    return [
        Check("database", True, f"PostgreSQL {version}, {size}", ("数据库", "Database")),
        Check(
            "schema",
            revision == head,
            revision,
            ("数据库结构版本", "Revision of the schema"),
            ("重新启动一个节点，结构会自动更新。", "Restart one node; it brings the schema up to date."),
        ),
    ]


def _queues(conn: Connection, now: datetime, alarm_well: bool | None) -> list[Check]:
    """Whether deadlines are acted on, steps go on, and messages leave the house."""
    late = _count(conn, select(func.count()).where(Deadline.done_at.is_(None), Deadline.due_at < now - LATE))
    incidents = _count(conn, select(func.count()).where(Incident.resolved_at.is_(None)))
    stuck = _count(conn, select(func.count()).where(Delivery.done_at.is_(None), Delivery.attempts >= GIVEN_UP))
    return [
        Check(
            "scheduler",
            alarm_well is not False and late == 0,
            str(late),
            ("到期事项逾期未处理（件）", "Deadlines not acted on"),
            ("查看日志；确认至少有一个节点在运行。", "Look at the log; at least one node must be running."),
        ),
        Check(
            "incidents",
            incidents == 0,
            str(incidents),
            ("异常停住的步骤（件）", "Stopped steps"),
            ("在“异常步骤”中排除原因后重试。", "Mend the cause and retry under “Incidents”."),
        ),
        Check(
            "outbox",
            stuck == 0,
            str(stuck),
            ("发送失败的邮件和回调（件）", "E-mails and calls that failed"),
            ("核对邮件服务器设置和收件人地址。", "Check the mail server's settings and the addresses."),
        ),
    ]


def _keeping(home: Path, now: datetime) -> list[Check]:
    """Whether there is room on the disk, and how old the last backup and the last rehearsed restore are."""
    free, known = shutil.disk_usage(home).free, backup.last(home)
    return [
        Check(
            "disk",
            free >= LEAST_FREE,
            f"{free / 1024**3:.1f} GB",
            ("剩余磁盘空间", "Free disk space"),
            ("清理或者扩充磁盘。", "Make room or add a disk."),
        ),
        _age(
            known.get("backup"),
            now,
            BACKUP_AGE,
            "backup",
            ("最近一次备份", "Last backup"),
            ("运行 onewindow backup，并列入每日任务。", "Run onewindow backup, and make it a daily job."),
        ),
        _age(
            known.get("rehearsal"),
            now,
            REHEARSAL_AGE,
            "rehearsal",
            ("最近一次恢复演练", "Last rehearsal of a restore"),
            ("运行 onewindow restore 备份文件 --rehearse。", "Run onewindow restore FILE --rehearse."),
        ),
    ]


def _age(
    line: dict[str, Any] | None,
    now: datetime,
    most: timedelta,
    name: str,
    title: tuple[str, str],
    remedy: tuple[str, str],
) -> Check:
    recent = line is not None and line["ok"] and now - datetime.fromisoformat(line["at"]) <= most
    found = "—" if line is None else f"{line['at'][:16].replace('T', ' ')} UTC"
    return Check(name, recent, found, title, remedy)


def _count(conn: Connection, query: Any) -> int:
    return conn.scalar(query) or 0
