"""Deadlocks, lost branches, steps never reached and ways without an end are found; what is sound runs to its end on the engine."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.drawing import draw, process
from workflows import engine, install, soundness, structure, versionfiles
from workflows.findings import Finding

CODES = {"deadlock", "lost_token", "doubled", "never", "no_end", "bound"}


def found(text: str) -> list[Finding]:
    source = structure.read({"p.bpmn": process(draw(text))})
    main = structure.main_process(source)
    assert main is not None
    return soundness.check(source, main)


def codes(text: str) -> set[tuple[str, str | None]]:
    return {(finding.code, finding.element) for finding in found(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A choice that is joined as if both ways were taken.
        ("start s\nxor g\nuser a\nuser b\nand j\nend e\ns -> g\ng -> a : x\ng -> b *\na -> j\nb -> j\nj -> e", ("deadlock", "j")),
        # A branch leaves for the end before the join.
        (
            "start s\nand g\nuser a\nxor q\nuser b\nand j\nend e\nend f\ns -> g\ng -> a\ng -> b\na -> q\nq -> f : a\nq -> j *\nb -> j\nj -> e",
            ("deadlock", "j"),
        ),
        # A parallel split that is joined by a choice: the step after it is done twice.
        ("start s\nand g\nuser a\nuser b\nxor j\nuser c\ns -> g\ng -> a\ng -> b\na -> j\nb -> j\nj -> c", ("doubled", "c")),
        # One branch goes round and arrives at the join again.
        (
            "start s\nand g\nuser a\nand h\nxor m\nuser b\nand j\nend e\ns -> g\ng -> m\ng -> b\nm -> a\na -> h\nh -> j\nh -> m\nb -> j\nj -> e",
            ("lost_token", "j"),
        ),
        # Round and round, with no way to an end.
        ("start s\nuser a\nuser b\nxor q\ns -> a\na -> b\nb -> q\nq -> a : b == 1\nq -> b *", ("no_end", "b")),
        # An inclusive join inside a loop of its own waits for nothing that could come; without an end it is told.
        (
            "start s\nor g\nuser a\nuser b\nor j\nuser c\nxor q\ns -> g\ng -> a : x == 1\ng -> b *\na -> j\nb -> j\nj -> c\n"
            "c -> q\nq -> c : x == 2\nq -> c *",
            ("no_end", "q"),
        ),
    ],
)  # fmt: skip
def test_what_is_unsound_is_named_at_its_element(text: str, expected: tuple[str, str]) -> None:
    assert expected in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "start s\nxor g\nuser a\nuser b\nxor j\nend e\ns -> g\ng -> a : x\ng -> b *\na -> j\nb -> j\nj -> e",
        "start s\nor g\nuser a\nuser b\nor j\nend e\ns -> g\ng -> a : x\ng -> b *\na -> j\nb -> j\nj -> e",
        "start s\nand g\nuser a\nuser b\nend e\nend f\ns -> g\ng -> a\ng -> b\na -> e\nb -> f",
        "start s\nuser a\nxor q\nend e\ns -> a\na -> q\nq -> a : a == 1\nq -> e *",
    ],
)
def test_what_is_sound_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_finding_says_where_what_and_how_it_comes_to_it() -> None:
    (finding,) = found(
        "start s\nxor g\nuser a\nuser b\nand j\nend e\ns -> g\ng -> a : x\ng -> b *\na -> j\nb -> j\nj -> e"
    )
    assert (finding.element, finding.file) == ("j", "p.bpmn")
    assert finding.line is not None
    assert finding.fix_zh and finding.fix_en
    assert "s → g → a" in finding.zh or "s → g → b" in finding.zh


def test_a_search_that_grows_too_large_says_that_it_stopped() -> None:
    many = [f"t{number}" for number in range(14)]
    lines = ["start s", "and g", "and j", "end e", "s -> g", "j -> e", *(f"user {one}" for one in many)]
    lines += [line for one in many for line in (f"g -> {one}", f"{one} -> j")]
    assert [finding.code for finding in found("\n".join(lines))] == ["bound"]


@pytest.mark.parametrize("folder", install.shipped(), ids=lambda folder: folder.name)
def test_the_shipped_models_are_sound_within_the_bound(folder) -> None:
    files = versionfiles.read_folder(folder)
    source = structure.read(versionfiles.model_files(files))
    main = structure.main_process(source, json.loads(files[versionfiles.SETTINGS]).get("process_id"))
    assert main is not None
    assert soundness.check(source, main) == []


@dataclass(frozen=True)
class Block:
    """A task, two parts one after the other, or two parts side by side between a split and a join of some kind."""

    split: str  # task, then, xor, and, or
    join: str
    parts: tuple[Block, ...] = ()


_TASK = Block("task", "task")


def blocks(matched: bool) -> st.SearchStrategy[Block]:
    kinds = st.sampled_from(["xor", "and", "or"])
    return st.recursive(
        st.just(_TASK),
        lambda inner: st.one_of(
            st.builds(lambda a, b: Block("then", "then", (a, b)), inner, inner),
            st.builds(lambda k, j, a, b: Block(k, k if matched else j, (a, b)), kinds, kinds, inner, inner),
        ),
        max_leaves=5,
    )


def written(block: Block) -> str:
    """The model as lines; before each split a task answers which way to go: 0, 1 or 2 (both)."""
    lines, counter = ["start s", "end e"], itertools.count()

    def write(part: Block) -> tuple[str, str]:
        number = next(counter)
        if part.split == "then":
            (first, middle), (then, last) = write(part.parts[0]), write(part.parts[1])
            lines.append(f"{middle} -> {then}")
            return first, last
        lines.append(f"user u{number}")
        if part.split == "task":
            return f"u{number}", f"u{number}"
        lines.extend([f"{part.split} g{number}", f"{part.join} j{number}", f"u{number} -> g{number}"])
        for index, inner in enumerate(part.parts):
            first, last = write(inner)
            condition = {
                "and": "",
                "xor": " : u{n} == 1" if index else " *",
                "or": " : u{n} != 0" if index else " : u{n} != 1",
            }
            lines.append(f"g{number} -> {first}" + condition[part.split].format(n=number))
            lines.append(f"{last} -> j{number}")
        return f"u{number}", f"j{number}"

    first, last = write(block)
    return "\n".join([*lines, f"s -> {first}", f"{last} -> e"])


def runs_to_its_end(text: str, seed: int) -> bool:
    """Answer at random on the real engine."""
    chance = random.Random(seed)
    case = engine.start(engine.compile({"p.bpmn": process(draw(text))}), {}, lambda *_: None)
    outcome = engine.run(case)
    for _ in range(200):
        if not outcome.waiting:
            break
        outcome = engine.complete(case, chance.choice(outcome.waiting).id, chance.randrange(3))
    return outcome.finished and not outcome.stuck


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks(matched=True))
def test_what_is_put_together_from_matching_blocks_is_sound(block: Block) -> None:
    assert {finding.code for finding in found(written(block))} & (CODES - {"bound"}) == set()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks(matched=False), st.integers(0, 1000))
def test_a_model_without_findings_always_comes_to_its_end_on_the_engine(block: Block, seed: int) -> None:
    text = written(block)
    if not {finding.code for finding in found(text)} & CODES:
        assert all(runs_to_its_end(text, seed + more) for more in range(5)), text
