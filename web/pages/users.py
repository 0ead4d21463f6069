"""Accounts and roles, for the security administrator."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import render_template, request, url_for

from registers import accounts, factors, parties
from registers.errors import DomainError
from web import auth, formvalues, words
from web.context import actor, reading, run, runtime
from web.i18n import in_language
from web.pages import blueprint
from web.refusals import carry_out
from workflows import access, administration, people, standins


@blueprint.get("/users")
@auth.signed_in
def users() -> str:
    """All accounts."""
    access.require(actor(), "users.manage")
    return _accounts({})


@blueprint.post("/users")
@auth.signed_in
def add_user() -> Any:
    """Enter an account."""
    form = request.form
    return carry_out(
        lambda: run(
            administration.create_user,
            login=form.get("login", ""),
            name=form.get("name", ""),
            password=form.get("password", ""),
            role=form.get("role", ""),
            body_id=formvalues.identifier("body_id"),
            enterprise_id=formvalues.identifier("enterprise_id"),
        ),
        url_for("pages.users"),
        _accounts,
    )


@blueprint.get("/users/<uuid:user_id>")
@auth.signed_in
def user(user_id: uuid.UUID) -> str:
    """One account."""
    access.require(actor(), "users.manage")
    return _account(user_id, {})


@blueprint.post("/users/<uuid:user_id>")
@auth.signed_in
def change_user(user_id: uuid.UUID) -> Any:
    """Change the name of an account."""
    name = request.form.get("name", "").strip()
    return _on_account(user_id, lambda: run(administration.change_user, user_id=user_id, name=name))


@blueprint.post("/users/<uuid:user_id>/factor/drop")
@auth.signed_in
def drop_user_factor(user_id: uuid.UUID) -> Any:
    """Take a lost authenticator out of force."""
    return _on_account(user_id, lambda: run(administration.drop_factor, user_id=user_id))


@blueprint.post("/users/<uuid:user_id>/state")
@auth.signed_in
def open_or_close_user(user_id: uuid.UUID) -> Any:
    """Close an account or open it again."""
    active = request.form.get("active") == "yes"
    return _on_account(user_id, lambda: run(administration.change_user, user_id=user_id, active=active))


@blueprint.post("/users/<uuid:user_id>/password")
@auth.signed_in
def reset_password(user_id: uuid.UUID) -> Any:
    """Give an account a new password."""
    password = request.form.get("password", "")
    return _on_account(user_id, lambda: run(administration.reset_password, user_id=user_id, password=password))


@blueprint.post("/users/<uuid:user_id>/roles")
@auth.signed_in
def give_role(user_id: uuid.UUID) -> Any:
    """Give one more role."""
    role, body_id = request.form.get("role", ""), formvalues.identifier("body_id")
    return _on_account(user_id, lambda: run(administration.give_role, user_id=user_id, role=role, body_id=body_id))


@blueprint.post("/users/<uuid:user_id>/roles/<uuid:role_id>")
@auth.signed_in
def take_role(user_id: uuid.UUID, role_id: uuid.UUID) -> Any:
    """Take a role away."""
    return _on_account(user_id, lambda: run(administration.take_role, user_id=user_id, role_id=role_id))


def body_choices(listed: list[parties.BodyRef]) -> list[tuple[uuid.UUID, str]]:
    """Bodies for a list to choose from."""
    return [(body.id, in_language((body.name_zh, body.name_en))) for body in listed]


@blueprint.post("/users/<uuid:user_id>/stand-ins")
@auth.signed_in
def appoint_stand_in(user_id: uuid.UUID) -> Any:
    """Let a colleague stand in for somebody who is absent."""

    def appoint() -> Any:
        to_user_id = formvalues.identifier("to_user_id")
        if to_user_id is None:
            raise DomainError("to_user", "请选择一位同事。", "Choose a colleague.", pointer="to_user_id")
        period = {name: formvalues.day(name) for name in ("valid_from", "valid_to")}
        reason = request.form.get("reason", "")
        return run(standins.appoint, user_id=user_id, to_user_id=to_user_id, reason=reason, **period)

    return _on_account(user_id, appoint)


@blueprint.post("/users/<uuid:user_id>/stand-ins/<uuid:delegation_id>")
@auth.signed_in
def end_stand_in(user_id: uuid.UUID, delegation_id: uuid.UUID) -> Any:
    """End a stand-in early."""
    return _on_account(user_id, lambda: run(standins.end, user_id=user_id, delegation_id=delegation_id))


def _on_account(user_id: uuid.UUID, action: Callable[[], Any]) -> Any:
    return carry_out(action, url_for("pages.user", user_id=user_id), lambda errors: _account(user_id, errors))


def _accounts(errors: dict[str, str]) -> str:
    with reading() as conn:
        accounts, units, firms = people.accounts(conn), parties.bodies(conn), people.enterprises(conn)
    return render_template(
        "users.html",
        people=accounts,
        bodies=body_choices(units),
        enterprises=[(firm["id"], firm["name"]) for firm in firms],
        errors=errors,
        given=request.form if errors else {},
        roles=[(role, words.role_name(role)) for role in parties.ROLES],
    )


def _account(user_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        person, units = people.account(conn, user_id), parties.bodies(conn)
        has_factor = factors.required(conn, user_id)
        lent = standins.of_user(conn, user_id, runtime().time.today())
        whose = accounts.actor_by_id(conn, user_id, runtime().time.today()) if person["active"] else None
        colleagues = people.colleagues(conn, whose) if whose else []
    offered = parties.ENTERPRISE_ROLES if person["enterprise_id"] else parties.BODY_ROLES
    return render_template(
        "user.html",
        person=person,
        has_factor=has_factor,
        lent=lent,
        colleagues=[(one["id"], one["name"]) for one in colleagues],
        bodies=body_choices(units),
        roles=[(role, words.role_name(role)) for role in offered],
        errors=errors,
        given=request.form if errors else {},
    )
