"""The steps after a right password, and the second factor of one's own account."""

from __future__ import annotations

import uuid
from typing import Any

import segno
from flask import current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from registers import accounts, factors
from registers.errors import DomainError
from registers.parties import User
from web import auth
from web.context import actor, runtime
from web.i18n import language
from web.pages import blueprint
from web.pages.public import safe_target
from workflows import signin


@blueprint.get("/login/step")
def sign_in_step() -> Any:
    """The step a sign-in waits for."""
    return _step_page({})


@blueprint.post("/login/step")
def finish_sign_in() -> Any:
    """Take the step: the code, the new password, the first code of a new authenticator."""
    said = {key: request.form.get(key, "") for key in ("code", "password", "again")}
    token = request.cookies.get(auth.cookie_name()) or ""
    try:
        if auth.waits_for(token) == signin.PASSWORD and said["password"] != said["again"]:
            raise DomainError(
                "password_again", "两次输入的新密码不一致。", "The two new passwords differ.", pointer="again"
            )
        fresh, step, codes = auth.take_step(token, said)
    except DomainError as wrong:
        if wrong.status == 401:
            return redirect(url_for("pages.login", next=request.form.get("next", "")))
        return _step_page({wrong.pointer or "": wrong.message(language())}), wrong.status
    target = request.form.get("next", "")
    place = url_for("pages.sign_in_step", next=target) if step else safe_target(target)
    shown: Any = render_template("recovery.html", codes=codes, onward=place) if codes else redirect(place)
    response = current_app.make_response(shown)
    auth.set_cookie(response, fresh)
    return response


@blueprint.post("/account/factor")
@auth.signed_in
def begin_factor() -> Any:
    """A new authenticator: its picture and secret, waiting for the first code."""
    rt, person = runtime(), actor()
    assert person.id is not None
    with rt.db.transaction() as conn:
        factors.begin(conn, rt.vault, person.id, rt.time.now())
    return redirect(url_for("pages.account_factor"))


@blueprint.get("/account/factor")
@auth.signed_in
def account_factor() -> Any:
    """The authenticator that waits for its first code."""
    return _factor_page({})


@blueprint.post("/account/factor/confirm")
@auth.signed_in
def confirm_factor() -> Any:
    """Put the authenticator in force; the recovery codes are shown once."""
    rt, person = runtime(), actor()
    assert person.id is not None
    try:
        with rt.db.transaction() as conn:
            codes = factors.confirm(conn, rt.vault, person.id, request.form.get("code", ""), rt.time.now())
    except DomainError as wrong:
        return _factor_page({"code": wrong.message(language())}), wrong.status
    return render_template("recovery.html", codes=codes, onward=url_for("pages.account"))


@blueprint.post("/account/factor/remove")
@auth.signed_in
def remove_factor() -> Response:
    """Take one's authenticator out of force; a code of it is needed, and the house may not allow it."""
    auth.end_second_factor(request.form.get("code", ""))
    return redirect(url_for("pages.account"))


@blueprint.post("/account/password")
@auth.signed_in
def change_password() -> Any:
    """Another password for oneself; the present one is asked for, and other sessions end."""
    form = request.form
    if form.get("password", "") != form.get("again", ""):
        raise DomainError(
            "password_again", "两次输入的新密码不一致。", "The two new passwords differ.", pointer="again"
        )
    auth.change_password(form.get("present", ""), form.get("password", ""))
    return redirect(url_for("pages.account"))


def _step_page(errors: dict[str, str]) -> Any:
    rt, target = runtime(), request.values.get("next", "")
    token = request.cookies.get(auth.cookie_name()) or ""
    with rt.db.transaction() as conn:
        found = accounts.waiting(conn, token, rt.time.now())
        if found is None:
            return redirect(url_for("pages.login", next=target))
        user_id, step = found
        shown: dict[str, Any] = {}
        if step == signin.ENROL:
            secret = factors.waiting(conn, rt.vault, user_id) or factors.begin(conn, rt.vault, user_id, rt.time.now())
            shown = _picture(secret, _login_of(conn, user_id))
    return render_template("signinstep.html", step=step, next=target, errors=errors, policy=auth.policy(), **shown)


def _factor_page(errors: dict[str, str]) -> Any:
    person = actor()
    assert person.id is not None
    with runtime().db.transaction() as conn:
        secret = factors.waiting(conn, runtime().vault, person.id)
    if secret is None:
        return redirect(url_for("pages.account"))
    return render_template("factor.html", errors=errors, **_picture(secret, person.login))


def _picture(secret: bytes, login: str) -> dict[str, Any]:
    """The picture for the authenticator, as data within the page, and the secret for typing."""
    made = segno.make(factors.address(secret, login), error="m")
    return {"picture": made.png_data_uri(scale=5), "readable": factors.readable(secret)}


def _login_of(conn: Any, user_id: uuid.UUID) -> str:
    return str(conn.scalar(select(User.login).where(User.id == user_id)))
