"""Rounds of site visits: open site checks by sector and area, planned in one go, with a list for the way."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers import catalogues, parties
from registers.errors import DomainError
from web import auth
from web.context import actor, reading, run
from web.i18n import language
from web.pages import blueprint
from workflows import deskwork


@blueprint.get("/site-rounds")
@auth.signed_in
def site_rounds() -> str:
    """What waits for a visit, and the rounds planned so far."""
    return _page({}, {})


@blueprint.post("/site-rounds")
@auth.signed_in
def plan_round() -> Any:
    """Plan a round."""
    form = request.form
    said = {key: form.get(key, "") for key in ("title", "on_date", "inspectors")}
    try:
        chosen = [uuid.UUID(value) for value in form.getlist("task_id")]
        made = run(
            deskwork.plan,
            title=said["title"],
            on_date=date.fromisoformat(said["on_date"]),
            inspectors=said["inspectors"],
            task_ids=chosen,
        )
    except ValueError:
        wrong = DomainError("on_date", "请填写日期。", "Give the day.", pointer="on_date")
        return _page(said, {"on_date": wrong.message(language())}), 422
    except DomainError as wrong:
        return _page(said, {wrong.pointer or "": wrong.message(language())}), wrong.status
    return redirect(url_for("pages.site_round", round_id=made["round_id"]))


@blueprint.get("/site-rounds/<uuid:round_id>")
@auth.signed_in
def site_round(round_id: uuid.UUID) -> str:
    """The list for the way: stops in order, with the form of each."""
    with reading() as conn:
        found, stops = deskwork.round_of(conn, actor(), round_id)
        words = _words(conn)
    return render_template("siteround.html", round=found, stops=stops, **words)


@blueprint.post("/site-rounds/<uuid:round_id>/drop")
@auth.signed_in
def drop_round(round_id: uuid.UUID) -> Response:
    """Give a round up."""
    run(deskwork.drop, round_id=round_id)
    return redirect(url_for("pages.site_rounds"))


def _page(said: dict[str, str], errors: dict[str, str]) -> str:
    sector, area = request.args.get("sector", ""), request.args.get("area", "")
    with reading() as conn:
        every = deskwork.waiting_visits(conn, actor())
        planned = deskwork.rounds(conn, actor())
        words = _words(conn)
    shown = [one for one in every if sector in ("", one.sector) and area in ("", one.area)]
    groups: dict[tuple[str, str], list[deskwork.Visit]] = {}
    for one in deskwork.ordered(shown):
        groups.setdefault((one.area, one.sector), []).append(one)
    return render_template(
        "siterounds.html",
        groups=groups,
        sectors=sorted({one.sector for one in every}),
        areas=sorted({one.area for one in every}),
        sector=sector,
        area=area,
        planned=planned,
        said=said,
        errors=errors,
        **words,
    )


def _words(conn: Any) -> dict[str, Any]:
    zones = {code: zh if language() == "zh" else en for code, zh, en in parties.zones(conn)}
    sectors = dict(catalogues.choices("gbt4754"))
    return {
        "sector_name": lambda code: sectors.get(code, code) or "—",
        "area_name": lambda code: zones.get(code, code) or "—",
    }
