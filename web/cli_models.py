"""Commands on versions of procedures, so that a bureau keeps its models in git: import, export, publish, move, tell apart, foresee."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from registers.accounts import SYSTEM
from registers.errors import DomainError
from web.server import Installation
from workflows import comparing, definitions, designing, foreseeing, migrating, modelfolder, versionchecks, versionfiles
from workflows.runtime import Runtime

Running = Callable[[], AbstractContextManager[Installation]]
Put = Callable[[Any, bool, str], None]

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
_DAY = click.DateTime(["%Y-%m-%d"])


def add(cli: click.Group, running: Running, put: Put) -> None:
    """Add `models` to the command line."""

    @cli.group()
    def models() -> None:
        """Procedures: import, export, publish, move running cases, tell versions apart, foresee.

        A VERSION is a folder, a procedure (the version in force), procedure@number, or an identifier.
        """

    for make in (_files, _force, _tell):
        make(models, running, put)


def _files(models: click.Group, running: Running, put: Put) -> None:
    @models.command("import")
    @click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
    @_AS_JSON
    def models_import(folder: Path, as_json: bool) -> None:
        """Keep a procedure folder as a new draft and print the linter's findings."""
        files = versionfiles.read_folder(folder)
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                settings = json.loads(files[versionfiles.SETTINGS])
                made, version = definitions.create_draft(conn, SYSTEM, settings["id"], files, rt.time.now())
                findings = versionchecks.check(conn, files)
        text = "\n".join(f"{finding.severity}: {finding.message()}" for finding in findings)
        document = {"id": made, "version": version, "findings": [vars(finding) for finding in findings]}
        put(document, as_json, f"{made} v{version}\n{text}")

    @models.command("export")
    @click.argument("version")
    @click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
    @_AS_JSON
    def models_export(version: str, folder: Path, as_json: bool) -> None:
        """Write a version into a folder; the same version always gives the same bytes."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                files = definitions.files_of(conn, modelfolder.find(conn, version, rt.time.today()))
        removed = modelfolder.write(folder, files)
        text = f"{len(files)} files -> {folder}" + "".join(f"\nremoved {name}" for name in removed)
        put({"files": sorted(files), "removed": removed, "sha256": versionfiles.digest(files)}, as_json, text)

    @models.command("list")
    @click.argument("procedure", required=False)
    @_AS_JSON
    def models_list(procedure: str | None, as_json: bool) -> None:
        """The versions, newest first."""
        with running() as place, place.runtime().db.transaction() as conn:
            rows = definitions.of_procedure(conn, procedure) if procedure else definitions.listing(conn)
        put(rows, as_json, "\n".join(map(_line_of, rows)))


def _line_of(row: dict[str, Any]) -> str:
    """A version in one line."""
    day = row["valid_from"].isoformat() if row["valid_from"] else "-"
    return f"{row['procedure']}@{row['version']}  {row['status']:<9}  {day:<10}  {row['sha256'][:12]}  {row['id']}"


def _force(models: click.Group, running: Running, put: Put) -> None:
    @models.command("publish")
    @click.argument("version")
    @click.option("--from", "valid_from", type=_DAY, default=None)
    @click.option("--note", default="", help="What is new.")
    @_AS_JSON
    def models_publish(version: str, valid_from: Any, note: str, as_json: bool) -> None:
        """Put a draft in force, as the installer; it goes into the record of the house."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                definition_id = modelfolder.find(conn, version, rt.time.today())
            start = valid_from.date() if valid_from else rt.time.today()
            designing.publish(rt, SYSTEM, definition_id=definition_id, valid_from=start, note=note)
        put({"id": definition_id, "valid_from": start}, as_json, f"{definition_id} {start}")

    @models.command("move")
    @click.argument("version")
    @click.option("--case", "numbers", multiple=True, help="Number of a case; several times for several.")
    @click.option("--all", "everything", is_flag=True, help="All running cases of other versions that fit.")
    @click.option("--map", "mapped", multiple=True, help="OLD=NEW for a step that changed its identifier.")
    @click.option("--reason", default="", help="Goes into the record of each case.")
    @_AS_JSON
    def models_move(
        version: str, numbers: tuple[str, ...], everything: bool, mapped: tuple[str, ...], reason: str, as_json: bool
    ) -> None:
        """Move running cases to a version; without --case or --all only check them. Exit status 1 when one cannot be moved."""
        mapping = dict(pair.split("=", 1) for pair in mapped if "=" in pair)
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                definition_id = modelfolder.find(conn, version, rt.time.today())
                found = migrating.candidates(rt, conn, definition_id, mapping)
            unknown = set(numbers) - {item.number for item in found}
            if unknown:
                raise click.UsageError(f"no running case of another version: {', '.join(sorted(unknown))}")
            chosen = [item for item in found if everything or not numbers or item.number in numbers]
            lines = [_moved(rt, item, definition_id, mapping, reason, bool(numbers or everything)) for item in chosen]
        text = "\n".join(
            f"{line['state']:<7} {line['number']}" + "".join(f"\n        {why}" for why in line["why"])
            for line in lines
        )
        put({"cases": lines}, as_json, text)
        if any(line["state"] == "stays" for line in lines):
            raise click.exceptions.Exit(1)


