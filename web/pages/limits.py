"""The limit table: versions in force, proposals of new ones, approval by a second administrator."""

from __future__ import annotations

import re
import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers import limits as register
from registers import parties
from registers.errors import DomainError
from web import auth, formvalues
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import by_field
from workflows import access, limitwork

_EDITOR = re.compile(r"/definitions/[0-9a-f-]{36}/edit\?file=[\w.%-]{1,100}&step=[\w.%-]{1,200}")


@blueprint.get("/limits")
@auth.signed_in
def limits() -> str:
    """All limits with citation, statutory and promised."""
    limitwork.require_administrator(actor())
    return _page({})


@blueprint.post("/limits")
@auth.signed_in
def propose_limit() -> Any:
    """Propose a dated version."""
    form = request.form
    try:
        run(
            limitwork.propose,
            code=form["code"],
            valid_from=formvalues.day("valid_from"),
            note=form.get("note", ""),
            limit=form.get("limit", None, int),
            unit=form.get("unit") or None,
            promised=form.get("promised", None, int),
            basis=form.get("basis", ""),
            body_code=form.get("body_code") or None,
            modelled_on=form.get("modelled_on") or None,
            title={"zh": form.get("title_zh", ""), "en": form.get("title_en", "")},
        )
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.limits", proposed=form["code"], back=_back(form.get("back", ""))))


@blueprint.post("/limits/<uuid:proposal_id>")
@auth.signed_in
def decide_limit(proposal_id: uuid.UUID) -> Any:
    """Approve or reject a proposal."""
    form = request.form
    try:
        run(
            limitwork.decide,
            proposal_id=proposal_id,
            approve=form.get("decision") == "approve",
            note=form.get("note", ""),
        )
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.limits"))


def _back(asked: str) -> str | None:
    """The editor somebody came from; only pages of the workbench are gone back to."""
    return asked if _EDITOR.fullmatch(asked) else None


def _page(errors: dict[str, str]) -> str:
    limitwork.require_administrator(actor())
    with reading() as conn:
        rows = limitwork.table(conn, runtime().time.today())
        proposed = limitwork.proposals(conn)
        units = parties.bodies(conn)
    return render_template(
        "limits.html",
        rows=sorted(rows, key=lambda row: row["rule"].code != request.args.get("code")),
        proposals=proposed,
        bodies=units,
        units=register.UNITS,
        errors=errors,
        given=request.form or request.args,
        back=_back(request.values.get("back", "")),
        proposed=request.args.get("proposed"),
        asked=request.args.get("code"),
        new=bool(request.values.get("new") or request.form.get("modelled_on")),
        may_propose=access.administers(actor(), "registers.import"),
        may_add=limitwork.may_add(actor()),
        effect_text=register.effect_text,
    )
