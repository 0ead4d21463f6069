"""The stored state: exact values, refusal of what is not ours, and the property that storing changes nothing."""

import json
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.drawing import draw, process
from tests.engine.kit import NOON, Run, model, run
from workflows import engine
from workflows.engine.limits import MAX_STATE
from workflows.lint import ERROR, lint
from workflows.values import ValueRefused, normalise, pack, unpack

SIMPLE = "start s\nuser a\nuser b\nend e\ns -> a\na -> b\nb -> e"

KEYS = st.text(max_size=8) | st.sampled_from(["typename", "$", "__class__", "id", "data", ""])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Decimal):
        return str(left) == str(right)
    return bool(left == right)


@given(VALUES)
def test_every_value_comes_back_equal_and_of_the_same_type(value):
    assert same(unpack(json.loads(json.dumps(pack(normalise(value))))), value)


@given(st.dictionaries(KEYS, VALUES, max_size=5), VALUES)
@settings(max_examples=50)
def test_variables_and_submissions_survive_the_state(variables, submission):
    case = run(SIMPLE, variables)
    assert same(case.variables, variables)
    case.do("a", submission)
    assert same(case.variables, {**variables, "a": submission})
    assert case.do("b").outcome.finished


def test_floats_become_decimals_and_tuples_lists():
    assert same(normalise({"x": 0.1, "y": (1, 2)}), {"x": Decimal("0.1"), "y": [1, 2]})


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    "value", [object(), {1: 2}, b"x", {"a": {1, 2}}, NAIVE, 10**400, 1j, float("nan"), Decimal("Infinity")]
)
def test_other_values_are_refused_with_their_path(value):
    with pytest.raises(ValueRefused):
        normalise(value)


def test_a_refused_value_names_where_it_is():
    with pytest.raises(ValueRefused) as caught:
        normalise({"form": {"rows": [1, object()]}})
    assert caught.value.pointer == "form.rows.1"


def test_the_callers_data_are_copied_not_shared():
    mine = {"list": [1]}
    case = run(SIMPLE, mine)
    engine.variables(case.instance)["list"].append(2)
    mine["list"].append(3)
    assert case.variables == {"list": [1]}


def envelope(**changes: Any) -> bytes:
    blob = engine.dump(run(SIMPLE).instance)
    state = json.loads(zlib.decompress(blob[4:]))
    state.update(changes)
    return blob[:4] + zlib.compress(json.dumps(state).encode())


GOOD = engine.dump(run(SIMPLE).instance)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"{}",
        b"OW9\n" + GOOD[4:],
        GOOD[:-5],
        GOOD[:4] + b"\x00" + GOOD[5:],
        envelope(format=2),
        envelope(model="0" * 64),
        envelope(scopes=[{"spec": "process:other", "parent": None, "completed": False, "tokens": []}]),
        envelope(scopes=[{"spec": "process:p", "parent": None, "completed": False, "tokens": [["x"]]}]),
        envelope(visits=5),
        GOOD[:4] + zlib.compress(b" " * (9 * 1024 * 1024)),
        GOOD[:4] + zlib.compress(b"[" * 100_000),
    ],
)
def test_damaged_foreign_or_oversized_states_are_refused(blob):
    with pytest.raises(engine.StateRefused):
        engine.load(model(SIMPLE), blob, lambda *_: None)


def test_the_state_of_another_version_of_the_model_is_refused():
    with pytest.raises(engine.StateRefused, match="another model"):
        engine.load(model(SIMPLE.replace("user b", "user b\nuser c\nb -> c")), GOOD, lambda *_: None)


def test_the_same_files_give_the_same_digest_and_other_files_another():
    assert model(SIMPLE).sha256 == model(SIMPLE).sha256
    assert model(SIMPLE).sha256 != model(SIMPLE + "\nuser c\nb -> c").sha256


