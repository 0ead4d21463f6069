"""House rules: what an installation decides for itself, shown with bounds and source, changed by an administrator."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from registers import house
from registers.errors import DomainError
from web import auth
from web.context import actor, reading, run
from web.i18n import language
from web.pages import blueprint
from workflows import access, houserules, limitwork


@blueprint.get("/house-rules")
@auth.signed_in
def house_rules() -> str:
    """All house rules."""
    return _page("")


@blueprint.post("/house-rules")
@auth.signed_in
def choose_house_rule() -> Any:
    """Choose another value."""
    form = request.form
    try:
        value = form.get("value", None, int)
        if value is None:
            raise DomainError("value", "请填写整数。", "Give a whole number.", pointer="value")
        run(houserules.choose, key=form.get("key", ""), value=value, source=form.get("source", ""))
    except DomainError as error:
        return _page(error.message(language())), error.status
    return redirect(url_for("pages.security_settings" if form.get("back") == "security" else "pages.house_rules"))


def _page(error: str) -> str:
    limitwork.require_administrator(actor())
    with reading() as conn:
        rules, changes = house.rules(conn), house.history(conn)
    titles = {rule.key: (rule.zh, rule.en) for rule in rules}
    return render_template(
        "house_rules.html",
        rules=rules,
        changes=changes,
        titles=titles,
        error=error,
        may_choose=access.administers(actor(), "registers.import"),
    )
