"""Server and browser agree on when a question is shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import conditions
from registers.errors import DomainError

HERE = Path(__file__).parent
CASES = json.loads((HERE / "conditions.json").read_text("utf-8"))
SCRIPT = HERE.parents[1] / "web/static_src/lib/conditions.js"

simple = st.builds(
    lambda name, value: {"field": name, "equals": value},
    st.sampled_from("abc"),
    st.sampled_from(["x", "y", True, 2]),
) | st.builds(lambda name, values: {"field": name, "in": values}, st.sampled_from("abc"), st.just(["x", "true"]))
nested = st.recursive(
    simple,
    lambda inner: (
        st.builds(lambda part: {"not": part}, inner)
        | st.builds(
            lambda kind, parts: {kind: parts},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        )
    ),
)
answers = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", "true", "false", "2", ["x", "y"], []]))


@pytest.mark.parametrize("case", CASES, ids=[str(number) for number in range(len(CASES))])
def test_a_condition_holds_as_agreed(case: dict[str, Any]) -> None:
    condition = conditions.parse(case["condition"], "show_if")
    assert conditions.holds(condition, case["answers"].get) is case["holds"]


def in_browser(cases: list[tuple[Any, Any]]) -> list[bool]:
    program = (
        "import { readFileSync } from 'node:fs';"
        f"const {{ holds }} = await import({json.dumps(SCRIPT.as_uri())});"
        "const cases = JSON.parse(readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(cases.map(([c, a]) => holds(c, (name) => a[name]))));"
    )
    command = [shutil.which("node") or "node", "--input-type=module", "-e", program]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_the_browser_agrees_on_every_agreed_case() -> None:
    assert in_browser([(case["condition"], case["answers"]) for case in CASES]) == [case["holds"] for case in CASES]


def test_the_browser_agrees_on_conditions_nobody_thought_of() -> None:
    collected: list[tuple[Any, Any]] = []

    @given(nested, answers)
    def collect(condition: Any, given_answers: Any) -> None:
        collected.append((condition, given_answers))

    collect()
    here = [conditions.holds(conditions.parse(condition, ""), found.get) for condition, found in collected]
    assert in_browser(collected) == here
    assert len(collected) >= 50


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "a == 1",
        {},
        {"field": "a"},
        {"field": "a", "equals": 1, "in": [1]},
        {"all": []},
        {"field": "a", "in": []},
        {"field": "a", "equals": [1]},
        {"eval": "1"},
        {"not": {"field": 3, "equals": 1}},
    ],
)
def test_anything_else_is_no_condition(wrong: Any) -> None:
    with pytest.raises(DomainError, match="show_if"):
        conditions.parse(wrong, "show_if")
