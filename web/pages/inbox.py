"""The inbox of a person, how the person wants to be told, and the calendar feed."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from flask import Response, redirect, render_template, request, url_for

from registers import accounts
from registers.errors import DomainError, NotFound
from web import auth, words
from web.context import actor, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from web.pages.work import offset_asked, page_url
from workflows import feed, notify

PAGE = 30


@blueprint.app_context_processor
def _unread() -> dict[str, Any]:
    """`unread()` is the number beside the link to the inbox."""
    return {
        "unread": _unread_count,
        "message_kind": lambda kind: words.in_language(notify.KINDS.get(kind, (kind, kind))),
    }


def _unread_count() -> int:
    if actor().id is None:
        return 0
    with reading() as conn:
        return notify.unread_count(conn, actor())


@blueprint.get("/inbox")
@auth.signed_in
def inbox() -> str:
    """Messages, newest first."""
    return _page({})


@blueprint.post("/inbox/read")
@auth.signed_in
def read_messages() -> Any:
    """Mark one message, or all, as read; then go where it points."""
    given = request.form.get("message_id")
    run(notify.mark_read, message_id=uuid.UUID(given) if given else None)
    target = request.form.get("link", "")
    return redirect(
        target if target.startswith("/") and not target.startswith(("//", "/\\")) else url_for("pages.inbox")
    )


@blueprint.post("/inbox/settings")
@auth.signed_in
def save_settings() -> Any:
    """Keep how the person wants to be told; a new webhook without a secret is given one, shown once."""
    form = request.form
    url, secret = form.get("webhook_url", "").strip(), form.get("webhook_secret", "").strip()
    with reading() as conn:
        has_secret = notify.settings(conn, actor())["has_webhook_secret"]
    made = secrets.token_urlsafe(32) if url and not secret and not has_secret else ""
    try:
        run(
            notify.save_settings,
            email=form.get("email", "").strip(),
            email_when=form.get("email_when", "never"),
            webhook_url=url,
            webhook_secret=secret or made,
            muted=tuple(form.getlist("muted")),
        )
    except DomainError as error:
        return _page({error.pointer or "": error.message(language())}), error.status
    return _page({}, new_secret=made)


@blueprint.post("/inbox/feed")
@auth.signed_in
def new_feed() -> Any:
    """A new secret address for the calendar feed, shown once."""
    token, digest = notify.feed_secret()
    run(notify.set_feed, digest=digest)
    return _page({}, feed_address=f"{runtime().base_url}/feed/{token}.ics")


@blueprint.get("/feed/<code>.ics")
def calendar_feed(code: str) -> Response:
    """A person's own dates, by secret address."""
    rt = runtime()
    with rt.db.transaction() as conn:
        owner = notify.feed_owner(conn, code)
        person = accounts.actor_by_id(conn, owner, rt.time.today()) if owner else None
    if person is None:
        raise NotFound("没有这个日历地址，或已更换。", "There is no such calendar, or its address was changed.")
    with rt.db.transaction(person.scope) as conn:
        found = feed.entries(conn, person)
    return Response(feed.icalendar(found, rt.base_url, rt.time.now()), content_type="text/calendar; charset=utf-8")


def _page(errors: dict[str, str], **more: Any) -> str:
    unread_only, offset = request.args.get("unread") == "1", offset_asked()
    with reading() as conn:
        page = notify.inbox(conn, actor(), unread=unread_only, limit=PAGE, offset=offset)
        chosen = notify.settings(conn, actor())
    total = page["unread"] if unread_only else page["total"]
    return render_template(
        "inbox.html",
        page=page,
        total=total,
        unread_only=unread_only,
        chosen=chosen,
        kinds=notify.KINDS,
        errors=errors,
        offset=offset,
        limit=PAGE,
        page_url=page_url,
        **more,
    )
