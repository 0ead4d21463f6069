"""Who is asking: the session cookie of a browser or the bearer token of a program.

Requests that change something and come with a cookie must carry the session's CSRF token (form field
or header) and must not come from another site. Every answer carries the strict security headers; no
inline script is allowed anywhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, g, redirect, request, url_for
from sqlalchemy import Connection

from registers import accounts, factors
from registers.accounts import ANONYMOUS, Actor
from registers.errors import DomainError, Forbidden
from web.context import actor, credential, runtime
from workflows import signin

P = ParamSpec("P")
R = TypeVar("R")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Pages one posts to before a session is there; each asks for a secret of its own.
BEFORE_SIGN_IN = {"pages.do_login", "pages.finish_sign_in", "pages.make_first_administrator"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def install(app: Flask) -> None:
    """Identify the person before each request and set the security headers after it."""
    app.before_request(_identify)
    app.after_request(_headers)
    app.jinja_env.globals["actor"] = actor


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host and https; plain http (a local trial) cannot use it."""
    return "__Host-sid" if runtime().base_url.startswith("https:") else "sid"


def set_cookie(response: Response, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(),
        token,
        httponly=True,
        samesite="Lax",
        secure=runtime().base_url.startswith("https:"),
        path="/",
        max_age=int(policy().absolute.total_seconds()),
    )


def sign_in(login: str, password: str) -> str | None:
    """A new session token when name and password fit."""
    rt = runtime()
    with rt.db.transaction() as conn:
        user_id = accounts.check_password(conn, login, password, rt.time.now(), policy(conn), settle=False)
        if user_id is None:
            return None
        waits = signin.next_step(conn, user_id, rt.time.now(), policy(conn))
        if waits != signin.CODE:
            accounts.forget_failures(conn, user_id)
        return accounts.open_session(conn, user_id, rt.time.now(), request.remote_addr or "", waits=waits)


def waits_for(token: str) -> str:
    """The step the sign-in behind a token still waits for; empty for a real session."""
    rt = runtime()
    with rt.db.transaction() as conn:
        found = accounts.waiting(conn, token, rt.time.now())
    return found[1] if found is not None else ""


def take_step(token: str, said: dict[str, str]) -> tuple[str, str, list[str]]:
    """Take the step a sign-in waits for; a wrong code counts towards the lock."""
    rt, address = runtime(), request.remote_addr or ""
    try:
        with rt.db.transaction() as conn:
            return signin.take(conn, rt.vault, token, said, rt.time.now(), policy(conn), address)
    except DomainError as wrong:
        if wrong.code == "factor_code":
            with rt.db.transaction() as conn:
                found = accounts.waiting(conn, token, rt.time.now())
                if found is not None:
                    accounts.count_failure(conn, found[0], rt.time.now(), policy())
        raise


def policy(conn: Connection | None = None) -> accounts.Policy:
    """What this installation asks of passwords and sessions: as it is now, or as this process last saw it."""
    held = runtime().reference
    return accounts.Policy.of(held.house if conn is None else held.get(conn).house)


def change_password(present: str, wanted: str) -> None:
    """Give oneself another password; the present one must fit, and one's other sessions end."""
    rt, person = runtime(), actor()
    assert person.id is not None
    with rt.db.transaction() as conn:
        known = accounts.check_password(conn, person.login, present, rt.time.now(), policy(conn))
    if known is None:
        raise DomainError("password_wrong", "当前密码不正确。", "The present password is wrong.", pointer="present")
    with rt.db.transaction() as conn:
        accounts.set_password(conn, person.id, wanted, rt.time.now(), policy(conn))
        accounts.close_others(conn, person.id, request.cookies.get(cookie_name()) or _bearer() or "")


def end_second_factor(code: str) -> None:
    """Take one's authenticator out of force; a code of it is needed, and the house may not allow it."""
    rt, person = runtime(), actor()
    assert person.id is not None
    with rt.db.transaction() as conn:
        if not factors.check(conn, rt.vault, person.id, code, rt.time.now()):
            raise factors.wrong()
        factors.remove(conn, person.id)


def sign_out() -> None:
    """End the session of this request."""
    token = request.cookies.get(cookie_name()) or _bearer()
    if token:
        with runtime().db.transaction() as conn:
            accounts.close_session(conn, token)


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Let only people who are signed in see a page; others go to the sign-in page and come back."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        # A token that is still to be looked up is refused by whoever looks it up: `actor` or the command.
        if ("actor" in g or credential() is None) and actor().id is None:
            if request.path.startswith("/api/"):
                raise DomainError("unauthenticated", "请先登录。", "Sign in first.", status=401)
            target: Any = redirect(url_for("pages.login", next=request.full_path.rstrip("?")))
            return target  # type: ignore[no-any-return]
        return view(*args, **kwargs)

    return guarded


def _identify() -> None:
    if request.endpoint == "static":
        return
    if "%00" in request.query_string.decode("latin-1"):
        raise DomainError(
            "control_character", "网址含有不可用的字符。", "The address has an unusable character.", status=400
        )
    token = _bearer()
    if token is None:
        g.actor = _by_cookie() or ANONYMOUS
    elif token.startswith("ow_"):
        g.credential = accounts.Bearer(token)
    else:
        g.actor = _by_session(token)


def _by_session(token: str) -> Actor:
    rt = runtime()
    with rt.db.transaction() as conn:
        found = accounts.actor_by_session(conn, token, rt.time.now(), rt.time.today(), policy())
    if found is None:
        raise accounts.token_refused()
    return found


def _by_cookie() -> Actor | None:
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    rt = runtime()
    with rt.db.transaction() as conn:
        found = accounts.actor_by_session(conn, token, rt.time.now(), rt.time.today(), policy())
    if found is not None and request.method not in SAFE_METHODS:
        _check_origin(found)
    return found


def _check_origin(person: Actor) -> None:
    sent = request.form.get("csrf") or request.headers.get("X-CSRF-Token") or ""
    foreign = request.headers.get("Sec-Fetch-Site") not in (None, "same-origin", "none")
    # Signing in again over an old session comes from a page that knows no token; it needs name and password.
    proven = request.endpoint in BEFORE_SIGN_IN or hmac.compare_digest(sent.encode(), person.csrf.encode())
    if foreign or not proven:
        raise Forbidden(
            "页面已过期，请返回刷新后重试（已填写的草稿不会丢失）。",
            "This page has expired. Go back, reload and try again; drafts are kept.",
        )


def _bearer() -> str | None:
    header = request.headers.get("Authorization", "")
    return header[7:].strip() if header.startswith("Bearer ") else None


def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if runtime().base_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
