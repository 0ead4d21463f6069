"""Decision tables: cells, hit policies, requirements, overlaps and gaps."""

import contextlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.dmn import DecisionError, DmnError, gaps, parse_dmn
from workflows.expressions import ExpressionError
from workflows.feel import compile_cell


@pytest.mark.parametrize(
    ("cell", "inside", "outside"),
    [
        ("-", [1, "x", None], []),
        ("", [1, "x", None], []),
        ("5", [5, Decimal("5.0")], [6, "5", None]),
        ('"化工"', ["化工"], ["钢铁", None]),
        ('"化工","钢铁"', ["化工", "钢铁"], ["印染"]),
        ("true", [True], [False, 1, None]),
        ("null", [None], [0, ""]),
        ("< 10", [9], [10, None]),
        (">=10", [10, 11], [9]),
        ("= 3", [3], [4]),
        ("!= 3", [4, None], [3]),
        ("[1..10]", [1, 5, 10], [0, 11, None]),
        ("(1..10]", [2, 10], [1]),
        ("[1..10)", [1, 9], [10]),
        ("]1..10[", [2, 9], [1, 10]),
        ("[1..3],[7..9],20", [2, 8, 20], [5, 21]),
        ("]1..3],(7..9[", [3, 8], [1, 7, 9]),
        ("< 1, > 10", [0, 11], [1, 10]),
        ("not(1,2)", [3, None], [1, 2]),
        ("not([1..5])", [6], [3]),
        ('not("a")', ["b"], ["a"]),
        ('date("2025-01-01")', [date(2025, 1, 1)], [date(2025, 1, 2)]),
        ('[date("2025-01-01")..date("2025-12-31")]', [date(2025, 6, 1)], [date(2026, 1, 1)]),
        ('< date("2025-01-01")', [date(2024, 1, 1)], [date(2025, 1, 1)]),
        ("-5", [-5], [5]),
        ("[-5..-1]", [-3], [0]),
        ('contains(?, "工业")', ["工业园"], ["商业"]),
        ("? > 5 and ? < 8", [6], [5, 8]),
        ('"a,b"', ["a,b"], ["a"]),
        ('"?"', ["?"], ["x"]),
        ("limit", [7], [8]),
        ("<= limit * 2", [14], [15]),
        ("[limit..limit+1]", [7, 8], [9]),
        ('["a","b"]', ["a"], ["c"]),
    ],
)
def test_a_cell_lets_in_what_it_says(cell, inside, outside):
    compiled = compile_cell(cell)
    assert all(compiled.holds(item, {"limit": 7}) for item in inside)
    assert not any(compiled.holds(item, {"limit": 7}) for item in outside)


@pytest.mark.parametrize(
    "cell", ["[1..", "1,,2", "<", "not()", "not(-)", "__import__('os')", "[..5]", "1 for x", "x.__class__", ">= > 1"]
)
def test_a_cell_that_says_nothing_is_refused(cell):
    with pytest.raises(ExpressionError):
        compile_cell(cell)


@given(st.text(alphabet="[]().,<>=!-\"'?0123456789 aTnot_", max_size=25))
def test_any_cell_is_read_or_refused(text):
    with contextlib.suppress(ExpressionError):
        compile_cell(text).holds(5, {"a": 1, "T": "x", "n": None, "o": 2, "t": True})


def table(
    rules: str, *, policy: str = "UNIQUE", inputs: str = "", outputs: str = "", attributes: str = "", more: str = ""
) -> bytes:
    inputs = inputs or '<input id="i1" label="面积"><inputExpression><text>area</text></inputExpression></input>'
    outputs = outputs or '<output id="o1" name="level"/>'
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'<decision id="level" name="分级"><decisionTable id="t" hitPolicy="{policy}" {attributes}>{inputs}{outputs}{rules}'
        f"</decisionTable></decision>{more}</definitions>"
    ).encode()


def rule(cells: str, answer: str, note: str = "") -> str:
    entries = "".join(
        f"<inputEntry><text>{part.strip().replace('<', '&lt;')}</text></inputEntry>" for part in cells.split(";")
    )
    answers = "".join(f"<outputEntry><text>{part.strip()}</text></outputEntry>" for part in answer.split(";"))
    return f"<rule><description>{note}</description>{entries}{answers}</rule>"


THREE = (
    rule("< 100", '"low"', "条例第一条")
    + rule("[100..1000]", '"mid"', "条例第二条")
    + rule("> 1000", '"high"', "条例第三条")
)


def answer(data: bytes, **variables: object) -> object:
    return parse_dmn(data, "t.dmn")[-1].evaluate(variables)


def test_the_answer_names_the_rule_and_what_it_cites():
    found = answer(table(THREE), area=500)
    assert found.outputs == {"level": "mid"}
    assert [(item.index, item.description) for item in found.fired] == [(2, "条例第二条")]


def test_no_matching_rule_gives_null_outputs_or_the_default():
    assert answer(table(rule("1", '"a"')), area=5).outputs == {"level": None}
    outputs = '<output name="level"><defaultOutputEntry><text>"none"</text></defaultOutputEntry></output>'
    assert answer(table(rule("1", '"a"'), outputs=outputs), area=5).outputs == {"level": "none"}


OVERLAPPING = rule("<= 100", '"a"') + rule(">= 100", '"b"') + rule("> 500", '"b"')


def test_a_unique_table_with_an_overlap_is_refused_with_an_example():
    with pytest.raises(DmnError) as caught:
        parse_dmn(table(OVERLAPPING), "t.dmn")
    assert "area = 100" in caught.value.findings[0].en