def test_a_case_that_grows_too_large_is_refused():
    case = run(SIMPLE)
    engine.set_variables(case.instance, {"file": "x" * MAX_STATE})
    with pytest.raises(engine.EngineLimit, match="limit"):
        engine.dump(case.instance)


def test_the_state_does_not_hold_the_model():
    small = engine.dump(run(SIMPLE).instance)
    lines = [f"user t{k}" for k in range(100)] + [f"t{k} -> t{k + 1}" for k in range(99)]
    large = engine.dump(run("start s\ns -> t0\n" + "\n".join(lines)).instance)
    assert len(large) < len(small) + 100


# -- storing changes nothing -------------------------------------------------------------------------------


@dataclass
class Drawn:
    """A block-structured model under construction."""

    lines: list[str] = field(default_factory=list)
    count: int = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def add(self, line: str) -> None:
        self.lines.append(line)


BLOCKS = st.recursive(
    st.sampled_from(["user", "service", "each", "serial", "sub", "call", "boundary", "beside", "wait", "either"]),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "xor", "or", "loop"]), st.lists(inner, min_size=1, max_size=3))
        | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=7,
)

MULTI = (
    "<bpmn:multiInstanceLoopCharacteristics{flag}><bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>"
    '<bpmn:loopDataOutputRef>out_{name}</bpmn:loopDataOutputRef><bpmn:inputDataItem id="item"/>'
    '<bpmn:outputDataItem id="{name}"/></bpmn:multiInstanceLoopCharacteristics>'
)
MESSAGE = "<bpmn:messageEventDefinition/>"
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"


def build(drawn: Drawn, block: Any, before: str) -> str:
    """Draw a block behind a node; returns its last node."""
    if isinstance(block, list):
        for part in block:
            before = build(drawn, part, before)
        return before
    if isinstance(block, tuple):
        return build_block(drawn, block[0], block[1], before)
    name = drawn.name(block)
    if block == "service":
        drawn.add(f"service {name} any.thing n=round_number -> {name}")
    elif block in ("each", "serial"):
        flag = ' isSequential="true"' if block == "serial" else ""
        drawn.add(f'<bpmn:userTask id="{name}">{MULTI.format(flag=flag, name=name)}</bpmn:userTask>')
    elif block == "sub":
        inner = (
            f'<bpmn:startEvent id="i{name}"/><bpmn:userTask id="t{name}"/><bpmn:sequenceFlow id="f_i{name}" '
            f'sourceRef="i{name}" targetRef="t{name}"/>'
        )
        drawn.add(f'<bpmn:subProcess id="{name}">{inner}{MULTI.format(flag="", name="t" + name)}</bpmn:subProcess>')
    elif block == "call":
        drawn.add(f'<bpmn:callActivity id="{name}" calledElement="called"/>')
    elif block in ("boundary", "beside"):
        flag = ' cancelActivity="false"' if block == "beside" else ""
        drawn.add(f"user {name}")
        drawn.add(f'<bpmn:boundaryEvent id="b{name}" attachedToRef="{name}"{flag}>{TIMER}</bpmn:boundaryEvent>')
        drawn.add(f"user l{name}")
        drawn.add(f"b{name} -> l{name}")
        if block == "boundary":
            merge = drawn.name("m")
            drawn.lines += [f"xor {merge}", f"{before} -> {name}", f"{name} -> {merge}", f"l{name} -> {merge}"]
            return merge
    elif block == "wait":
        drawn.add(f'<bpmn:intermediateCatchEvent id="{name}">{MESSAGE}</bpmn:intermediateCatchEvent>')
    elif block == "either":
        drawn.add(f"event {name}")
        drawn.add(f"{before} -> {name}")
        merge = drawn.name("m")
        drawn.add(f"xor {merge}")
        for definition in (MESSAGE, TIMER):
            event = drawn.name("e")
            drawn.add(f'<bpmn:intermediateCatchEvent id="{event}">{definition}</bpmn:intermediateCatchEvent>')
            drawn.add(f"{name} -> {event}")
            drawn.add(f"{event} -> {merge}")
        return merge
    else:
        drawn.add(f"user {name}")
    drawn.add(f"{before} -> {name}")
    return name


