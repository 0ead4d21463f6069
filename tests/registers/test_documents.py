"""The documents say what is there: tests, commands, services and rules they name exist, their example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from handlers import registry
from tests.conftest import World
from workflows import scenarios, services

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_the_tests_that_a_readme_names_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for path in re.findall(r"`(tests/[a-z_/]+(?:\.py)?)`", text):
        assert (ROOT / path).exists(), path
    code = "\n".join(path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    for test in re.findall(r"`(test_[a-z_]+)`", text):
        assert f"def {test}(" in code, test


@pytest.mark.parametrize("name", READMES)
def test_the_files_that_a_readme_links_exist(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text("utf-8")):
        assert (ROOT / target).exists(), target


def test_the_modelling_guide_names_every_service_and_rule_with_its_inputs() -> None:
    text = (ROOT / "docs" / "modelling.md").read_text("utf-8")
    for name, info in {**services.info(), **registry.info()}.items():
        line = next((line for line in text.splitlines() if line.startswith(f"| `{name}` |")), None)
        assert line is not None, name
        for given in info.inputs:
            assert re.search(rf"\b{given}\b", line), (name, given)


def test_the_example_of_the_modelling_guide_runs(world: World) -> None:
    text = (ROOT / "docs" / "modelling.md").read_text("utf-8")
    model = re.findall(r"```xml\n(.*?)```", text, re.S)[0]
    settings, played = re.findall(r"```json\n(.*?)```", text, re.S)[:2]
    remark = (ROOT / "forms" / "definitions" / "remark.json").read_bytes()
    files = {
        "process.bpmn": model.encode(),
        "procedure.json": settings.encode(),
        "scenarios.json": played.encode(),
        "forms/remark.json": remark,
    }
    report = scenarios.run_files(world.rt, files)
    assert [result.problems for result in report.results] == [[]]
    assert report.coverage == 1
