"""A whole case in one file: what was submitted, decided, issued and recorded, with an index of hashes.

The file is a ZIP: `case.json`, `events.jsonl` (one line of the record a line, hashes included),
`letters/`, `files/`, `signatures/` (exactly what was signed) and `index.csv` (path, SHA-256, size). `verify_file` checks it without a database:
the hashes of the index, the chain of the record, the documents behind its signatures; so an archive can prove itself years later.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from registers import files, obligations, parties
from registers.errors import DomainError, NotFound
from workflows import casefile, documents, events, letters, matters, notices, objections, signatures
from workflows.commands import to_json
from workflows.models import Case, Task
from workflows.runtime import Runtime

INDEX = "index.csv"
SIGNATURES = "signatures/"
MOST_BYTES = 2_000_000_000


def write_case(rt: Runtime, conn: Connection, number: str, target: Path) -> dict[str, Any]:
    """Write the case with this number to a file; returns what went in. The caller has the right to see it."""
    case = conn.execute(select(Case.__table__).where(Case.number == number)).mappings().first()
    if case is None:
        raise NotFound("没有这个案件编号。", "There is no case with this number.")
    index: list[tuple[str, str, int]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _contents(rt, conn, dict(case)):
            archive.writestr(name, content)
            index.append((name, hashlib.sha256(content).hexdigest(), len(content)))
        rows = io.StringIO()
        csv.writer(rows).writerows([("path", "sha256", "size"), *index])
        archive.writestr(INDEX, rows.getvalue())
    return {"number": number, "file": str(target), "entries": len(index), "bytes": target.stat().st_size}


def verify_file(path: Path) -> list[events.Fault]:
    """Check an exported case by itself; an empty list means that nothing was altered, dropped or added."""
    faults: list[events.Fault] = []
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_BYTES:
                raise DomainError("export_size", "文件过大。", "The file is too large.")
            names = set(archive.namelist()) - {INDEX}
            listed = {row["path"]: row["sha256"] for row in csv.DictReader(io.StringIO(archive.read(INDEX).decode()))}
            case = json.loads(archive.read("case.json"))
            lines = [json.loads(line) for line in archive.read("events.jsonl").decode().splitlines()]
            number = case["case"]["number"]
            faults += [events.Fault(number, 0, f"{name}: not in the index") for name in sorted(names - set(listed))]
            faults += [events.Fault(number, 0, f"{name}: missing") for name in sorted(set(listed) - names)]
            for name in sorted(names & set(listed)):
                if hashlib.sha256(archive.read(name)).hexdigest() != listed[name]:
                    faults.append(events.Fault(number, 0, f"{name}: altered"))
            faults += _unsigned(archive, number, lines)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DomainError(
            "export_unreadable", f"不是有效的案件导出文件：{error}", f"Not an exported case: {error}", pointer=str(path)
        ) from error
    return faults + list(events.verify_lines(number, [_line(line) for line in lines], case["case"]["event_seq"]))


def _contents(rt: Runtime, conn: Connection, case: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Everything that is known of a case, file by file: the data, the record, letters, attachments."""
    case_id: uuid.UUID = case["id"]
    made = letters.of_case(conn, case_id)
    attached = documents.of_case(conn, case_id)
    today = rt.time.today()
    document = {
        "case": {key: value for key, value in case.items() if key != "state"},
        "enterprise": parties.enterprise(conn, case["enterprise_id"]) if case["enterprise_id"] else None,
        "tasks": [dict(row) for row in conn.execute(select(Task.__table__).where(Task.case_id == case_id)).mappings()],
        "submissions": casefile.submissions(conn, case_id, limit=100_000),
        "matters": [clock.matter for clock in matters.readings(conn, rt.reference.get(conn), case_id, today)],
        "clock_facts": casefile.clock_facts(conn, case_id),
        "notices": notices.of_case(conn, case_id),
        "comments": notices.comments(conn, case_id),
        "letters": made,
        "permits": casefile.permits(conn, case_id),
        "obligations": obligations.of_case(conn, case_id),
        "files": [vars(item) for item in attached],
        "signatures": signatures.of_case(conn, case_id),
        "objections": objections.of_case(conn, case_id),
    }
    yield "case.json", to_json(document).encode()
    lines = events.history(conn, case_id, limit=1_000_000)
    yield "events.jsonl", "".join(to_json(line) + "\n" for line in lines).encode()
    for signature_id, signed in signatures.documents_of(conn, case_id):
        yield f"{SIGNATURES}{signature_id}.json", signed
    for letter in made:
        yield f"letters/{letter['id']}.docx", files.path_of(rt.files_root, letter["sha256"]).read_bytes()
    for item in attached:
        yield f"files/{item.id}-{item.name}", files.path_of(rt.files_root, item.sha256).read_bytes()


def _unsigned(archive: zipfile.ZipFile, number: str, lines: list[dict[str, Any]]) -> Iterator[events.Fault]:
    """Signatures in the record whose document, or a letter they let out, is not there or is another one."""
    for line in lines:
        if line["kind"] == "signed":
            data = line["data"]
            signed = {f"{SIGNATURES}{data['signature']}.json": data["sha256"]}
            signed |= {f"letters/{one['id']}.docx": one["sha256"] for one in data["letters"]}
            for name, sha256 in signed.items():
                kept = archive.read(name) if name in archive.namelist() else b""
                if hashlib.sha256(kept).hexdigest() != sha256:
                    yield events.Fault(number, line["seq"], f"{name}: not what was signed")


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "at": datetime.fromisoformat(line["at"]),
        "prev_hash": bytes.fromhex(line["prev_hash"]),
        "hash": bytes.fromhex(line["hash"]),
    }
