"""A table that leaves inputs open is told the rows it lacks; with them, nothing is left open."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows import tables
from workflows.dmn import missing_rules, parse_dmn

CELLS = {
    "string": st.sampled_from(['"a"', '"b"', '"a", "b"', 'not("a")', "-"]),
    "number": st.sampled_from(["< 10", "[10..20]", "]10..20[", "> 20", "15", ">= 10", "-"]),
    "boolean": st.sampled_from(["true", "false", "-"]),
    "date": st.sampled_from(['date("2026-01-01")', '< date("2026-03-01")', "-"]),
}


def _xml(types: list[str], rows: list[list[str]]) -> bytes:
    def cells(row: list[str]) -> str:
        said = "".join(f"<inputEntry><text>{one.replace('<', '&lt;')}</text></inputEntry>" for one in row)
        return f'<rule>{said}<outputEntry><text>"x"</text></outputEntry></rule>'

    columns = "".join(
        f'<input id="i{n}"><inputExpression typeRef="{kind}"><text>v{n}</text></inputExpression></input>'
        for n, kind in enumerate(types)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x"><decision id="t" name="t">'
        f'<decisionTable hitPolicy="FIRST">{columns}<output name="o" typeRef="string"/>{"".join(map(cells, rows))}'
        "</decisionTable></decision></definitions>"
    ).encode()


def _completed(types: list[str], rows: list[list[str]]) -> list[list[str]]:
    """The table with all rows it lacks; each look tells ten at the most, so a large one is looked at several times."""
    while missing := missing_rules(parse_dmn(_xml(types, rows), "t.dmn")[0], 10):
        rows = [*rows, *(gap.cells for gap in missing)]
        left = missing_rules(parse_dmn(_xml(types, rows), "t.dmn")[0], 10)
        assert not {gap.example for gap in missing} & {gap.example for gap in left}, rows
    return rows


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_with_the_missing_rows_added_nothing_is_left_open(data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=2))
    rows = data.draw(st.lists(st.tuples(*(CELLS[kind] for kind in types)).map(list), min_size=1, max_size=4))
    _completed(types, rows)


def test_three_days_can_fall_in_more_ways_than_one_look_tells() -> None:
    days = ['date("2026-01-01")', 'date("2026-01-01")', 'date("2026-01-01")']
    before = ['date("2026-01-01")', '< date("2026-03-01")', '< date("2026-03-01")']
    assert len(_completed(["date", "date", "date"], [days, before])) > 60


def test_a_missing_row_covers_what_no_cell_tells_apart() -> None:
    found = tables.look(_xml(["string", "number"], [['"a"', "-"], ["-", "[10..20]"]]), None, None)
    (table,) = found["decisions"]
    assert table["missing"] == [['not("a")', "< 10"], ['not("a")', "> 20"]]
    assert len(table["gaps"]) == 2