def test_an_overlap_that_depends_on_variables_is_an_error_when_it_happens():
    data = table(rule("< limit", '"a"') + rule("> 1", '"b"'))
    assert answer(data, area=1, limit=5).outputs == {"level": "a"}
    with pytest.raises(DecisionError, match="1, 2"):
        answer(data, area=2, limit=5)


def test_two_columns_about_the_same_value_are_seen_together():
    column = "<input><inputExpression><text>area</text></inputExpression></input>"
    rules = rule(">= 0; < 10", '"a"') + rule(">= 10; < 20", '"b"')
    assert answer(table(rules, inputs=column * 2), area=10).outputs == {"level": "b"}


VALUES = '<output name="level"><outputValues><text>"b","a"</text></outputValues></output>'


@pytest.mark.parametrize(
    ("policy", "area", "outputs", "fired"),
    [
        ("FIRST", 100, {"level": "a"}, [1]),
        ("PRIORITY", 100, {"level": "b"}, [2]),
        ("ANY", 600, {"level": "b"}, [2, 3]),
        ("RULE ORDER", 100, [{"level": "a"}, {"level": "b"}], [1, 2]),
        ("OUTPUT ORDER", 100, [{"level": "b"}, {"level": "a"}], [2, 1]),
        ("COLLECT", 600, [{"level": "b"}, {"level": "b"}], [2, 3]),
        ("COLLECT", 1, [{"level": "a"}], [1]),
    ],
)
def test_hit_policies(policy, area, outputs, fired):
    found = answer(table(OVERLAPPING, policy=policy, outputs=VALUES), area=area)
    assert found.outputs == outputs
    assert [item.index for item in found.fired] == fired


def test_any_with_different_answers_is_an_error():
    with pytest.raises(DecisionError):
        answer(table(OVERLAPPING, policy="ANY"), area=100)


@pytest.mark.parametrize(
    ("how", "expected"), [("SUM", Decimal("3.5")), ("MIN", 1), ("MAX", Decimal("2.5")), ("COUNT", 2)]
)
def test_collect_adds_up(how, expected):
    rules = rule("> 0", "1") + rule("> 1", "2.5")
    assert answer(table(rules, policy="COLLECT", attributes=f'aggregation="{how}"'), area=5).outputs == {
        "level": expected
    }


def test_collecting_nothing():
    rules = rule("> 10", "1")
    for how, expected in (("SUM", None), ("COUNT", 0)):
        data = table(rules, policy="COLLECT", attributes=f'aggregation="{how}"')
        assert answer(data, area=5).outputs == {"level": expected}


def test_outputs_are_expressions():
    assert answer(table(rule("-", "area * 0.5")), area=3).outputs == {"level": Decimal("1.5")}


def test_required_decisions_are_answered_first_and_cited():
    more = (
        '<decision id="fee" name="fee"><informationRequirement><requiredDecision href="#level"/></informationRequirement>'
        "<decisionTable><input><inputExpression><text>level.level</text></inputExpression></input><output name=\"fee\"/>"
        + rule('"mid"', "100", "收费标准") + "</decisionTable></decision>"
    )  # fmt: skip
    found = answer(table(THREE, more=more), area=500)
    assert found.outputs == {"fee": 100}
    assert [item.decision for item in found.fired] == ["level", "fee"]


REQUIRING = (
    '<decision id="x"><informationRequirement><requiredDecision href="#{}"/></informationRequirement>'
    "<literalExpression><text>1</text></literalExpression></decision>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a/>",
        b"not xml",
        table(THREE, policy="MAYBE"),
        table(rule("1; 2", '"a"')),
        table(rule("__x", '"a"')),
        table(rule("1", "open('x')")),
        table(rule("1", "")),
        table(THREE, attributes='aggregation="SUM"'),
        table(THREE, policy="PRIORITY"),
        table(THREE, outputs='<output name="a"/><output name="a"/>'),
        table("", inputs="<input><inputExpression><text>a b c</text></inputExpression></input>"),
        table(THREE, more='<decision id="x"><invocation/></decision>'),
        table(THREE, more=REQUIRING.format("x")),
        table(THREE, more=REQUIRING.format("y")),
        b'<!DOCTYPE a [<!ENTITY x "y">]>' + table(THREE),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_finding(data):
    with pytest.raises(DmnError) as caught:
        parse_dmn(data, "t.dmn")
    assert all(finding.zh and finding.en and finding.fix_zh and finding.fix_en for finding in caught.value.findings)


def test_gaps_are_found():
    decision = parse_dmn(table(rule("< 100", '"a"') + rule("> 100", '"b"')), "t.dmn")[0]
    assert gaps(decision) == ["area = 100"]
    assert gaps(parse_dmn(table(THREE), "t.dmn")[0]) == []


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans(), st.booleans()), min_size=2, max_size=4)
)
def test_a_unique_table_that_is_accepted_never_has_two_answers(ranges):
    cells = [f"{'[' if a else ']'}{low}..{high}{']' if b else '['}" for low, high, a, b in ranges]
    try:
        decision = parse_dmn(table("".join(rule(cell, "1") for cell in cells)), "t.dmn")[0]
        refused = False
    except DmnError:
        refused = True
    points = [Decimal(number) / 2 for number in range(-10, 11)]
    twice = any(sum(compile_cell(cell).holds(point, {}) for cell in cells) > 1 for point in points)
    assert refused == twice
    if not refused:
        for point in points:
            decision.evaluate({"area": point})
