"""Pages for everybody: sign-in, notices, check of a letter, health."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select, text
from werkzeug.wrappers import Response

from registers.errors import DomainError
from registers.parties import User
from web import auth, downloads, oidc, views, words
from web.context import bound, idempotency_key, new_key, runtime
from web.i18n import gettext, language
from web.pages import blueprint
from web.pages.work import offset_asked, page_url
from workflows import demo, letters, notices, publicity

PAGE = 50


@blueprint.get("/healthz")
def healthz() -> Any:
    """200 when the database answers and the scheduler of this process sweeps."""
    with runtime().db.transaction() as conn:
        conn.execute(text("SELECT 1"))
    alarm = bound().alarm
    well = alarm is None or alarm.is_well()
    return jsonify(
        {"database": "ok", "scheduler": "off" if alarm is None else "ok" if well else "late"}
    ), 200 if well else 503


@blueprint.get("/login")
def login() -> str:
    """The sign-in page."""
    return _login_page("", None)


@blueprint.post("/login")
def do_login() -> Any:
    """Sign in and go where one wanted to go."""
    name = request.form.get("login", "").strip()
    try:
        token = auth.sign_in(name, request.form.get("password", ""))
    except DomainError as error:
        return _login_page(name, error.message(language())), error.status
    if token is None:
        return _login_page(name, gettext("登录名或密码不正确。")), 401
    return enter(token, request.form.get("next", ""))


def enter(token: str, target: str) -> Response:
    """Give the browser its session and go on: to the page wanted, or to the step the sign-in waits for."""
    step = auth.waits_for(token)
    place = url_for("pages.sign_in_step", next=target) if step else safe_target(target)
    response = current_app.make_response(redirect(place))
    auth.set_cookie(response, token)
    return response


@blueprint.post("/logout")
def logout() -> Response:
    """Sign out."""
    auth.sign_out()
    response = redirect(url_for("pages.login"))
    response.delete_cookie(auth.cookie_name(), path="/")
    return response


@blueprint.get("/notices", endpoint="notices")
def notice_list() -> str:
    """Public notices, by kind and words, those open for comments alone when asked."""
    query, kind = request.args.get("q", "").strip()[:100], request.args.get("kind", "")
    running, offset = request.args.get("open") == "yes", offset_asked()
    with runtime().db.transaction() as conn:
        rows = notices.public(
            conn,
            runtime().time.today(),
            text=query,
            kind=kind if kind in notices.NOTICE_TITLES else None,
            running=running,
            limit=PAGE + 1,
            offset=offset,
        )
    return render_template(
        "notices.html",
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        q=query,
        kind=kind,
        running=running,
        kinds=list(notices.NOTICE_TITLES),
        offset=offset,
        limit=PAGE,
        page_url=page_url,
    )


@blueprint.get("/notices/<uuid:notice_id>")
def notice(notice_id: uuid.UUID) -> str:
    """One notice, with the form for comments while it is open."""
    return _notice_page(notice_id, {}, {})


@blueprint.get("/notices/<uuid:notice_id>/letters/<uuid:letter_id>/<any(docx, pdf):form>")
def published_letter(notice_id: uuid.UUID, letter_id: uuid.UUID, form: str) -> Response:
    """The full text of a published decision."""
    return downloads.published_letter(notice_id, letter_id, form)


@blueprint.post("/notices/<uuid:notice_id>")
def comment(notice_id: uuid.UUID) -> Any:
    """Take a comment."""
    said = {key: request.form.get(key, "") for key in ("author", "contact", "comment")}
    hearing = request.form.get("wants_hearing") == "true"
    try:
        publicity.take_comment(runtime(), idempotency_key(), notice_id, **said, wants_hearing=hearing)
    except DomainError as error:
        shown = {**said, "wants_hearing": hearing}
        return _notice_page(notice_id, shown, {error.pointer or "": error.message(language())}), error.status
    return render_template("thanks.html", notice_id=notice_id)


@blueprint.get("/verify")
@blueprint.get("/verify/<code>")
def verify(code: str = "") -> str:
    """Check a letter by its code."""
    code = (code or request.args.get("code", "")).strip()[:100]
    with runtime().db.transaction() as conn:
        found = letters.verify(conn, code) if code else None
    return render_template("verify.html", code=code, found=found)


def _login_page(name: str, error: str | None) -> str:
    with runtime().db.transaction() as conn:
        is_trial = conn.scalar(select(User.id).where(User.login == "qiye", User.name == demo.PEOPLE[0][1])) is not None
    people = [(who, person, words.role_name(role)) for who, person, role, _ in demo.PEOPLE] if is_trial else []
    return render_template(
        "login.html",
        login=name,
        error=error,
        next=request.values.get("next", ""),
        outside=oidc.settings(),
        trial=people,
        trial_password=demo.PASSWORD,
    )


def _notice_page(notice_id: uuid.UUID, said: dict[str, Any], errors: dict[str, str]) -> str:
    with runtime().db.transaction() as conn:
        found = views.public_notice(conn, notices.one(conn, notice_id, runtime().time.today()))
    key = request.form.get("idempotency_key") or new_key()
    return render_template("notice.html", notice=found, said=said, errors=errors, key=key)


def safe_target(target: str) -> str:
    """Only a path of this site is a place to go after signing in."""
    parts = urlsplit(target)
    if target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme:
        return target
    return url_for("pages.home")
