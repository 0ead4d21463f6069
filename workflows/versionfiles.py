"""The files of a version and what each kind of them is: settings, models, forms, letters, by name.

A version is a set of files: `procedure.json` (settings), `.bpmn` models, `.dmn` decision tables, `forms/*.json`, `letters/*` and
`scenarios.json`. Here they are read and told apart, without a database; what makes of them is `compiling`, `versionchecks` and `definitions`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import forms
from forms.definition import FOLDER, FormDefinition
from forms.letters import About, own
from registers.errors import DomainError

SETTINGS = "procedure.json"
PLAIN_FORM = "remark"


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a procedure folder, with the forms its settings name taken from the forms room.

    `shared` names files of other procedures that are called here as well; each version keeps its own copy. A form
    in the folder's own `forms/` takes the place of the installation's form of that name.
    """
    files = {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in {".bpmn", ".dmn", ".json"} and path.is_file()
    }
    if SETTINGS not in files:
        raise DomainError("no_settings", f"文件夹中缺少{SETTINGS}。", f"The folder has no {SETTINGS}.")
    given = json.loads(files[SETTINGS])
    for other, names in given.get("shared", {}).items():
        # A folder that was exported has its own copy; the shipped ones share.
        files |= {name: (folder.parent / other / name).read_bytes() for name in names if name not in files}
    files |= {
        f"letters/{path.name}": path.read_bytes()
        for path in sorted((folder / "letters").glob("*"))
        if path.suffix in {".docx", ".json"}
    }
    for name in given.get("forms", []):
        own = folder / "forms" / f"{name}.json"
        files[f"forms/{name}.json"] = (own if own.is_file() else FOLDER / f"{name}.json").read_bytes()
    return files


def plain_settings(procedure: str, title: str) -> bytes:
    """Settings for a single BPMN file that came without any."""
    return json.dumps({"id": procedure, "title": {"zh": title, "en": title}}, ensure_ascii=False).encode()


def settings(files: dict[str, bytes]) -> dict[str, Any]:
    """What `procedure.json` says; raises DomainError when it is missing or says nothing that can be used."""
    try:
        found = json.loads(files[SETTINGS])
        if not isinstance(found, dict) or "id" not in found or "title" not in found:
            raise ValueError("id and title are needed")
    except KeyError:
        raise DomainError("no_settings", f"缺少{SETTINGS}。", f"{SETTINGS} is missing.", pointer=SETTINGS) from None
    except ValueError as error:
        raise DomainError(
            "settings",
            f"{SETTINGS}不是有效的设置：{error}",
            f"{SETTINGS} is not valid: {error}",
            pointer=SETTINGS,
        ) from error
    return found


def digest(files: dict[str, bytes]) -> str:
    """SHA-256 over names and contents in order of name."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return whole.hexdigest()


def model_files(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files the engine reads."""
    return {name: content for name, content in files.items() if name.endswith((".bpmn", ".dmn"))}


def forms_of(files: dict[str, bytes]) -> dict[str, FormDefinition]:
    """The forms of a version by id, with the plain one every version has."""
    found = {PLAIN_FORM: forms.load(PLAIN_FORM)}
    for name, content in files.items():
        if name.startswith("forms/") and name.endswith(".json"):
            found[name.removeprefix("forms/").removesuffix(".json")] = forms.parse(
                json.loads(content, parse_float=Decimal)
            )
    return found


def as_texts(files: dict[str, bytes]) -> dict[str, str]:
    """Files as JSON can carry them: Word templates in base64, everything else as it is."""
    return {
        name: base64.b64encode(content).decode() if name.endswith(".docx") else content.decode()
        for name, content in files.items()
    }


def from_texts(texts: dict[str, str]) -> dict[str, bytes]:
    """The files again; raises DomainError when a Word template is not in base64."""
    try:
        return {
            name: base64.b64decode(text, validate=True) if name.endswith(".docx") else text.encode()
            for name, text in texts.items()
        }
    except ValueError:
        raise DomainError(
            "base64", "Word模板应以base64编码。", "A Word template is sent in base64.", pointer="files"
        ) from None


def letters_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """The Word templates that a version brings along, by the name of the letter."""
    return {
        name.removeprefix("letters/").removesuffix(".docx"): content
        for name, content in files.items()
        if name.startswith("letters/") and name.endswith(".docx")
    }


def letter_kinds(files: Mapping[str, bytes]) -> dict[str, About]:
    """The kinds of letters that a version brings along; each has its Word template beside it. Raises DomainError."""
    kinds = {
        name.removeprefix("letters/").removesuffix(".json"): content
        for name, content in sorted(files.items())
        if name.startswith("letters/") and name.endswith(".json")
    }
    if not kinds:
        return {}
    procedure = str(settings(dict(files))["id"])
    return {name: own.kind(name, content, procedure) for name, content in kinds.items()}
