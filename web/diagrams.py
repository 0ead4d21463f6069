"""Diagrams of a procedure for the viewer on a page: which models there are, what is marked on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows import xmlsafe

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_PROCESS, _CALL = f"{_BPMN}process", f"{_BPMN}callActivity"
MAIN = "process.bpmn"


@dataclass(frozen=True)
class Diagram:
    """One model: its title, what the viewer gets, whether anything in it is marked or open, whether it is shown."""

    title: str
    payload: dict[str, Any]
    marked: bool
    working: bool
    open: bool


def of(files: dict[str, bytes], markers: dict[str, str]) -> list[Diagram]:
    """The models among the files: the main one first and shown at once, then those with an open step."""
    models = {name: xmlsafe.parse(content) for name, content in files.items() if name.endswith(".bpmn")}
    known = _with_calls(models, markers)
    drawn = [(name, _diagram(name, files[name], root, known)) for name, root in models.items()]
    drawn.sort(key=lambda pair: (pair[0] != MAIN, not pair[1].working, not pair[1].marked, pair[0]))
    return [diagram for _, diagram in drawn]


def _with_calls(models: dict[str, Any], markers: dict[str, str]) -> dict[str, str]:
    """The markers, and on each call activity how far the process it calls has come."""
    known = dict(markers)
    for root in models.values():
        for process in root.iter(_PROCESS):
            inside = {known[element.get("id", "")] for element in process.iter() if element.get("id", "") in known}
            if not inside:
                continue
            for caller in models.values():
                for call in caller.iter(_CALL):
                    if call.get("calledElement") == process.get("id"):
                        known.setdefault(call.get("id", ""), "open" if "open" in inside else "done")
    return known


def _diagram(name: str, content: bytes, root: Any, markers: dict[str, str]) -> Diagram:
    own = {element.get("id", "") for element in root.iter()}
    inside = {key: mark for key, mark in markers.items() if key in own}
    process = next(root.iter(_PROCESS), None)
    title = process.get("name") if process is not None else None
    return Diagram(
        title or name.removesuffix(".bpmn"),
        {"xml": content.decode(), "markers": inside},
        bool(inside),
        "open" in inside.values(),
        name == MAIN,
    )
