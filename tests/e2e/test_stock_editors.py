"""Files go out of the workbench and into other programs, and come in from them, without anything lost unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from tests.e2e.conftest import Site
from tests.trying.kit import shipped
from workflows import comparing, install, versionfiles

pytestmark = pytest.mark.browser
STOCK = Path(__file__).parents[2] / "node_modules" / "bpmn-js" / "dist" / "bpmn-modeler.production.min.js"
PROCEDURES = sorted(folder.name for folder in install.procedures_folder().iterdir() if folder.is_dir())


@pytest.fixture
def stock(chromium: Browser) -> Any:
    """bpmn-js as it is published, in an empty page, without one module of ours."""
    page = chromium.new_page()
    page.set_content("<div id='canvas'></div>")
    page.add_script_tag(path=str(STOCK))
    yield page
    page.close()


def _through(stock: Page, xml: str) -> Any:
    """What the stock editor says of a file, and the file as it writes it."""
    return stock.evaluate(
        """async (xml) => {
          const modeler = new BpmnJS({ container: "#canvas" });
          const { warnings } = await modeler.importXML(xml);
          const saved = await modeler.saveXML({ format: true });
          modeler.destroy();
          return { warnings: warnings.map((one) => one.message), xml: saved.xml };
        }""",
        xml,
    )


def _parsed(files: dict[str, bytes]) -> set[str]:
    """The processes the engine's own parser finds, checked against the schema of the standard."""
    parser = SpiffBpmnParser(validator=BpmnValidator())
    for name, content in files.items():
        if name.endswith(".bpmn"):
            parser.add_bpmn_str(content)
        elif name.endswith(".dmn"):
            parser.add_dmn_str(content)
    found = set(parser.get_process_ids())
    for process in found:
        parser.get_spec(process)
    return found


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_shipped_models_go_through_the_stock_editor_and_the_stock_parser_unchanged(stock: Page, procedure: str) -> None:
    files = shipped(procedure)
    after = dict(files)
    for name in [one for one in files if one.endswith(".bpmn")]:
        made = _through(stock, files[name].decode())
        assert made["warnings"] == [], name
        after[name] = made["xml"].encode()
    assert comparing.compare(files, after) == []
    assert _parsed(files) == _parsed(after) != set()


VENDOR = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Drawn by the other department. -->
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:vendor="urn:example:vendor" xmlns:v2="urn:example:two"
  id="d" targetNamespace="x" exporter="Other">
  <!-- Who keeps this model: section two. -->
  <bpmn:process id="p" isExecutable="true" vendor:owner="section two">
    <bpmn:startEvent id="begin"/>
    <!-- Asked since the reform of 2024. -->
    <!-- Still true in 2026. -->
    <bpmn:userTask id="ask" name="Ask" vendor:colour="red"><bpmn:extensionElements><!-- inside -->
      <vendor:hint level="2"><vendor:word>Read</vendor:word></vendor:hint>
      <v2:cost>12 &lt; 13</v2:cost></bpmn:extensionElements></bpmn:userTask>
    <bpmn:userTask id="each" name="Each"><bpmn:multiInstanceLoopCharacteristics>
      <bpmn:loopDataInputRef>plan.parts</bpmn:loopDataInputRef><bpmn:inputDataItem id="part" name="part"/>
      </bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
    <bpmn:endEvent id="finish"/>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask"/><bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="each"/>
    <bpmn:sequenceFlow id="f3" sourceRef="each" targetRef="finish"/>
    {odd}
  </bpmn:process>
</bpmn:definitions>
<!-- The end. -->
"""
KEPT = (
    "<!-- Drawn by the other department. -->", "<!-- Who keeps this model: section two. -->", "<!-- Asked since the reform of 2024. -->",
    "<!-- Still true in 2026. -->", "<!-- inside -->", "<!-- The end. -->", 'vendor:owner="section two"', 'vendor:colour="red"',
    '<vendor:hint level="2">', "<vendor:word>Read</vendor:word>", "12 &lt; 13", ">plan.parts<", 'exporter="Other"',
)  # fmt: skip


def _saved(page: Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("[data-save-state]")).to_contain_text("草稿已保存")


def test_a_vendors_file_comes_back_whole_and_what_cannot_be_kept_is_named_before_it_goes(
    served: Site, stock: Page, tmp_path: Path
) -> None:
    api = served.api("sheji")
    title = {"zh": "外来", "en": "Foreign"}
    draft = api.post("/definitions/begin", {"procedure": "foreign", "title": title})["id"]
    designer = served.as_person("sheji")
    page = designer.page

    def take(odd: str) -> None:
        (tmp_path / "foreign.bpmn").write_text(VENDOR.replace("{odd}", odd))
        page.locator("[data-take]").set_input_files(tmp_path / "foreign.bpmn")

    def kept() -> str:
        return str(api.get(f"/definitions/{draft}")["files"]["process.bpmn"])

    designer.open(f"/definitions/{draft}/edit")
    page.wait_for_selector('[data-island="designer"][data-ready]')
    before = kept()
    # A part that has no place in a standard model is named; the draft stays as it is until somebody decides.
    take("<vendor:chart><vendor:bar>7</vendor:bar></vendor:chart>")
    named = page.locator("[data-losses]")
    expect(named).to_contain_text("chart")
    designer.look("desktop-import-losses")
    page.get_by_role("button", name="保存草稿").click()
    assert kept() == before
    named.get_by_role("button", name="不改动文件").click()
    expect(page.locator('[data-element-id="task_apply"]').first).to_be_attached()
    assert kept() == before
    take("<vendor:chart><vendor:bar>7</vendor:bar></vendor:chart>")
    named.get_by_role("button", name="知道了，不保留这些内容").click()
    _saved(page)
    assert "vendor:bar" not in kept()
    # Everything else survives: saved, opened again, changed and saved again.
    take("")
    expect(page.locator('[data-element-id="each"]').first).to_be_attached()
    expect(named).to_be_hidden()
    _saved(page)
    for part in KEPT:
        assert kept().count(part) == 1, part
    designer.open(f"/definitions/{draft}/edit")
    page.wait_for_selector('[data-island="designer"][data-ready]')
    page.get_by_label("选择步骤").select_option("ask")
    page.get_by_label("名称", exact=True).fill("问")
    page.get_by_label("名称", exact=True).press("Tab")
    _saved(page)
    for part in KEPT:
        assert kept().count(part) == 1, part
    made = kept()
    places = [
        made.index(part)
        for part in (KEPT[1], '<bpmn:startEvent id="begin"', KEPT[2], KEPT[3], '<bpmn:userTask id="ask"', KEPT[4])
    ]
    assert places == sorted(places)
    # And so it opens elsewhere, with the list of the repeated step declared as the standard wants it.
    elsewhere = _through(stock, made)
    assert elsewhere["warnings"] == []
    files = versionfiles.from_texts(api.get(f"/definitions/{draft}")["files"])
    assert comparing.compare(files, {**files, "process.bpmn": elsewhere["xml"].encode()}) == []
    assert _parsed({"process.bpmn": made.encode()}) == {"p"}
