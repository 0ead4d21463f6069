"""Signing in and out, tokens, and who I am."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registers import accounts, factors
from registers.errors import DomainError
from web import auth
from web.api import schemas
from web.context import actor, reading, runtime
from workflows import signin

blueprint = Blueprint("session", __name__, description="Session and tokens")


@blueprint.post("/session")
@blueprint.arguments(schemas.LoginIn())
@blueprint.response(201, schemas.SessionOut)
def open_session(args: dict[str, Any]) -> dict[str, Any]:
    """Sign in; the token goes into `Authorization: Bearer`."""
    token = auth.sign_in(args["login"], args["password"])
    if token is None:
        raise DomainError("login_failed", "登录名或密码不正确。", "Wrong login name or password.", status=401)
    step = auth.waits_for(token)
    if step == signin.CODE and args["code"]:
        token, step, _ = auth.take_step(token, {"code": args["code"]})
    if step:
        raise DomainError(
            f"sign_in_{step}",
            "登录还需要一步：动态口令请随请求提交code；更换密码、启用动态口令请在登录页完成。",
            "Another step is needed: send the one-time code as `code`; a new password or a second factor is set up on the page.",
            status=401,
        )
    rt = runtime()
    with rt.db.transaction() as conn:
        person = accounts.actor_by_session(conn, token, rt.time.now(), rt.time.today(), auth.policy())
    assert person is not None
    return {"token": token, "user": describe(person)}


@blueprint.delete("/session")
@blueprint.response(204)
@auth.signed_in
def close_session() -> None:
    """Sign out."""
    auth.sign_out()


@blueprint.get("/session")
@blueprint.response(200)
@auth.signed_in
def who_am_i() -> dict[str, Any]:
    """The person behind the token, with roles."""
    return describe(actor())


@blueprint.post("/tokens")
@blueprint.arguments(schemas.TokenIn())
@blueprint.response(201)
@auth.signed_in
def create_token(args: dict[str, Any]) -> dict[str, Any]:
    """Make an API token for oneself; it is shown only here."""
    user_id = actor().id
    assert user_id is not None
    with reading() as conn:
        return {"token": accounts.create_token(conn, user_id, args["name"], runtime().time.now(), args["days"])}


@blueprint.put("/account/password")
@blueprint.arguments(schemas.OwnPasswordIn())
@blueprint.response(204)
@auth.signed_in
def change_password(args: dict[str, Any]) -> None:
    """Another password for oneself; other sessions end."""
    auth.change_password(args["present"], args["password"])


@blueprint.post("/account/second-factor")
@blueprint.response(201)
@auth.signed_in
def begin_second_factor() -> dict[str, Any]:
    """A new authenticator: its secret and address (otpauth), waiting for the first code."""
    rt, person = runtime(), actor()
    assert person.id is not None
    with rt.db.transaction() as conn:
        secret = factors.begin(conn, rt.vault, person.id, rt.time.now())
    return {"secret": factors.readable(secret), "address": factors.address(secret, person.login)}


@blueprint.post("/account/second-factor/confirmation")
@blueprint.arguments(schemas.CodeIn())
@blueprint.response(200)
@auth.signed_in
def confirm_second_factor(args: dict[str, Any]) -> dict[str, Any]:
    """Put the authenticator in force with its first code; the recovery codes are shown only here."""
    rt, person = runtime(), actor()
    assert person.id is not None
    with rt.db.transaction() as conn:
        return {"recovery_codes": factors.confirm(conn, rt.vault, person.id, args["code"], rt.time.now())}


@blueprint.post("/account/second-factor/removal")
@blueprint.arguments(schemas.CodeIn())
@blueprint.response(204)
@auth.signed_in
def remove_second_factor(args: dict[str, Any]) -> None:
    """Take one's authenticator out of force; a code of it is needed."""
    auth.end_second_factor(args["code"])


def describe(person: accounts.Actor) -> dict[str, Any]:
    """A person as the API shows it."""
    return {
        "id": str(person.id),
        "login": person.login,
        "name": person.name,
        "enterprise_id": str(person.enterprise_id) if person.enterprise_id else None,
        "roles": [
            {"role": role, "body_id": str(body) if body else None} for role, body in sorted(person.roles, key=str)
        ],
    }
