"""Incidents, and the security administrator's registers: bodies, enterprises, accounts."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from registers import parties
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from web.pages.system import checks, packages, version
from workflows import access, administration, housebook, people, standins

blueprint = Blueprint("admin", __name__, description="Administration")


@blueprint.get("/system")
@blueprint.response(200)
@auth.signed_in
def system() -> Any:
    """How the house is doing: everything that is looked at, worst first."""
    return views.plain({"version": version(), "checks": [vars(check) for check in checks()]})


@blueprint.get("/licences")
@blueprint.response(200)
@auth.signed_in
def licences() -> Any:
    """The packages this program is made with, and their licences."""
    return packages()


@blueprint.post("/security/profile")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.ProfileIn())
@blueprint.response(200)
@auth.signed_in
def choose_profile(args: dict[str, Any]) -> Any:
    """Set all security settings as a profile says."""
    return run(administration.choose_profile, **args)


@blueprint.delete("/users/<uuid:user_id>/factor")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def drop_factor(user_id: uuid.UUID) -> Any:
    """Take a lost authenticator out of force."""
    return run(administration.drop_factor, user_id=user_id)


@blueprint.get("/bodies")
@blueprint.response(200)
@auth.signed_in
def bodies() -> Any:
    """The bodies of the administration."""
    with reading() as conn:
        return views.plain([vars(body) for body in parties.bodies(conn)])


@blueprint.post("/bodies")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.BodyIn())
@blueprint.response(201)
@auth.signed_in
def add_body(args: dict[str, Any]) -> Any:
    """Enter a body with the matters it decides from today on."""
    return run(administration.create_body, **args)


@blueprint.patch("/bodies/<uuid:body_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.BodyChangeIn())
@blueprint.response(200)
@auth.signed_in
def change_body(args: dict[str, Any], body_id: uuid.UUID) -> Any:
    """Change names, contacts, court, parent or activity of a body."""
    return run(administration.change_body, body_id=body_id, **args)


@blueprint.get("/zones")
@blueprint.response(200)
@auth.signed_in
def zones() -> Any:
    """The functional zones."""
    with reading() as conn:
        return [{"code": code, "name_zh": zh, "name_en": en} for code, zh, en in parties.zones(conn)]


@blueprint.post("/zones")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.ZoneIn())
@blueprint.response(201)
@auth.signed_in
def add_zone(args: dict[str, Any]) -> Any:
    """Enter a functional zone under a body."""
    return run(administration.create_zone, **args)


@blueprint.get("/powers")
@blueprint.response(200)
@auth.signed_in
def powers() -> Any:
    """Which body decides what, where, from when to when."""
    with reading() as conn:
        return views.plain(people.powers(conn))


@blueprint.post("/powers")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.PowerIn())
@blueprint.response(201)
@auth.signed_in
def grant_power(args: dict[str, Any]) -> Any:
    """Enter that a body decides a kind of matter from a date on."""
    return run(administration.grant_power, **args)


@blueprint.post("/powers/<uuid:power_id>/end")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.PowerEndIn())
@blueprint.response(200)
@auth.signed_in
def end_power(args: dict[str, Any], power_id: uuid.UUID) -> Any:
    """Enter the last day of a power."""
    return run(administration.end_power, power_id=power_id, **args)


@blueprint.get("/enterprises")
@blueprint.response(200)
@auth.signed_in
def enterprises() -> Any:
    """The enterprises of the register."""
    access.require(actor(), "users.manage")
    with reading() as conn:
        return views.plain(people.enterprises(conn))


@blueprint.post("/enterprises")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.EnterpriseIn())
@blueprint.response(201)
@auth.signed_in
def add_enterprise(args: dict[str, Any]) -> Any:
    """Enter an enterprise; its credit code is checked."""
    return run(administration.create_enterprise, **args)


@blueprint.patch("/enterprises/<uuid:enterprise_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.EnterpriseFacts())
@blueprint.response(200)
@auth.signed_in
def change_enterprise(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """Change the facts of an enterprise; the credit code stays."""
    return run(administration.change_enterprise, enterprise_id=enterprise_id, **args)


@blueprint.get("/users")
@blueprint.response(200)
@auth.signed_in
def users() -> Any:
    """All accounts with unit and roles."""
    access.require(actor(), "users.manage")
    with reading() as conn:
        return views.plain(people.accounts(conn))


@blueprint.post("/users")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.UserIn())
@blueprint.response(201)
@auth.signed_in
def add_user(args: dict[str, Any]) -> Any:
    """Enter an account with one role, for a body or an enterprise."""
    return run(administration.create_user, **args)


@blueprint.patch("/users/<uuid:user_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.UserChangeIn())
@blueprint.response(200)
@auth.signed_in
def change_user(args: dict[str, Any], user_id: uuid.UUID) -> Any:
    """Change the name of an account, close it or open it again."""
    return run(administration.change_user, user_id=user_id, **args)


@blueprint.post("/users/<uuid:user_id>/password")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.PasswordIn())
@blueprint.response(200)
@auth.signed_in
def reset_password(args: dict[str, Any], user_id: uuid.UUID) -> Any:
    """Give an account a new password; its sessions and tokens end."""
    return run(administration.reset_password, user_id=user_id, **args)


@blueprint.post("/users/<uuid:user_id>/roles")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.RoleIn())
@blueprint.response(201)
@auth.signed_in
def give_role(args: dict[str, Any], user_id: uuid.UUID) -> Any:
    """Give a person one more role."""
    return run(administration.give_role, user_id=user_id, **args)


@blueprint.delete("/users/<uuid:user_id>/roles/<uuid:role_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def take_role(user_id: uuid.UUID, role_id: uuid.UUID) -> Any:
    """Take a role away."""
    return run(administration.take_role, user_id=user_id, role_id=role_id)


@blueprint.get("/users/<uuid:user_id>/stand-ins")
@blueprint.response(200)
@auth.signed_in
def stand_ins(user_id: uuid.UUID) -> Any:
    """Who stands in for a person, now or later."""
    access.require(actor(), "users.manage")
    with reading() as conn:
        return views.plain(standins.of_user(conn, user_id, runtime().time.today()))


@blueprint.post("/users/<uuid:user_id>/stand-ins")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.DelegationIn())
@blueprint.response(201)
@auth.signed_in
def appoint_stand_in(args: dict[str, Any], user_id: uuid.UUID) -> Any:
    """Let a colleague stand in for somebody who is absent."""
    return run(standins.appoint, user_id=user_id, **args)


@blueprint.delete("/users/<uuid:user_id>/stand-ins/<uuid:delegation_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def end_stand_in(user_id: uuid.UUID, delegation_id: uuid.UUID) -> Any:
    """End a stand-in early."""
    return run(standins.end, user_id=user_id, delegation_id=delegation_id)


@blueprint.get("/record")
@blueprint.arguments(schemas.PageIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def record(args: dict[str, Any]) -> Any:
    """The record of the house: changes of bodies, powers, accounts and versions, newest first."""
    access.require(actor(), "audit.see")
    with reading() as conn:
        total, lines = housebook.lines(conn, args["offset"], args["limit"])
    return {"total": total, "lines": views.plain(lines)}
