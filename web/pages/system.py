"""For administrators: how the house is doing, which version with which licences runs, and the security settings."""

from __future__ import annotations

import json
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers import house, security
from registers.errors import Forbidden
from registers.parties import SEPARATED_ROLES
from web import auth
from web.context import actor, bound, reading, run, runtime
from web.pages import blueprint
from workflows import access, administration, health, people

LOCK = Path(__file__).parents[2] / "package-lock.json"


@blueprint.get("/system")
@auth.signed_in
def system() -> str:
    """How the house is doing."""
    return render_template("system.html", checks=checks(), version=version())


@blueprint.get("/licences")
def licences() -> str:
    """The licence of this program and of everything it is made with."""
    return render_template("licences.html", packages=packages(), version=version())


@blueprint.get("/security")
@auth.signed_in
def security_settings() -> str:
    """What the house asks of passwords and sessions, beside the profiles."""
    access.require(actor(), "users.manage")
    with reading() as conn:
        rules = [rule for rule in house.rules(conn) if rule.key.startswith("security.")]
        missing = people.without_factor(conn)
    return render_template(
        "security.html",
        rules=rules,
        profiles=security.profiles(),
        controls=security.controls(),
        follows=security.follows({rule.key: rule.value for rule in rules}),
        missing=missing,
    )


@blueprint.post("/security/profile")
@auth.signed_in
def choose_security_profile() -> Response:
    """Set all security settings as a profile says."""
    run(
        administration.choose_profile,
        profile=request.form.get("profile", ""),
        source=request.form.get("source", ""),
    )
    return redirect(url_for("pages.security_settings"))


def checks() -> list[health.Check]:
    """The report for administrators of any kind."""
    if not actor().role_names & SEPARATED_ROLES:
        raise Forbidden("只有管理员可以查看系统状态。", "Only administrators see how the system is doing.")
    alarm = bound().alarm
    with reading() as conn:
        return health.report(conn, runtime(), None if alarm is None else alarm.is_well())


@cache
def version() -> dict[str, str]:
    """Which version runs on what."""
    return {
        "onewindow": metadata.version("onewindow"),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


@cache
def packages() -> list[dict[str, str]]:
    """The packages this program is made with: name, version, licence; those of the pages from the lock file."""
    found = {
        one.metadata["Name"]: {
            "name": one.metadata["Name"],
            "version": one.version,
            "licence": _licence(one.metadata),
            "part": "Python",
        }
        for one in metadata.distributions()
        if one.metadata["Name"]
    }
    return sorted([*found.values(), *_browser_packages()], key=lambda one: (one["part"], one["name"].lower()))


def _licence(about: Any) -> str:
    named = about.get("License-Expression") or ""
    kinds = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    text = named or ", ".join(kinds) or (about.get("License") or "").splitlines()[:1]
    return str(text if isinstance(text, str) else "".join(text)) or "—"


def _browser_packages() -> list[dict[str, str]]:
    if not LOCK.exists():
        return []
    locked = json.loads(LOCK.read_text("utf-8"))["packages"]
    return [
        {
            "name": path.removeprefix("node_modules/"),
            "version": one.get("version", ""),
            "licence": str(one.get("license", "—")),
            "part": "JavaScript",
        }
        for path, one in locked.items()
        if path.startswith("node_modules/") and not one.get("dev")
    ]
