"""Built browser files: the hashed names from Vite's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup

MANIFEST = Path(__file__).parent / "static" / "dist" / ".vite" / "manifest.json"
SOURCES = "web/static_src"


def install(app: Flask) -> None:
    """Give templates `scripts(name)` and `styles(name)`."""
    app.jinja_env.globals.update(scripts=scripts, styles=styles)


def scripts(name: str) -> Markup:
    """The script element of an entry."""
    entry = _entry(name)
    return (
        Markup('<script type="module" src="/static/dist/{}"></script>').format(entry["file"]) if entry else Markup("")
    )


def styles(name: str) -> Markup:
    """The style sheet links of an entry."""
    links = [Markup('<link rel="stylesheet" href="/static/dist/{}">').format(file) for file in _sheets(name)]
    return Markup("").join(links)


def _sheets(name: str) -> list[str]:
    """The sheets of an entry and of the parts it shares with others, those first."""
    known, found = _manifest(), list[str]()

    def collect(part: dict[str, Any]) -> None:
        for shared in part.get("imports", ()):
            collect(known[shared])
        found.extend(sheet for sheet in part.get("css", ()) if sheet not in found)

    entry = _entry(name)
    if entry:
        collect(entry)
    return found


def _entry(name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _manifest().get(f"{SOURCES}/{name}.js")
    return found


_cache: dict[str, Any] = {}


def _manifest() -> dict[str, Any]:
    """The manifest, read again when a new build has replaced it."""
    if not MANIFEST.exists():
        return {}
    changed = MANIFEST.stat().st_mtime_ns
    if _cache.get("at") != changed:
        _cache.update(at=changed, content=json.loads(MANIFEST.read_text()))
    content: dict[str, Any] = _cache["content"]
    return content
