"""My messages and how I want to be told."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import notify

blueprint = Blueprint("inbox", __name__, description="Messages and settings")


class InboxIn(Schema):
    unread = fields.Boolean(load_default=False)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class SettingsIn(Schema):
    email = fields.String(load_default="", validate=validate.Length(max=200))
    email_when = fields.String(load_default="never", validate=validate.OneOf(["never", "at_once", "daily"]))
    webhook_url = fields.String(load_default="", validate=validate.Length(max=500))
    webhook_secret = fields.String(load_default="", validate=validate.Length(max=200))
    muted = fields.List(fields.String(validate=validate.OneOf(sorted(notify.KINDS))), load_default=list)


@blueprint.get("/inbox")
@blueprint.arguments(InboxIn, location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """My messages, newest first, and how many are unread."""
    with reading() as conn:
        return views.plain(notify.inbox(conn, actor(), **args))


@blueprint.post("/inbox/read")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def read_all() -> Any:
    """Mark all my messages as read."""
    return run(notify.mark_read)


@blueprint.post("/inbox/<uuid:message_id>/read")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def read_one(message_id: uuid.UUID) -> Any:
    """Mark one message as read."""
    return run(notify.mark_read, message_id=message_id)


@blueprint.get("/settings")
@blueprint.response(200)
@auth.signed_in
def settings() -> Any:
    """How I want to be told."""
    with reading() as conn:
        return notify.settings(conn, actor())


@blueprint.put("/settings")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(SettingsIn)
@blueprint.response(200)
@auth.signed_in
def save(args: dict[str, Any]) -> Any:
    """Keep how I want to be told: e-mail at once or daily, webhook, kinds that stay in the inbox alone."""
    return run(notify.save_settings, **{**args, "muted": tuple(args["muted"])})


@blueprint.post("/settings/feed")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(201)
@auth.signed_in
def new_feed() -> Any:
    """A new secret address of my calendar feed; the one before is no longer good."""
    token, digest = notify.feed_secret()
    run(notify.set_feed, digest=digest)
    return {"address": f"{runtime().base_url}/feed/{token}.ics"}
