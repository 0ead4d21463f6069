"""What a fresh installation needs before anybody signs in: limits, catalogues, the shipped procedures."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from sqlalchemy import Connection, select

from registers import accounts, catalogues, house, limits, parties, quota_accounts, scoring
from registers.accounts import SYSTEM
from registers.timesource import TimeSource
from workflows import definitions, versionfiles
from workflows.models import Definition
from workflows.runtime import Runtime


def procedures_folder() -> Path:
    """Where the shipped procedures lie."""
    return Path(__file__).parent.parent / "bpmn"


def shipped() -> list[Path]:
    """The folders of the shipped procedures."""
    return sorted(path.parent for path in procedures_folder().glob(f"*/{versionfiles.SETTINGS}"))


def seed(rt: Runtime) -> list[str]:
    """Fill the built-in registers and publish shipped procedures that are new or changed; names what was published."""
    seed_registers(rt)
    published = []
    for folder in shipped():
        with rt.db.transaction() as conn:
            if publish_folder(conn, folder, rt.time):
                published.append(folder.name)
    return published


def seed_registers(rt: Runtime) -> None:
    """Fill the limit table and the catalogues where rows are missing."""
    with rt.db.transaction() as conn:
        limits.seed(conn)
        catalogues.seed(conn)
        quota_accounts.seed(conn)
        scoring.seed(conn, rt.time.now())


def publish_folder(conn: Connection, folder: Path, time: TimeSource) -> bool:
    """Publish a procedure folder from the beginning of force named in its settings, unless it is in force already."""
    files = versionfiles.read_folder(folder)
    settings = json.loads(files[versionfiles.SETTINGS])
    digest = versionfiles.digest(files)
    if conn.scalar(
        select(Definition.id).where(Definition.procedure == settings["id"], Definition.sha256 == digest).limit(1)
    ):
        return False
    definition_id, version = definitions.create_draft(conn, SYSTEM, settings["id"], files, time.now())
    first = settings.get("in_force_from", "2020-01-01") if version == 1 else time.today().isoformat()
    definitions.publish(conn, SYSTEM, definition_id, time.today().fromisoformat(first), time.now(), "随安装发布")
    return True


def first_administrator(conn: Connection, time: TimeSource, *, login: str, name: str, password: str) -> uuid.UUID:
    """Create the security administrator who then creates everybody else; refused when one exists.

    The three administrators are kept apart (GB/T 22239-2019): this first person manages users and rights.
    """
    body = conn.scalar(select(parties.Body.id).limit(1))
    if body is None:
        body = parties.create_body(
            conn,
            code="admin",
            name_zh="系统管理单位",
            name_en="Administration",
            kind="department",
            prefix="管",
        )
    return parties.create_user(
        conn,
        login=login,
        name=name,
        password_hash=accounts.hash_password(password, accounts.Policy.of(house.values(conn))),
        now=time.now(),
        roles=[("security_admin", body)],
    )


def has_users(conn: Connection) -> bool:
    """Whether anybody can sign in yet."""
    return conn.scalar(select(parties.User.id).limit(1)) is not None
