"""Maps of parks and of permitted outlets as drawings made on the server: no tiles, no border of any place, a scale, a table.

Positions are those the permits state, and for parks those their bodies keep; zones are shown as the hull of their
outlets. Distances are true to scale near the middle of the drawing (equirectangular), which is enough for a park.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from web.i18n import gettext

WIDTH, HEIGHT, EDGE = 900.0, 560.0, 40.0
_KM_A_DEGREE = 111.32
_LEAST_KM = 1.0
MOST_NAMED = 12  # more names than this would cover the marks
_LETTER, _LINE = 13.0, 16.0  # how wide a character and how high a line is drawn, about

Point = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """An outlet where it stands."""

    position: Point
    zone: str
    enterprise: str
    outlet: str
    kind: str
    factors: str
    permit_number: str


def places(rows: Iterable[Mapping[str, Any]]) -> list[Place]:
    """One place for each outlet with a position; its pollutants in one line."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["longitude"] is not None:
            found.setdefault((str(row["permit_number"]), str(row["outlet"])), []).append(row)
    return [
        Place(
            (float(own[0]["longitude"]), float(own[0]["latitude"])),
            str(own[0]["zone"] or ""),
            str(own[0]["enterprise"]),
            outlet,
            str(own[0]["kind"] or ""),
            ", ".join(str(row["factor"]) for row in own if row["factor"]),
            number,
        )
        for (number, outlet), own in found.items()
    ]


def drawing(shown: Sequence[Place]) -> Markup:
    """The map of outlets; every mark names itself, and the page lists the same in a table."""
    project, km_wide = _projection([place.position for place in shown])
    parts = []
    for zone in sorted({place.zone for place in shown}):
        own = [project(place.position) for place in shown if place.zone == zone]
        parts.append(_hull(own, zone))
    for place in shown:
        x, y = project(place.position)
        label = f"{place.enterprise} {place.outlet} {place.factors}"
        mark = (
            Markup('<rect class="water" x="{}" y="{}" width="10" height="10"><title>{}</title></rect>').format(
                f"{x - 5:.1f}", f"{y - 5:.1f}", label
            )
            if place.kind == "water"
            else Markup('<circle class="air" cx="{}" cy="{}" r="5.5"><title>{}</title></circle>').format(
                f"{x:.1f}", f"{y:.1f}", label
            )
        )
        parts.append(mark)
    if len({place.enterprise for place in shown}) <= MOST_NAMED:
        # Each unit by name beside the first of its outlets.
        first = {place.enterprise: project(place.position) for place in reversed(shown)}
        parts += _names((point, name) for name, point in first.items())
    return _framed([*parts, _scale(km_wide), _legend()], gettext("排放口分布示意图，内容见下表"))


def park_drawing(parks: Sequence[tuple[Point, str]]) -> Markup:
    """The map of parks: position in degrees and name of each; the page lists the same in a table."""
    project, km_wide = _projection([position for position, _ in parks])
    named = [(project(position), name) for position, name in parks]
    marks = [
        Markup('<path class="park" d="M{} {} l7 7 l-7 7 l-7 -7 z"><title>{}</title></path>').format(
            f"{x:.1f}", f"{y - 7:.1f}", name
        )
        for (x, y), name in named
    ]
    return _framed([*marks, *_names(named), _scale(km_wide)], gettext("园区分布示意图，内容见下表"))


def _framed(parts: Iterable[Markup], label: str) -> Markup:
    return Markup(
        '<svg class="map" viewBox="0 0 {w} {h}" role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">'
        '<rect class="land" width="{w}" height="{h}"/>{parts}</svg>'
    ).format(w=int(WIDTH), h=int(HEIGHT), label=label, parts=Markup("").join(parts))


