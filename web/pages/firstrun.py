"""The first page of a fresh installation: its first administrator and its security profile.

Nobody can sign in yet, so whoever comes must show the code that the program printed when it started and keeps in a file
only its own user can read. The page is gone for good once there is an account.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import text

from registers import house, security
from registers.errors import DomainError, NotFound
from web.context import runtime
from web.i18n import language
from web.pages import blueprint
from workflows import install

CODE = "first-run-code"
_LOCK = 8_417_204


def first_run_code(home: Path) -> str:
    """The code of this installation's first page, made when it is first asked for."""
    path = home / CODE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"{secrets.randbelow(10**12):012}")
    return path.read_text().strip()


@blueprint.get("/first")
def first_run() -> str:
    """Ask for the first administrator."""
    return _page({}, {})


@blueprint.post("/first")
def make_first_administrator() -> Any:
    """Make the first administrator and set the security profile."""
    said = {key: request.form.get(key, "").strip() for key in ("code", "login", "name", "profile")}
    password = request.form.get("password", "")
    rt = runtime()
    home = rt.files_root.parent
    try:
        if not hmac.compare_digest(said["code"].encode(), first_run_code(home).encode()):
            raise DomainError(
                "code", "安装码不正确。", "The code of the installation is wrong.", pointer="code", status=403
            )
        if not said["login"] or not said["name"]:
            raise DomainError("login", "请填写登录名和姓名。", "A login name and a name are needed.", pointer="login")
        if password != request.form.get("again", ""):
            raise DomainError("again", "两次输入的密码不一致。", "The two passwords differ.", pointer="again")
        chosen = security.profiles().get(said["profile"], {"values": {}})["values"]
        with rt.db.transaction() as conn:
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if install.has_users(conn):
                raise NotFound()
            for key, value in chosen.items():
                house.save(conn, key, value, f"安装时采用（{said['profile']}）", None, rt.time.now())
            install.first_administrator(conn, rt.time, login=said["login"], name=said["name"], password=password)
    except NotFound:
        raise
    except DomainError as wrong:
        return _page(said, {wrong.pointer or "": wrong.message(language())}), wrong.status
    (home / CODE).unlink(missing_ok=True)
    return redirect(url_for("pages.login"))


def _page(said: dict[str, str], errors: dict[str, str]) -> str:
    with runtime().db.transaction() as conn:
        if install.has_users(conn):
            raise NotFound()
    return render_template("firstrun.html", said=said, errors=errors, profiles=security.profiles())
