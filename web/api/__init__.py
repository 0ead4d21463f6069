"""The JSON API under /api/v1, described by /api/openapi.json; everything a page can do, it can do."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api

from web.api import (
    admin,
    authoring,
    boards,
    calendar,
    cases,
    clocks,
    definitions,
    desk,
    duties,
    files,
    house,
    inbox,
    incidents,
    limits,
    milestones,
    modelruns,
    notices,
    objections,
    parks,
    permits,
    pilots,
    publishing,
    quota,
    reductions,
    scoring,
    session,
    signatures,
    tasks,
    totals,
    trials,
    waste,
)


class OneWindowApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error answers: ours are problem+json for all errors alike."""

    def _register_error_handlers(self) -> None:
        return


def install(app: Flask) -> None:
    """Register the blueprints and the description of the API."""
    app.config.update(
        API_TITLE="OneWindow",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "One-window environmental permitting: cases, tasks, letters, registers."},
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
            "security": [{"bearer": []}],
        },
    )
    made = OneWindowApi(app)
    about_cases = (cases, clocks, milestones, tasks, signatures, desk, files, notices, objections)
    about_models = (authoring, definitions, trials, modelruns, publishing)
    about_registers = (pilots, scoring, parks, boards, permits, reductions, totals, waste, quota)
    for module in (
        session,
        *about_models,
        *about_cases,
        calendar,
        inbox,
        limits,
        house,
        duties,
        *about_registers,
        incidents,
        admin,
    ):
        made.register_blueprint(module.blueprint, url_prefix="/api/v1")