def _names(named: Iterable[tuple[Point, str]]) -> list[Markup]:
    """A name beside each mark, where it covers least of the marks and names that are there already."""
    named = list(named)
    taken = [_Box(x - 8, x + 8, y) for (x, y), _ in named]
    said = []
    for (x, y), name in named:
        wide = _LETTER * len(name)
        # Beside the mark, or above or below that where the line is taken.
        places = [
            (_Box(left, left + wide, y + lift), anchor, x + aside, y + lift)
            for lift in (0.0, -_LINE, _LINE)
            for left, anchor, aside in ((x + 12, "start", 12), (x - 12 - wide, "end", -12))
        ]
        box, anchor, at_x, at_y = min(places, key=lambda place: place[0].hidden(taken))
        taken.append(box)
        said.append(
            Markup('<text class="unit" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                f"{at_x:.1f}", f"{at_y + 5:.1f}", anchor, name
            )
        )
    return said


@dataclass(frozen=True)
class _Box:
    """What a mark or a line of text covers, at its height."""

    left: float
    right: float
    y: float

    def hidden(self, others: Iterable[_Box]) -> float:
        """How much of it is covered by others or lies outside the drawing, in units of the drawing."""
        outside = max(0.0, -self.left) + max(0.0, self.right - WIDTH)
        return outside + sum(
            max(0.0, min(self.right, one.right) - max(self.left, one.left))
            for one in others
            if abs(one.y - self.y) < _LINE
        )


def _projection(points: Sequence[Point]) -> tuple[Any, float]:
    """From degrees to the drawing, and how many kilometres it is wide."""
    east, north = [point[0] for point in points], [point[1] for point in points]
    middle = ((min(east) + max(east)) / 2, (min(north) + max(north)) / 2)
    shrink = math.cos(math.radians(middle[1]))
    wide = max((max(east) - min(east)) * shrink * _KM_A_DEGREE, _LEAST_KM)
    high = max((max(north) - min(north)) * _KM_A_DEGREE, _LEAST_KM)
    scale = min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high)

    def project(point: Point) -> Point:
        x = WIDTH / 2 + (point[0] - middle[0]) * shrink * _KM_A_DEGREE * scale
        return x, HEIGHT / 2 - (point[1] - middle[1]) * _KM_A_DEGREE * scale

    return project, WIDTH / scale


def _hull(points: Sequence[Point], name: str) -> Markup:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in convex(points))
    x = sum(point[0] for point in points) / len(points)
    y = min(point[1] for point in points) - 14
    return Markup('<polygon class="zone" points="{}"/><text class="zone-name" x="{}" y="{}">{}</text>').format(
        corners, f"{x:.1f}", f"{max(y, 14):.1f}", name
    )


def convex(points: Sequence[Point]) -> list[Point]:
    """The corners of the smallest convex shape around the points."""
    ordered = sorted(set(points))
    if len(ordered) <= 2:
        return ordered

    def half(row: Iterable[Point]) -> list[Point]:
        made: list[Point] = []
        for point in row:
            while len(made) >= 2 and _turn(made[-2], made[-1], point) <= 0:
                made.pop()
            made.append(point)
        return made[:-1]

    return half(ordered) + half(reversed(ordered))


def _turn(one: Point, two: Point, three: Point) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])


def _scale(km_wide: float) -> Markup:
    """A bar of a round length, about a fifth of the width."""
    power = 10 ** math.floor(math.log10(km_wide / 5))
    length = max(step * power for step in (1, 2, 5) if step * power <= km_wide / 5)
    pixels = length / km_wide * WIDTH
    text = f"{length:g} km" if length >= 1 else f"{length * 1000:g} m"
    return Markup('<g class="scale"><path d="M20 {y} v6 h{w} v-6"/><text x="24" y="{t}">{text}</text></g>').format(
        y=int(HEIGHT) - 26, w=f"{pixels:.1f}", t=int(HEIGHT) - 30, text=text
    )


def _legend() -> Markup:
    return Markup(
        '<g class="legend"><circle class="air" cx="{x}" cy="20" r="5.5"/><text x="{t}" y="24">{air}</text>'
        '<rect class="water" x="{r}" y="35" width="10" height="10"/><text x="{t}" y="44">{water}</text></g>'
    ).format(x=int(WIDTH) - 120, r=int(WIDTH) - 125, t=int(WIDTH) - 106, air=gettext("废气"), water=gettext("废水"))