def build_block(drawn: Drawn, kind: str, parts: list[Any], before: str) -> str:
    if kind == "loop":
        first, last = drawn.name("lx"), drawn.name("ly")
        drawn.add(f"xor {first}")
        drawn.add(f"xor {last}")
        drawn.add(f"{before} -> {first}")
        human = drawn.name("user")
        drawn.add(f"user {human}")
        drawn.add(f"{build(drawn, parts, first)} -> {human}")
        drawn.add(f"{human} -> {last}")
        drawn.add(f"{last} -> {first} : {human} == true")
        after = drawn.name("task")
        drawn.add(f"task {after}")
        drawn.add(f"{last} -> {after} *")
        return after
    split, join = drawn.name("g"), drawn.name("j")
    drawn.add(f"{kind} {split}")
    drawn.add(f"{kind} {join}")
    drawn.add(f"{before} -> {split}")
    for place, part in enumerate([*parts, "user"]):
        first = drawn.name("task")
        drawn.add(f"task {first}")
        condition = "" if kind == "and" else " *" if place == len(parts) else f" : choice_{place} == true"
        drawn.add(f"{split} -> {first}{condition}")
        drawn.add(f"{build(drawn, part, first)} -> {join}")
    return join


CALLED = process(
    '<bpmn:startEvent id="cs"/><bpmn:userTask id="ct"/><bpmn:sequenceFlow id="cf" sourceRef="cs" targetRef="ct"/>',
    process_id="called",
)


class Straight(Run):
    """The same case, kept in memory from beginning to end."""

    def reload(self) -> None:
        pass


def step(case: Run, choice: int, answer: Any) -> None:
    item = case.outcome.waiting[choice % len(case.outcome.waiting)]
    place = [other.id for other in case.outcome.waiting if other.element.id == item.element.id].index(item.id)
    if item.kind == "task":
        case.do(item.element.id, answer, place)
    else:
        case.fire(item.element.id, answer, place)


def seen(case: Run) -> Any:
    waiting = [(item.element.id, item.kind, item.due, item.index, item.local) for item in case.outcome.waiting]
    parked = [item.element.id for item in case.outcome.parked]
    return waiting, parked, case.outcome.finished, case.outcome.ended_by, case.route, case.variables, case.outcome.stuck


@given(
    st.lists(BLOCKS, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 50), st.booleans() | st.integers(0, 3)), min_size=60, max_size=60),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
@settings(max_examples=80, deadline=None)
def test_storing_and_loading_between_steps_changes_nothing_and_every_model_ends(blocks, steps, choices):
    drawn = Drawn(["start s"])
    last = build(drawn, blocks, "s")
    drawn.add("end finish")
    drawn.add(f"{last} -> finish")
    text = "\n".join(drawn.lines)
    compiled = model(text, **{"called.bpmn": CALLED})
    variables = {
        "items": [{"typename": "x", "n": 1}, "乙", Decimal("1.50"), date(2026, 1, 1)],
        "round_number": 1,
        **{f"choice_{place}": value for place, value in enumerate(choices)},
    }
    stored, kept = (kind(compiled, variables, lambda *_: {"n": 1}, NOON) for kind in (Run, Straight))
    assert seen(stored) == seen(kept)
    for choice, answer in steps:
        if stored.outcome.finished:
            break
        step(stored, choice, answer)
        step(kept, choice, answer)
        assert seen(stored) == seen(kept)
        assert stored.outcome.stuck == []
    for _ in range(300):
        if stored.outcome.finished:
            break
        step(stored, 0, False)
    assert stored.outcome.finished
    assert not [
        finding for finding in lint({"m.bpmn": _file(text), "c.bpmn": CALLED}, None, "p") if finding.severity == ERROR
    ]


def _file(text: str) -> bytes:
    return process(draw(text))
