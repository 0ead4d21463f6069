"""What stands between a right password and a session: a one-time code, a new password, a second factor to be set up.

A sign-in that waits holds a session that opens nothing and names its step. The steps come in this order, one at a time;
when one is taken the session is exchanged for the next one, or for a real one, under a new token.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection, select

from registers import accounts, factors
from registers.accounts import Actor, Policy
from registers.errors import DomainError
from registers.parties import SEPARATED_ROLES, UserRole
from registers.vault import Vault

CODE, PASSWORD, ENROL = "code", "password", "enrol"


def next_step(
    conn: Connection, user_id: uuid.UUID, now: datetime, policy: Policy, *, after: str = "", trusted: bool = False
) -> str:
    """The step this person's sign-in waits for after the one just taken; empty when there is none.

    `trusted` is a sign-in at an outside provider: it has its own passwords and its own second factor.
    """
    if trusted:
        return ""
    if after == "" and factors.required(conn, user_id):
        return CODE
    if after in ("", CODE) and accounts.password_is_old(conn, user_id, now, policy):
        return PASSWORD
    return ENROL if must_enrol(conn, user_id, policy) else ""


def take(
    conn: Connection, vault: Vault, token: str, said: dict[str, str], now: datetime, policy: Policy, address: str
) -> tuple[str, str, list[str]]:
    """Take the step a sign-in waits for: the new token, the step it waits for then, recovery codes to be shown once.

    Raises DomainError when what was said is not right; a wrong code counts like a wrong password.
    """
    found = accounts.waiting(conn, token, now)
    if found is None:
        raise DomainError("sign_in_over", "登录已超时，请重新登录。", "This sign-in is over; begin again.", status=401)
    user_id, step = found
    if accounts.is_locked(conn, user_id, now):
        raise DomainError(
            "locked", "账号已暂时锁定，请稍后再试。", "The account is locked; try again later.", status=429
        )
    codes: list[str] = []
    if step == CODE:
        if not factors.check(conn, vault, user_id, said.get("code", ""), now):
            raise factors.wrong()
        accounts.forget_failures(conn, user_id)
    if step == PASSWORD:
        accounts.set_password(conn, user_id, said.get("password", ""), now, policy)
    if step == ENROL:
        codes = factors.confirm(conn, vault, user_id, said.get("code", ""), now)
    accounts.close_session(conn, token)
    waits = next_step(conn, user_id, now, policy, after=step)
    return accounts.open_session(conn, user_id, now, address, waits=waits), waits, codes


def must_enrol(conn: Connection, user_id: uuid.UUID, policy: Policy) -> bool:
    """Whether the house wants a second factor of this person and there is none yet."""
    if not policy.second_factor or factors.required(conn, user_id):
        return False
    roles = conn.execute(select(UserRole.role, UserRole.body_id).where(UserRole.user_id == user_id)).all()
    if policy.second_factor == 1:
        return any(row.role in SEPARATED_ROLES for row in roles)
    return any(row.body_id is not None for row in roles)


def reauthenticate(
    conn: Connection, vault: Vault, person: Actor, password: str, code: str, now: datetime, policy: Policy
) -> str:
    """Whether somebody who is signed in is the person of the account: empty, or the step (PASSWORD, CODE) that failed.

    What fails counts towards the lock as it does at sign-in; the caller commits either way. Raises DomainError when locked.
    """
    if (
        person.id is None
        or accounts.check_password(conn, person.login, password, now, policy, settle=False) != person.id
    ):
        return PASSWORD
    if factors.required(conn, person.id) and not factors.check(conn, vault, person.id, code, now):
        accounts.count_failure(conn, person.id, now, policy)
        return CODE
    accounts.forget_failures(conn, person.id)
    return ""
