"""Diagrams of a procedure for the viewer on a page: which models there are, what is marked on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows import xmlsafe

_PROCESS = "{http://www.omg.org/spec/BPMN/20100524/MODEL}process"
MAIN = "process.bpmn"


@dataclass(frozen=True)
class Diagram:
    """One model: its title, what the viewer gets, whether anything in it is marked, whether it is shown at once."""

    title: str
    payload: dict[str, Any]
    marked: bool
    open: bool


def of(files: dict[str, bytes], markers: dict[str, str]) -> list[Diagram]:
    """The models among the files, the main one first; those with an open step are shown at once."""
    names = sorted((name for name in files if name.endswith(".bpmn")), key=lambda name: (name != MAIN, name))
    return [_diagram(name, files[name], markers) for name in names]


def _diagram(name: str, content: bytes, markers: dict[str, str]) -> Diagram:
    root = xmlsafe.parse(content)
    own = {element.get("id", "") for element in root.iter()}
    inside = {key: mark for key, mark in markers.items() if key in own}
    process = next(root.iter(_PROCESS), None)
    title = process.get("name") if process is not None else None
    working = "open" in inside.values()
    return Diagram(
        title or name.removesuffix(".bpmn"),
        {"xml": content.decode(), "markers": inside},
        bool(inside),
        name == MAIN or working,
    )
