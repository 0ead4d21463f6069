"""The milestones of a case: baseline, plan and what happened; planning them, and pushing one after a look at what moves."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError
from registers.limits import codes
from web import auth, formvalues, milestoneviews
from web.context import actor, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from workflows import access, milestonedates, milestoning


@blueprint.get("/cases/<uuid:case_id>/milestones")
@auth.signed_in
def case_milestones(case_id: uuid.UUID) -> str:
    """All milestones with the log of revisions."""
    return _page(case_id)


@blueprint.post("/cases/<uuid:case_id>/milestones/plan")
@auth.signed_in
def plan_milestone(case_id: uuid.UUID) -> Any:
    """Plan one milestone: the model's or one of one's own."""
    form = request.form
    try:
        item = {
            "key": form.get("key") or f"own-{uuid.uuid4().hex[:8]}",
            "title": form.get("title", "").strip() or None,
            "on": formvalues.optional_day("on"),
            "after": form.get("after") or None,
            "offset": form.get("offset", None, int),
            "unit": form.get("unit", "workday"),
            "rule": form.get("rule") or None,
        }
        run(milestoning.plan, owner_kind="case", owner_id=case_id, items=[item])
    except DomainError as error:
        return _page(case_id, error=error.message(language())), error.status
    return redirect(url_for("pages.case_milestones", case_id=case_id))


@blueprint.post("/cases/<uuid:case_id>/milestones/push")
@auth.signed_in
def push_milestone(case_id: uuid.UUID) -> Any:
    """Show first what would move; push when that was seen and confirmed."""
    form = request.form
    try:
        key, on = form.get("key", ""), formvalues.day("on")
        if form.get("confirmed") != "1":
            with reading() as conn:
                milestoning.see(conn, actor(), "case", case_id)
                moved = milestoning.preview(conn, runtime(), "case", case_id, key, on)
            return _page(case_id, moved=moved)
        run(milestoning.push, owner_kind="case", owner_id=case_id, key=key, on=on, reason=form.get("reason", ""))
    except DomainError as error:
        return _page(case_id, error=error.message(language())), error.status
    return redirect(url_for("pages.case_milestones", case_id=case_id))


def _page(case_id: uuid.UUID, *, error: str = "", moved: list[milestonedates.Shift] | None = None) -> str:
    with reading() as conn:
        row = access.visible_case(conn, actor(), case_id)
        shown = milestoneviews.document(conn, runtime(), actor(), "case", case_id)
        reference = runtime().reference.get(conn)
        rules = [
            rule
            for rule in (_rule(conn, reference, code) for code in sorted(codes(conn)))
            if rule is not None and not rule.backward and rule.limit
        ]
    return render_template(
        "milestones.html", case=row, **shown, error=error, moved=moved, given=request.form, rules=rules
    )


def _rule(conn: Any, reference: Any, code: str) -> Any:
    try:
        return reference.rule(conn, code, runtime().time.today())
    except DomainError:
        return None
