"""Runs over scenarios and past cases as pages and API show them."""

from __future__ import annotations

from typing import Any

from web import views
from workflows import modelruns, structure
from workflows.bpmn import Node
from workflows.versionfiles import model_files


def document(run: modelruns.Run) -> dict[str, Any]:
    """A run with everything that came of it, as plain data."""
    summary = modelruns.summary(run) if run.row["kind"] != "scenarios" else {}
    shown = {key: value for key, value in run.row.items() if key != "todo"}
    result: dict[str, Any] = views.plain({**shown, "total": len(run.row["todo"]), "lines": run.lines, **summary})
    return result


def steps(contents: dict[str, bytes]) -> dict[str, Node]:
    """The elements of all models by their id."""
    source = structure.read(model_files(contents))
    return {node.id: node for process in source.processes.values() for _, node in process.walk()}


def tables(contents: dict[str, bytes]) -> list[tuple[str, str]]:
    """The decision tables: id and name."""
    found = structure.read(model_files(contents)).decisions
    return sorted((key, table.name or key) for key, table in found.items())


def coverage_markers(contents: dict[str, bytes], lines: list[dict[str, Any]]) -> dict[str, str]:
    """What to draw: flows that were passed, flows that no scenario passes, steps that were done."""
    flows, passed = modelruns.coverage(contents, lines)
    done = {key: "done" for line in lines for key in line.get("route", ()) if key not in flows}
    return {**done, **{key: "passed" if key in passed else "missed" for key in flows}}