def _moved(
    rt: Runtime, item: migrating.Candidate, definition_id: uuid.UUID, mapping: dict[str, str], reason: str, go: bool
) -> dict[str, Any]:
    """Move a case, or say why it stays; when only checking, say that it fits."""
    why = [f"{obstacle.zh} {obstacle.en}" for obstacle in item.obstacles]
    if not why and go:
        try:
            migrating.migrate(
                rt, SYSTEM, case_id=item.case_id, definition_id=definition_id, mapping=mapping, reason=reason
            )
        except DomainError as refused:
            why = [f"{refused.zh} {refused.en}"]
    state = "stays" if why else "moved" if go else "fits"
    return {"number": item.number, "case_id": item.case_id, "version": item.version, "state": state, "why": why}


def _tell(models: click.Group, running: Running, put: Put) -> None:
    @models.command("diff")
    @click.argument("old")
    @click.argument("new")
    @click.option("--exit-code", is_flag=True, help="Exit status 1 when they differ.")
    @_AS_JSON
    def models_diff(old: str, new: str, exit_code: bool, as_json: bool) -> None:
        """What NEW means otherwise than OLD: steps, flows, rules, fields, settings; moved shapes are no difference."""
        found = comparing.compare(*_read(running, old, new))
        document = {"differences": [comparing.document(item) for item in found]}
        put(document, as_json, "\n".join(modelfolder.told(found)))
        if exit_code and found:
            raise click.exceptions.Exit(1)

    @models.command("replay")
    @click.argument("version")
    @click.option("--since", type=_DAY, required=True, help="Cases opened from this day.")
    @click.option("--until", type=_DAY, default=None, help="To this day (today).")
    @click.option("--limit", type=click.IntRange(1, foreseeing.MOST_CASES), default=50, show_default=True)
    @click.option("--decision", default="", help="Exchange only this decision table.")
    @_AS_JSON
    def models_replay(version: str, since: Any, until: Any, limit: int, decision: str, as_json: bool) -> None:
        """Walk past cases again by a version and list what would have been otherwise; nothing is changed."""
        (contents,) = _read(running, version)
        procedure = json.loads(contents[versionfiles.SETTINGS])["id"]
        with running() as place:
            rt = place.runtime()
            last = until.date() if until else rt.time.today()
            with rt.db.transaction() as conn:
                ids = foreseeing.past_cases(conn, procedure, since.date(), last, limit, decision)
            found = [foreseeing.foresee(rt, case_id, contents, decision) for case_id in ids]
        otherwise = sum(not item.same for item in found)
        lines = [_line(item) for item in found] + [f"{len(found)} cases, {otherwise} otherwise"]
        put({"cases": [foreseeing.document(item) for item in found], "otherwise": otherwise}, as_json, "\n".join(lines))


def _line(item: foreseeing.Foreseen) -> str:
    mark = "same" if item.same else "DIFF"
    kept = "" if item.faithful else "  (walked again it differs from the record)"
    return f"{mark}  {item.number}{kept}" + "".join(
        f"\n      {one.what} {one.name}: {one.before or '—'} → {one.after or '—'}" for one in item.differences
    )


def _read(running: Running, *pointed: str) -> list[dict[str, bytes]]:
    """The files of versions; an installation is asked only when one of them is no folder."""
    if all(modelfolder.is_folder(one) for one in pointed):
        return [versionfiles.read_folder(Path(one)) for one in pointed]
    with running() as place:
        rt = place.runtime()
        with rt.db.transaction() as conn:
            return [_of(conn, rt, one) for one in pointed]


def _of(conn: Connection, rt: Runtime, pointed: str) -> dict[str, bytes]:
    if modelfolder.is_folder(pointed):
        return versionfiles.read_folder(Path(pointed))
    return definitions.files_of(conn, modelfolder.find(conn, pointed, rt.time.today()))
