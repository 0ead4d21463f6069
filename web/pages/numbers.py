"""Official numbers of the bodies: how they are written, and after which number a body goes on."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from registers.errors import DomainError
from web import auth
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import carry_out
from workflows import access, numberwork


@blueprint.get("/numbers")
@auth.signed_in
def numbers() -> str:
    """How each body numbers its letters and cases this year."""
    return _page("", {})


@blueprint.post("/numbers/pattern")
@auth.signed_in
def number_pattern() -> Any:
    """Set a pattern."""
    return _carry_out("pattern", lambda: run(numberwork.write_as, **_facts(), **_given("template", "from_year")))


@blueprint.post("/numbers/last")
@auth.signed_in
def number_last() -> Any:
    """Go on after a number."""
    return _carry_out("last", lambda: run(numberwork.go_on_after, **_facts(), **_given("note", "year", "last")))


def _carry_out(where: str, action: Any) -> Any:
    target = url_for("pages.numbers", body=request.form.get("body_code", ""))
    return carry_out(action, target, lambda errors: _page(where, errors))


def _facts() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("body_code", "kind")}


def _given(text: str, *whole: str) -> dict[str, Any]:
    """A text and whole numbers of the form."""
    found: dict[str, Any] = {text: request.form.get(text, "")}
    for name in whole:
        value = request.form.get(name, "").strip()
        if not (value.isdecimal() and len(value) < 10):
            raise DomainError(name, "请填写整数。", "Give a whole number.", pointer=name)
        found[name] = int(value)
    return found


def _page(where: str, errors: dict[str, str]) -> str:
    access.require(actor(), "registers.import")
    year = numberwork.year_asked(request.args.get("year", None, int), runtime().time.today())
    asked = request.values.get("body", "") or request.form.get("body_code", "")
    with reading() as conn:
        rows = numberwork.overview(conn, year)
    bodies = {row["body_code"]: row["body"] for row in rows}
    shown = (
        asked if asked in bodies else next((row["body_code"] for row in rows if row["last"]), next(iter(bodies), ""))
    )
    return render_template(
        "numbers.html",
        rows=[row for row in rows if row["body_code"] == shown],
        bodies=bodies,
        shown=shown,
        year=year,
        this_year=runtime().time.today().year,
        where=where,
        errors=errors,
        given=request.form if errors else {},
    )
