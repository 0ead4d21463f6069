"""Word to PDF by LibreOffice, when the machine has it.

Each call gets a profile of its own (two runs on one profile disturb each other), a minute, and its own process group
that is ended when the minute is over. Two at a time: each takes a processor and some 200 MB.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

TIME_LIMIT = 60.0
_AT_ONCE = threading.BoundedSemaphore(2)
_FONTS = Path(__file__).with_name("fonts.conf")


def office() -> str | None:
    """LibreOffice's program, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def to_pdf(docx: bytes) -> bytes | None:
    """The document as PDF; None when LibreOffice is absent, fails or takes longer than a minute."""
    program = office()
    if program is None:
        return None
    with _AT_ONCE, tempfile.TemporaryDirectory(prefix="onewindow-pdf-") as folder:
        place = Path(folder)
        (place / "letter.docx").write_bytes(docx)
        command = [
            *(program, "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nofirststartwizard"),
            *(f"-env:UserInstallation={(place / 'profile').as_uri()}", "--convert-to", "pdf"),
            *("--outdir", str(place), str(place / "letter.docx")),
        ]
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": folder,
            "LC_ALL": "C.UTF-8",
            "FONTCONFIG_FILE": str(_FONTS),
        }
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        made = place / "letter.pdf"
        return made.read_bytes() if made.exists() else None
