"""The house: who may know whom. web -> workflows -> handlers -> registers; forms beside; nothing points back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = {
    "registers": set(),
    "handlers": {"registers"},
    "forms": {"registers"},
    "workflows": {"registers", "handlers", "forms"},
    "web": {"registers", "handlers", "forms", "workflows"},
}


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_knows_only_the_rooms_below_it(room: str) -> None:
    allowed = ROOMS[room] | {room}
    wrong = {
        str(path.relative_to(ROOT)): sorted(_imported(path) & set(ROOMS) - allowed)
        for path in (ROOT / room).rglob("*.py")
        if _imported(path) & set(ROOMS) - allowed
    }
    assert wrong == {}


def test_only_one_module_of_the_engine_knows_spiffworkflow() -> None:
    users = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "SpiffWorkflow" in _imported(path)
    }
    assert users == {"workflows/engine/tree.py"}
