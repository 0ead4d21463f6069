"""The handbook for each of the three people, read from docs/handbook; pictures in it are made by the tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flask import render_template, send_from_directory
from markupsafe import Markup, escape

from registers.errors import NotFound
from web.i18n import language
from web.pages import blueprint

FOLDER = Path(__file__).parents[2] / "docs" / "handbook"
WHO = ("applicant", "official", "public", "administrator", "designer")


@blueprint.get("/handbook")
@blueprint.get("/handbook/<who>")
def handbook(who: str = "applicant") -> Any:
    """One of the handbooks."""
    path = FOLDER / f"{who}.{language()}.md"
    if who not in WHO or not path.exists():
        raise NotFound()
    return render_template("handbook.html", who=who, everybody=WHO, text=rendered(path.read_text("utf-8")))


@blueprint.get("/handbook/pictures/<name>.png")
def handbook_picture(name: str) -> Any:
    """A picture of the handbook."""
    return send_from_directory(FOLDER / "pictures", f"{name}.png", max_age=3600)


def rendered(text: str) -> Markup:
    """The few marks a handbook needs: headings, lists, pictures, bold words, links within the house."""
    made: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("#"):
            level = len(block) - len(block.lstrip("#"))
            made.append(f"<h{level}>{_inline(block.lstrip('# '))}</h{level}>")
        elif found := re.fullmatch(r"!\[([^\]]*)\]\(pictures/([\w-]+)\.png\)", block.strip()):
            alt, name = escape(found.group(1)), found.group(2)
            made.append(
                f'<figure><img loading="lazy" src="/handbook/pictures/{name}.png" alt="{alt}">'
                f"<figcaption>{alt}</figcaption></figure>"
            )
        elif re.match(r"(\d+\.|-) ", block):
            kind = "ol" if block[0].isdigit() else "ul"
            items = re.split(r"\n(?=(?:\d+\.|-) )", block)
            lines = "".join(f"<li>{_inline(re.sub(r'^([0-9]+[.]|-) ', '', item))}</li>" for item in items)
            made.append(f"<{kind}>{lines}</{kind}>")
        else:
            made.append(f"<p>{_inline(block)}</p>")
    return Markup("\n".join(made))  # noqa: S704 - every part of it was escaped by `_inline`


def _inline(text: str) -> str:
    safe = str(escape(" ".join(text.split("\n"))))
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", safe)
    return re.sub(r"\[([^\]]+)\]\((/[\w/-]*)\)", r'<a href="\2">\1</a>', safe)
