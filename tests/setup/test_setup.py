"""The installing half of `make run` and `make test`: pinned, hashed, naming no address."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def test_every_python_package_is_pinned_with_hashes() -> None:
    for lock in LOCKS:
        entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().replace("\\\n", " "))
        packages = [entry for entry in entries if not entry.startswith("#")]
        assert packages
        assert all("==" in entry and "--hash=sha256:" in entry for entry in packages), lock.name


def test_runtime_and_test_packages_agree_on_versions() -> None:
    def versions(lock: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", lock.read_text(), re.M))

    runtime, dev = versions(ROOT / "requirements/runtime.txt"), versions(ROOT / "requirements/dev.txt")
    assert {name: dev[name] for name in runtime.keys() & dev.keys()} == {
        name: runtime[name] for name in runtime.keys() & dev.keys()
    }


def test_lock_files_name_no_address() -> None:
    for lock in (*LOCKS, ROOT / "package-lock.json"):
        text = lock.read_text()
        assert "--index-url" not in text
        assert '"resolved"' not in text
        assert not re.search(r"@ *(https?|file):", text)


def test_every_browser_package_is_pinned_with_its_checksum() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("integrity" in entry for path, entry in packages.items() if path)
    wanted = json.loads((ROOT / "package.json").read_text())
    assert all(re.fullmatch(r"\d[\w.-]*", v) for v in (wanted["dependencies"] | wanted["devDependencies"]).values())


def test_the_pages_are_built_and_each_island_has_an_entry() -> None:
    manifest = json.loads((ROOT / "web/static/dist/.vite/manifest.json").read_text())
    for source in (ROOT / "web/static_src").glob("*.js"):
        assert (ROOT / "web/static/dist" / manifest[f"web/static_src/{source.name}"]["file"]).exists()


def test_setup_does_nothing_the_second_time() -> None:
    subprocess.run(["make", "setup"], cwd=ROOT, check=True, capture_output=True)
    again = subprocess.run(["make", "setup"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert "Installing" not in again.stdout
    assert "Building" not in again.stdout


@pytest.mark.parametrize(("tool", "word"), [("python3", "Python 3.11"), ("node", "Node.js 20")])
def test_setup_says_plainly_what_is_missing(tmp_path: Path, tool: str, word: str) -> None:
    """A copy of the checkout without its installed parts, on a machine whose tool is too old."""
    copy = tmp_path / "checkout"
    (copy / "web").mkdir(parents=True)
    for part in ("scripts", "requirements", "web/static_src"):
        subprocess.run(["cp", "-r", ROOT / part, copy / part], check=True)
    for part in ("pyproject.toml", "package.json", "package-lock.json", ".npmrc", "vite.config.js"):
        (copy / part).write_bytes((ROOT / part).read_bytes())
    old = tmp_path / "bin"
    old.mkdir()
    pythons = {f"python3{minor}": "exit 1" for minor in ("", ".11", ".12", ".13", ".14")}
    for name, does in {**pythons, "node": "echo v18.1.0"}.items():
        if name.startswith(tool):
            (old / name).write_text(f"#!/bin/sh\n{does}\n")
            (old / name).chmod(0o755)
    if tool == "node":  # Python is fine there: only the browser half is tried
        script = (copy / "scripts/setup.sh").read_text().replace("\ninstall_python_packages\n", "\n")
        (copy / "scripts/setup.sh").write_text(script)
    done = subprocess.run(
        [copy / "scripts/setup.sh"],
        env={"PATH": f"{old}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert word in done.stderr
    assert "Traceback" not in done.stderr
