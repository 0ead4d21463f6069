"""Which system user PostgreSQL runs as, and what that user can reach.

PostgreSQL refuses to run as root. Started by root, it runs as a system user of its own; started by
anybody else, as that person. Nothing here changes the rights of a folder that is not ours.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_OWN_USER = "onewindow"


@dataclass(frozen=True)
class RunUser:
    """The user of the server process; `switch` says that root has to become this user first."""

    name: str
    uid: int
    gid: int
    switch: bool


def run_user(folder: Path) -> RunUser:
    """Ourselves, or as root: the owner of an existing data folder, else `onewindow`, `postgres`, `nobody`."""
    if os.geteuid() != 0:
        return RunUser("", os.geteuid(), os.getegid(), switch=False)
    data = folder / "pgdata"
    if data.is_dir() and data.stat().st_uid != 0:
        owner = data.stat()
        return RunUser(f"#{owner.st_uid}", owner.st_uid, owner.st_gid, switch=True)
    if not _known(_OWN_USER) and shutil.which("useradd"):
        subprocess.run(
            [
                "useradd",
                "--system",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/usr/sbin/nologin",
                _OWN_USER,
            ],
            check=False,
            capture_output=True,
        )
    for name in (_OWN_USER, "postgres", "nobody"):
        entry = _known(name)
        if entry:
            return RunUser(name, entry.pw_uid, entry.pw_gid, switch=True)
    return RunUser("#65534", 65534, 65534, switch=True)


def reachable(path: Path, user: RunUser) -> bool:
    """Can the user enter this folder? Parents that do not exist yet count as reachable: they become ours."""
    path = path.absolute()
    resolved = path.resolve()
    return all(_may_enter(parent, user) for parent in (resolved, *resolved.parents) if parent.exists())


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _may_enter(folder: Path, user: RunUser) -> bool:
    about = folder.stat()
    if about.st_uid == user.uid:
        return bool(about.st_mode & 0o100)
    if about.st_gid == user.gid:
        return bool(about.st_mode & 0o010)
    return bool(about.st_mode & 0o001)
