"""The shipped procedures on the real runtime: linted, published, every scenario played with clocks and letters."""

import pytest

from workflows import install, scenarios, versionfiles

FOLDERS = [folder for folder in install.shipped() if (folder / "scenarios.json").is_file()]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_passes_on_the_real_runtime_and_every_flow_is_covered(world, folder):
    report = scenarios.run_files(world.rt, versionfiles.read_folder(folder))
    assert {result.name: result.problems for result in report.results if not result.passed} == {}
    assert report.coverage == 1
